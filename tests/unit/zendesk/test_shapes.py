"""Answers in the shapes that live accounts were recorded with (values made up): no field of interest is lost.

`shapes.json` has, by the key of the answer, the objects that the mirror reads: keys, nesting and kinds of values as
recorded from 2023 to 2026, audits and metric events included.
"""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from zdsync.detect import TextFilter
from zdsync.streams import Stream
from zdsync.zendesk.convert import BODY_KEYS, rows_of

SHAPES: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("shapes.json").read_text(encoding="utf-8")
)
TOLD_ELSEWHERE = {
    "audits": {"author_id", "events", "metadata", "via"},
    "tickets": {"via", "satisfaction_rating", "fields"},
}
"""What becomes columns of other names."""
ONLY_RAW = frozenset(
    "shared_phone_number shared_agent two_factor_auth_enabled signature moderator only_private_comments restricted_agent "
    "report_csv photo collaborator_ids follower_ids email_cc_ids forum_topic_id sharing_agreement_ids followup_ids "
    "allow_channelback allow_attachments encoded_id raw_name raw_display_name form_type in_all_brands restricted_brand_ids "
    "agent_conditions end_user_conditions has_help_center help_center_state host_mapping logo ticket_form_ids "
    "signature_template raw_agent_label raw_end_user_label raw_description end_user_description "
    "raw_end_user_description agent_description collapsed_for_agents editable_in_portal raw_title_in_portal "
    "required_in_portal title_in_portal visible_in_portal agent_can_edit custom_statuses relationship_target_type "
    "relationship_filter system system_field_options raw_title watchable reply_time_in_seconds status support_type description "
    "raw_agent_description deleted_at regexp_for_validation".split()
)
"""What nobody queries by itself; it stands in `raw`."""


def test_every_kind_that_the_mirror_reads_has_a_shape() -> None:
    """But events of the export, which nobody has recorded; tests of both shapes of an update hold these."""
    assert BODY_KEYS.keys() - SHAPES.keys() == {"ticket_events"}


@pytest.mark.parametrize("key", sorted(SHAPES))
def test_no_field_is_lost(key: str) -> None:
    """Each object is one row; each of its fields is a column with the same value, or known to stand in `raw` alone."""
    found = rows_of({key: deepcopy(SHAPES[key])}, Stream.TICKETS, TextFilter("full"))[BODY_KEYS[key]]
    assert len(found) == len(SHAPES[key])
    for row, told in zip(found, SHAPES[key], strict=True):
        assert row["raw"] == told
        for name, value in told.items():
            if name in TOLD_ELSEWHERE.get(key, ()) or (isinstance(value, dict) and name not in row):
                continue
            if name not in row or name == "custom_field_options":
                assert name in ONLY_RAW | {"url", "custom_field_options"}, (key, name)
            else:
                assert same(row[name], value), (key, name, row[name], value)


def same(kept: Any, told: Any) -> bool:
    if isinstance(kept, datetime):
        return kept == datetime.fromisoformat(told)
    return bool(kept == told) or (isinstance(kept, int) and str(kept) == told)


def test_what_has_columns_of_other_names_is_there() -> None:
    """Channels, ratings, minutes, choices, updates with their comments: each from its place in the object."""
    bodies = deepcopy(SHAPES)
    rows = rows_of(dict(bodies), Stream.TICKETS, TextFilter("full"))
    ticket = rows["tickets"][0]
    names = ("via_channel", "via_source_rel", "satisfaction_score")
    assert [ticket[name] for name in names] == ["email", "follow_up", "good"]
    assert [field["value"] for field in ticket["custom_fields"]] == ["made_up", None, ["a", "b"], True]
    scrubbed = next(row for row in rows["tickets"] if row["status"] == "deleted")
    assert (scrubbed["subject"], scrubbed["generated_timestamp"] is None) == ("SCRUBBED", False)
    for row, told in zip(rows["ticket_metrics"], SHAPES["metric_sets"], strict=True):
        for name in ("reply_time", "full_resolution_time", "on_hold_time"):
            figures = told[f"{name}_in_minutes"]
            kept = {kind: row[f"{name}_in_minutes_{kind}"] for kind in ("calendar", "business")}
            assert kept == {kind: figures[kind] for kind in kept}
    options = [one for row in SHAPES["ticket_fields"] for one in row.get("custom_field_options") or ()]
    assert len(rows["ticket_field_options"]) == len(options)
    (update,) = rows["ticket_events"]
    (told,) = SHAPES["audits"]
    said = [event for event in told["events"] if event["type"] == "Comment"]
    assert update["updater_id"] == told["author_id"]
    assert update["via_channel"] == told["via"]["channel"]
    assert [row["body"] for row in rows["ticket_comments"]] == [event["body"] for event in said]
    assert [row["attachments"] for row in rows["ticket_comments"]] == [event["attachments"] for event in said]
    fields = [event["field_name"] for event in told["events"] if event["type"] in {"Create", "Change"}]
    assert [change["field"] for change in update["changes"]] == fields
    assert rows["ticket_metric_events"][0]["metric"]
