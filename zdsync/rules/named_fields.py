"""Things of the account that rules call by name: groups, brands, forms, statuses, people, companies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from zdsync.account import Account
from zdsync.facts import Facts
from zdsync.model import User
from zdsync.rules.fields import NONE, Field, Kind, fold_name
from zdsync.rules.former import former_things
from zdsync.rules.own_fields import of_ticket, word_field
from zdsync.rules.sources import Read, Record, Source


def named_fields(
    account: Account | None, groups: Iterable[str], tiers: Sequence[str] = ()
) -> dict[str, Field]:
    """Fields by name; `groups` will be there too, and `tiers` are the keys of all there are, empty if not known."""
    groups_by_id: dict[int | None, str] = {}
    brands: dict[int | None, str] = {}
    forms: dict[int | None, str] = {}
    statuses: dict[int | None, str] = {}
    if account:
        groups_by_id = {group.id: group.name for group in account.groups if not group.is_deleted}
        brands = {brand.id: brand.name for brand in account.brands}
        forms = {form.id: form.name for form in account.forms}
        statuses = {status.id: status.name for status in account.custom_statuses}
    is_known = account is not None
    former = former_things(account)
    things: Mapping[str, tuple[Mapping[int | None, str], Read]] = {
        "group": (groups_by_id, of_ticket("group_id")),
        "brand": (brands, of_ticket("brand_id")),
        "form": (forms, of_ticket("form_id")),
        "custom_status": (statuses, of_ticket("custom_status_id")),
    }
    return {
        **{
            name: _thing(name, names, id_of, is_known, former[name], groups if name == "group" else ())
            for name, (names, id_of) in things.items()
        },
        "assignee": _assignee(account),
        "requester": _person("requester"),
        "organization": _company("organization"),
        "tier": _tier("tier", tiers),
        "previous_tier": _tier("previous_tier", tiers),
    }


def _thing(
    name: str,
    names: Mapping[int | None, str],
    id_of: Read,
    is_known: bool,
    former: Mapping[str, int],
    extra: Iterable[str],
) -> Field:
    """A thing answers to its name, its id, and the names that rules knew it by."""
    folded = {id: frozenset({fold_name(called), str(id)}) for id, called in names.items()}
    for called, id in former.items():
        folded[id] |= {called}
    folded[None] = NONE

    def of(id: int | None) -> frozenset[str]:
        return folded.get(id) or frozenset({str(id)})

    known = {fold_name(called): called for called in ("none", *extra, *names.values())}
    known.update((str(id), called) for id, called in names.items())
    known.update((called, names[id]) for called, id in former.items())
    return Field(
        name,
        Kind.NAME,
        id_of,
        lambda f: names.get(id_of(f)) or id_of(f) or "none",
        known=known if is_known else None,
        nothing=NONE,
        is_account_name=True,
        of=of,
    )


def _tier(name: str, tiers: Sequence[str]) -> Field:
    choices = ("none", *tiers) if tiers else ()
    return word_field(name, Source(Record.FACTS, name), choices, nothing=NONE)


def _assignee(account: Account | None) -> Field:
    staff = account.staff if account else {}
    folded: dict[int | None, frozenset[str]] = {id: _person_names(user) for id, user in staff.items()}
    folded[None] = NONE
    known = {name: name for names in folded.values() for name in names}

    def read(facts: Facts) -> frozenset[str]:
        id = facts.ticket.assignee_id
        return folded.get(id) or frozenset({str(id)})

    def show(facts: Facts) -> object:
        user = staff.get(facts.ticket.assignee_id) if facts.ticket.assignee_id else None
        return user.name if user else facts.ticket.assignee_id or "none"

    return Field(
        "assignee",
        Kind.NAME,
        read,
        show,
        known=known if account else None,
        nothing=NONE,
        is_account_name=True,
        is_private=True,
    )


def _person_names(user: User) -> frozenset[str]:
    names = {fold_name(user.name), fold_name(user.email or ""), str(int(user.id))}
    return frozenset(names - {""})


def _person(name: str) -> Field:
    def read(facts: Facts) -> frozenset[str]:
        if facts.requester:
            return _person_names(facts.requester)
        id = facts.ticket.requester_id
        return frozenset({str(int(id))}) if id else NONE

    return Field(
        name,
        Kind.NAME,
        read,
        lambda f: f.requester.name if f.requester else f.ticket.requester_id or "none",
        nothing=NONE,
    )


def _company(name: str) -> Field:
    def read(facts: Facts) -> frozenset[str]:
        organization = facts.organization
        if organization:
            return frozenset({fold_name(organization.name), str(int(organization.id))})
        id = facts.ticket.organization_id
        return frozenset({str(int(id))}) if id else NONE

    return Field(
        name,
        Kind.NAME,
        read,
        lambda f: f.organization.name if f.organization else f.ticket.organization_id or "none",
        nothing=NONE,
    )
