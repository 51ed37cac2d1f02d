"""An independent model of the quarter: every ticket at every step of the clock, by counting, with no code of the product.

Written from the rule language and the record of decisions on moves alone. It is told what others did to the tickets,
and tells what zdsync has to do, and when.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.faults.quarter_hours import ALWAYS, LONDON, NEW_YORK, STEP, Office

PERSON, CUSTOMER, MACHINE, US = "person", "customer", "machine", "us"
HOME = {"0": "Help bot", "1": "Frontline", "2": "Specialists", "3": "Engineering"}
TIER = {group: tier for tier, group in HOME.items()}
HOURS: dict[str, Office] = {"0": ALWAYS, "1": LONDON, "2": LONDON, "3": NEW_YORK}
RESPECT_STEPS = 8 * 12
LIMIT, LIMIT_TIME = 3, timedelta(days=7)


@dataclass(frozen=True)
class Deed:
    """What somebody else did to a ticket: fields to their new values, tags added and removed, a public comment."""

    at: datetime
    who: str
    fields: dict[str, Any] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_public: bool = False
    is_creation: bool = False


@dataclass(frozen=True)
class Act:
    """What zdsync does to a ticket: tags added and removed, and where it goes, None where it stays."""

    at: datetime
    rule: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    group: str | None
    status: str | None
    is_told: bool


@dataclass
class Count:
    """A clock as a counter: when it began, how many steps it ran, and how many it stood still, in open time or all."""

    since: datetime
    ran: Counter[str] = field(default_factory=Counter)
    paused: int = 0
    has_come: bool = False
    due: tuple[int, datetime] | None = None
    """When a clock of days comes, as far as it is known after so many steps of pause."""


class Track:
    """One ticket."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.tags: set[str] = set()
        self.by_us: set[str] = set()
        self.taken_away: set[str] = set()
        self.tagged_at: dict[str, datetime] = {}
        self.tier: str | None = None
        self.entered: datetime | None = None
        self.governed: datetime | None = None
        self.moves: list[tuple[datetime, str, str, str]] = []
        self.open_since_move = 0
        self.last_at: datetime | None = None
        self.others_at: datetime | None = None
        self.waiting: datetime | None = None
        self.status_since: datetime | None = None
        self.is_touched = self.is_moved_on = False
        self.group_by_person_at: datetime | None = None
        self.tag_by_person_at: dict[str, datetime] = {}
        self.is_status_by_person = self.is_repaired = False
        self.is_stirred = False
        self.reopens = 0
        self.sent: set[str] = set()
        self.told: set[Any] = set()
        self.clocks: dict[str, Count] = {}
        self.acts: list[Act] = []

    @property
    def status(self) -> str:
        return str(self.fields.get("status", "new"))

    @property
    def group(self) -> str | None:
        return self.fields.get("group")

    @property
    def is_running(self) -> bool:
        return self.status in {"new", "open"}

    # What others do

    def suffer(self, deed: Deed) -> None:
        """Let somebody else's deed happen."""
        self.last_at = self.others_at = deed.at
        is_person, before = deed.who == PERSON, (self.tier, self.governed)
        self._set(deed.at, deed.fields, deed.who)
        self._tag(deed.at, deed.added, deed.removed, deed.who)
        self._place(deed.at, deed.fields, deed.added, deed.removed, deed.who)
        asks = any(not tag.startswith("tier_") for tag in (*deed.added, *deed.removed))
        asks = asks or bool(set(deed.fields) - {"group", "assignee", "status", "custom_status_id"})
        self.is_stirred = asks or before == (self.tier, self.governed)
        if deed.is_public and deed.who == CUSTOMER:
            self.waiting = self.waiting or deed.at
        if deed.is_public and is_person:
            self.waiting = None
        if not is_person:
            return
        chooses = {"group", "assignee"} & {name for name, value in deed.fields.items() if value is not None}
        tags = any(tag.startswith("tier_") for tag in (*deed.added, *deed.removed))
        if deed.is_public or chooses or tags or "priority" in deed.fields:
            self.is_touched = True

    def _set(self, at: datetime, fields: dict[str, Any], who: str) -> None:
        before = self.status
        self.fields.update(fields)
        if self.status_since is None or self.status != before:
            self.status_since = at
            self.is_status_by_person = who == PERSON
        if before == "solved" and self.status not in {"solved", "closed"}:
            self.reopens += 1
            self.entered = at
        if "group" in fields:
            self.group_by_person_at = at if who == PERSON else None
            self.is_repaired = self.is_repaired and who != PERSON

    def _tag(self, at: datetime, added: Iterable[str], removed: Iterable[str], who: str) -> None:
        for tag in removed:
            self.tags.discard(tag)
            self.by_us.discard(tag)
            self.tag_by_person_at.pop(tag, None)
            (self.taken_away.add if who == PERSON else self.taken_away.discard)(tag)
        for tag in added:
            self.tags.add(tag)
            self.tagged_at[tag] = at
            self.taken_away.discard(tag)
            (self.by_us.add if who == US else self.by_us.discard)(tag)
            self.tag_by_person_at.pop(tag, None)
            if who == PERSON:
                self.tag_by_person_at[tag] = at
                self.is_repaired = self.is_repaired and not tag.startswith("tier_")

    def _place(
        self, at: datetime, fields: dict[str, Any], added: Sequence[str], removed: Sequence[str], who: str
    ) -> None:
        """Where the ticket is now: the newest tier tag, or whoever moved it to a group of another tier."""
        claims = self.claims()
        if any(tag.startswith("tier_") for tag in added):
            self.governed = self.governed or at
            self._enter(at, claims[-1], who)
        elif self.tier is not None and f"tier_{self.tier}" in removed:
            self._enter(at, claims[-1] if claims else TIER.get(self.group or ""), who)
        elif "group" in fields:
            there = TIER.get(self.group or "")
            self._enter(at, there or (claims[-1] if claims else None), who)

    def claims(self) -> list[str]:
        """The tiers that its tags claim, the newest last."""
        mine = [tag for tag in self.tags if tag.startswith("tier_")]
        mine.sort(key=lambda tag: (self.tagged_at[tag], tag == f"tier_{TIER.get(self.group or '')}"))
        return [tag.removeprefix("tier_") for tag in mine]

    def _enter(self, at: datetime, tier: str | None, who: str) -> None:
        if tier == self.tier:
            return
        if tier is not None:
            origin = self.tier or self.last_tier
            if origin is not None and origin != tier:
                self.moves.append((at, origin, tier, who))
                self.open_since_move = 0
            self.last_tier = tier
        self.tier, self.entered = tier, at

    last_tier: str | None = None

    # Time

    def pass_time(self, at: datetime) -> None:
        """Let the step that begins now go by."""
        if self.moves and HOURS[self.moves[-1][2]].is_open(at):
            self.open_since_move += 1
        is_open = HOURS[self.tier or "0"].is_open(at)
        for name in ("unanswered", "in_tier", "in_status", "since_updated"):
            count = self.count(name)
            if count is None:
                continue
            if self.is_running or name in {"in_status", "since_updated"}:
                count.ran["all"] += 1
                count.ran["open"] += is_open
                days = 1 if self.tier == "3" else 2
                count.has_come = count.has_come or self._has_come(count, days, at + STEP)
            else:
                count.paused += is_open

    def count(self, name: str) -> Count | None:
        """The counter of a clock; it begins anew when what it counts from does."""
        begins = {
            "unanswered": self.waiting,
            "in_tier": self.entered,
            "in_status": self.status_since,
            "since_updated": self.others_at,
        }[name]
        if self.tier is None or self.governed is None or begins is None or self.entered is None:
            self.clocks.pop(name, None)
            return None
        since = max(begins, self.entered, self.governed)
        if name not in self.clocks or self.clocks[name].since != since:
            self.clocks[name] = Count(since)
        return self.clocks[name]

    def steps(self, name: str, unit: str, steps: int) -> bool:
        """Whether a clock of hours has come."""
        count = self.count(name)
        return count is not None and count.ran[unit] >= steps

    def days(self, name: str) -> bool:
        """Whether a clock of business days has come."""
        count = self.count(name)
        return count is not None and count.has_come

    def _has_come(self, count: Count, days: int, until: datetime) -> bool:
        """Whether a clock of business days that has run up to now comes by then; each pause moves its beginning."""
        if count.due is None or count.due[0] != count.paused:
            office = HOURS[self.tier or "0"]
            count.due = count.paused, office.days_later(office.later(count.since, count.paused), days)
        return count.due[1] <= until

    # What zdsync does

    def decide(self, at: datetime) -> None:
        """One outcome, if the ticket is unsolved and quiet for long enough to be known."""
        if self.last_at is None or self.last_at > at - STEP or self.status in {"solved", "closed"}:
            return
        self.spoken, self.order, self.meant = "", (None, None), set()
        if self.is_touched or self.is_moved_on:
            self._keep(at)
        elif not self._move(at):
            self._assign(at)
        self._tidy(at)

    def _keep(self, at: datetime) -> None:
        """A ticket that people have in hand or that was moved on: in order, and moved on, by one act."""
        found = self._order()
        if found is None:
            return
        self.order = found
        if found[0] == self.tier:
            is_respected = self._is_respected()
            if self._move(at, only_forced=is_respected) or (not is_respected and self._remind(at)):
                return
        if self._is_contradicted_by_machines():
            self.is_repaired = True
        self._act(at, "")

    order: tuple[str | None, str | None] = (None, None)
    """The tier and the group that bring tag and group together, whatever else is done."""

    def _is_respected(self) -> bool:
        if not self.moves or self.moves[-1][3] != PERSON or self.moves[-1][2] != self.tier:
            return False
        return self.open_since_move < RESPECT_STEPS

    def _order(self) -> tuple[str, str | None] | None:
        """The tier and the group that bring tag and group together; None where it is left to people."""
        claims, here = self.claims(), TIER.get(self.group or "")
        if not claims:
            return (here, None) if here is not None else None
        tier = claims[-1]
        tagged = self.tag_by_person_at.get(f"tier_{tier}")
        is_chosen = tagged is not None and (
            self.group_by_person_at is None or tagged >= self.group_by_person_at
        )
        if tier == here:
            return tier, None
        if is_chosen:
            return tier, HOME[tier]
        if here is None or (self.is_repaired and self._is_contradicted_by_machines()):
            return None
        return here, None

    def _is_contradicted_by_machines(self) -> bool:
        """Whether the ticket was moved to a group of another tier than its tag's, and by no person."""
        claims, here = self.claims(), TIER.get(self.group or "")
        if not claims or here is None or claims[-1] == here:
            return False
        return self.group_by_person_at is None and f"tier_{claims[-1]}" not in self.tag_by_person_at

    def _move(self, at: datetime, *, only_forced: bool = False) -> bool:
        found = self._next(at, only_forced=only_forced)
        if found is None:
            return False
        rule, to, gone = found
        if to == "external":
            self.is_moved_on = True
            self.sent.add(rule)
            told = (rule, self.tier, at if rule == "supplier" else None)
            self._act(at, rule, status="hold", added=("with_vendor",), removed=gone, told=told)
        elif not self._limited(at) and not self._gated(at, to):
            self.is_moved_on = True
            self._act(at, rule, tier=to, group=HOME[to], removed=gone, told=(rule, at))
        return True

    def _next(self, at: datetime, *, only_forced: bool) -> tuple[str, str, tuple[str, ...]] | None:
        """The first rule whose turn it is: its name, where it leads, and the tag that it takes away."""
        if self.tier is None or self.governed is None:
            return None
        tier, previous = self.tier, self.moves[-1][1] if self.moves else None
        is_away = self.status == "hold" and "with_vendor" in self.tags
        if tier == "1" and "escalate_please" in self.tags and self.is_stirred:
            return "asked", "2", ("escalate_please",)
        if only_forced or is_away:
            return None
        is_unhappy = self.fields.get("satisfaction") == "bad" and self.reopens >= 1
        is_back = "supplier" in self.sent and (self.is_status_by_person or "with_vendor" in self.taken_away)
        for applies, rule, to, tag in (
            (tier == "0" and self.steps("unanswered", "all", 6), "unsolved", "1", None),
            (tier == "1" and self.steps("unanswered", "open", 48), "no-reply", "2", None),
            (tier in "12" and is_unhappy and self.is_stirred and self.status not in {"pending", "hold"}, "bad-rating", "3", None),
            (tier in "23" and "rma" in self.tags and self.is_stirred, "vendor", "external", "rma"),
            (
                tier == "3" and self.fields.get("priority") == "low" and not is_back
                and self.days("in_tier"),
                "supplier", "external", None,
            ),
            (tier == "2" and self.days("in_tier"), "too-long", "3", None),
            (tier == "3" and "fix_released" in self.tags and self.is_stirred, "fixed", "1", "fix_released"),
            (tier == "2" and self.status == "pending" and self.days("in_status"), "quiet", "1", None),
            (
                tier == "3" and previous is not None and previous < "3"
                and self.steps("since_updated", "all", 5 * 24 * 12),
                "asleep", previous or "", None,
            ),
        ):  # fmt: skip
            if applies:
                return rule, to, (tag,) if tag else ()
        return None

    def _assign(self, at: datetime) -> None:
        """First match of assign, for a ticket that is in nobody's hands."""
        if self.fields.get("priority") == "urgent":
            rule, tier = "urgent", "3"
        elif self.fields.get("priority") == "high":
            rule, tier = "money", "2"
        elif "password reset" in str(self.fields.get("subject")).lower():
            rule, tier = "known", "0"
        else:
            rule, tier = "rest", "1"
        if tier != self.tier:
            if self.tier is not None and self._limited(at):
                return
            place = self.tier or "1"
            if place != tier and self._gated(at, tier, place):
                return
        is_told = rule != "rest" or (self.group is not None and bool(self.claims()))
        self._act(at, rule, tier=tier, group=HOME[tier], told=(rule, at) if is_told else None)

    def _limited(self, at: datetime) -> bool:
        lately = [one for one in self.moves if one[0] > at - LIMIT_TIME]
        if len(lately) < LIMIT:
            return False
        self._act(at, "", tier=self.tier, added=tuple({"stuck"} - self.taken_away))
        return True

    def _is_gate_closed(self) -> bool:
        return self.fields.get("type") == "incident" and not self.fields.get("error_message")

    def _gated(self, at: datetime, to: str, place: str | None = None) -> bool:
        if to != "2" or not self._is_gate_closed():
            return False
        marks = tuple({"needs_info"} - self.taken_away)
        group = HOME[place] if place is not None else None
        self._act(at, "basics", tier=place or self.tier, group=group, added=marks, told="needs_info")
        return True

    def _remind(self, at: datetime) -> bool:
        """Of those reminders of the vendor's rule that have come the latest, once; whether there is one."""
        is_away = self.status == "hold" and "with_vendor" in self.tags
        if not is_away or "vendor" not in self.sent or self.tier not in {"2", "3"}:
            return False
        begins = (self.status_since, self.tagged_at["with_vendor"], self.entered, self.governed)
        since = max(begin for begin in begins if begin is not None)
        latest, days = None, 1
        while (due := HOURS[self.tier].days_later(since, days)) <= at:
            latest, days = due, days + 1
        if latest is not None:
            self._act(at, "vendor", told=("remind", since, latest))
        return latest is not None

    def _tidy(self, at: datetime) -> None:
        """Take away marks whose reason is over: as part of the same update, where there was one."""
        now = self.acts[-1] if self.acts and self.acts[-1].at == at else None
        old = {"with_vendor"} if self.status != "hold" else set()
        is_onward = now is not None and self.before != self.tier
        is_ahead = self.tier is None or self.tier < "2"
        if is_onward or not (is_ahead and self._is_gate_closed()):
            old.add("needs_info")
        old &= self.by_us & self.tags
        old -= self.meant
        if not old:
            return
        self._tag(at, (), old, US)
        self.last_at = at
        if now is not None:
            self.acts[-1] = replace(now, removed=tuple(sorted({*now.removed, *old})))
        else:
            self.acts.append(Act(at, self.spoken, (), tuple(sorted(old)), None, None, is_told=False))

    before: str | None = None
    meant: frozenset[str] | set[str] = frozenset()
    """Tags that the present outcome asks for, though they may be there."""
    spoken: str = ""
    """The rule of the present outcome, also where it changes nothing."""

    def _act(
        self,
        at: datetime,
        rule: str,
        *,
        tier: str | None = None,
        group: str | None = None,
        status: str | None = None,
        added: Sequence[str] = (),
        removed: Sequence[str] = (),
        told: Any = None,
    ) -> None:
        """Do it, if it changes anything; a thing told once is not told again."""
        self.before, self.spoken, self.meant = self.tier, rule, {*added}
        if tier is None or tier == self.order[0]:
            tier, group = self.order[0], group or self.order[1]
        wanted = {*self.tags, *added} - {*removed}
        if tier is not None:
            wanted = {tag for tag in wanted if not tag.startswith("tier_")} | {f"tier_{tier}"}
        new, gone = tuple(sorted(wanted - self.tags)), tuple(sorted(self.tags - wanted))
        moves_to = group if group is not None and group != self.group else None
        is_onward = moves_to is not None or (tier is not None and f"tier_{tier}" in new)
        in_place = rule in {"basics", "vendor", "supplier"}
        is_told = told is not None and told not in self.told and (is_onward or in_place)
        status = status if status != self.status else None
        if not (new or gone or moves_to or status or is_told):
            return
        if is_told:
            self.told.add(told)
        self.last_at = at
        fields: dict[str, Any] = {}
        if moves_to is not None:
            fields["group"] = moves_to
        if status is not None:
            fields["status"] = status
        was_governed = self.governed
        self._set(at, fields, US)
        self._tag(at, new, gone, US)
        self._place(at, fields, new, gone, US)
        is_sent = rule in {"vendor", "supplier"} and "remind" not in (told or ())
        if is_sent or (self.before, was_governed) != (self.tier, self.governed):
            self.is_stirred = False
        self.acts.append(Act(at, rule, new, gone, moves_to, status, is_told))


def expected(deeds: Sequence[Deed], start: datetime, end: datetime, is_asleep: dict[datetime, bool]) -> Track:
    """One ticket through the whole quarter; `is_asleep` says of each step whether the worker runs."""
    track, waiting = Track(), sorted(deeds, key=lambda deed: deed.at)
    at = max(start, waiting[0].at) if waiting else end
    while at <= end:
        while waiting and waiting[0].at <= at:
            track.suffer(waiting.pop(0))
        if not is_asleep.get(at, False):
            track.decide(at)
        track.pass_time(at)
        at += STEP
    return track
