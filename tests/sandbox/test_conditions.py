"""Conditions mean what Zendesk's reference says, operator by operator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api
from zdsync.sandbox.compare import compare
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.records import Change, Comment, Ticket

NOW = 1_795_000_000


@pytest.fixture
def ticket(large: Api) -> Ticket:
    """A copy that no other test sees: urgent, open, in a group, tagged."""
    world = large.sandbox.world
    customer = next(u for u in world.users.values() if u.organization_id and u.role == "end-user")
    area = world.by_name("ticket_fields", "Area")["id"]
    needed = world.by_name("ticket_fields", "Needed by")["id"]
    platforms = world.by_name("ticket_fields", "Platforms")["id"]
    return Ticket(
        id=10_000_000,
        created=NOW,
        updated=NOW,
        generated=NOW,
        requester_id=customer.id,
        submitter_id=customer.id,
        channel="email",
        brand_id=next(iter(world.tables["brands"])),
        ticket_form_id=None,
        custom_status_id=world.default_status_id("open"),
        subject="The printer is on fire",
        description="It burns since Monday.",
        status="open",
        priority="urgent",
        group_id=world.by_name("groups", "Frontline")["id"],
        organization_id=customer.organization_id,
        recipient="billing@example.com",
        tags=("billing", "vip"),
        fields={area: "billing", needed: "2026-11-25", platforms: ("ios", "macos")},
        email_cc_ids=(customer.id,),
    )


def ask(large: Api, ticket: Ticket, **more: Any) -> Asked:
    asked = Asked.now(large.sandbox.world, ticket)
    for name, value in more.items():
        setattr(asked, name, value)
    return asked


def met(asked: Asked, field: str, operator: str | None, value: Any = None) -> bool:
    row = {"field": field, "value": value} | ({"operator": operator} if operator else {})
    return holds(asked, {"all": [row], "any": []})


@pytest.mark.parametrize(
    ("field", "operator", "value", "wanted"),
    [
        ("status", "less_than", "solved", True),
        ("status", "greater_than", "pending", False),
        ("priority", "greater_than", "high", True),
        ("priority", "less_than", "", False),
        ("priority", "is_not", "low", True),
        ("type", "is_not", "question", True),
        ("type", "is", "", True),
        ("assignee_id", "is", "", True),
        ("assignee_id", "is", None, True),
        ("current_tags", "includes", "x vip", True),
        ("current_tags", "not_includes", ["x", "y"], True),
        ("via_id", "is", "4", True),
        ("via_id", "is", 4, True),
        ("via_id", "includes", ["4", "5"], True),
        ("via_id", "is_not", "0", True),
        ("recipient", None, "billing", True),
        ("recipient", "is", "BILLING@example.com", True),
        ("recipient", "is_not", "sales", True),
        ("ticket_is_public", "is", "public", True),
        ("ticket_type_id", "is", "1", False),
        ("satisfaction_score", "is", "true", True),
        ("satisfaction_score", "less_than", "good", True),
        ("description_includes_word", "includes", "smoke burns", True),
        ("description_includes_word", "not_includes", "burn", True),
        ("description_includes_word", "is", "SINCE monday", True),
        ("subject_includes_word", "includes", "printer", True),
        ("subject_includes_word", "is_not", "printer is on", False),
        ("cc", "is", "present", True),
        ("cc", "is", "not_present", False),
        ("requester_role", "is", "end_user", True),
        ("reopens", "less_than", "1", True),
        ("replies", "greater_than", "0", False),
        ("group_stations", "is", "0", True),
        ("agent_stations", "is", "0", True),
        ("number_of_incidents", "is", "0", True),
        ("ticket_due_date", "not_present", None, True),
        ("exact_created_at", "greater_than", "2020-01-01T00:00:00Z", True),
        ("in_business_hours", None, "true", True),
        ("NEW", "greater_than", "1", False),
        ("organization.custom_fields.plan", "present", None, True),
        ("organization.custom_fields.nothing", "present", None, False),
        ("requester.custom_fields.job_title", "not_present", None, True),
        ("locale_id", "is_not", "99999", True),
        ("requester_time_zone", "is_not", "Mars", True),
        ("via_subtype_id", "is", "1", False),
        ("unheard_of", "is", "1", False),
    ],
)
def test_a_ticket_as_it_stands(
    large: Api, ticket: Ticket, field: str, operator: str | None, value: Any, wanted: bool
) -> None:
    """The conditions that views, automations and policies have."""
    assert met(ask(large, ticket), field, operator, value) is wanted


def test_custom_fields_by_type(large: Api, ticket: Ticket) -> None:
    """Drop-downs by tag, or by option id in older rules; dates by day; several values as a set."""
    world, asked = large.sandbox.world, ask(large, ticket)
    area = world.by_name("ticket_fields", "Area")
    option = next(row for row in area["custom_field_options"] if row["value"] == "billing")
    name = f"custom_fields_{area['id']}"
    assert met(asked, name, "is", "billing")
    assert met(asked, name, "is_not", "legal")
    assert met(asked, f"ticket_fields_{area['id']}", "is", str(option["id"]))
    assert not met(asked, f"ticket_fields_{area['id']}", "is", "5")
    platforms = f"custom_fields_{world.by_name('ticket_fields', 'Platforms')['id']}"
    assert met(asked, platforms, "includes", ["ios", "web_browser"])
    assert met(asked, platforms, "not_includes", "windows")
    assert met(asked, platforms, "is", "macos")
    callback = f"custom_fields_{world.by_name('ticket_fields', 'Callback wanted')['id']}"
    assert met(asked, callback, "is", "false")
    assert not met(asked, callback, "is", value=True)
    needed = f"custom_fields_{world.by_name('ticket_fields', 'Needed by')['id']}"
    assert met(asked, needed, "less_than", "2026-12-01")
    assert met(asked, needed, "within_next_n_days", "6")
    assert not met(asked, needed, "within_previous_n_days", "6")
    ticket.fields = {}
    assert not met(ask(large, ticket), needed, "within_next_n_days", "6")


def test_people_by_word(large: Api, ticket: Ticket) -> None:
    """The current user, the requester, the assignee, and the groups of whoever looks."""
    agent = large.sandbox.world.find_user("agent@example.com").id
    ticket.assignee_id = agent
    asked = ask(large, ticket, actor_id=agent)
    assert met(asked, "assignee_id", "is", "current_user")
    assert met(asked, "requester_id", "is_not", "assignee_id")
    assert met(asked, "requester_id", "is", "requester_id")
    assert met(asked, "group_id", "is", "current_groups")
    assert met(asked, "role", "is", "agent")
    assert met(asked, "role", "is", str(agent))
    assert met(ask(large, ticket), "group_id", "is_not", "current_groups")
    assert met(ask(large, ticket), "role", "is_not", "end_user")


def test_an_update_in_the_making(large: Api, ticket: Ticket) -> None:
    """What changed, from what, to what, by which comment and through which channel."""
    steps = (
        Change("status", "new", "open"),
        Change("tags", (), ("vip",)),
        Change("group_id", None, ticket.group_id),
    )
    comment = Comment("Smoke everywhere", is_public=True, author_id=1, attachments=({"id": 1},))
    asked = ask(large, ticket, steps=steps, comment=comment, is_create=False, channel="web")
    for operator, value, wanted in (
        ("changed", None, True),
        ("not_changed", None, False),
        ("value", "open", True),
        ("value_previous", "new", True),
        ("not_value", "open", False),
        ("not_value_previous", "open", True),
    ):
        assert met(asked, "status", operator, value) is wanted
    assert met(asked, "priority", "not_changed")
    assert met(asked, "current_tags", "changed")
    assert met(asked, "group_id", "value", str(ticket.group_id))
    assert met(asked, "update_type", "is", "Change")
    assert met(asked, "comment_is_public", "is", "true")
    assert met(asked, "comment_is_public", "is", value=True)
    assert met(asked, "comment_is_public", "is", "not_relevant")
    assert met(asked, "comment_is_public", "is", "requester_can_see_comment")
    assert not met(asked, "comment_is_public", "is", "false")
    assert met(asked, "comment_includes_word", "includes", "smoke")
    assert met(asked, "attachment", "is", "present")
    assert met(asked, "current_via_id", "is", "0")
    assert not met(ask(large, ticket), "comment_is_public", "is", "not_relevant")


def test_schedules(large: Api, ticket: Ticket) -> None:
    """Friday at three is working time in London, and in New York."""
    asked = ask(large, ticket)
    for ident in large.sandbox.world.tables["business_hours/schedules"]:
        assert met(asked, "within_schedule", "is", str(ident))
    assert met(asked, "within_schedule", "is_not", "1")


def test_any_needs_one_of_it(large: Api, ticket: Ticket) -> None:
    """Every `all`, and one `any` if there are some."""
    asked = ask(large, ticket)
    yes = {"field": "status", "operator": "is", "value": "open"}
    no = {"field": "status", "operator": "is", "value": "new"}
    assert holds(asked, {"all": [yes], "any": [no, yes]})
    assert not holds(asked, {"all": [yes], "any": [no]})
    assert holds(asked, {"all": [], "any": []})


@pytest.mark.parametrize(
    ("operator", "value", "wanted", "holds_"),
    [
        ("less_than", "3", "10", True),
        ("greater_than_equal", "10", "10", True),
        ("less_than_equal", "11", "10", False),
        ("less_than", None, "10", False),
        ("less_than", "4", "", False),
        ("includes_string", "A long text", "LONG", True),
        ("not_includes_string", "A long text", "short", True),
        ("includes_string", None, "x", False),
        ("present", "", None, False),
        ("present", "0", None, True),
        ("is", 360033549136, "360033549136", True),
        ("is", True, "true", True),
        ("is", None, "false", True),
    ],
)
def test_operators(operator: str, value: Any, wanted: Any, holds_: bool) -> None:
    """Numbers as numbers, all else as text."""
    assert compare("custom_fields_1", operator, value, wanted) is holds_


def test_what_is_in_no_order_is_neither_less_nor_greater() -> None:
    """A status that does not exist compares with nothing."""
    assert not compare("status", "less_than", "open", "finished")
