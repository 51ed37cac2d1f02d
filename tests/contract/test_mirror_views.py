"""Views for analysts: field changes, and a column per custom field whatever it is called, on both databases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.house import House
from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, page, record_page, tickets_page
from zdsync.mirror import wide
from zdsync.mirror.store import MirrorStore
from zdsync.mirror.tables_tickets import tickets
from zdsync.runs.pull import pull
from zdsync.streams import Page, Record, Stream


def ask(mirror: MirrorStore, query: str) -> list[Any]:
    with mirror.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def field(id: int, title: str, type: str = "text", *options: tuple[str, str]) -> tuple[Record, list[Record]]:
    choices = [
        rows.record("ticket_field_options", id=id * 100 + place, ticket_field_id=id, value=value, name=name)
        for place, (value, name) in enumerate(options)
    ]
    return rows.record("ticket_fields", id=id, title=title, type=type, updated_at=at(0)), choices


def record_fields(mirror: MirrorStore, served: float, *fields: tuple[Record, list[Record]]) -> None:
    choices = [choice for _, more in fields for choice in more]
    listed = page(
        Stream.TICKET_FIELDS,
        served,
        whole=True,
        ticket_fields=[one for one, _ in fields],
        ticket_field_options=choices,
    )
    record_page(mirror, listed)


def record_values(mirror: MirrorStore, values: dict[int, Any], id: int = 1) -> None:
    custom = [{"id": field_id, "value": value} for field_id, value in values.items()]
    record_page(mirror, tickets_page(rows.ticket(id, custom_fields=custom)))


def names(mirror: MirrorStore, view: str = "tickets_wide") -> list[str]:
    """The columns of custom fields, in the view's order."""
    with mirror.database.reading() as connection:
        shown = connection.execute(text(f"SELECT * FROM {view} LIMIT 0")).keys()
    return list(shown)[list(shown).index("synced_at") + 1 :]


def test_every_change_is_a_row(mirror: MirrorStore) -> None:
    """Who changed what from what to what, when, through which rule; each tag added or removed has its own row."""
    record_fields(mirror, 1, field(77, "Area"))
    record_page(
        mirror, page(Stream.TRIGGERS, 1, whole=True, triggers=[rows.record("triggers", id=5, title="T")])
    )
    by_rule = {"rel": "trigger", "rule_id": 5}
    changes = [
        {"field": "status", "value": "open", "previous": "new", "rel": None},
        {"field": "77", "value": ["a b", 'ü"'], "previous": None, **by_rule},
        {"field": "tags", "value": ["x", "y"], "previous": ["z"], **by_rule},
        {"field": "is_public", "value": True, "previous": False, "rel": None},
        {"field": "group_id", "value": 2**53 - 1, "previous": None, "rel": None},
    ]
    event = rows.event(9, 1, 3, changes=changes, via_channel="web", zdsync_key="k", is_create=True)
    record_page(mirror, page(Stream.EVENTS, ticket_events=[event, rows.event(10, 2, changes=[])]))
    found = ask(
        mirror,
        "SELECT position, field, field_title, old, new, rel, rule_id, rule_title FROM ticket_field_changes"
        " ORDER BY position, old, new",
    )
    ours = ("trigger", 5, "T")
    assert sorted(found, key=str) == sorted(
        [
            (0, "status", None, "new", "open", None, None, None),
            (1, "77", "Area", None, '["a b","ü\\""]', *ours),
            (2, "tags", None, None, "x", *ours),
            (2, "tags", None, None, "y", *ours),
            (2, "tags", None, "z", None, *ours),
            (3, "is_public", None, "false", "true", None, None, None),
            (4, "group_id", None, None, str(2**53 - 1), None, None, None),
        ],
        key=str,
    )
    rest = ask(
        mirror,
        "SELECT DISTINCT event_id, ticket_id, author_id, via_channel, zdsync_key FROM ticket_field_changes",
    )
    assert rest == [(9, 1, 900, "web", "k")]


def test_the_changes_lead_to_the_present(database_url: str) -> None:
    """Every ticket's last change of status, priority and group is its present value, and its tags add up."""
    house = House(database_url)
    place = house.place()
    house.advance(120)
    pull(place.source, place.mirror, place.clock, start=place.start)
    for name in ("status", "priority", "group_id"):
        last = (
            f"SELECT t.id FROM tickets t JOIN ticket_field_changes c ON c.ticket_id = t.id AND c.field = '{name}'"
            f" WHERE t.deleted_at IS NULL AND COALESCE(CAST(t.{name} AS TEXT), '-') <> COALESCE(c.new, '-')"
            " AND NOT EXISTS (SELECT 1 FROM ticket_field_changes d WHERE d.ticket_id = c.ticket_id"
            "  AND d.field = c.field AND (d.event_id, d.position) > (c.event_id, c.position))"
        )
        assert house.query(last) == [], name
    sums = (
        "SELECT c.ticket_id, COALESCE(c.new, c.old) AS tag FROM ticket_field_changes c JOIN tickets t ON t.id = c.ticket_id"
        " WHERE c.field = 'tags' AND t.deleted_at IS NULL GROUP BY 1, 2 HAVING COUNT(c.new) > COUNT(c.old)"
    )
    assert set(house.query(sums)) == set(house.query("SELECT ticket_id, tag FROM ticket_tags"))
    assert house.query("SELECT 1 FROM ticket_field_changes WHERE rule_title IS NOT NULL LIMIT 1") == [(1,)]
    house.close()


TITLES = [
    "Status",
    'x" FROM tickets; DROP TABLE tickets; --',
    "Reference",
    "Reference",
    "🦊",
    "",
    "long " * 60,
    "Größe (cm)",
    "2nd line",
    "reference_2",
    "Area label",
    "Area",
    "%s :name {x} 100 %",
]


def test_hostile_titles_clash_with_nothing(mirror: MirrorStore) -> None:
    """Every field has a column of its own beside the ticket's, and says nothing to the database but its name."""
    fields = [field(number, title) for number, title in enumerate(TITLES, start=1)]
    fields[11] = field(12, "Area", "tagger", ("a", "A"))
    record_fields(mirror, 1, *fields)
    shown = names(mirror)
    assert shown == [
        "status_2",
        "x_from_tickets_drop_table_tickets",
        "reference",
        "reference_2",
        "field_5",
        "field_6",
        "long_long_long_long_long_long_long_long_long_long",
        "grosse_cm",
        "field_2nd_line",
        "reference_2_2",
        "area_label",
        "area_2",
        "area_2_label",
        "s_name_x_100",
    ]
    record_values(mirror, {number: f"value {number}" for number in range(1, 14)})
    (found,) = ask(mirror, "SELECT * FROM tickets_wide")
    values = dict(zip(shown, found[-len(shown) :], strict=True))
    assert (values["status_2"], values["s_name_x_100"], values["area_2_label"]) == (
        "value 1",
        "value 13",
        None,
    )
    assert ask(mirror, "SELECT id, status FROM tickets_wide") == [(1, "open")]


def test_a_column_never_moves(mirror: MirrorStore) -> None:
    """Renamed, retyped and vanished fields keep their column, name and type; new ones come after them."""
    record_fields(mirror, 1, field(1, "Seats", "integer"), field(2, "Area"))
    record_fields(mirror, 2, field(0, "Area"), field(1, "Places", "text"), field(3, "Seats"))
    assert names(mirror) == ["seats", "area", "area_2", "seats_2"]
    record_values(mirror, {1: "7", 2: "x", 3: "y", 0: "z"})
    record_values(mirror, {1: "seven"}, id=2)
    found = ask(mirror, "SELECT seats, area, area_2, seats_2 FROM tickets_wide ORDER BY id")
    assert found == [(7, "x", "z", "y"), (None, None, None, None)]
    assert [row[0] for row in ask(mirror, "SELECT title FROM zdsync_wide_columns ORDER BY position")] == [
        "Seats",
        "Area",
        "Area",
        "Seats",
    ]


@pytest.mark.parametrize(
    ("type", "value", "shown"),
    [
        ("integer", "12", 12),
        ("integer", -3, -3),
        ("integer", "1.5", None),
        ("integer", "9" * 40, None),
        ("integer", "0x1F", None),
        ("decimal", "2.50", 2.5),
        ("decimal", "1,5", None),
        ("decimal", 4, 4.0),
        ("checkbox", True, 1),
        ("checkbox", False, 0),
        ("checkbox", "maybe", None),
        ("date", "2026-11-22", "2026-11-22"),
        ("text", "O'Hara \\ \" %s", "O'Hara \\ \" %s"),
        ("text", ["a"], '["a"]'),
        ("text", None, None),
    ],
)
def test_values_are_typed(mirror: MirrorStore, type: str, value: Any, shown: Any) -> None:
    """A value that is not what its field promises is null, and breaks no query."""
    record_fields(mirror, 1, field(1, "It", type))
    record_values(mirror, {1: value})
    assert ask(mirror, "SELECT it FROM tickets_wide") == [(shown,)]


def test_choices_have_their_labels_beside_them(mirror: MirrorStore) -> None:
    """The present label of a drop-down's tag, of each tag of a multi-select, also when the option is gone."""
    area = ("tagger", ("bill", "Billing"), ("tech", "Technical, 'hard'"))
    record_fields(mirror, 1, field(1, "Area", *area), field(2, "Parts", "multiselect", *area[1:]))
    record_values(mirror, {1: "tech", 2: ["tech", "bill"]})
    record_values(mirror, {1: "unknown", 2: "not a list"}, id=2)
    record_values(mirror, {1: None, 2: []}, id=3)
    query = "SELECT area, area_label, parts, parts_label FROM tickets_wide ORDER BY id"
    first, second, third = ask(mirror, query)
    assert (first[0], first[1], json.loads(first[2]), first[3]) == (
        "tech",
        "Technical, 'hard'",
        ["tech", "bill"],
        "Technical, 'hard', Billing",
    )
    assert second == ("unknown", None, "not a list", None)
    assert third == (None, None, "[]", None)
    record_fields(mirror, 2, field(1, "Area", "tagger"), field(2, "Parts", "multiselect"))
    assert ask(mirror, query)[0][1] == "Technical, 'hard'"


@pytest.mark.parametrize("key", ["plan", "it's 100 %", 'a"b', "$.x", "o.value"])
def test_people_and_organizations_are_wide_too(mirror: MirrorStore, key: str) -> None:
    """Their fields are found by key, whatever it holds, and choices by their definition."""
    choices = [{"value": "pro", "name": "Pro plan"}]
    for table, stream in (
        ("user_fields", Stream.USER_FIELDS),
        ("organization_fields", Stream.ORGANIZATION_FIELDS),
    ):
        fields = [
            rows.record(table, id=1, key=key, title="Plan", type="dropdown", custom_field_options=choices),
            rows.record(table, id=2, key="seats", title="Seats", type="integer"),
            rows.record(table, id=3, key="opt", title="Opt", type="checkbox"),
        ]
        record_page(mirror, Page(stream, {table: fields}, at(1), is_whole=True))
    values = {key: "pro", "seats": 7, "opt": True}
    record_page(mirror, page(Stream.USERS, users=[rows.user(1, user_fields=values), rows.user(2)]))
    record_page(
        mirror, page(Stream.ORGANIZATIONS, organizations=[rows.organization(1, organization_fields=values)])
    )
    query = "SELECT plan, plan_label, seats, opt FROM {} WHERE id = 1"
    for view in ("users_wide", "organizations_wide"):
        assert ask(mirror, query.format(view)) == [("pro", "Pro plan", 7, True)]
    assert ask(mirror, "SELECT plan, seats FROM users_wide WHERE id = 2") == [(None, None)]


def test_only_the_living_are_wide(mirror: MirrorStore) -> None:
    """Deleted tickets are left out; every other column is the table's."""
    record_page(mirror, tickets_page(rows.ticket(1), rows.ticket(2, status="deleted")))
    assert ask(mirror, "SELECT id FROM tickets_wide") == [(1,)]
    with mirror.database.reading() as connection:
        shown = set(connection.execute(text("SELECT * FROM tickets_wide LIMIT 0")).keys())
    left_out = {"raw", "custom_fields", "deleted_at", "version"}
    assert shown == {column.name for column in tickets.columns} - left_out


def test_a_view_somebody_lost_is_made_again(mirror: MirrorStore, caplog: pytest.LogCaptureFixture) -> None:
    """What a kill between the page and the views left undone is done with the next list of fields."""
    record_fields(mirror, 1, field(1, "Area"))
    with mirror.database.writing() as connection:
        connection.execute(text("DELETE FROM zdsync_wide_columns"))
    record_fields(mirror, 2, field(1, "Area"), field(2, "More"))
    assert names(mirror) == ["area", "more"]


@given(st.lists(st.text(max_size=80), max_size=12), st.sets(st.sampled_from(["status", "area", "a_label"])))
def test_names_are_plain_and_distinct(titles: Sequence[str], base: set[str]) -> None:
    """Whatever the titles, names are identifiers of any database, and no two columns share one."""
    taken = set(base)
    for number, title in enumerate(titles):
        name = wide.column_name(title, str(number), taken)
        assert {name, f"{name}_label"}.isdisjoint(taken)
        assert name.isascii()
        assert name.isidentifier()
        assert len(f"{name}_label") <= 63
        taken |= {name, f"{name}_label"}
