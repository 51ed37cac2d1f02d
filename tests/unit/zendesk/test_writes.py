"""Writes say exactly what was decided, never a public word, and every item's fate is read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
import responses
from responses import matchers

from tests.unit.zendesk.support import API, StillClock, make_account, update
from zdsync.detect import TextFilter
from zdsync.errors import RateLimited, Rejected, Unreachable
from zdsync.model import GroupId, TicketId
from zdsync.plan.views import wanted_form
from zdsync.ports.account import TAGS_IGNORED, ItemOutcome, TicketUpdate
from zdsync.zendesk.client import ignored_keys
from zdsync.zendesk.jobs import results_in
from zdsync.zendesk.writes import ticket_payload

BATCH = f"{API}/tickets/update_many.json"
OPEN_JOBS = f"{API}/job_statuses/show_many.json"
QUEUED = {"job_status": {"id": "V3-1", "status": "queued", "results": None}}
WARNING = (
    '{:allowed_parameters=>{:controller=>"tickets", :action=>"update_many", '
    ':unpermitted_keys=>["tickets.0.additional_tags", "tickets.0.id", "tickets.1.id"], :invalid_values=>[]}}'
)


def _sent(call: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(responses.calls[call].request.body or b"{}")
    return body


def _job(status: str, results: object = None) -> dict[str, Any]:
    return {"job_status": {"id": "V3-1", "status": status, "results": results}}


def _listed(status: str, results: object = None) -> dict[str, Any]:
    return {"job_statuses": [_job(status, results)["job_status"]]}


def test_payload_holds_the_change_its_stamp_and_our_mark() -> None:
    """One ticket of a batch: fields, tag deltas, an internal note, the stamp decided on, and the journal's key."""
    wanted = update(
        fields={"group_id": 7, "priority": "high", "custom_fields": {12: "gold", 13: ("a", "b")}},
        add_tags=("tier_2",),
        remove_tags=("tier_1",),
        note="Handed over",
    )
    assert ticket_payload(wanted) == {
        "id": 1,
        "updated_stamp": "2026-11-20T10:00:00Z",
        "safe_update": True,
        "group_id": 7,
        "priority": "high",
        "custom_fields": [{"id": 12, "value": "gold"}, {"id": 13, "value": ["a", "b"]}],
        "additional_tags": ["tier_2"],
        "remove_tags": ["tier_1"],
        "comment": {"body": "Handed over", "public": False},
        "metadata": {"zdsync": "run/1"},
    }


def test_payload_without_deltas_carries_the_full_list() -> None:
    """For accounts that take no deltas the full list goes out, and only if tags change at all."""
    changed = update(add_tags=("tier_2",), all_tags=("tier_2", "vip"))
    assert ticket_payload(changed, with_deltas=False)["tags"] == ["tier_2", "vip"]
    assert "tags" not in ticket_payload(update(all_tags=("vip",)), with_deltas=False)
    assert "tags" not in ticket_payload(changed)


@responses.activate
def test_ignored_tags_are_known_and_the_next_batch_falls_back(caplog: pytest.LogCaptureFixture) -> None:
    """Once the account says it ignored tag deltas, that batch's results say so and later ones send full lists."""
    responses.put(BATCH, json=QUEUED, headers={"x-zendesk-api-warn": WARNING})
    done = [{"action": "update", "id": 1, "status": "Updated", "success": True}]
    responses.get(OPEN_JOBS, json=_listed("completed", done))
    account = make_account()
    tagged = update(add_tags=("tier_2",), all_tags=("tier_2", "vip"))
    with caplog.at_level(logging.WARNING):
        job_id = account.submit_updates([tagged])
    (result,) = account.fetch_results({job_id: [tagged]})[job_id]
    assert (result.outcome, result.detail) == (ItemOutcome.APPLIED, TAGS_IGNORED)
    account.submit_updates([tagged])
    assert _sent()["tickets"][0]["tags"] == ["tier_2", "vip"]
    warned = next(record for record in caplog.records if record.message == "zendesk.api_warn")
    assert warned.__dict__["ignored_keys"] == "tickets.additional_tags"


@pytest.mark.parametrize(
    ("header", "keys"),
    [
        ("", ()),
        (WARNING, ("tickets.additional_tags", "tickets.id")),
        ('{allowed_parameters: {unpermitted_keys: ["ticket.id"], invalid_values: []}}', ("ticket.id",)),
        ("{:allowed_parameters=>{:unpermitted_keys=>[], :invalid_values=>[]}}", ()),
    ],
)
def test_ignored_keys_are_read(header: str, keys: tuple[str, ...]) -> None:
    """The header's keys are read from old and new Ruby spellings, without their positions."""
    assert ignored_keys(header) == keys


@pytest.mark.parametrize("status", ["queued", "working"])
@responses.activate
def test_job_under_way_has_no_results(status: str) -> None:
    """While a job runs there is nothing to say."""
    responses.get(OPEN_JOBS, json=_listed(status))
    assert make_account().fetch_results({"V3-1": [update()]}) == {}


@responses.activate
def test_forgotten_job_leaves_everything_unknown() -> None:
    """Job data lives for about a day; after that every item is unknown."""
    responses.get(OPEN_JOBS, json={"job_statuses": []})
    responses.get(f"{API}/job_statuses/V3-1.json", status=404, json={"error": "RecordNotFound"})
    (result,) = make_account().fetch_results({"V3-1": [update()]})["V3-1"]
    assert result.outcome is ItemOutcome.UNKNOWN


@responses.activate
def test_job_that_the_list_lacks_is_asked_for_by_itself() -> None:
    """A list that does not show a new job yet does not make it a forgotten one."""
    responses.get(OPEN_JOBS, json={"job_statuses": []})
    responses.get(f"{API}/job_statuses/V3-1.json", json=_job("queued"))
    assert make_account().fetch_results({"V3-1": [update()]}) == {}


@responses.activate
def test_jobs_are_asked_after_together() -> None:
    """One request for all jobs in flight; those that have ended are told, each by its own items."""
    done = [{"action": "update", "id": 2, "status": "Updated", "success": True}]
    listed = [{"id": "V3-1", "status": "working"}, {"id": "V3-2", "status": "completed", "results": done}]
    responses.get(OPEN_JOBS, json={"job_statuses": listed})
    found = make_account().fetch_results({"V3-1": [update(1)], "V3-2": [update(2)]})
    assert {job: [item.outcome for item in items] for job, items in found.items()} == {
        "V3-2": [ItemOutcome.APPLIED]
    }
    assert len(responses.calls) == 1


def test_fields_that_a_refusal_names_are_read() -> None:
    """A ticket that cannot be solved without its required fields tells which they are."""
    fault = {"description": "Product: is required", "error": "BlankValue", "ticket_field_id": 77}
    item = {"id": 1, "error": "TicketUpdateFailed", "details": {"base": [fault, "odd"], "status": None}}
    (result,) = results_in({"results": [item]}, [update(1)], TextFilter("masked"))
    assert (result.detail, result.fields) == ("TicketUpdateFailed: Product: is required", (77,))


def _outcomes(status: dict[str, Any], updates: Sequence[TicketUpdate]) -> list[tuple[int, str, str]]:
    found = results_in(status, updates, TextFilter("masked"))
    return [(result.ticket_id, result.outcome.value, result.detail) for result in found]


def test_results_are_matched_by_id_and_by_index() -> None:
    """Items come in any order, some without id, some not at all; each update gets its own fate."""
    items = [
        {"index": 3, "error": "TicketUpdateFailed", "details": "Database timeout"},
        {
            "index": 1,
            "id": 12,
            "error": "TicketUpdateFailed",
            "details": "Status: closed prevents ticket update",
        },
        {"index": 2, "id": 13, "error": "TicketConflict", "details": "…"},
        {"action": "update", "id": 11, "status": "Updated", "success": True},
    ]
    updates = [update(ident) for ident in (11, 12, 13, 14, 15)]
    assert _outcomes({"status": "completed", "results": items}, updates) == [
        (11, "applied", ""),
        (12, "rejected", "TicketUpdateFailed: Status: closed prevents ticket update"),
        (13, "conflict", "TicketConflict: …"),
        (14, "rejected", "TicketUpdateFailed: Database timeout"),
        (15, "unknown", ""),
    ]


@pytest.mark.parametrize("results", [None, {"success": True}, "odd"])
def test_job_without_items_is_unknown(results: object) -> None:
    """A killed or failed job, or one that lists nothing, tells of no ticket."""
    assert _outcomes({"status": "killed", "results": results}, [update(1)]) == [(1, "unknown", "")]


def test_details_are_masked() -> None:
    """A refusal that quotes an address does not carry it into the journal."""
    item = {"id": 1, "error": "TicketUpdateFailed", "details": "ann@example.com is suspended"}
    ((_, _, detail),) = _outcomes({"results": [item]}, [update(1)])
    assert "ann@example.com" not in detail


def _jobs(*statuses: str) -> dict[str, Any]:
    return {"job_statuses": [{"id": f"V3-{n}", "status": status} for n, status in enumerate(statuses, 1)]}


@responses.activate
def test_jobs_in_flight_keep_to_the_share() -> None:
    """With a share of a tenth, the fourth job waits until one of the first three has ended."""
    clock = StillClock()
    for number in (1, 2, 3, 4):
        responses.put(BATCH, json={"job_status": {"id": f"V3-{number}", "status": "queued"}})
    responses.get(OPEN_JOBS, json=_jobs("working", "working", "queued"))
    responses.get(OPEN_JOBS, json=_jobs("completed", "working", "queued"))
    account = make_account(clock, share=0.1)
    jobs = [account.submit_updates([update()]) for _ in range(4)]
    assert jobs == ["V3-1", "V3-2", "V3-3", "V3-4"]
    assert 2.0 in clock.naps


@responses.activate
def test_jobs_that_never_end_are_not_waited_for_forever() -> None:
    """After ten minutes without room the batch is given back, surely not sent."""
    responses.put(BATCH, json=QUEUED)
    responses.get(OPEN_JOBS, json=_jobs("working"))
    account = make_account(share=0.01)
    account.submit_updates([update()])
    with pytest.raises(RateLimited):
        account.submit_updates([update()])
    assert sum(call.request.method == "PUT" for call in responses.calls) == 1


@responses.activate
def test_view_is_written_in_the_write_form_and_read_in_the_read_form() -> None:
    """`all` stands under the view when written; the answer's conditions and restriction come back as values."""
    form = wanted_form("Tier 2", "tier_2", [GroupId(7)])
    conditions = [
        {"field": field, "operator": operator, "value": value}
        for field, operator, value in form.conditions_all
    ]
    answer = {
        "id": 70,
        "title": "Tier 2",
        "description": "ours",
        "active": True,
        "conditions": {"all": conditions, "any": []},
        "restriction": {"type": "Group", "id": 7, "ids": [7]},
        "execution": {"columns": []},
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
    }
    responses.post(f"{API}/views.json", status=201, json={"view": answer})
    view = make_account().create_view(form, "ours")
    sent = _sent()["view"]
    assert sent["all"] == conditions
    assert sent["restriction"] == {"type": "Group", "ids": [7]}
    assert sent["description"] == "ours"
    assert "conditions" not in sent
    assert (view.id, view.restricted_to) == (70, frozenset({GroupId(7)}))
    assert ("group_id", "is", "7") in view.conditions_all


@responses.activate
def test_refused_group_is_rejected() -> None:
    """A group that Zendesk refuses is told with its code word."""
    responses.post(f"{API}/groups.json", status=422, json={"error": "RecordInvalid"})
    with pytest.raises(Rejected, match="RecordInvalid"):
        make_account().create_group("Tier 1", "ours")


@pytest.mark.parametrize("body", ["<html>", "{}", '{"group": {}}', '{"group": "odd"}'])
@responses.activate
def test_unreadable_answer_to_a_new_group_leaves_it_unknown(body: str) -> None:
    """A group whose answer cannot be read may exist; it is not made twice."""
    responses.post(f"{API}/groups.json", status=201, body=body)
    with pytest.raises(Unreachable):
        make_account().create_group("Tier 1", "ours")
    assert len(responses.calls) == 1


@responses.activate
def test_audits_are_found_with_our_mark() -> None:
    """After a write, the ticket's audits show our key, whatever order they come in."""
    second = {"id": 2, "ticket_id": 1, "created_at": "2026-11-20T11:00:00Z", "author_id": 5, "events": []}
    first = {**second, "id": 1, "created_at": "2026-11-20T10:00:00Z"}
    audits = [second | {"metadata": {"custom": {"zdsync": "run/1"}}}, first]
    responses.get(
        f"{API}/tickets/1/audits.json",
        json={"audits": audits, "meta": {"has_more": False}},
        match=[matchers.query_param_matcher({"page[size]": 100})],
    )
    assert [(event.id, event.key) for event in make_account().fetch_events(TicketId(1))] == [
        (1, None),
        (2, "run/1"),
    ]
