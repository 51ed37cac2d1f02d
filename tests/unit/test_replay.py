"""A ticket taken back: whatever happened to it, each earlier state comes out again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdsync.model import (
    Case,
    Comment,
    Event,
    ExternalRow,
    FieldChange,
    FieldId,
    Finding,
    GroupId,
    Hold,
    HoldReason,
    Organization,
    OrganizationId,
    OwnChange,
    Ticket,
    TicketId,
    User,
    UserId,
)
from zdsync.replay import Replay

START = datetime(2026, 11, 1, tzinfo=UTC)
ID = TicketId(1)
CUSTOM = FieldId(101)
VALUES: dict[str, tuple[str, list[Any]]] = {
    "status": ("status", ["open", "pending", "solved"]),
    "priority": ("priority", [None, "high", "low"]),
    "type": ("type", [None, "incident"]),
    "group_id": ("group_id", [None, 5, 6]),
    "assignee_id": ("assignee_id", [None, 7]),
    "requester_id": ("requester_id", [3, 4]),
    "organization_id": ("organization_id", [None, 9]),
    "subject": ("subject", ["", "Help", "Help!"]),
    "brand_id": ("brand_id", [1, 2]),
    "ticket_form_id": ("form_id", [1, 2]),
    "custom_status_id": ("custom_status_id", [None, 4]),
    "satisfaction_score": ("satisfaction", [None, "offered", "good"]),
}


FLIPS = st.booleans()


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def event(number: int, *changes: FieldChange, **given: Any) -> Event:
    return Event(number, ID, at(number), UserId(7), changes=changes, **given)


def ticket(**given: Any) -> Ticket:
    return Ticket(ID, **{"created_at": START, "updated_at": START, "status": "new", **given})


@st.composite
def histories(draw: st.DrawFn) -> tuple[Case, list[Ticket]]:
    """A case, and the ticket after none, one, two … of its events."""
    now = ticket(requester_id=3, brand_id=1, form_id=1, custom_fields={CUSTOM: None})
    states, events = [now], []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        direct: list[FieldChange] = []
        by_rule: list[FieldChange] = []
        for _ in range(draw(st.integers(0, 3))):
            change, now = draw(steps(now))
            is_by_rule = bool(by_rule) or draw(FLIPS)
            # What rules changed inside an update comes after what was done directly.
            (by_rule if is_by_rule else direct).append(change)
        events.append(event(number, *direct, rule_changes=tuple(by_rule)))
        now = replace(now, updated_at=at(number))
        states.append(now)
    return Case(now, events=tuple(events), events_until=at(60)), states


@st.composite
def steps(draw: st.DrawFn, now: Ticket) -> tuple[FieldChange, Ticket]:
    field = draw(st.sampled_from(["tags", "101", "due_at", *VALUES]))
    if field == "tags":
        tags = draw(st.frozensets(st.sampled_from("abc")))
        step = FieldChange("tags", tuple(sorted(tags - now.tags)), tuple(sorted(now.tags - tags)))
        return step, replace(now, tags=tags)
    if field == "101":
        value = draw(st.sampled_from([None, "x", 5]))
        change = FieldChange(field, value, now.custom_fields[CUSTOM])
        return change, replace(now, custom_fields={CUSTOM: value})
    if field == "due_at":
        due = draw(st.sampled_from([None, at(500), at(600)]))
        texts = [None if moment is None else moment.isoformat() for moment in (due, now.due_at)]
        return FieldChange(field, *texts), replace(now, due_at=due)
    name, values = VALUES[field]
    value = draw(st.sampled_from(values))
    return FieldChange(field, value, getattr(now, name)), replace(now, **{name: value})


@given(histories(), st.integers(0, 13))
def test_every_earlier_state_comes_out_again(told: tuple[Case, list[Ticket]], half_minutes: int) -> None:
    """At, between and after events; the events are those up to then."""
    case, states = told
    moment = at(half_minutes / 2)
    found = Replay(case).at(moment)
    assert found is not None
    passed = min(half_minutes // 2, len(case.events))
    assert found.case.ticket == states[passed]
    assert found.case.events == case.events[:passed]
    assert found.at == moment


@given(histories())
def test_the_present_is_the_case_itself(told: tuple[Case, list[Ticket]]) -> None:
    """Of the ticket itself nothing is unknown; its people may have changed since, whatever the ticket did."""
    case, _ = told
    found = Replay(case).at(at(60))
    assert found is not None
    assert found.case is case
    assert found.unknown <= {"requester", "organization", "holds"}
    assert Replay(case).moments() == tuple(event.created_at for event in case.events)


def test_before_it_was_opened_there_is_no_ticket() -> None:
    """Not an empty one either."""
    assert Replay(Case(ticket())).at(at(-1)) is None


def test_a_ticket_without_events_has_always_been_as_it_is() -> None:
    """Half a history changes nothing before its first event."""
    found = Replay(Case(ticket(priority="high", updated_at=at(9)), has_whole_history=False)).at(at(1))
    assert found is not None
    assert found.case.ticket == ticket(priority="high")
    assert not found.case.has_whole_history
    assert found.case.events_until is None


def test_what_was_not_there_yet_is_left_out() -> None:
    """Comments, their findings, holds; notes are not counted as written, since the run that wrote them is later."""
    finding = Finding(ID, 11, "iban", 1, is_public=True)
    early = replace(finding, comment_id=None, version=2)
    holds = (Hold(ID, HoldReason.MANUAL, at(1)), Hold(ID, HoldReason.MANUAL, at(5)))
    spoken = event(3, comments=(Comment(11, at(3), UserId(7), is_public=True, body="hello"),))
    case = Case(
        ticket(updated_at=at(3)),
        events=(event(1, is_create=True), spoken),
        findings=(early, finding),
        holds=holds,
        notes_written=frozenset({"x"}),
        events_until=at(60),
    )
    found = Replay(case).at(at(2))
    assert found is not None
    then = found.case
    assert (then.findings, then.holds, then.notes_written) == ((early,), holds[:1], frozenset())
    assert then.ticket.updated_at == at(1)
    assert then.events_until == at(2) + timedelta(microseconds=1)
    assert {"holds", "findings"} <= found.unknown


def test_what_we_did_later_is_left_out() -> None:
    """An escalation that the journal knows is one from its own update on."""
    ours = OwnChange("escalated", "late", "Nobody answered")
    case = Case(
        ticket(updated_at=at(3)),
        events=(event(1, is_create=True), event(2, key="k2"), event(3, key="k3")),
        own_changes={"k2": ours, "k3": ours, "not mirrored": ours},
        events_until=at(60),
    )
    for minutes, keys in ((1, set()), (2, {"k2"}), (4, {"k2", "k3", "not mirrored"})):
        found = Replay(case).at(at(minutes))
        assert found is not None
        assert set(found.case.own_changes) == keys


@pytest.mark.parametrize(("is_breached", "is_unknown"), [(True, True), (False, False), (None, False)])
def test_when_a_target_was_breached_is_not_known(is_breached: bool | None, is_unknown: bool) -> None:
    """What has not been breached by now was not then either."""
    case = Case(ticket(updated_at=at(3)), events=(event(1, is_create=True),), sla_breached=is_breached)
    found = Replay(case).at(at(2))
    assert found is not None
    assert found.case.sla_breached is is_breached
    assert ("sla" in found.unknown) is is_unknown


def test_people_and_companies_have_no_history() -> None:
    """They are told as they are now and named as unknown; another requester or company is missing, not mistaken."""
    people = {"requester": User(UserId(3)), "organization": Organization(OrganizationId(9))}
    case = Case(
        ticket(requester_id=3, organization_id=9, updated_at=at(2)),
        events=(
            event(1, is_create=True),
            event(2, FieldChange("requester_id", 3, 4), FieldChange("organization_id", 9, None)),
        ),
        external={"crm": ExternalRow({}, "x")},
        events_until=at(60),
        **people,  # type: ignore[arg-type]
    )
    found = Replay(case).at(at(1))
    assert found is not None
    assert (found.case.requester, found.case.organization) == (None, None)
    assert found.unknown == {"requester", "organization", "crm", "holds"}
    same = Replay(replace(case, events=case.events[:1])).at(at(1))
    assert same is not None
    assert same.case.requester == people["requester"]


def test_what_changed_without_an_event_is_in_doubt() -> None:
    """Zendesk closes tickets by itself: until the last event the events are believed, and the field is named."""
    solved = event(2, FieldChange("status", "solved", "open"), FieldChange("group_id", 5, None))
    case = Case(
        ticket(status="closed", group_id=GroupId(6), updated_at=at(9)),
        events=(event(1, is_create=True), solved),
        events_until=at(60),
    )
    for minutes, status, group in ((1, "open", None), (3, "solved", 5)):
        found = Replay(case).at(at(minutes))
        assert found is not None
        assert (found.case.ticket.status, found.case.ticket.group_id) == (status, group)
        assert {"status", "group"} <= found.unknown


def test_events_tell_values_as_text() -> None:
    """Checkboxes, multi-selects and dates come back in the ticket's own kind; what cannot be read is missing."""
    many, check = FieldId(102), FieldId(103)
    case = Case(
        ticket(custom_fields={many: ("a",), check: False}, due_at=at(99), updated_at=at(3)),
        events=(
            event(1, is_create=True),
            event(2, FieldChange("due_at", at(99).isoformat(), "2026-11-30T00:00:00")),
            event(
                3,
                FieldChange("102", "a", "a b"),
                FieldChange("103", "0", "1"),
                FieldChange("due_at", at(99).isoformat(), "someday"),
                FieldChange("ticket_form_id", None, ""),
                FieldChange("made_up", 1, 2),
                FieldChange("tags", None, None),
            ),
        ),
    )
    found = Replay(case).at(at(2))
    assert found is not None
    assert found.case.ticket.custom_fields == {many: ("a", "b"), check: True}
    assert found.case.ticket.due_at is None
    first = Replay(case).at(at(1))
    assert first is not None
    assert first.case.ticket.due_at == datetime(2026, 11, 30, tzinfo=UTC)
