"""The collector searches seldom while pages are mirrored, and as before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from zdsync.runs.garbage import SELDOM, seldom_collected


@pytest.fixture(autouse=True)
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_searches_seldom_and_then_as_before() -> None:
    """Only the first threshold grows, and only for the while, however it ends."""
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() == (SELDOM, *before[1:])
    assert gc.get_threshold() == before
    with pytest.raises(ZeroDivisionError), seldom_collected():
        _ = 1 // 0
    assert gc.get_threshold() == before


@pytest.mark.parametrize("often", [0, SELDOM + 1])
def test_who_wants_it_rarer_or_never_keeps_that(often: int) -> None:
    """A collector that is off stays off, one that searches more seldom is left as it is."""
    gc.set_threshold(often)
    with seldom_collected():
        assert gc.get_threshold()[0] == often
