"""The endpoints of business rules: views, triggers, automations, macros, SLAs, routing, webhooks."""

from __future__ import annotations

from functools import partial

from zdsync.sandbox import (
    definitions_api,
    plain_api,
    relations_api,
    routing_api,
    rules_api,
    tables,
    views_api,
    webhooks_api,
)
from zdsync.sandbox.endpoints import Endpoints


def fill(table: Endpoints) -> None:
    _views(table.having(resource="ticket_views"))
    _rules(table)
    _slas(table)
    _queues(table.having(admin=True))
    _skills(table)
    _webhooks(table)


def _views(table: Endpoints) -> None:
    api = views_api
    table.post("/views", api.create_view)
    table.get("/views/definitions", definitions_api.of_views)
    table.get("/views/compact", api.compact)
    table.get("/views/active", partial(tables.list_table, table="views", suffix="active"))
    table.get("/views/search", partial(tables.search_rows, table="views"))
    table.get("/views/show_many", partial(tables.show_many, table="views"))
    table.get("/views/count_many", api.count_many, "views-count-many")
    table.post("/views/preview", api.preview, "views-preview")
    table.post("/views/preview/count", api.preview_count, "views-preview")
    table.put("/views/update_many", api.update_many)
    table.delete("/views/destroy_many", partial(tables.destroy_many, table="views"))
    table.put("/views/<int:ident>", api.update_view)
    table.get("/views/<int:ident>/tickets", api.tickets)
    table.get("/views/<int:ident>/execute", api.execute, "per-view-execute")
    table.get("/views/<int:ident>/count", api.count, "per-view-count")


def _rules(table: Endpoints) -> None:
    for name in ("triggers", "automations", "macros"):
        table.get(f"/{name}/active", partial(tables.list_table, table=name, suffix="active"))
        table.get(f"/{name}/search", partial(tables.search_rows, table=name))
        table.post(f"/{name}", partial(rules_api.write_rule, table=name))
        table.put(f"/{name}/update_many", partial(rules_api.update_many, table=name))
        table.delete(f"/{name}/destroy_many", partial(tables.destroy_many, table=name))
        table.put(f"/{name}/<int:ident>", partial(rules_api.write_rule, table=name))
    table.put("/triggers/reorder", rules_api.reorder_triggers)
    table.get("/triggers/definitions", definitions_api.of_triggers)
    table.get("/automations/definitions", definitions_api.of_automations)
    table.get("/macros/definitions", definitions_api.of_macros)
    table.get("/macros/actions", definitions_api.macro_actions)
    table.get("/macros/categories", relations_api.macro_categories)
    table.get("/macros", relations_api.macro_list)
    table.get("/macros/<int:macro>/apply", relations_api.apply_macro)
    categories = table.having(resource="triggers")
    categories.post("/trigger_categories", partial(plain_api.create, table="trigger_categories"))
    update = partial(plain_api.update, table="trigger_categories")
    categories.add("PATCH", "/trigger_categories/<int:ident>", update)
    categories.delete("/trigger_categories/<int:ident>", rules_api.delete_category)


def _slas(table: Endpoints) -> None:
    mine = table.having(admin=True)
    mine.get("/slas/policies/definitions", definitions_api.of_slas)
    reorder = partial(plain_api.reorder, table="slas/policies", name="sla_policy_ids")
    mine.put("/slas/policies/reorder", reorder)
    mine.get("/group_slas/policies", rules_api.list_group_slas)


def _queues(table: Endpoints) -> None:
    api = routing_api
    table.get("/queues", api.list_queues)
    table.post("/queues", api.save_queue)
    table.get("/queues/definitions", definitions_api.of_queues)
    table.add("PATCH", "/queues/order", api.order_queues)
    table.get("/queues/<ident>", api.show_queue)
    table.put("/queues/<ident>", api.save_queue)
    table.delete("/queues/<ident>", api.delete_queue)


def _skills(table: Endpoints) -> None:
    api = routing_api
    attribute, value = "/routing/attributes/<ident>", "/routing/attributes/<ident>/values/<value>"
    table.get("/routing/attributes", api.list_attributes)
    table.get("/routing/attributes/definitions", api.definitions)
    table.get(attribute, api.show_attribute)
    table.get(f"{attribute}/values", api.list_values)
    table.get(value, api.show_value)
    mine = table.having(admin=True)
    mine.post("/routing/attributes", api.save_attribute)
    mine.put(attribute, api.save_attribute)
    mine.delete(attribute, api.delete_attribute)
    mine.post(f"{attribute}/values", api.save_value)
    mine.add("PATCH", value, api.save_value)
    mine.delete(value, api.delete_value)


def _webhooks(table: Endpoints) -> None:
    api, one = webhooks_api, "/webhooks/<ident>"
    mine = table.having(admin=True)
    mine.get("/webhooks", api.list_webhooks)
    mine.post("/webhooks", api.create)
    mine.post("/webhooks/test", api.test)
    mine.get(one, api.show)
    mine.add("PUT PATCH", one, api.update)
    mine.delete(one, api.delete)
    mine.add("GET POST", f"{one}/signing_secret", api.secret)
    mine.get(f"{one}/invocations", api.invocations)
    mine.get(f"{one}/invocations/<invocation>/attempts", api.attempts)
