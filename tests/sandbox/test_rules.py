"""Triggers and macros: what they do, how they are written, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api
from zdsync.sandbox.records import Comment, Notice

CREATED = {"field": "update_type", "operator": "is", "value": "Create"}


def trigger(api: Api, *actions: tuple[str, Any], when: Any = (CREATED,), **more: Any) -> Any:
    rows = [{"field": field, "value": value} for field, value in actions]
    answer = api.post("triggers", {"trigger": {"title": "T", "all": list(when), "actions": rows, **more}})
    assert answer.status_code == 201, answer.text
    return answer.json()["trigger"]


def refused(answer: Any) -> str:
    assert answer.status_code == 422, answer.text
    return str(next(iter(answer.json()["details"].values()))[0]["description"])


def test_every_action(api: Api) -> None:
    """Each one acts on the ticket, and its event names the trigger."""
    world = api.sandbox.world
    engineering, agent = api.group("Engineering"), world.find_user("agent@example.com")
    vendor = world.by_name("custom_statuses", "Waiting for vendor")["id"]
    brand, form = list(world.tables["brands"])[1], list(world.tables["ticket_forms"])[1]
    area = world.by_name("ticket_fields", "Area")["id"]
    callback = world.by_name("ticket_fields", "Callback wanted")["id"]
    made = trigger(
        api,
        ("set_tags", "one two three"),
        ("remove_tags", "two"),
        ("current_tags", "four five"),
        ("priority", "high"),
        ("type", "incident"),
        ("group_id", str(engineering)),
        ("custom_status_id", str(vendor)),
        ("brand_id", str(brand)),
        ("ticket_form_id", str(form)),
        (f"custom_fields_{area}", "legal"),
        (f"custom_fields_{callback}", "true"),
        ("follower", str(agent.id)),
        ("cc", "current_user"),
        ("satisfaction_score", "offered"),
        ("notification_user", ["requester_id", "Hello", "World"]),
        ("notification_group", ["group_id", "Hello", "World"]),
        ("notification_target", ["1", "{{ticket.title}}"]),
        ("reply_internal", ["internal", "{{ticket.id}} is here"]),
        ("locale_id", "8"),
    )
    ticket = api.new_ticket()
    assert ticket.tags == ("callback_wanted", "five", "four", "legal", "one", "three")
    assert (ticket.priority, ticket.type, ticket.status) == ("high", "incident", "hold")
    assert (ticket.group_id, ticket.brand_id, ticket.ticket_form_id) == (engineering, brand, form)
    assert ticket.custom_status_id == vendor
    assert ticket.fields == {area: "legal", callback: True}
    assert (ticket.follower_ids, ticket.email_cc_ids) == ((agent.id,), (ticket.requester_id,))
    assert ticket.score == "offered"
    events = ticket.audits[0].events
    kinds = [event.kind for event in events if isinstance(event, Notice) and event.rule == made["id"]]
    assert kinds == ["SatisfactionRating", "Notification", "Notification", "External"]
    notes = [event.body for event in events if isinstance(event, Comment) and not event.is_public]
    assert notes == [f"{ticket.id} is here"]


def test_people_and_groups_by_word(api: Api) -> None:
    """The current user, the requester, and the current user's groups."""
    agent = api.sandbox.world.find_user("agent@example.com")
    asked = {"field": "current_tags", "operator": "includes", "value": "mine"}
    trigger(api, ("group_id", "current_groups"), ("assignee_id", "current_user"), when=[asked])
    ticket = api.new_ticket()
    api.sandbox.control.change(ticket.id, {"tags": ["mine"]}, agent=agent.email)
    assert (ticket.assignee_id, ticket.group_id) == (agent.id, agent.default_group_id)
    api.sandbox.control.change(ticket.id, {"assignee": None, "tags": []}, agent=agent.email)
    assert ticket.assignee_id is None


def test_an_action_that_cannot_be_carried_out_is_passed_over(api: Api) -> None:
    """The update succeeds, and the other actions act."""
    trigger(
        api,
        ("assignee_id", "1"),
        ("status", "new"),
        ("brand_id", "1"),
        ("group_id", "x"),
        ("type", "problem"),
    )
    ticket = api.new_ticket()
    assert (ticket.type, ticket.status, ticket.assignee_id) == ("problem", "new", None)


def test_conditions_stand_under_the_rule_or_under_conditions(api: Api) -> None:
    """Both shapes are taken; an update of either array replaces both."""
    row = trigger(api, ("type", "problem"))
    assert row["conditions"] == {"all": [CREATED], "any": []}
    path = f"triggers/{row['id']}"
    body = {"conditions": {"any": [CREATED]}, "actions": row["actions"]}
    changed = api.put(path, {"trigger": body}).json()["trigger"]
    assert changed["conditions"] == {"all": [], "any": [CREATED]}
    alone = api.put(path, {"trigger": {"actions": [{"field": "type", "value": "task"}]}}).json()["trigger"]
    assert alone["conditions"] == {"all": [], "any": []}
    assert "actions" in refused(api.put(path, {"trigger": {"conditions": {"all": [CREATED]}}}))
    renamed = api.put(path, {"trigger": {"title": "New"}}).json()["trigger"]
    assert (renamed["title"], renamed["raw_title"]) == ("New", "New")
    assert renamed["actions"] == alone["actions"]


@pytest.mark.parametrize(
    "body",
    [
        {"title": "", "actions": [{"field": "type", "value": "task"}]},
        {"title": "T", "actions": []},
        {"title": "T", "actions": [{"field": "nonsense", "value": "task"}]},
        {"title": "T", "all": [{"field": "nonsense"}], "actions": [{"field": "type", "value": "task"}]},
        {
            "title": "T",
            "all": [{"field": "custom_fields_5"}],
            "actions": [{"field": "type", "value": "task"}],
        },
        {"title": "T", "all": [{"field": "NEW"}], "actions": [{"field": "type", "value": "task"}]},
        {"title": "T", "category_id": "5", "actions": [{"field": "type", "value": "task"}]},
        {"title": "T", "category_id": "none", "actions": [{"field": "type", "value": "task"}]},
        {"title": "T", "actions": [{"field": "type", "value": "x" * 66_000}]},
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused(api: Api, body: Any) -> None:
    """No title, no action, an unknown word, a time, a category that is not there, or too large."""
    assert refused(api.post("triggers", {"trigger": body}))


def test_views_have_the_same_size_limit(api: Api) -> None:
    """65 KB, when made and when changed."""
    status = {"field": "status", "operator": "is", "value": "new"}
    large = {"field": "current_tags", "operator": "includes", "value": "x " * 40_000}
    assert refused(api.post("views", {"view": {"title": "T", "all": [status, large]}}))
    made = api.post("views", {"view": {"title": "T", "all": [status]}}).json()["view"]
    assert refused(api.put(f"views/{made['id']}", {"view": {"all": [status, large]}}))
    assert refused(api.put(f"views/{made['id']}", {"view": {"all": [large]}}))


def test_many_at_once(api: Api) -> None:
    """Position, active and category of a hundred rules; deletion by ids."""
    first, second = (trigger(api, ("type", kind))["id"] for kind in ("task", "problem"))
    body = [{"id": first, "active": False, "position": 7}, {"id": second, "title": "ignored"}]
    answer = api.put("triggers/update_many", {"triggers": body})
    assert [row["active"] for row in answer.json()["triggers"]] == [False, True]
    assert '"triggers.title"' in answer.headers["x-zendesk-api-warn"]
    assert api.put("triggers/update_many", {"triggers": [{"id": first}] * 101}).status_code == 400
    assert first not in [row["id"] for row in api.get("triggers/active")["triggers"]]
    assert api.call("DELETE", f"triggers/destroy_many?ids={first},{second},5").status_code == 204
    assert api.call("GET", f"triggers/{first}").status_code == 404


def test_triggers_are_reordered_within_one_category(api: Api) -> None:
    """Every id or none; two categories are refused by name."""
    ids = [row["id"] for row in api.get("triggers")["triggers"]]
    assert api.put("triggers/reorder", {"trigger_ids": ids[1:]}).status_code == 422
    answer = api.put("triggers/reorder", {"trigger_ids": ids[::-1]})
    assert [row["id"] for row in answer.json()["triggers"]] == ids[::-1]
    made = api.post("trigger_categories", {"trigger_category": {"name": "Second"}}).json()["trigger_category"]
    assert isinstance(made["id"], str)
    trigger(api, ("type", "task"), category_id=made["id"])
    limited = api.put("triggers/reorder", {"trigger_ids": ids})
    assert (limited.status_code, limited.json()["error"]) == (400, "LimitOneCategory")
    in_use = api.call("DELETE", f"trigger_categories/{made['id']}")
    assert in_use.status_code == 422
    rows = api.get(f"triggers?category_id={made['id']}")["triggers"]
    assert [row["category_id"] for row in rows] == [made["id"]]
    api.call("DELETE", f"triggers/{rows[0]['id']}")
    assert api.call("DELETE", f"trigger_categories/{made['id']}").status_code == 204


def test_search_by_title(large: Api) -> None:
    """Offset pages only, whatever is asked for."""
    body = large.get("triggers/search?query=frontline&page[size]=1")
    assert {row["title"] for row in body["triggers"]} == {"Phone calls to Frontline", "Web form to Frontline"}
    assert "meta" not in body
    assert large.get("views/search?query=unassigned")["count"] == 1


def test_definitions_name_what_the_account_has(large: Api) -> None:
    """Groups, options and steps of triggers; times of automations; terminal operators take no value."""
    rows = large.get("triggers/definitions")["definitions"]
    by_subject = {row["subject"]: row for row in rows["conditions_all"]}
    assert "Engineering" in [value["title"] for value in by_subject["group_id"]["values"]]
    operators = {row["value"]: row["terminal"] for row in by_subject["status"]["operators"]}
    assert (operators["changed"], operators["value"]) == (True, False)
    assert "notification_webhook" in [row["subject"] for row in rows["actions"]]
    times = large.get("automations/definitions")["definitions"]["conditions_all"]
    assert "SOLVED" in [row["subject"] for row in times]
    assert large.get("macros/definitions")["definitions"]["actions"]
    assert large.get("slas/policies/definitions")["definitions"]["all"]


def test_macros(api: Api) -> None:
    """What a macro would do is told, not done."""
    actions = [
        {"field": "status", "value": "solved"},
        {"field": "current_tags", "value": "a b"},
        {"field": "comment_value", "value": "Done."},
        {"field": "comment_mode_is_public", "value": "false"},
        {"field": "custom_fields_5", "value": "x"},
    ]
    made = api.post("macros", {"macro": {"title": "Ends::Done", "actions": actions}}).json()["macro"]
    ticket = api.new_ticket()
    applied = api.get(f"tickets/{ticket.id}/macros/{made['id']}/apply")["result"]["ticket"]
    assert applied == {
        "id": ticket.id,
        "status": "solved",
        "additional_tags": ["a", "b"],
        "comment": {"body": "Done.", "public": False},
        "fields": [{"id": 5, "value": "x"}],
    }
    assert "id" not in api.get(f"macros/{made['id']}/apply")["result"]["ticket"]
    assert ticket.status == "new"
    assert api.get("macros/categories")["categories"] == ["Ends"]
    assert [row["id"] for row in api.get("macros?category=Ends")["macros"]] == [made["id"]]
