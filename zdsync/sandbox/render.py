"""Records as the JSON objects the API answers with; key sets and order follow recorded bodies."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Any

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import Json
from zdsync.sandbox.records import VIA_TITLES, Audit, Change, Comment, Event, Organization, Ticket, User
from zdsync.sandbox.world import World

#: Fields whose audit values are ids, which audits give as text.
_ID_FIELDS = frozenset(
    {
        "requester_id",
        "submitter_id",
        "assignee_id",
        "group_id",
        "organization_id",
        "brand_id",
        "ticket_form_id",
        "custom_status_id",
        "problem_id",
    }
)

LOCALE_IDS = {"en-US": 1, "en-GB": 1176, "de": 8, "fr": 16, "es": 2, "pt-br": 19, "ja": 67, "ar": 66}


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    # Howard Hinnant's civil-from-days arithmetic: an order quicker than datetime on a thousand rows.
    shifted = day + 719468
    era, of_era = divmod(shifted, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * of_year + 2) // 153
    dom = of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return f"{year_of_era + era * 400 + (month <= 2):04d}-{month:02d}-{dom:02d}T"


@lru_cache(maxsize=65536)
def iso(stamp: int) -> str:
    """`2026-11-22T10:00:00Z`."""
    day, second = divmod(stamp, 86400)
    return f"{_day(day)}{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def iso_or_none(stamp: int | None) -> str | None:
    return None if stamp is None else iso(stamp)


@lru_cache(maxsize=2048)
def html_of(body: str) -> str:
    """Zendesk's HTML form of a plain comment."""
    paragraphs = escape(body, quote=False).split("\n\n")
    inner = "\n\n".join(f'<p dir="auto">{part}</p>' for part in paragraphs).replace("\n", "\n<br>")
    return f'<div class="zd-comment" dir="auto">{inner}</div>'


def via(channel: str, world: World | None = None, user_id: int | None = None) -> Json:
    """The `via` object; e-mail names its sender."""
    source: Json = {"from": {}, "to": {}, "rel": None}
    if channel == "email" and world is not None and user_id is not None:
        user = world.users.get(user_id)
        if user is not None:
            source["from"] = {"address": user.email, "name": user.name}
            source["to"] = {
                "name": "Support",
                "address": f"support@{world.subdomain}.zendesk.com",
            }
    return {"channel": channel, "source": source}


def rule_via(world: World, rule_id: int) -> Json:
    """The `via` of a change that a trigger or automation made."""
    rel, row = "trigger", world.tables["triggers"].get(rule_id)
    if row is None:
        rel, row = "automation", world.tables["automations"].get(rule_id)
    title = row["title"] if row else "deleted rule"
    return {
        "channel": "rule",
        "source": {"from": {"id": rule_id, "title": title, "deleted": row is None}, "to": {}, "rel": rel},
    }


class FieldReader:
    """Custom field values of tickets in the account's field order; made once per answer."""

    __slots__ = ("_defaults", "_numbers")

    def __init__(self, world: World) -> None:
        rows = world.custom_fields()
        self._defaults: list[tuple[int, Any]] = [
            (row["id"], {"checkbox": False, "multiselect": []}.get(row["type"])) for row in rows
        ]
        self._numbers = frozenset(row["id"] for row in rows if row["type"] in ("integer", "decimal"))

    def read(self, ticket: Ticket) -> list[Json]:
        if ticket.is_scrubbed:
            return []
        values = ticket.fields
        if not values:
            return [{"id": ident, "value": default} for ident, default in self._defaults]
        rows = [{"id": ident, "value": values.get(ident, default)} for ident, default in self._defaults]
        for row in rows:
            if row["id"] in self._numbers:
                row["value"] = unverified.read_number(row["value"])
        return rows


def satisfaction(world: World, ticket: Ticket) -> Json:
    if ticket.rating_id is None:
        return {"score": ticket.score}
    rating = world.tables["satisfaction_ratings"][ticket.rating_id]
    kept: Json = {key: rating[key] for key in ("score", "id", "comment", "reason", "reason_id")}
    return kept


def ticket_row(world: World, ticket: Ticket, base: str, reader: FieldReader) -> Json:
    """A ticket as show, list and export give it, without `generated_timestamp`."""
    scrubbed = ticket.is_scrubbed
    subject = "SCRUBBED" if scrubbed else ticket.subject
    fields = reader.read(ticket)
    return {
        "url": f"{base}/api/v2/tickets/{ticket.id}.json",
        "id": ticket.id,
        "external_id": ticket.external_id,
        "via": _ticket_via(world, ticket),
        "created_at": iso(ticket.created),
        "updated_at": iso(ticket.updated),
        "type": ticket.type,
        "subject": subject,
        "raw_subject": subject,
        "description": "X" if scrubbed else ticket.description,
        "priority": ticket.priority,
        "status": "deleted" if ticket.deleted_at is not None else ticket.status,
        "recipient": ticket.recipient,
        "requester_id": ticket.requester_id,
        "submitter_id": ticket.submitter_id,
        "assignee_id": ticket.assignee_id,
        "organization_id": ticket.organization_id,
        "group_id": ticket.group_id,
        "collaborator_ids": ticket.email_cc_ids + ticket.follower_ids,
        "follower_ids": ticket.follower_ids,
        "email_cc_ids": ticket.email_cc_ids,
        "forum_topic_id": None,
        "problem_id": ticket.problem_id,
        "has_incidents": bool(world.incidents.get(ticket.id)),
        "is_public": ticket.is_public,
        "due_at": iso_or_none(ticket.due_at),
        "tags": () if scrubbed else ticket.tags,
        "custom_fields": fields,
        "satisfaction_rating": None if scrubbed else satisfaction(world, ticket),
        "sharing_agreement_ids": (),
        "custom_status_id": ticket.custom_status_id,
        "encoded_id": encoded_id(ticket.id),
        "fields": fields,
        "followup_ids": ticket.followup_ids,
        "ticket_form_id": ticket.ticket_form_id,
        "brand_id": ticket.brand_id,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": ticket.channel in ("native_messaging", "whatsapp", "instagram_dm"),
        "support_type": ticket.support_type,
    }


def _ticket_via(world: World, ticket: Ticket) -> Json:
    if ticket.is_scrubbed:
        return via(ticket.channel)
    if ticket.followup_source_id is not None:
        shown = via(ticket.channel)
        shown["source"] = {
            "from": {"ticket_id": ticket.followup_source_id},
            "to": {},
            "rel": "follow_up",
        }
        return shown
    return via(ticket.channel, world, ticket.requester_id)


_CODE = "23456789BCDFGHJKLMNPQRSTVWXYZ"


def encoded_id(ticket_id: int) -> str:
    """The short code newer accounts put beside the id."""
    number, letters = ticket_id * 2654435761 % 29**10, []
    for _ in range(10):
        number, digit = divmod(number, 29)
        letters.append(_CODE[digit])
    return f"{''.join(letters[:6])}-{''.join(letters[6:])}"


def user_row(user: User, base: str) -> Json:
    agent = user.role != "end-user"
    return {
        "id": user.id,
        "url": f"{base}/api/v2/users/{user.id}.json",
        "name": user.name,
        "email": user.email,
        "created_at": iso(user.created),
        "updated_at": iso(user.updated),
        "time_zone": user.time_zone,
        "iana_time_zone": user.iana_time_zone,
        "phone": user.phone,
        "shared_phone_number": None if user.phone is None else False,
        "photo": None,
        "locale_id": LOCALE_IDS.get(user.locale, 1),
        "locale": user.locale,
        "organization_id": user.organization_id,
        "role": user.role,
        "verified": user.is_verified,
        "external_id": user.external_id,
        "tags": user.tags,
        "alias": user.alias,
        "active": user.is_active,
        "shared": False,
        "shared_agent": False,
        "last_login_at": iso_or_none(user.last_login),
        "two_factor_auth_enabled": None if agent else False,
        "signature": None,
        "details": user.details,
        "notes": user.notes,
        "role_type": (4 if user.role == "admin" else 1 if user.is_light else 0) if agent else None,
        "custom_role_id": user.custom_role_id,
        "moderator": user.role == "admin",
        "ticket_restriction": None if agent else "requested",
        "only_private_comments": user.is_light,
        "restricted_agent": not agent,
        "suspended": user.is_suspended,
        "default_group_id": user.default_group_id,
        "report_csv": user.role == "admin",
        "user_fields": user.fields,
    }


def organization_row(organization: Organization, base: str) -> Json:
    return {
        "url": f"{base}/api/v2/organizations/{organization.id}.json",
        "id": organization.id,
        "name": organization.name,
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": organization.external_id,
        "created_at": iso(organization.created),
        "updated_at": iso(organization.updated),
        "domain_names": organization.domain_names,
        "details": organization.details,
        "notes": organization.notes,
        "group_id": organization.group_id,
        "tags": organization.tags,
        "organization_fields": organization.fields,
        "deleted_at": iso_or_none(organization.deleted_at),
    }


_TEXT_IDS = frozenset({"trigger_categories", "brand_agents"})


def table_row(table: str, row: Json, base: str) -> Json:
    """A configuration row with its address first; some tables spell their ids as text."""
    shown = {"url": f"{base}/api/v2/{table}/{row['id']}.json", **row}
    return shown | {"id": str(row["id"])} if table in _TEXT_IDS else shown


def audit_value(name: str, value: Any) -> Any:
    if value is not None and name in _ID_FIELDS:
        return str(value)
    if name == "due_at":
        return iso_or_none(value)
    return value


def comment_row(event_id: int, audit_id: int, comment: Comment) -> Json:
    return {
        "id": event_id,
        "type": "Comment",
        "author_id": comment.author_id,
        "body": comment.body,
        "html_body": comment.html or html_of(comment.body),
        "plain_body": comment.body,
        "public": comment.is_public,
        "attachments": comment.attachments,
        "audit_id": audit_id,
    }


def _audit_event(world: World, audit: Audit, position: int, event: Event) -> Json:
    ident = audit.event_id(position)
    if isinstance(event, Comment):
        return comment_row(ident, audit.id, event)
    if isinstance(event, Change):
        first = audit.ticket_id in world.tickets and world.tickets[audit.ticket_id].audits[0] is audit
        row: Json = {"id": ident, "type": "Create" if first and event.rule is None else "Change"}
        row["value"] = audit_value(event.field, event.new)
        row["field_name"] = event.field
        if row["type"] == "Change":
            row["previous_value"] = audit_value(event.field, event.old)
    else:
        row = {"id": ident, "type": event.kind, **event.data}
    if event.rule is not None:
        row["via"] = rule_via(world, event.rule)
    return row


def metadata(audit: Audit) -> Json:
    if audit.client is None:
        return {"system": {}, "custom": audit.custom or {}}
    system = {
        "client": audit.client,
        "ip_address": "203.0.113.10",
        "location": "London, ENG, United Kingdom",
        "latitude": 51.5,
        "longitude": -0.12,
    }
    return {"system": system, "custom": audit.custom or {}}


def audit_row(world: World, audit: Audit) -> Json:
    return {
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "created_at": iso(audit.at),
        "author_id": audit.author_id,
        "metadata": metadata(audit),
        "events": [_audit_event(world, audit, i, event) for i, event in enumerate(audit.events)],
        "via": _audit_via(world, audit),
    }


def _audit_via(world: World, audit: Audit) -> Json:
    if audit.channel == "rule":
        for event in audit.events:
            if isinstance(event, Change) and event.rule is not None:
                return rule_via(world, event.rule)
    return via(audit.channel, world, audit.author_id)


def event_row(world: World, audit: Audit, *, with_comments: bool) -> Json:
    """An audit as `/incremental/ticket_events` gives it (developer.zendesk.com, Incremental Exports)."""
    first = world.tickets[audit.ticket_id].audits[0] is audit
    meta = metadata(audit)
    return {
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "timestamp": audit.at,
        "created_at": iso(audit.at),
        "updater_id": audit.author_id,
        "via": VIA_TITLES.get(audit.channel, audit.channel),
        "system": meta["system"],
        "metadata": meta,
        "event_type": "Audit",
        "child_events": [
            _child(audit, i, event, first=first, with_comments=with_comments)
            for i, event in enumerate(audit.events)
        ],
    }


def _child(audit: Audit, position: int, event: Event, *, first: bool, with_comments: bool) -> Json:
    ident = audit.event_id(position)
    rule = None if isinstance(event, Comment) else event.rule
    row: Json = {
        "id": ident,
        "via": VIA_TITLES.get("rule" if rule else audit.channel, audit.channel),
        "via_reference_id": rule,
    }
    if isinstance(event, Comment):
        if with_comments:
            row |= comment_row(ident, audit.id, event)
            row["created_at"] = iso(audit.at)
            row["event_type"] = "Comment"
        else:
            row |= {"comment_present": True, "comment_public": event.is_public, "event_type": "Comment"}
        return row
    if isinstance(event, Change):
        kind = "Create" if first and rule is None else "Change"
        row |= _changed_field(event)
        if kind == "Change" and event.field != "tags":
            row["previous_value"] = audit_value(event.field, event.old)
        row["event_type"] = kind
        return row
    return row | event.data | {"event_type": event.kind}


def _changed_field(event: Change) -> Json:
    if event.field == "tags":
        return unverified.tag_children(event.old or (), event.new or ())
    if event.field.isdigit():
        return unverified.custom_field_child(event.field, event.new)
    return {event.field: event.new if event.field != "due_at" else audit_value("due_at", event.new)}
