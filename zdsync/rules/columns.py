"""The columns of external tables as fields, each compared as a custom field of its type is."""

from __future__ import annotations

from zdsync.facts import Facts
from zdsync.model import FieldValue
from zdsync.rules.custom_fields import typed_field
from zdsync.rules.fields import NOTHING, Field, Kind
from zdsync.rules.model import External

_FIELD_TYPES = {"number": "decimal", "date": "date", "checkbox": "checkbox"}


def column_field(external: External, column: str) -> Field | None:
    """The field that a column is, by its plain name; None when the table was read and has no such column."""
    if external.table is not None and column not in external.table.columns:
        return None
    table, name = external.name, f"{external.name}.{column}"

    def value(facts: Facts) -> FieldValue:
        row = facts.external.get(table)
        return row.values.get(column) if row is not None else None

    def tags(facts: Facts) -> frozenset[str]:
        found = value(facts)
        return frozenset(found) if isinstance(found, tuple) else NOTHING

    if external.types.get(column) == "tags":
        return Field(name, Kind.TAGS, tags, lambda facts: value(facts) or (), nothing=NOTHING)
    return typed_field(name, _FIELD_TYPES.get(external.types.get(column, ""), "text"), (), value)
