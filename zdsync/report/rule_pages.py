"""Rules as pages for people: one per tier in Markdown, and all of them in one HTML file; the same rules, the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from zdsync.rules.calendars import SCHEDULE
from zdsync.rules.model import Rule, RuleSet, Tier
from zdsync.rules.words import Outline, conditions_outline, hours_in_words, outcome_lines, standing

_MARKS = re.compile(r"([\\`*_\[\]<>|#])")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2a33; background: #fff }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 3rem; border-bottom: 1px solid #ccd6dd } h3 { margin: 1.8rem 0 .2rem }
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
class Page:
    """A tier, or what belongs to none: facts about it and its rules in the order in which they are asked."""

    name: str
    title: str
    lines: tuple[str, ...]
    entries: tuple[Entry, ...]


def rule_pages(rules: RuleSet) -> tuple[Page, ...]:
    """A page per tier in the order of the ladder, then the tickets left alone and the labels, if there are any."""
    pages = [_tier_page(rules, tier) for tier in rules.tiers]
    if rules.ignore:
        entries = tuple(_entry(rules, rule, None) for rule in rules.ignore)
        lines = ("These tickets are never judged and never changed.",)
        pages.append(Page("ignored", "Tickets left alone", lines, entries))
    if rules.annotate:
        entries = tuple(_entry(rules, rule, None) for rule in rules.annotate)
        lines = ("Every rule that matches adds its labels; none of them moves a ticket.",)
        pages.append(Page("labels", "Labels", lines, entries))
    return tuple(pages)


def _tier_page(rules: RuleSet, tier: Tier) -> Page:
    lines = [f"Scope: {tier.scope}."] if tier.scope else []
    others = f"; also {', '.join(tier.groups[1:])}" if len(tier.groups) > 1 else ""
    lines.append(f"Group: {tier.group}{others}.")
    lines.append(f"View: {tier.view or f'Tier {tier.key} - {tier.name}'}.")
    if tier.calendar is not None:
        lines.append(f"Hours: {_hours(rules, tier.calendar)}.")
    lines.append("A ticket comes here by the first rule of the whole set that matches it:")
    entries = tuple(
        _entry(rules, rule, place) for place, rule in enumerate(rules.assign, 1) if rule.then.tier == tier.key
    )
    return Page(f"tier-{tier.key}", f"Tier {tier.key}: {tier.name}", tuple(lines), entries)


def _hours(rules: RuleSet, name: str) -> str:
    if name.startswith(SCHEDULE):
        return f"those of Zendesk's schedule {name.removeprefix(SCHEDULE).strip()}"
    weeks = rules.calendars.get(name)
    return f"{name}, {hours_in_words(weeks[-1])} ({weeks[-1].timezone})" if weeks else name


def _entry(rules: RuleSet, rule: Rule, place: int | None) -> Entry:
    told = [f"{rule.why.rstrip('.')}."]
    facts = [f"asked as number {place} of {len(rules.assign)}"] if place else []
    owner = rule.owner or rules.owner
    facts += [f"owner: {owner}"] if owner else []
    facts += [standing(rule)] if standing(rule) else []
    if facts:
        told.append(f"({'; '.join(facts)})")
    outcome = tuple(Outline(line) for line in outcome_lines(rule.then))
    outlines = [("When", conditions_outline(rule)), *([("The ticket", outcome)] if outcome else [])]
    return Entry(rule.id, tuple(told), tuple(outlines))


def page_markdown(page: Page) -> str:
    """One page as Markdown."""
    return "\n".join(_markdown(page)) + "\n"


def _markdown(page: Page) -> Iterator[str]:
    yield f"# {_marked(page.title)}"
    for line in page.lines:
        yield f"\n{_marked(line)}"
    for entry in page.entries:
        yield f"\n## {_marked(entry.title)}"
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
    for entry in page.entries:
        yield f"<h3>{escape(entry.title)}</h3>"
        yield f"<p>{escape(entry.lines[0])}</p>"
        yield from (f'<p class="small">{escape(line)}</p>' for line in entry.lines[1:])
        for name, outlines in entry.outlines:
            yield f"<p>{escape(name)}:</p>{_html_list(outlines)}"


def _html_list(outlines: Sequence[Outline]) -> str:
    items = "".join(
        f"<li>{escape(one.text)}{_html_list(one.under) if one.under else ''}</li>" for one in outlines
    )
    return f"<ul>{items}</ul>"
