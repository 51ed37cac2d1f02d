"""Every field that conditions may name: Zendesk's own, and the custom fields of one account by title, key or id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from zdsync.facts import Facts
from zdsync.model import (
    PRIORITY_ORDER,
    STATUS_ORDER,
    Account,
    FieldOption,
    Organization,
    RecordField,
    TicketField,
    User,
)
from zdsync.rules.fields import NONE, NOTHING, Field, Kind, fold_name, to_moment, to_number
from zdsync.text import fold

Read = Callable[[Facts], Any]
TYPES = ("none", "question", "incident", "problem", "task")
SATISFACTION = ("offered", "unoffered", "good", "good_with_comment", "bad", "bad_with_comment")
ROLES = ("end-user", "agent", "admin")
_NUMBER_TYPES = frozenset({"integer", "decimal"})
_OPTION_TYPES = frozenset({"tagger", "dropdown"})


class Vocabulary:
    """The fields of one account, or without an account only Zendesk's own.

    `groups` are the names that will exist once a plan has created them. Names are found without regard to case,
    and a space, `-` or `_` are the same: `app_version` finds the field titled "App version".
    """

    def __init__(self, account: Account | None, groups: Iterable[str] = ()) -> None:
        self._account = account
        self._fields = {**_own_fields(), **_named_fields(account, groups)}
        self._ambiguous: set[str] = set()
        self._settable: dict[str, TicketField] = {}
        if account:
            self._add_ticket_fields(account.ticket_fields)
            self._add_record_fields("organization", account.organization_fields, _organization)
            self._add_record_fields("requester", account.user_fields, _requester)

    def find(self, name: str) -> Field | None:
        """The field called `name`; without an account any other name is a field of unknown kind."""
        found = self._fields.get(name) or self._fields.get(plain(name))
        if found is None and self._account is None:
            return Field(name, Kind.UNKNOWN, lambda _: None, lambda _: None)
        return found

    def find_settable(self, name: str) -> TicketField | None:
        """The custom ticket field called `name`, for `set_fields`."""
        return self._settable.get(plain(name))

    def is_ambiguous(self, name: str) -> bool:
        """Whether several custom fields share this title."""
        return plain(name) in self._ambiguous

    def names(self) -> tuple[str, ...]:
        """What fields are called, for suggestions; ids left out."""
        return tuple(dict.fromkeys(field.name for key, field in self._fields.items() if not key.isdigit()))

    def settable_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(field.title for field in self._settable.values()))

    def _add_ticket_fields(self, fields: Sequence[TicketField]) -> None:
        custom = [field for field in fields if field.is_custom and field.is_active]
        titles = [plain(field.title) for field in custom]
        keys = {plain(field.key) for field in custom if field.key}
        self._ambiguous = {title for title in titles if titles.count(title) > 1} - keys
        for field in custom:
            read = _custom_value(field.id)
            known = _typed(field.title, field.type, field.options, read)
            for name in (plain(field.title), plain(field.key or ""), str(int(field.id))):
                is_key = bool(field.key) and name == plain(field.key or "")
                if not name or name in self._ambiguous or (name in keys and not is_key):
                    continue
                self._settable[name] = field
                self._fields.setdefault(name, known)

    def _add_record_fields(
        self, record: str, fields: Sequence[RecordField], of: Callable[[Facts], User | Organization | None]
    ) -> None:
        for field in fields:
            known = _typed(f"{record}.{field.key}", field.type, field.options, _record_value(of, field.key))
            for name in (field.key, field.title):
                self._fields.setdefault(plain(f"{record}.{name}"), known)


def built_in(name: str) -> Field | None:
    """Zendesk's own field of that name; None for anything that needs an account to be known."""
    return _BUILT_IN.get(name) or _BUILT_IN.get(plain(name))


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A field's name as it is looked up."""
    return re.sub(r"[\s_-]+", "_", fold_name(name))


# Zendesk's own fields.


def _own_fields() -> dict[str, Field]:
    return {
        field.name: field
        for field in (
            _rank("status", STATUS_ORDER, lambda f: f.ticket.status),
            _rank("priority", PRIORITY_ORDER, lambda f: f.ticket.priority or "none", nothing=0),
            _word("type", lambda f: f.ticket.type or "none", TYPES, nothing=NONE),
            _word("channel", lambda f: f.ticket.channel),
            _word("language", _locale, spread=_locale_names),
            _word("requester.locale", _locale, spread=_locale_names),
            _word("requester.language", _locale, spread=_locale_names),
            _word("requester.role", lambda f: f.requester and f.requester.role, ROLES),
            _word("requester.domain", lambda f: _domain(f.requester)),
            _word("satisfaction", lambda f: f.ticket.satisfaction, SATISFACTION, spread=satisfaction_names),
            *(_searched(name) for name in ("subject", "description", "comment", "text")),
            _text("recipient", lambda f: f.ticket.recipient),
            _text("requester.name", lambda f: f.requester and f.requester.name),
            _text("requester.email", lambda f: f.requester and f.requester.email),
            _text("organization.name", lambda f: f.organization and f.organization.name),
            _text("organization.external_id", lambda f: f.organization and f.organization.external_id),
            _set("tags", lambda f: f.ticket.tags),
            _set("requester.tags", lambda f: f.requester.tags if f.requester else NOTHING),
            _set("organization.tags", lambda f: f.organization.tags if f.organization else NOTHING),
            *(_date(name) for name in ("created_at", "updated_at", "due_at")),
            *(_count(name) for name in ("replies", "reopens", "group_stations", "assignee_stations")),
            _count("attachments", nothing=0),
            Field("organization.domain", Kind.NAME, _domains, lambda f: sorted(_domains(f)), nothing=NOTHING),
        )
    }


def _rank(name: str, ranks: Mapping[str, int], word: Read, nothing: int | None = None) -> Field:
    return Field(name, Kind.RANK, lambda f: ranks.get(word(f)), word, ranks=ranks, nothing=nothing)


def _word(
    name: str,
    word: Read,
    choices: tuple[str, ...] = (),
    *,
    nothing: frozenset[str] = NOTHING,
    spread: Callable[[str], frozenset[str]] | None = None,
) -> Field:
    """A field that holds one word; `spread` gives all the names that a word answers to."""
    names = spread or (lambda text: frozenset({text}))
    seen: dict[str | None, frozenset[str]] = {None: NOTHING, "": NOTHING}

    def read(facts: Facts) -> frozenset[str]:
        text = word(facts)
        found = seen.get(text)
        if found is None:
            found = names(fold_name(text))
            if len(seen) < _MEMORY:
                seen[text] = found
        return found

    known = {choice: choice for choice in choices} if choices else None
    return Field(name, Kind.NAME, read, word, known=known, nothing=nothing)


_MEMORY = 1_000
"""How many different words a field remembers; a bound, not a need."""


def _searched(name: str) -> Field:
    """A text that is looked at for words; too long and too private to be shown."""
    return Field(
        name,
        Kind.TEXT,
        lambda f: f.plain(name),
        lambda f: "" if f.plain(name).strip() else None,
        words=lambda f: f.words(name),
        is_private=True,
    )


def _text(name: str, text: Read) -> Field:
    return Field(name, Kind.TEXT, text, text, words=lambda f: fold(text(f) or ""))


def _set(name: str, tags: Read) -> Field:
    return Field(name, Kind.TAGS, tags, lambda f: tuple(sorted(tags(f))), nothing=NOTHING)


def _date(name: str) -> Field:
    def read(facts: Facts) -> object:
        return getattr(facts.ticket, name)

    return Field(name, Kind.DATE, read, read)


def _count(name: str, nothing: int | None = None) -> Field:
    def read(facts: Facts) -> object:
        return getattr(facts, name)

    return Field(name, Kind.NUMBER, read, read, nothing=nothing)


def _requester(facts: Facts) -> User | None:
    return facts.requester


def _organization(facts: Facts) -> Organization | None:
    return facts.organization


def _locale(facts: Facts) -> str | None:
    return facts.requester.locale if facts.requester else None


def _locale_names(locale: str) -> frozenset[str]:
    """`en-us` answers to `en` too.  Source: developer.zendesk.com, "Locales" (BCP 47 codes; read 2026-11)."""
    parts = locale.replace("_", "-").split("-")
    return frozenset("-".join(parts[:length]) for length in range(1, len(parts) + 1))


def satisfaction_names(score: str) -> frozenset[str]:
    return frozenset({score, score.removesuffix("_with_comment")})


def _domain(requester: User | None) -> str | None:
    email = requester.email if requester else None
    return email.rpartition("@")[2] if email and "@" in email else None


def _domains(facts: Facts) -> frozenset[str]:
    domains = facts.organization.domains if facts.organization else ()
    return frozenset(fold_name(domain) for domain in domains)


# Things of the account that rules call by name.


def _named_fields(account: Account | None, groups: Iterable[str]) -> dict[str, Field]:
    groups_by_id: dict[int | None, str] = {}
    brands: dict[int | None, str] = {}
    forms: dict[int | None, str] = {}
    statuses: dict[int | None, str] = {}
    if account:
        groups_by_id = {group.id: group.name for group in account.groups if not group.is_deleted}
        brands = {brand.id: brand.name for brand in account.brands}
        forms = {form.id: form.name for form in account.forms}
        statuses = {status.id: status.name for status in account.custom_statuses}
    is_known = account is not None
    return {
        "group": _thing("group", groups_by_id, lambda f: f.ticket.group_id, is_known, groups),
        "brand": _thing("brand", brands, lambda f: f.ticket.brand_id, is_known),
        "form": _thing("form", forms, lambda f: f.ticket.form_id, is_known),
        "custom_status": _thing("custom_status", statuses, lambda f: f.ticket.custom_status_id, is_known),
        "assignee": _assignee(account),
        "requester": _person("requester"),
        "organization": _company("organization"),
    }


def _thing(
    name: str, names: Mapping[int | None, str], id_of: Read, is_known: bool, extra: Iterable[str] = ()
) -> Field:
    folded = {id: frozenset({fold_name(called), str(id)}) for id, called in names.items()}
    folded[None] = NONE

    def read(facts: Facts) -> frozenset[str]:
        id = id_of(facts)
        return folded.get(id) or frozenset({str(id)})

    known = {fold_name(called): called for called in ("none", *extra, *names.values())}
    known.update((str(id), called) for id, called in names.items())
    return Field(
        name,
        Kind.NAME,
        read,
        lambda f: names.get(id_of(f)) or id_of(f) or "none",
        known=known if is_known else None,
        nothing=NONE,
        is_account_name=True,
    )


def _assignee(account: Account | None) -> Field:
    staff = account.staff if account else {}
    folded: dict[int | None, frozenset[str]] = {id: _person_names(user) for id, user in staff.items()}
    folded[None] = NONE
    known = {name: name for names in folded.values() for name in names}

    def read(facts: Facts) -> frozenset[str]:
        id = facts.ticket.assignee_id
        return folded.get(id) or frozenset({str(id)})

    def show(facts: Facts) -> object:
        user = staff.get(facts.ticket.assignee_id) if facts.ticket.assignee_id else None
        return user.name if user else facts.ticket.assignee_id or "none"

    return Field(
        "assignee",
        Kind.NAME,
        read,
        show,
        known=known if account else None,
        nothing=NONE,
        is_account_name=True,
        is_private=True,
    )


def _person_names(user: User) -> frozenset[str]:
    names = {fold_name(user.name), fold_name(user.email or ""), str(int(user.id))}
    return frozenset(names - {""})


def _person(name: str) -> Field:
    def read(facts: Facts) -> frozenset[str]:
        if facts.requester:
            return _person_names(facts.requester)
        id = facts.ticket.requester_id
        return frozenset({str(int(id))}) if id else NONE

    return Field(
        name,
        Kind.NAME,
        read,
        lambda f: f.requester.name if f.requester else f.ticket.requester_id or "none",
        nothing=NONE,
    )


def _company(name: str) -> Field:
    def read(facts: Facts) -> frozenset[str]:
        organization = facts.organization
        if organization:
            return frozenset({fold_name(organization.name), str(int(organization.id))})
        id = facts.ticket.organization_id
        return frozenset({str(int(id))}) if id else NONE

    return Field(
        name,
        Kind.NAME,
        read,
        lambda f: f.organization.name if f.organization else f.ticket.organization_id or "none",
        nothing=NONE,
    )


# Custom fields.


def _custom_value(id: int) -> Read:
    def value(facts: Facts) -> object:
        return facts.ticket.custom_fields.get(id)  # type: ignore[call-overload]

    return value


def _record_value(of: Callable[[Facts], User | Organization | None], key: str) -> Read:
    def value(facts: Facts) -> object:
        record = of(facts)
        return record.fields.get(key) if record else None

    return value


def _typed(name: str, type: str, options: Sequence[FieldOption], value: Read) -> Field:
    """A custom field as its type has it compared."""
    if type in _NUMBER_TYPES:
        return Field(name, Kind.NUMBER, lambda f: to_number(value(f)), value)
    if type == "date":
        return Field(name, Kind.DATE, lambda f: to_moment(value(f)), value)
    if type == "checkbox":
        known = {"true": "true", "false": "false"}
        return Field(name, Kind.NAME, lambda f: _checked(value(f)), value, known=known, nothing=NOTHING)
    if type in _OPTION_TYPES or type == "multiselect":
        return _options(name, options, value, is_many=type == "multiselect")
    if type == "lookup":
        return _word(name, lambda f: None if value(f) in (None, "") else str(value(f)))
    return _text(name, lambda f: None if value(f) is None else str(value(f)))


def _checked(value: object) -> frozenset[str]:
    return frozenset({fold_name(value)}) if value in (True, False, "true", "false") else NOTHING


def _options(name: str, options: Sequence[FieldOption], value: Read, *, is_many: bool) -> Field:
    """A drop-down or multi-select; an option answers to its tag and its label."""
    labels = {option.value: option.label for option in options}
    folded = {o.value: frozenset({fold_name(o.value), fold_name(o.label)}) for o in options}
    known = {fold_name(word): word for option in options for word in (option.label, option.value)}

    def read(facts: Facts) -> frozenset[str]:
        chosen = value(facts)
        if chosen is None or chosen == "":
            return NOTHING
        if not isinstance(chosen, tuple | list):
            return folded.get(str(chosen)) or frozenset({fold_name(chosen)})
        return frozenset().union(*(folded.get(str(tag)) or {fold_name(tag)} for tag in chosen))

    def show(facts: Facts) -> object:
        chosen = value(facts)
        if isinstance(chosen, tuple | list):
            return tuple(labels.get(str(tag), str(tag)) for tag in chosen)
        return labels.get(str(chosen), chosen)

    kind = Kind.TAGS if is_many else Kind.NAME
    return Field(name, kind, read, show, known=known, nothing=NOTHING, is_account_name=True)


_BUILT_IN = Vocabulary(None)._fields
