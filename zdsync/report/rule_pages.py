"""Rules as pages for people: one per tier in Markdown, and all of them in one HTML file; the same rules, the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from zdsync.rules.calendars import SCHEDULE
from zdsync.rules.gates import FINDINGS, field_title
from zdsync.rules.model import EXTERNAL, PREVIOUS, GateRule, MoveRule, Rule, RuleSet, Tier
from zdsync.rules.words import (
    Outline,
    alternatives_outline,
    clock_in_words,
    conditions_outline,
    hours_in_words,
    outcome_lines,
    promises_in_words,
    standing,
)

_MARKS = re.compile(r"([\\`*_\[\]<>|#])")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2a33; background: #fff }
h1, h2, h3, h4 { line-height: 1.2 } h2 { margin-top: 3rem; border-bottom: 1px solid #ccd6dd } h3, h4 { margin: 1.8rem 0 .2rem }
p { margin: .3rem 0 } ul { margin: .2rem 0 .6rem; padding-left: 1.4rem } .small { color: #52646f; font-size: .9em }
@media (prefers-color-scheme: dark) { body { color: #dde6ec; background: #12191e } .small { color: #9fb1bc } h2 { border-color: #33424c } }
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule, told: the heading, sentences about it, and its outlines with their introductions."""

    title: str
    lines: tuple[str, ...]
    outlines: tuple[tuple[str, tuple[Outline, ...]], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Rules that belong together, in the order in which they are asked, and a sentence about them."""

    title: str
    line: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A tier, or what belongs to none: facts about it and its rules."""

    name: str
    title: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for section in self.sections for entry in section.entries)


def rule_pages(rules: RuleSet) -> tuple[Page, ...]:
    """A page per tier in the order of the ladder, then what holds for all moves, tickets left alone, and labels."""
    pages = [_tier_page(rules, tier) for tier in rules.tiers]
    if rules.moves:
        pages.append(Page("moves", "People, limits and vendors", tuple(_agreements(rules)), ()))
    if rules.ignore:
        section = Section("Rules", "Each of them is enough:", _entries(rules, rules.ignore))
        lines = ("These tickets are never judged and never changed.",)
        pages.append(Page("ignored", "Tickets left alone", lines, (section,)))
    if rules.annotate:
        section = Section(
            "Rules", "Every rule that matches adds its labels:", _entries(rules, rules.annotate)
        )
        pages.append(Page("labels", "Labels", ("None of them moves a ticket.",), (section,)))
    return tuple(pages)


def _tier_page(rules: RuleSet, tier: Tier) -> Page:
    lines = [f"Scope: {tier.scope}."] if tier.scope else []
    others = f"; also {', '.join(tier.groups[1:])}" if len(tier.groups) > 1 else ""
    lines.append(f"Group: {tier.group}{others}.")
    lines.append(f"View: {tier.view or f'Tier {tier.key} - {tier.name}'}.")
    if tier.calendar is not None:
        lines.append(f"Hours: {_hours(rules, tier.calendar)}.")
    promises = list(promises_in_words(tier))
    if promises:
        lines.append(f"Promised: {'; '.join(promises)}.")
    return Page(
        f"tier-{tier.key}", f"Tier {tier.key}: {tier.name}", tuple(lines), tuple(_sections(rules, tier))
    )


def _hours(rules: RuleSet, name: str) -> str:
    if name.startswith(SCHEDULE):
        return f"those of Zendesk's schedule {name.removeprefix(SCHEDULE).strip()}"
    weeks = rules.calendars.get(name)
    return f"{name}, {hours_in_words(weeks[-1])} ({weeks[-1].timezone})" if weeks else name


def _sections(rules: RuleSet, tier: Tier) -> Iterator[Section]:
    """The rules that lead into the tier, stand before it, and lead out of it; only what there is."""
    first = "A ticket comes here first by the first rule of the whole set that matches it:"
    placing = tuple(
        _entry(rules, rule, f"asked as number {place} of {len(rules.assign)}")
        for place, rule in enumerate(rules.assign, 1)
        if rule.then.tier == tier.key
    )
    gates = tuple(_gate_entry(rules, gate) for gate in rules.require if gate.before_tier == tier.key)
    into = tuple(_move_entry(rules, move) for move in rules.moves if _leads_to(rules, move, tier))
    out = tuple(_move_entry(rules, move) for move in rules.moves if tier.key in move.origins)
    for title, line, entries in (
        ("First placed here", first, placing),
        ("Needed before", "Until all of this is known, a ticket waits where it is:", gates),
        ("Moved here", "A ticket comes here from other tiers by the first of all moves that holds:", into),
        ("Moved on", "A ticket leaves by the first of these that holds:", out),
    ):
        if entries:
            yield Section(title, line, entries)


def _leads_to(rules: RuleSet, move: MoveRule, tier: Tier) -> bool:
    """Whether the move may bring a ticket into the tier; back to the previous one means any that is lower."""
    if move.to == PREVIOUS:
        return any(rules.rank(key) > rules.rank(tier.key) for key in move.origins if rules.tier(key))
    return move.to == tier.key


def _agreements(rules: RuleSet) -> Iterator[str]:
    """What holds for all moves."""
    yield f"A ticket that a person has moved to another tier is left to them for {rules.manual_override}."
    limit = rules.move_limit
    if limit is not None:
        then = [f"it gets the tags {', '.join(limit.add_tags)}"] if limit.add_tags else []
        then += [f"{limit.notify} is told"] if limit.notify else []
        told = f"; {' and '.join(then)}" if then else ""
        yield f"No move is made that would be more than {limit.at_most} within {limit.per}{told}."
    view = f", in the view {rules.vendor.view}" if rules.vendor.view else ""
    yield f"Tickets that wait for a vendor carry the tag {rules.vendor.tag}{view}."


def _entries(rules: RuleSet, block: Sequence[Rule]) -> tuple[Entry, ...]:
    return tuple(_entry(rules, rule) for rule in block)


def _entry(rules: RuleSet, rule: Rule, *facts: str) -> Entry:
    outcome = tuple(Outline(line) for line in outcome_lines(rule.then))
    outlines = [("When", conditions_outline(rule)), *([("The ticket", outcome)] if outcome else [])]
    return Entry(rule.id, _about(rules, rule, facts), tuple(outlines))


def _move_entry(rules: RuleSet, move: MoveRule) -> Entry:
    facts = ["also of tickets that are held"] if move.even_if_held else []
    when = () if move.is_catch_all else conditions_outline(move)
    if move.after is not None:
        when = (*when, Outline(clock_in_words(move.after)))
    outcome = [_way(rules, move), *outcome_lines(move.then)]
    outcome += (
        [f"is listed as due soon from {float(move.warn_at * 100):g}% of that time on"] if move.warn_at else []
    )
    outcome += [f"is to be reminded of after {move.remind_after} on hold"] if move.remind_after else []
    outlines = (("When", when), ("The ticket", tuple(map(Outline, outcome))))
    return Entry(move.id, _about(rules, move, facts), outlines)


def _way(rules: RuleSet, move: MoveRule) -> str:
    origins = f"from tier {' or '.join(move.origins)}"
    if move.to == EXTERNAL:
        return f"stays {origins.replace('from', 'in')}, on hold, and waits for a vendor"
    if move.to == PREVIOUS:
        return f"goes {origins} back to the tier it was in before, if that is a lower one"
    tier = rules.tier(move.to)
    return f"goes {origins} to tier {move.to}" + (f" ({tier.name})" if tier else "")


def _gate_entry(rules: RuleSet, gate: GateRule) -> Entry:
    needed = [*map(field_title, gate.fields), *(["an attachment"] if gate.needs_attachment else [])]
    needed += [FINDINGS.get(name, name) for name in gate.detects]
    until = [f"carries the tags {', '.join(gate.missing_tags)}"] if gate.missing_tags else []
    until += [f"can be answered with the macro {gate.macro}"] if gate.macro else []
    until += [f"is set to pending, and the trigger {gate.asks_by} asks the requester"] if gate.asks_by else []
    outlines = [
        ("When", conditions_outline(gate)),
        ("Needed", tuple(map(Outline, needed))),
        ("But not when one of these holds", alternatives_outline(gate.unless)),
        ("Until then the ticket", tuple(map(Outline, until))),
    ]
    return Entry(gate.id, _about(rules, gate, ()), tuple(one for one in outlines if one[1]))


def _about(rules: RuleSet, rule: Rule, facts: Sequence[str]) -> tuple[str, ...]:
    """Why there is the rule, and how far it is in force."""
    owner = rule.owner or rules.owner
    told = [*facts, *([f"owner: {owner}"] if owner else []), *([standing(rule)] if standing(rule) else [])]
    return (f"{rule.why.rstrip('.')}.", *([f"({'; '.join(told)})"] if told else []))


def page_markdown(page: Page) -> str:
    """One page as Markdown."""
    return "\n".join(_markdown(page)) + "\n"


def _markdown(page: Page) -> Iterator[str]:
    yield f"# {_marked(page.title)}"
    for line in page.lines:
        yield f"\n{_marked(line)}"
    for section in page.sections:
        yield f"\n## {_marked(section.title)}"
        yield f"\n{_marked(section.line)}"
        for entry in section.entries:
            yield f"\n### {_marked(entry.title)}"
            yield from (f"\n{_marked(line)}" for line in entry.lines)
            for name, outlines in entry.outlines:
                yield f"\n{name}:\n"
                yield from _listed(outlines, 0)


def _listed(outlines: Sequence[Outline], depth: int) -> Iterator[str]:
    for outline in outlines:
        yield f"{'  ' * depth}- {_marked(outline.text)}"
        yield from _listed(outline.under, depth + 1)


def _marked(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def pages_html(pages: Sequence[Page], digest: str) -> str:
    """All pages in one file that needs nothing else."""
    links = "".join(f'<li><a href="#{escape(page.name)}">{escape(page.title)}</a></li>' for page in pages)
    body = "\n".join(part for page in pages for part in _html(page))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Support tiers</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Support tiers</h1>\n<ul>{links}</ul>\n{body}\n"
        f'<p class="small">Rules {escape(digest[:12])}</p>\n</body></html>\n'
    )


def _html(page: Page) -> Iterator[str]:
    yield f'<h2 id="{escape(page.name)}">{escape(page.title)}</h2>'
    yield from (f"<p>{escape(line)}</p>" for line in page.lines)
    for section in page.sections:
        yield f"<h3>{escape(section.title)}</h3><p>{escape(section.line)}</p>"
        for entry in section.entries:
            yield f"<h4>{escape(entry.title)}</h4>"
            yield f"<p>{escape(entry.lines[0])}</p>"
            yield from (f'<p class="small">{escape(line)}</p>' for line in entry.lines[1:])
            for name, outlines in entry.outlines:
                yield f"<p>{escape(name)}:</p>{_html_list(outlines)}"


def _html_list(outlines: Sequence[Outline]) -> str:
    items = "".join(
        f"<li>{escape(one.text)}{_html_list(one.under) if one.under else ''}</li>" for one in outlines
    )
    return f"<ul>{items}</ul>"
