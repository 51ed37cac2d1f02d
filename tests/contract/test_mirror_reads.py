"""What the mirror tells: cases, the account, streams, runs, decisions and figures, on both databases."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.fakes.clock import FakeClock
from tests.unit.mirror import rows
from tests.unit.mirror.rows import NOW, at, content, page, record_page, tickets_page
from zdsync.account import FieldOption
from zdsync.errors import MirrorError
from zdsync.mirror.cases import unsolved_query
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.mirror.tables_own import zdsync_decisions, zdsync_rulesets
from zdsync.model import FieldChange, Finding, GroupId, RunId, TicketId, UserId
from zdsync.ports.journal import Journal, JournalEntry, Outcome
from zdsync.ports.mirror import Lease, Mirror
from zdsync.ports.runs import DecisionRecord, Run
from zdsync.streams import Stream


def change(field: str, value: object, previous: object = None, rel: str | None = None) -> dict[str, Any]:
    return {"field": field, "value": value, "previous": previous, "rel": rel}


def entry(key: str, ticket_id: int, digest: str | None, outcome: Outcome = Outcome.INTENDED) -> JournalEntry:
    return JournalEntry(
        key=key,
        run_id=RunId("r1"),
        object="ticket",
        object_id=ticket_id,
        name="",
        rule="vip",
        reason="because",
        before={},
        after={},
        outcome=outcome,
        intended_at=at(1),
        note_digest=digest,
    )


def test_the_store_fits_the_ports(mirror: MirrorStore) -> None:
    """The types of the adapter are those that the use cases ask for."""
    port: Mirror = mirror
    journal: Journal = mirror.journal
    lease: Lease = mirror.lease()
    assert None not in (port, journal, lease)


def test_a_case_holds_all_that_is_known_of_a_ticket(mirror: MirrorStore) -> None:
    """Ticket, requester, organization, history with comments, findings, staff, freshness and our notes."""
    ticket = rows.ticket(
        1,
        5,
        tags=["b", "a"],
        organization_id=70,
        assignee_id=30,
        due_at=at(99),
        satisfaction_score="good",
        custom_fields=[{"id": 9, "value": ["x", "y"]}, {"id": 8, "value": True}],
    )
    people = [
        rows.user(900, email="c@example.com", tags=["vip"], user_fields={"plan": "gold"}, suspended=True),
        rows.user(30, role="agent"),
        rows.user(31, role="admin", active=False),
    ]
    company = rows.record(
        "organizations", id=70, name="Acme", domain_names=["acme.example"], organization_fields={"mrr": 5}
    )
    record_page(
        mirror,
        tickets_page(
            ticket, users=people, organizations=[company], text_findings=[rows.finding(1, 0, "iban", count=2)]
        ),
    )
    changes = [
        change("priority", "high", "low"),
        change("tags", ["a"], ["z"]),
        change("group_id", 4, None, rel="trigger"),
        change("9", ["x", "y"], None, rel="rule"),
    ]
    events = [
        rows.event(
            52, 1, 4, updater_id=30, changes=changes, via_channel="web", zdsync_key="k1", via_rel="follow_up"
        ),
        rows.event(51, 1, 0, is_create=True),
    ]
    comments = [
        rows.comment(7, 1, 52, 4, body="second", public=False, attachments=[{"id": 1}, {"id": 2}]),
        rows.comment(6, 1, 51, 0, body="first"),
    ]
    record_page(mirror, page(Stream.EVENTS, 6, ticket_events=events, ticket_comments=comments), until=3)
    mirror.journal.record_intents([entry("k1", 1, "d1"), entry("k2", 1, "d2"), entry("k3", 2, "d3")])
    mirror.journal.record_outcomes([("k1", Outcome.APPLIED, ""), ("k3", Outcome.APPLIED, "")], at(7))

    (case,) = mirror.read_cases()

    assert case.ticket.tags == {"a", "b"}
    assert case.ticket.custom_fields == {9: ("x", "y"), 8: True}
    assert (case.ticket.due_at, case.ticket.satisfaction, case.ticket.channel) == (at(99), "good", "email")
    assert case.requester is not None
    assert (case.requester.email, case.requester.tags, case.requester.fields) == (
        "c@example.com",
        frozenset({"vip"}),
        {"plan": "gold"},
    )
    assert case.requester.is_suspended
    assert case.organization is not None
    assert (case.organization.domains, case.organization.fields) == (("acme.example",), {"mrr": 5})
    assert [event.id for event in case.events] == [51, 52]
    second = case.events[1]
    assert (second.author_id, second.channel, second.rel, second.key) == (30, "web", "follow_up", "k1")
    assert second.changes == (FieldChange("priority", "high", "low"), FieldChange("tags", ("a",), ("z",)))
    assert second.rule_changes == (FieldChange("group_id", 4), FieldChange("9", ("x", "y")))
    assert [(c.body, c.is_public, c.attachments) for c in second.comments] == [("second", False, 2)]
    assert case.findings == (Finding(TicketId(1), None, "iban", 1, is_public=True, count=2),)
    assert set(case.staff) == {30, 31}
    assert not case.staff[UserId(31)].is_active
    assert (case.events_until, case.has_whole_history, case.notes_written) == (
        at(3),
        True,
        frozenset({"d1"}),
    )


def test_a_ticket_known_by_its_row_alone_is_a_case_too(mirror: MirrorStore) -> None:
    """Nothing else mirrored: no requester, no events, not a whole history, no freshness of events."""
    record_page(mirror, tickets_page(rows.ticket(1, description=None, tags=None, custom_fields=None)))
    (case,) = mirror.read_cases()
    assert (case.requester, case.organization, case.events, case.findings) == (None, None, (), ())
    assert not case.has_whole_history
    assert case.events_until is None
    assert case.ticket.description == ""


def test_cases_come_by_id_and_only_unsolved_or_asked_for(mirror: MirrorStore) -> None:
    """Unsolved, living tickets by default; with ids exactly those that are mirrored, each once, of any status."""
    statuses = {5: "new", 3: "pending", 1: "hold", 2: "solved", 4: "closed", 6: "deleted", 7: "open"}
    record_page(mirror, tickets_page(*(rows.ticket(id, status=status) for id, status in statuses.items())))
    assert [case.ticket.id for case in mirror.read_cases()] == [1, 3, 5, 7]
    asked = [TicketId(id) for id in (99, 6, 4, 2, 2, 1)]
    assert [case.ticket.id for case in mirror.read_cases(asked)] == [1, 2, 4, 6]
    assert list(mirror.read_cases([])) == []
    assert mirror.count_unsolved() == 4


def test_many_cases_come_in_chunks_while_the_reader_writes(mirror: MirrorStore) -> None:
    """Every case once, in order, although the caller records pages between them."""
    total = 1203
    record_page(mirror, tickets_page(*(rows.ticket(id) for id in range(1, total + 1))))
    seen = []
    for case in mirror.read_cases():
        seen.append(case.ticket.id)
        if case.ticket.id % 400 == 0:
            record_page(mirror, tickets_page(rows.ticket(case.ticket.id, 1)))
    assert seen == list(range(1, total + 1))
    assert [case.ticket.id for case in mirror.read_cases(range(1, total + 1))] == seen  # type: ignore[arg-type]


def test_a_thousand_cases_are_read_fast(mirror: MirrorStore) -> None:
    """1,000 tickets with 10 events each: about a quarter of a second of work; more only on a slow machine."""
    many = [rows.ticket(id, tags=["a", "b"], custom_fields=[{"id": 1, "value": "x"}]) for id in range(1000)]
    events = [
        rows.event(id, id // 10, id % 10, is_create=id % 10 == 0, changes=[change("status", "open", "new")])
        for id in range(10_000)
    ]
    comments = [rows.comment(id, id // 10, id) for id in range(0, 10_000, 2)]
    record_page(mirror, tickets_page(*many, users=[rows.user(900)]))
    record_page(mirror, page(Stream.EVENTS, ticket_events=events, ticket_comments=comments))
    start = time.process_time()
    assert sum(len(case.events) for case in mirror.read_cases()) == 10_000
    assert time.process_time() - start < 1.5


def test_the_account_is_what_names_in_rules_may_mean(mirror: MirrorStore) -> None:
    """Groups with their deletion, fields with options in order, views in read form, and no dead configuration."""
    record_page(
        mirror, page(Stream.GROUPS, 1, whole=True, groups=[rows.group(1), rows.group(2, deleted=True)])
    )
    field = rows.record(
        "ticket_fields", id=4, title='\'; DROP TABLE "groups"; --', type="tagger", active=False
    )
    options = [
        rows.record("ticket_field_options", id=41, ticket_field_id=4, name="B", value="b", position=2),
        rows.record("ticket_field_options", id=42, ticket_field_id=4, name="A", value="a", position=1),
    ]
    record_page(
        mirror, page(Stream.TICKET_FIELDS, 1, whole=True, ticket_fields=[field], ticket_field_options=options)
    )
    plan = rows.record(
        "user_fields",
        id=5,
        key="plan",
        title="Plan",
        type="dropdown",
        custom_field_options=[{"name": "Gold", "value": "gold"}],
    )
    record_page(mirror, page(Stream.USER_FIELDS, 1, whole=True, user_fields=[plan]))
    conditions = {
        "all": [{"field": "status", "operator": "less_than", "value": "solved"}],
        "any": [{"field": "group_id", "operator": "is", "value": None}],
    }
    view = rows.record(
        "views",
        id=6,
        title="Tier 1",
        active=True,
        conditions=conditions,
        restriction={"type": "Group", "id": 1, "ids": [1, 2]},
    )
    record_page(
        mirror, page(Stream.VIEWS, 1, whole=True, views=[view, rows.record("views", id=7, title="Gone")])
    )
    record_page(mirror, page(Stream.VIEWS, 2, whole=True, views=[view]))
    record_page(
        mirror,
        page(
            Stream.CUSTOM_STATUSES,
            1,
            whole=True,
            custom_statuses=[rows.record("custom_statuses", id=8, agent_label="Waiting")],
        ),
    )

    account = mirror.read_account()

    assert [(group.id, group.is_deleted) for group in account.groups] == [(1, False), (2, True)]
    (ticket_field,) = account.ticket_fields
    assert ticket_field.title == field["title"]
    assert not ticket_field.is_active
    assert ticket_field.options == (FieldOption("a", "A"), FieldOption("b", "B"))
    assert account.user_fields[0].options == (FieldOption("gold", "Gold"),)
    (tier_view,) = account.views
    assert tier_view.conditions_all == (("status", "less_than", "solved"),)
    assert tier_view.conditions_any == (("group_id", "is", ""),)
    assert tier_view.restricted_to == {GroupId(1), GroupId(2)}
    assert [(status.id, status.name) for status in account.custom_statuses] == [(8, "Waiting")]


def test_streams_tell_how_far_they_have_come(mirror: MirrorStore) -> None:
    """Living rows, completeness, the time of the last page, and why a stream is left out, until it is pulled."""
    record_page(mirror, tickets_page(rows.ticket(1), rows.ticket(2, status="deleted"), served=5), until=4)
    mirror.record_skipped(Stream.CUSTOM_STATUSES, "not on this plan", at(1))
    status = {each.stream: each for each in mirror.read_streams()}
    assert set(status) == set(Stream)
    pulled = status[Stream.TICKETS]
    assert (pulled.rows, pulled.complete_until, pulled.pulled_at, pulled.skipped) == (1, at(4), at(5), "")
    assert status[Stream.CUSTOM_STATUSES].skipped == "not on this plan"
    assert mirror.read_checkpoint(Stream.CUSTOM_STATUSES) is None
    record_page(mirror, page(Stream.CUSTOM_STATUSES, 6, whole=True))
    assert {each.skipped for each in mirror.read_streams()} == {""}


def test_a_database_belongs_to_one_account(mirror: MirrorStore) -> None:
    """Binding again is harmless, binding to another account is refused by name."""
    mirror.bind("https://acme.zendesk.com")
    mirror.bind("https://acme.zendesk.com")
    with pytest.raises(MirrorError, match=r"acme.*other"):
        mirror.bind("https://other.zendesk.com")
    assert mirror.read_account_name() == "https://acme.zendesk.com"


def test_runs_are_kept_newest_first(mirror: MirrorStore) -> None:
    """An opened run shows without an end; a closed one comes back whole; an unknown one cannot be closed."""
    first = Run(RunId("a"), "pull", "https://acme.zendesk.com", at(1))
    second = Run(RunId("b"), "run", "https://acme.zendesk.com", at(2), rules_digest="d")
    mirror.open_run(first)
    mirror.open_run(second)
    done = Run(
        RunId("b"), "run", "https://acme.zendesk.com", at(2), at(3), 3, "1 conflict", {"applied": 4}, "d"
    )
    mirror.close_run(done)
    assert mirror.read_runs() == (done, first)
    assert mirror.read_runs(limit=1) == (done,)
    with pytest.raises(MirrorError, match="run c"):
        mirror.close_run(Run(RunId("c"), "run", "", at(2)))


def decision(ticket_id: int, minutes: float, **values: Any) -> DecisionRecord:
    usual = {"outcome": "assigned", "rule": "vip", "tier": "2", "rules_digest": "d1", "reason": "because"}
    return DecisionRecord(TicketId(ticket_id), RunId("r"), at(minutes), **{**usual, **values})


def test_decisions_are_kept_when_they_differ(mirror: MirrorStore) -> None:
    """The same decision twice is kept once; another rule, tier, outcome or rule set is kept; the reason is no difference."""
    mirror.record_decisions([decision(1, 1), decision(2, 1), decision(1, 1.5)])
    mirror.record_decisions([decision(1, 2, reason="since then"), decision(2, 2, tier=None)])
    mirror.record_decisions([decision(1, 3, rules_digest="d2"), decision(2, 3)])
    mirror.record_decisions([])
    kept = [(row["ticket_id"], row["decided_at"]) for row in content(mirror, zdsync_decisions)]
    assert sorted(kept) == [(1, at(1)), (1, at(3)), (2, at(1)), (2, at(2)), (2, at(3))]


def test_a_rule_text_is_kept_once(mirror: MirrorStore) -> None:
    """The digest names the text; the first time it was used stays."""
    mirror.record_ruleset("d1", "tiers: []", at(1))
    mirror.record_ruleset("d1", "tiers: []", at(2))
    assert content(mirror, zdsync_rulesets) == [{"digest": "d1", "text": "tiers: []", "first_used_at": at(1)}]


def test_figures_add_up(mirror: MirrorStore, clock: FakeClock) -> None:
    """Tiers, first replies, weeks, ratings, groups and load of a small, known world; deleted tickets do not count."""
    assert clock.now() == NOW  # a Sunday: the running week is no whole week
    this_week, last_week = NOW - timedelta(days=1), NOW - timedelta(days=7)
    known = [
        rows.ticket(1, tags=["tier_1", "x"], group_id=1, assignee_id=30, created_at=last_week),
        rows.ticket(
            2, tags=["tier_1"], status="solved", group_id=1, satisfaction_score="good", created_at=last_week
        ),
        rows.ticket(3, tags=["tier_2"], status="pending", group_id=2, assignee_id=30, created_at=this_week),
        rows.ticket(4, status="closed", satisfaction_score="bad", created_at=last_week - timedelta(weeks=60)),
        rows.ticket(5, tags=["tierless", "tier_1"], status="deleted", created_at=last_week),
        rows.ticket(6, tags=["tier_1"], status="closed", satisfaction_score="offered", created_at=last_week),
    ]
    minutes = {1: 10, 2: 20, 6: 300, 3: 7, 5: 1}
    metrics = [
        rows.record(
            "ticket_metrics",
            id=id,
            ticket_id=id,
            reply_time_in_minutes_calendar=value,
            solved_at=last_week if id == 2 else None,
        )
        for id, value in minutes.items()
    ]
    people = [rows.user(30, role="agent", name="Ada")]
    record_page(mirror, tickets_page(*known, ticket_metrics=metrics, users=people, groups=[rows.group(1)]))

    figures = mirror.read_figures()

    zero = dict.fromkeys(("new", "open", "pending", "hold", "solved", "closed", "unsolved", "total"), 0)
    assert figures["tiers"] == [
        {**zero, "tier": "1", "open": 1, "solved": 1, "closed": 1, "unsolved": 1, "total": 3},
        {**zero, "tier": "2", "pending": 1, "unsolved": 1, "total": 1},
        {**zero, "tier": None, "closed": 1, "total": 1},
    ]
    assert figures["first_reply"] == [
        {"tier": "1", "tickets": 3, "median_minutes": 20, "p90_minutes": 300},
        {"tier": "2", "tickets": 1, "median_minutes": 7, "p90_minutes": 7},
    ]
    weeks = figures["weeks"]
    assert [week["week"] for week in weeks] == [f"2026-W{number}" for number in range(39, 47)]
    assert weeks[-1] == {"week": "2026-W46", "created": 3, "solved": 1}
    assert sum(week["created"] + week["solved"] for week in weeks[:-1]) == 0
    assert figures["satisfaction"] == [{"good": 1, "bad": 1, "share": 0.5}]
    assert figures["groups"] == [
        {"group": "Group 1", "tickets": 2, "unsolved": 1},
        {"group": "2", "tickets": 1, "unsolved": 1},
        {"group": None, "tickets": 2, "unsolved": 0},
    ]
    assert figures["assignees"] == [{"assignee": "Ada", "unsolved": 2}]
    json.dumps(figures)
    assert [row["tier"] for row in mirror.read_figures(tag_prefix="tier")["tiers"]] == ["_1", "_2", None]


def test_figures_of_an_empty_mirror_are_empty(mirror: MirrorStore) -> None:
    """No ticket: no tier, no share, eight weeks of nothing."""
    figures = mirror.read_figures()
    assert figures["tiers"] == figures["first_reply"] == figures["groups"] == figures["assignees"] == []
    assert figures["satisfaction"] == [{"good": 0, "bad": 0, "share": None}]
    assert len(figures["weeks"]) == 8


def test_chunks_of_unsolved_tickets_are_found_without_sorting(sqlite_url: str, clock: FakeClock) -> None:
    """Reading all unsolved tickets costs what there is once, not once per chunk."""
    with open_mirror(sqlite_url, clock=clock) as mirror, mirror.database.reading() as connection:
        plan = text(f"EXPLAIN QUERY PLAN {unsolved_query(is_sqlite=True)}")
        (step,) = connection.execute(plan, {"last": 5}).all()
        assert "USING INDEX tickets_unsolved (id>?)" in step.detail
