"""The seeded world is believable, reproducible, and equal to its own history."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.sandbox.conftest import NOW, Api
from zdsync.sandbox.app import make_sandbox
from zdsync.sandbox.draft import TRACKED
from zdsync.sandbox.records import Change, Comment, Ticket
from zdsync.sandbox.tags import tags_of_field


def fold(ticket: Ticket) -> tuple[dict[str, Any], dict[int, Any]]:
    """Attributes and custom fields that a ticket's audits add up to, each step checked against the last."""
    values: dict[str, Any] = {}
    fields: dict[int, Any] = {}
    for audit in ticket.audits:
        for event in audit.events:
            if not isinstance(event, Change):
                continue
            if event.field.isdigit():
                assert fields.get(int(event.field)) == event.old
                fields[int(event.field)] = event.new
            else:
                assert values.get(event.field, () if event.field == "tags" else None) == event.old
                values[event.field] = event.new
    return values, {ident: value for ident, value in fields.items() if value not in (None, (), False)}


def test_every_ticket_is_the_fold_of_its_audits(large: Api) -> None:
    """Nothing about a ticket's state may be unknown to its audits."""
    for ticket in large.sandbox.world.tickets.values():
        values, fields = fold(ticket)
        for name in TRACKED:
            assert getattr(ticket, name) == values.get(name), (ticket.id, name)
        assert ticket.tags == values.get("tags", ())
        assert ticket.fields == fields
        assert ticket.updated == ticket.audits[-1].at
        assert ticket.generated >= ticket.updated
        assert ticket.description == next(e.body for e in ticket.audits[0].events if isinstance(e, Comment))


def test_fields_and_tags_are_one_datum(large: Api) -> None:
    """Each drop-down, checkbox and multiselect value has its tags on the ticket."""
    world = large.sandbox.world
    for ticket in world.tickets.values():
        for ident, value in ticket.fields.items():
            assert tags_of_field(world.tables["ticket_fields"][ident], value) <= set(ticket.tags)


def test_the_same_seed_gives_the_same_account() -> None:
    """Two sandboxes of one seed answer byte for byte alike; another seed differs."""
    one, two, other = (make_sandbox(60, seed, NOW) for seed in (5, 5, 6))
    assert one.control.truth("tickets") == two.control.truth("tickets")
    assert one.control.truth("audits") == two.control.truth("audits")
    assert one.control.truth("users") == two.control.truth("users")
    assert one.control.truth("tickets") != other.control.truth("tickets")


def test_audits_are_in_order(large: Api) -> None:
    """Ids rise with time, in the log and within each ticket, and never beyond the present."""
    log = large.sandbox.world.log
    assert [audit.id for audit in log] == sorted(audit.id for audit in log)
    assert [audit.at for audit in log] == sorted(audit.at for audit in log)
    assert log[-1].at <= NOW.timestamp() - 180
    assert len({audit.id for audit in log}) == len(log)
    for ticket in large.sandbox.world.tickets.values():
        assert [a.id for a in ticket.audits] == sorted(a.id for a in ticket.audits)


def test_worked_on_means_assigned(large: Api) -> None:
    """Where a person answered, the ticket had a group and an assignee at that time."""
    world = large.sandbox.world
    for ticket in world.tickets.values():
        assignee = None
        for audit in ticket.audits:
            for event in audit.events:
                if isinstance(event, Change) and event.field == "assignee_id":
                    assignee = event.new
            for event in audit.events:
                if isinstance(event, Comment) and event.is_public and event.author_id != ticket.requester_id:
                    assert assignee is not None
    for ticket in world.tickets.values():
        if ticket.assignee_id is not None:
            assert ticket.group_id is not None
            assert ticket.assignee_id in world.members[ticket.group_id]


def test_proportions(large: Api) -> None:
    """A support lead finds an account that looks like one."""
    world = large.sandbox.world
    tickets = [t for t in world.tickets.values() if not t.is_deleted]
    unsolved = [t for t in tickets if t.status not in ("solved", "closed")]
    assert 0.07 <= len(unsolved) / len(tickets) <= 0.12
    untouched = [t for t in unsolved if t.status == "new"]
    assert 0.03 < len(untouched) / len(unsolved) < 0.15
    frontline = world.by_name("groups", "Frontline")["id"]
    assert {t.group_id for t in untouched} == {None, frontline}
    assert len(world.organizations) >= 20
    agents = [u for u in world.users.values() if u.is_agent]
    assert len(agents) >= 40
    assert {row["name"] for row in world.tables["groups"].values()} >= {
        "Help bot",
        "Frontline",
        "Specialists",
        "Engineering",
        "Marketing",
    }
    assert not any(row["name"] == "Privacy desk" for row in world.tables["groups"].values())
    channels = Counter(t.channel for t in tickets)
    assert channels.most_common(1)[0][0] == "email"
    assert len(channels) >= 7
    assert any(t.is_deleted for t in world.tickets.values())
    assert any(t.is_scrubbed for t in world.tickets.values())
    assert any("closed_by_merge" in t.tags for t in tickets)
    assert {t.score for t in tickets} == {"good", "bad", "unoffered"}


def test_texts_are_of_many_kinds(large: Api) -> None:
    """Long, empty, foreign and sensitive texts all occur."""
    tickets = large.sandbox.world.tickets.values()
    bodies = [ticket.description for ticket in tickets]
    assert any(len(body) > 30_000 for body in bodies)
    assert "" in bodies
    assert any(not ticket.subject for ticket in tickets)
    for needle in (
        "4111 1111 1111 1111",
        "GB29 NWBK",
        "Rechnung",
        "パスワード",
        "الطلب",
        "👩‍👩‍👧‍👦",
        "+44 20 7946",
    ):
        assert any(
            needle in body or needle in (t.subject or "") for t, body in zip(tickets, bodies, strict=True)
        )
    assert len(set(bodies)) > len(bodies) * 0.9
