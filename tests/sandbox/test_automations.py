"""Automations act once an hour on what time has brought about; the system ages tickets by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import NOW, Api
from zdsync.sandbox import automations
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.records import SYSTEM_USER_ID, Change, Ticket

HOUR = 3600
DAY = 24 * HOUR


def automation(api: Api, *conditions: tuple[str, str, Any], actions: list[Any], **more: Any) -> Any:
    """The answer to creating an automation with these `all` conditions."""
    rows = [{"field": field, "operator": operator, "value": value} for field, operator, value in conditions]
    body = {"title": "A", "all": rows, "actions": actions, **more}
    return api.post("automations", {"automation": body})


def tag(word: str) -> dict[str, str]:
    return {"field": "current_tags", "value": word}


UNTAGGED = ("current_tags", "not_includes", "waiting")
UNSOLVED = ("status", "less_than", "solved")


def test_runs_every_hour_in_whole_hours(api: Api) -> None:
    """More than one hour pending means two; the change names the automation, and it happens once."""
    made = automation(
        api, ("status", "is", "pending"), ("PENDING", "greater_than", "1"), UNTAGGED, actions=[tag("waiting")]
    ).json()["automation"]
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"status": "pending"}})
    control = api.sandbox.control
    control.advance(HOUR)
    assert "waiting" not in ticket.tags
    control.advance(HOUR)
    assert "waiting" in ticket.tags
    audit = ticket.audits[-1]
    assert (audit.author_id, audit.channel) == (SYSTEM_USER_ID, "rule")
    shown = api.get(f"tickets/{ticket.id}/audits")["audits"][-1]
    source = shown["events"][0]["via"]["source"]
    assert (source["rel"], source["from"]["id"]) == ("automation", made["id"])
    before = len(ticket.audits)
    control.advance(3 * HOUR)
    assert len(ticket.audits) == before


def test_is_so_many_hours_is_true_once(api: Api) -> None:
    """`is` needs no action that ends it: the hour passes."""
    answer = automation(api, UNSOLVED, ("NEW", "is", "3"), actions=[tag("third_hour")])
    assert answer.status_code == 201
    ticket = api.new_ticket()
    api.sandbox.control.advance(3 * HOUR)
    assert "third_hour" in ticket.tags
    api.put(f"tickets/{ticket.id}", {"ticket": {"tags": []}})
    api.sandbox.control.advance(5 * HOUR)
    assert ticket.tags == ()


def test_business_hours(api: Api) -> None:
    """Friday 15:00 to Monday 09:00 counts the two and a half hours until the office closes."""
    answer = automation(
        api, UNSOLVED, ("NEW", "greater_than_business_hours", "2"), UNTAGGED, actions=[tag("waiting")]
    )
    assert answer.status_code == 201
    ticket = api.new_ticket()
    assert NOW.isoformat() == "2026-11-20T15:00:00+00:00"
    api.sandbox.control.advance(2 * DAY)
    assert "waiting" not in ticket.tags
    api.sandbox.control.advance(DAY)
    assert "waiting" in ticket.tags


def test_hours_since_people_did_something(api: Api) -> None:
    """Assigned, updated by the requester, updated by the assignee, due."""
    for word, name in (
        ("assigned", "assigned_at"),
        ("asked", "requester_updated_at"),
        ("answered", "assignee_updated_at"),
        ("touched", "updated_at"),
        ("due", "until_due_date"),
        ("breached", "sla_next_breach_at"),
    ):
        unless = ("current_tags", "not_includes", word)
        bound = ("less_than", "24") if name.startswith("until") else ("greater_than", "3")
        answer = automation(api, UNSOLVED, (name, *bound), unless, actions=[tag(word)])
        assert answer.status_code == 201, answer.text
    ticket = api.new_ticket()
    due = {"type": "task", "due_at": "2026-11-21T12:00:00Z", "priority": "urgent"}
    api.sandbox.control.change(ticket.id, due, agent="agent@example.com")
    api.sandbox.control.agent_replies(ticket.id, agent="agent@example.com", changes={"status": "open"})
    api.sandbox.control.advance(HOUR)
    assert set(ticket.tags) == {"due"}
    api.sandbox.control.advance(9 * HOUR)
    assert set(ticket.tags) == {"due", "assigned", "asked", "answered", "touched", "breached"}


def test_a_thousand_tickets_an_hour(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over the limit is done in the next hour."""
    monkeypatch.setattr(automations, "TICKETS_AN_HOUR", 2)
    automation(api, UNSOLVED, ("NEW", "greater_than", "0"), UNTAGGED, actions=[tag("waiting")])
    tickets = [
        t for t in api.sandbox.world.living_tickets() if t.status in ("new", "open", "pending", "hold")
    ]
    assert len(tickets) > 4
    for done in (2, 4):
        api.sandbox.control.advance(HOUR)
        assert sum("waiting" in ticket.tags for ticket in tickets) == done


def test_a_hundred_updates_of_one_ticket(api: Api) -> None:
    """A rule that came in by other means and never ends stops there."""
    ticket = api.new_ticket()
    for word in ("waiting", ""):
        operator = "not_includes" if word else "includes"
        rows = [UNSOLVED, ("NEW", "greater_than", "0"), ("current_tags", operator, "waiting")]
        action = tag("waiting") if word else {"field": "remove_tags", "value": "waiting"}
        assert automation(api, *rows, actions=[action]).status_code == 201
    api.sandbox.control.advance(60 * HOUR)
    own = [audit for audit in ticket.audits if audit.channel == "rule"]
    assert len(own) == automations.UPDATES_OF_ONE_TICKET


def test_triggers_run_after_automations_but_not_on_closing(api: Api) -> None:
    """An automation's update is an update, through the channel of rules."""
    rule = {"field": "current_via_id", "operator": "is", "value": "8"}
    body = {"title": "T", "all": [rule], "actions": [tag("seen_by_trigger")]}
    assert api.post("triggers", {"trigger": body}).status_code == 201
    automation(api, UNSOLVED, ("NEW", "greater_than", "0"), UNTAGGED, actions=[tag("waiting")])
    ticket, solved = api.new_ticket(), api.new_ticket()
    api.put(f"tickets/{solved.id}", {"ticket": {"status": "solved"}})
    api.sandbox.control.advance(29 * DAY)
    assert {"waiting", "seen_by_trigger"} <= set(ticket.tags)
    assert solved.status == "closed"
    assert "seen_by_trigger" not in solved.tags


@pytest.mark.parametrize(
    ("conditions", "actions", "status"),
    [
        ((UNSOLVED, ("NEW", "greater_than", "1")), [tag("x")], 422),
        ((UNSOLVED, ("NEW", "is", "1")), [tag("x")], 201),
        ((UNSOLVED, ("NEW", "is_business_hours", "1")), [tag("x")], 201),
        ((("NEW", "is", "1"),), [tag("x")], 422),
        ((UNSOLVED,), [{"field": "status", "value": "solved"}], 422),
        ((UNSOLVED, ("OPEN", "greater_than", "1")), [{"field": "status", "value": "solved"}], 201),
        ((UNSOLVED, ("OPEN", "greater_than", "1")), [{"field": "status", "value": "open"}], 422),
        ((UNSOLVED, ("NEW", "greater_than", "1"), UNTAGGED), [tag("waiting")], 201),
        (
            (UNSOLVED, ("NEW", "greater_than", "1"), UNTAGGED),
            [{"field": "set_tags", "value": "waiting"}],
            201,
        ),
        (
            (UNSOLVED, ("NEW", "greater_than", "1"), ("current_tags", "includes", "a")),
            [{"field": "remove_tags", "value": "a"}],
            201,
        ),
        ((UNSOLVED, ("NEW", "greater_than", "1")), [{"field": "nonsense", "value": "a"}], 422),
        ((UNSOLVED, ("nonsense", "is", "1"), ("NEW", "is", "1")), [tag("x")], 422),
        (
            (UNSOLVED, ("NEW", "greater_than", "1"), ("priority", "is", "")),
            [{"field": "priority", "value": "high"}],
            201,
        ),
    ],
)
def test_an_automation_must_end_itself(
    api: Api, conditions: tuple[Any, ...], actions: list[Any], status: int
) -> None:
    """It needs a time, one of the five required conditions, and something that makes it untrue."""
    assert automation(api, *conditions, actions=actions).status_code == status


def test_automations_are_unique_and_few(api: Api) -> None:
    """The same conditions and actions twice are refused, and so is the 501st active one."""
    given: Any = (UNSOLVED, ("NEW", "is", "1"))
    first = automation(api, *given, actions=[tag("x")]).json()["automation"]
    assert automation(api, *given, actions=[tag("x")]).status_code == 422
    rows = api.sandbox.world.tables["automations"]
    for number in range(499):
        rows[number] = {**first, "id": number, "actions": [tag(f"n{number}")]}
    assert automation(api, *given, actions=[tag("y")]).status_code == 422
    assert automation(api, *given, actions=[tag("y")], active=False).status_code == 201


def solved_for(ticket: Ticket, now: int) -> float:
    changes = ((audit.at, event) for audit in ticket.audits for event in audit.events)
    moments = [at for at, e in changes if isinstance(e, Change) and e.field == "status" and e.new == "solved"]
    return (now - moments[-1]) / DAY


def test_nothing_stays_solved_for_longer_than_28_days(api: Api) -> None:
    """Without any automation the system closes by itself, and tells so in an audit."""
    world = api.sandbox.world
    world.tables["automations"].clear()
    solved = [t for t in world.living_tickets() if t.status == "solved"]
    api.sandbox.control.advance(10 * DAY)
    now = world.clock.now()
    for ticket in solved:
        assert (ticket.status == "closed") == (solved_for(ticket, now) >= 28), ticket.id
    assert {t.status for t in solved} == {"solved", "closed"}


def test_deleted_tickets_are_scrubbed_after_thirty_days(api: Api) -> None:
    """The export then shows the scrubbed row, with a new generated_timestamp and the old updated_at."""
    ticket = api.new_ticket()
    updated = ticket.updated
    api.call("DELETE", f"tickets/{ticket.id}")
    api.sandbox.control.advance(29 * DAY)
    assert not ticket.is_scrubbed
    api.sandbox.control.advance(2 * DAY)
    rows = api.get("incremental/tickets/cursor", start_time=updated + 30 * DAY)["tickets"]
    row = next(row for row in rows if row["id"] == ticket.id)
    assert (row["subject"], row["description"], row["tags"]) == ("SCRUBBED", "X", [])
    assert parse_stamp(row["updated_at"]) == updated
    assert row["generated_timestamp"] >= updated + 30 * DAY
    assert api.call("PUT", f"deleted_tickets/{ticket.id}/restore").status_code == 404


def test_archiving_moves_only_the_generated_timestamp(api: Api) -> None:
    """A closed ticket leaves the lists after 120 days, and comes once more in the export."""
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"status": "closed"}})
    updated = ticket.updated
    ticket.updated = ticket.generated = updated - 119 * DAY
    api.sandbox.control.advance(2 * DAY)
    assert ticket.updated == updated - 119 * DAY
    assert ticket.generated > updated
    assert api.get(f"tickets/{ticket.id}/related")["from_archive"] is True
    whole = api.get(f"tickets/{ticket.id}/audits?page[size]=1")
    assert (whole["next_page"], whole["count"]) == (None, len(ticket.audits))


def test_hours_missed_are_not_made_up_for(api: Api) -> None:
    """A clock that was moved by other means brings one run, at the next request."""
    automation(api, UNSOLVED, ("NEW", "greater_than", "0"), UNTAGGED, actions=[tag("waiting")])
    ticket = api.new_ticket()
    api.sandbox.clock.advance(5 * HOUR)
    assert "waiting" not in ticket.tags
    api.get("groups")
    assert "waiting" in ticket.tags
