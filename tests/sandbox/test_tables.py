"""Every list can be walked in both dialects, and gives the same rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api

LISTS = {
    "activities": "activities",
    "audit_logs": "audit_logs",
    "automations": "automations",
    "brand_agents": "brand_agents",
    "brands": "brands",
    "custom_roles": "custom_roles",
    "custom_statuses": "custom_statuses",
    "deleted_tickets": "deleted_tickets",
    "deleted_users": "deleted_users",
    "deletion_schedules": "deletion_schedules",
    "dynamic_content/items": "items",
    "group_memberships": "group_memberships",
    "groups": "groups",
    "locales": "locales",
    "macros": "macros",
    "organization_fields": "organization_fields",
    "organization_memberships": "organization_memberships",
    "organization_subscriptions": "organization_subscriptions",
    "organizations": "organizations",
    "recipient_addresses": "recipient_addresses",
    "requests": "requests",
    "satisfaction_ratings": "satisfaction_ratings",
    "satisfaction_reasons": "reasons",
    "sharing_agreements": "sharing_agreements",
    "skips": "skips",
    "slas/policies": "sla_policies",
    "suspended_tickets": "suspended_tickets",
    "tags": "tags",
    "targets": "targets",
    "ticket_fields": "ticket_fields",
    "ticket_forms": "ticket_forms",
    "ticket_metrics": "ticket_metrics",
    "tickets": "tickets",
    "trigger_categories": "trigger_categories",
    "triggers": "triggers",
    "user_fields": "user_fields",
    "users": "users",
    "views": "views",
    "workspaces": "workspaces",
}
#: Lists that are empty for the administrator of a fresh account.
EMPTY = frozenset({"activities", "deleted_users", "requests"})


def by_cursor(api: Api, path: str, name: str, size: int) -> list[Any]:
    body = api.get(path, **{"page[size]": size})
    rows = list(body[name])
    while body["meta"]["has_more"]:
        body = api.get(body["links"]["next"])
        rows += body[name]
    return rows


def by_offset(api: Api, path: str, name: str, size: int) -> list[Any]:
    body = api.get(path, per_page=size)
    rows = list(body[name])
    while body["next_page"]:
        body = api.get(body["next_page"])
        rows += body[name]
    assert body["count"] == len(rows)
    return rows


@pytest.mark.parametrize("path", sorted(LISTS))
def test_both_dialects_give_the_same_rows(large: Api, path: str) -> None:
    """Small pages of either kind hold every row once, in one order."""
    name = LISTS[path]
    size = 97 if path in ("tickets", "ticket_metrics", "users", "organization_memberships") else 3
    paged = by_cursor(large, path, name, size)
    assert paged == by_offset(large, path, name, size)
    assert bool(paged) != (path in EMPTY)
    keys = [row.get("id", row.get("name")) for row in paged]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("groups", ("name",)),
        ("macros", ("title",)),
        ("triggers", ("position", "title")),
        ("automations", ("position",)),
        ("views", ("created_at", "id")),
    ],
)
def test_lists_have_their_own_order(large: Api, path: str, order: tuple[str, ...]) -> None:
    """As the cursors of recorded bodies name it."""
    rows = large.get(path)[path]
    keys = [tuple(row[name] for name in order) for row in rows]
    assert keys == sorted(keys)


def test_sorting_belongs_to_one_dialect(large: Api) -> None:
    """`sort` turns cursor pages, `sort_by` offset pages; the wrong one is ignored, an unknown one refused."""
    up = [row["id"] for row in large.get("triggers?page[size]=100&sort=id")["triggers"]]
    assert [row["id"] for row in large.get("triggers?page[size]=100&sort=-id")["triggers"]] == up[::-1]
    down = large.get("triggers?sort_by=alphabetical&sort_order=desc")["triggers"]
    titles = [row["title"] for row in down]
    assert titles == sorted(titles, reverse=True)
    own = large.get("tickets?page[size]=20")["tickets"]
    mixed = large.get("tickets?page[size]=20&sort_by=updated_at&sort_order=desc")["tickets"]
    assert mixed == own
    refused = large.call("GET", "triggers?page[size]=5&sort=colour")
    assert refused.json()["errors"][0]["code"] == "InvalidPaginationParameter"


def test_a_cursor_of_another_order_is_refused(large: Api) -> None:
    """A cursor that was made by id does not fit pages by title."""
    cursor = large.get("tickets?page[size]=2")["meta"]["after_cursor"]
    params = {"page[size]": 2, "page[after]": cursor, "sort": "updated_at"}
    assert large.call("GET", "tickets", params=params).status_code == 400
    assert large.call("GET", "tickets?page[after]=nonsense").status_code == 400


def test_deep_offset_pages_say_no(large: Api) -> None:
    """The link to the page after the last allowed one is there, and leads to a 400."""
    for path in ("users?per_page=100&page=101", "tags?per_page=50&page=201"):
        answer = large.call("GET", path)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "InvalidPaginationDepth"


def test_tags_go_on_for_many_pages(api: Api) -> None:
    """Most used first; cursors reach all of them, up to twenty thousand."""
    ticket = api.new_ticket()
    ticket.tags = tuple(f"tag_{number:05d}" for number in range(20_500))
    ticket.updated = api.sandbox.world.clock.now()
    body = api.get("tags?page[size]=100")
    counts = [row["count"] for row in body["tags"]]
    assert counts == sorted(counts, reverse=True)
    assert api.get("tags/count")["count"]["value"] == 20_000
    assert body["meta"]["has_more"]
    assert len(api.get(body["links"]["next"])["tags"]) == 100
    found = api.get("autocomplete/tags?name=tag_0000")["tags"]
    assert found == [f"tag_{number:05d}" for number in range(10)]


def test_plain_rows_are_written_and_logged(api: Api) -> None:
    """Targets, addresses, policies and the like: created, changed, deleted, and noted in the audit log."""
    made = api.post("targets", {"target": {"title": "T", "type": "email_target", "nonsense": 1}})
    assert made.status_code == 201
    assert '"target.nonsense"' in made.headers["x-zendesk-api-warn"]
    row = made.json()["target"]
    changed = api.put(f"targets/{row['id']}", {"target": {"active": False}})
    assert changed.json()["target"]["active"] is False
    assert api.call("DELETE", f"targets/{row['id']}").status_code == 204
    assert api.call("GET", f"targets/{row['id']}").status_code == 404
    assert api.post("targets", {"target": {"title": "T"}}).status_code == 422
    log = api.get("audit_logs", **{"filter[source_type]": "target"})["audit_logs"]
    assert [entry["action"] for entry in log] == ["destroy", "update", "create"]
    oldest = api.get("audit_logs?sort=created_at&page[size]=1")["audit_logs"][0]
    assert (oldest["action"], oldest["source_type"]) == ("create", "schedule")


def test_derived_keys_of_plain_rows(api: Api) -> None:
    """A form has its raw names, a brand its address, a dynamic text its placeholder."""
    form = api.post("ticket_forms", {"ticket_form": {"name": "Short"}}).json()["ticket_form"]
    assert (form["raw_name"], form["display_name"]) == ("Short", "Short")
    brand = api.post("brands", {"brand": {"name": "B", "subdomain": "bee"}}).json()["brand"]
    assert brand["brand_url"] == "https://bee.zendesk.com"
    item = api.post("dynamic_content/items", {"item": {"name": "Closing Time"}}).json()["item"]
    assert item["placeholder"] == "{{dc.closing_time}}"


def test_order_is_given_with_every_id(api: Api) -> None:
    """Fields, forms and policies are put in order by a list of all their ids, or not at all."""
    ids = [row["id"] for row in api.get("ticket_forms")["ticket_forms"]]
    assert api.put("ticket_forms/reorder", {"ticket_form_ids": ids[:1]}).status_code == 422
    assert api.put("ticket_forms/reorder", {"ticket_form_ids": ids[::-1]}).status_code == 200
    assert [row["id"] for row in api.get("ticket_forms")["ticket_forms"]] == ids[::-1]


def test_field_options_have_their_own_endpoints(api: Api) -> None:
    """Listed, shown, changed by id, taken away with their values; never more than two thousand."""
    area = api.sandbox.world.by_name("ticket_fields", "Area")
    path = f"ticket_fields/{area['id']}/options"
    first = api.get(path)["custom_field_options"][0]
    assert api.get(f"{path}/{first['id']}")["custom_field_option"] == first
    body = {"custom_field_option": {"id": first["id"], "name": "Money", "value": "billing"}}
    assert api.post(path, body).status_code == 200
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"custom_fields": [{"id": area["id"], "value": "billing"}]}})
    assert api.call("DELETE", f"{path}/{first['id']}").status_code == 204
    assert area["id"] not in ticket.fields
    assert api.call("GET", f"{path}/{first['id']}").status_code == 404
    assert api.post(path, {"custom_field_option": {"name": "X"}}).status_code == 422
    many = [{"name": str(n), "value": f"v{n}"} for n in range(2001)]
    body = {"ticket_field": {"custom_field_options": many}}
    assert api.put(f"ticket_fields/{area['id']}", body).status_code == 422
    assert api.put(f"ticket_fields/{area['id']}", {"ticket_field": {"custom_field_options": many[1:]}}).ok
    assert api.post(path, {"custom_field_option": {"name": "X", "value": "x"}}).status_code == 422


def test_counts_and_many_at_once(large: Api) -> None:
    """Counts agree with lists; `show_many` finds by id and by key."""
    fields = large.get("ticket_fields")["ticket_fields"]
    assert large.get("ticket_fields/count")["count"]["value"] == len(fields)
    found = large.get("ticket_fields/show_many", keys="area,platforms")["ticket_fields"]
    assert {row["key"] for row in found} == {"area", "platforms"}
    assert large.get("ticket_fields/show_many", ids=fields[0]["id"])["ticket_fields"] == fields[:1]
    listed = large.get("tickets?per_page=1")["count"]
    assert large.get("tickets/count")["count"]["value"] == listed


def test_settings_and_locales(large: Api) -> None:
    """What clients look at first."""
    settings = large.get("account/settings")["settings"]
    assert settings["brands"]["default_brand_id"] in large.sandbox.world.tables["brands"]
    assert large.get("locales/de")["locale"] == large.get("locales/8")["locale"]
    assert large.call("GET", "locales/tlh").status_code == 404
    assert large.call("GET", "ticket_form_statuses").status_code == 403
    assert large.call("GET", "group_slas/policies").status_code == 403


def test_custom_statuses_change(api: Api) -> None:
    """Texts change, the category does not; a default status stays active; another can become default."""
    vendor = api.sandbox.world.by_name("custom_statuses", "Waiting for vendor")
    path = f"custom_statuses/{vendor['id']}"
    answer = api.put(path, {"custom_status": {"agent_label": "With vendor", "status_category": "open"}})
    row = answer.json()["custom_status"]
    assert (row["agent_label"], row["raw_agent_label"], row["status_category"]) == (
        "With vendor",
        "With vendor",
        "hold",
    )
    assert '"custom_status.status_category"' in answer.headers["x-zendesk-api-warn"]
    assert api.put(path, {"custom_status": {"agent_label": "x" * 49}}).status_code == 422
    assert api.put("custom_status/default", {"ids": [vendor["id"]]}).status_code == 200
    assert api.put(path, {"custom_status": {"active": False}}).status_code == 422
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"status": "hold"}})
    assert ticket.custom_status_id == vendor["id"]
    assert api.call("DELETE", path).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "satisfaction_ratings?start_time=soon", None),
        ("POST", "tickets", {"ticket": {"comment": "text"}}),
        ("PUT", "tickets/update_many", {"tickets": [5]}),
        ("POST", "triggers", {"trigger": {"title": "T", "actions": 5}}),
    ],
)
def test_what_cannot_be_understood_is_a_400(api: Api, method: str, path: str, body: Any) -> None:
    """A number that is none and a text in place of an object are the sender's fault."""
    assert api.call(method, path, json=body).status_code == 400


def test_links_keep_repeated_parameters(large: Api) -> None:
    """`role[]` given twice stays twice, in either dialect."""
    path = "users?role[]=agent&role[]=admin"
    rows = by_cursor(large, path, "users", 20)
    assert rows == by_offset(large, path, "users", 20)
    assert {row["role"] for row in rows} == {"agent", "admin"}
    assert len(rows) > 20
