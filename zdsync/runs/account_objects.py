"""Account objects of a plan: groups and views, created, updated or switched one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zdsync.account import View
from zdsync.errors import Denied, Rejected, Transient, Unreachable
from zdsync.model import GroupId, RunId
from zdsync.plan.model import (
    GroupChange,
    GroupRef,
    Plan,
    TierFieldChange,
    ViewChange,
    ViewForm,
    ViewSwitch,
    ViewUpdate,
)
from zdsync.plan.tier_field import tier_field
from zdsync.plan.views import MARK, form_json, form_of, is_made_for, is_same, view_description, wanted_form
from zdsync.ports.account import AccountWriter, TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, JournalEntry, Outcome
from zdsync.ports.mirror import Mirror
from zdsync.runs.outcomes import Applied, Ended, settle
from zdsync.runs.pull import pull
from zdsync.streams import Stream


@dataclass(frozen=True, slots=True)
class AccountObjects:
    """Creates what a plan says is missing, updates and switches views, each under a journal entry.

    Never creates a thing twice, never deletes one, and leaves a view alone that somebody changed after the plan.
    """

    source: TicketSource
    writer: AccountWriter
    mirror: Mirror
    journal: Journal
    clock: Clock
    run_id: RunId

    def apply(self, plan: Plan, done: Applied) -> dict[str, GroupId]:
        """Create what is missing; the ids of all living groups by case-folded name."""
        if plan.account_changes:
            self._refresh()
        for change in plan.account_changes:
            if isinstance(change, GroupChange):
                self._create_group(change, done)
            elif isinstance(change, TierFieldChange):
                self._write_field(change, done)
        group_ids = self._group_ids()
        for change in plan.account_changes:
            if isinstance(change, ViewChange):
                self._create_view(change, group_ids, done)
            elif isinstance(change, ViewUpdate):
                self._update_view(change, group_ids, done)
            elif isinstance(change, ViewSwitch):
                self._switch_view(change, done)
        if plan.account_changes:
            self._refresh()
        return self._group_ids()

    def _refresh(self) -> None:
        streams = (Stream.GROUPS, Stream.TICKET_FIELDS, Stream.VIEWS)
        pull(self.source, self.mirror, self.clock, start=self.clock.now(), streams=streams)

    def _group_ids(self) -> dict[str, GroupId]:
        account = self.mirror.read_account()
        alive = {group.id: group for group in account.groups if not group.is_deleted}
        known = {
            key: GroupId(id) for (kind, key), id in account.known.items() if kind == "group" and id in alive
        }
        return known | {group.name.casefold(): group.id for group in alive.values()}

    def _create_group(self, change: GroupChange, done: Applied) -> None:
        if self.mirror.read_account().group_named(change.name) is not None:
            return
        entry = self._entry("group", change.name, change.reason, {"name": change.name})
        description = f"{MARK} because the tier rules name it"

        def create() -> int:
            id = self.writer.create_group(change.name, description).id
            return self._known("group", change.name.casefold(), id)

        if self._create(entry, create, done):
            self._refresh()

    def _write_field(self, change: TierFieldChange, done: Applied) -> None:
        there = tier_field(self.mirror.read_account(), change.title)
        has = {option.value for option in there.options} if there is not None else set()
        missing = [option for option in change.options if option.value not in has]
        if there is not None and not missing:
            return
        after = {"options": [option.value for option in missing]}
        entry = replace(
            self._entry("field", change.title, change.reason, after), object_id=there.id if there else None
        )

        def write() -> int:
            if there is None:
                id = self.writer.create_tier_field(change.title, missing)
                return self._known("field", change.title.casefold(), id)
            for option in missing:
                self.writer.add_option(there.id, option)
            return there.id

        self._create(entry, write, done)

    def _create_view(self, change: ViewChange, group_ids: Mapping[str, GroupId], done: Applied) -> None:
        views = self.mirror.read_account().views
        if any(is_made_for(change.tier, view) and view.title == change.title for view in views):
            return
        ids = _ids(change.groups, group_ids)
        form = wanted_form(change.title, change.tag, ids, change.conditions_any)
        form = replace(form, position=change.position)
        entry = self._entry("view", change.title, change.reason, form_json(form))
        if any(view.title.casefold() == change.title.casefold() for view in views):
            self._refuse(entry, "a view that zdsync did not make bears this title by now", done)
            return
        description = view_description(change.tier)

        def create() -> int:
            view = self.writer.create_view(form, description)
            return self._known("view", change.tier, view.id)

        self._create(entry, create, done)

    def _update_view(self, change: ViewUpdate, group_ids: Mapping[str, GroupId], done: Applied) -> None:
        after = _completed(change, group_ids)
        view = self._view(change.view_id)
        if view is not None and form_of(view) == after:
            return
        entry = self._entry("view", change.before.title, change.reason, form_json(after))
        entry = replace(entry, object_id=change.view_id, before=form_json(change.before))
        if view is None or not is_same(form_of(view), change.before):
            self._refuse(entry, "somebody has changed it since the plan was made", done, Outcome.CONFLICT)
            return

        def update() -> int:
            self.writer.update_view(change.view_id, after)
            return change.view_id

        self._create(entry, update, done)

    def _view(self, view_id: int) -> View | None:
        return next((view for view in self.mirror.read_account().views if view.id == view_id), None)

    def _refuse(
        self, entry: JournalEntry, why: str, done: Applied, outcome: Outcome = Outcome.SKIPPED
    ) -> None:
        self.journal.record_intents((entry,))
        self._settle(done, Ended(entry.key, entry.name, outcome, why))

    def _known(self, kind: str, key: str, id: int) -> int:
        self.mirror.record_known({(kind, key): id})
        return id

    def _switch_view(self, change: ViewSwitch, done: Applied) -> None:
        entry = self._entry("view", change.title, change.reason, {"active": change.is_active})
        entry = replace(entry, object_id=change.view_id, before={"active": not change.is_active})

        def switch() -> int:
            self.writer.switch_view(change.view_id, is_active=change.is_active)
            return change.view_id

        self._create(entry, switch, done)

    def _create(self, entry: JournalEntry, create: Callable[[], int], done: Applied) -> bool:
        self.journal.record_intents((entry,))
        try:
            object_id = create()
        except Rejected as err:
            self._settle(done, Ended(entry.key, entry.name, Outcome.REJECTED, err.message))
            return False
        except Unreachable as err:
            self._settle(done, Ended(entry.key, entry.name, Outcome.UNKNOWN, err.message))
            return False
        except (Transient, Denied) as err:
            self._settle(done, Ended(entry.key, entry.name, Outcome.NOT_APPLIED, err.message))
            raise
        self._settle(done, Ended(entry.key, entry.name, Outcome.APPLIED), {entry.key: object_id})
        return True

    def _settle(self, done: Applied, end: Ended, object_ids: Mapping[str, int] | None = None) -> None:
        settle(self.journal, self.clock, done, (end,), object_ids)

    def _entry(self, kind: str, name: str, reason: str, after: Mapping[str, Any]) -> JournalEntry:
        return JournalEntry(
            key=f"{self.run_id}:{kind}:{name}",
            run_id=self.run_id,
            object=kind,
            object_id=None,
            name=name,
            rule="",
            reason=reason,
            before={},
            after=after,
            outcome=Outcome.INTENDED,
            intended_at=self.clock.now(),
        )


def _ids(groups: Iterable[GroupRef], group_ids: Mapping[str, GroupId]) -> list[GroupId]:
    return [group_ids[ref.name.casefold()] for ref in groups if ref.name.casefold() in group_ids]


def _completed(change: ViewUpdate, group_ids: Mapping[str, GroupId]) -> ViewForm:
    """The form to write, now that the groups which the plan itself creates have ids."""
    if all(group.id is not None for group in change.groups):
        return change.after
    ids = _ids(change.groups, group_ids)
    form = wanted_form(change.after.title, change.tag, ids, change.after.conditions_any)
    return replace(form, position=change.after.position)
