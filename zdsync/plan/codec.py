"""A plan as JSON and back: versioned, tied to its rules and account, sealed so that an edited file is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from zdsync.account import FieldOption
from zdsync.errors import PlanRefused
from zdsync.model import GroupId, TicketId, UserId
from zdsync.plan.model import (
    AccountChange,
    AccountNotice,
    ComingUp,
    FieldDiff,
    GroupChange,
    GroupRef,
    HeldTicket,
    NativeAnswer,
    Plan,
    TicketChange,
    TierFieldChange,
    ViewChange,
    ViewSwitch,
    ViewUpdate,
)
from zdsync.plan.views import read_form

FORMAT = 1
LIFETIME = timedelta(hours=24)

_OBJECTS = {
    GroupChange: "group",
    TierFieldChange: "tier_field",
    ViewChange: "view",
    ViewUpdate: "view_update",
    ViewSwitch: "view_switch",
}


def encode(plan: Plan) -> dict[str, Any]:
    """The plan as a JSON document; the same plan always gives the same text, so that two plans can be compared."""
    body = {
        "format": FORMAT,
        "account": plan.account,
        "made_at": _time_text(plan.made_at),
        "expires_at": _time_text(plan.made_at + LIFETIME),
        "mirror_until": _time_text(plan.mirror_until) if plan.mirror_until else None,
        "rules_digest": plan.rules_digest,
        "unsolved": plan.unsolved,
        "counts": dict(sorted(plan.counts.items())),
        "held": [asdict(held) for held in plan.held],
        "coming": [{**asdict(move), "at": _time_text(move.at)} for move in plan.coming],
        "refused": [asdict(notice) for notice in plan.refused],
        "notices": [asdict(notice) for notice in plan.notices],
        "answers": None if plan.answers is None else [asdict(answer) for answer in plan.answers],
        "account_changes": [_account_change(change) for change in plan.account_changes],
        "ticket_changes": [ticket_change_json(change) for change in plan.ticket_changes],
    }
    return {**body, "seal": seal(body)}


def decode(document: object) -> Plan:
    """The plan of a document made by `encode`; raises PlanRefused when it is something else, edited or cut short."""
    if not isinstance(document, dict) or "seal" not in document:
        raise PlanRefused("this file is not a plan", hint="make one with `zdsync plan --out FILE`")
    if document.get("format") != FORMAT:
        raise PlanRefused(
            f"this plan has format {document.get('format')!r}; this version reads format {FORMAT}",
            hint="make the plan again with this version",
        )
    body = {name: value for name, value in document.items() if name != "seal"}
    if seal(body) != document["seal"]:
        raise PlanRefused("this plan was edited after it was made", hint="change the rules and plan again")
    return _plan(body)


def seal(body: Mapping[str, Any]) -> str:
    """A digest of the document without its seal: it finds edits and torn files, it is no signature."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _account_change(change: AccountChange) -> dict[str, Any]:
    return {"object": _OBJECTS[type(change)], **asdict(change)}


def ticket_change_json(change: TicketChange) -> dict[str, Any]:
    """One change as it stands in a plan document."""
    return {**asdict(change), "updated_stamp": _time_text(change.updated_stamp)}


def _plan(body: Mapping[str, Any]) -> Plan:
    return Plan(
        account=body["account"],
        made_at=_time(body["made_at"]),
        mirror_until=_time(body["mirror_until"]) if body["mirror_until"] else None,
        rules_digest=body["rules_digest"],
        unsolved=body["unsolved"],
        account_changes=tuple(_read_account_change(entry) for entry in body["account_changes"]),
        ticket_changes=tuple(_read_ticket_change(entry) for entry in body["ticket_changes"]),
        counts=body["counts"],
        held=tuple(HeldTicket(TicketId(h["ticket_id"]), h["reason"]) for h in body.get("held", ())),
        coming=tuple(
            ComingUp(TicketId(move["ticket_id"]), move["rule"], _time(move["at"]))
            for move in body.get("coming", ())
        ),
        refused=tuple(AccountNotice(**notice) for notice in body.get("refused", ())),
        notices=tuple(AccountNotice(**notice) for notice in body.get("notices", ())),
        answers=_read_answers(body.get("answers")),
    )


def _read_answers(entries: Sequence[Mapping[str, Any]] | None) -> tuple[NativeAnswer, ...] | None:
    return None if entries is None else tuple(NativeAnswer(**entry) for entry in entries)


def _read_account_change(entry: Mapping[str, Any]) -> AccountChange:
    if entry["object"] == "group":
        return GroupChange(entry["name"], entry["reason"])
    if entry["object"] == "tier_field":
        options = tuple(FieldOption(**option) for option in entry["options"])
        return TierFieldChange(entry["title"], entry["field_id"], options, entry["reason"])
    if entry["object"] == "view_switch":
        return ViewSwitch(entry["view_id"], entry["title"], entry["is_active"], entry["reason"])
    groups = tuple(_read_group(group) for group in entry["groups"])
    if entry["object"] == "view_update":
        before, after = read_form(entry["before"]), read_form(entry["after"])
        return ViewUpdate(entry["view_id"], before, after, entry["reason"], entry["tag"], groups)
    place, some = entry.get("position"), tuple(map(tuple, entry.get("conditions_any", ())))
    return ViewChange(entry["title"], entry["tier"], entry["tag"], groups, entry["reason"], place, some)


def _read_ticket_change(entry: Mapping[str, Any]) -> TicketChange:
    assignee = entry["assignee_before"]
    return TicketChange(
        ticket_id=TicketId(entry["ticket_id"]),
        updated_stamp=_time(entry["updated_stamp"]),
        kind=entry["kind"],
        rule=entry["rule"],
        reason=entry["reason"],
        tier=entry["tier"],
        fields=tuple(FieldDiff(f["field"], _value(f["before"]), _value(f["after"])) for f in entry["fields"]),
        group=_read_group(entry["group"]) if entry["group"] else None,
        group_before=_read_group(entry["group_before"]) if entry["group_before"] else None,
        assignee_before=UserId(assignee) if assignee is not None else None,
        add_tags=tuple(entry["add_tags"]),
        remove_tags=tuple(entry["remove_tags"]),
        tags=tuple(entry["tags"]),
        note=entry["note"],
        note_digest=entry["note_digest"],
        follower=UserId(entry["follower"]) if entry.get("follower") is not None else None,
        clock=entry.get("clock", ""),
        notify=tuple(entry.get("notify", ())),
    )


def _read_group(entry: Mapping[str, Any]) -> GroupRef:
    return GroupRef(entry["name"], GroupId(entry["id"]) if entry["id"] is not None else None)


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _time_text(moment: datetime) -> str:
    return moment.isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
