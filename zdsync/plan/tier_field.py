"""The tiers' drop-down field: one option per tier, whose value is the tier's tag."""

from __future__ import annotations

from dataclasses import dataclass, field

from zdsync.account import Account, FieldOption, TicketField
from zdsync.plan.model import AccountChange, AccountNotice, TierFieldChange
from zdsync.rules.compiled import CompiledRules

MAX_OPTIONS = 2000
"""Options that a field takes. Source: the OpenAPI document, "Ticket Fields" (read 2026-11)."""


@dataclass(slots=True)
class AccountDiff:
    """What is to change, what is refused, what is to be told, and the ids by which it is all known from now on."""

    changes: list[AccountChange] = field(default_factory=list)
    refused: list[AccountNotice] = field(default_factory=list)
    notices: list[AccountNotice] = field(default_factory=list)
    known: dict[tuple[str, str], int] = field(default_factory=dict)


def diff_tier_field(account: Account, rules: CompiledRules, found: AccountDiff) -> None:
    """Create the field that the rules name, or add the options it lacks; nothing else of it is ours."""
    title = rules.rules.tier_field
    there = tier_field(account, title)
    wanted = tuple(
        FieldOption(rules.tier_tag(tier), f"{tier.key} - {tier.name}") for tier in rules.rules.tiers
    )
    if there is not None:
        found.known["field", title.casefold()] = there.id
    reason = _refusal(account, there, wanted)
    if reason is not None:
        found.refused.append(AccountNotice("field", title, reason))
        return
    has = {option.value for option in there.options} if there is not None else set()
    missing = tuple(option for option in wanted if option.value not in has)
    if there is None or missing:
        why = "tier_field names it" if there is None else "tiers that have no option yet"
        found.changes.append(TierFieldChange(title, there.id if there else None, missing, why))


def tier_field(account: Account, title: str) -> TicketField | None:
    """The field of that title, compared without case, else the one known by it since before it was renamed."""
    known = account.known.get(("field", title.casefold()))
    by_title = [each for each in account.ticket_fields if each.title.casefold() == title.casefold()]
    by_id = [each for each in account.ticket_fields if each.id == known]
    return next(iter((*by_title, *by_id)), None)


def _refusal(account: Account, there: TicketField | None, wanted: tuple[FieldOption, ...]) -> str | None:
    """Why the field cannot hold the tiers, and what to do; a tag belongs to one drop-down of an account only."""
    if there is not None and (there.type != "tagger" or not there.is_active):
        state = "is switched off" if there.type == "tagger" else f"is of type {there.type}, not a drop-down"
        return f"the field of this title {state}; mend that in Zendesk, or name another in `tier_field:`"
    values = {option.value for option in wanted}
    for other in account.ticket_fields:
        taken = values & {option.value for option in other.options}
        if taken and (there is None or other.id != there.id):
            return f"the field {other.title!r} has the tag {min(taken)} as an option; take it out there"
    has = {option.value for option in there.options} if there is not None else set()
    if len(has | values) > MAX_OPTIONS:
        return f"it would have more than the {MAX_OPTIONS} options that Zendesk takes"
    return None
