"""What customers, agents and admins do to an account in a month, and how often beside each other."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults.month import Deed, Json, Month

# Tickets


def creates(month: Month) -> None:
    channel = month.chance.choice(["email", "web", "chat", "whatsapp", "phone"])
    fields = {
        "error_message": month.text(),
        "area": month.chance.choice(["billing", "legal"]),
        "delivery_state": "ok",
    }
    custom = [{"id": month.control._field(key)["id"], "value": value} for key, value in fields.items()]
    month.control.customer_creates(
        month.text()[:80],
        month.text(),
        month.person().id,
        channel,
        {"custom_fields": custom, "tags": ["vip", "from_" + channel]}
        if month.chance.random() < 0.5
        else None,
    )


def is_seen_by_bots_only(month: Month) -> None:
    id = month.control.customer_creates("For the bot", month.text())
    ticket = month.world.tickets[id]
    ticket.support_type = "ai_agent"
    month.world.add_ticket(ticket)


def customer_replies(month: Month) -> None:
    month.control.customer_replies(
        month.ticket(status=("open", "pending", "hold", "solved")).id, month.text()
    )


def agent_replies(month: Month) -> None:
    month.control.agent_replies(month.ticket().id, month.text(), public=month.chance.random() < 0.6)


def changes(month: Month) -> None:
    ticket = month.ticket()
    change: Json = month.chance.choice(
        [
            {"priority": month.chance.choice(["low", "normal", "high", "urgent", None])},
            {"group": month.chance.choice(["Frontline", "Specialists", "Engineering"])},
            {"tags": [*ticket.tags, f"tag_{month.chance.randrange(20)}"]},
            {"tags": list(ticket.tags)[1:]},
            {"subject": month.text()[:70]},
            {"status": month.chance.choice(["open", "pending", "hold"])},
            {"type": "task", "due_at": "2026-12-24T12:00:00Z"},
            {"fields": {"area": month.chance.choice(["billing", "technical", None])}},
            {"fields": {"steps_to_reproduce": month.text(), "seats": 12}},
            {"fields": {"platforms": ["windows", "macos"], "callback": True, "needed_by": "2027-01-31"}},
        ]
    )
    month.control.change(ticket.id, change)


def solves(month: Month) -> None:
    month.control.solve(month.ticket().id)


def closes(month: Month) -> None:
    month.control.close(month.ticket(status=("solved",)).id)


def rates(month: Month) -> None:
    ticket = month.ticket(status=("solved",))
    month.control.rate(
        ticket.id, month.chance.choice(["good", "bad"]), f"{month.text()} {month.whisper(ticket)}"
    )


def touches(month: Month) -> None:
    month.control.system_touch(month.ticket(status=("new", "open", "solved", "closed")).id)


def whispers(month: Month) -> None:
    ticket = month.ticket()
    month.control.agent_notes(ticket.id, f"{month.whisper(ticket)} is the word. {month.text()}")


def redacts(month: Month) -> str:
    words = [word for word in month.words if word not in month.erased]
    word: str = month.pick([word for word in words if not month.world.tickets[month.words[word]].is_deleted])
    if not month.control.redact(month.words[word], word):
        raise LookupError("it is not said in a comment")
    month.erased.add(word)
    return word


def redacts_and_deletes(month: Month) -> None:
    word = redacts(month)
    month.house.advance(month.chance.choice([1, 300]))
    month.control.delete(month.words[word])


def deletes(month: Month) -> None:
    month.control.delete(month.ticket(status=("new", "open", "pending", "solved", "closed")).id)


def restores(month: Month) -> None:
    gone = [row for row in month.world.tickets.values() if row.is_deleted and not row.is_scrubbed]
    month.control.restore(month.pick(gone[-5:]).id)


def scrubs(month: Month) -> None:
    gone = [row for row in month.world.tickets.values() if row.is_deleted and not row.is_scrubbed]
    month.forget(month.control.scrub(month.pick(gone).id))


def destroys(month: Month) -> None:
    month.forget(month.control.destroy(month.ticket(status=("open", "solved")).id))


def merges(month: Month) -> None:
    one, other = month.ticket(), month.ticket()
    if one is not other:
        month.control.merge(one.id, other.id)


# People


def signs_up(month: Month) -> None:
    number = month.chance.randrange(10**9)
    company = month.pick([row.id for row in month.world.organizations.values() if row.deleted_at is None])
    month.call(
        "POST",
        "users.json",
        {"user": {"name": month.text(), "email": f"new{number}@example.com", "organization_id": company}},
    )


def founds_a_company(month: Month) -> None:
    month.call("POST", "organizations.json", {"organization": {"name": month.name(), "notes": month.text()}})


def changes_a_person(month: Month) -> None:
    change: Json = month.chance.choice(
        [
            {"name": month.name()},
            {"email": f"moved{month.chance.randrange(10**9)}@example.com"},
            {"tags": ["vip", "beta"]},
            {"is_suspended": month.chance.random() < 0.5},
            {"organization_id": month.pick(list(month.world.organizations))},
            {"fields": {"job_title": month.text(), "opted_out": True}},
            {"details": month.text(), "notes": None},
        ]
    )
    month.control.change_user(month.person().id, change)


def person_goes(month: Month) -> None:
    month.control.delete_user(month.person().id, permanently=month.chance.random() < 0.5)


def people_are_merged(month: Month) -> None:
    one, other = month.person(), month.person()
    if one is not other:
        month.control.merge_users(one.id, other.id)


def changes_a_company(month: Month) -> None:
    change: Json = month.chance.choice(
        [{"name": month.name()}, {"domain_names": ["x.example"], "tags": []}, {"fields": {"mrr": 10**15}}]
    )
    month.control.change_organization(month.pick(list(month.world.organizations)), change)


def company_goes(month: Month) -> None:
    month.control.delete_organization(month.pick(list(month.world.organizations)))


# Configuration


def fields_change(month: Month) -> None:
    field = month.pick([row for row in month.world.custom_fields() if row["type"] == "tagger"])
    match month.chance.randrange(4):
        case 0:
            month.control.rename_field(
                field["id"], month.chance.choice(["Status", "'; DROP TABLE x", "Topic"])
            )
        case 1:
            month.control.add_option(field["id"], month.name(), f"option_{month.chance.randrange(10**6)}")
        case 2:
            kept = field["custom_field_options"][1:]
            month.call(
                "PUT", f"ticket_fields/{field['id']}.json", {"ticket_field": {"custom_field_options": kept}}
            )
        case _:
            month.call(
                "POST",
                "ticket_fields.json",
                {"ticket_field": {"title": "Status", "type": "text", "key": None}},
            )


def schedules_change(month: Month) -> None:
    schedule = month.row("business_hours/schedules")
    match month.chance.randrange(4):
        case 0:
            intervals = [{"start_time": 1440 + 60 * month.chance.randrange(12), "end_time": 2460}]
            month.control.change_row("business_hours/schedules", schedule["id"], {"intervals": intervals})
        case 1:
            new = {"name": month.name(), "start_date": "2026-12-31", "end_date": "2027-01-02"}
            month.control.set_holidays(
                schedule["id"], [*month.world.holidays.get(schedule["id"], [])[1:], new]
            )
        case 2:
            held = [
                dict(row) | {"name": month.name()} for row in month.world.holidays.get(schedule["id"], [])
            ]
            month.control.set_holidays(schedule["id"], held)
        case _:
            row = {"name": month.name(), "time_zone": "Tokyo", "intervals": []}
            month.control.add_row("business_hours/schedules", row)


def policies_change(month: Month) -> None:
    policies = list(month.world.tables["slas/policies"].values())
    if policies and month.chance.random() < 0.6:
        row = month.pick(policies)
        if month.chance.random() < 0.3:
            month.control.remove_row("slas/policies", row["id"])
            return
        month.control.change_row(
            "slas/policies", row["id"], {"title": month.name(), "position": month.chance.randrange(9)}
        )
        return
    metrics = [{"priority": "high", "metric": "first_reply_time", "target": 60, "business_hours": True}]
    new: Json = {"title": month.name(), "description": None, "position": 1, "filter": {"all": [], "any": []}}
    month.control.add_row("slas/policies", new | {"policy_metrics": metrics})


def agents_move(month: Month) -> None:
    if month.chance.random() < 0.5:
        month.call("DELETE", f"group_memberships/{month.row('group_memberships')['id']}.json")
        return
    member = {"user_id": month.person("agent").id, "group_id": month.row("groups")["id"]}
    month.call("POST", "group_memberships.json", {"group_membership": member})


def groups_change(month: Month) -> None:
    if month.chance.random() < 0.5:
        month.call("POST", "groups.json", {"group": {"name": month.name()}})
        return
    new = [row for row in month.world.tables["groups"].values() if row["name"].startswith("Name ")]
    row = month.pick(new)
    if month.chance.random() < 0.5:
        month.call("DELETE", f"groups/{row['id']}.json")
    else:
        month.call("PUT", f"groups/{row['id']}.json", {"group": {"name": month.name()}})


def rules_change(month: Month) -> None:
    table = month.chance.choice(["triggers", "automations", "macros", "views", "brands", "ticket_forms"])
    rows = list(month.world.tables[table].values())
    match month.chance.randrange(3):
        case 0:
            change = (
                {"name": month.name()} if table in ("brands", "ticket_forms") else {"title": month.name()}
            )
            month.control.change_row(table, month.pick(rows)["id"], change)
        case 1:
            new: Json = {**month.pick(rows)}
            month.control.add_row(
                table, {**new, "id": month.world.new_id(), "active": False, "default": False}
            )
        case _:
            spare = [row for row in rows if not row.get("active")]
            month.control.remove_row(table, month.pick(spare)["id"])


DEEDS: Mapping[str, tuple[Deed, int]] = {
    "creates": (creates, 20),
    "is_seen_by_bots_only": (is_seen_by_bots_only, 2),
    "customer_replies": (customer_replies, 15),
    "agent_replies": (agent_replies, 15),
    "changes": (changes, 20),
    "solves": (solves, 8),
    "closes": (closes, 3),
    "rates": (rates, 6),
    "touches": (touches, 3),
    "whispers": (whispers, 8),
    "redacts": (redacts, 4),
    "redacts_and_deletes": (redacts_and_deletes, 2),
    "deletes": (deletes, 6),
    "restores": (restores, 4),
    "scrubs": (scrubs, 2),
    "destroys": (destroys, 2),
    "merges": (merges, 4),
    "signs_up": (signs_up, 4),
    "founds_a_company": (founds_a_company, 2),
    "changes_a_person": (changes_a_person, 6),
    "person_goes": (person_goes, 3),
    "people_are_merged": (people_are_merged, 2),
    "changes_a_company": (changes_a_company, 3),
    "company_goes": (company_goes, 1),
    "fields_change": (fields_change, 4),
    "schedules_change": (schedules_change, 4),
    "policies_change": (policies_change, 5),
    "agents_move": (agents_move, 3),
    "groups_change": (groups_change, 4),
    "rules_change": (rules_change, 6),
}
"""Everything that can happen, and how often it does beside the others."""
