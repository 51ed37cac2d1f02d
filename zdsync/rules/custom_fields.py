"""Custom fields of tickets, users and organizations, each compared as its type has it."""

from __future__ import annotations

from collections.abc import Sequence

from zdsync.account import FieldOption
from zdsync.facts import Facts
from zdsync.rules.fields import NOTHING, Field, Kind, fold_name, to_moment, to_number
from zdsync.rules.own_fields import text_field, word_field
from zdsync.rules.sources import Read

_NUMBER_TYPES = frozenset({"integer", "decimal"})
_OPTION_TYPES = frozenset({"tagger", "dropdown"})
_ALSO_CLAIMS = frozenset({0, 1})
"""Equal to false and true, which are no numbers."""
_TRUE = frozenset({"true"})
_FALSE = frozenset({"false"})


def typed_field(name: str, type: str, options: Sequence[FieldOption], value: Read) -> Field:
    """A custom field as its type has it compared."""
    if type in _NUMBER_TYPES:
        return Field(name, Kind.NUMBER, value, value, of=to_number, ambiguous=_ALSO_CLAIMS)
    if type == "date":
        return Field(name, Kind.DATE, value, value, is_day=True, of=to_moment)
    if type == "checkbox":
        known = {"true": "true", "false": "false"}
        return Field(name, Kind.NAME, value, value, known=known, nothing=NOTHING, of=_checked)
    if type in _OPTION_TYPES or type == "multiselect":
        return _options(name, options, value, is_many=type == "multiselect")
    if type == "lookup":
        return word_field(name, lambda f: None if value(f) in (None, "") else str(value(f)))
    return text_field(name, lambda f: None if value(f) is None else str(value(f)))


def _checked(value: object) -> frozenset[str]:
    if value in (True, "true"):
        return _TRUE
    return _FALSE if value in (False, "false") else NOTHING


def _tag(chosen: object) -> str:
    """An option as text; equal numbers are the same one."""
    is_whole = isinstance(chosen, int) or (isinstance(chosen, float) and chosen.is_integer())
    return str(int(chosen)) if is_whole else str(chosen)  # type: ignore[call-overload]


def _options(name: str, options: Sequence[FieldOption], value: Read, *, is_many: bool) -> Field:
    """A drop-down or multi-select; an option answers to its tag and its labels, of which the first is shown."""
    labels = {option.value: option.label for option in reversed(options)}
    folded: dict[str, frozenset[str]] = {}
    for o in options:
        folded[o.value] = folded.get(o.value, NOTHING) | {fold_name(o.value), fold_name(o.label)}
    known = {fold_name(word): word for option in options for word in (option.value, option.label)}

    def of(chosen: object) -> frozenset[str]:
        if chosen is None or chosen == "":
            return NOTHING
        tags = chosen if isinstance(chosen, tuple) else (_tag(chosen),)
        return NOTHING.union(*(folded.get(tag) or {fold_name(tag)} for tag in tags))

    def show(facts: Facts) -> object:
        chosen = value(facts)
        if isinstance(chosen, tuple | list):
            return tuple(labels.get(str(tag), str(tag)) for tag in chosen)
        return labels.get(str(chosen), chosen)

    kind = Kind.TAGS if is_many else Kind.NAME
    return Field(
        name,
        kind,
        value,
        show,
        known=known,
        nothing=NOTHING,
        is_account_name=True,
        of=of,
    )
