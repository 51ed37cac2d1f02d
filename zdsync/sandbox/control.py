"""The control door: people act, time passes, faults strike, and the truth can be read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from zdsync.sandbox import comments_api, deleted_api, departures, fields_api, truth
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import Json
from zdsync.sandbox.auth import Credentials
from zdsync.sandbox.call import Options
from zdsync.sandbox.control_account import AccountControl
from zdsync.sandbox.creation import create_ticket
from zdsync.sandbox.faults import JOB_KINDS, Fault, Faults
from zdsync.sandbox.hourly import Hourly
from zdsync.sandbox.jobs import Jobs
from zdsync.sandbox.records import SYSTEM_USER_ID, Change, Notice, Ticket, User
from zdsync.sandbox.render import iso, iso_or_none
from zdsync.sandbox.request_log import RequestLog
from zdsync.sandbox.world import World
from zdsync.sandbox.writes import Written, update_ticket

if TYPE_CHECKING:
    pass

Who = int | str | None


class Controlled(Protocol):
    """What the control door reaches of a sandbox."""

    world: World
    jobs: Jobs
    hourly: Hourly
    faults: Faults
    credentials: Credentials
    options: Options
    request_log: RequestLog

    def deliver(self) -> None: ...

    @property
    def lock(self) -> AbstractContextManager[object]: ...


class Control(AccountControl):
    """What tests and the demo may do to the account that the API cannot, or not as other people.

    Every method is also `POST /sandbox/{name}` with its arguments as a JSON object, `truth` and `requests`
    also GET. People are named by id or e-mail address; None stands for the fitting person: the assignee
    or the first member of the group for an agent, the requester for a customer.
    """

    def __init__(self, sandbox: Controlled) -> None:
        super().__init__(sandbox)
        self._sandbox = sandbox
        self._world = sandbox.world

    def now(self) -> Json:
        """The sandbox's time."""
        return {"now": self._world.clock.now(), "iso": iso(self._world.clock.now())}

    def advance(self, seconds: float) -> Json:
        """Let time pass, from hour to hour: jobs and automations that fall due run at their time."""
        with self._sandbox.lock:
            clock, hourly = self._world.clock, self._sandbox.hourly
            end = clock.time() + seconds
            if seconds < 0:
                raise ValueError("the sandbox clock only moves forward")
            while hourly.next_at < end:
                clock.advance(max(0.0, hourly.next_at - clock.time()))
                self._sandbox.jobs.tick()
                hourly.tick()
            clock.advance(max(0.0, end - clock.time()))
            self._sandbox.jobs.tick()
            hourly.tick()
        return self.now()

    def customer_creates(
        self,
        subject: str | None = "Help",
        body: str = "Please help.",
        customer: Who = None,
        channel: str = "email",
        fields: Json | None = None,
    ) -> int:
        """A customer opens a ticket, with triggers; returns its id."""
        with self._sandbox.lock:
            user = self._person(customer) if customer is not None else self._some_customer()
            given: Json = {"subject": subject, "comment": {"body": body}, "requester_id": user.id}
            written = create_ticket(self._world, given | (fields or {}), Actor(user, channel))
            return written.ticket.id

    def customer_replies(self, ticket: int, body: str = "Any news?", customer: Who = None) -> int:
        """A public comment by the requester; reopens a pending, on-hold or solved ticket."""
        with self._sandbox.lock:
            row = self._ticket(ticket)
            user = self._person(customer) if customer is not None else self._world.users[row.requester_id]
            comment = {"body": body, "public": True}
            self._write(row, {"comment": comment}, Actor(user, row.channel))
            return ticket

    def agent_replies(
        self,
        ticket: int,
        body: str = "We are looking into it.",
        agent: Who = None,
        public: bool = True,
        changes: Json | None = None,
    ) -> int:
        """A comment by an agent in the agent interface, with any other changes in the same update."""
        with self._sandbox.lock:
            row = self._ticket(ticket)
            user = self._agent(row, agent)
            given: Json = {"comment": {"body": body, "public": public}}
            given |= self._named(changes or {})
            if row.assignee_id is None and public and "assignee_id" not in given:
                given["assignee_id"] = user.id
            self._write(row, given, Actor(user, "web"))
            return ticket

    def agent_notes(self, ticket: int, body: str = "For the record.", agent: Who = None) -> int:
        """An internal note by an agent."""
        return self.agent_replies(ticket, body, agent, public=False)

    def change(self, ticket: int, changes: Json, agent: Who = None, channel: str = "web") -> int:
        """Any update body, written by an agent; `group` and `assignee` may be given by name or address."""
        with self._sandbox.lock:
            row = self._ticket(ticket)
            self._write(row, self._named(changes), Actor(self._agent(row, agent), channel))
            return ticket

    def solve(self, ticket: int, agent: Who = None, body: str | None = "This is solved now.") -> int:
        changes: Json = {"status": "solved"}
        if body is None:
            return self.change(ticket, changes, agent)
        return self.agent_replies(ticket, body, agent, changes=changes)

    def reopen(self, ticket: int, body: str = "It is not solved.") -> int:
        return self.customer_replies(ticket, body)

    def close(self, ticket: int) -> int:
        """The system closes a ticket, as it does after 28 days."""
        with self._sandbox.lock:
            row = self._ticket(ticket)
            events = (Change("status", row.status, "closed"),)
            row.status = "closed"
            self._world.record(row, self._world.clock.now(), SYSTEM_USER_ID, "rule", events)
            return ticket

    def rate(self, ticket: int, score: str = "good", comment: str | None = None) -> int:
        """The requester rates a ticket good or bad; returns the rating's id."""
        with self._sandbox.lock:
            row = self._ticket(ticket)
            now = iso(self._world.clock.now())
            rating = self._world.add_row(
                "satisfaction_ratings",
                {
                    "id": self._world.new_id(),
                    "assignee_id": row.assignee_id,
                    "group_id": row.group_id,
                    "requester_id": row.requester_id,
                    "ticket_id": row.id,
                    "score": score,
                    "created_at": now,
                    "updated_at": now,
                    "comment": comment,
                    "reason": "No reason provided",
                    "reason_id": None,
                    "reason_code": 0,
                },
            )
            row.score, row.rating_id = score, rating["id"]
            data = {"score": score, "assignee_id": row.assignee_id, "body": comment}
            now_s = self._world.clock.now()
            events = (Notice("SatisfactionRating", data),)
            self._world.record(row, now_s, row.requester_id, "web", events)
            return int(rating["id"])

    def system_touch(self, ticket: int) -> int:
        """Move only `generated_timestamp`, as archiving and other system changes do."""
        with self._sandbox.lock:
            self._world.system_touch(self._any_ticket(ticket), self._world.clock.now())
            return ticket

    def redact(self, ticket: int, text: str) -> int:
        """Blacken a text in a ticket's comments and description; returns how many comments."""
        with self._sandbox.lock:
            admin = self._world.find_user("admin@example.com")
            return comments_api.redact_text(self._world, self._any_ticket(ticket), text, admin.id)

    def delete(self, ticket: int, agent: Who = None) -> int:
        """Soft deletion."""
        with self._sandbox.lock:
            row = self._ticket(ticket)
            deleted_api.put_away(self._world, row, self._agent(row, agent).id)
            return ticket

    def restore(self, ticket: int) -> int:
        with self._sandbox.lock:
            deleted_api.take_back(self._world, self._any_ticket(ticket))
            return ticket

    def scrub(self, ticket: int) -> int:
        """Empty a deleted ticket for good; deletes it first where needed."""
        with self._sandbox.lock:
            deleted_api.scrub(self._world, self._any_ticket(ticket))
            return ticket

    def destroy(self, ticket: int) -> int:
        """Permanent deletion: to the outside the same as scrubbing at once."""
        return self.scrub(ticket)

    def merge(self, source: int, target: int, agent: Who = None) -> int:
        """Merge `source` into `target`."""
        with self._sandbox.lock:
            one, other = self._ticket(source), self._ticket(target)
            actor = Actor(self._agent(other, agent), "web")
            deleted_api.merge_ticket(self._world, one, other, actor, {})
            return target

    def delete_user(self, user: int | str, permanently: bool = False) -> int:
        """Deactivate a person; permanently also empties the personal data."""
        with self._sandbox.lock:
            row = self._person(user)
            (departures.erase if permanently else departures.leave)(self._world, row)
            return row.id

    def merge_users(self, source: int | str, target: int | str) -> int:
        """Merge one person into another: tickets move to the target, the source is deactivated."""
        with self._sandbox.lock:
            one, other = self._person(source), self._person(target)
            departures.merge_people(self._world, one, other)
            return other.id

    def change_user(self, user: int | str, changes: Json) -> int:
        """Set attributes of a person: name, email, organization_id, is_suspended, tags …"""
        with self._sandbox.lock:
            row = self._person(user)
            for name, value in changes.items():
                setattr(row, name, tuple(value) if name == "tags" else value)
            self._world.touch_user(row, self._world.clock.now())
            return row.id

    def change_organization(self, organization: int, changes: Json) -> int:
        """Set name, tags, domain_names or `fields` of an organization."""
        with self._sandbox.lock:
            row = self._world.organizations[organization]
            for name, value in changes.items():
                setattr(row, name, tuple(value) if name in ("tags", "domain_names") else value)
            self._world.touch_organization(row, self._world.clock.now())
            return row.id

    def rename_field(self, field: int | str, title: str) -> int:
        with self._sandbox.lock:
            row = self._field(field)
            fields_api.change_field(self._world, row, {"title": title})
            return int(row["id"])

    def add_option(self, field: int | str, name: str, value: str) -> int:
        """Add a drop-down option to a ticket field; returns the option's id."""
        with self._sandbox.lock:
            row = self._field(field)
            option = fields_api.new_option(self._world, {"name": name, "value": value})
            row.setdefault("custom_field_options", []).append(option)
            row["updated_at"] = iso(self._world.clock.now())
            self._world.forget_caches()
            return int(option["id"])

    def fault(
        self,
        kind: str,
        pattern: str = ".",
        count: int = 1,
        skip: int = 0,
        retry_after: int | None = None,
        seconds: float = 30.0,
    ) -> None:
        """Set a fault (see `faults.Fault`); job kinds decide the next `count` jobs."""
        with self._sandbox.lock:
            if kind in JOB_KINDS:
                fate = kind.removeprefix("job_")
                self._sandbox.jobs.fates += [(fate, seconds)] * count
            else:
                self._sandbox.faults.add(Fault(kind, pattern, count, skip, retry_after, seconds))

    def clear_faults(self) -> None:
        with self._sandbox.lock:
            self._sandbox.faults.clear()
            self._sandbox.jobs.fates.clear()

    def expire_tokens(self) -> None:
        """End every OAuth token that can end."""
        self._sandbox.credentials.expire_all()

    def set_options(self, tag_deltas_in_batch: bool | None = None, denied: list[str] | None = None) -> None:
        """Make this account differ from the usual one (see `call.Options`)."""
        options = self._sandbox.options
        if tag_deltas_in_batch is not None:
            options.tag_deltas_in_batch = tag_deltas_in_batch
        if denied is not None:
            options.denied = tuple(denied)

    def truth(self, table: str, ident: int | None = None) -> Any:
        """Everything the account knows: a whole table as a list, or one row.

        Tables: tickets, audits, users, organizations, deleted_tickets and every configuration table.
        """
        with self._sandbox.lock:
            return truth.read(self._world, table, ident)

    def deliver(self) -> int:
        """Call the webhooks that people's actions have set waiting; returns how many."""
        waiting = len(self._world.outbox)
        self._sandbox.deliver()
        return waiting

    def requests(self) -> Json:
        """Request counters since the start or the last `reset_requests`."""
        with self._sandbox.lock:
            return self._sandbox.request_log.as_dict()

    def reset_requests(self) -> None:
        with self._sandbox.lock:
            self._sandbox.request_log.clear()

    def _write(self, ticket: Ticket, given: Json, actor: Actor) -> Written:
        return update_ticket(self._world, ticket, given, actor)

    def _any_ticket(self, ident: int) -> Ticket:
        if ident not in self._world.tickets:
            raise LookupError(f"no ticket {ident}")
        return self._world.tickets[ident]

    def _ticket(self, ident: int) -> Ticket:
        ticket = self._any_ticket(ident)
        if ticket.is_deleted:
            raise LookupError(f"ticket {ident} is deleted since {iso_or_none(ticket.deleted_at)}")
        return ticket

    def _person(self, who: int | str) -> User:
        return self._world.find_user(who)

    def _some_customer(self) -> User:
        return next(u for u in self._world.users.values() if u.role == "end-user" and u.is_active)

    def _agent(self, ticket: Ticket, who: Who) -> User:
        if who is not None:
            return self._person(who)
        if ticket.assignee_id is not None:
            return self._world.users[ticket.assignee_id]
        group_id = ticket.group_id or int(self._world.by_name("groups", "Frontline")["id"])
        users = self._world.users
        members = sorted(self._world.members.get(group_id, ()))
        able = [users[ident] for ident in members if users[ident].is_active and not users[ident].is_light]
        return able[0] if able else self._world.find_user("admin@example.com")

    def _named(self, changes: Json) -> Json:
        """Replace `group`, `assignee` and field titles by ids."""
        given = dict(changes)
        if "group" in given:
            name = given.pop("group")
            given["group_id"] = None if name is None else self._world.by_name("groups", name)["id"]
        if "assignee" in given:
            who = given.pop("assignee")
            given["assignee_id"] = None if who is None else self._person(who).id
        if isinstance(given.get("fields"), dict):
            named = given.pop("fields")
            given["custom_fields"] = [
                {"id": self._field(int(key) if str(key).isdigit() else key)["id"], "value": value}
                for key, value in named.items()
            ]
        return given

    def _field(self, field: int | str) -> Json:
        if isinstance(field, int):
            return self._world.tables["ticket_fields"][field]
        for row in self._world.custom_fields():
            if field in (row["title"], row["key"]):
                return row
        raise LookupError(f"no ticket field {field!r}")
