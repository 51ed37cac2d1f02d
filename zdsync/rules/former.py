"""Names by which rules knew things of the account that are called otherwise by now; ids tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from zdsync.account import Account, FieldOption, TicketField
from zdsync.model import FieldId
from zdsync.rules.fields import fold_name

THINGS = ("group", "brand", "form", "custom_status")
_NONE: Mapping[str, int] = {}


def former_things(account: Account | None) -> Mapping[str, Mapping[str, int]]:
    """By kind of thing: former names, folded, and the ids of those that live on; no name that a living one bears."""
    if account is None:
        return dict.fromkeys(THINGS, _NONE)
    living = {kind: {id: fold_name(name) for id, name in things_of(account, kind).items()} for kind in THINGS}
    found: dict[str, dict[str, int]] = {kind: {} for kind in THINGS}
    for (kind, name), id in account.known.items():
        if kind in found and id in living[kind] and fold_name(name) not in living[kind].values():
            found[kind][fold_name(name)] = id
    return found


def things_of(account: Account, kind: str) -> dict[int, str]:
    """The living groups, brands, forms or custom statuses: their present names by id."""
    if kind == "group":
        return {group.id: group.name for group in account.groups if not group.is_deleted}
    named = {"brand": account.brands, "form": account.forms, "custom_status": account.custom_statuses}[kind]
    return {each.id: each.name for each in named}


def former_fields(account: Account, plain: Callable[[str], str]) -> Mapping[str, FieldId]:
    """Former titles of custom ticket fields, as they are looked up."""
    ids = {field.id for field in account.ticket_fields if field.is_custom and field.is_active}
    taken = {plain(field.title) for field in account.ticket_fields}
    return {
        plain(name): FieldId(id)
        for (kind, name), id in account.known.items()
        if kind == "field" and id in ids and plain(name) not in taken
    }


def former_options(account: Account, field: TicketField) -> Mapping[str, FieldOption]:
    """Former labels and tags of a drop-down's options, folded, each with the option as it is now."""
    start = f"{int(field.id)}:"
    by_id = {option.id: option for option in field.options}
    taken = {fold_name(word) for option in field.options for word in (option.value, option.label)}
    return {
        name: by_id[id]
        for (kind, key), id in account.known.items()
        if kind == "option"
        and key.startswith(start)
        and id in by_id
        and (name := key.removeprefix(start)) not in taken
    }


def with_former_options(account: Account, field: TicketField) -> TicketField:
    """The field, whose options answer to their former names too."""
    former = former_options(account, field)
    more = tuple(replace(option, label=name) for name, option in former.items())
    return replace(field, options=(*field.options, *more)) if more else field


def former_names(account: Account, plain: Callable[[str], str]) -> Mapping[str, object]:
    """All names of before that are still meant, each with what it means."""
    options = {
        str(int(field.id)): {name: option.value for name, option in former_options(account, field).items()}
        for field in account.ticket_fields
    }
    return {**former_things(account), "field": former_fields(account, plain), "option": options}
