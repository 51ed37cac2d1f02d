"""Exported rules for people and for scripts: how exact each is, its triggers, and the views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from zdsync.model import GroupId
from zdsync.plan.own_views import OwnView, own_views
from zdsync.plan.views import tier_conditions
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.export import Export


def export_lines(exports: Sequence[Export]) -> Iterator[str]:
    """A line per rule, in the order in which triggers must stand."""
    for export in exports:
        yield f"{export.block:10} {export.rule.id}: {export.exactness}"
    exact = sum(not export.reason for export in exports)
    yield ""
    yield f"{exact} of {len(exports)} rules are exact for a ticket that a customer opens; --json prints their triggers."


def export_json(exports: Sequence[Export], compiled: CompiledRules) -> dict[str, Any]:
    """The same for scripts, with triggers and views as the API takes them."""
    return {
        "rules": [
            {
                "rule": export.rule.id,
                "block": export.block,
                "exactness": export.exactness,
                "leaves_out": ["hand-over note"] if export.block == "assign" and not export.reason else [],
                "triggers": [trigger.as_json() for trigger in export.triggers],
            }
            for export in exports
        ],
        "views": [_view(wanted, compiled) for wanted in own_views(compiled)],
    }


def _view(wanted: OwnView, compiled: CompiledRules) -> dict[str, Any]:
    ids = [compiled.group_ids.get(name.casefold()) for name in wanted.groups]
    known: list[GroupId] = [id for id in ids if id is not None]
    return {
        "title": wanted.title,
        "all": _conditions(tier_conditions(known, wanted.tag)),
        "any": _conditions(wanted.conditions_any),
    }


def _conditions(conditions: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"field": field, "operator": operator, "value": value} for field, operator, value in conditions]
