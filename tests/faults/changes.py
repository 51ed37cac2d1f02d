"""Plans made by hand, so that a test chooses how much is written, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.house import URL, House
from zdsync.model import RunId, TicketId
from zdsync.plan.model import LABELLED, FieldDiff, Plan, TicketChange
from zdsync.ports.runs import Run
from zdsync.runs.apply import Applier
from zdsync.runs.cycle import Workplace
from zdsync.runs.outcomes import Applied

LABEL = "seen"


def new_tickets(house: House, count: int) -> list[int]:
    """So many new tickets of customers, two minutes old."""
    ids = [house.control.customer_creates("Help", "Please help.") for _ in range(count)]
    house.advance(120)
    return ids


def label(house: House, id: int, **given: Any) -> TicketChange:
    """One tag on one ticket, under its present stamp."""
    row = house.sandbox.world.tickets[id]
    ordinary: dict[str, Any] = {
        "ticket_id": TicketId(id),
        "updated_stamp": datetime.fromtimestamp(row.updated, UTC),
        "kind": LABELLED,
        "rule": "seen",
        "reason": "A label for the test",
        "tier": None,
        "add_tags": (LABEL,),
        "tags": tuple(sorted({*row.tags, LABEL})),
    }
    return TicketChange(**{**ordinary, **given})


def solve(house: House, id: int) -> TicketChange:
    return label(house, id, add_tags=(), fields=(FieldDiff("status", "new", "solved"),))


def plan_of(house: House, changes: Sequence[TicketChange]) -> Plan:
    return Plan(URL, house.clock.now(), house.clock.now(), "digest", len(changes), (), tuple(changes))


def labels(house: House, ids: Sequence[int]) -> Plan:
    return plan_of(house, [label(house, id) for id in ids])


def applied(place: Workplace, plan: Plan, run: str = "by-hand") -> Applied:
    """The plan carried out, under a run of its own."""
    id = RunId(run)
    place.mirror.open_run(Run(id, "apply", URL, place.clock.now()))
    return Applier(place.source, place.writer, place.mirror, place.journal, place.clock, id).apply(plan)


def before_the_first_write(act: Any) -> Any:
    """A wrapper of ports that lets something happen just before the first batch goes out."""

    def wrap(name: str, port: Any) -> Any:
        return _Interrupted(port, act) if name == "writer" else port

    return wrap


class _Interrupted:
    def __init__(self, port: Any, *acts: Any) -> None:
        self._port = port
        self._acts: Iterator[Any] = iter(acts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def submit_updates(self, updates: Any) -> Any:
        """The same, after the next thing has happened."""
        act = next(self._acts, None)
        if act is not None:
            act(updates)
        return self._port.submit_updates(updates)
