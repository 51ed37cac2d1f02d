"""Figures for people, read in the database: cracks, targets, returns, and a ticket's kept decisions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Row, Select, and_, case, column, func, or_, select, table

from zdsync.mirror.columns import Moment
from zdsync.mirror.engine import Database
from zdsync.mirror.tables_account import group_memberships as members
from zdsync.mirror.tables_account import groups, users
from zdsync.mirror.tables_own import zdsync_decisions as decisions
from zdsync.mirror.tables_tickets import tickets
from zdsync.mirror.tables_way import tier_targets as targets
from zdsync.mirror.views_way import KINDS
from zdsync.model import RunId, TicketId
from zdsync.ports.runs import DecisionRecord
from zdsync.runs.insight import Bouncer, CrackRow, OpenTarget, PingPong, ReturnSum, TargetSum
from zdsync.tiers.promises import Kept

_cracks = table(
    "cracks",
    *map(column, "ticket_id crack tier status group_id group_name assignee_id assignee_name".split()),
    column("since", Moment),
)
_moves = table(
    "tier_moves",
    *map(column, "ticket_id from_tier to_tier moved_by detour_minutes".split()),
    column("moved_at", Moment),
    column("is_return", Boolean),
)


class RowInsight:
    """The port `Insight` on the mirror's views and tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_cracks(self) -> tuple[CrackRow, ...]:
        with self._database.reading() as connection:
            found = [CrackRow(**row) for row in connection.execute(select(_cracks)).mappings()]
        rank = {kind: place for place, kind in enumerate(KINDS)}
        return tuple(
            sorted(found, key=lambda row: (rank[row.crack], row.since is None, row.since, row.ticket_id))
        )

    def read_desks(self) -> Mapping[int, tuple[str, ...]]:
        query = (
            select(members.c.group_id, users.c.name, users.c.id)
            .join(users, users.c.id == members.c.user_id)
            .where(
                members.c.deleted_at.is_(None),
                users.c.deleted_at.is_(None),
                users.c.active.is_not(False),
                users.c.suspended.is_not(True),
                users.c.role.in_(("agent", "admin")),
            )
            .order_by(members.c.group_id, users.c.name, users.c.id)
        )
        desks: defaultdict[int, list[str]] = defaultdict(list)
        with self._database.reading() as connection:
            for group_id, name, id in connection.execute(query):
                desks[group_id].append(name or f"user {id}")
        return {group_id: tuple(names) for group_id, names in desks.items()}

    def read_open_targets(self) -> tuple[OpenTarget, ...]:
        query = (
            select(
                targets.c.ticket_id,
                targets.c.kind,
                targets.c.tier,
                targets.c.priority,
                targets.c.promised,
                targets.c.due_at,
                targets.c.state,
                groups.c.name.label("group"),
                users.c.name.label("assignee"),
            )
            .join(tickets, tickets.c.id == targets.c.ticket_id)
            .outerjoin(groups, groups.c.id == tickets.c.group_id)
            .outerjoin(users, users.c.id == tickets.c.assignee_id)
            .where(targets.c.ended_at.is_(None))
            .order_by(targets.c.due_at.is_(None), targets.c.due_at, targets.c.ticket_id, targets.c.kind)
        )
        with self._database.reading() as connection:
            return tuple(OpenTarget(**row) for row in connection.execute(query).mappings())

    def read_target_sums(self, since: datetime) -> tuple[TargetSum, ...]:
        is_open = targets.c.ended_at.is_(None)

        def counted(state: Kept, *conditions: Any) -> Any:
            hit = case((and_(targets.c.state == state.value, *conditions), 1), else_=0)
            return func.sum(hit)

        query = (
            select(
                targets.c.tier,
                targets.c.kind,
                counted(Kept.MET),
                counted(Kept.MISSED),
                counted(Kept.DUE),
                counted(Kept.MISSED, is_open),
            )
            .where(or_(is_open, targets.c.started_at >= since))
            .group_by(targets.c.tier, targets.c.kind)
            .order_by(targets.c.tier, targets.c.kind)
        )
        with self._database.reading() as connection:
            return tuple(
                TargetSum(tier, kind, *map(int, counts)) for tier, kind, *counts in connection.execute(query)
            )

    def read_ping_pong(self, since: datetime, most: int) -> PingPong:
        """One scan of the view: its returns by ticket, tiers and whose doing, and a row for each ticket's other moves."""
        of_return = [
            case((_moves.c.is_return, column)).label(column.name)
            for column in (_moves.c.to_tier, _moves.c.from_tier, _moves.c.moved_by)
        ]
        query: Select[Any] = (
            select(
                _moves.c.ticket_id,
                *of_return,
                func.count().label("returns"),
                func.sum(_moves.c.detour_minutes).label("minutes"),
                func.max(case((_moves.c.is_return, _moves.c.moved_at))).label("last_at"),
            )
            .where(_moves.c.moved_at >= since)
            .group_by(_moves.c.ticket_id, *of_return)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        returns = [row for row in rows if row.to_tier is not None]
        return PingPong(_pairs(returns), _bouncers(returns)[:most], len({row.ticket_id for row in rows}))

    def read_decisions(self, ticket_id: TicketId) -> tuple[DecisionRecord, ...]:
        query = select(decisions).where(decisions.c.ticket_id == ticket_id).order_by(decisions.c.id)
        with self._database.reading() as connection:
            return tuple(
                DecisionRecord(
                    TicketId(row.ticket_id),
                    RunId(row.run_id),
                    row.decided_at,
                    row.outcome,
                    row.rule,
                    row.tier,
                    row.rules_digest,
                    row.reason,
                )
                for row in connection.execute(query)
            )


def _pairs(rows: Sequence[Row[Any]]) -> tuple[ReturnSum, ...]:
    """Returns by tier and the tier they came back from, most first."""
    grouped: defaultdict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.to_tier, row.from_tier].append(row)
    pairs = (_pair(home, away, found) for (home, away), found in grouped.items())
    return tuple(sorted(pairs, key=lambda pair: (-pair.returns, pair.home, pair.away)))


def _pair(home: str, away: str, rows: Sequence[Row[Any]]) -> ReturnSum:
    by: Counter[str] = Counter()
    for row in rows:
        by[row.moved_by] += row.returns
    minutes = sum(int(row.minutes) for row in rows)
    tickets = len({row.ticket_id for row in rows})
    return ReturnSum(home, away, by.total(), tickets, minutes, tuple(sorted(by.items())))


def _bouncers(rows: Sequence[Row[Any]]) -> tuple[Bouncer, ...]:
    """Tickets that came back, those with the most returns first, then the dearest."""
    grouped: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.ticket_id].append(row)
    found = (
        Bouncer(
            TicketId(id),
            sum(row.returns for row in of_ticket),
            sum(int(row.minutes) for row in of_ticket),
            max(row.last_at for row in of_ticket),
        )
        for id, of_ticket in grouped.items()
    )
    return tuple(sorted(found, key=lambda one: (-one.returns, -one.minutes, one.ticket_id)))
