"""Metric events tell which targets applied and which were missed, when it happened and never otherwise later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.sandbox.conftest import NOW, Api

MINUTE, HOUR, DAY = 60, 3600, 86_400
ROWS = "ticket_metric_events"
EVERYTHING: dict[str, Any] = {"all": [], "any": []}


def at(row: Any) -> float:
    return datetime.fromisoformat(row["time"]).timestamp() - NOW.timestamp()


def rows(api: Api, ticket: int, *kinds: str) -> list[Any]:
    found = api.get(f"tickets/{ticket}/metric_events")[ROWS]
    return [row for row in found if row["type"] in kinds] if kinds else list(found)


def told(api: Api, ticket: int, *kinds: str) -> list[tuple[Any, ...]]:
    """What happened after NOW, in short: metric, instance, second."""
    return [(row["metric"], row["instance_id"], at(row)) for row in rows(api, ticket, *kinds)]


def minutes(row: Any) -> Any:
    return row["sla"] and row["sla"]["target"]


def new_ticket(api: Api, **values: Any) -> int:
    """An e-mail of a customer to which the account's policy applies."""
    return api.sandbox.control.customer_creates(fields=values)


def change(api: Api, ticket: int, **values: Any) -> None:
    assert api.put(f"tickets/{ticket}", {"ticket": values}).status_code == 200


def only_policy(api: Api, **targets: int) -> int:
    """One policy for everybody, with targets in minutes round the clock."""
    for row in api.get("slas/policies")["sla_policies"]:
        api.call("DELETE", f"slas/policies/{row['id']}")
    metrics = [
        {"priority": priority, "metric": metric, "target": target, "business_hours": False}
        for metric, target in targets.items()
        for priority in ("normal", "high")
    ]
    given = {"title": "Round the clock", "filter": EVERYTHING, "policy_metrics": metrics}
    return int(api.post("slas/policies", {"sla_policy": given}).json()["sla_policy"]["id"])


def test_a_target_is_told_when_it_comes_to_apply(api: Api) -> None:
    """At creation with a priority, or with the update that gives one; in the form of recorded answers."""
    ticket = new_ticket(api)
    assert rows(api, ticket, "apply_sla") == []
    api.sandbox.control.advance(MINUTE)
    change(api, ticket, priority="high")
    wait, first = rows(api, ticket, "apply_sla")
    (policy,) = api.get("slas/policies")["sla_policies"]
    assert first == {
        "id": first["id"],
        "ticket_id": ticket,
        "metric": "reply_time",
        "instance_id": 1,
        "type": "apply_sla",
        "time": "2026-11-20T15:01:00Z",
        "deleted": False,
        "sla": {
            "target": 120,
            "business_hours": True,
            "policy": {key: policy[key] for key in ("id", "title", "description")},
            "target_in_seconds": 7200,
        },
    }
    assert (wait["metric"], wait["instance_id"], wait["id"] < first["id"]) == ("requester_wait_time", 1, True)
    second = new_ticket(api, priority="high")
    assert told(api, second, "apply_sla") == [("requester_wait_time", 1, 60), ("reply_time", 1, 60)]


def test_another_target_is_told_and_none_too(api: Api) -> None:
    """Another priority or policy brings rows, an update that leaves the targets none; without a priority null."""
    ticket = new_ticket(api, priority="urgent")
    change(api, ticket, priority="low")
    change(api, ticket, tags=["vip"])
    target = {"priority": "low", "metric": "requester_wait_time", "target": 30, "business_hours": False}
    filter_ = {"all": [{"field": "current_tags", "operator": "includes", "value": "vip"}], "any": []}
    vip = {"title": "VIP", "filter": filter_, "position": 0, "policy_metrics": [target]}
    api.post("slas/policies", {"sla_policy": vip})
    change(api, ticket, subject="Still here")
    change(api, ticket, priority=None)
    applied = [(row["metric"], minutes(row)) for row in rows(api, ticket, "apply_sla")]
    assert applied == [
        ("requester_wait_time", 60),
        ("reply_time", 60),
        ("requester_wait_time", 2550),
        ("reply_time", 960),
        ("requester_wait_time", 30),
        ("reply_time", None),
        ("requester_wait_time", None),
    ]


def test_a_policy_edited_later_changes_nothing_that_was_told(api: Api) -> None:
    """Titles and targets stay as they were; the next update of a ticket brings the new target, not the new title."""
    policy = only_policy(api, requester_wait_time=60)
    ticket = new_ticket(api, priority="normal")
    before = rows(api, ticket)
    api.put(f"slas/policies/{policy}", {"sla_policy": {"title": "Renamed"}})
    change(api, ticket, tags=["one"])
    assert rows(api, ticket) == before
    metric = {"priority": "normal", "metric": "requester_wait_time", "target": 90, "business_hours": False}
    api.put(f"slas/policies/{policy}", {"sla_policy": {"policy_metrics": [metric]}})
    assert rows(api, ticket) == before
    change(api, ticket, tags=["two"])
    *kept, new = rows(api, ticket)
    assert kept == before
    assert (minutes(new), new["sla"]["policy"]["title"]) == (90, "Renamed")
    api.call("DELETE", f"slas/policies/{policy}")
    assert rows(api, ticket) == [*before, new]


def test_a_breach_has_a_moment_of_its_own(api: Api) -> None:
    """In working time: the wait of a high ticket, 510 minutes from Friday 15:00, is over on Monday at 15:00."""
    ticket = new_ticket(api, priority="high")
    api.sandbox.control.advance(4 * DAY)
    assert told(api, ticket, "breach") == [
        ("reply_time", 1, 2 * HOUR),
        ("requester_wait_time", 1, 3 * DAY),
    ]
    assert not any(row["deleted"] for row in rows(api, ticket))
    api.sandbox.control.advance(9 * DAY)
    change(api, ticket, priority="urgent")
    assert len(rows(api, ticket, "breach")) == 2, "once for each metric and instance"


def test_what_was_done_in_time_is_no_breach(api: Api) -> None:
    """A reply before the target; a wait that pauses with the customer and goes on where it was."""
    ticket = new_ticket(api, priority="urgent")
    api.sandbox.control.advance(30 * MINUTE)
    api.sandbox.control.agent_replies(ticket, changes={"status": "pending"})
    api.sandbox.control.advance(3 * DAY - 5 * HOUR - 30 * MINUTE)
    api.sandbox.control.customer_replies(ticket)
    api.sandbox.control.advance(DAY)
    assert told(api, ticket, "breach") == [("requester_wait_time", 1, 3 * DAY - 5 * HOUR + 30 * MINUTE)]
    done = new_ticket(api, priority="urgent")
    api.sandbox.control.solve(done)
    api.sandbox.control.advance(DAY)
    assert told(api, done, "breach") == []


def test_a_target_already_missed_is_missed_at_once(api: Api) -> None:
    """A breach is never dated before the update that brought the target: exports have passed that time."""
    ticket = new_ticket(api, priority="low")
    api.sandbox.control.advance(90 * MINUTE)
    change(api, ticket, priority="urgent")
    assert told(api, ticket, "breach") == [
        ("reply_time", 1, 90 * MINUTE),
        ("requester_wait_time", 1, 90 * MINUTE),
    ]


def test_a_breach_is_taken_back(api: Api) -> None:
    """By a later target that is not missed yet, or by none; it may be missed again, and what stays so is not told."""
    only_policy(api, first_reply_time=60, requester_wait_time=60)
    for priority, target in (("low", 120), ("urgent", 30)):
        metric = {"priority": priority, "target": target, "business_hours": False}
        (policy,) = api.sandbox.world.tables["slas/policies"].values()
        policy["policy_metrics"] += [{"metric": "first_reply_time", **metric}]
    ticket = new_ticket(api, priority="high")
    api.sandbox.control.advance(70 * MINUTE)
    change(api, ticket, priority="urgent")
    api.sandbox.control.advance(10 * MINUTE)
    change(api, ticket, priority="low")
    api.sandbox.control.advance(HOUR)
    found = [(row["metric"], at(row) // 60, row["deleted"]) for row in rows(api, ticket, "breach")]
    assert found == [
        ("reply_time", 60, False),
        ("requester_wait_time", 60, False),
        ("requester_wait_time", 70, True),
        ("reply_time", 80, True),
        ("reply_time", 120, False),
    ]


def test_losing_a_target_takes_its_breach_back(api: Api) -> None:
    """Without a priority nothing is missed; what has been fulfilled, however late, stays as it is."""
    ticket, done = new_ticket(api, priority="urgent"), new_ticket(api, priority="urgent")
    api.sandbox.control.advance(2 * HOUR)
    api.sandbox.control.solve(done)
    for each in (ticket, done):
        api.sandbox.control.change(each, {"priority": None})
    found = [(row["metric"], row["deleted"]) for row in rows(api, ticket, "breach")]
    assert found[:2] == [("reply_time", False), ("requester_wait_time", False)]
    assert sorted(found[2:]) == [("reply_time", True), ("requester_wait_time", True)]
    assert [row["deleted"] for row in rows(api, done, "breach")] == [False, False]


def test_a_schedule_edited_later_changes_nothing_that_was_told(api: Api) -> None:
    """What is still running is due by the new hours."""
    told_before, running = new_ticket(api, priority="high"), new_ticket(api, priority="low")
    api.sandbox.control.advance(4 * DAY)
    before = rows(api, told_before)
    (schedule, *_) = api.get("business_hours/schedules")["schedules"]
    always = [{"start_time": day * 1440, "end_time": (day + 1) * 1440} for day in range(7)]
    body = {"workweek": {"intervals": always}}
    assert api.put(f"business_hours/schedules/{schedule['id']}/workweek", body).status_code == 200
    assert rows(api, told_before) == before
    api.sandbox.control.change(running, {"tags": ["late"]})
    assert ("requester_wait_time", 1, 4 * DAY) in told(api, running, "breach")


def test_every_reply_and_update_is_an_instance(api: Api) -> None:
    """Next replies and updates are counted one by one: targets and breaches name the instance they belong to."""
    only_policy(
        api,
        first_reply_time=60,
        next_reply_time=30,
        periodic_update_time=120,
        pausable_update_time=120,
        agent_work_time=600,
        total_resolution_time=600,
    )
    control = api.sandbox.control
    ticket = new_ticket(api, priority="high")
    control.advance(10 * MINUTE)
    control.agent_replies(ticket, changes={"status": "open"})
    control.customer_replies(ticket)
    control.customer_replies(ticket, "Hello?")
    control.advance(50 * MINUTE)
    control.agent_replies(ticket, changes={"status": "pending"})
    control.advance(3 * HOUR)
    control.customer_replies(ticket)
    control.advance(DAY)
    control.solve(ticket)
    found = {
        metric: [
            (row["type"], row["instance_id"], at(row) // 60)
            for row in rows(api, ticket)
            if row["metric"] == metric and row["type"] != "update_status"
        ]
        for metric in ("reply_time", "periodic_update_time", "pausable_update_time", "resolution_time")
    }
    assert found["reply_time"] == [
        ("measure", 0, 0),
        ("activate", 1, 0),
        ("apply_sla", 1, 0),
        ("fulfill", 1, 10),
        ("activate", 2, 10),
        ("apply_sla", 2, 10),
        ("breach", 2, 40),
        ("fulfill", 2, 60),
        ("activate", 3, 240),
        ("apply_sla", 3, 240),
        ("breach", 3, 270),
        ("fulfill", 3, 1680),
    ]
    assert found["periodic_update_time"] == [
        ("measure", 0, 0),
        ("activate", 1, 10),
        ("apply_sla", 1, 10),
        ("fulfill", 1, 60),
        ("activate", 2, 60),
        ("apply_sla", 2, 60),
        ("breach", 2, 180),
        ("fulfill", 2, 1680),
    ]
    assert found["pausable_update_time"][5:] == [
        ("pause", 2, 60),
        ("apply_sla", 2, 60),
        ("activate", 2, 240),
        ("breach", 2, 360),
        ("fulfill", 2, 1680),
    ]
    assert found["resolution_time"][2:] == [("apply_sla", 1, 0), ("breach", 1, 600), ("fulfill", 1, 1680)]
    control.reopen(ticket)
    assert ("resolution_time", 1, 1680 * 60) in told(api, ticket, "activate")


def test_side_loads_agree_with_the_events(api: Api) -> None:
    """Stage and moment of breach of `slas` are those of the present instance."""
    only_policy(api, first_reply_time=60, next_reply_time=30, total_resolution_time=600)
    ticket = new_ticket(api, priority="high")
    path = f"tickets/{ticket}/slas/policy_metrics"
    stages = [(row["metric"], row["stage"]) for row in api.get(path)["policy_metrics"]]
    assert stages == [("first_reply_time", "active"), ("total_resolution_time", "active")]
    api.sandbox.control.agent_replies(ticket, changes={"status": "open"})
    api.sandbox.control.advance(HOUR)
    api.sandbox.control.customer_replies(ticket)
    found = {row["metric"]: row for row in api.get(path)["policy_metrics"]}
    assert found["first_reply_time"]["stage"] == "achieved"
    assert found["next_reply_time"]["breach_at"] == "2026-11-20T16:30:00Z"
    api.sandbox.control.advance(HOUR)
    assert told(api, ticket, "breach") == [("reply_time", 2, 90 * MINUTE)]


def test_a_deleted_ticket_misses_nothing(api: Api) -> None:
    """Nothing is missed while it is away; what is late when it comes back is missed then, and no earlier."""
    ticket = new_ticket(api, priority="urgent")
    api.sandbox.control.delete(ticket)
    api.sandbox.control.advance(DAY)
    assert api.call("GET", f"tickets/{ticket}/metric_events").status_code == 404
    assert [row for row in api.sandbox.control.truth(ROWS, ticket) if row["type"] == "breach"] == []
    api.sandbox.control.restore(ticket)
    assert told(api, ticket, "breach") == [("reply_time", 1, DAY), ("requester_wait_time", 1, DAY)]


def test_imported_tickets_have_no_targets(api: Api) -> None:
    """Their past would be missed at once; their metrics are measured."""
    given = {
        "created_at": "2026-01-02T10:00:00Z",
        "priority": "urgent",
        "comments": [{"value": "First", "created_at": "2026-01-02T10:00:00Z"}],
    }
    ticket = api.post("imports/tickets", {"ticket": given}).json()["ticket"]["id"]
    change(api, ticket, tags=["old"])
    api.sandbox.control.advance(DAY)
    assert {row["type"] for row in rows(api, ticket)} == {"measure", "activate"}
    assert api.get(f"tickets/{ticket}/slas/policy_metrics")["policy_metrics"] == []


def test_what_people_become_later_changes_nothing(api: Api) -> None:
    """A reply made private, its author no agent any more: the clock it stopped stays stopped."""
    ticket = new_ticket(api, priority="urgent")
    api.sandbox.control.agent_replies(ticket, agent="agent@example.com", changes={"status": "open"})
    before = rows(api, ticket)
    comment = api.get(f"tickets/{ticket}/comments")["comments"][-1]["id"]
    api.put(f"tickets/{ticket}/comments/{comment}/make_private", {})
    api.sandbox.control.change_user("agent@example.com", {"role": "end-user"})
    assert rows(api, ticket) == before
