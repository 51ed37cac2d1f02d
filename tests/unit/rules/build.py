"""Small builders for tests of rules: an account, facts from keyword arguments, rule sets from a few lines of YAML."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from zdsync.account import (
    Account,
    FieldOption,
    Group,
    Named,
    RecordField,
    Schedule,
    ScheduleVersion,
    TicketField,
)
from zdsync.errors import Problem, RuleError
from zdsync.facts import Facts
from zdsync.model import FieldId, GroupId, Organization, OrganizationId, Ticket, TicketId, User, UserId
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRule, CompiledRules
from zdsync.rules.lint import lint
from zdsync.rules.model import RuleSet
from zdsync.rules.parse import parse_files

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
AREA, VERSION, STEPS, ERROR, ORDER, WEIGHT, BUILD_DAY, CONSENT, COLOURS, LINK = map(FieldId, range(101, 111))
FRONTLINE, SPECIALISTS, ENGINEERING, PRIVACY = map(GroupId, range(11, 15))
AGENT = User(UserId(7), "Ada Lovelace", email="ada@acme.example", role="agent")

HEAD = """
version: 1
own_tags: [vip, calm, sensitive]
sensitive_groups: [Privacy desk]
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists, groups: [Engineering]}
"""
FULL = """
assign:
  - {id: urgent, why: It burns, all: [priority: urgent, status: new], then: {tier: 2}}
  - {id: rest, why: Somebody takes it, then: {tier: 1}}
"""
"""Enters both tiers, so that lint has nothing to say."""
TAIL = "assign:\n  - {id: rest, why: Somebody takes it, then: {tier: 1}}\n"


def _options(*values: str) -> tuple[FieldOption, ...]:
    return tuple(FieldOption(value, value.replace("_", " ").title()) for value in values)


ACCOUNT = Account(
    groups=(
        Group(FRONTLINE, "Frontline"),
        Group(SPECIALISTS, "Specialists"),
        Group(ENGINEERING, "Engineering"),
        Group(PRIVACY, "Privacy desk"),
        Group(GroupId(19), "Gone", is_deleted=True),
    ),
    ticket_fields=(
        TicketField(FieldId(1), "Subject", "subject"),
        TicketField(AREA, "Area", "tagger", options=_options("billing", "technical", "account_access")),
        TicketField(VERSION, "App version", "text"),
        TicketField(STEPS, "Steps to reproduce", "textarea"),
        TicketField(ERROR, "Error message", "text", key="error_message"),
        TicketField(ORDER, "Order ID", "regexp"),
        TicketField(WEIGHT, "Weight", "decimal"),
        TicketField(BUILD_DAY, "Build day", "date"),
        TicketField(CONSENT, "Consent", "checkbox"),
        TicketField(COLOURS, "Colours", "multiselect", options=_options("red", "dark_blue", "green")),
        TicketField(LINK, "Link", "lookup"),
    ),
    user_fields=(RecordField("seat", "Seat", "text"),),
    organization_fields=(
        RecordField("plan", "Plan", "dropdown", _options("free", "starter", "pro", "enterprise")),
        RecordField("mrr", "Monthly revenue", "decimal"),
    ),
    brands=(Named(31, "Acme"), Named(32, "Acme Labs")),
    forms=(Named(41, "Default"),),
    schedules=(
        Schedule(
            61,
            "UK office",
            (ScheduleVersion("London", tuple((day * 1440 + 540, day * 1440 + 1050) for day in range(1, 6))),),
            frozenset({date(2026, 12, 25)}),
        ),
    ),
    custom_statuses=(Named(51, "Waiting for parts"),),
    staff={AGENT.id: AGENT},
)


def facts(**given: Any) -> Facts:
    """Facts of an open ticket; each argument is a field of Facts or of its ticket, tags as any iterable."""
    of_facts = {
        name: given.pop(name) for name in tuple(given) if name in Facts.__slots__ and name != "ticket"
    }
    if "tags" in given:
        given["tags"] = frozenset(given["tags"])
    ordinary: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "status": "open"}
    ticket = Ticket(TicketId(given.pop("id", 1)), **{**ordinary, **given})
    return Facts(ticket=ticket, current=ticket, now=NOW, **of_facts)


def organization(**given: Any) -> Organization:
    """An organization; arguments that it does not know are custom fields."""
    known = {name: given.pop(name) for name in tuple(given) if name in Organization.__slots__}
    known.setdefault("id", OrganizationId(5))
    return Organization(fields=given, **known)


def parse(*texts: str) -> tuple[RuleSet | None, tuple[Problem, ...]]:
    """The texts as files a.yaml, b.yaml and so on."""
    return parse_files([(f"{chr(97 + index)}.yaml", text) for index, text in enumerate(texts)])


def rules(*texts: str) -> RuleSet:
    """The rule set of these texts, which must be sound."""
    found, problems = parse(*texts)
    assert found is not None, "\n".join(map(str, problems))
    return found


def compiled(*texts: str, account: Account | None = ACCOUNT, today: date = TODAY) -> CompiledRules:
    return compile_rules(rules(*texts), account, tag_prefix="tier_", today=today)


def rule(body: str, *, extra: str = "", account: Account | None = ACCOUNT) -> CompiledRule:
    """One rule of `ignore` with this body (`all:` and `any:`), compiled."""
    text = f"{HEAD}{extra}\nignore:\n  - id: it\n    why: Because\n{_indent(body)}\n{TAIL}"
    return compiled(text, account=account).ignore[0]


def holds(condition: str, about: Facts, *, extra: str = "", account: Account | None = ACCOUNT) -> bool:
    """Whether one condition, in YAML, holds."""
    return rule(f"all: [{condition}]", extra=extra, account=account).matches(about)


def told(*texts: str, account: Account | None = ACCOUNT, today: date = TODAY) -> list[str]:
    """Every message on the way from text to compiled, linted rules."""
    found, problems = parse(*texts)
    if found is None:
        return list(map(str, problems))
    try:
        compile_rules(found, account, tag_prefix="tier_", today=today)
    except RuleError as err:
        problems = err.problems
    return list(map(str, (*problems, *lint(found))))


def told_of(condition: str, *, extra: str = "", account: Account | None = ACCOUNT) -> list[str]:
    """Every message about one condition."""
    text = f"{HEAD}{extra}\nignore:\n  - id: it\n    why: Because\n    all: [{condition}]\n{FULL}"
    return told(text, account=account)


def _indent(body: str) -> str:
    return "\n".join(f"    {line}" for line in body.splitlines())
