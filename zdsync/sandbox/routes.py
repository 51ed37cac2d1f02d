"""The table of endpoints: path, handler, rate-limit bucket, role and scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from werkzeug.routing import Map, Rule

from zdsync.sandbox import (
    account_api,
    bulk_api,
    exports,
    people_api,
    search_api,
    tickets_api,
    views_api,
)
from zdsync.sandbox.answers import Reply

Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `buckets` name the limits it counts in; `{id}` of the path is their subject."""

    methods: tuple[str, ...]
    path: str
    handler: Handler
    buckets: tuple[str, ...] = ()
    resource: str = ""
    admin: bool = False
    agent: bool = True
    only_global: bool = False
    open_to_all: bool = False

    @property
    def name(self) -> str:
        return f"{'|'.join(self.methods)} {self.path}"


@dataclass(slots=True)
class _Table:
    endpoints: list[Endpoint] = field(default_factory=list)

    def add(self, methods: str, path: str, handler: Handler, *buckets: str, **more: Any) -> None:
        resource = more.pop("resource", None) or path.split("/")[1]
        self.endpoints.append(Endpoint(tuple(methods.split()), path, handler, buckets, resource, **more))


def _exports(table: _Table) -> None:
    for path, handler, resource in (
        ("tickets/cursor", exports.tickets_by_cursor, "tickets"),
        ("tickets", exports.tickets_by_time, "tickets"),
        ("ticket_events", exports.ticket_events, "tickets"),
        ("ticket_metric_events", exports.ticket_metric_events, "tickets"),
        ("users/cursor", exports.users_by_cursor, "users"),
        ("users", exports.users_by_time, "users"),
        ("organizations", exports.organizations_by_time, "organizations"),
    ):
        table.add(
            "GET", f"/incremental/{path}", handler, "incremental-exports", resource=resource, admin=True
        )
    table.add(
        "GET",
        "/incremental/<resource>/sample",
        exports.sample,
        "incremental-sample",
        resource="tickets",
        admin=True,
    )


def _tickets(table: _Table) -> None:
    api, bulk = tickets_api, bulk_api
    table.add("GET", "/tickets", api.list_tickets, "tickets-index")
    table.add("GET", "/tickets/count", api.count_tickets)
    table.add("GET", "/tickets/show_many", api.show_many)
    table.add("POST", "/tickets", api.create, "ticket-request-create-by-user-and-ip")
    table.add("PUT", "/tickets/update_many", bulk.update_many)
    table.add("POST", "/tickets/create_many", bulk.create_many)
    table.add("POST", "/imports/tickets/create_many", partial(bulk.create_many, triggers=False))
    table.add("DELETE", "/tickets/destroy_many", bulk.destroy_many)
    table.add("GET", "/tickets/<int:ident>", api.show_ticket)
    table.add("PUT", "/tickets/<int:ident>", api.update, "tickets-update", "per-ticket-updates")
    table.add("DELETE", "/tickets/<int:ident>", api.delete, "tickets-destroy")
    table.add("GET", "/tickets/<int:ident>/comments", api.comments)
    table.add(
        "PUT",
        "/tickets/<int:ident>/comments/<int:comment_id>/redact",
        api.redact_comment,
        "per-ticket-updates",
    )
    table.add("GET", "/tickets/<int:ident>/audits", api.audits, only_global=True)
    table.add("GET", "/tickets/<int:ident>/audits/<int:audit_id>", api.show_audit, only_global=True)
    table.add("GET", "/ticket_audits", api.all_audits, only_global=True)
    table.add("GET", "/tickets/<int:ident>/metrics", api.metrics_of)
    table.add("GET", "/ticket_metrics", api.list_metrics, resource="tickets")
    table.add("GET", "/tickets/<int:ident>/related", api.related)
    table.add("GET", "/tickets/<int:ident>/tags", api.tags)
    table.add("POST PUT DELETE", "/tickets/<int:ident>/tags", api.change_tags, "per-ticket-updates")
    table.add("POST", "/tickets/<int:ident>/merge", api.merge)
    table.add("GET", "/deleted_tickets", api.list_deleted, "deleted-tickets-index", resource="tickets")
    table.add("PUT", "/deleted_tickets/<int:ident>/restore", api.restore, resource="tickets")
    table.add("PUT", "/deleted_tickets/restore_many", api.restore_many, resource="tickets")
    table.add(
        "DELETE", "/deleted_tickets/<int:ident>", api.destroy, "deleted-tickets-destroy", resource="tickets"
    )
    of = api.tickets_of
    table.add("GET", "/organizations/<int:ident>/tickets", partial(of, attribute="organization_id"))
    table.add("GET", "/users/<int:ident>/tickets/requested", partial(of, attribute="requester_id"))
    table.add("GET", "/users/<int:ident>/tickets/assigned", partial(of, attribute="assignee_id"))
    table.add("GET", "/job_statuses", bulk.list_jobs)
    table.add("GET", "/job_statuses/show_many", bulk.show_jobs)
    table.add("GET", "/job_statuses/<ident>", bulk.show_job)


def _people(table: _Table) -> None:
    api = people_api
    table.add("GET", "/users/me", api.me, open_to_all=True, agent=False)
    table.add("GET", "/oauth/tokens/current", api.current_token, open_to_all=True, agent=False)
    table.add("GET", "/users", api.list_users)
    table.add("GET", "/users/show_many", api.show_many_users)
    table.add("GET", "/users/search", api.search_users)
    table.add("POST", "/users", api.create_user)
    table.add("POST", "/users/create_or_update", partial(api.create_user, or_update=True), "per-user-updates")
    table.add("PUT", "/users/update_many", api.update_many_users)
    table.add("GET", "/users/<int:ident>", api.show_user)
    table.add("PUT", "/users/<int:ident>", api.update_user, "per-user-updates")
    table.add("DELETE", "/users/<int:ident>", api.delete_user, admin=True)
    table.add("GET", "/users/<int:ident>/identities", api.identities)
    table.add("GET", "/groups/<int:ident>/users", api.group_users)
    table.add("GET", "/organizations/<int:ident>/users", api.organization_users)
    table.add("GET", "/organizations", api.list_organizations)
    table.add("GET", "/organizations/show_many", api.show_many_organizations)
    table.add("GET", "/organizations/search", api.search_organizations)
    table.add("POST", "/organizations", api.create_organization)
    table.add("GET", "/organizations/<int:ident>", api.show_organization)
    table.add("PUT", "/organizations/<int:ident>", api.update_organization, "per-organization-updates")
    table.add("DELETE", "/organizations/<int:ident>", api.delete_organization)


def _views(table: _Table) -> None:
    api = views_api

    def add(methods: str, path: str, handler: Handler, *buckets: str) -> None:
        table.add(methods, path, handler, *buckets, resource="ticket_views")

    add("POST", "/views", api.create_view)
    add("GET", "/views/definitions", api.definitions)
    add("GET", "/views/compact", api.compact)
    add("GET", "/views/active", partial(account_api.list_table, table="views", suffix="active"))
    add("GET", "/views/count_many", api.count_many, "views-count-many")
    add("PUT", "/views/update_many", api.update_many)
    add("PUT", "/views/<int:ident>", api.update_view)
    add("GET", "/views/<int:ident>/tickets", api.tickets)
    add("GET", "/views/<int:ident>/execute", api.execute, "per-view")
    add("GET", "/views/<int:ident>/count", api.count, "per-view")


def _account(table: _Table) -> None:
    api = account_api
    admin_only = ("slas/policies", "satisfaction_ratings", "suspended_tickets")
    for name in api.SINGULAR:
        admin = name in admin_only
        if name == "satisfaction_ratings":
            table.add("GET", f"/{name}", api.list_ratings, admin=admin)
        else:
            table.add("GET", f"/{name}", partial(api.list_table, table=name), admin=admin)
        table.add("GET", f"/{name}/<int:ident>", partial(api.show_row, table=name), admin=admin)
    for name in ("groups", "views"):
        table.add("GET", f"/{name}/count", partial(api.count_table, table=name))
    for name in ("triggers", "automations", "macros"):
        table.add("GET", f"/{name}/active", partial(api.list_table, table=name, suffix="active"))
        table.add("POST", f"/{name}", partial(api.write_rule, table=name))
        table.add("PUT", f"/{name}/<int:ident>", partial(api.write_rule, table=name))
    for name in ("groups", "group_memberships"):
        table.add("GET", f"/{name}/assignable", partial(api.list_table, table=name, suffix="assignable"))
    for name in ("groups", "views", "triggers", "automations", "macros", "custom_statuses"):
        table.add("DELETE", f"/{name}/<int:ident>", partial(api.delete_row, table=name))
    table.add("POST", "/groups", api.create_group, admin=True)
    table.add("PUT", "/groups/<int:ident>", api.update_group, admin=True)
    table.add("POST", "/group_memberships", api.create_membership, admin=True)
    table.add("DELETE", "/group_memberships/<int:ident>", api.delete_membership, admin=True)
    of = partial(api.memberships_of, table="group_memberships")
    table.add("GET", "/groups/<int:ident>/memberships", partial(of, key="group_id"))
    table.add("GET", "/users/<int:ident>/group_memberships", partial(of, key="user_id"))
    for name in ("ticket_fields", "user_fields", "organization_fields"):
        table.add("POST", f"/{name}", partial(api.create_field, table=name), admin=True)
        table.add("PUT", f"/{name}/<int:ident>", partial(api.update_field, table=name), admin=True)
        table.add("DELETE", f"/{name}/<int:ident>", partial(api.delete_row, table=name), admin=True)
    table.add("GET", "/ticket_fields/<int:ident>/options", api.list_options)
    table.add(
        "POST", "/ticket_fields/<int:ident>/options", api.save_option, "ticket-field-options", admin=True
    )
    table.add("POST", "/custom_statuses", api.create_status, admin=True)
    table.add("GET", "/business_hours/schedules/<int:ident>/holidays", api.holidays)
    table.add("GET", "/tags", api.list_tags, "tags-index")
    table.add("GET", "/search", search_api.search, "search-index")
    table.add("GET", "/search/count", search_api.count, "search-index")
    table.add("GET", "/search/export", search_api.export, "search-export")


@cache
def build() -> Map:
    """All endpoints as a werkzeug map; paths stand below /api/v2 and come without `.json`."""
    table = _Table()
    for fill in (_exports, _tickets, _people, _views, _account):
        fill(table)
    return Map(
        [Rule(f"/api/v2{e.path}", endpoint=e, methods=e.methods) for e in table.endpoints],
        strict_slashes=False,
    )
