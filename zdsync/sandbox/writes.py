"""The one way a ticket changes: validation, fields and tags, group and status, triggers, audit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from zdsync.sandbox import tags, unverified
from zdsync.sandbox.answers import ApiError, Json, invalid, invalid_attribute, record_invalid
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.records import PRIORITIES, STATUSES, TYPES, Audit, Comment, Ticket, User
from zdsync.sandbox.rules import run_triggers
from zdsync.sandbox.world import World

#: Keys a ticket body may hold; anything else is ignored and named in `x-zendesk-api-warn`.
WRITABLE = frozenset(
    {
        "additional_collaborators",
        "assignee_email",
        "assignee_id",
        "attribute_value_ids",
        "brand_id",
        "collaborator_ids",
        "collaborators",
        "comment",
        "custom_fields",
        "custom_status_id",
        "due_at",
        "email_ccs",
        "email_cc_ids",
        "external_id",
        "fields",
        "follower_ids",
        "followers",
        "group_id",
        "macro_id",
        "macro_ids",
        "metadata",
        "organization_id",
        "priority",
        "problem_id",
        "raw_subject",
        "recipient",
        "requester",
        "requester_id",
        "safe_update",
        "sharing_agreement_ids",
        "status",
        "subject",
        "submitter_id",
        "tags",
        "ticket_form_id",
        "type",
        "updated_stamp",
        "via",
        "via_followup_source_id",
        "voice_comment",
    }
)
CREATE_ONLY = frozenset({"description", "created_at"})
BATCH_ONLY = frozenset({"id", "additional_tags", "remove_tags"})
TAG_DELTAS = frozenset({"additional_tags", "remove_tags"})


@dataclass(slots=True)
class Actor:
    """Who writes, and through which channel."""

    user: User
    channel: str = "api"
    client: str | None = None


@dataclass(slots=True)
class Written:
    """What a write left behind; `audit` is None when nothing changed."""

    ticket: Ticket
    audit: Audit | None
    events: list[Any] = field(default_factory=list)


def update_ticket(
    world: World, ticket: Ticket, body: Json, actor: Actor, *, default_stamp: int | None = None
) -> Written:
    """Apply an update body to a ticket and record its audit.

    Raises the 409 of a lost `updated_stamp`, and 422 for a closed ticket or an invalid value.
    `default_stamp` is the queue time that bulk jobs use when the body has no stamp.

    Source: developer.zendesk.com, Tickets ("Protecting against ticket update collisions").
    """
    check_stamp(ticket, body, default_stamp)
    if ticket.status == "closed":
        raise record_invalid({"status": [{"description": "closed prevents ticket update"}]})
    draft = Draft.of(world, ticket)
    fill(draft, body, actor)
    if not draft.events():
        return Written(ticket, None)
    run_triggers(world, draft, is_create=False, actor_id=actor.user.id)
    return store(world, draft, body, actor)


def check_stamp(ticket: Ticket, body: Json, default_stamp: int | None = None) -> None:
    """Refuse with 409 when the ticket changed after the stamp; compares `updated_at` only."""
    if "safe_update" not in body and default_stamp is None:
        return
    stamp = body.get("updated_stamp")
    if stamp is None:
        if "safe_update" in body:
            raise invalid("updated_stamp", "updated_stamp: is required for a safe update", "BlankValue")
        seen = default_stamp
    else:
        try:
            seen = parse_stamp(str(stamp))
        except ValueError as err:
            raise invalid_attribute("updated_stamp", "a time", "api/v2/tickets/update") from err
    if seen is not None and ticket.updated > seen:
        raise unverified.update_conflict()


def create_ticket(world: World, body: Json, actor: Actor, *, triggers: bool = True) -> Written:
    """Create a ticket from a POST body; raises 422 without any text."""
    comment = dict(body.get("comment") or {})
    text = comment.get("body") or comment.get("html_body") or body.get("description")
    if text is None:
        raise record_invalid(
            {"base": [{"description": "Description: cannot be blank", "error": "BlankValue"}]}
        )
    requester = _requester(world, body, actor)
    now = world.clock.now()
    ticket = Ticket(
        id=world.new_ticket_id(),
        created=now,
        updated=now,
        generated=now,
        requester_id=requester.id,
        submitter_id=int(body.get("submitter_id") or actor.user.id),
        channel=actor.channel,
        brand_id=_default(world, "brands"),
        ticket_form_id=_default(world, "ticket_forms"),
        custom_status_id=world.default_status_id("new"),
        description=str(text),
        is_public=comment.get("public", True) is not False,
        followup_source_id=body.get("via_followup_source_id"),
    )
    draft = Draft.of(world, ticket)
    for name in ("requester_id", "submitter_id", "brand_id", "ticket_form_id", "custom_status_id"):
        draft.values[name] = None
    draft.values["status"] = None
    for name in ("requester_id", "submitter_id", "brand_id", "ticket_form_id"):
        draft.set(name, getattr(ticket, name))
    draft.set("organization_id", requester.organization_id)
    draft.set("status", "new")
    draft.set("custom_status_id", world.default_status_id("new"))
    draft.set_tags(tags.normalise((*_inherited_tags(world, requester),)))
    rest = {key: value for key, value in body.items() if key not in ("comment", "requester", "description")}
    if actor.user.is_agent or "comment" in body:
        comment.setdefault("author_id", requester.id)
    rest["comment"] = {**comment, "body": text}
    fill(draft, rest, actor)
    if triggers:
        run_triggers(world, draft, is_create=True, actor_id=actor.user.id)
    world.tickets[ticket.id] = ticket
    return store(world, draft, body, actor)


def _default(world: World, table: str) -> int:
    return next(int(row["id"]) for row in world.tables[table].values() if row.get("default"))


def _inherited_tags(world: World, requester: User) -> tuple[str, ...]:
    # User and organization tags are copied to new tickets (support.zendesk.com 4408888246170).
    organization = world.organizations.get(requester.organization_id or 0)
    return requester.tags + (organization.tags if organization else ())


def _requester(world: World, body: Json, actor: Actor) -> User:
    given = body.get("requester") or {}
    wanted = body.get("requester_id") or (given.get("email") if isinstance(given, dict) else None)
    if wanted is None:
        return actor.user
    try:
        return world.find_user(wanted)
    except LookupError as err:
        if isinstance(wanted, str):
            now = world.clock.now()
            name = given.get("name") or wanted
            return world.add_user(User(world.new_id(), name, wanted, "end-user", now, now))
        raise invalid("requester", "Requester: is invalid") from err


def store(world: World, draft: Draft, body: Json, actor: Actor) -> Written:
    """Commit a draft: the ticket's fields, its times, its audit."""
    events = draft.events()
    draft.store()
    ticket = draft.ticket
    custom = (body.get("metadata") or {}) or None
    now = world.clock.now()
    audit = world.record(ticket, now, actor.user.id, actor.channel, events, custom, actor.client)
    return Written(ticket, audit, events)


def fill(draft: Draft, body: Json, actor: Actor) -> None:
    """Put a request body's keys into a draft."""
    _plain(draft, body)
    # Tags before fields, so that a field named in the same request wins; no source tells the order.
    _tags(draft, body)
    _custom_fields(draft, body)
    _routing(draft, body)
    _comment(draft, body, actor)
    _status(draft, body, actor)


def _plain(draft: Draft, body: Json) -> None:
    for name in ("subject", "external_id", "recipient"):
        if name in body:
            value = body[name]
            draft.set(name, None if value is None else str(value))
    if "raw_subject" in body and "subject" not in body:
        draft.set("subject", body["raw_subject"])
    if "priority" in body:
        draft.set("priority", _one_of(body["priority"], PRIORITIES, "priority", "Priority"))
    if "type" in body:
        draft.set("type", _one_of(body["type"], TYPES, "type", "Type"))
    if "due_at" in body:
        draft.set("due_at", None if body["due_at"] is None else parse_stamp(str(body["due_at"])))
    for name, table in (("brand_id", "brands"), ("ticket_form_id", "ticket_forms")):
        if name in body:
            ident = _integer(body[name], name)
            if ident not in draft.world.tables[table]:
                raise invalid(name, f"{name}: is invalid")
            draft.set(name, ident)
    if "problem_id" in body:
        draft.set("problem_id", _integer(body["problem_id"], "problem_id"))
    _people(draft, body)


def _people(draft: Draft, body: Json) -> None:
    world = draft.world
    if "requester_id" in body:
        ident = _integer(body["requester_id"], "requester_id")
        if ident not in world.users:
            raise invalid("requester", "Requester: is invalid")
        draft.set("requester_id", ident)
    if "organization_id" in body:
        ident = _integer(body["organization_id"], "organization_id")
        requester = world.users.get(draft.values["requester_id"])
        if ident is not None and (requester is None or requester.organization_id != ident):
            raise invalid("organization_id", "Organization: is not one of the requester's")
        draft.set("organization_id", ident)
    if "follower_ids" in body:
        draft.ticket.follower_ids = tuple(int(one) for one in body["follower_ids"] or ())
    if "email_cc_ids" in body:
        draft.ticket.email_cc_ids = tuple(int(one) for one in body["email_cc_ids"] or ())
    for row in body.get("followers") or ():
        user_id = row.get("user_id")
        if user_id and row.get("action", "put") == "put":
            draft.ticket.follower_ids = (*draft.ticket.follower_ids, int(user_id))


def _one_of(value: Any, allowed: tuple[str | None, ...], name: str, title: str) -> str | None:
    value = value or None
    if value not in allowed:
        raise invalid(name, f"{title}: {value} is not recognized")
    return str(value) if value is not None else None


def _integer(value: Any, name: str) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise invalid_attribute(name, "an integer", "api/v2/tickets/update")
    return int(value)


def _custom_fields(draft: Draft, body: Json) -> None:
    given = body.get("custom_fields") or body.get("fields") or ()
    if isinstance(given, dict):
        given = [{"id": int(key), "value": value} for key, value in given.items()]
    for item in given:
        ident = _integer(item.get("id"), "id")
        row = draft.world.tables["ticket_fields"].get(ident or 0)
        if row is not None and row.get("removable"):
            draft.set_field(row["id"], _field_value(row, item.get("value")))


def _field_value(row: Json, value: Any) -> Any:
    """Check and convert one custom field value (developer.zendesk.com, Ticket Fields)."""
    kind, title = row["type"], row["title"]
    if value in (None, ""):
        return None
    if kind == "checkbox":
        return value in (True, "true", "1", 1)
    if kind == "tagger":
        if value not in {option["value"] for option in row["custom_field_options"]}:
            raise _base(row, f"{title}: {value} is not a valid option")
        return str(value)
    if kind == "multiselect":
        allowed = {option["value"] for option in row["custom_field_options"]}
        values = [value] if isinstance(value, str) else list(value)
        if not set(values) <= allowed:
            raise _base(row, f"{title}: {values} is not a valid option")
        return tuple(sorted(set(values)))
    return _scalar(row, kind, title, value)


_PATTERNS = {
    "integer": r"-?\d+",
    "decimal": r"-?\d+([.,]\d+)?",
    "date": r"\d{4}-\d{2}-\d{2}",
}


def _scalar(row: Json, kind: str, title: str, value: Any) -> Any:
    text = str(value)
    pattern = row.get("regexp_for_validation") if kind == "regexp" else _PATTERNS.get(kind)
    if pattern and not re.fullmatch(pattern, text):
        raise _base(row, f"{title}: {text} is not valid")
    if kind == "partialcreditcard":
        return "XXXXXXXXXXXX" + text[-4:]
    if kind == "lookup":
        return int(text)
    return text


def _base(row: Json, text: str) -> ApiError:
    problem = {"description": text, "error": "InvalidValue", "ticket_field_id": row["id"]}
    return record_invalid({"base": [problem | {"ticket_field_type": row["type"]}]})


def _tags(draft: Draft, body: Json) -> None:
    if body.get("tags") is not None:
        draft.set_tags(tags.normalise(body["tags"]))
    if body.get("additional_tags"):
        draft.set_tags(tags.normalise((*draft.tags, *tags.normalise(body["additional_tags"]))))
    if body.get("remove_tags"):
        gone = frozenset(tags.normalise(body["remove_tags"]))
        draft.set_tags(tuple(tag for tag in draft.tags if tag not in gone))


def _routing(draft: Draft, body: Json) -> None:
    assignee_given, group_given = "assignee_id" in body, "group_id" in body
    if body.get("assignee_email"):
        try:
            body = {**body, "assignee_id": draft.world.find_user(body["assignee_email"]).id}
        except LookupError as err:
            raise invalid("assignee_id", "Assignee: is invalid") from err
        assignee_given = True
    if group_given:
        if assignee_given:
            draft.set("assignee_id", None)
        draft.set_group(_integer(body["group_id"], "group_id"))
    if assignee_given:
        wanted = _integer(body["assignee_id"], "assignee_id")
        draft.set_assignee(wanted, keep_group=group_given and body["group_id"] is not None)


def _comment(draft: Draft, body: Json, actor: Actor) -> None:
    given = body.get("comment")
    if not given:
        return
    text, html = given.get("body"), given.get("html_body")
    if text is None and html is None:
        return
    if text is None:
        text = re.sub(r"<[^>]+>", "", str(html))
    public = given.get("public")
    if public is None:
        # Without `public` a comment takes the ticket's own visibility: it may go out to the customer.
        public = draft.ticket.is_public
    if actor.user.is_light:
        public = False
    author = _integer(given.get("author_id"), "author_id") or actor.user.id
    draft.comment = Comment(str(text), bool(public), author, html)
    if public:
        draft.ticket.is_public = True
    _customer_reopens(draft, body, author)


def _customer_reopens(draft: Draft, body: Json, author: int) -> None:
    user = draft.world.users.get(author)
    if "status" in body or user is None or user.is_agent:
        return
    if draft.values["status"] in ("pending", "hold", "solved"):
        draft.set_status("open")


def _status(draft: Draft, body: Json, actor: Actor) -> None:
    custom = _integer(body.get("custom_status_id"), "custom_status_id")
    status = body.get("status")
    if custom is not None:
        row = draft.world.tables["custom_statuses"].get(custom)
        if row is None:
            raise invalid("custom_status_id", "Custom status: is invalid")
        if status in (None, row["status_category"]):
            draft.set_status(row["status_category"], custom_status_id=custom)
            status = row["status_category"]
    elif status is not None:
        if status not in STATUSES:
            raise invalid("status", f"Status: {status} is not recognized")
        if status != draft.values["status"]:
            draft.set_status(status)
    if status in ("solved", "closed"):
        _check_required(draft)
        unassigned = draft.values["assignee_id"] is None and actor.user.is_agent
        if unassigned and not actor.user.is_light and unverified.solving_assigns_solver():
            draft.set_assignee(actor.user.id)


def _check_required(draft: Draft) -> None:
    problems = [
        {
            "description": f"{row['title']}: is required when solving a ticket",
            "error": "BlankValue",
            "ticket_field_id": row["id"],
            "ticket_field_type": row["type"],
        }
        for row in draft.world.custom_fields()
        if row["required"] and row["active"] and draft.fields.get(row["id"]) is None
    ]
    if problems:
        raise record_invalid({"base": problems})


def unpermitted(keys: Json, *, batch: bool, deltas: bool = True, create: bool = False) -> list[str]:
    """Body keys that will be ignored; `deltas` says whether this account takes the tag deltas."""
    allowed = WRITABLE | (CREATE_ONLY if create else frozenset())
    if batch:
        allowed |= {"id"} | (TAG_DELTAS if deltas else frozenset())
    return [key for key in keys if key not in allowed]
