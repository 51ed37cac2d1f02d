"""Small pure parts of the mirror: moments as text, batches, percentiles, values of fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdsync.mirror.batches import in_batches
from zdsync.mirror.columns import moment_as_text, moment_from_text
from zdsync.mirror.figures import percentile
from zdsync.mirror.records import field_value

MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1))  # noqa: DTZ001 - bounds are naive


@given(first=MOMENTS, second=MOMENTS)
def test_moments_as_text_come_back_and_sort_alike(first: datetime, second: datetime) -> None:
    """Text keeps the moment to the microsecond, and comparing texts compares moments."""
    assert moment_from_text(moment_as_text(first)) == first
    assert (moment_as_text(first) < moment_as_text(second)) == (first < second)


def test_moments_of_other_zones_are_kept_in_utc() -> None:
    """The text has no zone; it is UTC."""
    at = datetime(2026, 11, 22, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    assert moment_as_text(at) == "2026-11-22 09:30:00"


@given(items=st.lists(st.integers()), size=st.integers(1, 5))
def test_batches_hold_everything_in_order(items: list[int], size: int) -> None:
    """No item is lost, no batch is empty or too large."""
    batches = list(in_batches(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(0 < len(batch) <= size for batch in batches)


@pytest.mark.parametrize(
    ("spread", "share", "expected"),
    [
        ([(5, 1)], 0.5, 5),
        ([(1, 1), (2, 1)], 0.5, 1),
        ([(1, 1), (2, 1), (9, 1)], 0.5, 2),
        ([(1, 9), (100, 1)], 0.9, 1),
        ([(1, 8), (100, 2)], 0.9, 100),
    ],
)
def test_percentile_is_a_value_that_occurred(
    spread: list[tuple[int, int]], share: float, expected: int
) -> None:
    """The nearest-rank definition: the smallest value with at least that share at or below it."""
    assert percentile(spread, share) == expected


def test_values_of_fields_are_plain() -> None:
    """Lists become tuples of text, objects their JSON, everything else stays."""
    assert field_value(["a", 1]) == ("a", "1")
    assert field_value({"minutes": 60}) == '{"minutes":60}'
    assert [field_value(value) for value in (None, True, 1.5, "x")] == [None, True, 1.5, "x"]
