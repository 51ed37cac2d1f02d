"""Hand-over notes: what they tell, what a rule's own note may name, and when two notes are the same."""

from __future__ import annotations

import pytest

from tests.build import FRONTLINE, case, moment, ticket
from zdsync.facts import Facts, derive
from zdsync.journey import Ladder
from zdsync.model import Organization, OrganizationId
from zdsync.rules.model import Action, Rule, Tier
from zdsync.rules.outcomes import NOTE_PLACEHOLDERS
from zdsync.tiers.notes import fill, handover_note, note_digest

TIER = Tier("2", "Specialists", "Specialists", ("Specialists",))
RULE = Rule("billing", "Money questions need access", then=Action(tier="2"))


def facts() -> Facts:
    subject = ticket(
        subject="Charged\n  twice", priority="high", type="question", channel="email", group_id=FRONTLINE
    )
    company = Organization(OrganizationId(1), "Acme")
    return derive(case(ticket=subject, organization=company), moment(), Ladder())


def test_a_note_tells_what_the_next_agent_needs() -> None:
    """Tier and group, the rule and its reason, the customer's words in one line, and what is known."""
    note = handover_note(facts(), RULE, TIER, "Specialists", (("priority", "high"),))
    assert note.splitlines()[:4] == [
        "Tier 2 (Specialists), group Specialists",
        "Why: Money questions need access (rule billing)",
        "The customer writes: Charged twice",
        "Known: organization: Acme; priority: high",
    ]


def test_a_rules_own_note_comes_first() -> None:
    """What the admin wrote leads, with its placeholders filled."""
    rule = Rule("b", "Why", then=Action(tier="2", note="{requester.name} of {organization.name} asks"))
    assert handover_note(facts(), rule, TIER, "Specialists", ()).startswith("Cy of Acme asks\n")


@pytest.mark.parametrize("name", sorted(NOTE_PLACEHOLDERS))
def test_every_placeholder_that_the_check_allows_is_filled(name: str) -> None:
    """No allowed placeholder reaches a customer's ticket unfilled."""
    assert fill(f"<{{{name}}}>", facts(), RULE, TIER, "Specialists") != f"<{{{name}}}>"


def test_others_stay_as_written() -> None:
    """Braces that name nothing are the admin's own."""
    assert fill("{a} {ticket.secret} {", facts(), RULE, TIER, "g") == "{a} {ticket.secret} {"


def test_same_note_same_ticket() -> None:
    """A digest tells notes and tickets apart, also when the text holds half a character."""
    assert note_digest(1, "a") == note_digest(1, "a")
    assert len({note_digest(1, "a"), note_digest(2, "a"), note_digest(1, "b"), note_digest(1, "\ud800")}) == 4


def test_an_empty_subject_says_nothing() -> None:
    """Without a subject there is no line for it."""
    told = derive(case(ticket=ticket(subject="")), moment(), Ladder())
    assert "The customer writes" not in handover_note(told, RULE, TIER, "Specialists", ())


def test_long_subjects_are_cut() -> None:
    """A note stays a note whatever the customer wrote in the subject."""
    subject = ticket(subject="word " * 1000)
    told = derive(case(ticket=subject), moment(), Ladder())
    line = handover_note(told, RULE, TIER, "Specialists", ()).splitlines()[2]
    assert len(line) < 160
    assert line.endswith("…")
