"""Whatever an answer holds, conversion ends in storable rows or in one of our errors, never in another."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.zendesk.support import ticket
from tests.unit.zendesk.test_convert import AUDIT, EXPORTED
from zdsync.detect import TextFilter
from zdsync.errors import Unavailable
from zdsync.streams import Stream
from zdsync.zendesk import convert
from zdsync.zendesk.columns import COLUMNS, as_int, as_time
from zdsync.zendesk.texts import clean

MASKED = TextFilter("masked")
TEXT = st.text(st.characters(), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({name for columns in COLUMNS.values() for name, _, _ in columns})


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


def _planted(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """A copy of `value` with `odd` at `path`."""
    if not path:
        return odd
    copied = deepcopy(value)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = odd
    return copied


def _check(body: dict[str, Any], stream: Stream) -> None:
    try:
        rows = convert.rows_of(body, stream, MASKED, is_clean=False)
        convert.events_in(rows)
    except Unavailable:
        return
    for table, columns in COLUMNS.items():
        for row in rows.get(table, ()):
            for name, _, cast in columns:
                assert cast is not as_int or row[name] is None or abs(row[name]) < 2**63
                assert cast is not as_time or row[name] is None or row[name].tzinfo is not None
        for row in rows.get(table, ()):
            assert clean(row["raw"]) == row["raw"]


WHOLE = ticket(
    metric_set={"id": 3, "ticket_id": 1, "reply_time_in_minutes": {"calendar": 1, "business": 1}},
    custom_fields=[{"id": 5, "value": "x"}],
    fields=[{"id": 5, "value": "x"}],
)
BODIES = (
    ({"tickets": [WHOLE], "users": [{"id": 1, "updated_at": "2026-11-20T10:00:00Z"}]}, Stream.TICKETS),
    ({"ticket_events": [EXPORTED]}, Stream.EVENTS),
    ({"audits": [AUDIT]}, Stream.EVENTS),
    ({"ticket_fields": [{"id": 1, "custom_field_options": [{"id": 2, "value": "a"}]}]}, Stream.TICKET_FIELDS),
    (
        {"views": [{"id": 1, "conditions": {"all": [{"field": "a"}]}, "restriction": {"ids": [1]}}]},
        Stream.VIEWS,
    ),
)
PLACES = [(body, stream, path) for body, stream in BODIES for path in _paths(body) if path]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_odd_values_anywhere_are_survived(
    place: tuple[dict[str, Any], Stream, tuple[Any, ...]], odd: Any
) -> None:
    """Any JSON value in any place of an answer leaves rows with sound columns, or is refused as Unavailable."""
    body, stream, path = place
    _check(_planted(body, path, odd), stream)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(convert.BODY_KEYS)), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_odd_objects_are_survived(key: str, fields: dict[str, Any]) -> None:
    """An object of any kind with any values in its columns is stored or refused."""
    _check({key: [{"id": 1, "updated_at": "2026-11-20T10:00:00Z"} | fields]}, Stream.VIEWS)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(("conditions", "restriction", "title", "active")), JSON))
def test_odd_views_are_survived(fields: dict[str, Any]) -> None:
    """A view's conditions and restriction may be anything."""
    rows = convert.rows_of({"views": [{"id": 1} | fields]}, Stream.VIEWS, MASKED)
    assert convert.view(rows["views"][0]).id == 1


@given(
    TEXT
    | st.integers()
    | st.floats()
    | st.sampled_from(["--5", "-", "9" * 19, "9" * 30, "٣", "0001-01-01T00:00:00+14:00"])
)
def test_casts_never_fail(value: object) -> None:
    """Numbers and times are read or not, without an error."""
    assert as_int(value) is None or isinstance(as_int(value), int)
    assert as_time(value) is None or isinstance(as_time(value), datetime)
