"""Views: what analysts ask for most, computed from the tables by either database, each documented like a table."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from zdsync.mirror.columns import flag, moment, number, text
from zdsync.mirror.described import View, describe, quoting
from zdsync.mirror.views_way import CRACKS, TIER_MOVES

_EACH_CHANGE = """
    SELECT e.id AS event_id, e.ticket_id, {position} AS position, {field} AS field,
        (SELECT f.title FROM ticket_fields f WHERE {of_field}) AS field_title,
        {old} AS old, {new} AS new, e.created_at AS changed_at, e.updater_id AS author_id, e.via_channel, {rel} AS rel,
        {rule} AS rule_id,
        COALESCE((SELECT t.title FROM triggers t WHERE t.id = {rule}),
            (SELECT a.title FROM automations a WHERE a.id = {rule})) AS rule_title,
        e.is_create, e.zdsync_key
    FROM ticket_events e, {source} WHERE e.deleted_at IS NULL AND {field} {compared} 'tags'
"""
_SQLITE_TEXT = """CASE json_type(j.value, '$.{0}') WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
            ELSE CAST(j.value ->> '$.{0}' AS TEXT) END"""
_SQLITE = {
    "position": "j.key",
    "field": "j.value ->> '$.field'",
    "of_field": "f.id = CAST(j.value ->> '$.field' AS INTEGER)",
    "rel": "j.value ->> '$.rel'",
    "rule": "CAST(j.value ->> '$.rule_id' AS INTEGER)",
}
_SQLITE_EACH = "json_each(e.changes) j"
_POSTGRES = {
    "position": "j.place - 1",
    "field": "j.change ->> 'field'",
    "of_field": "f.id::text = j.change ->> 'field'",
    "rel": "j.change ->> 'rel'",
    "rule": "(j.change ->> 'rule_id')::bigint",
}
_POSTGRES_EACH = "json_array_elements(e.changes::json) WITH ORDINALITY AS j(change, place)"


def _sqlite_changes() -> str:
    def of_tags(which: str, **side: str) -> str:
        source = f"{_SQLITE_EACH}, json_each(j.value, '$.{which}') tag"
        return _EACH_CHANGE.format(**_SQLITE, **side, source=source, compared="=")

    old, new = _SQLITE_TEXT.format("previous"), _SQLITE_TEXT.format("value")
    plain = _EACH_CHANGE.format(**_SQLITE, old=old, new=new, source=_SQLITE_EACH, compared="<>")
    added, removed = (
        of_tags("value", old="NULL", new="tag.value"),
        of_tags("previous", old="tag.value", new="NULL"),
    )
    return f"{plain} UNION ALL {added} UNION ALL {removed}"


def _postgres_changes() -> str:
    def of_tags(which: str, **side: str) -> str:
        source = f"{_POSTGRES_EACH}, json_array_elements_text(j.change -> '{which}') tag"
        return _EACH_CHANGE.format(**_POSTGRES, **side, source=source, compared="=")

    old, new = "j.change ->> 'previous'", "j.change ->> 'value'"
    plain = _EACH_CHANGE.format(**_POSTGRES, old=old, new=new, source=_POSTGRES_EACH, compared="<>")
    added, removed = of_tags("value", old="NULL", new="tag"), of_tags("previous", old="tag", new="NULL")
    return f"{plain} UNION ALL {added} UNION ALL {removed}"


TICKET_FIELD_CHANGES = View(
    "ticket_field_changes",
    "One row per field that an update changed, and one per tag it added or removed; a ticket's first values too",
    describe(
        number("event_id", "Update (ticket_events.id)"),
        number("ticket_id", "Ticket (tickets.id)"),
        number("position", "Place within the update, from 0; the tags of one change share it"),
        text("field", "Field by the API's name, a custom field by its id; tags for a tag"),
        text("field_title", "Title of a custom field (ticket_fields.title)"),
        text("old", "Value before, as text; null for none or not told; the tag that was removed"),
        text("new", "Value after, as text; null for none; the tag that was added"),
        moment("changed_at", "When"),
        number("author_id", "Who made the update (users.id; -1 is the system)"),
        text("via_channel", "Channel of the update"),
        text(
            "rel",
            "Machinery behind the change: trigger, automation, rule (one of these); null: made directly",
        ),
        number("rule_id", "The trigger or automation (triggers.id or automations.id)"),
        text("rule_title", "Its title now"),
        flag("is_create", "Whether the update created the ticket"),
        text("zdsync_key", "Key of the update in zdsync_changes; null when it was not zdsync's"),
    ),
    sqlite=_sqlite_changes(),
    postgres=_postgres_changes(),
)

VIEWS = (TICKET_FIELD_CHANGES, TIER_MOVES, CRACKS)
"""Views that are the same for every account, in the order of making them; a new one needs a revision."""


def drop_views(connection: Connection, names: Iterable[str]) -> None:
    for name in names:
        connection.exec_driver_sql(f'DROP VIEW IF EXISTS "{name}"')


def create_view(connection: Connection, view: View) -> None:
    """Make a view, or make it anew; what was granted on it in PostgreSQL stays as long as columns are only added."""
    if connection.dialect.name == "sqlite":
        drop_views(connection, [view.name])
        connection.exec_driver_sql(f'CREATE VIEW "{view.name}" AS {view.sqlite}')
        return
    connection.exec_driver_sql(f'CREATE OR REPLACE VIEW "{view.name}" AS {view.postgres}')
    quoted = quoting(connection)
    connection.exec_driver_sql(f'COMMENT ON VIEW "{view.name}" IS {quoted(view.comment)}')
    for column in view.columns:
        place = f'"{view.name}"."{column.name}"'
        connection.exec_driver_sql(f"COMMENT ON COLUMN {place} IS {quoted(column.comment)}")
