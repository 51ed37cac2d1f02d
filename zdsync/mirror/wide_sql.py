"""The SQL of wide views: a custom field's value as a typed column and the label beside it, in either database's words.

A value that does not fit its column's type is null instead of an error: one odd value must not break every query.
"""

# ruff: noqa: S608 - made of our own names, ids and quoted literals
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from zdsync.mirror.described import quoting


class Speaker(Protocol):
    """Says what one subject's custom fields are; `t` is the subject's table in `source`."""

    @property
    def source(self) -> str:
        """What to select from."""

    def value(self, field: str, type: str) -> str:
        """The expression of a field's value, by the field's id (tickets) or key."""

    def label(self, field: str, type: str) -> str:
        """The expression of what the value's choices are called."""


def speaker_for(connection: Connection, table: str, values: str, fields: str) -> Speaker:
    make = _Sqlite if connection.dialect.name == "sqlite" else _Postgres
    return make(table, values, fields, quoting(connection))


@dataclass(frozen=True, slots=True)
class _Sqlite:
    table: str
    values: str
    fields: str
    quoted: Callable[[str], str]

    @property
    def source(self) -> str:
        return f"{self.table} t"

    def _found(self, field: str) -> str:
        if self.table == "tickets":
            return (
                "SELECT j.value ->> '$.value' AS x FROM json_each(t.custom_fields) j"
                f" WHERE j.value ->> '$.id' = {int(field)}"
            )
        return f"SELECT j.value AS x FROM json_each(t.{self.values}) j WHERE j.key = {self.quoted(field)}"

    def value(self, field: str, type: str) -> str:
        match type:
            case "checkbox":
                typed = "CASE WHEN x IN (1, 'true') THEN 1 WHEN x IN (0, 'false') THEN 0 END"
            case "integer":
                typed = (
                    "CASE WHEN json_valid(x) AND json_type(x) = 'integer' AND length(x) < 19"
                    " THEN CAST(x AS INTEGER) END"
                )
            case "decimal":
                typed = (
                    "CASE WHEN json_valid(x) AND json_type(x) IN ('integer', 'real') THEN CAST(x AS REAL) END"
                )
            case _:
                typed = "CAST(x AS TEXT)"
        return f"(SELECT {typed} FROM ({self._found(field)}))"

    def _options(self, field: str) -> str:
        if self.table == "tickets":
            return (
                "SELECT value AS tag, name FROM ticket_field_options"
                f" WHERE ticket_field_id = {int(field)} ORDER BY deleted_at IS NOT NULL"
            )
        return (
            f"SELECT o.value ->> '$.value' AS tag, o.value ->> '$.name' AS name"
            f" FROM {self.fields} f, json_each(f.custom_field_options) o WHERE f.key = {self.quoted(field)}"
        )

    def label(self, field: str, type: str) -> str:
        label = f"(SELECT o.name FROM ({self._options(field)}) o WHERE o.tag = {{}} LIMIT 1)"
        if type != "multiselect":
            return f"(SELECT {label.format('x')} FROM ({self._found(field)}))"
        return (
            f"(SELECT group_concat({label.format('j.value')}, ', ')"
            f" FROM ({self._found(field)}) v, json_each(CASE WHEN json_valid(v.x) THEN v.x END) j)"
        )


@dataclass(frozen=True, slots=True)
class _Postgres:
    table: str
    values: str
    fields: str
    quoted: Callable[[str], str]

    @property
    def source(self) -> str:
        """Custom fields of tickets are gathered once per row, whatever number of columns is asked for."""
        if self.table != "tickets":
            return f"{self.table} t"
        return (
            "tickets t LEFT JOIN LATERAL (SELECT jsonb_object_agg(j ->> 'id', j -> 'value') AS fields"
            " FROM json_array_elements(t.custom_fields::json) j WHERE j ->> 'id' IS NOT NULL) v ON true"
        )

    def _of(self, field: str, arrow: str) -> str:
        fields = "v.fields" if self.table == "tickets" else f"t.{self.values}::jsonb"
        return f"({fields} {arrow} {self.quoted(field)})"

    def value(self, field: str, type: str) -> str:
        x = self._of(field, "->>")
        match type:
            case "checkbox":
                return f"CASE WHEN {x} IN ('true', '1') THEN true WHEN {x} IN ('false', '0') THEN false END"
            case "integer":
                return f"CASE WHEN {x} ~ '^-?(0|[1-9][0-9]{{0,16}})$' THEN {x}::bigint END"
            case "decimal":
                return f"CASE WHEN {x} ~ '^-?(0|[1-9][0-9]*)([.][0-9]+)?$' THEN {x}::double precision END"
            case _:
                return x

    def _options(self, field: str) -> str:
        if self.table == "tickets":
            return (
                "SELECT value AS tag, name FROM ticket_field_options"
                f" WHERE ticket_field_id = {int(field)} ORDER BY deleted_at IS NOT NULL"
            )
        return (
            "SELECT o ->> 'value' AS tag, o ->> 'name' AS name"
            f" FROM {self.fields} f, json_array_elements(f.custom_field_options::json) o"
            f" WHERE f.key = {self.quoted(field)}"
        )

    def label(self, field: str, type: str) -> str:
        label = f"(SELECT o.name FROM ({self._options(field)}) o WHERE o.tag = {{}} LIMIT 1)"
        if type != "multiselect":
            return label.format(self._of(field, "->>"))
        found = self._of(field, "->")
        tags = f"CASE jsonb_typeof({found}) WHEN 'array' THEN {found} ELSE '[]'::jsonb END"
        return (
            f"(SELECT string_agg({label.format('j.tag')}, ', ' ORDER BY j.place)"
            f" FROM jsonb_array_elements_text({tags}) WITH ORDINALITY AS j(tag, place))"
        )
