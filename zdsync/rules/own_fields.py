"""Zendesk's own fields, that every account has: how each is read from facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import methodcaller

from zdsync.facts import Facts
from zdsync.model import PRIORITY_ORDER, STATUS_ORDER, User
from zdsync.rules.fields import NONE, NOTHING, Field, Kind, fold_name
from zdsync.rules.sources import Read, Record, Source, Words
from zdsync.text import fold

TYPES = ("none", "question", "incident", "problem", "task")
SATISFACTION = ("offered", "unoffered", "good", "good_with_comment", "bad", "bad_with_comment")
ROLES = ("end-user", "agent", "admin")
COUNTS = ("replies", "reopens", "group_stations", "assignee_stations", "moves")
"""What is counted from a ticket's history; never missing."""


def own_fields() -> dict[str, Field]:
    return {
        field.name: field
        for field in (
            _rank("status", STATUS_ORDER),
            _rank("priority", PRIORITY_ORDER, nothing="none"),
            word_field("type", of_ticket("type"), TYPES, nothing=NONE),
            word_field("channel", of_ticket("channel")),
            word_field("language", _locale, spread=_locale_names),
            word_field("requester.locale", _locale, spread=_locale_names),
            word_field("requester.language", _locale, spread=_locale_names),
            word_field("requester.role", Source(Record.REQUESTER, "role"), ROLES),
            word_field("requester.domain", lambda f: _domain(f.requester)),
            word_field("satisfaction", of_ticket("satisfaction"), SATISFACTION, spread=satisfaction_names),
            *(_searched(name) for name in ("subject", "description", "comment", "text")),
            text_field("recipient", lambda f: f.ticket.recipient),
            text_field("requester.name", lambda f: f.requester and f.requester.name),
            text_field("requester.email", lambda f: f.requester and f.requester.email),
            text_field("requester.external_id", lambda f: f.requester and f.requester.external_id),
            text_field("organization.name", lambda f: f.organization and f.organization.name),
            text_field("organization.external_id", lambda f: f.organization and f.organization.external_id),
            _set("tags", of_ticket("tags")),
            _set("requester.tags", lambda f: f.requester.tags if f.requester else NOTHING),
            _set("organization.tags", lambda f: f.organization.tags if f.organization else NOTHING),
            *(_date(name) for name in ("created_at", "updated_at", "due_at")),
            *(_count(name) for name in COUNTS),
            _count("attachments", nothing=0),
            _claim("sla.breached", Source(Record.FACTS, "sla_breached")),
            _claim("in_business_hours", Source(Record.FACTS, "in_business_hours")),
            Field("organization.domain", Kind.NAME, _domains, lambda f: sorted(_domains(f)), nothing=NOTHING),
        )
    }


def of_ticket(attribute: str) -> Source:
    return Source(Record.TICKET, attribute)


def _rank(name: str, ranks: Mapping[str, int], nothing: str = "") -> Field:
    """A word with an order; `nothing` is the word for being empty, if there is one."""
    read = of_ticket(name)
    return Field(
        name,
        Kind.RANK,
        read,
        lambda f: read(f) or nothing,
        ranks=ranks,
        nothing=ranks.get(nothing),
        of=lambda word: ranks.get(word or nothing),
    )


def word_field(
    name: str,
    word: Read,
    choices: tuple[str, ...] = (),
    *,
    nothing: frozenset[str] = NOTHING,
    spread: Callable[[str], frozenset[str]] | None = None,
) -> Field:
    """A field that holds one word; `spread` gives all the names that a word answers to."""

    @lru_cache(maxsize=1_000)
    def names(text: str) -> frozenset[str]:
        folded = fold_name(text)
        return spread(folded) if spread else frozenset({folded})

    def of(text: str | None) -> frozenset[str]:
        return names(text) if text else nothing

    known = {choice: choice for choice in choices} if choices else None
    show = word if nothing is NOTHING else lambda f: word(f) or "none"
    return Field(name, Kind.NAME, word, show, known=known, nothing=nothing, of=of)


def _searched(name: str) -> Field:
    """A text that is looked at for words; too long and too private to be shown."""
    return Field(
        name,
        Kind.TEXT,
        lambda f: f.plain(name),
        lambda f: "" if f.plain(name).strip() else None,
        words=methodcaller("words", name),
        listed=Words(name),
        is_private=True,
    )


def text_field(name: str, text: Read) -> Field:
    return Field(name, Kind.TEXT, text, text, words=lambda f: fold(text(f) or ""))


def _set(name: str, tags: Read) -> Field:
    return Field(name, Kind.TAGS, tags, lambda f: tuple(sorted(tags(f))), nothing=NOTHING)


def _date(name: str) -> Field:
    read = of_ticket(name)
    return Field(name, Kind.DATE, read, read)


def _claim(name: str, answer: Read) -> Field:
    """True or false, or missing."""
    words = {True: frozenset({"true"}), False: frozenset({"false"}), None: NOTHING}
    known = {"true": "true", "false": "false"}
    return Field(name, Kind.NAME, answer, answer, known=known, nothing=NOTHING, of=words.__getitem__)


def _count(name: str, nothing: int | None = None) -> Field:
    read = Source(Record.FACTS, name)
    return Field(name, Kind.NUMBER, read, read, nothing=nothing, of=int)


_locale = Source(Record.REQUESTER, "locale")


def _locale_names(locale: str) -> frozenset[str]:
    """`en-us` answers to `en` too.  Source: developer.zendesk.com, "Locales" (BCP 47 codes; read 2026-11)."""
    parts = locale.replace("_", "-").split("-")
    return frozenset("-".join(parts[:length]) for length in range(1, len(parts) + 1))


def satisfaction_names(score: str) -> frozenset[str]:
    return frozenset({score, score.removesuffix("_with_comment")})


def _domain(requester: User | None) -> str | None:
    email = requester.email if requester else None
    return email.rpartition("@")[2] if email and "@" in email else None


def _domains(facts: Facts) -> frozenset[str]:
    domains = facts.organization.domains if facts.organization else ()
    return frozenset(fold_name(domain) for domain in domains)
