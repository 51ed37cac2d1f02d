"""Payloads become rows with exactly the mirror's columns; texts are masked everywhere, oddities are survived."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.unit.zendesk.support import STAMP, ticket
from zdsync.detect import TextFilter
from zdsync.errors import Unavailable, Unreachable
from zdsync.model import Event, FieldChange
from zdsync.streams import Stream
from zdsync.zendesk.client import has_huge_number, parse_body
from zdsync.zendesk.convert import events_in, rows_of
from zdsync.zendesk.events import event

MASKED, FULL, NONE = TextFilter("masked"), TextFilter("full"), TextFilter("none")
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
CARD = "4111 1111 1111 1111"

TICKET_COLUMNS = set(
    "id url external_id created_at updated_at generated_timestamp type subject raw_subject description priority "
    "status recipient requester_id submitter_id assignee_id organization_id group_id brand_id ticket_form_id "
    "custom_status_id problem_id has_incidents is_public due_at via_channel via_source_rel satisfaction_score "
    "from_messaging_channel tags custom_fields raw".split()
)


def _ticket_row(text_filter: TextFilter = MASKED, **fields: Any) -> dict[str, Any]:
    (row,) = rows_of({"tickets": [ticket(**fields)]}, Stream.TICKETS, text_filter)["tickets"]
    return row


def test_ticket_row_has_the_columns_of_the_mirror() -> None:
    """Types are those of the columns; unknown fields stay in `raw`."""
    row = _ticket_row(group_id=7, due_at="2026-12-01T12:00:00+02:00", new_field={"x": 1})
    assert set(row) == TICKET_COLUMNS
    assert row["updated_at"] == AT
    assert row["due_at"] == datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert (row["group_id"], row["via_channel"], row["satisfaction_score"]) == (7, "email", "unoffered")
    assert row["raw"]["new_field"] == {"x": 1}


@pytest.mark.parametrize("lacking", ["id", "updated_at"])
def test_ticket_without_id_or_version_is_refused(lacking: str) -> None:
    """A row that could not be stored or ordered stops the page, naming what is missing."""
    with pytest.raises(Unavailable, match=lacking):
        rows_of({"tickets": [ticket() | {lacking: None}]}, Stream.TICKETS, MASKED)


def test_null_objects_are_survived() -> None:
    """Fields that are null, of another type, or of the deleted kind leave empty columns, no error."""
    row = _ticket_row(
        via=None, satisfaction_rating=None, tags=None, custom_fields=None, group_id="x", due_at="soon"
    )
    assert (row["via_channel"], row["satisfaction_score"], row["tags"], row["custom_fields"]) == (
        None,
        None,
        [],
        [],
    )
    assert (row["group_id"], row["due_at"]) == (None, None)


def test_huge_integers_leave_the_column_empty() -> None:
    """What 64 bits cannot hold is kept in `raw` only."""
    row = _ticket_row(problem_id=2**70)
    assert row["problem_id"] is None
    assert row["raw"]["problem_id"] == 2**70


def test_texts_are_masked_in_columns_and_raw() -> None:
    """Nothing that a detector finds in a ticket's text is left anywhere in its row."""
    row = _ticket_row(
        subject=f"Card {CARD}",
        raw_subject=f"Card {CARD}",
        description="write to ann@example.com",
        satisfaction_rating={"score": "bad", "comment": "call ann@example.com"},
        custom_fields=[{"id": 1, "value": f"paid with {CARD}"}],
        fields=[{"id": 1, "value": f"paid with {CARD}"}],
    )
    assert "4111" not in str(row)
    assert "ann@example.com" not in str(row)


def test_findings_tell_where_without_the_text() -> None:
    """Hits in one ticket add up by detector, under comment 0; the subject's second spelling counts once."""
    body = {"tickets": [ticket(subject=CARD, raw_subject=CARD, description=f"again {CARD}", is_public=False)]}
    (found,) = rows_of(body, Stream.TICKETS, MASKED)["text_findings"]
    assert found == {
        "ticket_id": 1,
        "comment_id": 0,
        "detector": found["detector"],
        "version": MASKED.version,
        "is_public": False,
        "count": 2,
    }


@pytest.mark.parametrize("value", ["gold_plan", "2026-11-20", "42", True, None, ["a_tag", "b_tag"], 17])
@pytest.mark.parametrize("text_filter", [MASKED, FULL, NONE])
def test_choices_dates_and_numbers_survive_any_filter(text_filter: TextFilter, value: object) -> None:
    """Rules read drop-downs, dates and numbers: these are kept even when no text is."""
    row = _ticket_row(text_filter, custom_fields=[{"id": 1, "value": value}])
    assert row["custom_fields"] == [{"id": 1, "value": value}]


def test_free_text_fields_are_emptied_when_no_text_is_kept() -> None:
    """With bodies `none` a sentence in a custom field goes the way of the description."""
    row = _ticket_row(NONE, custom_fields=[{"id": 1, "value": "My aunt lives here"}])
    assert row["custom_fields"] == [{"id": 1, "value": ""}]
    assert row["description"] == ""


def test_metric_sets_come_beside_or_inside_the_tickets() -> None:
    """Both shapes fill `ticket_metrics`; minutes become two columns; a deleted ticket has none."""
    metric = {"id": 5, "ticket_id": 1, "replies": 2, "reply_time_in_minutes": {"calendar": 9, "business": 4}}
    inside = rows_of(
        {"tickets": [ticket(metric_set=dict(metric)), ticket(2, metric_set=None)]}, Stream.TICKETS, FULL
    )
    beside = rows_of({"tickets": [], "metric_sets": [dict(metric)]}, Stream.TICKETS, FULL)
    (row,) = inside["ticket_metrics"]
    assert beside["ticket_metrics"] == [row]
    assert (row["reply_time_in_minutes_calendar"], row["reply_time_in_minutes_business"]) == (9, 4)
    assert row["on_hold_time_in_minutes_calendar"] is None
    assert "metric_set" not in inside["tickets"][0]["raw"]


def test_repeated_rows_are_kept_once_as_they_came_last() -> None:
    """An object that comes twice in an answer makes one row."""
    rows = rows_of({"tickets": [ticket(1), ticket(1, subject="Later")]}, Stream.TICKETS, FULL)
    assert [row["subject"] for row in rows["tickets"]] == ["Later"]


def test_options_belong_to_their_field() -> None:
    """Each choice of a drop-down becomes a row, in its order."""
    options = [
        {"id": 31, "name": "Gold", "value": "gold"},
        {"id": 32, "name": "Tin", "value": "tin", "position": 9},
    ]
    field = {"id": 3, "title": "Plan", "type": "tagger", "custom_field_options": options}
    rows = rows_of({"ticket_fields": [field]}, Stream.TICKET_FIELDS, FULL)
    found = [(row["ticket_field_id"], row["value"], row["position"]) for row in rows["ticket_field_options"]]
    assert found == [(3, "gold", 0), (3, "tin", 9)]


RULE_VIA = {"channel": "rule", "source": {"from": {"id": 5, "title": "T"}, "rel": "trigger"}}
AUDIT: dict[str, Any] = {
    "id": 100,
    "ticket_id": 1,
    "created_at": STAMP,
    "author_id": 9,
    "metadata": {"custom": {"zdsync": "run/1"}, "system": {}},
    "via": {"channel": "api", "source": {"rel": None}},
    "events": [
        {"id": 101, "type": "Comment", "body": "Hello", "html_body": "<p>Hello</p>", "plain_body": "Hello",
         "public": False, "author_id": 9, "attachments": [{"id": 1}], "audit_id": 100},
        {"id": 102, "type": "Change", "field_name": "group_id", "value": "7", "previous_value": "6"},
        {"id": 103, "type": "Change", "field_name": "tags", "value": ["a", "c"], "previous_value": ["a", "b"]},
        {"id": 104, "type": "Change", "field_name": "4711", "value": "gold", "previous_value": None},
        {"id": 105, "type": "Change", "field_name": "priority", "value": "high", "previous_value": None, "via": RULE_VIA},
        {"id": 106, "type": "Notification", "subject": "Re: it", "body": f"your card {CARD}", "recipients": [9]},
    ],
}  # fmt: skip
EXPORTED: dict[str, Any] = {
    "id": 100,
    "ticket_id": 1,
    "created_at": STAMP,
    "timestamp": int(AT.timestamp()),
    "updater_id": 9,
    "metadata": {"zdsync": "run/1"},
    "via": "Web service",
    "event_type": "Audit",
    "child_events": [
        {"id": 101, "event_type": "Comment", "body": "Hello", "html_body": "<p>Hello</p>", "plain_body": "Hello",
         "public": False, "author_id": 9, "attachments": [{"id": 1}], "audit_id": 100, "created_at": STAMP,
         "via": {"channel": "api", "source": {}}, "via_reference_id": None, "type": "Comment"},
        {"id": 102, "via": "Web service", "via_reference_id": None, "event_type": "Change", "group_id": 7,
         "previous_value": 6},
        {"id": 103, "via": "Web service", "via_reference_id": None, "event_type": "Change", "added_tags": ["c"],
         "removed_tags": ["b"]},
        {"id": 104, "via": "Web service", "via_reference_id": None, "event_type": "Change",
         "custom_ticket_fields": {"4711": "gold"}, "previous_value": None},
        {"id": 105, "via": "Rule", "via_reference_id": 5, "event_type": "Change", "priority": "high",
         "previous_value": None},
    ],
}  # fmt: skip


def _exported(**fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    rows = rows_of({"ticket_events": [deepcopy(EXPORTED) | fields]}, Stream.EVENTS, MASKED)
    return rows["ticket_events"][0], rows["ticket_comments"], rows.get("text_findings", [])


def test_both_shapes_of_an_update_are_one_event() -> None:
    """An audit and the export's row of the same update become the same value."""
    row, comments, _ = _exported()
    (from_audit,) = events_in(rows_of({"audits": [deepcopy(AUDIT)]}, Stream.EVENTS, MASKED))
    assert event(row, comments) == from_audit
    assert from_audit == Event(
        id=from_audit.id,
        ticket_id=from_audit.ticket_id,
        created_at=AT,
        author_id=from_audit.author_id,
        channel="api",
        key="run/1",
        changes=(
            FieldChange("group_id", 7, 6),
            FieldChange("tags", ("c",), ("b",)),
            FieldChange("4711", "gold", None),
        ),
        comments=from_audit.comments,
        rule_changes=(FieldChange("priority", "high", None),),
    )
    assert (from_audit.comments[0].body, from_audit.comments[0].attachments) == ("Hello", 1)


def test_event_rows_have_the_columns_of_the_mirror() -> None:
    """Events and comments carry exactly the mirror's columns."""
    row, (comment,), _ = _exported()
    assert set(row) == set(
        "id ticket_id created_at timestamp updater_id via_channel via_rel zdsync_key is_create changes raw".split()
    )
    assert set(comment) == set(
        "id ticket_id audit_id created_at author_id public body html_body plain_body attachments via_channel raw".split()
    )
    by_rule = {"rel": "rule", "rule_id": 5}
    assert row["changes"][-1] == {"field": "priority", "value": "high", "previous": None, **by_rule}


def test_ticket_type_is_a_field_like_others() -> None:
    """In the export a child's `type` is the ticket's, unless it merely repeats the kind of event."""
    child = {
        "id": 1,
        "event_type": "Change",
        "via": "Web form",
        "type": "incident",
        "previous_value": "question",
    }
    assert _exported(child_events=[child])[0]["changes"] == [
        {"field": "type", "value": "incident", "previous": "question", "rel": None}
    ]
    assert _exported(child_events=[child | {"type": "Change"}])[0]["changes"] == []


def test_created_ticket_is_told_by_its_create_children() -> None:
    """`is_create` holds for the update that opened the ticket only."""
    child = {"id": 1, "event_type": "Create", "via": "Web form", "via_reference_id": None, "status": "new"}
    assert _exported(child_events=[child])[0]["is_create"] is True
    assert _exported()[0]["is_create"] is False


def test_comments_are_masked_and_counted_once() -> None:
    """The three forms of a comment are masked; its hits count once, under the comment's id."""
    text = {"body": CARD, "html_body": f"<p>{CARD}</p>", "plain_body": CARD}
    child = {"id": 101, "event_type": "Comment", "public": True, "author_id": 9, **text}
    row, comments, findings = _exported(child_events=[child])
    assert "4111" not in str((row, comments))
    assert [(found["comment_id"], found["count"], found["is_public"]) for found in findings] == [
        (101, 1, True)
    ]


def test_changed_subjects_and_notifications_are_masked() -> None:
    """Text that an update merely repeats is masked as well, in both shapes."""
    audit = deepcopy(AUDIT)
    audit["events"] += [
        {"id": 107, "type": "Change", "field_name": "subject", "value": CARD, "previous_value": CARD}
    ]
    assert "4111" not in str(rows_of({"audits": [audit]}, Stream.EVENTS, MASKED))
    row, _, _ = _exported(
        child_events=[{"id": 1, "event_type": "Change", "subject": CARD, "previous_value": CARD}]
    )
    assert "4111" not in str(row)


def test_comment_without_its_text_is_no_comment_row() -> None:
    """Without the sideload the export only says that there was a comment."""
    child = {"id": 1, "event_type": "Comment", "comment_present": True, "comment_public": True}
    assert _exported(child_events=[child])[1] == []


def _answered(body: bytes, content_type: str = "application/json", method: str = "GET") -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response._content = body
    response.url = "https://acme.zendesk.com/api/v2/x.json"
    response.headers["Content-Type"] = content_type
    response.request = requests.Request(method, response.url).prepare()
    return response


@pytest.mark.parametrize(
    ("body", "value", "is_clean"),
    [
        (b'{"a": "x"}', "x", True),
        (rb'{"a": "x\u0000y"}', "x\x00y", False),
        (rb'{"a": "\ud83d\ude00"}', "😀", True),
        (rb'{"a": "\ud800x"}', "\ud800x", False),
        (b'{"a": 123456789012345678901234567890}', 123456789012345678901234567890, True),
        (b'{"a": [-12345678901234567890123]}', [-12345678901234567890123], True),
        (b'{"a": "order 12345678901234567890"}', "order 12345678901234567890", True),
        (b'{"a": "DE12345678901234567890"}', "DE12345678901234567890", True),
        (b'{"a": "\xff"}', "\ufffd", True),
    ],
)
def test_odd_json_is_read(body: bytes, value: object, is_clean: bool) -> None:
    """Lone surrogates, NULs, broken bytes and numbers beyond 64 bits are read without loss of the rest."""
    assert parse_body(_answered(body)) == ({"a": value}, is_clean)


def test_unstorable_characters_are_replaced_everywhere() -> None:
    """What PostgreSQL refuses becomes U+FFFD in columns and in `raw`, keys included."""
    body = {"tickets": [ticket(subject="a\x00b", odd={"k\ud800": ["\x00"]})]}
    (row,) = rows_of(body, Stream.TICKETS, FULL, is_clean=False)["tickets"]
    assert row["subject"] == "a\ufffdb"
    assert row["raw"]["odd"] == {"k\ufffd": ["\ufffd"]}


@pytest.mark.parametrize(
    ("body", "kind", "method", "expected"),
    [
        (b"<html>", "text/html", "GET", Unavailable),
        (b"<html>", "text/html", "PUT", Unreachable),
        (b'{"a": ', "application/json", "GET", Unreachable),
        (b"[]", "application/json", "GET", Unreachable),
    ],
)
def test_answers_that_are_no_object_are_errors(
    body: bytes, kind: str, method: str, expected: type[Exception]
) -> None:
    """A page for people, or JSON cut short, is trouble on the way; after a write the outcome is unknown."""
    with pytest.raises(expected):
        parse_body(_answered(body, kind, method))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"a": 9223372036854775807}', False),
        (b'{"a": 18446744073709551616}', True),
        (b'{"a":-98765432109876543210}', True),
        (b"[1,98765432109876543210]", True),
        (b'{"a": "98765432109876543210"}', False),
        (b'{"a": "DE893704004405320130001234567890", "b": 1}', False),
        (b'{"a": "x98765432109876543210", "b": 98765432109876543210}', True),
        (b'{"a": 0.00000000000000000000001}', False),
        (b"98765432109876543210", False),
        (b"", False),
    ],
)
def test_numbers_too_large_for_the_quick_parser(content: bytes, found: bool) -> None:
    """Found where JSON may have a number; digits within a word are no matter."""
    assert has_huge_number(content) is found


SENDER = {"address": "ann@example.com", "name": "Ann", "phone": "+44 20 7946 0958"}


def _via(**ends: Any) -> dict[str, Any]:
    return {"channel": "email", "source": {"rel": None, **ends}}


def test_senders_are_masked_and_no_finding() -> None:
    """A mail's addresses and a call's numbers, of tickets, updates and comments; ids and the machinery stay."""
    via = _via(
        **{"from": {**SENDER, "ticket_id": 9, "original_recipients": ["ben@example.com"]}, "to": SENDER}
    )
    rows = rows_of({"tickets": [ticket(via=via)]}, Stream.TICKETS, MASKED)
    masked = {"address": "[email]", "name": "Ann", "phone": "[phone]"}
    recipients = {"ticket_id": 9, "original_recipients": ["[email]"]}
    assert rows["tickets"][0]["raw"]["via"]["source"] == {
        "rel": None,
        "from": masked | recipients,
        "to": masked,
    }
    assert "text_findings" not in rows
    audit = deepcopy(AUDIT) | {"via": _via(**{"from": SENDER})}
    audit["events"][0]["via"] = _via(to=SENDER)
    audit["events"][5]["via"] = _via(to=SENDER)
    assert not _marked(rows_of({"audits": [audit]}, Stream.EVENTS, MASKED))


def _marked(rows: Any) -> list[str]:
    return [word for word in (*SENDER.values(), CARD) if word != "Ann" and word in str(rows)]


def test_nothing_personal_hides_in_the_corners_of_an_update() -> None:
    """Names of files and the addresses that repeat them, data of calls, copied addresses, and what apps noted."""
    name = "scan of ann@example.com.pdf"
    file = {
        "id": 1,
        "file_name": name,
        "content_url": f"https://x/?name={name}",
        "thumbnails": [{"file_name": name}],
    }
    plain = {"id": 2, "file_name": "photo.png", "content_url": "https://x/?name=photo.png"}
    audit = deepcopy(AUDIT) | {
        "metadata": {"custom": {"zdsync": "run/2026-11-20/00441234567", "app": dict(SENDER)}}
    }
    audit["events"][0] |= {"attachments": [dict(file), "odd", plain], "data": {**SENDER, "recording": 5}}
    audit["events"] += [
        {"id": 107, "type": "VoiceComment", "data": dict(SENDER), "formatted_from": SENDER["phone"]},
        {"id": 108, "type": "EmailCcChange", "current_email_ccs": ["ann@example.com"], "at": "2026-11-20"},
        {"id": 109, "type": "ChatEndedEvent", "value": {"history": [{"message": f"card {CARD}"}]}},
        {"id": 110, "type": "Notification", "attachments": [dict(file)], "recipients": [9]},
    ]
    rows = rows_of({"audits": [audit]}, Stream.EVENTS, MASKED)
    assert not _marked(rows)
    assert rows["ticket_events"][0]["zdsync_key"] == "run/2026-11-20/00441234567"
    first, _, last = rows["ticket_comments"][0]["attachments"]
    assert first["file_name"] == "scan of [email]"
    assert (first["content_url"], last) == (None, plain)


def test_without_texts_nothing_anybody_wrote_is_left() -> None:
    """With bodies `none` not even the name of a file or a sender; kinds, ids and times stay."""
    said = "Dear Aunt, all of this is private"
    audit = deepcopy(AUDIT) | {"via": _via(**{"from": {"name": said}})}
    audit["events"][0] |= dict.fromkeys(("body", "html_body", "plain_body"), said)
    audit["events"][0]["attachments"] = [{"id": 1, "file_name": said}]
    audit["events"].append(
        {"id": 107, "type": "External", "body": said, "resource": said, "created_at": STAMP}
    )
    rows = rows_of({"audits": [audit]}, Stream.EVENTS, NONE)
    assert said not in str(rows)
    assert rows["ticket_events"][0]["raw"]["events"][-1]["created_at"] == STAMP


def test_a_scrubbed_ticket_is_told_as_such_whatever_is_kept_of_texts() -> None:
    """The mirror erases the ticket's history by it."""
    scrubbed = ticket(status="deleted", subject="SCRUBBED", raw_subject="SCRUBBED", description="X")
    (row,) = rows_of({"tickets": [scrubbed]}, Stream.TICKETS, NONE)["tickets"]
    assert row["subject"] == "SCRUBBED"
