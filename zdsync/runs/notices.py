"""Notices: what people are told of tickets, by number and never by content, once for as long as it lasts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror
from zdsync.ports.way import Notice, NoticeKind

log = logging.getLogger(__name__)

SHOWN = 20
"""How many tickets one message names."""

_SHADOWED = frozenset({NoticeKind.LIMITED, NoticeKind.CONTRADICTED, NoticeKind.WARNING})
"""What comes to nothing while zdsync only watches; it is told once zdsync writes."""


def tell_notices(mirror: Mirror, clock: Clock, send: Callable[[str], bool], *, is_shadow: bool) -> None:
    """Tell what nobody was told of yet, one message for each kind, rule and audience; the mirror remembers it as told.

    What does not get through is told after the next cycle.
    """
    untold = [one for one in mirror.read_untold() if not (is_shadow and one.kind in _SHADOWED)]
    for text, told in _messages(untold):
        log.info("notice.told", extra={"kind": told[0].kind.value, "rule": told[0].rule, "count": len(told)})
        if not send(text):
            return
        mirror.record_told(told, clock.now())


def _messages(notices: Sequence[Notice]) -> Iterator[tuple[str, tuple[Notice, ...]]]:
    ordered = sorted(notices, key=_cause)
    for _, group in groupby(ordered, key=_cause):
        told = tuple(group)
        yield _text(told), told


def _cause(notice: Notice) -> tuple[NoticeKind, str, str]:
    return notice.kind, notice.rule, notice.audience


def _text(told: Sequence[Notice]) -> str:
    first, ids = told[0], sorted({notice.ticket_id for notice in told})
    named = ", ".join(f"#{id}" for id in ids[:SHOWN]) + f" and {len(ids) - SHOWN} more" * (len(ids) > SHOWN)
    tickets = f"ticket{'s' * (len(ids) != 1)} {named}"
    text = {
        NoticeKind.CHANGE: f"rule {first.rule} has acted on {tickets}",
        NoticeKind.LIMITED: f"{tickets} would move again, but for the move limit; a person has to choose the tier",
        NoticeKind.CONTRADICTED: f"tag and group contradict each other again after a repair on {tickets}; "
        "a person has to choose",
        NoticeKind.PRIVATE: f"private data came over a public channel in {tickets} (rule {first.rule})",
        NoticeKind.WARNING: f"rule {first.rule} will soon move {tickets}; `zdsync report` tells when",
    }[first.kind]
    return f"for {first.audience}: {text}" if first.audience else text
