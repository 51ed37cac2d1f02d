"""A real ticket as a test case: only what rules ask about, without the people it is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from zdsync.account import Account
from zdsync.actors import is_person
from zdsync.model import Case, Event, FieldChange, FieldId, FieldValue, Organization, User
from zdsync.rules.fields import fold_name
from zdsync.rules.model import RuleSet
from zdsync.rules.unname import Unnamer
from zdsync.rules.vocabulary import Vocabulary, plain

_WORDS = ("status", "type", "priority")
_MORE_WORDS = ("channel", "recipient", "satisfaction")
_SYSTEM = -1


class Recorder:
    """Records one case as the document of a test case, all but what it expects.

    Left out are fields that no rule names. A person's name stays only where a rule of its own names it; a domain and a
    company's name too. The history is told from the state in which the ticket was opened.
    """

    def __init__(self, case: Case, account: Account, rules: RuleSet, now: datetime) -> None:
        self._case = case
        self._account = account
        self._now = now
        self._unname = Unnamer(case)
        self._asked: dict[str, str] = {}
        self._mentioned: set[str] = set()
        for condition in rules.written_conditions():
            self._mentioned |= {fold_name(value) for value in condition.values}
        for name in (*rules.asked_fields(), *(name for rule in rules.rules for name in rule.then.set_fields)):
            self._asked.setdefault(plain(name), name)
        self._fields = self._named_fields()
        self._groups = {group.id: group.name for group in account.groups if not group.is_deleted}

    def document(self) -> dict[str, Any]:
        """The case as plain values, in the order in which people read it."""
        case = self._case
        opening, history = self._told()
        create = next((event for event in case.events if event.is_create), None)
        document: dict[str, Any] = {
            "name": f"Ticket {case.ticket.id}, recorded {self._now:%Y-%m-%d}",
            "at": _time(self._now),
            "opened_by": self._who(create) if create else "customer",
            "ticket": opening,
            "requester": self._requester(case.requester),
            "organization": self._organization(case.organization),
            "external": self._external(),
            "findings": sorted({finding.detector for finding in case.findings}),
            "history": history,
        }
        if document["opened_by"] not in {"agent", "bot"}:
            del document["opened_by"]
        if not case.has_whole_history:
            document["whole_history"] = False
        hold = next((h for h in case.holds if h.until is None or h.until > self._now), None)
        if hold is not None:
            document["hold"] = {"until": _time(hold.until)} if hold.until else {}
        return {key: value for key, value in document.items() if value not in ({}, []) or key == "hold"}

    def _named_fields(self) -> dict[FieldId, str]:
        """Custom fields by the name that rules use for them."""
        vocabulary = Vocabulary(self._account)
        found = ((vocabulary.find_settable(name), name) for name in self._asked.values())
        return {field.id: name for field, name in reversed([*found]) if field is not None}

    # The ticket and what happened to it

    def _told(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The ticket as it was opened, and its history, which leads to the ticket as it is."""
        state, tags = self._state()
        last: dict[str, FieldValue] = dict(state)
        history: list[dict[str, Any]] = []
        seen: set[str] = set()
        for event in reversed(self._case.events):
            changes = (*(() if event.is_create else event.changes), *event.rule_changes)
            own: dict[str, Any] = {}
            by_rule: dict[str, Any] = {}
            for number, change in reversed([*enumerate(changes)]):
                into = by_rule if event.is_create or number >= len(event.changes) else own
                self._undo(change, state, tags, into, seen, last)
            history[:0] = self._entries(event, own, by_rule)
        return self._opening(state, tags), history

    def _state(self) -> tuple[dict[str, FieldValue], set[str]]:
        ticket = self._case.ticket
        state: dict[str, FieldValue] = {name: getattr(ticket, name) for name in _WORDS}
        state["group_id"] = ticket.group_id
        state["assignee_id"] = ticket.assignee_id
        state.update((str(int(id)), ticket.custom_fields.get(id)) for id in self._fields)
        return state, set(ticket.tags)

    def _undo(
        self,
        change: FieldChange,
        state: dict[str, FieldValue],
        tags: set[str],
        into: dict[str, Any],
        seen: set[str],
        last: dict[str, FieldValue],
    ) -> None:
        """Take one change back, and write it down; the last change of a field leads to what the field holds now."""
        if change.field == "tags":
            added, removed = _tags(change.value), _tags(change.previous)
            tags.difference_update(added)
            tags.update(removed)
            into.update({key: v for key, v in (("add_tags", added), ("remove_tags", removed)) if v})
        elif change.field in state:
            value = change.value if change.field in seen else last[change.field]
            seen.add(change.field)
            state[change.field] = change.previous
            into.update(self._named({change.field: value}))

    def _entries(
        self, event: Event, own: dict[str, Any], by_rule: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        who, at = self._who(event), _time(event.created_at)
        entries: list[dict[str, Any]] = [{"who": who, "at": at}]
        for comment in () if event.is_create else event.comments:
            key = "reply" if comment.is_public else "note"
            if "reply" in entries[-1] or "note" in entries[-1]:
                entries.append({"who": who, "at": at})
            entries[-1][key] = self._unname(comment.body) or "-"
            if comment.attachments:
                entries[-1]["attachments"] = comment.attachments
        if own:
            entries[0]["changes"] = _in_order(own)
        if by_rule:
            entries.append({"who": "trigger", "at": at, "changes": _in_order(by_rule)})
        yield from (entry for entry in entries if len(entry) > 2)

    def _opening(self, state: dict[str, FieldValue], tags: set[str]) -> dict[str, Any]:
        ticket = self._case.ticket
        given: dict[str, Any] = {"id": int(ticket.id), "created_at": _time(ticket.created_at)}
        given["subject"] = self._unname(ticket.subject)
        given["description"] = self._unname(ticket.description)
        given.update((name, getattr(ticket, name)) for name in _MORE_WORDS if name in self._asked)
        given.update(self._named(state))
        given["tags"] = sorted(tags)
        given.update((key, _time(at)) for key in ("updated_at", "due_at") if (at := self._date(key)))
        given.update(self._things())
        files = sum(c.attachments for event in self._case.events if event.is_create for c in event.comments)
        given["attachments"] = files or None
        given["sla.breached"] = self._case.sla_breached if "sla.breached" in self._asked else None
        return {name: value for name, value in given.items() if value not in (None, "", [], ())}

    def _date(self, name: str) -> datetime | None:
        return getattr(self._case.ticket, name) if name in self._asked else None

    def _things(self) -> Iterator[tuple[str, str]]:
        ticket, account = self._case.ticket, self._account
        for name, id, known in (
            ("brand", ticket.brand_id, account.brands),
            ("form", ticket.form_id, account.forms),
            ("custom_status", ticket.custom_status_id, account.custom_statuses),
        ):
            if name in self._asked:
                yield from ((name, thing.name) for thing in known if thing.id == id)

    def _named(self, values: dict[str, FieldValue]) -> dict[str, Any]:
        """Values by the names and in the words that rules use; groups that are gone are left out."""
        named: dict[str, Any] = {}
        for field, value in values.items():
            if field == "group_id":
                if value is None or value in self._groups:
                    named["group"] = self._groups[value] if value is not None else None  # type: ignore[index]
            elif field == "assignee_id":
                named["assignee"] = self._colleague(value)
            elif field.isdigit():
                named[self._fields[FieldId(int(field))]] = self._plain_value(value)
            else:
                named[field] = value
        return named

    def _colleague(self, id: FieldValue) -> str | int | None:
        """By name only where a rule names the person; else by number."""
        user = next((user for user in self._case.staff.values() if user.id == id), None)
        if user is None or user.id not in self._account.staff:
            return None
        names = (name for name in (user.email, user.name) if name and fold_name(name) in self._mentioned)
        return next(names, int(user.id))

    def _plain_value(self, value: FieldValue) -> Any:
        if isinstance(value, tuple):
            return list(value)
        return self._unname(value) if isinstance(value, str) else value

    # People

    def _who(self, event: Event) -> str:
        if event.key is not None:
            return "us"
        if is_person(event, self._case.staff):
            return "agent"
        if event.rel is not None or event.author_id in (None, _SYSTEM):
            return "trigger"
        return "bot" if event.author_id in self._case.staff else "customer"

    def _requester(self, user: User | None) -> dict[str, Any]:
        if user is None:
            return {}
        local, at, domain = (user.email or "").rpartition("@")
        is_named = {fold_name(domain), fold_name(user.email or "")} & self._mentioned
        given: dict[str, Any] = {}
        if at and {"requester.email", "requester.domain", "requester"} & self._asked.keys():
            given["email"] = (
                f"{local if fold_name(user.email or '') in self._mentioned else 'customer'}@{domain}"
                if is_named
                else "customer@example.com"
            )
        if "requester.role" in self._asked and user.role:
            given["role"] = user.role
        if user.locale and {"language", "requester.language", "requester.locale"} & self._asked.keys():
            given["language"] = user.locale
        if "requester.external_id" in self._asked and user.external_id:
            is_public = fold_name(user.external_id) in self._mentioned
            given["external_id"] = user.external_id if is_public else "customer"
        return {**given, **self._record("requester", user)}

    def _organization(self, company: Organization | None) -> dict[str, Any]:
        if company is None:
            return {}
        is_named = fold_name(company.name) in self._mentioned
        given: dict[str, Any] = {"name": company.name if is_named else "Company"}
        domains = [domain for domain in company.domains if fold_name(domain) in self._mentioned]
        if domains:
            given["domain"] = domains
        if "organization.external_id" in self._asked and company.external_id:
            given["external_id"] = company.external_id
        return {**given, **self._record("organization", company)}

    def _external(self) -> dict[str, Any]:
        """What rules ask of external tables; the rows hold nothing else."""
        rows = self._case.external.items()
        given = {
            name: {
                column: self._plain_value(value) for column, value in row.values.items() if value is not None
            }
            for name, row in rows
        }
        return {name: row for name, row in given.items() if row}

    def _record(self, record: str, of: User | Organization) -> dict[str, Any]:
        """Tags and custom fields that rules ask for, by the names they use."""
        known = self._account.user_fields if record == "requester" else self._account.organization_fields
        keys = {plain(name): field.key for field in known for name in (field.title, field.key)}
        given: dict[str, Any] = {}
        for name in self._asked.values():
            owner, _, field = name.partition(".")
            key = keys.get(plain(field)) if plain(owner) == record else None
            if key is not None and of.fields.get(key) not in (None, ""):
                given[field] = self._plain_value(of.fields[key])
        if f"{record}.tags" in self._asked and of.tags:
            given["tags"] = sorted(of.tags)
        return given


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _tags(value: FieldValue) -> list[str]:
    return sorted(value) if isinstance(value, tuple) else []


def _in_order(changes: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(changes.items()))
