"""Views of tickets' ways through the tiers: their moves, and what falls through the cracks; one text for both databases."""

from __future__ import annotations

from zdsync.mirror.columns import flag, moment, number, text
from zdsync.mirror.described import View, describe

_MOVES = """
    WITH steps AS (
        SELECT s.ticket_id, s.position, s.tier, LAG(s.tier) OVER way AS from_tier,
            SUM(COALESCE(s.business_minutes, 0)) OVER way - COALESCE(s.business_minutes, 0) AS minutes_before
        FROM tier_stays s WINDOW way AS (PARTITION BY s.ticket_id ORDER BY s.position)
    ), moves AS (
        SELECT m.ticket_id, m.position, m.tier, m.from_tier, LAG(m.from_tier) OVER way AS before_that,
            CAST(m.minutes_before - COALESCE(LAG(m.minutes_before) OVER way, 0) AS BIGINT) AS minutes
        FROM steps m WHERE m.from_tier <> m.tier WINDOW way AS (PARTITION BY m.ticket_id ORDER BY m.position)
    )
    SELECT m.ticket_id, m.position, s.entered_at AS moved_at, m.from_tier, m.tier AS to_tier,
        CASE WHEN s.rank > f.rank THEN 'up' WHEN s.rank < f.rank THEN 'down' END AS direction,
        s.entered_by AS moved_by, s.entered_by_id AS moved_by_id, u.name AS moved_by_name, s.through, s.zdsync_key,
        s.rule, s.why, m.minutes AS business_minutes, f.calendar, COALESCE(m.tier = m.before_that, FALSE) AS is_return,
        CASE WHEN m.tier = m.before_that THEN m.minutes END AS detour_minutes
    FROM moves m
        LEFT JOIN tier_stays s ON s.ticket_id = m.ticket_id AND s.position = m.position
        LEFT JOIN tier_stays f ON f.ticket_id = m.ticket_id AND f.position = m.position - 1
        LEFT JOIN users u ON u.id = s.entered_by_id
"""
"""Joined outwards by whole keys, so that either database leaves out what a question does not ask for."""

TIER_MOVES = View(
    "tier_moves",
    "One row per move of a ticket from one tier to another; the first placing is none. Of tickets as in tier_stays",
    describe(
        number("ticket_id", "Ticket (tickets.id)"),
        number("position", "The stay that the move led to (tier_stays.position)"),
        moment("moved_at", "When"),
        text("from_tier", "Tier it left, by its key in the rules"),
        text("to_tier", "Tier it came to"),
        text("direction", "up or down the ladder; null when the rules no longer have one of the tiers"),
        text("moved_by", "Whose doing: person, customer, bot, rule, zdsync or system"),
        number("moved_by_id", "Author of the update (users.id)"),
        text("moved_by_name", "The author's name"),
        text("through", "Machinery behind it: trigger, automation; empty when done directly"),
        text("zdsync_key", "Key of the update in zdsync_changes; null when it was not zdsync's"),
        text("rule", "Rule of zdsync that moved it; empty for none"),
        text("why", "That rule's reason, in words; empty for none"),
        number("business_minutes", "Open minutes in the tier it left, since the move before"),
        text("calendar", "Calendar in which they count, that of the tier left; empty for round the clock"),
        flag("is_return", "Whether it came back to the tier it had left with the move before: A to B to A"),
        number(
            "detour_minutes", "Of a return, the open minutes spent meanwhile in the other tier; else null"
        ),
    ),
    sqlite=_MOVES,
    postgres=_MOVES,
)

RETURNS_THAT_MATTER = 2
"""A return by zdsync is often as planned (a fix is live) and counts one, any other two."""

_FOUND = """
    SELECT o.ticket_id, '{crack}' AS crack, {since} AS since, o.tier, o.calendar, o.status, o.group_id,
        o.group_name, o.assignee_id, o.assignee_name
    FROM watched o {join} WHERE {condition}
"""
_ANY_MEMBER = "SELECT 1 FROM group_memberships a WHERE a.deleted_at IS NULL"
_ASSIGNABLE = """
    SELECT 1 FROM group_memberships g LEFT JOIN users m ON m.id = g.user_id
    WHERE g.group_id = o.group_id AND g.deleted_at IS NULL
        AND (m.id IS NULL OR (m.deleted_at IS NULL AND m.active IS NOT FALSE AND m.suspended IS NOT TRUE
            AND m.role IN ('agent', 'admin')))
"""
_BOUNCED = f"""
    JOIN (
        SELECT ticket_id, MIN(moved_at) AS since FROM tier_moves WHERE is_return GROUP BY ticket_id
        HAVING SUM(CASE WHEN moved_by = 'zdsync' THEN 1 ELSE 2 END) >= {RETURNS_THAT_MATTER}
    ) b ON b.ticket_id = o.ticket_id
"""  # noqa: S608 - our own constant
_KINDS = (
    ("no_group", "o.created_at", "", "o.group_id IS NULL AND NOT o.is_to_change"),
    (
        "no_tier",
        "o.created_at",
        "",
        "o.tier IS NULL AND o.outcome <> 'unplaced' AND o.group_id IS NOT NULL AND NOT o.is_to_change",
    ),
    ("group_of_no_tier", "o.touched_at", "", "o.outcome = 'unplaced' AND o.group_id IS NOT NULL"),
    (
        "empty_group",
        "o.touched_at",
        "",
        f"o.group_id IS NOT NULL AND EXISTS ({_ANY_MEMBER}) AND NOT EXISTS ({_ASSIGNABLE})",
    ),
    ("lost_assignee", "o.touched_at", "", "o.assignee_id IS NOT NULL AND o.is_assignee_lost"),
    ("no_owner", "o.unassigned_since", "", "o.assignee_id IS NULL AND o.unassigned_since IS NOT NULL"),
    ("unanswered", "o.waiting_since", "", "o.waiting_since IS NOT NULL"),
    ("waiting", "o.status_since", "", "o.status IN ('pending', 'hold')"),
    ("ping_pong", "b.since", _BOUNCED, "1 = 1"),
    ("unknown_clock", "o.created_at", "", "o.unknown_clock <> ''"),
)
KINDS = tuple(crack for crack, *_ in _KINDS)
"""Every reason why a ticket may be forgotten, the worst first."""

_WATCHED = """
    SELECT d.ticket_id, t.status, t.created_at, t.group_id, g.name AS group_name, t.assignee_id,
        u.name AS assignee_name, s.tier, s.calendar, d.outcome, COALESCE(d.due_at <= d.decided_at, FALSE) AS is_to_change, d.waiting_since, d.unassigned_since,
        d.status_since, d.touched_at, d.unknown_clock,
        (u.deleted_at IS NOT NULL OR u.active IS FALSE OR u.suspended IS TRUE
            OR COALESCE(u.role, 'agent') NOT IN ('agent', 'admin')) AS is_assignee_lost
    FROM zdsync_due d JOIN tickets t ON t.id = d.ticket_id
        LEFT JOIN tier_stays s ON s.ticket_id = d.ticket_id AND s.left_at IS NULL
        LEFT JOIN groups g ON g.id = t.group_id LEFT JOIN users u ON u.id = t.assignee_id
    WHERE t.deleted_at IS NULL AND t.status IN ('new', 'open', 'pending', 'hold')
        AND d.outcome NOT IN ('ignored', 'settling')
"""
_EACH = " UNION ALL ".join(
    _FOUND.format(crack=crack, since=since, join=join, condition=condition)
    for crack, since, join, condition in _KINDS
)
_CRACKS = f"WITH watched AS ({_WATCHED}) {_EACH}"

CRACKS = View(
    "cracks",
    "One row per unsolved ticket and reason why it may be forgotten, as of the latest run; tickets that rules ignore are "
    "left out. `zdsync sweep` leaves out what is recent, counts open time and says who could act",
    describe(
        number("ticket_id", "Ticket (tickets.id)"),
        text(
            "crack",
            "no_group; no_tier; group_of_no_tier; empty_group: it has no agent who could be assigned; lost_assignee: "
            "suspended, deleted or no agent any more; no_owner: nobody is assigned; unanswered: a customer waits for a "
            "person; waiting: pending or on hold; ping_pong: it came back to a tier, by people once or by zdsync twice; "
            "unknown_clock: its history or transcript cannot be read. However recent",
        ),
        moment(
            "since",
            "Since when, as far as known: for groups and assignees, the last event that is not zdsync's",
        ),
        text("tier", "Tier the ticket is in; null for none"),
        text("calendar", "Calendar of the tier; empty for round the clock, null for no tier"),
        text("status", "new, open, pending or hold"),
        number("group_id", "Group (groups.id)"),
        text("group_name", "The group's name"),
        number("assignee_id", "Agent in charge (users.id)"),
        text("assignee_name", "The agent's name"),
    ),
    sqlite=_CRACKS,
    postgres=_CRACKS,
)
