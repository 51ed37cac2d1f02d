"""What each row of a mirror must be, from the sandbox's own state alone: nothing here asks the product's conversion."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Table

from zdsync.detect import mask
from zdsync.mirror.base import OWN_COLUMNS
from zdsync.mirror.columns import Json as JsonType
from zdsync.mirror.columns import Moment
from zdsync.mirror.schema import MIRRORED
from zdsync.sandbox import render, truth
from zdsync.sandbox.control import Control
from zdsync.sandbox.records import Audit, Change, Comment, Ticket
from zdsync.sandbox.world import World

Row = dict[str, Any]
Key = int | str

LISTS: Mapping[str, str] = {
    **{
        name: name for name in ("groups", "group_memberships", "ticket_fields", "user_fields", "ticket_forms")
    },
    **{name: name for name in ("organization_fields", "brands", "custom_statuses", "views", "triggers")},
    **{name: name for name in ("automations", "macros", "satisfaction_ratings")},
    "sla_policies": "slas/policies",
    "schedules": "business_hours/schedules",
}
"""Tables of the mirror whose rows are plain rows of the sandbox, by its name for them."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EMPTY: tuple[Any, ...] = (None, False, [])


def plain(value: Any) -> Any:
    """A value as JSON brings it, and as a database can keep it."""
    return json.loads(
        _UNSTORABLE.sub("\ufffd", json.dumps(value, ensure_ascii=False).replace("\\u0000", "\x00"))
    )


def masked(value: Any, *, keys: frozenset[str] | None = None) -> Any:
    """The value with every text in it masked; in an object only under `keys`, if they are given.

    The address that a ticket was sent to is the account's own.
    """
    if isinstance(value, str):
        return mask(value)[0]
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, dict):
        is_ours = value.get("field_name") == "recipient"
        wanted = (value.keys() if keys is None else keys) - (
            {"recipient", "value"} if is_ours else {"recipient"}
        )
        return {key: masked(item) if key in wanted else item for key, item in value.items()}
    return value


def columns_of(table: Table) -> list[Column[Any]]:
    """The columns that hold what the account says."""
    return [column for column in table.columns if column.name not in OWN_COLUMNS | {"raw"}]


def typed(table: Table, row: Row, **more: Any) -> Row:
    """The row's columns and `raw`, from an object of the API; `more` gives columns that are no field of it."""
    given = row | more
    return {column.name: _cast(column, given.get(column.name)) for column in columns_of(table)} | {"raw": row}


def _cast(column: Column[Any], value: Any) -> Any:
    kind: Any = column.type
    if value is None:
        return [] if isinstance(kind, JsonType) and column.name in _LISTED else None
    if isinstance(kind, JsonType):
        return value
    if isinstance(kind, Moment):
        return value if isinstance(value, datetime) else datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(kind, BigInteger):
        return int(value)
    return bool(value) if isinstance(kind, Boolean) else str(value)


_LISTED = frozenset(
    "tags domain_names custom_fields custom_field_options actions intervals policy_metrics ticket_field_ids".split()
)


class Expected:
    """The rows of every table, by key; `texts` and `gone` tell which of them the account no longer shows."""

    def __init__(self, control: Control, world: World) -> None:
        self._control, self._world = control, world
        self.rows: defaultdict[str, dict[Key, Row]] = defaultdict(dict)
        self.findings: dict[tuple[int, int, str], tuple[bool, int]] = {}
        for fill in (self._people, self._lists, self._tickets, self._metrics, self._tags):
            fill()

    def _keep(self, table: str, rows: Iterator[Row], key: str = "id") -> None:
        self.rows[table] |= {row[key]: row for row in rows}

    def _truth(self, name: str) -> list[Row]:
        found: list[Row] = plain(self._control.truth(name))
        return found

    def _people(self) -> None:
        for name in ("users", "organizations"):
            self._keep(name, (typed(MIRRORED[name], row) for row in self._truth(name)))

    def _lists(self) -> None:
        for name, theirs in LISTS.items():
            rows = self._truth(theirs)
            if name == "satisfaction_ratings":
                rows = [masked(row, keys=frozenset({"comment"})) for row in rows]
            self._keep(name, (typed(MIRRORED[name], row) for row in rows))
        for field in self._truth("ticket_fields"):
            for place, option in enumerate(field.get("custom_field_options") or ()):
                more = {"ticket_field_id": field["id"], "position": place}
                self._keep(
                    "ticket_field_options", iter([typed(MIRRORED["ticket_field_options"], option, **more)])
                )
        for schedule, holidays in plain(self._world.holidays).items():
            table = MIRRORED["schedule_holidays"]
            self._keep("schedule_holidays", (typed(table, row, schedule_id=schedule) for row in holidays))

    def _tickets(self) -> None:
        table = MIRRORED["tickets"]
        for row in map(masked_ticket, self._truth("tickets")):
            via, rating = row["via"], row["satisfaction_rating"] or {}
            more = {"via_channel": via["channel"], "via_source_rel": via["source"]["rel"]}
            self._keep("tickets", iter([typed(table, row, **more, satisfaction_score=rating.get("score"))]))
        for ticket in self._world.tickets.values():
            if not ticket.is_scrubbed:
                self._find(ticket)

    def _find(self, ticket: Ticket) -> None:
        """What detectors find in the ticket's own texts and in each of its comments."""
        row = plain(truth.read(self._world, "tickets", ticket.id))
        rating = (row["satisfaction_rating"] or {}).get("comment")
        texts = [
            row["subject"],
            row["description"],
            rating,
            *(field["value"] for field in row["custom_fields"]),
        ]
        self._count(ticket.id, 0, texts, is_public=ticket.is_public)
        for audit in ticket.audits:
            for place, event in enumerate(audit.events):
                if isinstance(event, Comment):
                    said = [plain(event.body)]
                    self._count(ticket.id, audit.event_id(place), said, is_public=event.is_public)

    def _count(self, ticket: int, comment: int, texts: list[Any], *, is_public: bool) -> None:
        for text in texts:
            for detector, count in (mask(text)[1] if isinstance(text, str) else {}).items():
                before = self.findings.get((ticket, comment, detector), (is_public, 0))[1]
                self.findings[ticket, comment, detector] = (is_public, before + count)

    def _metrics(self) -> None:
        table = MIRRORED["ticket_metrics"]
        for row in self._truth("ticket_metrics"):
            minutes = {
                f"{name}_{kind}": figure
                for name, figures in row.items()
                if name.endswith("_in_minutes")
                for kind, figure in figures.items()
            }
            self._keep("ticket_metrics", iter([typed(table, row, **minutes)]))
        table = MIRRORED["ticket_metric_events"]
        for row in self._truth("ticket_metric_events"):
            status = {f"status_{kind}": figure for kind, figure in row.get("status", {}).items()}
            self._keep("ticket_metric_events", iter([typed(table, row, **status)]))

    def _tags(self) -> None:
        since = self._world.clock.now() - 60 * 86_400
        counts: defaultdict[str, int] = defaultdict(int)
        for ticket in self._world.living_tickets():
            for tag in ticket.tags if ticket.updated >= since else ():
                counts[tag] += 1
        rows = ({"name": tag, "count": count} for tag, count in counts.items())
        self._keep("tags", (typed(MIRRORED["tags"], row) for row in rows), key="name")


_TICKET_TEXTS = frozenset("subject raw_subject description custom_fields fields via".split())


def masked_ticket(row: Row) -> Row:
    """A ticket's row with its free texts masked; custom fields are texts all through."""
    found: Row = masked(row, keys=_TICKET_TEXTS)
    if found["satisfaction_rating"]:
        found["satisfaction_rating"] = masked(found["satisfaction_rating"], keys=frozenset({"comment"}))
    return found


def without_empty_fields(row: Row) -> Row:
    """A ticket's row without what the account shows of fields that the ticket has no value of, and of who once wrote.

    A new field appears in every ticket and changes none; so does a new name in the sender of an old mail.
    """
    found = dict(row)
    raw = found["raw"] = dict(found["raw"])
    for holder, key in ((found, "custom_fields"), (raw, "custom_fields"), (raw, "fields")):
        if holder.get(key) is not None:
            holder[key] = [field for field in holder[key] if field["value"] not in _EMPTY]
    if "via" in raw:
        raw["via"] = {**raw["via"], "source": {**raw["via"]["source"], "from": None}}
    return found


# Updates, in the shape of the export or in that of audits


def event_rows(world: World, ticket: Ticket, *, as_audits: bool) -> Iterator[tuple[Row, list[Row]]]:
    """Rows of `ticket_events` with their `ticket_comments`."""
    show: Callable[[World, Audit], Row] = (
        render.audit_row
        if as_audits
        else lambda world, audit: render.event_row(world, audit, with_comments=True)
    )
    for audit in ticket.audits:
        raw = masked(plain(show(world, audit)))
        children = raw["events" if as_audits else "child_events"]
        is_first = audit is ticket.audits[0]
        rule = "automation" if as_audits else "rule"
        given = {
            "timestamp": audit.at,
            "updater_id": audit.author_id,
            "via_channel": audit.channel,
            "via_rel": rule if audit.channel == "rule" else None,
            "is_create": is_first and any(isinstance(e, Change) and e.rule is None for e in audit.events),
            "changes": [
                _change(event, is_first=is_first, rel=_machinery(audit, event, as_audits=as_audits))
                for event in audit.events
                if isinstance(event, Change)
            ],
        }
        comments = [
            _comment(audit, place, event, children[place])
            for place, event in enumerate(audit.events)
            if isinstance(event, Comment)
        ]
        yield typed(MIRRORED["ticket_events"], raw, **given), comments


def _machinery(audit: Audit, event: Change, *, as_audits: bool) -> str | None:
    """What made the change: the export tells of every change in a rule's update that a rule made it, audits one by one."""
    if as_audits:
        return None if event.rule is None else "automation"
    return None if event.rule is None and audit.channel != "rule" else "rule"


def _change(event: Change, *, is_first: bool, rel: str | None) -> Row:
    by: Row = {"rel": None} if rel is None else {"rel": rel, "rule_id": event.rule}
    if event.field == "tags":
        after, before = set(event.new or ()), set(event.old or ())
        return {"field": "tags", "value": sorted(after - before), "previous": sorted(before - after), **by}
    old = None if is_first and event.rule is None else event.old
    value, previous = (_shown(event.field, each) for each in (event.new, old))
    return {"field": event.field, "value": value, "previous": previous, **by}


def _shown(field: str, value: Any) -> Any:
    shown = render.iso_or_none(value) if field == "due_at" else value
    return plain(shown) if field == "recipient" else masked(plain(shown))


def _comment(audit: Audit, place: int, comment: Comment, raw: Row) -> Row:
    more = {
        "id": audit.event_id(place),
        "ticket_id": audit.ticket_id,
        "audit_id": audit.id,
        "created_at": datetime.fromtimestamp(audit.at, UTC),
        "via_channel": audit.channel,
    }
    return typed(MIRRORED["ticket_comments"], raw, **more)
