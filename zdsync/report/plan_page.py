"""A plan as one page for review: self-contained HTML, every change with its reason, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import assert_never

from zdsync.plan.codec import LIFETIME
from zdsync.plan.model import (
    AccountChange,
    Breach,
    GroupChange,
    Plan,
    TicketChange,
    TierFieldChange,
    ViewChange,
    ViewSwitch,
    ViewUpdate,
)
from zdsync.report.account_plan import update_parts
from zdsync.report.plans import CALLED, WHY, answer_text, answers_line, in_words
from zdsync.report.style import BASE

OPEN_UP_TO = 25
"""Longer lists of tickets are folded until the reader opens them."""

_CSS = f"""{BASE}
main > section > p {{ margin: 0 0 .5rem; color: var(--faint); }}
a {{ color: var(--accent); text-decoration: none; }} a:hover {{ text-decoration: underline; }}
code {{ font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }}
ul {{ margin: 0; padding-left: 1.2rem; }}
.alert {{ border-color: var(--bad); border-left-width: .35rem; }}
summary {{ cursor: pointer; color: var(--accent); }}
pre {{ margin: .3rem 0; padding: .5rem .7rem; background: var(--back); border-radius: .4rem; white-space: pre-wrap;
  overflow-wrap: anywhere; font: .87rem/1.45 ui-monospace, monospace; }}
.tag {{ display: inline-block; padding: 0 .45rem; margin: 0 .3rem .15rem 0; border: 1px solid currentColor;
  border-radius: .8rem; font-size: .85rem; }}
.tag.bad {{ text-decoration: line-through; }}
.bar {{ width: 30%; }} .bar i {{ display: block; height: .6rem; margin-top: .45rem; border-radius: .3rem;
  background: var(--accent); }}
.ticket {{ white-space: nowrap; width: 6rem; }}
td p {{ margin: 0; }} .faint {{ color: var(--faint); }}
@media (max-width: 40rem) {{
  .changes thead {{ display: none; }} .changes tr {{ display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }}
  .changes td {{ display: block; width: auto; padding: .1rem 0; border: 0; }} .bar {{ display: none; }}
}}
"""


def plan_page(
    plan: Plan, breaches: Sequence[Breach] = (), warnings: Sequence[str] = (), *, file: str | None = None
) -> str:
    """The whole document; it asks for nothing from elsewhere. `file` is the plan as JSON, if it was kept."""
    sections = (
        _alerts(breaches, warnings),
        _next_step(plan, file),
        _overview(plan),
        _answers(plan),
        _account(plan.account_changes),
        _not_touched(plan),
        *(_rule(group, plan.account) for group in _grouped(plan.ticket_changes)),
        _held(plan),
        _coming(plan),
    )
    account = escape(plan.account.partition("://")[2] or plan.account)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Plan for {account}</title><style>{_CSS}</style></head><body>"
        f"<header><h1>Plan for {account}</h1><p>{escape(_dates(plan))}</p></header>"
        f'<main><dl class="cards">{"".join(_cards(plan, breaches))}</dl>{"".join(sections)}</main>'
        f"<footer>rules <code>{escape(plan.rules_digest[:12])}</code></footer></body></html>\n"
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """The changes of one kind by one rule."""

    kind: str
    rule: str
    changes: tuple[TicketChange, ...]

    @property
    def anchor(self) -> str:
        return escape(f"{self.kind}-{self.rule}".replace(" ", "-"))

    @property
    def name(self) -> str:
        """The rule and what it does; what is done without a rule speaks for itself."""
        called = CALLED.get(self.kind, self.kind)
        return f"{called} by {self.rule}" if self.rule else called

    @property
    def reason(self) -> str | None:
        """The reason that all share, None when each has its own."""
        shared = {change.reason for change in self.changes}
        return WHY.get(self.kind) or (shared.pop() if len(shared) == 1 else None)


def _grouped(changes: Sequence[TicketChange]) -> list[_Group]:
    """Most changes first."""
    ordered = sorted(changes, key=lambda change: (change.kind, change.rule))
    groups = (
        _Group(kind, rule, tuple(found))
        for (kind, rule), found in groupby(ordered, key=lambda change: (change.kind, change.rule))
    )
    return sorted(groups, key=lambda group: (-len(group.changes), group.kind, group.rule))


def _dates(plan: Plan) -> str:
    until = f"{plan.mirror_until:%Y-%m-%d %H:%M} UTC" if plan.mirror_until else "never"
    made, end = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (plan.made_at, plan.made_at + LIFETIME))
    return f"made {made}, good until {end}; mirror complete until {until}"


def _cards(plan: Plan, breaches: Sequence[Breach]) -> Iterator[str]:
    changes = len(plan.ticket_changes)
    notes = sum(change.note is not None for change in plan.ticket_changes)
    yield _card("Tickets to change", f"{changes:,}")
    yield _card("Unsolved tickets", f"{plan.unsolved:,}")
    yield _card("Internal notes", f"{notes:,}")
    yield _card("Groups and views", f"{len(plan.account_changes):,}")
    yield _card("Waiting", f"{len(plan.held):,}")
    yield _card(
        "Limits", f"{len(breaches)} broken" if breaches else "kept", look="bad" if breaches else "good"
    )


def _card(title: str, text: str, *, look: str = "") -> str:
    return f'<div><dt>{title}</dt><dd class="{look}">{escape(text)}</dd></div>'


def _section(title: str, body: str, *, look: str = "") -> str:
    return f'<section class="{look}"><h2>{title}</h2>{body}</section>'


def _alerts(breaches: Sequence[Breach], warnings: Sequence[str]) -> str:
    parts = []
    if breaches:
        items = "".join(f"<li>{_words(breach.message)}</li>" for breach in breaches)
        note = "<p>An unattended run writes nothing of this. A person who applies the plan approves it.</p>"
        parts.append(_section("Over a limit", f"{note}<ul>{items}</ul>", look="alert"))
    if warnings:
        parts.append(_section("Worth knowing", "".join(f"<p>{_words(text)}</p>" for text in warnings)))
    return "".join(parts)


def _words(text: str) -> str:
    """A sentence of ours; what stands between backticks is code."""
    return "".join(
        f"<code>{escape(part)}</code>" if index % 2 else escape(part)
        for index, part in enumerate(text.split("`"))
    )


def _next_step(plan: Plan, file: str | None) -> str:
    if plan.is_empty:
        return _section("Nothing to change", "<p>Every ticket is where the rules want it.</p>")
    if file is None:
        return ""
    command = escape(f"zdsync apply {file}")
    return _section("To carry it out", f"<p>Exactly this, and nothing else: <code>{command}</code></p>")


def _overview(plan: Plan) -> str:
    counts = ", ".join(f"{count:,} {escape(name)}" for name, count in in_words(plan.counts).items() if count)
    looked = f"<p>Of all tickets looked at: {counts or 'none'}.</p>"
    groups = _grouped(plan.ticket_changes)
    if not groups:
        return _section("Rules", looked)
    most = len(groups[0].changes)
    rows = "".join(
        f'<tr><td><a href="#{group.anchor}">{escape(group.name)}</a></td>'
        f'<td class="number">{len(group.changes):,}</td>'
        f'<td class="bar"><i style="width:{max(1, 100 * len(group.changes) // most)}%"></i></td></tr>'
        for group in groups
    )
    head = '<tr><th>rule</th><th class="number">tickets</th><th class="bar"></th></tr>'
    return _section("Rules", f"{looked}<table><thead>{head}</thead><tbody>{rows}</tbody></table>")


def _answers(plan: Plan) -> str:
    """What the account's own triggers and automations will make of it."""
    if plan.answers is None or not plan.ticket_changes:
        return ""
    rows = "".join(
        f"<tr><td>{escape(each.kind)}</td><td>{escape(each.title)}</td><td>{answer_text(each)}</td></tr>"
        for each in plan.answers
    )
    table = f'<table class="changes"><tbody>{rows}</tbody></table>' if rows else ""
    return _section("Set off in Zendesk", f"<p>{escape(answers_line(plan.answers))}</p>{table}")


def _account(changes: Sequence[AccountChange]) -> str:
    if not changes:
        return ""
    rows = "".join(
        f"<tr><td>{what}</td><td>{escape(name)}</td><td>{escape(why)}</td></tr>"
        for what, name, why in map(_object, changes)
    )
    head = "<tr><th>what</th><th>name</th><th>why</th></tr>"
    return _section(
        "Groups and views", f'<table class="changes"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    )


def _object(change: AccountChange) -> tuple[str, str, str]:
    """What happens to which group or view, and why."""
    match change:
        case GroupChange():
            return "new group", change.name, change.reason
        case ViewChange():
            return "new view", change.title, change.reason
        case TierFieldChange():
            what = "new field" if change.field_id is None else "field, more options"
            return what, change.title, change.reason
        case ViewSwitch():
            return f"view switched {'on' if change.is_active else 'off'}", change.title, change.reason
        case ViewUpdate():
            return "view changed", change.before.title, "; ".join((change.reason, *update_parts(change)))
    assert_never(change)


def _not_touched(plan: Plan) -> str:
    """Groups and views that somebody should look at."""
    notices = [("refused", one) for one in plan.refused] + [("", one) for one in plan.notices]
    if not notices:
        return ""
    rows = "".join(
        f'<tr><td class="bad">{look}</td><td>{escape(f"{one.object} {one.name}")}</td>'
        f"<td>{_words(one.message)}</td></tr>"
        for look, one in notices
    )
    return _section("Not touched", f'<table class="changes"><tbody>{rows}</tbody></table>')


def _rule(group: _Group, account: str) -> str:
    count = len(group.changes)
    reason = f"<p>{escape(group.reason)}</p>" if group.reason else ""
    rows = "".join(_row(change, account, group.reason) for change in group.changes)
    head = "<tr><th>ticket</th><th>tier</th><th>change</th></tr>"
    table = f'<table class="changes"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    plural = "ticket" if count == 1 else "tickets"
    opened = " open" if count <= OPEN_UP_TO else ""
    body = f"<details{opened}><summary>{count:,} {plural}</summary>{table}</details>"
    return f'<section id="{group.anchor}"><h2>{escape(group.name)}</h2>{reason}{body}</section>'


def _row(change: TicketChange, account: str, shared: str | None) -> str:
    tier = f"tier {escape(change.tier)}" if change.tier is not None else ""
    own = f'<p class="faint">{escape(change.reason)}</p>' if change.reason != shared else ""
    own += f'<p class="faint">{escape(change.clock)}</p>' if change.clock else ""
    return (
        f'<tr><td class="ticket">{_ticket(change.ticket_id, account)}</td><td>{tier}</td>'
        f"<td>{''.join(_parts(change))}{own}{_note(change)}</td></tr>"
    )


def _ticket(id: int, account: str) -> str:
    if not account.startswith(("https://", "http://")):
        return f"#{id}"
    return f'<a href="{escape(account)}/agent/tickets/{id}" rel="noreferrer">#{id}</a>'


def _parts(change: TicketChange) -> Iterator[str]:
    tags = [("good", f"+ {tag}") for tag in change.add_tags] + [("bad", tag) for tag in change.remove_tags]
    if tags:
        yield f"<p>{''.join(_tag(look, text) for look, text in tags)}</p>"
    if change.group is not None:
        before = change.group_before.name if change.group_before else "none"
        yield f"<p>group {escape(before)} → <b>{escape(change.group.name)}</b></p>"
    if change.assignee_before is not None:
        yield "<p>assignee cleared</p>"
    for diff in change.fields:
        after = "none" if diff.after is None else str(diff.after)
        yield f"<p>{escape(diff.field)} {escape(str(diff.before or 'none'))} → <b>{escape(after)}</b></p>"


def _tag(look: str, text: str) -> str:
    return f'<span class="tag {look}">{escape(text)}</span>'


def _note(change: TicketChange) -> str:
    if change.note is None:
        return ""
    return f"<details><summary>internal note</summary><pre>{escape(change.note)}</pre></details>"


def _held(plan: Plan) -> str:
    if not plan.held:
        return ""
    rows = "".join(
        f'<tr><td class="ticket">{_ticket(held.ticket_id, plan.account)}</td><td>{escape(held.reason)}</td></tr>'
        for held in plan.held
    )
    return _section("Waiting, left where they are", f'<table class="changes"><tbody>{rows}</tbody></table>')


def _coming(plan: Plan) -> str:
    """Moves by clocks that are close."""
    if not plan.coming:
        return ""
    rows = "".join(
        f'<tr><td class="ticket">{_ticket(move.ticket_id, plan.account)}</td>'
        f"<td>{escape(move.rule)} will move it at {move.at:%Y-%m-%d %H:%M} UTC</td></tr>"
        for move in plan.coming
    )
    return _section("Coming up", f'<table class="changes"><tbody>{rows}</tbody></table>')
