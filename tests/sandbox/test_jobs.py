"""Bulk and batch updates run as jobs whose every item has its own outcome."""

from __future__ import annotations

from tests.sandbox.conftest import Api

OLD = "2020-01-01T00:00:00Z"


def test_batch_update(api: Api) -> None:
    """Different changes per ticket, tag deltas, a note and metadata, in one job."""
    one, two = api.new_ticket(), api.new_ticket()
    stamp = api.get(f"tickets/{one.id}")["ticket"]["updated_at"]
    items = [
        {
            "id": one.id,
            "additional_tags": ["tier_2"],
            "remove_tags": ["gone"],
            "group_id": api.group("Specialists"),
            "comment": {"body": "handed over", "public": False},
            "metadata": {"zdsync": "r1"},
            "updated_stamp": stamp,
            "safe_update": True,
        },
        {"id": two.id, "priority": "high", "updated_stamp": stamp, "safe_update": True},
    ]
    answer = api.put("tickets/update_many.json", {"tickets": items})
    assert "x-zendesk-api-warn" not in answer.headers
    queued = answer.json()["job_status"]
    assert queued["id"].startswith("V3-")
    assert (queued["status"], queued["total"], queued["progress"], queued["results"]) == (
        "queued",
        2,
        None,
        None,
    )
    assert not one.audits[-1].custom
    row = api.job(answer)
    assert row["status"] == "completed"
    assert row["results"] == [
        {"action": "update", "id": ident, "status": "Updated", "success": True} for ident in (one.id, two.id)
    ]
    assert (one.tags, one.group_id, two.priority) == (("tier_2",), api.group("Specialists"), "high")
    assert one.audits[-1].custom == {"zdsync": "r1"}


def test_item_failures(api: Api) -> None:
    """Conflict, closed, unknown and unstamped items fail alone; the job still says completed."""
    good, moved = api.new_ticket(), api.new_ticket()
    closed = api.first(lambda t: t.status == "closed")
    items = [
        {"id": good.id, "priority": "low"},
        {"id": moved.id, "priority": "low", "updated_stamp": OLD, "safe_update": True},
        {"id": closed.id, "priority": "low"},
        {"id": 424242, "priority": "low"},
        {"id": good.id, "priority": "high", "safe_update": True},
    ]
    row = api.job(api.put("tickets/update_many", {"tickets": items}))
    assert row["status"] == "completed"
    results = row["results"]
    assert results[0]["success"] is True
    assert [item["index"] for item in results[1:]] == [1, 2, 3, 4]
    assert [item["id"] for item in results[1:]] == [moved.id, closed.id, 424242, good.id]
    assert all("success" not in item and item["error"] and item["details"] for item in results[1:])
    assert "closed prevents ticket update" in results[2]["details"]
    assert (good.priority, moved.priority) == ("low", None)


def test_jobs_are_safe_updates(api: Api) -> None:
    """A ticket that moves between queueing and running is a conflict even without a stamp."""
    ticket = api.new_ticket()
    answer = api.put(f"tickets/update_many?ids={ticket.id}", {"ticket": {"priority": "high"}})
    api.sandbox.world.clock.advance(0)
    api.sandbox.jobs.start_s = 100
    for job in api.sandbox.jobs.recent():
        job.starts_at, job.ends_at = job.starts_at + 50, job.ends_at + 50
    api.sandbox.control.advance(5)
    api.sandbox.control.agent_notes(ticket.id)
    row = api.job(answer)
    assert row["results"][0]["error"]
    assert ticket.priority is None


def test_bulk_update(api: Api) -> None:
    """One change to many tickets, tags added without overwriting."""
    idents = [api.new_ticket().id for _ in range(3)]
    text = ",".join(map(str, idents))
    row = api.job(api.put(f"tickets/update_many?ids={text}", {"ticket": {"additional_tags": ["x"]}}))
    assert [item["id"] for item in row["results"]] == idents
    assert all(api.sandbox.world.tickets[ident].tags == ("x",) for ident in idents)


def test_too_many_values(api: Api) -> None:
    """A hundred is the most for ids and for items."""
    body = {"error": "TooManyValues", "description": "Parameter  cannot specify more than 100 values"}
    answer = api.put("tickets/update_many", {"tickets": [{"id": 1}] * 101})
    assert (answer.status_code, answer.json()) == (400, body | {"max_count": 100})
    idents = ",".join(map(str, range(1, 102)))
    assert api.call("GET", f"tickets/show_many?ids={idents}").status_code == 400


def test_job_limit(api: Api) -> None:
    """The thirty-first open job is refused with the list of the open ones."""
    for _ in range(30):
        assert api.put("tickets/update_many?ids=1", {"ticket": {"priority": "low"}}).status_code == 200
    answer = api.put("tickets/update_many?ids=1", {"ticket": {"priority": "low"}})
    assert answer.status_code == 429
    assert answer.json()["error"] == "TooManyJobs"
    assert len(answer.json()["current_job_ids"]) == 30
    api.sandbox.control.advance(2)
    assert api.put("tickets/update_many?ids=1", {"ticket": {"priority": "low"}}).status_code == 200


def test_jobs_run_by_the_clock(api: Api) -> None:
    """Nobody needs to poll for a job to be done."""
    ticket = api.new_ticket()
    api.put("tickets/update_many", {"tickets": [{"id": ticket.id, "priority": "low"}]})
    api.sandbox.control.advance(2)
    assert ticket.priority == "low"


def test_accounts_without_tag_deltas(api: Api) -> None:
    """Such an account drops the deltas of a batch and names them in the warning."""
    api.sandbox.control.set_options(tag_deltas_in_batch=False)
    ticket = api.new_ticket()
    answer = api.put("tickets/update_many", {"tickets": [{"id": ticket.id, "additional_tags": ["x"]}]})
    assert '"tickets.additional_tags"' in answer.headers["x-zendesk-api-warn"]
    api.job(answer)
    assert ticket.tags == ()


def test_job_fates(api: Api) -> None:
    """Killed jobs did half and say nothing; half-failed ones list it; stuck ones never end."""
    idents = [api.new_ticket().id for _ in range(4)]
    tickets = api.sandbox.world.tickets

    def run(kind: str, priority: str) -> dict[str, object]:
        api.sandbox.control.fault(kind)
        items = [{"id": ident, "priority": priority} for ident in idents]
        row: dict[str, object] = api.job(api.put("tickets/update_many", {"tickets": items}))
        return row

    killed = run("job_killed", "low")
    assert (killed["status"], killed["results"]) == ("killed", None)
    assert [tickets[ident].priority for ident in idents] == ["low", "low", None, None]
    half = run("job_half_failed", "high")
    assert half["status"] == "completed"
    assert ["error" in item for item in half["results"]] == [False, False, True, True]  # type: ignore[attr-defined]
    assert run("job_stuck", "urgent")["status"] == "working"
    assert run("job_late", "urgent")["status"] == "queued"
    api.sandbox.control.advance(40)
    assert tickets[idents[0]].priority == "urgent"


def test_job_lists_and_create_many(api: Api) -> None:
    """Created tickets come with index and id; jobs can be read together."""
    first = api.post("tickets/create_many", {"tickets": [{"comment": {"body": "x"}}, {"subject": "empty"}]})
    second = api.call("DELETE", f"tickets/destroy_many?ids={api.new_ticket().id}")
    api.sandbox.control.advance(2)
    idents = [answer.json()["job_status"]["id"] for answer in (first, second)]
    rows = api.get("job_statuses/show_many", ids=",".join(idents))["job_statuses"]
    assert [row["id"] for row in rows] == idents
    assert set(rows[0]["results"][0]) == {"index", "id", "account_id"}
    assert "error" in rows[0]["results"][1]
    assert rows[1]["results"][0]["action"] == "delete"
    assert [row["id"] for row in api.get("job_statuses")["job_statuses"]] == idents[::-1]
    assert api.call("GET", "job_statuses/V3-none").status_code == 404
