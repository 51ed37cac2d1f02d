"""All state of one sandbox account, with the indexes that keep every page cheap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Protocol

from zdsync.sandbox.answers import Json
from zdsync.sandbox.clock import SandboxClock
from zdsync.sandbox.records import Audit, Breach, Event, Invocation, Organization, Ticket, User
from zdsync.sandbox.timeindex import TimeIndex

FIRST_ID = 6130830344474

#: Configuration kept as plain API rows, by endpoint name.
TABLES = (
    "groups",
    "group_memberships",
    "ticket_fields",
    "user_fields",
    "organization_fields",
    "ticket_forms",
    "brands",
    "custom_statuses",
    "views",
    "triggers",
    "trigger_categories",
    "automations",
    "macros",
    "slas/policies",
    "business_hours/schedules",
    "satisfaction_ratings",
    "satisfaction_reasons",
    "custom_roles",
    "suspended_tickets",
    "audit_logs",
    "recipient_addresses",
    "targets",
    "sharing_agreements",
    "dynamic_content/items",
    "skips",
    "workspaces",
    "resource_collections",
    "deletion_schedules",
    "organization_subscriptions",
    "brand_agents",
    "bookmarks",
    "locales",
    "custom_objects",
)

#: Configuration whose ids are texts.
NAMED = ("queues", "routing/attributes", "routing/values", "webhooks")


class Watch(Protocol):
    """What measures the tickets of an account and watches over their targets."""

    def settle(self) -> None:
        """Record the targets that have been missed by now."""

    def note(self, ticket: Ticket, audit: Audit) -> None:
        """Take up an update that has just been recorded."""

    def resume(self, ticket: Ticket) -> None:
        """Watch over a ticket again that was away."""


class World:
    """The account. Not thread-safe by itself: the app holds one lock around every use."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.subdomain = "example"
        self.tickets: dict[int, Ticket] = {}
        self.users: dict[int, User] = {}
        self.organizations: dict[int, Organization] = {}
        self.tables: dict[str, dict[int, Json]] = {name: {} for name in TABLES}
        self.named: dict[str, dict[str, Json]] = {name: {} for name in NAMED}
        self.holidays: dict[int, list[Json]] = {}
        self.skills: dict[tuple[str, int], list[str]] = {}
        self.skill_log: list[Json] = []
        self.automation_counts: dict[int, int] = {}
        self.incidents: dict[int, set[int]] = {}
        self.outbox: list[Invocation] = []
        self.invocations: dict[str, list[Invocation]] = {}
        self.log: list[Audit] = []
        self.breaches: list[Breach] = []
        self.watch: Watch | None = None
        self.ticket_index = TimeIndex()
        self.user_index = TimeIndex()
        self.organization_index = TimeIndex()
        self.ai_agent_tickets: set[int] = set()
        self.erased_tickets: set[int] = set()
        self.emails: dict[str, int] = {}
        self._next_id = FIRST_ID
        self._next_ticket_id = 1
        self._members: dict[int, set[int]] | None = None
        self._tag_fields: dict[str, tuple[int, str]] | None = None

    def new_id(self) -> int:
        """A fresh 64-bit id, greater than all before."""
        self._next_id += 128
        return self._next_id

    def new_audit_id(self, events: int) -> int:
        """A fresh audit id that leaves room for the ids of its events."""
        ident = self._next_id + 128
        self._next_id = ident + 128 * events
        return ident

    def new_ticket_id(self) -> int:
        ident = self._next_ticket_id
        self._next_ticket_id += 1
        return ident

    def add_row(self, table: str, row: Json) -> Json:
        """Store a configuration row, giving it an id if it has none."""
        row.setdefault("id", self.new_id())
        self.tables[table][row["id"]] = row
        self.forget_caches()
        return row

    def forget_caches(self) -> None:
        """To be called after any change of groups, memberships or fields."""
        self._members = None
        self._tag_fields = None

    def add_user(self, user: User) -> User:
        self.users[user.id] = user
        if user.email:
            self.emails[user.email.lower()] = user.id
        self.user_index.touch(user.id, user.updated)
        return user

    def touch_user(self, user: User, now: int) -> None:
        user.updated = now
        self.user_index.touch(user.id, now)

    def add_organization(self, organization: Organization) -> Organization:
        self.organizations[organization.id] = organization
        self.organization_index.touch(organization.id, organization.updated)
        return organization

    def touch_organization(self, organization: Organization, now: int) -> None:
        organization.updated = now
        self.organization_index.touch(organization.id, now)

    def add_ticket(self, ticket: Ticket) -> None:
        self.tickets[ticket.id] = ticket
        if ticket.support_type == "ai_agent":
            self.ai_agent_tickets.add(ticket.id)
        self.ticket_index.touch(ticket.id, ticket.generated)

    def system_touch(self, ticket: Ticket, now: int) -> None:
        """Move only `generated_timestamp`, as system changes do."""
        ticket.generated = now
        self.ticket_index.touch(ticket.id, now)

    def record(
        self,
        ticket: Ticket,
        at: int,
        author_id: int,
        channel: str,
        events: Iterable[Event],
        custom: Json | None = None,
        client: str | None = None,
    ) -> Audit:
        """Append an audit at `at`, which must not be earlier than any other, and move the ticket's times."""
        self.settle()
        packed = tuple(events)
        audit = Audit(
            self.new_audit_id(len(packed)), ticket.id, at, author_id, channel, packed, custom, client
        )
        ticket.audits.append(audit)
        self.log.append(audit)
        ticket.updated = at
        self.system_touch(ticket, at)
        if self.watch is not None:
            self.watch.note(ticket, audit)
        return audit

    def settle(self) -> None:
        """Record what time alone has brought about: to be called before anything is done or asked."""
        if self.watch is not None:
            self.watch.settle()

    def backdate(self, audit: Audit, at: int) -> None:
        """Give the newest audit an earlier time; exports by time that are past it do not see it."""
        assert self.log[-1] is audit
        self.log.pop()
        audit.at = min(at, self.clock.now())
        place = bisect_right(self.log, (audit.at, audit.id), key=lambda one: (one.at, one.id))
        self.log.insert(place, audit)

    def note_skill(self, table: str, at: int, row: Json) -> None:
        """A line of the incremental skill exports."""
        self.skill_log.append({"table": table, "at": at, "row": row})

    def log_from(self, at: int) -> int:
        """Position in `log` of the first audit at or after the second `at`."""
        return bisect_left(self.log, at, key=lambda audit: audit.at)

    def living_tickets(self) -> Iterator[Ticket]:
        return (ticket for ticket in self.tickets.values() if ticket.deleted_at is None)

    @property
    def members(self) -> dict[int, set[int]]:
        """User ids by group id."""
        if self._members is None:
            members: dict[int, set[int]] = {ident: set() for ident in self.tables["groups"]}
            for row in self.tables["group_memberships"].values():
                members.setdefault(row["group_id"], set()).add(row["user_id"])
            self._members = members
        return self._members

    @property
    def tag_fields(self) -> dict[str, tuple[int, str]]:
        """Field id and field type by the tag that the field's value is."""
        if self._tag_fields is None:
            found: dict[str, tuple[int, str]] = {}
            for row in self.tables["ticket_fields"].values():
                for option in row.get("custom_field_options") or ():
                    found.setdefault(option["value"], (row["id"], row["type"]))
                if row["type"] == "checkbox" and row.get("tag"):
                    found.setdefault(row["tag"], (row["id"], "checkbox"))
            self._tag_fields = found
        return self._tag_fields

    def default_status_id(self, category: str) -> int:
        """The custom status that stands for a status category."""
        category = "solved" if category == "closed" else category
        for row in self.tables["custom_statuses"].values():
            if row["status_category"] == category and row["default"]:
                return int(row["id"])
        raise LookupError(category)

    def by_name(self, table: str, name: str) -> Json:
        """The first row with this name or title; raises LookupError."""
        for row in self.tables[table].values():
            if name in (row.get("name"), row.get("title"), row.get("raw_title"), row.get("agent_label")):
                return row
        raise LookupError(f"no {name!r} in {table}")

    def find_user(self, who: int | str) -> User:
        """By id or e-mail address; raises LookupError."""
        ident = self.emails.get(who.lower()) if isinstance(who, str) else who
        if ident is None or ident not in self.users:
            raise LookupError(f"no user {who!r}")
        return self.users[ident]

    def custom_fields(self) -> list[Json]:
        return [row for row in self.tables["ticket_fields"].values() if row.get("removable")]


def incidents_of(world: World, ticket: Ticket) -> list[Ticket]:
    """The living tickets that name `ticket` as their problem."""
    found = (world.tickets[ident] for ident in sorted(world.incidents.get(ticket.id, ())))
    return [incident for incident in found if not incident.is_deleted]
