"""The endpoints of tickets, their comments and audits, their jobs, and what searches them."""

from __future__ import annotations

from functools import partial

from zdsync.sandbox import (
    bulk_api,
    comments_api,
    deleted_api,
    relations_api,
    requests_api,
    routing_api,
    search_api,
    tickets_api,
)
from zdsync.sandbox.endpoints import Endpoints

_ONE = "/tickets/<int:ident>"


def fill(table: Endpoints) -> None:
    _lists(table)
    _writes(table)
    _one(table)
    _comments(table)
    _deleted(table.having(resource="tickets"))
    _requests(table)
    _jobs(table)


def _lists(table: Endpoints) -> None:
    table.get("/tickets", tickets_api.list_tickets, "tickets-index")
    table.get("/tickets/count", tickets_api.count_tickets)
    table.get("/tickets/recent", relations_api.recent)
    table.get("/tickets/show_many", tickets_api.show_many)
    table.get("/problems", relations_api.problems, resource="tickets")
    table.get("/ticket_metrics", tickets_api.list_metrics, resource="tickets")
    table.get("/ticket_metrics/<int:ident>", tickets_api.show_metric, resource="tickets")
    table.get("/skips", relations_api.list_skips, resource="tickets")
    table.post("/skips", relations_api.create_skip, resource="tickets")
    table.get("/users/<int:ident>/skips", partial(relations_api.list_skips, attribute="user_id"))
    for path, attribute in (
        ("/organizations/<int:ident>/tickets", "organization_id"),
        ("/users/<int:ident>/tickets/requested", "requester_id"),
        ("/users/<int:ident>/tickets/assigned", "assignee_id"),
    ):
        table.get(path, partial(tickets_api.tickets_of, attribute=attribute))
        table.get(f"{path}/count", partial(tickets_api.count_tickets_of, attribute=attribute))
    for path, attribute in (("ccd", "email_cc_ids"), ("followed", "follower_ids")):
        handler = partial(relations_api.tickets_with, attribute=attribute)
        table.get(f"/users/<int:ident>/tickets/{path}", handler)
    table.get("/search", search_api.search, "search-index")
    table.get("/search/count", search_api.count, "search-index")
    table.get("/search/export", search_api.export, "search-export")


def _writes(table: Endpoints) -> None:
    table.post("/tickets", tickets_api.create, "ticket-request-create-by-user-and-ip")
    table.put("/tickets/update_many", bulk_api.update_many)
    table.post("/tickets/create_many", bulk_api.create_many)
    table.post("/imports/tickets", tickets_api.bring_in, admin=True)
    table.post("/imports/tickets/create_many", partial(bulk_api.create_many, is_import=True), admin=True)
    table.delete("/tickets/destroy_many", bulk_api.destroy_many)
    table.put("/tickets/mark_many_as_spam", deleted_api.mark_many_as_spam)
    table.put(_ONE, tickets_api.update, "tickets-update", "per-ticket-updates")
    table.delete(_ONE, deleted_api.delete, "tickets-destroy")
    table.add("POST PUT DELETE", f"{_ONE}/tags", tickets_api.change_tags, "per-ticket-updates")
    table.post(f"{_ONE}/merge", deleted_api.merge)
    table.put(f"{_ONE}/mark_as_spam", deleted_api.mark_as_spam)


def _one(table: Endpoints) -> None:
    table.get(_ONE, tickets_api.show_ticket)
    table.get(f"{_ONE}/metrics", tickets_api.metrics_of)
    table.get(f"{_ONE}/metric_events", relations_api.ticket_metric_events)
    table.get(f"{_ONE}/slas/policy_metrics", relations_api.sla_metrics)
    table.get(f"{_ONE}/related", tickets_api.related)
    table.get(f"{_ONE}/incidents", relations_api.incidents)
    table.get(f"{_ONE}/tags", tickets_api.tags)
    table.get(f"{_ONE}/skips", partial(relations_api.list_skips, attribute="ticket_id"))
    table.get(f"{_ONE}/side_conversations", relations_api.side_conversations)
    table.get(f"{_ONE}/macros/<int:macro>/apply", relations_api.apply_macro)
    for which in ("collaborators", "followers", "email_ccs"):
        table.get(f"{_ONE}/{which}", partial(relations_api.people_of, which=which))
    skills = partial(routing_api.instance_values, kind="ticket")
    table.add("GET POST", "/routing/tickets/<int:ident>/instance_values", skills)


def _comments(table: Endpoints) -> None:
    audits = table.having(only_global=True)
    audits.get(f"{_ONE}/audits", comments_api.audits)
    audits.get(f"{_ONE}/audits/count", comments_api.count_audits)
    audits.get(f"{_ONE}/audits/<int:audit_id>", comments_api.show_audit)
    audits.get("/ticket_audits", comments_api.all_audits)
    table.get(f"{_ONE}/comments", comments_api.comments)
    table.get(f"{_ONE}/comments/count", comments_api.count_comments)
    one = f"{_ONE}/comments/<int:comment_id>"
    table.put(f"{one}/redact", comments_api.redact_comment, "per-ticket-updates")
    table.put(f"{one}/make_private", comments_api.make_private, "per-ticket-updates")
    path = f"{one}/attachments/<int:attachment>/redact"
    table.put(path, comments_api.redact_file, "per-ticket-updates")
    table.put("/comment_redactions/<int:comment_id>", comments_api.redact_by_id, resource="tickets")


def _deleted(table: Endpoints) -> None:
    table.get("/deleted_tickets", deleted_api.list_deleted, "deleted-tickets-index")
    table.put("/deleted_tickets/<int:ident>/restore", deleted_api.restore)
    table.put("/deleted_tickets/restore_many", deleted_api.restore_many)
    table.delete("/deleted_tickets/destroy_many", deleted_api.destroy_many, "deleted-tickets-destroy")
    table.delete("/deleted_tickets/<int:ident>", deleted_api.destroy, "deleted-tickets-destroy")


def _requests(table: Endpoints) -> None:
    table.get("/requests", requests_api.list_requests)
    unsolved = ("new", "open", "pending", "hold")
    table.get("/requests/open", partial(requests_api.list_requests, statuses=unsolved))
    table.get("/requests/solved", partial(requests_api.list_requests, statuses=("solved", "closed")))
    table.get("/requests/<int:ident>", requests_api.show_request)
    table.get("/requests/<int:ident>/comments", requests_api.request_comments)
    table.get("/users/<int:ident>/requests", requests_api.list_requests)
    of = partial(requests_api.list_requests, attribute="organization_id")
    table.get("/organizations/<int:ident>/requests", of)


def _jobs(table: Endpoints) -> None:
    table.get("/job_statuses", bulk_api.list_jobs)
    table.get("/job_statuses/show_many", bulk_api.show_jobs)
    table.get("/job_statuses/<ident>", bulk_api.show_job)
