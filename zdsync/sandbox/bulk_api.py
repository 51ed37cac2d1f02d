"""Bulk and batch calls on tickets, which answer with a background job, and the jobs themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from zdsync.sandbox import unverified
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import ApiError, Json, Reply, bad_request, not_found, too_many_values
from zdsync.sandbox.call import Call
from zdsync.sandbox.creation import create_ticket, import_ticket
from zdsync.sandbox.deleted_api import delete_ticket
from zdsync.sandbox.jobs import Job, Step
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.world import World
from zdsync.sandbox.writes import unpermitted, update_ticket


def _answer(call: Call, job: Job) -> Reply:
    return Reply({"job_status": call.jobs.row(job, call.base)})


def _visible(world: World, ident: int) -> Ticket:
    ticket = world.tickets.get(ident)
    if ticket is None or ticket.is_deleted:
        raise not_found()
    return ticket


def _guarded(index: int, ident: int, work: Callable[[], Json]) -> Json:
    try:
        return work()
    except ApiError as error:
        return unverified.failed_item(index, ident, unverified.item_error_name(error), error.details)


def _update(world: World, ident: int, body: Json, actor: Actor, queued_at: int) -> Json:
    update_ticket(world, _visible(world, ident), body, actor, default_stamp=queued_at)
    return {"action": "update", "id": ident, "status": "Updated", "success": True}


def update_many(call: Call) -> Reply:
    """`PUT /tickets/update_many`, as bulk (`?ids=` and one `ticket`) or batch (`tickets`).

    Jobs are always safe updates: without a stamp of its own an item is compared with the queue time.

    Source: developer.zendesk.com, Tickets ("Update Many Tickets").
    """
    body = call.json()
    if isinstance(body.get("tickets"), list):
        items = body["tickets"]
        prefix = "tickets"
    elif isinstance(body.get("ticket"), dict) and (call.arg("ids") or call.arg("external_ids")):
        items = [{**body["ticket"], "id": ident} for ident in _bulk_ids(call)]
        prefix = "ticket"
    else:
        raise bad_request("Both ids and ticket, or tickets, are required")
    if len(items) > 100:
        raise too_many_values()
    deltas = call.options.tag_deltas_in_batch or prefix == "ticket"
    actor, now = call.actor(), call.world.clock.now()
    steps: list[Step] = []
    for index, item in enumerate(items):
        ignored = unpermitted(item, batch=True, deltas=deltas)
        call.warn(f"{prefix}.{key}" for key in ignored)
        ident = _item_id(item)
        kept = {key: value for key, value in item.items() if key not in ignored and key != "id"}
        work = partial(_update, call.world, ident, kept, actor, now)
        steps.append(partial(_guarded, index, ident, work))
    return call.queue("Bulk Update Ticket", steps)


def _bulk_ids(call: Call) -> list[int]:
    if call.arg("ids"):
        return call.ids()
    wanted = set((call.arg("external_ids") or "").split(","))
    return [ticket.id for ticket in call.world.living_tickets() if ticket.external_id in wanted]


def _item_id(item: Json) -> int:
    try:
        return int(item["id"])
    except (KeyError, TypeError, ValueError) as err:
        raise bad_request("Each ticket needs an id") from err


def create_many(call: Call, *, is_import: bool = False) -> Reply:
    """A job that makes up to a hundred tickets; an import keeps their times and fires no triggers."""
    items = call.json().get("tickets")
    if not isinstance(items, list):
        raise bad_request("Parameter tickets is required")
    if len(items) > 100:
        raise too_many_values()
    actor = call.actor()

    def create(index: int, item: Json) -> Json:
        ticket = (import_ticket if is_import else create_ticket)(call.world, item, actor).ticket
        return {"index": index, "id": ticket.id, "account_id": 1}

    steps: list[Step] = [
        partial(_guarded, index, 0, partial(create, index, item)) for index, item in enumerate(items)
    ]
    return call.queue("Bulk Create Ticket", steps)


def destroy_many(call: Call) -> Reply:
    def remove(ident: int) -> Json:
        delete_ticket(call, _visible(call.world, ident))
        return unverified.deleted_item(ident)

    idents = call.ids()
    steps: list[Step] = [
        partial(_guarded, i, ident, partial(remove, ident)) for i, ident in enumerate(idents)
    ]
    return call.queue("Bulk Delete Ticket", steps)


def show_job(call: Call, ident: str) -> Reply:
    job = call.jobs.get(ident)
    if job is None:
        raise not_found()
    return _answer(call, job)


def show_jobs(call: Call) -> Reply:
    found = [call.jobs.get(ident) for ident in (call.arg("ids") or "").split(",")[:100]]
    rows = [call.jobs.row(job, call.base) for job in found if job is not None]
    return Reply({"job_statuses": rows, "count": len(rows), "next_page": None, "previous_page": None})


def list_jobs(call: Call) -> Reply:
    rows = [call.jobs.row(job, call.base) for job in call.jobs.recent()]
    return Reply({"job_statuses": rows, "count": len(rows), "next_page": None, "previous_page": None})
