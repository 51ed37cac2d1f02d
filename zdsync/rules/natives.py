"""Where the account's own triggers and automations write what rules read, or undo what rules write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zdsync.account import NativeNames, NativeRule
from zdsync.errors import Problem
from zdsync.rules.compiled import CompiledRule, CompiledRules
from zdsync.rules.fields import fold_name
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.lint import leaves
from zdsync.rules.model import EXTERNAL, PREVIOUS, GateRule, MoveRule, Position, RuleSet
from zdsync.rules.vocabulary import Vocabulary, plain

_FIELDS = {
    "group_id": "group",
    "assignee_id": "assignee",
    "brand_id": "brand",
    "ticket_form_id": "form",
    "custom_status_id": "custom_status",
    "priority": "priority",
    "type": "type",
    "status": "status",
}
_OVER = frozenset({"solved", "closed"})


def native_conflicts(
    rules: CompiledRules, natives: Iterable[NativeRule], vocabulary: Vocabulary
) -> Iterator[Problem]:
    """A warning for each native rule that works against the rules, where the first rule concerned stands.

    Left out are triggers that act only when a ticket is created, before any rule is asked, and whatever acts only on
    solved tickets, which rules leave alone.
    """
    compiled = [one for one in (*rules.placing, *rules.moving) if one.rule.enabled]
    reads = [(one, frozenset(_reads(one, vocabulary))) for one in compiled]
    writes = [(one, frozenset(_writes(one, rules))) for one in compiled]
    for native in natives:
        if _is_apart(native):
            continue
        for verb, sides in (("undoes what", writes), ("writes what", reads)):
            adds = sides is reads
            found = [(one, what) for one, known in sides for what in _touched(native, known, adds=adds)]
            if found:
                told = "write" if sides is writes else "ask for"
                whats = quoted(dict.fromkeys(what for _, what in found))
                ids = quoted(dict.fromkeys(one.rule.id for one, _ in found))
                message = f"the {native.kind} '{native.title}' {verb} rules {told} ({whats}): {ids}"
                yield _warning(found[0][0].rule.at, message)
                break


def unknown_natives(rules: RuleSet, names: NativeNames) -> Iterator[Problem]:
    """An error for each macro and trigger that a gate names and the account does not have; none where none is known."""
    for gate in rules.require:
        asked = (
            ("macro", gate.macro, "missing", names.macros),
            ("trigger", gate.asks_by, "asks_by", names.triggers),
        )
        for kind, name, key, known in asked:
            if name and known and fold_name(name) not in map(fold_name, known):
                message = f"no {kind} '{name[:80]}' is switched on in the account{nearest(name, known)}"
                yield problem(Check.UNKNOWN_NAME, gate.marks.get(key, gate.at), message)


def _warning(at: Position, message: str) -> Problem:
    return problem(Check.NATIVE_CONFLICT, at, message, is_warning=True)


def _is_apart(native: NativeRule) -> bool:
    every = native.conditions_all
    is_opening = ("update_type", "is", "Create") in every
    is_over = any(
        field == "status" and operator == "is" and value in _OVER for field, operator, value in every
    )
    return is_opening or is_over


def _touched(native: NativeRule, known: frozenset[str], *, adds: bool) -> Iterator[str]:
    """Those of the known things that the native rule changes: fields, and tags one by one.

    A tag that it adds counts only if `adds`: it undoes nothing.
    """
    for field, value in native.actions:
        if field == "remove_tags" or (adds and field == "current_tags"):
            yield from (what for tag in value.split() if (what := f"tag {tag}") in known)
        elif field == "set_tags":
            kept = {f"tag {tag}" for tag in value.split()}
            yield from sorted(what for what in known if what.startswith("tag ") and what not in kept)
        elif field != "current_tags":
            what = _FIELDS.get(field) or field.removeprefix("custom_fields_")
            if what in known:
                yield what


def _reads(one: CompiledRule, vocabulary: Vocabulary) -> Iterator[str]:
    for condition in leaves(one.rule.conditions):
        name = _called(condition.field, vocabulary)
        yield from (f"tag {value}" for value in condition.values) if name == "tags" else (name,)
    if isinstance(one.rule, GateRule):
        yield from (_called(field, vocabulary) for field in one.rule.fields)


def _called(field: str, vocabulary: Vocabulary) -> str:
    custom = vocabulary.find_settable(field)
    return str(int(custom.id)) if custom else plain(field)


def _writes(one: CompiledRule, rules: CompiledRules) -> Iterator[str]:
    """What the rule sets; of tags only those it adds, which a native rule could take away."""
    then = one.rule.then
    yield from (f"tag {tag}" for tag in then.add_tags)
    yield from (str(int(id)) for id in one.set_fields)
    yield from (name for name in ("priority", "type", "status") if getattr(then, name))
    if isinstance(one.rule, GateRule):
        yield from (f"tag {tag}" for tag in one.rule.missing_tags)
    tier = one.rule.to if isinstance(one.rule, MoveRule) else then.tier
    if tier == EXTERNAL:
        yield "status"
        yield f"tag {rules.rules.vendor.tag}"
    elif tier is not None:
        yield "group"
        if tier != PREVIOUS:
            yield f"tag {rules.tag_prefix}{tier}"
