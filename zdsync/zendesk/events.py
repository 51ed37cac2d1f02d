"""Updates of tickets, from their two shapes (audits, and rows of the events export), as one kind of row and value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from zdsync.model import METADATA_KEY, Comment, Event, FieldChange, FieldValue, TicketId, UserId
from zdsync.streams import Record
from zdsync.zendesk.columns import as_int, as_text, as_time, malformed
from zdsync.zendesk.texts import COMMENT_TEXTS, Masker

_ID_FIELDS = frozenset(
    "requester_id submitter_id assignee_id group_id organization_id brand_id ticket_form_id custom_status_id "
    "problem_id".split()
)
"""Audits give ids as text, the export as numbers."""

_ENVELOPE = frozenset(
    "id event_type via via_reference_id previous_value audit_id metadata created_at timestamp added_tags "
    "removed_tags custom_ticket_fields".split()
)
"""What a child of the export carries beside the field it is about (`type` is the ticket's)."""

_CHANGING = frozenset({"Create", "Change"})

_TEXT_FIELDS = frozenset({"subject", "raw_subject", "description"})
_OTHER_TEXTS = frozenset({*_TEXT_FIELDS, "comment", "message", *COMMENT_TEXTS})

_CHANNELS: Mapping[str, str] = {
    "web form": "web",
    "mail": "email",
    "web service": "api",
    "web service (api)": "api",
    "rule": "rule",
    "messaging": "native_messaging",
    "help center post": "help_center",
    "phone call (inbound)": "phone",
    "closed ticket": "closed_ticket",
}
"""Titles that the events export gives for channels, as `via.channel` names them. Only the first ones are documented
("Web form" in the reference, "Rule" and "Mail" in recorded rows); an unknown title keeps its own words."""


@dataclass(frozen=True, slots=True)
class Via:
    """The channel of an update or a change, and the machinery behind it: `trigger`, `automation`, … or None."""

    channel: str | None
    rel: str | None


def read_via(via: Any, reference: Any = None) -> Via:
    """From the object of audits, or the title of the export, which cannot tell triggers from automations: `rule`."""
    if isinstance(via, dict):
        source = via.get("source")
        rel = source.get("rel") if isinstance(source, dict) else None
        channel = as_text(via.get("channel"))
        return Via(channel, as_text(rel) or ("rule" if channel == "rule" else None))
    if not isinstance(via, str) or not via:
        return Via(None, None)
    return _titled(via, has_reference=reference is not None)


@lru_cache(maxsize=256)
def _titled(title: str, *, has_reference: bool) -> Via:
    """An export repeats a handful of titles in every change."""
    channel = _CHANNELS.get(title.lower()) or re.sub(r"\W+", "_", title.lower()).strip("_")
    return Via(channel, "rule" if channel == "rule" or has_reference else None)


def event_row(update: dict[str, Any], masker: Masker) -> tuple[Record, list[Record]]:
    """A row of `ticket_events` and its rows of `ticket_comments`, texts masked in place.

    Raises Unavailable when the id, the ticket or the time is missing.
    """
    created_at = as_time(update.get("created_at"))
    ticket_id = as_int(update.get("ticket_id"))
    if as_int(update.get("id")) is None or ticket_id is None or created_at is None:
        raise malformed(f"ticket_events {update.get('id')}", "id, ticket_id or created_at")
    via = read_via(update.get("via"))
    masker.mask_sender(update.get("via"))
    _mask_marks(update.get("metadata"), masker)
    comments: list[Record] = []
    changes: list[Record] = []
    is_create = False
    for child in _children(update):
        kind = _kind(child)
        if _is_comment(child, kind):
            masker.mask_comment(child, ticket_id)
            comments.append(_comment_row(child, update, ticket_id, created_at, via))
            continue
        _mask_child(child, kind, masker)
        is_create = is_create or kind == "Create"
        if kind in _CHANGING:
            changes += _changes(child, kind)
    row = {
        "id": as_int(update["id"]),
        "ticket_id": ticket_id,
        "created_at": created_at,
        "timestamp": as_int(update.get("timestamp")) or int(created_at.timestamp()),
        "updater_id": as_int(update.get("updater_id", update.get("author_id"))),
        "via_channel": via.channel,
        "via_rel": via.rel,
        "zdsync_key": _key(update.get("metadata")),
        "is_create": is_create,
        "changes": changes,
        "raw": update,
    }
    return row, comments


def amended_comments(update: Mapping[str, Any]) -> Iterator[Record]:
    """Comments that an update redacted or made private after the fact: `{ticket_id, comment_id, amended_at}`.

    Neither export nor mirror would otherwise notice: the comment's own update does not come again.
    Source: developer.zendesk.com, "Ticket Audit events reference" (read 2026-11).
    """
    for child in _children(update):
        kind = _kind(child)
        if "Redact" in kind or kind == "CommentPrivacyChange":
            yield {
                "ticket_id": as_int(update.get("ticket_id")),
                "comment_id": as_int(child.get("comment_id")),
                "amended_at": as_time(update.get("created_at")),
            }


def _children(update: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    children = update.get("child_events", update.get("events"))
    return (
        (child for child in children if isinstance(child, dict)) if isinstance(children, list) else iter(())
    )


def _kind(child: Mapping[str, Any]) -> str:
    return str(child.get("event_type") or child.get("type") or "")


def _is_comment(child: Mapping[str, Any], kind: str) -> bool:
    """A comment with its text; without the sideload the export only says that there was one."""
    return kind.endswith("Comment") and "body" in child and as_int(child.get("id")) is not None


def _comment_row(
    child: dict[str, Any], update: Mapping[str, Any], ticket_id: int, created_at: datetime, via: Via
) -> Record:
    author_id, files = as_int(child.get("author_id")), child.get("attachments")
    return {
        "id": as_int(child["id"]),
        "ticket_id": ticket_id,
        "audit_id": as_int(update["id"]),
        "created_at": as_time(child.get("created_at")) or created_at,
        "author_id": as_int(update.get("updater_id", update.get("author_id")))
        if author_id is None
        else author_id,
        # A comment that does not say is not shown to be private.
        "public": child.get("public") is not False,
        **{name: as_text(child.get(name)) for name in COMMENT_TEXTS},
        "attachments": files if isinstance(files, list) else [],
        "via_channel": read_via(child.get("via")).channel or via.channel,
        "raw": child,
    }


def _mask_marks(metadata: Any, masker: Masker) -> None:
    """What apps have put beside an update; our own mark is no text."""
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    if isinstance(custom, dict):
        for key in custom.keys() - {METADATA_KEY}:
            custom[key] = masker.mask_value(custom[key])


def _mask_child(child: dict[str, Any], kind: str, masker: Masker) -> None:
    """Texts in changes, notifications and whatever else an update holds; their hits are counted elsewhere."""
    for key in _OTHER_TEXTS & child.keys():
        masker.mask(child, key)
    name = str(child.get("field_name"))
    if name in _TEXT_FIELDS or not _TEXT_FIELDS.isdisjoint(child):
        masker.mask(child, "value")
        masker.mask(child, "previous_value")
    customs = child.get("custom_ticket_fields")
    if isinstance(customs, dict):
        for key, value in customs.items():
            customs[key] = masker.mask_value(value)
    if isinstance(customs, dict) or name.isdecimal() or kind not in _CHANGING:
        for key in ("value", "previous_value"):
            if key in child:
                child[key] = masker.mask_value(child[key])
    if kind not in _CHANGING:
        masker.mask_sender(child.get("via"))
        masker.mask_files(child.get("attachments"))
        masker.mask_rest(child, _OTHER_TEXTS)


def _changes(child: Mapping[str, Any], kind: str) -> Iterator[Record]:
    """The fields that a Create or Change child is about: `{field, value, previous, rel}`, and `rule_id` where a rule did it."""
    by: Record = {"rel": read_via(child.get("via"), child.get("via_reference_id")).rel}
    if by["rel"] is not None:
        by["rule_id"] = _rule_id(child)
    if "field_name" in child:
        yield _change(str(child["field_name"]), child.get("value"), child.get("previous_value"), by)
        return
    if "added_tags" in child or "removed_tags" in child:
        yield _tag_change(_tags(child.get("added_tags")), _tags(child.get("removed_tags")), by)
    previous = child.get("previous_value")
    customs = child.get("custom_ticket_fields")
    for field, value in customs.items() if isinstance(customs, dict) else ():
        yield _change(str(field), value, previous, by)
    for field, value in child.items():
        if field not in _ENVELOPE and (field, value) != ("type", kind):
            yield _change(field, value, previous, by)


def _rule_id(child: Mapping[str, Any]) -> int | None:
    """The trigger or automation behind a change: audits name it as the source, the export as a reference."""
    via = child.get("via")
    source = via.get("source") if isinstance(via, dict) else None
    origin = source.get("from") if isinstance(source, dict) else None
    return as_int(origin.get("id") if isinstance(origin, dict) else child.get("via_reference_id"))


def _change(field: str, value: Any, previous: Any, by: Record) -> Record:
    if field == "tags":
        before, after = set(_tags(previous)), set(_tags(value))
        return _tag_change(sorted(after - before), sorted(before - after), by)
    if field in _ID_FIELDS:
        value, previous = as_int(value), as_int(previous)
    return {"field": field, "value": value, "previous": previous, **by}


def _tag_change(added: list[str], removed: list[str], by: Record) -> Record:
    return {"field": "tags", "value": added, "previous": removed, **by}


def _tags(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [str(tag) for tag in value] if isinstance(value, list) else []


def _key(metadata: Any) -> str | None:
    """Our own mark. Seen under `custom`; the export's rows are documented with either shape."""
    if not isinstance(metadata, dict):
        return None
    custom = metadata.get("custom")
    key = custom.get(METADATA_KEY) if isinstance(custom, dict) else None
    return as_text(key if key is not None else metadata.get(METADATA_KEY))


def event(row: Record, comments: Iterable[Record]) -> Event:
    """The value that a row of `ticket_events` and its comments stand for."""
    changes = [(change["rel"], _field_change(change)) for change in row["changes"]]
    author = row["updater_id"]
    return Event(
        id=row["id"],
        ticket_id=TicketId(row["ticket_id"]),
        created_at=row["created_at"],
        author_id=None if author is None else UserId(author),
        channel=row["via_channel"] or "",
        rel=row["via_rel"],
        key=row["zdsync_key"],
        is_create=row["is_create"],
        changes=tuple(change for rel, change in changes if rel is None),
        comments=tuple(_comment(comment) for comment in comments),
        rule_changes=tuple(change for rel, change in changes if rel is not None),
    )


def _field_change(change: Record) -> FieldChange:
    return FieldChange(change["field"], _field_value(change["value"]), _field_value(change["previous"]))


def _field_value(value: Any) -> FieldValue:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _comment(row: Record) -> Comment:
    author, files = row["author_id"], row["attachments"]
    return Comment(
        id=row["id"],
        created_at=row["created_at"],
        author_id=None if author is None else UserId(author),
        is_public=row["public"],
        body=row["body"] or "",
        attachments=len(files),
    )
