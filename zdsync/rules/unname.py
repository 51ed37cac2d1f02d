"""Texts without people: sensitive data masked, names and addresses of the people around a ticket replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from zdsync.detect import TextFilter
from zdsync.model import Case, User

_SHORTEST = 3
"""Shorter parts of a name are words of many languages too."""


class Unnamer:
    """Replaces whole words: a customer's name by `Customer`, a colleague's by `Agent`; and masks as `masked` does.

    It knows only the people it is given: a name that stands nowhere but in the text stays.
    """

    def __init__(self, case: Case) -> None:
        self._filter = TextFilter("masked")
        requester = (case.requester,) if case.requester else ()
        authors = {event.author_id for event in case.events} | {case.ticket.assignee_id}
        staff = (user for id, user in case.staff.items() if id in authors)
        self._words: Mapping[str, str] = {**_names(staff, "Agent"), **_names(requester, "Customer")}
        longest_first = sorted(self._words, key=len, reverse=True)
        pattern = "|".join(map(_bounded, longest_first))
        self._people = re.compile(pattern, re.IGNORECASE) if pattern else None

    def __call__(self, text: str) -> str:
        masked, _ = self._filter(text)
        if self._people is None:
            return masked
        return self._people.sub(lambda found: self._words[found.group().casefold()], masked)


def _bounded(word: str) -> str:
    """A pattern for the whole word; scripts without capital letters often put no space between words either."""
    escaped = re.escape(word)
    return rf"(?<!\w){escaped}(?!\w)" if word.lower() != word.upper() else escaped


def _names(people: Iterable[User], role: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for person in people:
        name = person.name.strip()
        parts = re.findall(r"\w+", name)
        for word in (name, person.email or "", *parts):
            if (len(word) >= _SHORTEST or (word and word == name)) and word.casefold() not in {
                "customer",
                "agent",
            }:
                words[word.casefold()] = role
    return words
