"""The garbage collector, told to search seldom while pages are mirrored."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 200_000
"""So many more objects than at the last search, some 40 MB, begin another one: more than any page is made of."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for cycles only where garbage grows from page to page.

    A page is a hundred thousand objects without one cycle, freed as soon as nothing names them. At Python's own
    threshold of 700 objects the collector goes through them again and again: a fifth of a first mirror's time.
    """
    often, *older = gc.get_threshold()
    if often:
        gc.set_threshold(max(often, SELDOM), *older)
    try:
        yield
    finally:
        gc.set_threshold(often, *older)
