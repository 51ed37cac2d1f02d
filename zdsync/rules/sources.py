"""Where a value stands: on a ticket's facts, or on the ticket itself, its requester, its organization; read one or many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from operator import attrgetter
from typing import Any

from zdsync.facts import Facts
from zdsync.model import FieldId

Read = Callable[[Facts], Any]
_Values = Callable[[Any], Iterable[Any]]
"""From a record, or None, to values that stand on it."""


class Record(Enum):
    """What a value stands on."""

    FACTS = "facts"
    TICKET = "ticket"
    REQUESTER = "requester"
    ORGANIZATION = "organization"


_ALWAYS = frozenset({Record.FACTS, Record.TICKET})
"""Those of which there is always one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Reads an attribute of a record, or its custom field with this key; None where there is no such record.

    That it can be told where it reads lets many be read together, at a fraction of the price.
    """

    record: Record
    attribute: str = ""
    key: FieldId | str | None = None
    read: Read = field(init=False, repr=False, compare=False)
    """The same as a plain function."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", _alone(self))

    def __call__(self, facts: Facts) -> Any:
        return self.read(facts)


@dataclass(frozen=True, slots=True)
class Words:
    """Reads the folded words of a text, one by one."""

    text: str

    def __call__(self, facts: Facts) -> Sequence[str]:
        return facts.listed(self.text)

    @property
    def is_within_text(self) -> bool:
        """Whether each of them is among the words of `text`, too."""
        return self.text in {"subject", "description"}


def direct(read: Read) -> Read:
    """The same read as a plain function, for whoever asks again and again."""
    return read.read if isinstance(read, Source) else read


def read_many(reads: Iterable[Read]) -> tuple[Callable[[Facts], list[Any]], tuple[Read, ...]]:
    """A function that gives the value of each, and the reads in the order in which it gives them."""
    given = tuple(reads)
    sources = {record: _in_order(given, record) for record in Record}
    others = tuple(read for read in given if not isinstance(read, Source))
    of_facts, of_ticket, of_requester, of_organization = (
        _values_of(record, sources[record]) for record in Record
    )

    def values(facts: Facts) -> list[Any]:
        found = [
            *of_facts(facts),
            *of_ticket(facts.ticket),
            *of_requester(facts.requester),
            *of_organization(facts.organization),
        ]
        for read in others:
            found.append(read(facts))  # noqa: PERF401 - a comprehension is a call more
        return found

    return values, (*chain.from_iterable(sources.values()), *others)


def _in_order(reads: Iterable[Read], record: Record) -> list[Source]:
    """What is read of this record, attributes before custom fields."""
    own = (read for read in reads if isinstance(read, Source) and read.record is record)
    return sorted(own, key=lambda source: source.key is not None)


def _alone(source: Source) -> Read:
    record, attribute, key = source.record, source.attribute, source.key
    if key is None and record is Record.FACTS:
        return attrgetter(attribute)
    if key is None and record is Record.TICKET:
        return attrgetter(f"ticket.{attribute}")
    if record is Record.TICKET:
        return lambda facts: facts.ticket.custom_fields.get(key)  # type: ignore[arg-type]
    record_of = attrgetter(record.value)
    if key is None:
        value_of = attrgetter(attribute)
        return lambda facts: None if (one := record_of(facts)) is None else value_of(one)
    return lambda facts: None if (one := record_of(facts)) is None else one.fields.get(key)


def _values_of(record: Record, sources: Sequence[Source]) -> _Values:
    """A function for these sources of the record, attributes before custom fields."""
    names = [source.attribute for source in sources if source.key is None]
    keys = [source.key for source in sources if source.key is not None]
    values = _all_values(record, names, keys)
    if record in _ALWAYS:
        return values
    nothing = (None,) * len(sources)
    return lambda one: nothing if one is None else values(one)


def _all_values(record: Record, names: Sequence[str], keys: Sequence[FieldId | str]) -> _Values:
    if not keys:
        return _attributes(names)
    custom_of = _CUSTOM_OF[record]
    if not names:
        return lambda one: map(custom_of(one).get, keys)
    attributes = _attributes(names)
    return lambda one: (*attributes(one), *map(custom_of(one).get, keys))


def _attributes(names: Sequence[str]) -> _Values:
    if not names:
        return lambda _: ()
    several: _Values = attrgetter(*names)
    return several if len(names) > 1 else lambda one: (several(one),)


_CUSTOM_OF: Mapping[Record, Callable[[Any], Mapping[Any, Any]]] = {
    Record.TICKET: attrgetter("custom_fields"),
    Record.REQUESTER: attrgetter("fields"),
    Record.ORGANIZATION: attrgetter("fields"),
}
