"""What a gate asks for: what of it is missing, and what has been collected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from zdsync.facts import Facts
from zdsync.rules.fields import Field
from zdsync.rules.model import Condition, GateRule, Operator
from zdsync.rules.predicates import Predicate, predicate

Missing = Callable[[Facts], tuple[str, ...]]
"""Lists what is missing, as people call it, in the order of the rule; empty when nothing is."""
Collected = Callable[[Facts], tuple[tuple[str, str], ...]]
"""Lists what is there, with its value, in the order of the rule."""

FINDINGS: Mapping[str, str] = {
    "payment_card": "a payment card",
    "iban": "an IBAN",
    "email": "an e-mail address",
    "phone": "a phone number",
}
"""What each detector looks for."""
_LONGEST = 120
_WORD = re.compile(r"[a-z_]+(?:\.[a-z_]+)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a gate asks for: what it is called when missing, and when it is there.

    `show` gives the value that can be told; None for what is never told, such as a finding.
    """

    missing: str
    collected: str
    is_there: Predicate
    show: Callable[[Facts], object]


def things_asked(gate: GateRule, fields: Sequence[Field]) -> tuple[Asked, ...]:
    """Everything that `gate` asks for; `fields` are those that its names stand for, its detectors must be known."""
    asked = [_filled(field) for field in fields]
    if gate.needs_attachment:
        asked.append(
            Asked("an attachment", "attachments", lambda f: f.attachments > 0, lambda f: f.attachments)
        )
    asked += [_found(name) for name in gate.detects if name in FINDINGS]
    return tuple(asked)


def missing_of(asked: Sequence[Asked]) -> Missing:
    return lambda facts: tuple(one.missing for one in asked if not one.is_there(facts))


def collected_of(asked: Sequence[Asked]) -> Collected:
    def collected(facts: Facts) -> tuple[tuple[str, str], ...]:
        there = ((one.collected, _told(one.show(facts))) for one in asked if one.is_there(facts))
        return tuple((called, value) for called, value in there if value)

    return collected


def field_title(field: str) -> str:
    """A field's title, or its name in words where it has none: `organization.plan` is the organization's plan."""
    return field.replace("_", " ").replace(".", "'s ") if _WORD.fullmatch(field) else field


def _filled(field: Field) -> Asked:
    called = field_title(field.name)
    return Asked(called, called, predicate(field, Condition(field.name, Operator.PRESENT)), field.show)


def _found(detector: str) -> Asked:
    return Asked(
        FINDINGS[detector], FINDINGS[detector], lambda facts: detector in facts.detected, lambda _: None
    )


def _told(value: object) -> str:
    """The value in one line; empty for one that is not told."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
