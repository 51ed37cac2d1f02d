"""Every field that conditions may name: Zendesk's own, and the custom fields of one account by title, key or id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from zdsync.account import Account, RecordField, TicketField
from zdsync.rules.columns import column_field
from zdsync.rules.custom_fields import typed_field
from zdsync.rules.fields import Field, Kind, fold_name
from zdsync.rules.former import former_fields, with_former_options
from zdsync.rules.model import External
from zdsync.rules.named_fields import named_fields
from zdsync.rules.own_fields import own_fields
from zdsync.rules.sources import Record, Source


class Vocabulary:
    """The fields of one account, or without an account only Zendesk's own.

    `groups` are the names that will exist once a plan has created them, `tiers` the keys of the tiers, empty if any
    will do; the columns of `external` tables are fields too. Names are found without regard to case, and a space, `-` or
    `_` are the same: `app_version` finds the field titled "App version".
    """

    def __init__(
        self,
        account: Account | None,
        groups: Iterable[str] = (),
        tiers: Sequence[str] = (),
        external: Sequence[External] = (),
    ) -> None:
        self._account = account
        self._external = {each.name: each for each in external}
        self._fields = {**own_fields(), **named_fields(account, groups, tiers)}
        self._ambiguous: set[str] = set()
        self._settable: dict[str, TicketField] = {}
        if account:
            self._add_ticket_fields(account.ticket_fields)
            self._add_record_fields(Record.ORGANIZATION, account.organization_fields)
            self._add_record_fields(Record.REQUESTER, account.user_fields)

    def find(self, name: str) -> Field | None:
        """The field called `name`; without an account any other name is a field of unknown kind."""
        found = self._fields.get(name) or self._fields.get(plain(name))
        if found is not None:
            return found
        table, _, column = plain(name).partition(".")
        if table in self._external:
            return column_field(self._external[table], column) if column else None
        return unknown_field(name) if self._account is None else None

    def find_settable(self, name: str) -> TicketField | None:
        """The custom ticket field called `name`, for `set_fields`."""
        return self._settable.get(plain(name))

    def is_ambiguous(self, name: str) -> bool:
        """Whether several custom fields share this title."""
        return plain(name) in self._ambiguous

    def names(self) -> tuple[str, ...]:
        """What fields are called, for suggestions; ids left out."""
        known = (field.name for key, field in self._fields.items() if not key.isdigit())
        return tuple(dict.fromkeys((*known, *self._column_names())))

    def _column_names(self) -> Iterator[str]:
        for each in self._external.values():
            yield from (
                f"{each.name}.{column}" for column in (each.table.columns if each.table else each.types)
            )

    def settable_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(field.title for field in self._settable.values()))

    def _add_ticket_fields(self, fields: Sequence[TicketField]) -> None:
        account = self._account
        assert account is not None, "fields come from an account"
        custom = [
            with_former_options(account, field) for field in fields if field.is_custom and field.is_active
        ]
        titles = [plain(field.title) for field in custom]
        keys = {plain(field.key) for field in custom if field.key}
        self._ambiguous = {title for title in titles if titles.count(title) > 1} - keys
        for field in custom:
            read = Source(Record.TICKET, key=field.id)
            known = typed_field(field.title, field.type, field.options, read)
            for name in (plain(field.title), plain(field.key or ""), str(int(field.id))):
                is_key = bool(field.key) and name == plain(field.key or "")
                if not name or name in self._ambiguous or (name in keys and not is_key):
                    continue
                self._settable[name] = field
                self._fields.setdefault(name, known)
        for name, id in former_fields(account, plain).items():
            if name not in self._fields and name not in self._ambiguous:
                self._settable[name] = self._settable[str(int(id))]
                self._fields[name] = self._fields[str(int(id))]

    def _add_record_fields(self, record: Record, fields: Sequence[RecordField]) -> None:
        for field in fields:
            read = Source(record, key=field.key)
            known = typed_field(f"{record.value}.{field.key}", field.type, field.options, read)
            for name in (field.key, field.title):
                self._fields.setdefault(plain(f"{record.value}.{name}"), known)


def unknown_field(name: str) -> Field:
    """A field that only an account could describe; it reads as missing."""
    return Field(name, Kind.UNKNOWN, lambda _: None, lambda _: None)


def built_in(name: str) -> Field | None:
    """Zendesk's own field of that name; None for anything that needs an account to be known."""
    return _BUILT_IN.get(name) or _BUILT_IN.get(plain(name))


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A field's name as it is looked up."""
    return re.sub(r"[\s_-]+", "_", fold_name(name))


_BUILT_IN = {**own_fields(), **named_fields(None, ())}
