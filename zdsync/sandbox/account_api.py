"""Handlers for the rest of the configuration: ratings, custom statuses, tags, settings."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, forbidden, invalid, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.lists import Down, paginate
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import answer_rows, counted, rows_of
from zdsync.sandbox.world import World

_MAX_TAGS = 20_000


def _ratings(call: Call) -> list[Json]:
    rows = rows_of(call, "satisfaction_ratings")
    start, end, score = call.arg("start_time"), call.arg("end_time"), call.arg("score")
    if start:
        rows = [row for row in rows if parse_stamp(row["updated_at"]) >= int(start)]
    if end:
        rows = [row for row in rows if parse_stamp(row["updated_at"]) <= int(end)]
    if score:
        rows = [row for row in rows if _score_matches(row, score)]
    return rows


def list_ratings(call: Call) -> Reply:
    """`GET /satisfaction_ratings`, by score and time (developer.zendesk.com, Satisfaction Ratings)."""
    return answer_rows(call, "satisfaction_ratings", _ratings(call))


def count_ratings(call: Call) -> Reply:
    return counted(call, len(_ratings(call)))


def _score_matches(row: Json, wanted: str) -> bool:
    score, comment = row["score"], row["comment"]
    if wanted.startswith("received"):
        if score not in ("good", "bad"):
            return False
        score = "received"
    if wanted.endswith("_with_comment"):
        return bool(comment) and wanted.startswith(score)
    if wanted.endswith("_without_comment"):
        return not comment and wanted.startswith(score)
    return bool(score == wanted)


def create_status(call: Call) -> Reply:
    given = call.body_of("custom_status")
    category = given.get("status_category")
    if category not in ("open", "pending", "hold", "solved"):
        raise invalid("status_category", "Status category: is invalid")
    row = new_status(call.world, category, _label(given), given.get("end_user_label"), default=False)
    call.log("create", "custom_statuses", row)
    return Reply({"custom_status": call.shown("custom_statuses", row)}, 201)


def _label(given: Json) -> str:
    label = str(given.get("agent_label") or "")
    if not 1 <= len(label) <= 48:
        raise invalid("agent_label", "Agent label: is invalid")
    return label


_STATUS_TEXTS = ("agent_label", "end_user_label", "description", "end_user_description")


def update_status(call: Call, ident: int) -> Reply:
    """Texts and `active` can change; the category, once chosen, cannot."""
    row, given = call.row("custom_statuses", ident), call.body_of("custom_status")
    if "agent_label" in given:
        _label(given)
    if given.get("active") is False and row["default"]:
        raise invalid("active", "Active: a default status stays active")
    ignored = [key for key in given if key not in (*_STATUS_TEXTS, "active")]
    call.warn(f"custom_status.{key}" for key in ignored)
    for name in _STATUS_TEXTS:
        if name in given:
            row[name] = row[f"raw_{name}"] = given[name]
    row |= {"active": given.get("active", row["active"]), "updated_at": iso(call.world.clock.now())}
    call.log("update", "custom_statuses", row)
    return Reply({"custom_status": call.shown("custom_statuses", row)})


def default_statuses(call: Call) -> Reply:
    """`PUT /custom_status/default`: one status of each category named becomes its default."""
    for ident in map(int, call.json().get("ids") or ()):
        chosen = call.row("custom_statuses", ident)
        for row in call.world.tables["custom_statuses"].values():
            if row["status_category"] == chosen["status_category"]:
                row["default"] = row["id"] == ident
    return Reply({})


def new_status(world: World, category: str, label: str, end_user: str | None, *, default: bool) -> Json:
    now = iso(world.clock.now())
    return world.add_row(
        "custom_statuses",
        {
            "id": world.new_id(),
            "status_category": category,
            "agent_label": label,
            "raw_agent_label": label,
            "end_user_label": end_user or label,
            "raw_end_user_label": end_user or label,
            "description": None,
            "raw_description": None,
            "end_user_description": None,
            "raw_end_user_description": None,
            "active": True,
            "default": default,
            "created_at": now,
            "updated_at": now,
        },
    )


def _tags(call: Call) -> list[tuple[str, int]]:
    since = call.world.clock.now() - 60 * 86_400
    counts: dict[str, int] = {}
    for ticket in call.world.living_tickets():
        if ticket.updated >= since:
            for tag in ticket.tags:
                counts[tag] = counts.get(tag, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_TAGS]


def list_tags(call: Call) -> Reply:
    """`GET /tags`: the most used tags of the last sixty days, 20,000 at most."""
    return Reply(
        paginate(
            call,
            "tags",
            _tags(call),
            lambda item: {"name": item[0], "count": item[1]},
            key=lambda item: (-item[1], item[0]),
        )[0]
    )


def count_tags(call: Call) -> Reply:
    return counted(call, len(_tags(call)))


def complete_tags(call: Call) -> Reply:
    """`/autocomplete/tags?name=`: tags that begin so."""
    start = (call.arg("name") or call.json().get("name") or "").lower()
    return Reply({"tags": [tag for tag, _ in _tags(call) if tag.startswith(start)][:10]})


def list_audit_logs(call: Call) -> Reply:
    """`GET /audit_logs`, newest first unless `sort` says otherwise (Enterprise)."""
    rows = rows_of(call, "audit_logs")
    for name in ("source_type", "source_id", "actor_id", "action"):
        wanted = call.arg(f"filter[{name}]")
        if wanted is not None:
            rows = [row for row in rows if str(row[name]) == wanted]
    span = [parse_stamp(text) for text in call.request.args.getlist("filter[created_at][]")]
    if len(span) == 2:
        rows = [row for row in rows if span[0] <= parse_stamp(row["created_at"]) <= span[1]]
    oldest_first = call.arg("sort") == "created_at" or call.arg("sort_order") == "asc"

    def key(row: Json) -> Down | tuple[str, int]:
        stamp = (row["created_at"], row["id"])
        return stamp if oldest_first else Down(stamp)

    rows.sort(key=key)
    return Reply(paginate(call, "audit_logs", rows, lambda row: call.shown("audit_logs", row), key=key)[0])


def settings(call: Call) -> Reply:
    """`GET /account/settings`, the parts that clients look at."""
    world = call.world
    brand = next(row["id"] for row in world.tables["brands"].values() if row["default"])
    shown: Json = {
        "brands": {"default_brand_id": brand, "require_brand_on_new_tickets": False},
        "active_features": {
            "customer_satisfaction": True,
            "custom_statuses_enabled": True,
            "skill_based_ticket_routing": True,
            "ticket_forms": True,
            "business_hours": True,
        },
        "localization": {"locale_ids": [row["id"] for row in world.tables["locales"].values()]},
        "ticket_form": {"ticket_forms_instructions": None, "raw_ticket_forms_instructions": None},
        "tickets": {"comments_public_by_default": True, "list_newest_comments_first": False},
        "users": {"tagging": True, "time_zone_selection": True},
    }
    return Reply({"settings": shown})


def show_locale(call: Call, ident: str) -> Reply:
    """By id or by code, as in `/locales/en-US`."""
    for row in rows_of(call, "locales"):
        if ident in (str(row["id"]), row["locale"]) or ident == "current":
            return Reply({"locale": call.shown("locales", row)})
    raise not_found()


def list_form_statuses(call: Call) -> Reply:  # noqa: ARG001 - every handler takes the call
    """Statuses linked to forms: an account that has linked none is refused."""
    raise forbidden("Your account does not link statuses to forms.")
