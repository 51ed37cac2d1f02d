"""Handlers for the rest of the configuration: ratings, holidays, statuses, tags."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, invalid, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import rows_of
from zdsync.sandbox.world import World


def list_ratings(call: Call) -> Reply:
    """`GET /satisfaction_ratings`, by score and time (developer.zendesk.com, Satisfaction Ratings)."""
    rows = rows_of(call, "satisfaction_ratings")
    start, end, score = call.arg("start_time"), call.arg("end_time"), call.arg("score")
    if start:
        rows = [row for row in rows if parse_stamp(row["updated_at"]) >= int(start)]
    if end:
        rows = [row for row in rows if parse_stamp(row["updated_at"]) <= int(end)]
    if score:
        rows = [row for row in rows if _score_matches(row, score)]
    return Reply(
        paginate(call, "satisfaction_ratings", rows, lambda row: call.shown("satisfaction_ratings", row))[0]
    )


def _score_matches(row: Json, wanted: str) -> bool:
    score, comment = row["score"], row["comment"]
    if wanted == "received":
        return score in ("good", "bad")
    if wanted.endswith("_with_comment"):
        return bool(comment) and wanted.startswith(score)
    if wanted.endswith("_without_comment"):
        return not comment and wanted.startswith(score)
    return bool(score == wanted)


def holidays(call: Call, ident: int) -> Reply:
    if ident not in call.world.tables["business_hours/schedules"]:
        raise not_found()
    rows = call.world.holidays.get(ident, [])
    return Reply({"holidays": rows, "count": len(rows), "next_page": None, "previous_page": None})


def create_status(call: Call) -> Reply:
    given = call.body_of("custom_status")
    category = given.get("status_category")
    if category not in ("open", "pending", "hold", "solved"):
        raise invalid("status_category", "Status category: is invalid")
    label = str(given.get("agent_label") or "")
    if not 1 <= len(label) <= 48:
        raise invalid("agent_label", "Agent label: is invalid")
    row = new_status(call.world, category, label, given.get("end_user_label"), default=False)
    return Reply({"custom_status": call.shown("custom_statuses", row)}, 201)


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


def list_tags(call: Call) -> Reply:
    """`GET /tags`: the most used tags of the last sixty days."""
    since = call.world.clock.now() - 60 * 86_400
    counts: dict[str, int] = {}
    for ticket in call.world.living_tickets():
        if ticket.updated >= since:
            for tag in ticket.tags:
                counts[tag] = counts.get(tag, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20_000]
    return Reply(
        paginate(
            call,
            "tags",
            ordered,
            lambda item: {"name": item[0], "count": item[1]},
            key=lambda item: (-item[1], item[0]),
        )[0]
    )
