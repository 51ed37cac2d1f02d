"""Answers have the keys that recorded bodies of a real account have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api

TICKET = set(
    "url id external_id via created_at updated_at type subject raw_subject description priority status "
    "recipient requester_id submitter_id assignee_id organization_id group_id collaborator_ids follower_ids "
    "email_cc_ids forum_topic_id problem_id has_incidents is_public due_at tags custom_fields "
    "satisfaction_rating sharing_agreement_ids custom_status_id fields followup_ids ticket_form_id brand_id "
    "allow_channelback allow_attachments from_messaging_channel encoded_id support_type".split()
)
USER = set(
    "id url name email created_at updated_at time_zone iana_time_zone phone shared_phone_number photo "
    "locale_id locale organization_id role verified external_id tags alias active shared shared_agent "
    "last_login_at two_factor_auth_enabled signature details notes role_type custom_role_id moderator "
    "ticket_restriction only_private_comments restricted_agent suspended default_group_id report_csv "
    "user_fields".split()
)
KEYS: dict[str, set[str]] = {
    "groups": set("url id is_public name description default deleted created_at updated_at".split()),
    "group_memberships": set("url id user_id group_id default created_at updated_at".split()),
    "views": set(
        "url id title active updated_at created_at default position description execution conditions "
        "restriction raw_title".split()
    ),
    "custom_statuses": set(
        "url id status_category agent_label raw_agent_label end_user_label raw_end_user_label description "
        "raw_description end_user_description raw_end_user_description active default created_at "
        "updated_at".split()
    ),
    "brands": set(
        "url id name brand_url subdomain host_mapping has_help_center help_center_state active default "
        "is_deleted logo ticket_form_ids signature_template created_at updated_at".split()
    ),
    "ticket_forms": set(
        "url id name raw_name display_name raw_display_name form_type end_user_visible position active "
        "default in_all_brands restricted_brand_ids ticket_field_ids agent_conditions end_user_conditions "
        "deleted_at created_at updated_at".split()
    ),
    "triggers": set(
        "url id title active updated_at created_at default actions conditions description position "
        "raw_title category_id".split()
    ),
    "macros": set(
        "url id title active updated_at created_at default position description actions restriction "
        "raw_title".split()
    ),
    "satisfaction_ratings": set(
        "url id assignee_id group_id requester_id ticket_id score created_at updated_at comment reason "
        "reason_id".split()
    ),
    "ticket_fields": set(
        "url id type title raw_title description raw_description position active required "
        "collapsed_for_agents regexp_for_validation title_in_portal raw_title_in_portal visible_in_portal "
        "editable_in_portal required_in_portal tag created_at updated_at removable key "
        "agent_description".split()
    ),
}


def test_ticket_keys(large: Api) -> None:
    """Show and export agree but for `generated_timestamp`."""
    row = large.get("incremental/tickets/cursor?start_time=0&per_page=1")["tickets"][0]
    assert set(row) == TICKET | {"generated_timestamp"}
    assert set(large.get(f"tickets/{row['id']}")["ticket"]) == TICKET


def test_user_and_organization_keys(large: Api) -> None:
    """Lists and exports agree."""
    assert set(large.get("incremental/users/cursor?start_time=0&per_page=1")["users"][0]) == USER
    assert set(large.get("users?per_page=1")["users"][0]) == USER
    keys = set(
        "url id name shared_tickets shared_comments external_id created_at updated_at domain_names details "
        "notes group_id tags organization_fields".split()
    )
    assert keys <= set(large.get("organizations?per_page=1")["organizations"][0])


@pytest.mark.parametrize("name", sorted(KEYS))
def test_configuration_keys(large: Api, name: str) -> None:
    """No recorded key is missing."""
    rows: list[dict[str, Any]] = large.get(name)[name]
    for row in rows:
        assert KEYS[name] <= set(row)


def test_audit_keys(large: Api) -> None:
    """Audits and their events."""
    ticket = large.first(lambda t: len(t.audits) > 3)
    for audit in large.get(f"tickets/{ticket.id}/audits")["audits"]:
        assert set(audit) == set("id ticket_id created_at author_id metadata events via".split())
        for event in audit["events"]:
            if event["type"] == "Change":
                assert {"id", "value", "field_name", "previous_value"} <= set(event)
            elif event["type"] == "Create":
                assert set(event) == {"id", "type", "value", "field_name"}
            elif event["type"] == "Comment":
                assert set(event) == set(
                    "id type author_id body html_body plain_body public attachments audit_id".split()
                )


def test_metric_keys(large: Api) -> None:
    """A metric set as a connector recorded it."""
    row = large.get("incremental/tickets/cursor?start_time=0&per_page=1&include=metric_sets")["tickets"][0]
    assert set(
        "agent_wait_time_in_minutes assigned_at assignee_stations assignee_updated_at created_at "
        "custom_status_updated_at first_resolution_time_in_minutes full_resolution_time_in_minutes "
        "group_stations id initially_assigned_at latest_comment_added_at on_hold_time_in_minutes reopens "
        "replies reply_time_in_minutes requester_updated_at requester_wait_time_in_minutes solved_at "
        "status_updated_at ticket_id updated_at url".split()
    ) <= set(row["metric_set"])
