"""The account's own objects: groups and views as the rules name them, compared with what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from zdsync.account import Account, View
from zdsync.plan.model import AccountNotice, GroupChange, GroupRef, ViewChange, ViewForm, ViewUpdate
from zdsync.plan.own_views import OwnView, own_views
from zdsync.plan.tier_field import AccountDiff, diff_tier_field
from zdsync.plan.views import form_of, is_made_for, too_large, wanted_form
from zdsync.rules.compiled import CompiledRules

SHOWN_VIEWS = 100
"""Shared views that Zendesk lists for agents. Source: Zendesk help, "Creating views" (unverified)."""


def diff_account(account: Account, rules: CompiledRules) -> AccountDiff:
    """Groups first, then the tier field, then views in the order of the tiers, those of no tier last.

    What zdsync has not made it never touches.
    """
    found = AccountDiff()
    for name, reason in _named_groups(rules):
        _diff_group(name, reason, account, rules, found)
    if rules.rules.tier_field:
        diff_tier_field(account, rules, found)
    _diff_views(account, rules, found)
    return found


def _named_groups(rules: CompiledRules) -> Iterator[tuple[str, str]]:
    """Each group that the rules name, once, with the reason why it should exist."""
    named: dict[str, tuple[str, str]] = {}
    for tier in rules.rules.tiers:
        for name in tier.groups:
            named.setdefault(name.casefold(), (name, f"tier {tier.key} ({tier.name}) names it"))
    for name in rules.rules.sensitive_groups:
        named.setdefault(name.casefold(), (name, "sensitive_groups names it"))
    yield from named.values()


def _diff_group(name: str, reason: str, account: Account, rules: CompiledRules, found: AccountDiff) -> None:
    id = rules.group_ids.get(name.casefold())
    if id is None:
        found.changes.append(GroupChange(name, reason))
        return
    found.known["group", name.casefold()] = id
    group = account.group(id)
    if group is not None and group.name.casefold() != name.casefold():
        message = (
            f"is called {group.name!r} in Zendesk by now and is still meant; write that name in the rules"
        )
        found.notices.append(AccountNotice("group", name, message))


def _diff_views(account: Account, rules: CompiledRules, found: AccountDiff) -> None:
    wanted = own_views(rules)
    own = [_find(each, account) for each in wanted]
    found.known |= {("view", each.key): view.id for each, view in zip(wanted, own, strict=True) if view}
    taken = {view.title.casefold() for view in account.views if view.id not in found.known.values()}
    for each, view, place in zip(wanted, own, _places(own), strict=True):
        groups = tuple(GroupRef(name, rules.group_ids.get(name.casefold())) for name in each.groups)
        after = replace(_form(each, groups), position=place)
        refusal = _refusal(each, after, taken)
        taken.add(each.title.casefold())
        if refusal is not None:
            found.refused.append(AccountNotice("view", each.title, refusal))
        elif view is None:
            reason = f"{each.asker} has no view" if each.key[0] != ":" else f"{each.asker} asks for it"
            found.changes.append(
                ViewChange(each.title, each.key, each.tag, groups, reason, place, each.conditions_any)
            )
        else:
            _diff_view(each, view, after, groups, account, rules, found)
    _check_number(account, found)


def _form(wanted: OwnView, groups: tuple[GroupRef, ...]) -> ViewForm:
    ids = [group.id for group in groups if group.id is not None]
    return wanted_form(wanted.title, wanted.tag, ids, wanted.conditions_any)


def _refusal(wanted: OwnView, form: ViewForm, taken: set[str]) -> str | None:
    """Why a view cannot be had, and what to do; `taken` are the titles of others, ours above it included."""
    if wanted.title.casefold() in taken:
        return (
            f"{wanted.asker} asks for a view of this title, and another view has it; "
            f"rename that one in Zendesk if zdsync did not make it, or {wanted.remedy}"
        )
    too_much = too_large(form)
    return f"{too_much}; give {wanted.asker} fewer groups or tags" if too_much else None


def _find(wanted: OwnView, account: Account) -> View | None:
    """The view that is meant: the one known by id while it lives, else one that bears our mark for this key."""
    known = account.known.get(("view", wanted.key))
    others = {id for (kind, key), id in account.known.items() if kind == "view" and key != wanted.key}
    marked = [view for view in account.views if is_made_for(wanted.key, view) and view.id not in others]
    return min(
        (*(view for view in account.views if view.id == known), *marked),
        key=lambda view: (view.id != known, view.title != wanted.title, view.id),
        default=None,
    )


def _diff_view(
    wanted: OwnView,
    view: View,
    after: ViewForm,
    groups: tuple[GroupRef, ...],
    account: Account,
    rules: CompiledRules,
    found: AccountDiff,
) -> None:
    before = form_of(view)
    if before == after and all(group.id is not None for group in groups):
        return
    if account.undone_views.get(view.id, "") in {rules.rules.digest, None}:
        message = "stays as an undo left it until the rules change"
        found.notices.append(AccountNotice("view", view.title, message))
        return
    found.changes.append(
        ViewUpdate(view.id, before, after, f"{wanted.asker} asks for it", wanted.tag, groups)
    )


def _places(views: list[View | None]) -> list[int | None]:
    """Positions in the order of the tiers: as they are where that is so already, else just after the view before.

    A view yet to be made gets one only when others of ours stand after it; new views stand last by themselves.
    """
    places: list[int | None] = []
    last = _NOWHERE
    for number, view in enumerate(views):
        if view is not None and view.position is not None:
            here = (view.position, view.id)
            last = here if here > last else (last[0] + 1, view.id)
            places.append(last[0])
        elif view is None and (after := _first_position(views[number:])) is not None:
            last = (after if last == _NOWHERE else last[0] + 1, _NEW_ID)
            places.append(last[0])
        else:
            places.append(None)
    return places


_NOWHERE = (-1, 0)
_NEW_ID = 2**63
"""Stands for the id of a view yet to be made: larger than all others."""


def _first_position(views: list[View | None]) -> int | None:
    return next((view.position for view in views if view is not None and view.position is not None), None)


def _check_number(account: Account, found: AccountDiff) -> None:
    new = sum(isinstance(change, ViewChange) for change in found.changes)
    number = new + sum(view.is_active for view in account.views)
    if new and number > SHOWN_VIEWS:
        message = (
            f"there will be {number} active shared views and agents see the first {SHOWN_VIEWS}; "
            "hide what nobody uses"
        )
        found.notices.append(AccountNotice("account", "views", message))
