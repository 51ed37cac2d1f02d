"""Tickets change the way Zendesk changes them, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.sandbox.conftest import Api, connect
from tests.sandbox.test_seed import fold
from zdsync.sandbox.tags import normalise, tags_of_field


def update(api: Api, ident: int, **body: Any) -> Any:
    answer = api.put(f"tickets/{ident}", {"ticket": body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(api: Api, ident: int, **body: Any) -> Any:
    answer = api.put(f"tickets/{ident}", {"ticket": body})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "RecordInvalid"
    return answer.json()["details"]


def test_update_answers_ticket_and_audit(api: Api) -> None:
    """One audit per update; the state stays the fold of the audits."""
    ticket = api.new_ticket()
    api.sandbox.control.advance(5)
    body = update(api, ticket.id, priority="high", tags=["b", "A c"], metadata={"zdsync": "k"})
    assert body["ticket"]["tags"] == ["a", "b", "c"]
    assert body["ticket"]["updated_at"] == "2026-11-20T15:00:05Z"
    assert body["audit"]["metadata"]["custom"] == {"zdsync": "k"}
    events = {event["field_name"]: event for event in body["audit"]["events"]}
    assert events["priority"]["previous_value"] is None
    assert events["tags"]["value"] == ["a", "b", "c"]
    values, fields = fold(ticket)
    assert (values["tags"], values["priority"], fields) == (ticket.tags, "high", ticket.fields)


def test_an_update_that_changes_nothing_leaves_no_trace(api: Api) -> None:
    """No audit, no new updated_at."""
    ticket = api.new_ticket()
    update(api, ticket.id, tags=["x"])
    before = (ticket.updated, len(ticket.audits))
    api.sandbox.control.advance(5)
    assert update(api, ticket.id, tags=["X"])["audit"]["events"] == []
    assert (ticket.updated, len(ticket.audits)) == before


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (["VIP Customer!"], ("customer", "vip")),
        (["a,b"], ("a", "b")),
        (["x:y/z-1_2"], ("x:y/z-1_2",)),
        ("one two", ("one", "two")),
        (["", "  "], ()),
        (["b", "a", "B"], ("a", "b")),
    ],
)
def test_tags_are_normalised(given: Any, stored: tuple[str, ...]) -> None:
    """Lower case, split at spaces, sorted, each once."""
    assert normalise(given) == stored


def test_fields_that_are_tags(api: Api) -> None:
    """Setting a field adds its tag, another option swaps it, removing the tag empties the field."""
    ticket = api.new_ticket()
    world = api.sandbox.world
    area = world.by_name("ticket_fields", "Area")["id"]
    callback = world.by_name("ticket_fields", "Callback wanted")["id"]
    platforms = world.by_name("ticket_fields", "Platforms")["id"]

    def read(ident: int) -> Any:
        rows = api.get(f"tickets/{ticket.id}")["ticket"]["custom_fields"]
        return next(row["value"] for row in rows if row["id"] == ident)

    update(api, ticket.id, tags=["mine"])
    update(api, ticket.id, custom_fields=[{"id": area, "value": "billing"}, {"id": callback, "value": True}])
    assert set(ticket.tags) == {"billing", "callback_wanted", "mine"}
    update(api, ticket.id, custom_fields=[{"id": area, "value": "shipping"}])
    assert set(ticket.tags) == {"callback_wanted", "mine", "shipping"}
    update(api, ticket.id, tags=["mine", "technical"])
    assert (read(area), read(callback), ticket.tags) == ("technical", False, ("mine", "technical"))
    update(api, ticket.id, custom_fields=[{"id": platforms, "value": ["ios", "windows"]}])
    update(api, ticket.id, tags=["windows"])
    assert (read(platforms), read(area)) == (["windows"], None)
    refused(api, ticket.id, custom_fields=[{"id": area, "value": "no_such_option"}])


def test_group_and_assignee(api: Api) -> None:
    """An assignee belongs to the group; alone it brings its default group; a new ticket becomes open."""
    ticket, world = api.new_ticket(), api.sandbox.world
    specialists, engineering = api.group("Specialists"), api.group("Engineering")
    agent = next(u for u in world.users.values() if u.default_group_id == specialists and not u.is_suspended)
    body = update(api, ticket.id, assignee_id=agent.id)["ticket"]
    assert (body["group_id"], body["assignee_id"], body["status"]) == (specialists, agent.id, "open")
    body = update(api, ticket.id, group_id=engineering)["ticket"]
    assert (body["group_id"], body["assignee_id"]) == (engineering, None)
    assert "assignee_id" in refused(api, ticket.id, group_id=engineering, assignee_id=agent.id)
    assert "group_id" in refused(api, ticket.id, group_id=12345)
    assert ticket.group_id == engineering


def test_group_alone_leaves_a_new_ticket_new(api: Api) -> None:
    """Only an assignee opens a ticket."""
    ticket = api.new_ticket()
    assert update(api, ticket.id, group_id=api.group("Engineering"))["ticket"]["status"] == "new"


def test_status(api: Api) -> None:
    """No way back to new; solving assigns the solver; a custom status sets its category."""
    ticket = api.new_ticket()
    vendor = api.sandbox.world.by_name("custom_statuses", "Waiting for vendor")["id"]
    body = update(api, ticket.id, custom_status_id=vendor)["ticket"]
    assert (body["status"], body["custom_status_id"]) == ("hold", vendor)
    assert "status" in refused(api, ticket.id, status="new")
    assert "status" in refused(api, ticket.id, status="finished")
    solved = update(api, ticket.id, status="solved")["ticket"]
    assert solved["assignee_id"] == api.sandbox.world.find_user("admin@example.com").id


def test_closed_is_final(api: Api) -> None:
    """Every update of a closed ticket is a 422 that says so."""
    ticket = api.first(lambda t: t.status == "closed")
    for body in ({"priority": "low"}, {"tags": ["x"]}, {"comment": {"body": "x", "public": False}}):
        details = refused(api, ticket.id, **body)
        assert details["status"][0]["description"] == "closed prevents ticket update"


def test_comments(api: Api) -> None:
    """A note stays internal; without `public` a comment inherits the ticket's visibility."""
    ticket = api.new_ticket()
    note = update(api, ticket.id, comment={"body": "note", "public": False})["audit"]["events"][0]
    assert (note["type"], note["public"], note["body"]) == ("Comment", False, "note")
    inherited = update(api, ticket.id, comment={"body": "hello"})["audit"]["events"][0]
    assert inherited["public"] is True
    rows = api.get(f"tickets/{ticket.id}/comments")["comments"]
    assert [row["body"] for row in rows] == ["It is broken.", "note", "hello"]
    light = connect(api.sandbox, "light@example.com")
    forced = update(light, ticket.id, comment={"body": "from a light agent", "public": True})
    assert forced["audit"]["events"][0]["public"] is False


def test_customer_reply_reopens(api: Api) -> None:
    """A reply to a pending or solved ticket opens it in the same audit."""
    ticket = api.new_ticket()
    api.sandbox.control.agent_replies(ticket.id, changes={"status": "pending"})
    assert (ticket.status, ticket.assignee_id is not None) == ("pending", True)
    api.sandbox.control.customer_replies(ticket.id)
    assert ticket.status == "open"
    api.sandbox.control.solve(ticket.id)
    api.sandbox.control.reopen(ticket.id)
    assert ticket.status == "open"


def test_safe_update(api: Api) -> None:
    """A stamp older than updated_at gives 409; a system change does not; without one the last wins."""
    ticket = api.new_ticket()
    stamp = api.get(f"tickets/{ticket.id}")["ticket"]["updated_at"]
    api.sandbox.control.system_touch(ticket.id)
    update(api, ticket.id, priority="low", updated_stamp=stamp, safe_update=True)
    api.sandbox.control.advance(3)
    api.sandbox.control.agent_notes(ticket.id)
    body = {"ticket": {"priority": "high", "updated_stamp": stamp, "safe_update": True}}
    assert api.put(f"tickets/{ticket.id}", body).status_code == 409
    assert ticket.priority == "low"
    update(api, ticket.id, priority="urgent")


def test_unpermitted_keys(api: Api) -> None:
    """Ignored keys are named in x-zendesk-api-warn, and nowhere else."""
    ticket = api.new_ticket()
    answer = api.put(
        f"tickets/{ticket.id}", {"ticket": {"id": ticket.id, "additional_tags": ["x"], "priority": "low"}}
    )
    warning = answer.headers["x-zendesk-api-warn"]
    assert ':unpermitted_keys=>["ticket.id", "ticket.additional_tags"]' in warning
    assert ':controller=>"tickets", :action=>"update"' in warning
    assert "x" not in ticket.tags


def test_tag_endpoints(api: Api) -> None:
    """POST sets, PUT adds, DELETE removes; the answer is the whole list."""
    ticket = api.new_ticket()
    assert api.post(f"tickets/{ticket.id}/tags", {"tags": ["a", "b"]}).json() == {"tags": ["a", "b"]}
    assert api.put(f"tickets/{ticket.id}/tags", {"tags": ["c"]}).json() == {"tags": ["a", "b", "c"]}
    gone = api.call("DELETE", f"tickets/{ticket.id}/tags", json={"tags": ["a", "z"]})
    assert gone.json() == {"tags": ["b", "c"]}


def test_triggers_run_on_write(api: Api) -> None:
    """A phone ticket gets its group from a trigger, and the audit says which."""
    ident = api.sandbox.control.customer_creates("Call", "Please call back", channel="phone")
    ticket = api.sandbox.world.tickets[ident]
    assert ticket.group_id == api.group("Frontline")
    events = api.get(f"tickets/{ident}/audits")["audits"][0]["events"]
    step = next(event for event in events if event.get("field_name") == "group_id")
    assert step["via"]["source"]["rel"] == "trigger"
    assert step["via"]["source"]["from"]["title"] == "Phone calls to Frontline"
    assert step["type"] == "Change"
    assert any(event["type"] == "Notification" for event in events)


def test_own_triggers(api: Api) -> None:
    """A trigger made over the API runs once per update and can set off another."""
    done = {"field": "current_tags", "operator": "includes", "value": "first"}
    for condition, tag in (
        ({"field": "priority", "operator": "value", "value": "urgent"}, "first"),
        (done, "second"),
    ):
        rule = {
            "title": tag,
            "conditions": {"all": [condition], "any": []},
            "actions": [{"field": "current_tags", "value": tag}],
        }
        assert api.post("triggers", {"trigger": rule}).status_code == 201
    ticket = api.new_ticket()
    update(api, ticket.id, priority="urgent")
    assert {"first", "second"} <= set(ticket.tags)


def test_create_and_idempotency_key(api: Api) -> None:
    """The same key gives the first answer again; with another body it is refused."""
    body = {"ticket": {"subject": "S", "comment": {"body": "B"}, "tags": ["t"]}}
    headers = {"Idempotency-Key": "k1"}
    first = api.call("POST", "tickets", json=body, headers=headers)
    again = api.call("POST", "tickets", json=body, headers=headers)
    assert (first.status_code, first.headers["x-idempotency-lookup"]) == (201, "miss")
    assert again.headers["x-idempotency-lookup"] == "hit"
    assert again.json() == first.json()
    other = api.call("POST", "tickets", json={"ticket": {"comment": {"body": "C"}}}, headers=headers)
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")
    assert api.post("tickets", {"ticket": {"subject": "no text"}}).status_code == 422


def test_delete_restore_and_scrub(api: Api) -> None:
    """A deleted ticket is gone from show and lists, can come back, and is empty once scrubbed."""
    ticket = api.new_ticket()
    before = ticket.updated
    api.sandbox.control.advance(10)
    assert api.call("DELETE", f"tickets/{ticket.id}").status_code == 204
    assert api.call("GET", f"tickets/{ticket.id}").status_code == 404
    assert api.get("tickets/show_many", ids=str(ticket.id))["tickets"] == []
    assert ticket.id in [row["id"] for row in api.get("deleted_tickets")["deleted_tickets"]]
    assert (ticket.updated, ticket.generated) == (before, before + 10)
    assert api.put(f"deleted_tickets/{ticket.id}/restore", {}).json() == {}
    assert api.get(f"tickets/{ticket.id}")["ticket"]["status"] == "new"
    api.sandbox.control.scrub(ticket.id)
    assert api.put(f"deleted_tickets/{ticket.id}/restore", {}).status_code == 404


def test_merge(api: Api) -> None:
    """The source closes with a tag and a note, the target gets a note."""
    source, target = api.new_ticket(), api.new_ticket()
    row = api.job(api.post(f"tickets/{target.id}/merge", {"ids": [source.id]}))
    assert row["results"] == {"success": True}
    assert (source.status, source.tags) == ("closed", ("closed_by_merge",))
    assert str(source.id) in api.get(f"tickets/{target.id}/comments")["comments"][-1]["body"]


def test_redaction(api: Api) -> None:
    """The text is gone from the comment, the description and every later answer."""
    ident = api.sandbox.control.customer_creates("Card", "My card is 4111 1111 1111 1111 ok?")
    assert api.sandbox.control.redact(ident, "4111 1111 1111 1111") == 1
    for path in (f"tickets/{ident}", f"tickets/{ident}/comments", f"tickets/{ident}/audits"):
        assert "4111" not in api.call("GET", path).text


def test_bad_bodies(api: Api) -> None:
    """Ids that are no integers, no JSON, unknown tickets and paths: each its own error body."""
    ticket = api.new_ticket()
    answer = api.put(f"tickets/{ticket.id}", {"ticket": {"group_id": "abc"}})
    assert (answer.status_code, answer.json()["error"]["title"]) == (400, "Invalid attribute")
    assert api.call("PUT", f"tickets/{ticket.id}", data="{").status_code == 400
    missing = api.put("tickets/99999999", {"ticket": {"priority": "low"}})
    assert (missing.status_code, missing.json()) == (
        404,
        {"error": "RecordNotFound", "description": "Not found"},
    )
    assert api.call("GET", "nothing/here").json()["error"] == "InvalidEndpoint"


def test_redaction_over_the_api(api: Api) -> None:
    """The comment comes back blackened, and an event in the audits says so."""
    ticket = api.new_ticket()
    comment = api.get(f"tickets/{ticket.id}/comments")["comments"][0]["id"]
    answer = api.put(f"tickets/{ticket.id}/comments/{comment}/redact", {"text": "broken"})
    assert answer.json()["comment"]["body"] == "It is ▇▇▇▇▇▇."
    last = api.get(f"tickets/{ticket.id}/audits")["audits"][-1]["events"][0]
    assert last["type"] == "CommentRedactionEvent"


@pytest.mark.parametrize("seed", range(4))
def test_a_busy_day_keeps_state_and_history_equal(api: Api, seed: int) -> None:
    """Whatever people and clients do in whatever order, each ticket stays the fold of its audits."""
    random, control, world = Random(seed), api.sandbox.control, api.sandbox.world
    idents = [api.new_ticket().id for _ in range(6)]
    tags = ["billing", "shipping", "x", "y", "callback_wanted", "ios", "windows"]
    acts: list[Callable[[int], object]] = [
        control.customer_replies,
        control.agent_replies,
        control.agent_notes,
        control.solve,
        lambda i: control.change(i, {"group": random.choice(["Frontline", "Engineering", None])}),
        lambda i: control.change(i, {"tags": random.sample(tags, 3)}),
        lambda i: control.change(i, {"additional_tags": random.sample(tags, 2)}),
        lambda i: control.change(i, {"fields": {"Area": random.choice(["billing", "legal", None])}}),
        lambda i: control.change(
            i, {"fields": {"Platforms": random.choice([[], ["ios"], ["macos", "ios"]])}}
        ),
        lambda i: control.change(i, {"status": random.choice(["pending", "hold", "open"])}),
        lambda i: control.rate(i, random.choice(["good", "bad"])),
        lambda i: api.put(f"tickets/{i}", {"ticket": {"priority": "high", "type": "incident"}}),
    ]
    for _ in range(120):
        control.advance(random.choice([0, 1, 30]))
        random.choice(acts)(random.choice(idents))
    for ident in idents:
        ticket = world.tickets[ident]
        values, fields = fold(ticket)
        assert {name: getattr(ticket, name) for name in values} == values
        assert ticket.fields == fields
        assert ticket.assignee_id is None or ticket.assignee_id in world.members[ticket.group_id or 0]
        for field, value in ticket.fields.items():
            assert tags_of_field(world.tables["ticket_fields"][field], value) <= set(ticket.tags)
    control.advance(61)
    rows = {row["id"]: row for row in api.get("incremental/tickets/cursor", start_time=1)["tickets"]}
    assert all(rows[ident]["status"] == world.tickets[ident].status for ident in idents)


def test_an_idempotency_key_has_a_length(api: Api) -> None:
    """255 characters are taken, one more is refused."""
    body = {"ticket": {"comment": {"body": "Once"}}}
    codes = [
        api.call("POST", "tickets", json=body, headers={"Idempotency-Key": "k" * length}).status_code
        for length in (255, 256)
    ]
    assert codes == [201, 400]
