"""A plan for people: grouped by rule, counted, each change in one line with its reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from zdsync.plan.model import (
    Breach,
    GroupChange,
    NativeAnswer,
    Plan,
    TicketChange,
    TierFieldChange,
    ViewChange,
    ViewSwitch,
    ViewUpdate,
)
from zdsync.report.account_plan import account_lines, notice_lines
from zdsync.report.tables import counted

SHOWN_PER_RULE = 5

WHY = {
    "adopted": "people have them in hand; each gets the tier tag of its group, nothing moves",
    "followed": "a person moved the group or the tier tag; the other follows",
    "repaired": "tier tags and group contradicted each other",
    "labelled": "the tier stays as it is",
}
"""Why changes of a kind are made, where not every rule has a reason of its own."""

CALLED = {
    "deescalated": "de-escalated",
    "respected": "left to a person's move",
    "gated": "waiting for something missing",
    "limited": "at the move limit",
    "reminded": "reminded of a vendor",
    "contested": "contested by a rule of the account",
}
"""Outcomes in words, where the name alone says too little."""


def plan_lines(plan: Plan, breaches: Sequence[Breach] = (), *, is_whole: bool = False) -> Iterator[str]:
    """The plan as text, line by line; a few tickets per rule unless `is_whole`."""
    until = f"{plan.mirror_until:%Y-%m-%d %H:%M:%S} UTC" if plan.mirror_until else "never pulled"
    yield f"Plan for {plan.account}, mirror complete until {until}, rules {plan.rules_digest[:12]}"
    yield f"{plan.unsolved:,} unsolved tickets: {counted(in_words(plan.counts))}"
    yield from _held_lines(plan, is_whole=is_whole)
    yield from _coming_lines(plan, is_whole=is_whole)
    yield from notice_lines(plan)
    if plan.is_empty:
        yield "Nothing to change."
        return
    yield ""
    yield from account_lines(plan)
    for (kind, rule), changes in _by_rule(plan.ticket_changes).items():
        yield from _rule_lines(kind, rule, changes, is_whole=is_whole)
    yield from summary_lines(plan, breaches, is_whole=is_whole)


def in_words(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by outcome, each called as a person would."""
    return {CALLED.get(name, name): count for name, count in counts.items()}


def _held_lines(plan: Plan, *, is_whole: bool) -> Iterator[str]:
    shown = plan.held if is_whole else plan.held[:SHOWN_PER_RULE]
    for held in shown:
        yield f"  = #{held.ticket_id}  {held.reason}"
    if len(plan.held) > len(shown):
        yield f"    … and {len(plan.held) - len(shown):,} more wait"


def _coming_lines(plan: Plan, *, is_whole: bool) -> Iterator[str]:
    shown = plan.coming if is_whole else plan.coming[:SHOWN_PER_RULE]
    for move in shown:
        yield f"  > #{move.ticket_id}  {move.rule} will move it at {move.at:%Y-%m-%d %H:%M} UTC"
    if len(plan.coming) > len(shown):
        yield f"    … and {len(plan.coming) - len(shown):,} more come up"


def plan_figures(plan: Plan) -> dict[str, int]:
    number = Counter(type(change) for change in plan.account_changes)
    tickets = len(plan.ticket_changes)
    return {
        f"group{'s' * (number[GroupChange] != 1)} to create": number[GroupChange],
        f"field{'s' * (number[TierFieldChange] != 1)} to create or extend": number[TierFieldChange],
        f"view{'s' * (number[ViewChange] != 1)} to create": number[ViewChange],
        f"view{'s' * (number[ViewUpdate] != 1)} to update": number[ViewUpdate],
        f"view{'s' * (number[ViewSwitch] != 1)} to switch on or off": number[ViewSwitch],
        f"ticket{'s' * (tickets != 1)} to change": tickets,
    }


def summary_line(plan: Plan) -> str:
    """The plan in one line: what it creates, how many tickets it changes, how many notes it leaves."""
    notes = sum(change.note is not None for change in plan.ticket_changes)
    return f"In all: {counted(plan_figures(plan))}; {notes:,} internal note{'s' * (notes != 1)}."


def summary_lines(plan: Plan, breaches: Sequence[Breach], *, is_whole: bool = False) -> Iterator[str]:
    """The plan in one line, what the account's own rules will make of it, and a line for each limit it is over."""
    yield summary_line(plan)
    yield from _answer_lines(plan, is_whole=is_whole)
    yield from (f"Over a limit: {breach.message}" for breach in breaches)


def answers_line(answers: Sequence[NativeAnswer]) -> str:
    """The estimate in one sentence: how many native rules answer how often."""
    if not answers:
        return "By estimate these updates set off none of the account's own triggers and automations."
    triggers, times = sum(each.kind == "trigger" for each in answers), sum(each.likely for each in answers)
    rules = {
        f"trigger{'s' * (triggers != 1)}": triggers,
        f"automation{'s' * (len(answers) - triggers != 1)}": len(answers) - triggers,
    }
    most = sum(each.possible for each in answers)
    return f"By estimate these updates set off {counted(rules)} of the account, {_up_to(times, most)} times in all:"


def answer_text(answer: NativeAnswer) -> str:
    """How often one of them answers, and whether people hear of it."""
    later = ", later" if answer.kind == "automation" else ""
    messages = ", sends messages" if answer.notifies else ""
    return f"{_up_to(answer.likely, answer.possible)}{later}{messages}"


def _up_to(likely: int, possible: int) -> str:
    if likely == possible:
        return f"{likely:,}"
    return f"{likely:,} to {possible:,}" if likely else f"up to {possible:,}"


def _answer_lines(plan: Plan, *, is_whole: bool) -> Iterator[str]:
    if plan.answers is None or not plan.ticket_changes:
        return
    yield answers_line(plan.answers)
    shown = plan.answers if is_whole else plan.answers[:SHOWN_PER_RULE]
    yield from (f"  {each.kind} {each.title!r}: {answer_text(each)}" for each in shown)
    if len(plan.answers) > len(shown):
        yield f"    … and {len(plan.answers) - len(shown):,} more"


def _by_rule(changes: Sequence[TicketChange]) -> dict[tuple[str, str], list[TicketChange]]:
    grouped: dict[tuple[str, str], list[TicketChange]] = defaultdict(list)
    for change in changes:
        grouped[change.kind, change.rule].append(change)
    return dict(sorted(grouped.items()))


def _rule_lines(kind: str, rule: str, changes: list[TicketChange], *, is_whole: bool) -> Iterator[str]:
    name = f" by {rule}" if rule else ""
    plural = "ticket" if len(changes) == 1 else "tickets"
    yield f"{len(changes):,} {plural} {CALLED.get(kind, kind)}{name}: {WHY.get(kind, changes[0].reason)}"
    shown = changes if is_whole else changes[:SHOWN_PER_RULE]
    for change in shown:
        clock = f"; {change.clock}" if change.clock else ""
        yield f"  ~ #{change.ticket_id}  {change_text(change)}{clock}"
    if len(changes) > len(shown):
        yield f"    … and {len(changes) - len(shown):,} more"
    yield ""


def change_text(change: TicketChange) -> str:
    """One ticket's change in one line: `+tier_2 −tier_1, group Frontline → Specialists, priority normal → high`."""
    tags = [f"+{tag}" for tag in change.add_tags] + [f"−{tag}" for tag in change.remove_tags]
    parts = [" ".join(tags)] if tags else []
    if change.group is not None:
        before = change.group_before.name if change.group_before else "none"
        parts.append(f"group {before} → {change.group.name}")
    if change.assignee_before is not None:
        parts.append("assignee cleared")
    parts += [f"{diff.field} {diff.before or 'none'} → {diff.after}" for diff in change.fields]
    if change.note is not None:
        parts.append("note")
    return ", ".join(parts)
