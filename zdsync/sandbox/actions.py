"""What triggers and automations do to a ticket: each action of Zendesk's vocabulary on a draft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from zdsync.sandbox import tags
from zdsync.sandbox.answers import ApiError, Json
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.records import SYSTEM_USER_ID, Comment, Notice


def act(draft: Draft, action: Json, rule: int, caller_id: int | None) -> None:
    """Carry one action out; one that cannot be carried out is passed over and never fails the update."""
    name, value = action["field"], action.get("value")
    try:
        if name.startswith(("custom_fields_", "ticket_fields_")):
            draft.set_field(int(name.rpartition("_")[2]), _field_value(value), rule)
        elif name in _ACTIONS:
            _ACTIONS[name](draft, value, rule, caller_id)
    except (ApiError, ValueError, LookupError, TypeError):
        return


def _field_value(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _ident(value: Any) -> int | None:
    return int(value) if value not in (None, "") else None


def _status(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    draft.set_status(str(value), rule)


def _custom_status(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    row = draft.world.tables["custom_statuses"][int(value)]
    draft.set_status(row["status_category"], rule, row["id"])


def _plain(name: str) -> Callable[[Draft, Any, int, int | None], None]:
    def do(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
        draft.set(name, value or None, rule)

    return do


def _number(name: str) -> Callable[[Draft, Any, int, int | None], None]:
    def do(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
        ident = _ident(value)
        if ident in draft.world.tables[f"{name.removesuffix('_id')}s"]:
            draft.set(name, ident, rule)

    return do


def _group(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:
    if value == "current_groups":
        caller = draft.world.users.get(caller_id or 0)
        value = caller and caller.default_group_id
    draft.set_group(_ident(value), rule)


def _assignee(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:
    if value == "current_user":
        value = caller_id
    elif value == "requester_id":
        value = draft.values["requester_id"]
    draft.set_assignee(_ident(value), rule)


def _add_tags(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    draft.set_tags(tags.normalise((*draft.tags, *tags.normalise(value))), rule)


def _set_tags(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    draft.set_tags(tags.normalise(value), rule)


def _remove_tags(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    gone = set(tags.normalise(value))
    draft.set_tags(tuple(tag for tag in draft.tags if tag not in gone), rule)


def _follow(name: str) -> Callable[[Draft, Any, int, int | None], None]:
    def do(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
        ident = caller_id if value == "current_user" else _ident(value)
        have = getattr(draft.ticket, name)
        if ident is not None and ident not in have:
            setattr(draft.ticket, name, (*have, ident))

    return do


def _offer_rating(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    if value == "offered" and draft.ticket.score == "unoffered":
        draft.ticket.score = "offered"
        draft.notices.append(Notice("SatisfactionRating", {"score": "offered", "body": None}, rule))


def _notify(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    data = {"subject": value[1], "body": value[2], "recipients": [draft.values["requester_id"]]}
    draft.notices.append(Notice("Notification", data, rule))


def _notify_group(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    group_id = draft.values["group_id"] if value[0] == "group_id" else _ident(value[0])
    members = sorted(draft.world.members.get(group_id or 0, ()))
    data = {"subject": value[1], "body": value[2], "recipients": members}
    draft.notices.append(Notice("Notification", data, rule))


def _target(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    data = {"resource": str(value[0]), "body": filled(draft, str(value[1]))}
    draft.notices.append(Notice("External", data, rule))


def _webhook(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
    body = value[1]
    if isinstance(body, list):
        text = orjson.dumps({key: filled(draft, str(one)) for key, one in body}).decode()
    else:
        text = filled(draft, str(body))
    draft.calls.append((str(value[0]), text))
    draft.notices.append(Notice("External", {"resource": str(value[0]), "body": text}, rule))


def filled(draft: Draft, text: str) -> str:
    """A text with the placeholders of the ticket's plain attributes filled in."""
    ticket, values = draft.ticket, draft.values
    known = {
        "id": ticket.id,
        "title": values["subject"] or "",
        "status": str(values["status"]).title(),
        "priority": (values["priority"] or "").title(),
        "ticket_type": (values["type"] or "").title(),
        "external_id": values["external_id"] or "",
        "tags": " ".join(draft.tags),
        "group.name": draft.world.tables["groups"].get(values["group_id"] or 0, {}).get("name", ""),
        "link": f"https://{draft.world.subdomain}.zendesk.com/agent/tickets/{ticket.id}",
    }
    for name, value in known.items():
        text = text.replace("{{ticket." + name + "}}", str(value))
    return text


def _reply(*, is_public: bool) -> Callable[[Draft, Any, int, int | None], None]:
    def do(draft: Draft, value: Any, rule: int, caller_id: int | None) -> None:  # noqa: ARG001
        body = value[-1] if isinstance(value, list) else value
        author = draft.values["assignee_id"] or SYSTEM_USER_ID
        draft.notices.append(Comment(filled(draft, str(body)), is_public, author))

    return do


_ACTIONS: dict[str, Callable[[Draft, Any, int, int | None], None]] = {
    "status": _status,
    "custom_status_id": _custom_status,
    "priority": _plain("priority"),
    "type": _plain("type"),
    "subject": _plain("subject"),
    "group_id": _group,
    "assignee_id": _assignee,
    "brand_id": _number("brand_id"),
    "ticket_form_id": _number("ticket_form_id"),
    "current_tags": _add_tags,
    "set_tags": _set_tags,
    "remove_tags": _remove_tags,
    "follower": _follow("follower_ids"),
    "cc": _follow("email_cc_ids"),
    "satisfaction_score": _offer_rating,
    "notification_user": _notify,
    "notification_group": _notify_group,
    "notification_target": _target,
    "notification_webhook": _webhook,
    "reply_public": _reply(is_public=True),
    "reply_internal": _reply(is_public=False),
}

#: Actions this account knows; the last have no effect that the API shows.
KNOWN = frozenset(_ACTIONS) | {
    "locale_id",
    "set_schedule",
    "tweet_requester",
    "add_skills",
    "set_skills",
    "remove_skills",
    "side_conversation_ticket",
    "side_conversation_slack",
    "comment_value",
    "comment_value_html",
    "comment_mode_is_public",
    "deflection",
}
