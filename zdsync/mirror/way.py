"""Which tickets to decide anew, what was decided of the others, and the tickets' stays in tiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy import text as sql

from zdsync.mirror.base import UNSOLVED_ALIVE, unsolved_index
from zdsync.mirror.batches import Among, in_batches
from zdsync.mirror.notices import record_notices
from zdsync.mirror.tables_account import organizations, users
from zdsync.mirror.tables_tickets import tickets
from zdsync.mirror.tables_way import tier_stays, tier_targets, zdsync_due, zdsync_state, zdsync_touched
from zdsync.mirror.upsert import upsert
from zdsync.model import JoinKeys, TicketId
from zdsync.plan.model import ComingUp
from zdsync.ports.way import Agenda, Joined, Standing, StayRecord, Way
from zdsync.streams import Page, Record
from zdsync.tiers.model import WAITING, Verdict

_EPOCH, _LADDER = "decided_by", "ladder"
_FINISHED_A_RUN = 2_000
"""How many finished tickets a run looks at for their stays alone: the rest waits for the next ones."""
_AT_A_TIME = 500
_TOLD = WAITING | {Verdict.CONTESTED}
"""What a plan tells of ticket by ticket, or rule by rule, though nothing is decided anew."""
_OF_A_STAY = tuple(field.name for field in fields(StayRecord))

# Touching


def touch(connection: Connection, ids: Iterable[int]) -> None:
    """Something has happened to these tickets: the next run decides them."""
    touched = sorted(set(ids))
    if not touched:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_TOUCH.format("VALUES (?, 1)"), [(id,) for id in touched])
    else:
        connection.exec_driver_sql(_TOUCH.format("SELECT unnest(%s::bigint[]), 1"), (touched,))


_TOUCH = (
    "INSERT INTO zdsync_touched (ticket_id, times) {} "
    "ON CONFLICT (ticket_id) DO UPDATE SET times = zdsync_touched.times + 1"
)
_OF_TICKETS = (
    "ticket_events",
    "ticket_comments",
    "text_findings",
    "ticket_metric_events",
    "amended_comments",
)


def changed_people(connection: Connection, page: Page) -> dict[str, set[int]]:
    """The users and organizations of a page that differ in age from what is stored; to be asked before they are written."""
    changed: dict[str, set[int]] = {}
    for name, table in (("users", users), ("organizations", organizations)):
        came = {
            row["id"]: row.get("updated_at") for row in page.rows.get(name, ()) if abs(row["id"]) < 1 << 63
        }
        if came:
            query = select(table.c.id, table.c.updated_at).where(Among(table.c.id))
            stored = {
                row.id: row.updated_at
                for batch in in_batches(came)
                for row in connection.execute(query, {"ids": batch})
            }
            changed[name] = {id for id, at in came.items() if stored.get(id, id) != at}
    return changed


def touch_page(connection: Connection, page: Page, people: Mapping[str, Collection[int]]) -> None:
    """Touch every ticket about which a page says something, and those of the people that it has changed."""
    ids = {row["id"] for row in page.rows.get(tickets.name, ())}
    for name in _OF_TICKETS:
        ids |= {row["ticket_id"] for row in page.rows.get(name, ()) if row.get("ticket_id") is not None}
    touch(connection, ids)
    touch_of_people(connection, people)


def touch_of_people(connection: Connection, people: Mapping[str, Collection[int]]) -> None:
    """Touch the unsolved tickets of these users and organizations, by table."""
    ids: set[int] = set()
    for name, column in (("users", tickets.c.requester_id), ("organizations", tickets.c.organization_id)):
        query = select(tickets.c.id).where(Among(column), UNSOLVED_ALIVE)
        for batch in in_batches(people.get(name, ())):
            ids.update(connection.scalars(query, {"ids": batch}))
    touch(connection, ids)


def touch_finished(connection: Connection) -> None:
    """Touch every ticket that is not unsolved, so that its stays are told anew in the runs to come."""
    connection.exec_driver_sql(
        "INSERT INTO zdsync_touched (ticket_id, times) SELECT id, 1 FROM tickets "
        "WHERE deleted_at IS NULL AND status NOT IN ('new', 'open', 'pending', 'hold') "
        "ON CONFLICT (ticket_id) DO NOTHING"
    )


# What to decide


def read_agenda(connection: Connection, epoch: str, now: datetime) -> Agenda:
    """The tickets to decide; all of them when rules or account are others than when they were decided last."""
    is_whole = _read_state(connection, _EPOCH) != epoch
    # Joined, SQLite would go through all unsolved tickets; without the index's name, through the tickets themselves.
    index = unsolved_index(is_sqlite=connection.dialect.name == "sqlite")
    is_unsolved = (
        f"EXISTS (SELECT 1 FROM tickets {index} WHERE id = zdsync_touched.ticket_id AND {UNSOLVED_ALIVE})"  # noqa: S608 - our own words
    )
    of_unsolved = select(zdsync_touched).where(sql(is_unsolved))
    rest = (
        select(zdsync_touched)
        .where(sql(f"NOT {is_unsolved}"))
        .order_by(zdsync_touched.c.ticket_id)
        .limit(_FINISHED_A_RUN)
    )
    touched = {TicketId(row.ticket_id): row.times for row in connection.execute(of_unsolved)}
    finished = {TicketId(row.ticket_id): row.times for row in connection.execute(rest)}
    if is_whole:
        return Agenda(None, touched, finished)
    due = connection.scalars(select(zdsync_due.c.ticket_id).where(zdsync_due.c.due_at <= now))
    return Agenda(frozenset({*touched, *map(TicketId, due)}), touched, finished)


def read_standing(connection: Connection, without: Collection[TicketId]) -> Standing:
    """What was decided of the unsolved tickets that are not to be decided now."""
    counts = {
        row.outcome: row.tickets
        for row in connection.execute(
            select(zdsync_due.c.outcome, func.count().label("tickets")).group_by(zdsync_due.c.outcome)
        )
    }
    query = select(zdsync_due.c.outcome).where(Among(zdsync_due.c.ticket_id))
    for batch in in_batches(without):
        for outcome in connection.scalars(query, {"ids": batch}):
            counts[outcome] -= 1
    told = select(zdsync_due).where(zdsync_due.c.outcome.in_([verdict.value for verdict in _TOLD]))
    left_out = set(without)
    rows = [
        row
        for row in connection.execute(told.order_by(zdsync_due.c.ticket_id))
        if row.ticket_id not in left_out
    ]
    is_contested = Verdict.CONTESTED.value
    return Standing(
        counts={outcome: count for outcome, count in counts.items() if count},
        waiting=tuple((TicketId(row.ticket_id), row.reason) for row in rows if row.outcome != is_contested),
        contested=Counter(row.rule for row in rows if row.outcome == is_contested and row.rule),
    )


def read_joined(connection: Connection) -> Iterator[Joined]:
    """The decided tickets with what rows of other tables are joined to them by, some hundred at a time."""
    unsolved = select(tickets.c.id, tickets.c.requester_id, tickets.c.organization_id)
    ticket = unsolved.where(UNSOLVED_ALIVE).subquery("ticket")
    company = organizations.c
    query = (
        select(
            ticket.c.id,
            users.c.email,
            company.name,
            company.external_id,
            company.domain_names,
            zdsync_due.c.external,
        )
        .select_from(
            ticket.join(zdsync_due, zdsync_due.c.ticket_id == ticket.c.id)
            .outerjoin(users, users.c.id == ticket.c.requester_id)
            .outerjoin(organizations, company.id == ticket.c.organization_id)
        )
        .execution_options(yield_per=_AT_A_TIME)
    )
    for row in connection.execute(query):
        keys = JoinKeys(row.email, row.name, row.external_id, tuple(row.domain_names or ()))
        yield Joined(TicketId(row.id), keys, row.external)


def read_coming(connection: Connection) -> tuple[ComingUp, ...]:
    """The moves by clocks that are over their `warn_at`, the nearest first."""
    query = (
        select(zdsync_due.c.ticket_id, zdsync_due.c.next_rule, zdsync_due.c.next_move_at)
        .where(zdsync_due.c.next_move_at.is_not(None))
        .order_by(zdsync_due.c.next_move_at, zdsync_due.c.ticket_id)
    )
    return tuple(
        ComingUp(TicketId(row.ticket_id), row.next_rule, row.next_move_at)
        for row in connection.execute(query)
    )


# What was decided


def record_ways(connection: Connection, ways: Sequence[Way], agenda: Agenda, at: datetime) -> None:
    """Keep what was decided and when to look again, stays and targets anew, and take the tickets off the list of touched ones.

    A ticket that was touched again meanwhile stays on it.
    """
    ids = [way.ticket_id for way in ways]
    for batch in in_batches([way.ticket_id for way in ways if way.stays is not None]):
        connection.execute(delete(tier_stays).where(tier_stays.c.ticket_id.in_(batch)))
    for batch in in_batches([way.ticket_id for way in ways if way.targets is not None]):
        connection.execute(delete(tier_targets).where(tier_targets.c.ticket_id.in_(batch)))
    upsert(connection, tier_stays, [row for way in ways for row in _stays(way)])
    upsert(
        connection,
        tier_targets,
        [{"ticket_id": way.ticket_id, **asdict(each)} for way in ways for each in way.targets or ()],
    )
    record_notices(connection, ways)
    upsert(connection, zdsync_due, [_due(way, at) for way in ways if way.outcome])
    for batch in in_batches([way.ticket_id for way in ways if not way.outcome]):
        connection.execute(delete(zdsync_due).where(zdsync_due.c.ticket_id.in_(batch)))
    seen = [
        {"of": id, "seen": times}
        for id in ids
        if (times := agenda.touched.get(id, agenda.finished.get(id))) is not None
    ]
    if seen:
        this = zdsync_touched.c.ticket_id == bindparam("of"), zdsync_touched.c.times == bindparam("seen")
        connection.execute(delete(zdsync_touched).where(*this), seen)


def _due(way: Way, at: datetime) -> Record:
    coming = way.coming
    return {
        "ticket_id": way.ticket_id,
        "due_at": at if way.is_pending else way.due_at,
        "decided_at": at,
        "outcome": way.outcome,
        "rule": way.rule,
        "reason": way.reason,
        "next_rule": coming.rule if coming else None,
        "next_move_at": coming.at if coming else None,
        "external": way.external,
        **asdict(way.signs),
    }


def _stays(way: Way) -> Iterable[Record]:
    for position, stay in enumerate(way.stays or ()):
        told = {
            name: getattr(stay, name) for name in _OF_A_STAY
        }  # `asdict` copies each value: ten times the cost
        yield {"ticket_id": way.ticket_id, "position": position, **told}


def record_epoch(connection: Connection, epoch: str, ladder: str, agenda: Agenda, at: datetime) -> None:
    """All unsolved tickets are decided by `epoch` now; when the ladder is another, finished ones get stays anew."""
    if agenda.ids is None:
        connection.execute(delete(zdsync_due).where(zdsync_due.c.decided_at < at))
    if _read_state(connection, _LADDER) != ladder:
        touch_finished(connection)
    states = {_EPOCH: epoch, _LADDER: ladder}
    upsert(connection, zdsync_state, [{"name": name, "value": value} for name, value in states.items()])


def forget_epoch(connection: Connection) -> None:
    """Rows were changed past all pages: the next run decides every ticket."""
    connection.execute(delete(zdsync_state).where(zdsync_state.c.name == _EPOCH))


def _read_state(connection: Connection, name: str) -> str | None:
    return connection.scalar(select(zdsync_state.c.value).where(zdsync_state.c.name == name))
