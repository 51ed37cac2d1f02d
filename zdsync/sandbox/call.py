"""One request as handlers see it, and the small helpers they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import (
    ApiError,
    Json,
    Reply,
    bad_request,
    invalid_attribute,
    not_found,
    too_many_values,
)
from zdsync.sandbox.auth import Caller
from zdsync.sandbox.records import Ticket, User
from zdsync.sandbox.render import iso, organization_row, table_row, user_row
from zdsync.sandbox.world import World

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from zdsync.sandbox.jobs import Jobs, Step


_ENTERPRISE = ("audit_logs", "custom_roles", "workspaces", "routing", "incremental/routing")
_PROFESSIONAL = (*_ENTERPRISE, "queues", "deletion_schedules", "dynamic_content")

#: What each plan refuses with 403, by the beginning of the path (developer.zendesk.com, per endpoint).
DENIED: dict[str, tuple[str, ...]] = {
    "enterprise": (),
    "professional": _ENTERPRISE,
    "growth": _PROFESSIONAL,
    "team": (*_PROFESSIONAL, "slas", "business_hours", "satisfaction_ratings", "guide", "ticket_forms"),
}


@dataclass(slots=True)
class Options:
    """How this account differs from the usual one, which has every feature but group SLAs.

    `tag_deltas_in_batch` False makes batch updates drop `additional_tags` and `remove_tags`, naming
    them in `x-zendesk-api-warn`. `denied` lists endpoint prefixes that answer 403, as a smaller plan's do.
    """

    tag_deltas_in_batch: bool = True
    denied: tuple[str, ...] = ()

    @classmethod
    def of_plan(cls, plan: str) -> Options:
        """The options of a Suite plan: team, growth, professional or enterprise."""
        return cls(denied=DENIED[plan])


@dataclass(slots=True)
class Call:
    """A request being answered; `unpermitted` become the `x-zendesk-api-warn` header.

    `charge` counts the request in one more limit, for handlers whose limit hangs on what is asked.
    """

    world: World
    jobs: Jobs
    options: Options
    request: Request
    base: str
    caller: Caller | None
    path: str
    first_answers: dict[str, tuple[float, str, bytes]]
    charge: Callable[[str], None]
    unpermitted: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def args(self) -> dict[str, str]:
        return dict(self.request.args.items())

    def arg(self, name: str, default: str | None = None) -> str | None:
        value = self.request.args.get(name, default)
        return value if value is None or isinstance(value, str) else str(value)

    def integer(self, name: str, default: int) -> int:
        text = self.arg(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError as err:
            raise invalid_attribute(name, "an integer", self.path.lstrip("/")) from err

    @property
    def user(self) -> User:
        assert self.caller is not None
        return self.caller.user

    def actor(self) -> Actor:
        return Actor(self.user, "api", self.request.headers.get("User-Agent"))

    @property
    def includes(self) -> frozenset[str]:
        return frozenset((self.arg("include") or "").replace(" ", "").split(","))

    def json(self) -> Json:
        """The JSON body; raises 400 when there is none or it is not an object."""
        data = self.request.get_data()
        if not data:
            return {}
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError as err:
            raise ApiError(
                400, {"error": "Unprocessable Entity", "description": "Server could not parse JSON"}
            ) from err
        if not isinstance(body, dict):
            raise bad_request("The request body is not an object")
        return body

    def body_of(self, key: str) -> Json:
        inner = self.json().get(key)
        if not isinstance(inner, dict):
            raise ApiError(
                400, {"error": {"title": "Invalid attribute", "message": f"Parameter {key} is required"}}
            )
        return inner

    def ids(self, limit: int = 100) -> list[int]:
        """The `ids` parameter; raises 400 beyond `limit`."""
        text = self.arg("ids") or ""
        try:
            found = [int(part) for part in text.split(",") if part.strip()]
        except ValueError as err:
            raise invalid_attribute("ids", "integers", self.path.lstrip("/")) from err
        if len(found) > limit:
            raise too_many_values(limit)
        return found

    def ticket(self, ident: int) -> Ticket:
        """A visible ticket; raises 404."""
        ticket = self.world.tickets.get(ident)
        if ticket is None or ticket.deleted_at is not None:
            raise not_found()
        return ticket

    def row(self, table: str, ident: int) -> Json:
        row = self.world.tables[table].get(ident)
        if row is None:
            raise not_found()
        return row

    def shown(self, table: str, row: Json) -> Json:
        return table_row(table, row, self.base)

    def user_rows(self, idents: Iterable[int | None]) -> list[Json]:
        users = self.world.users
        wanted = sorted({ident for ident in idents if ident in users})
        return [user_row(users[ident], self.base) for ident in wanted]

    def organization_rows(self, idents: Iterable[int | None]) -> list[Json]:
        found = self.world.organizations
        wanted = sorted({ident for ident in idents if ident in found})
        return [organization_row(found[ident], self.base) for ident in wanted]

    def group_rows(self, idents: Iterable[int | None]) -> list[Json]:
        groups = self.world.tables["groups"]
        wanted = sorted({ident for ident in idents if ident in groups})
        return [self.shown("groups", groups[ident]) for ident in wanted]

    def queue(self, kind: str, steps: Sequence[Step], *, total: bool = True) -> Reply:
        """Queue a background job and answer with its state; every such answer counts the open jobs."""
        try:
            job = self.jobs.add(kind, steps, total=total)
        finally:
            self.headers |= self.jobs.headers()
        return Reply({"job_status": self.jobs.row(job, self.base)})

    def log(self, action: str, table: str, row: Json) -> None:
        """Note a change of the configuration in the account's audit log."""
        now = iso(self.world.clock.now())
        label = row.get("title") or row.get("name") or row.get("agent_label") or str(row["id"])
        entry: Json = {"action": action, "actor_id": self.user.id, "actor_name": self.user.name}
        entry |= {"source_id": row["id"], "source_type": table.rsplit("/", maxsplit=1)[-1].removesuffix("s")}
        entry |= {"source_label": label, "change_description": "", "ip_address": "203.0.113.10"}
        self.world.add_row("audit_logs", entry | {"created_at": now})

    def warn(self, keys: Iterable[str]) -> None:
        self.unpermitted += [key for key in keys if key not in self.unpermitted]

    def again(self, changes: dict[str, Any]) -> str:
        """This request's own address with some parameters set anew, or left out where None; repeated ones stay."""
        kept = [pair for pair in self.request.args.items(multi=True) if pair[0] not in changes]
        kept += [(name, value) for name, value in changes.items() if value is not None]
        return f"{self.base}{self.path}.json?{urlencode(kept)}"

    def url(self, path: str, **params: Any) -> str:
        """An absolute address below /api/v2 with this request's other parameters kept."""
        query = urlencode({key: value for key, value in params.items() if value is not None})
        return f"{self.base}{path}" + (f"?{query}" if query else "")


def sideload(call: Call, body: Json, tickets: list[Ticket], wanted: frozenset[str] | None = None) -> None:
    """Add what tickets refer to, as `include` or `wanted` names it."""
    wanted = call.includes if wanted is None else wanted
    if "users" in wanted:
        people = {t.requester_id for t in tickets} | {t.submitter_id for t in tickets}
        body["users"] = call.user_rows(people | {t.assignee_id for t in tickets})
    if "groups" in wanted:
        body["groups"] = call.group_rows({t.group_id for t in tickets})
    if "organizations" in wanted:
        body["organizations"] = call.organization_rows({t.organization_id for t in tickets})
    for name, attribute in (
        ("ticket_forms", "ticket_form_id"),
        ("brands", "brand_id"),
        ("custom_statuses", "custom_status_id"),
    ):
        if name in wanted:
            used = {getattr(ticket, attribute) for ticket in tickets}
            rows = call.world.tables[name].values()
            body[name] = [call.shown(name, row) for row in rows if row["id"] in used]
