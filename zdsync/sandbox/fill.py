"""What a request body does to a draft: plain fields, people, tags, routing, comment, status."""

from __future__ import annotations

import re
from typing import Any

from zdsync.sandbox import tags, unverified
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import ApiError, Json, invalid, invalid_attribute, record_invalid
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.records import PRIORITIES, STATUSES, TYPES, Comment


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


#: Longest comment, and the most a ticket can have (developer.zendesk.com, Tickets).
MAX_COMMENT = 65_535
MAX_COMMENTS = 5000


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
    if len(str(text)) > MAX_COMMENT:
        raise invalid("comment", "Comment: is too long", "TooLong")
    if (
        sum(isinstance(event, Comment) for audit in draft.ticket.audits for event in audit.events)
        >= MAX_COMMENTS
    ):
        raise invalid("comment", "Comment: the ticket has 5000 comments", "TooLong")
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
