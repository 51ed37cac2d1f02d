"""Calendars of the rule files and of the account: what is written becomes weeks, and names become calendars."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zdsync.account import Account, Schedule, ScheduleVersion
from zdsync.calendars import ALWAYS, DAY, WEEK, Calendar, Week
from zdsync.errors import Problem
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import Operator, Position, RuleSet
from zdsync.rules.tree import Path, Tree
from zdsync.zones import iana_name

SCHEDULE = "zendesk:"
"""What a calendar's name begins with when the account's schedule of that name is meant."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = re.compile(r"^([01][0-9]|2[0-3]):([0-5][0-9]) ?- ?([01][0-9]|2[0-4]):([0-5][0-9])$")

Span = tuple[int, int]


def days_of(text: str) -> tuple[int, ...]:
    """Days such as `mon`, `mon-fri`, `fri-mon` or `sat,sun`, Monday being 0; raises ValueError."""
    found: list[int] = []
    for part in text.casefold().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError("must be days such as mon, mon-fri or sat,sun")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % len(DAYS) for day in range(start, (end if start <= end else end + len(DAYS)) + 1)]
    if len(set(found)) < len(found):
        raise ValueError("names a day twice")
    return tuple(found)


def hours_of(text: str) -> Span:
    """Hours such as `09:00-17:30` as minutes of a day, beyond 24:00 when over midnight; raises ValueError."""
    found = HOURS.fullmatch(text)
    if found is None:
        raise ValueError("must be hours such as 09:00-17:30, 22:00-06:00 over midnight, or 00:00-24:00")
    opens, closes = (int(found[part]) * 60 + int(found[part + 1]) for part in (1, 3))
    if closes > DAY:
        raise ValueError("must end by 24:00; hours over midnight are written 22:00-06:00")
    if opens == closes:
        raise ValueError("opens and closes at the same time; round the clock is 00:00-24:00")
    return opens, closes if closes > opens else closes + DAY


def read_weeks(
    tree: Tree, document: Mapping[str, Any], problems: list[Problem]
) -> dict[str, tuple[Week, ...]]:
    """Every calendar under `calendars:` of a document whose shape is right, by its name; faults become problems."""
    return {
        name: tuple(_weeks(tree, ("calendars", name), shape, problems))
        for name, shape in document["calendars"].items()
    }


def _weeks(tree: Tree, path: Path, shape: Mapping[str, Any], problems: list[Problem]) -> Iterator[Week]:
    holidays = frozenset(shape["holidays"])
    yield Week(shape["timezone"], _spans(tree, (*path, "open"), shape["open"], problems), holidays)
    seen = set()
    for index, version in enumerate(shape["versions"]):
        inner: Path = (*path, "versions", index)
        since = version["valid_from"]
        if since in seen:
            at = tree.where((*inner, "valid_from"))
            problems.append(problem(Check.WRONG_VALUE, at, f"two versions are valid from {since}"))
        seen.add(since)
        spans = _spans(tree, (*inner, "open"), version["open"], problems)
        yield Week(version["timezone"] or shape["timezone"], spans, holidays, since)


def _spans(
    tree: Tree, path: Path, written: Mapping[str, Sequence[str]], problems: list[Problem]
) -> tuple[Span, ...]:
    """The spans of one `open:`, in order; a day that is named twice and hours that overlap are problems."""
    day_names: dict[int, str] = {}
    found: list[tuple[Span, Path]] = []
    for key, hours in written.items():
        for day in days_of(key):
            if day_names.setdefault(day, key) != key:
                message = f"{DAYS[day]} is in '{day_names[day]}' and in '{key}'; name each day once"
                problems.append(problem(Check.WRONG_VALUE, tree.where_key((*path, key)), message))
            for index, text in enumerate(hours):
                opens, closes = hours_of(text)
                found.append(((day * DAY + opens, day * DAY + closes), (*path, key, index)))
    found.sort()
    following = [
        *found[1:],
        *(((opens + WEEK, closes + WEEK), place) for (opens, closes), place in found[:1]),
    ]
    for ((_, closes), _), ((opens, _), place) in zip(found, following, strict=True):
        if opens < closes:
            message = f"hours of {DAYS[opens % WEEK // DAY]} overlap with those before them"
            problems.append(problem(Check.WRONG_VALUE, tree.where(place), message))
    return tuple(span for span, _ in found)


def schedule_names(rules: RuleSet) -> tuple[str, ...]:
    """The schedules of the account that tiers and conditions name, each once, whatever its case."""
    asked = [tier.calendar or "" for tier in rules.tiers]
    asked += [
        str(name)
        for condition in rules.written_conditions()
        if condition.operator is Operator.WITHIN
        for name in condition.values
    ]
    names = [_schedule_name(name) for name in asked if name.startswith(SCHEDULE)]
    return tuple({name.casefold(): name for name in names}.values())


def open_schedule(id: int, name: str) -> Schedule:
    """A schedule that stands in for one nobody has mirrored: open round the clock."""
    return Schedule(id, name, (ScheduleVersion("UTC", ((0, WEEK),)),))


class CalendarBook:
    """Finds the calendars that rules name, gathering a problem for each that is not there.

    Without an account its schedules are taken on trust, and are always open.
    """

    def __init__(self, rules: RuleSet, account: Account | None, problems: list[Problem]) -> None:
        self._account = account
        self._problems = problems
        self._own = tuple(rules.calendars)
        self.calendars = {name: Calendar(name, weeks) for name, weeks in rules.calendars.items()}
        """Those of the rule files, and the schedules that were asked for, by the name they are asked for with."""
        for tier in rules.tiers:
            if tier.calendar is not None:
                self.find(tier.calendar, tier.at)

    def find(self, name: str, at: Position) -> Calendar:
        """The calendar called `name` at `at`; ALWAYS, and a problem, where there is none."""
        if name not in self.calendars:
            weeks, message = (
                self._schedule(name) if name.startswith(SCHEDULE) else (None, self._missing(name))
            )
            if weeks is None:
                self._problems.append(problem(Check.UNKNOWN_NAME, at, message))
                return ALWAYS
            self.calendars[name] = Calendar(name, weeks)
        return self.calendars[name]

    def _missing(self, name: str) -> str:
        hint = nearest(name, self._own)
        if not hint and self._account:
            called = nearest(name, [schedule.name for schedule in self._account.schedules])
            hint = called and f"; a schedule of the account is `{SCHEDULE}NAME`{called.removeprefix(';')}"
        return f"no calendar '{name[:80]}' under `calendars:`{hint}"

    def _schedule(self, name: str) -> tuple[tuple[Week, ...] | None, str]:
        """The schedule's weeks, or what is wrong with it."""
        if self._account is None:
            return ALWAYS.weeks, ""
        wanted = _schedule_name(name)
        known = self._account.schedules
        found = [one for one in known if one.name.casefold() == wanted.casefold()]
        if len(found) == 1:
            return _weeks_of(found[0])
        if found:
            return None, f"several schedules of the account are called '{wanted[:80]}'; rename one in Zendesk"
        names = [schedule.name for schedule in known]
        hint = nearest(wanted, names) or (f"; there are {quoted(names[:12])}" if names else "; it has none")
        return None, f"no schedule '{wanted[:80]}' in the account{hint}"


def _schedule_name(name: str) -> str:
    return name.removeprefix(SCHEDULE).strip()


def _weeks_of(schedule: Schedule) -> tuple[tuple[Week, ...] | None, str]:
    """A schedule's weeks, whose first day is Monday, or why it has none."""
    weeks = []
    for version in schedule.versions:
        zone = iana_name(version.time_zone)
        if zone is None:
            told = f"the schedule '{schedule.name}' is in the time zone '{version.time_zone[:80]}'"
            return None, f"{told}, which nobody knows here; write its hours under `calendars:`"
        spans = (((start - DAY) % WEEK, end - start) for start, end in version.intervals)
        try:
            week = Week(
                zone,
                tuple((opens, opens + length) for opens, length in spans),
                schedule.holidays,
                version.valid_from,
            )
        except ValueError as err:
            return None, f"the schedule '{schedule.name}' has hours that are none ({err})"
        weeks.append(week)
    if not weeks or not weeks[-1].spans:
        return None, f"the schedule '{schedule.name}' is never open"
    return tuple(weeks), ""
