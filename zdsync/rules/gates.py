"""What a gate asks for, as a closure that lists what is missing of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from zdsync.facts import Facts
from zdsync.rules.fields import Field
from zdsync.rules.model import Condition, GateRule, Operator
from zdsync.rules.predicates import predicate

Missing = Callable[[Facts], tuple[str, ...]]
"""Lists what is missing, as people call it, in the order of the rule; empty when nothing is."""

ATTACHMENT = "an attachment"
FINDINGS: Mapping[str, str] = {
    "payment_card": "a payment card",
    "iban": "an IBAN",
    "email": "an e-mail address",
    "phone": "a phone number",
}
"""What each detector looks for."""
_WORD = re.compile(r"[a-z_]+(?:\.[a-z_]+)?")


def missing_of(gate: GateRule, fields: Sequence[Field]) -> Missing:
    """The list for `gate`, whose field names stand for `fields`; its detectors must be known."""
    asked = [
        (title(field.name), predicate(field, Condition(field.name, Operator.PRESENT))) for field in fields
    ]
    if gate.needs_attachment:
        asked.append((ATTACHMENT, lambda facts: facts.attachments > 0))
    asked += [(FINDINGS[name], _found(name)) for name in gate.detects if name in FINDINGS]
    things = tuple(asked)
    return lambda facts: tuple(called for called, is_there in things if not is_there(facts))


def title(field: str) -> str:
    """A field's title, or its name in words where it has none: `organization.plan` is the organization's plan."""
    return field.replace("_", " ").replace(".", "'s ") if _WORD.fullmatch(field) else field


def _found(detector: str) -> Callable[[Facts], bool]:
    return lambda facts: detector in facts.detected
