"""The account as rules and plans need it: groups, fields, brands, forms, views, schedules, and its own triggers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from zdsync.model import FieldId, GroupId, User, UserId


@dataclass(frozen=True, slots=True)
class Group:
    """A group of agents."""

    id: GroupId
    name: str
    is_deleted: bool = False
    is_public: bool = True


@dataclass(frozen=True, slots=True)
class FieldOption:
    """One choice of a drop-down or multi-select; `value` is its tag."""

    value: str
    label: str
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TicketField:
    """A ticket field as the account defines it; `key` is Zendesk's newer stable name, often None."""

    id: FieldId
    title: str
    type: str
    key: str | None = None
    is_active: bool = True
    options: tuple[FieldOption, ...] = ()
    tag: str | None = None

    @property
    def is_custom(self) -> bool:
        return self.type in CUSTOM_FIELD_TYPES


CUSTOM_FIELD_TYPES = frozenset(
    "text textarea checkbox date integer decimal regexp partialcreditcard tagger multiselect lookup".split()
)


@dataclass(frozen=True, slots=True)
class RecordField:
    """A custom field of users or organizations; rules name it by `key`."""

    key: str
    title: str
    type: str
    options: tuple[FieldOption, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A shared view; conditions in the read form, values as text. `columns` are their ids, in order."""

    id: int
    title: str
    is_active: bool = True
    description: str = ""
    conditions_all: tuple[tuple[str, str, str], ...] = ()
    conditions_any: tuple[tuple[str, str, str], ...] = ()
    restricted_to: frozenset[GroupId] = frozenset()
    columns: tuple[str, ...] = ()
    sort_by: str = ""
    sort_order: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """An account object known by id and name (brand, form, custom status)."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleVersion:
    """What a schedule's hours were from `valid_from` on, a local date; None: since ever.

    `time_zone` is Zendesk's name of it; `intervals` are open from one minute since Sunday 00:00 local time to another.
    """

    time_zone: str
    intervals: tuple[tuple[int, int], ...]
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A business-hours schedule of the account: its states, oldest first, and every date that was or is a holiday."""

    id: int
    name: str
    versions: tuple[ScheduleVersion, ...]
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Account:
    """The account's configuration as mirrored: what names in rules may mean."""

    groups: tuple[Group, ...] = ()
    ticket_fields: tuple[TicketField, ...] = ()
    user_fields: tuple[RecordField, ...] = ()
    organization_fields: tuple[RecordField, ...] = ()
    brands: tuple[Named, ...] = ()
    forms: tuple[Named, ...] = ()
    custom_statuses: tuple[Named, ...] = ()
    views: tuple[View, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    staff: Mapping[UserId, User] = field(default_factory=dict)
    members: Mapping[GroupId, frozenset[UserId]] = field(default_factory=dict)
    """Agents by group, as far as mirrored."""
    known: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Ids of what the rules name, as last seen: ("group", its name, case folded), ("view", its tier's key), and so on.

    So for `brand`, `form`, `custom_status` and `field`; an `option` has its field's id and a colon before its name.
    """
    undone_views: Mapping[int, str | None] = field(default_factory=dict)
    """Known views that an undo wrote last, and the rules it was made under (None: not known)."""

    def calling(self, names: Iterable[str]) -> Account:
        """The same account, in which renamed groups bear the name they are known by, where no living one bears it."""
        former = {
            self.known[key]: name
            for name in names
            if (key := ("group", name.casefold())) in self.known and self.group_named(name) is None
        }
        groups = (replace(each, name=former.get(each.id, each.name)) for each in self.groups)
        return replace(self, groups=tuple(groups)) if former else self

    def group_named(self, name: str) -> Group | None:
        """The living group of that name, compared without case."""
        wanted = name.casefold()
        return next((g for g in self.groups if not g.is_deleted and g.name.casefold() == wanted), None)

    def group(self, id: GroupId | None) -> Group | None:
        return next((g for g in self.groups if g.id == id), None)


@dataclass(frozen=True, slots=True)
class NativeRule:
    """A trigger or automation of the account that is switched on: what it asks and what it writes, as Zendesk has it."""

    kind: str
    id: int
    title: str
    conditions_all: tuple[tuple[str, str, str], ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    """(field, value); actions that are no change of a field, such as a notification, are left out."""
    conditions_any: tuple[tuple[str, str, str], ...] = ()
    notifies: bool = False
    """Whether one of its actions sends a message to somebody."""


@dataclass(frozen=True, slots=True)
class NativeNames:
    """Titles of the account's macros and triggers that are switched on, as far as mirrored; empty if none is."""

    macros: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
