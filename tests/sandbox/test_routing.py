"""Queues and skills, and the exports that follow skills."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Api, connect


def test_queues(api: Api) -> None:
    """Created with groups by id, shown with groups by name, ordered by naming all of them."""
    rows = api.get("queues")["queues"]
    assert [row["order"] for row in rows] == [1, 2]
    assert rows[0]["primary_groups"]["groups"][0]["name"] == "Specialists"
    assert api.post("queues", {"queue": {"name": "Bugs"}}).status_code == 422
    given = {
        "name": "Bugs",
        "definition": {"all": [{"field": "type", "operator": "is", "value": "problem"}], "any": []},
        "primary_groups_id": [api.group("Engineering")],
        "priority": 3,
    }
    made = api.post("queues", {"queue": given}).json()["queue"]
    path = f"queues/{made['id']}"
    assert (made["primary_groups"]["count"], made["secondary_groups"]["count"], made["order"]) == (1, 0, 3)
    changed = api.put(path, {"queue": {"name": "Faults", "order": 9}})
    assert changed.json()["queue"]["name"] == "Faults"
    assert '"queue.order"' in changed.headers["x-zendesk-api-warn"]
    ids = [row["id"] for row in api.get("queues")["queues"]]
    assert api.call("PATCH", "queues/order", json={"queue_ids": ids[1:]}).status_code == 400
    assert api.call("PATCH", "queues/order", json={"queue_ids": ids[::-1]}).status_code == 204
    assert [row["id"] for row in api.get("queues")["queues"]] == ids[::-1]
    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404
    assert api.get("queues/definitions")["definitions"]["conditions_all"]
    assert connect(api.sandbox, "agent@example.com").call("GET", "queues").status_code == 403


def walk(api: Api, name: str) -> list[Any]:
    body = api.get(f"incremental/routing/{name}")
    rows: list[Any] = []
    while body["count"]:
        rows += body[name]
        body = api.get(body["next_page"])
    return rows


def test_skills(api: Api) -> None:
    """Attributes hold values; a ticket's or agent's values are replaced as a whole; exports tell each step."""
    (language,) = api.get("routing/attributes")["attributes"]
    path = f"routing/attributes/{language['id']}"
    assert api.get(path)["attribute"] == language
    values = api.get(f"{path}/values")["attribute_values"]
    assert [row["name"] for row in values] == ["German", "French"]
    made = api.post(f"{path}/values", {"attribute_value": {"name": "Danish"}}).json()["attribute_value"]
    one = f"{path}/values/{made['id']}"
    assert api.call("PATCH", one, json={"attribute_value": {"name": "Dansk"}}).json()["attribute_value"][
        "name"
    ] == ("Dansk")
    ticket = api.new_ticket()
    skills = f"routing/tickets/{ticket.id}/instance_values"
    assert api.post(skills, {"attribute_value_ids": ["nonsense"]}).status_code == 422
    api.post(skills, {"attribute_value_ids": [made["id"]]})
    answer = api.post(skills, {"attribute_value_ids": [values[0]["id"]]})
    assert [row["name"] for row in answer.json()["attribute_values"]] == ["German"]
    steps = [row for row in walk(api, "instance_values") if row["instance_id"] == str(ticket.id)]
    assert [row["type"] for row in steps] == ["associate_ticket", "unassociate_ticket", "associate_ticket"]
    agent = api.sandbox.world.find_user("agent@example.com").id
    api.post(f"routing/agents/{agent}/instance_values", {"attribute_value_ids": [made["id"]]})
    assert api.call("DELETE", one).status_code == 204
    assert api.get(f"routing/agents/{agent}/instance_values")["attribute_values"] == []
    kinds = [(row["name"], row["type"]) for row in walk(api, "attribute_values")]
    assert kinds[-3:] == [("Danish", "create"), ("Dansk", "update"), ("Dansk", "delete")]
    requester = ticket.requester_id
    assert api.call("GET", f"routing/agents/{requester}/instance_values").status_code == 404


def test_attributes_change(api: Api) -> None:
    """Created, renamed, and deleted together with their values."""
    assert api.post("routing/attributes", {"attribute": {"name": ""}}).status_code == 422
    made = api.post("routing/attributes", {"attribute": {"name": "Product"}}).json()["attribute"]
    path = f"routing/attributes/{made['id']}"
    value = api.post(f"{path}/values", {"attribute_value": {"name": "Lamps"}}).json()["attribute_value"]
    assert api.post(f"{path}/values", {"attribute_value": {}}).status_code == 422
    assert api.put(path, {"attribute": {"name": "Goods"}}).json()["attribute"]["name"] == "Goods"
    assert api.get(f"{path}/values/{value['id']}")["attribute_value"]["name"] == "Lamps"
    language = api.get("routing/attributes")["attributes"][0]["id"]
    assert api.call("GET", f"routing/attributes/{language}/values/{value['id']}").status_code == 404
    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404
    assert [row["type"] for row in walk(api, "attributes")][-3:] == ["create", "update", "delete"]
    assert api.call("GET", "incremental/routing/attributes?cursor=nonsense").status_code == 400
    assert api.get("routing/attributes/definitions")["definitions"]["conditions_all"]
