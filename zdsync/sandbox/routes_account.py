"""The endpoints of the account's configuration, most of them from the tables themselves."""

from __future__ import annotations

from functools import partial

from zdsync.sandbox import (
    account_api,
    activities_api,
    auth_api,
    fields_api,
    plain_api,
    schedules_api,
    surveys_api,
    tables,
)
from zdsync.sandbox.endpoints import Endpoints


def fill(table: Endpoints) -> None:
    _tables(table)
    _fields(table)
    _schedules(table.having(admin=True))
    _statuses(table)
    _account(table)


def _tables(table: Endpoints) -> None:
    """Lists and single rows of every table; plain ones can be written too."""
    own_lists = ("satisfaction_ratings", "macros", "audit_logs", "skips", "locales")
    for name, kind in tables.KINDS.items():
        mine = table.having(admin=kind.admin, resource=kind.scope or name.split("/")[0])
        if name not in own_lists:
            mine.get(f"/{name}", partial(tables.list_table, table=name))
        if name != "locales":
            mine.get(f"/{name}/<int:ident>", partial(tables.show_row, table=name))
    for name in plain_api.SHAPES:
        kind = tables.KINDS[name]
        mine = table.having(admin=True, resource=kind.scope or name.split("/")[0])
        if name != "trigger_categories":
            mine.post(f"/{name}", partial(plain_api.create, table=name))
            mine.put(f"/{name}/<int:ident>", partial(plain_api.update, table=name))
            mine.delete(f"/{name}/<int:ident>", partial(tables.delete_row, table=name))
    for name in ("groups", "views", "ticket_fields"):
        table.get(f"/{name}/count", partial(tables.count_table, table=name))
    for name in ("groups", "group_memberships"):
        table.get(f"/{name}/assignable", partial(tables.list_table, table=name, suffix="assignable"))
    for name in ("groups", "views", "triggers", "automations", "macros", "custom_statuses"):
        resource = "ticket_views" if name == "views" else name
        handler = partial(tables.delete_row, table=name)
        table.delete(f"/{name}/<int:ident>", handler, resource=resource)
    for name in ("ticket_fields", "user_fields", "ticket_forms"):
        table.get(f"/{name}/show_many", partial(tables.show_many, table=name))


def _fields(table: Endpoints) -> None:
    mine = table.having(admin=True)
    for name in ("ticket_fields", "user_fields", "organization_fields"):
        mine.post(f"/{name}", partial(fields_api.create_field, table=name))
        mine.put(f"/{name}/<int:ident>", partial(fields_api.update_field, table=name))
        mine.delete(f"/{name}/<int:ident>", partial(tables.delete_row, table=name))
        reorder = partial(plain_api.reorder, table=name, name=f"{name[:-1]}_ids")
        mine.put(f"/{name}/reorder", reorder)
    for name in ("ticket_fields", "user_fields"):
        one = f"/{name}/<int:ident>/options"
        table.get(one, partial(fields_api.list_options, table=name))
        table.get(f"{one}/<int:option>", partial(fields_api.show_option, table=name))
        mine.post(one, partial(fields_api.save_option, table=name), "ticket-field-options")
        mine.delete(f"{one}/<int:option>", partial(fields_api.delete_option, table=name))
    mine.put(
        "/ticket_forms/reorder", partial(plain_api.reorder, table="ticket_forms", name="ticket_form_ids")
    )


def _schedules(table: Endpoints) -> None:
    api, one = schedules_api, "/business_hours/schedules/<int:ident>"
    table.post("/business_hours/schedules", api.create)
    table.put(one, api.update)
    table.delete(one, partial(tables.delete_row, table=api.TABLE))
    table.put(f"{one}/workweek", api.update_workweek)
    reader = Endpoints(table.found)
    reader.get(f"{one}/holidays", api.list_holidays)
    reader.get(f"{one}/holidays/<int:holiday>", api.show_holiday)
    table.post(f"{one}/holidays", api.save_holiday)
    table.put(f"{one}/holidays/<int:holiday>", api.save_holiday)
    table.delete(f"{one}/holidays/<int:holiday>", api.delete_holiday)


def _statuses(table: Endpoints) -> None:
    mine = table.having(admin=True)
    mine.post("/custom_statuses", account_api.create_status)
    mine.put("/custom_statuses/<int:ident>", account_api.update_status)
    mine.put("/custom_status/default", account_api.default_statuses)
    table.get("/ticket_form_statuses", account_api.list_form_statuses)


def _account(table: Endpoints) -> None:
    api = account_api
    table.get("/satisfaction_ratings", api.list_ratings, admin=True)
    table.get("/satisfaction_ratings/count", api.count_ratings, admin=True)
    table.get("/guide/survey_responses", surveys_api.list_responses, admin=True)
    table.get("/guide/<locale>/survey_responses/<ident>", surveys_api.show_response, admin=True)
    table.get("/audit_logs", api.list_audit_logs, resource="auditlogs", admin=True)
    table.get("/tags", api.list_tags, "tags-index")
    table.get("/tags/count", api.count_tags)
    table.add("GET POST", "/autocomplete/tags", api.complete_tags)
    table.get("/account/settings", api.settings)
    table.get("/locales", partial(tables.list_table, table="locales"))
    table.get("/locales/agent", partial(tables.list_table, table="locales"))
    table.get("/locales/public", partial(tables.list_table, table="locales"))
    table.get("/locales/<ident>", api.show_locale)
    table.get("/activities", activities_api.list_activities)
    table.get("/activities/count", activities_api.count_activities)
    table.get("/activities/<int:ident>", activities_api.show_activity)
    table.get("/oauth/tokens/current", auth_api.current_token, resource="any")
    table.delete("/oauth/tokens/current", auth_api.current_token, resource="any")
