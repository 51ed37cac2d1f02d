"""Payloads of the API as rows of the mirror and values of the model: extra fields are kept, missing ids are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zdsync.account import Group, View
from zdsync.detect import TextFilter
from zdsync.model import Event, GroupId
from zdsync.streams import AMENDED_COMMENTS, Record, Stream
from zdsync.zendesk.columns import MINUTES, as_int, as_text, base_row, key_of, malformed
from zdsync.zendesk.events import amended_comments, event, event_row, read_via
from zdsync.zendesk.texts import Masker, clean

Rows = dict[str, list[Record]]

BODY_KEYS: Mapping[str, str] = {
    "tickets": "tickets",
    "users": "users",
    "organizations": "organizations",
    "groups": "groups",
    "metric_sets": "ticket_metrics",
    "ticket_events": "ticket_events",
    "audits": "ticket_events",
    "group_memberships": "group_memberships",
    "ticket_fields": "ticket_fields",
    "user_fields": "user_fields",
    "organization_fields": "organization_fields",
    "ticket_forms": "ticket_forms",
    "brands": "brands",
    "custom_statuses": "custom_statuses",
    "views": "views",
    "triggers": "triggers",
    "automations": "automations",
    "macros": "macros",
    "sla_policies": "sla_policies",
    "schedules": "schedules",
    "holidays": "schedule_holidays",
    "tags": "tags",
    "satisfaction_ratings": "satisfaction_ratings",
    "ticket_metric_events": "ticket_metric_events",
}
"""Lists in an answer, by the table they fill."""

_NO_OBJECTS = frozenset({"text_findings", AMENDED_COMMENTS})
"""Rows without an id of their own."""


def rows_of(
    body: Mapping[str, Any], stream: Stream, text_filter: TextFilter, *, is_clean: bool = True
) -> Rows:
    """Everything in an answer that the mirror keeps, by table; the stream's own table is always there.

    An object that comes twice is kept once, as it came last. The body is used up: texts are masked in place.
    Raises Unavailable for an object without an id.
    """
    if not is_clean:
        body = clean(body)
    masker = Masker(text_filter)
    rows: Rows = {stream.value: []}
    for key, table in BODY_KEYS.items():
        found = body.get(key)
        if isinstance(found, list):
            _convert(table, _objects(found, table), masker, rows)
    if masker.findings:
        rows["text_findings"] = masker.findings
    return {table: found if table in _NO_OBJECTS else _unique(found, table) for table, found in rows.items()}


def _objects(found: list[Any], table: str) -> Iterator[dict[str, Any]]:
    for item in found:
        if not isinstance(item, dict):
            raise malformed(table, "id")
        yield item


def _convert(table: str, objects: Iterable[dict[str, Any]], masker: Masker, rows: Rows) -> None:
    kept = rows.setdefault(table, [])
    match table:
        case "tickets":
            metrics = rows.setdefault("ticket_metrics", [])
            for ticket in objects:
                kept.append(ticket_row(ticket, masker, metrics))
        case "ticket_events":
            comments = rows.setdefault("ticket_comments", [])
            amended = rows.get(AMENDED_COMMENTS, [])
            for update in objects:
                row, said = event_row(update, masker)
                kept.append(row)
                comments += said
                amended += amended_comments(update)
            if amended:
                rows[AMENDED_COMMENTS] = amended
        case "ticket_metrics":
            kept += [metric_row(metric) for metric in objects]
        case "ticket_fields":
            options = rows.setdefault("ticket_field_options", [])
            for field in objects:
                kept.append(base_row(table, field))
                options += option_rows(field)
        case "satisfaction_ratings":
            kept += [rating_row(rating, masker) for rating in objects]
        case "ticket_metric_events":
            kept += [metric_event_row(step) for step in objects]
        case _:
            kept += [base_row(table, item) for item in objects]


def _unique(rows: list[Record], table: str) -> list[Record]:
    by_key = {row[key_of(table)]: row for row in rows}
    return rows if len(by_key) == len(rows) else list(by_key.values())


def ticket_row(ticket: dict[str, Any], masker: Masker, metrics: list[Record]) -> Record:
    """A row of `tickets`; a metric set inside the ticket moves to `metrics`.

    Source: with `include=metric_sets` each exported ticket carries `metric_set`, null once deleted (estuary
    connector, 2026).
    """
    metric = ticket.pop("metric_set", None)
    if isinstance(metric, dict):
        metrics.append(metric_row(metric))
    masker.mask_ticket(ticket)
    row = base_row("tickets", ticket)
    row["tags"] = [tag for tag in row["tags"] if isinstance(tag, str)]
    row["custom_fields"] = [field for field in row["custom_fields"] if isinstance(field, dict)]
    via, rating = ticket.get("via"), ticket.get("satisfaction_rating")
    source = via.get("source") if isinstance(via, dict) else None
    row["via_channel"] = read_via(via).channel
    row["via_source_rel"] = as_text(source.get("rel")) if isinstance(source, dict) else None
    row["satisfaction_score"] = as_text(rating.get("score")) if isinstance(rating, dict) else None
    return row


def metric_row(metric: dict[str, Any]) -> Record:
    """A row of `ticket_metrics`."""
    row = base_row("ticket_metrics", metric)
    for name in MINUTES:
        told = metric.get(name)
        figures = told if isinstance(told, dict) else {}
        row[f"{name}_calendar"] = as_int(figures.get("calendar"))
        row[f"{name}_business"] = as_int(figures.get("business"))
    return row


def rating_row(rating: dict[str, Any], masker: Masker) -> Record:
    """A row of `satisfaction_ratings`; what is found in its comment is counted with the ticket's own texts."""
    masker.mask(rating, "comment")
    return base_row("satisfaction_ratings", rating)


def metric_event_row(step: dict[str, Any]) -> Record:
    """A row of `ticket_metric_events`."""
    row = base_row("ticket_metric_events", step)
    told = step.get("status")
    figures = told if isinstance(told, dict) else {}
    row["status_calendar"] = as_int(figures.get("calendar"))
    row["status_business"] = as_int(figures.get("business"))
    return row


def option_rows(field: Mapping[str, Any]) -> list[Record]:
    """The choices of one ticket field, in their order."""
    options = field.get("custom_field_options")
    rows = []
    for position, option in enumerate(
        _objects(options, "ticket_field_options") if isinstance(options, list) else ()
    ):
        row = base_row("ticket_field_options", option)
        row["ticket_field_id"] = as_int(field["id"])
        if row["position"] is None:
            row["position"] = position
        rows.append(row)
    return rows


def events_in(rows: Mapping[str, list[Record]]) -> tuple[Event, ...]:
    """Rows of `ticket_events` and their comments as values, oldest first."""
    said: dict[int, list[Record]] = {}
    for comment in rows.get("ticket_comments", ()):
        said.setdefault(comment["audit_id"], []).append(comment)
    ordered = sorted(rows.get("ticket_events", ()), key=lambda row: (row["created_at"], row["id"]))
    return tuple(event(row, said.get(row["id"], ())) for row in ordered)


def group(row: Record) -> Group:
    """The model's group behind a row of `groups`."""
    return Group(GroupId(row["id"]), row["name"] or "", row["deleted"] is True, row["is_public"] is not False)


def view(row: Record) -> View:
    """The model's view behind a row of `views`."""
    conditions = row["conditions"] if isinstance(row["conditions"], dict) else {}
    restriction = row["restriction"] if isinstance(row["restriction"], dict) else {}
    groups: Iterable[Any] = ()
    if restriction.get("type") == "Group":
        groups = restriction.get("ids") or (restriction.get("id"),)
    return View(
        id=row["id"],
        title=row["title"] or "",
        is_active=row["active"] is not False,
        description=row["description"] or "",
        conditions_all=_conditions(conditions.get("all")),
        conditions_any=_conditions(conditions.get("any")),
        restricted_to=frozenset(GroupId(ident) for ident in map(as_int, groups) if ident is not None),
    )


def _conditions(found: Any) -> tuple[tuple[str, str, str], ...]:
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return tuple(
        (str(item.get("field") or ""), str(item.get("operator") or ""), _condition_value(item.get("value")))
        for item in items
    )


def _condition_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
