"""The admin's side of the control door: configuration changes that the API has no call for, or not as one call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from zdsync.sandbox.answers import Json
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World


class Configured(Protocol):
    """What this part of the control door reaches of a sandbox."""

    world: World

    @property
    def lock(self) -> AbstractContextManager[object]: ...


class AccountControl:
    """Any row of a configuration table added, changed or taken away, and what else only an admin's pages can do.

    Tables go by the name of their endpoint: `slas/policies`, `business_hours/schedules`, `views` …
    """

    def __init__(self, sandbox: Configured) -> None:
        self._account = sandbox

    def add_row(self, table: str, row: Json) -> int:
        """Add a row; id and times are filled in. Returns the id."""
        with self._account.lock:
            now = iso(self._account.world.clock.now())
            return int(
                self._account.world.add_row(table, {"created_at": now, "updated_at": now, **row})["id"]
            )

    def change_row(self, table: str, row: int, changes: Json) -> int:
        """Set keys of a row, as saving its page does."""
        with self._account.lock:
            world = self._account.world
            world.tables[table][row] |= changes | {"updated_at": iso(world.clock.now())}
            world.forget_caches()
            return row

    def remove_row(self, table: str, row: int) -> int:
        """Take a row away for good; groups and brands stay, marked as deleted (a list shows such brands, no such groups)."""
        if table in ("groups", "brands"):
            return self.change_row(table, row, {"deleted" if table == "groups" else "is_deleted": True})
        with self._account.lock:
            del self._account.world.tables[table][row]
            self._account.world.holidays.pop(row, None)
            self._account.world.forget_caches()
            return row

    def set_holidays(self, schedule: int, holidays: Sequence[Json]) -> int:
        """Give a schedule these holidays, `{name, start_date, end_date}`; one with an `id` stays the same holiday."""
        with self._account.lock:
            world = self._account.world
            world.holidays[schedule] = [{"id": world.new_id(), **holiday} for holiday in holidays]
            return schedule

    def delete_organization(self, organization: int) -> int:
        """Delete a company; its people and tickets go on naming it."""
        with self._account.lock:
            row = self._account.world.organizations[organization]
            row.deleted_at = self._account.world.clock.now()
            self._account.world.touch_organization(row, row.deleted_at)
            return organization
