"""The small tables of the text report, aggregated in the database; the same figures on SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from zdsync.mirror.base import UNSOLVED_ALIVE
from zdsync.mirror.tables_account import groups, users
from zdsync.mirror.tables_tickets import ticket_metrics, ticket_tags, tickets
from zdsync.model import STATUS_ORDER, UNSOLVED
from zdsync.streams import Record

WEEKS = 8
TOP = 10

_ALIVE = tickets.c.deleted_at.is_(None)


def read_figures(connection: Connection, now: datetime, tag_prefix: str) -> Mapping[str, Sequence[Record]]:
    """The report's tables by name, of living tickets; times UTC, no order but the one told here.

    tiers         tier (None: no tier tag), a count per status, unsolved, total; by tier
    first_reply   tier, tickets, median_minutes, p90_minutes (calendar minutes, of tickets that had a reply); by tier
    weeks         week (2026-W46), created, solved (by their last solving): the last 8 whole ISO weeks, oldest first
    satisfaction  good, bad, share (good of both, None without ratings): one row
    groups        group (None: no group), tickets, unsolved; most unsolved first
    assignees     assignee, unsolved; the ten with the most

    A ticket with two tier tags counts under both.
    """
    return {
        "tiers": _tiers(connection, tag_prefix),
        "first_reply": _first_reply(connection, tag_prefix),
        "weeks": _weeks(connection, now),
        "satisfaction": _satisfaction(connection),
        "groups": _groups(connection),
        "assignees": _assignees(connection),
    }


def _is_tier_of_ticket(tag_prefix: str) -> ColumnElement[bool]:
    return and_(
        ticket_tags.c.ticket_id == tickets.c.id, ticket_tags.c.tag.startswith(tag_prefix, autoescape=True)
    )


def _tiers(connection: Connection, tag_prefix: str) -> list[Record]:
    query = (
        select(ticket_tags.c.tag, tickets.c.status, func.count())
        .select_from(tickets)
        .outerjoin(ticket_tags, _is_tier_of_ticket(tag_prefix))
        .where(_ALIVE)
        .group_by(ticket_tags.c.tag, tickets.c.status)
    )
    counts: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    for tag, status, count in connection.execute(query):
        counts[tag][status or ""] += count
    return [
        {
            "tier": _tier(tag, tag_prefix),
            **{status: by_status[status] for status in STATUS_ORDER},
            "unsolved": sum(by_status[status] for status in UNSOLVED),
            "total": by_status.total(),
        }
        for tag, by_status in sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or ""))
    ]


def _tier(tag: str | None, tag_prefix: str) -> str | None:
    return None if tag is None else tag.removeprefix(tag_prefix)


def _first_reply(connection: Connection, tag_prefix: str) -> list[Record]:
    minutes = ticket_metrics.c.reply_time_in_minutes_calendar
    query = (
        select(ticket_tags.c.tag, minutes, func.count())
        .select_from(tickets)
        .join(ticket_metrics, ticket_metrics.c.ticket_id == tickets.c.id)
        .outerjoin(ticket_tags, _is_tier_of_ticket(tag_prefix))
        .where(_ALIVE, minutes.is_not(None))
        .group_by(ticket_tags.c.tag, minutes)
        .order_by(minutes)
    )
    spread: defaultdict[str | None, list[tuple[int, int]]] = defaultdict(list)
    for tag, value, count in connection.execute(query):
        spread[tag].append((value, count))
    return [
        {
            "tier": _tier(tag, tag_prefix),
            "tickets": sum(count for _, count in values),
            "median_minutes": percentile(values, 0.5),
            "p90_minutes": percentile(values, 0.9),
        }
        for tag, values in sorted(spread.items(), key=lambda item: (item[0] is None, item[0] or ""))
    ]


def percentile(spread: Sequence[tuple[int, int]], share: float) -> int:
    """The smallest value that at least `share` of all are not above; `spread` is (value, how often), rising."""
    needed = share * sum(count for _, count in spread)
    seen = 0
    for value, count in spread:
        seen += count
        if seen >= needed:
            return value
    return spread[-1][0]


def _weeks(connection: Connection, now: datetime) -> list[Record]:
    this_monday = now.date() - timedelta(days=now.weekday())
    mondays = [this_monday - timedelta(weeks=back) for back in range(WEEKS, 0, -1)]
    start = datetime.combine(mondays[0], datetime.min.time(), now.tzinfo)
    end = start + timedelta(weeks=WEEKS)
    created = func.date(tickets.c.created_at)
    by_creation = (
        select(created, func.count())
        .where(_ALIVE, tickets.c.created_at >= start, tickets.c.created_at < end)
        .group_by(created)
    )
    solved = func.date(ticket_metrics.c.solved_at)
    by_solving = (
        select(solved, func.count())
        .select_from(ticket_metrics)
        .join(tickets, tickets.c.id == ticket_metrics.c.ticket_id)
        .where(_ALIVE, ticket_metrics.c.solved_at >= start, ticket_metrics.c.solved_at < end)
        .group_by(solved)
    )
    came = _by_week((day, count) for day, count in connection.execute(by_creation))
    went = _by_week((day, count) for day, count in connection.execute(by_solving))
    weeks = [_week(monday) for monday in mondays]
    return [{"week": week, "created": came[week], "solved": went[week]} for week in weeks]


def _by_week(days: Iterable[tuple[date | str, int]]) -> Counter[str]:
    weeks: Counter[str] = Counter()
    for day, count in days:
        weeks[_week(date.fromisoformat(str(day)))] += count
    return weeks


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _satisfaction(connection: Connection) -> list[Record]:
    score = tickets.c.satisfaction_score
    query = select(score, func.count()).where(_ALIVE, score.in_(("good", "bad"))).group_by(score)
    counts = {row[0]: row[1] for row in connection.execute(query)}
    good, bad = counts.get("good", 0), counts.get("bad", 0)
    return [{"good": good, "bad": bad, "share": good / (good + bad) if good + bad else None}]


def _groups(connection: Connection) -> list[Record]:
    unsolved = func.coalesce(func.sum(case((tickets.c.status.in_(UNSOLVED), 1), else_=0)), 0)
    query = (
        select(tickets.c.group_id, groups.c.name, func.count(), unsolved)
        .select_from(tickets)
        .outerjoin(groups, groups.c.id == tickets.c.group_id)
        .where(_ALIVE)
        .group_by(tickets.c.group_id, groups.c.name)
        .order_by(unsolved.desc(), func.count().desc(), tickets.c.group_id)
    )
    return [
        {"group": name or (None if id is None else str(id)), "tickets": count, "unsolved": int(open_count)}
        for id, name, count, open_count in connection.execute(query)
    ]


def _assignees(connection: Connection) -> list[Record]:
    load = (
        select(tickets.c.assignee_id, func.count().label("unsolved"))
        .where(UNSOLVED_ALIVE, tickets.c.assignee_id.is_not(None))
        .group_by(tickets.c.assignee_id)
        .order_by(func.count().desc(), tickets.c.assignee_id)
        .limit(TOP)
        .subquery()
    )
    query = (
        select(load.c.assignee_id, users.c.name, load.c.unsolved)
        .select_from(load)
        .outerjoin(users, users.c.id == load.c.assignee_id)
        .order_by(load.c.unsolved.desc(), load.c.assignee_id)
    )
    return [{"assignee": name or str(id), "unsolved": count} for id, name, count in connection.execute(query)]
