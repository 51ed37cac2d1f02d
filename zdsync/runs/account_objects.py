"""Account objects of a plan: groups and views, created or switched one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zdsync.errors import Denied, Rejected, Transient, Unreachable
from zdsync.model import GroupId, RunId, Stream
from zdsync.plan.model import GroupChange, Plan, ViewChange, ViewSwitch
from zdsync.ports import AccountWriter, Clock, Journal, JournalEntry, Mirror, Outcome, TicketSource
from zdsync.runs.outcomes import Applied, Ended, settle
from zdsync.runs.pull import pull


@dataclass(frozen=True, slots=True)
class AccountObjects:
    """Creates what a plan says is missing and switches views, each under a journal entry; never twice, never deletes."""

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
        group_ids = self._group_ids()
        for change in plan.account_changes:
            if isinstance(change, ViewChange):
                self._create_view(change, group_ids, done)
            elif isinstance(change, ViewSwitch):
                self._switch_view(change, done)
        if plan.account_changes:
            self._refresh()
        return self._group_ids()

    def _refresh(self) -> None:
        streams = (Stream.GROUPS, Stream.VIEWS)
        pull(self.source, self.mirror, self.clock, start=self.clock.now(), streams=streams)

    def _group_ids(self) -> dict[str, GroupId]:
        groups = self.mirror.read_account().groups
        return {group.name.casefold(): group.id for group in groups if not group.is_deleted}

    def _create_group(self, change: GroupChange, done: Applied) -> None:
        if self.mirror.read_account().group_named(change.name) is not None:
            return
        entry = self._entry("group", change.name, change.reason, {"name": change.name})
        description = "Made by zdsync because the tier rules name it"

        def create() -> int:
            return self.writer.create_group(change.name, description).id

        if self._create(entry, create, done):
            self._refresh()

    def _create_view(self, change: ViewChange, group_ids: Mapping[str, GroupId], done: Applied) -> None:
        titles = {view.title.casefold() for view in self.mirror.read_account().views}
        if change.title.casefold() in titles:
            return
        ids = [group_ids[ref.name.casefold()] for ref in change.groups if ref.name.casefold() in group_ids]
        after = {"title": change.title, "tag": change.tag, "group_ids": ids}
        entry = self._entry("view", change.title, change.reason, after)
        description = f"Made by zdsync: unsolved tickets of tier {change.tier}"

        def create() -> int:
            return self.writer.create_view(change.title, description, ids, change.tag).id

        self._create(entry, create, done)

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
