"""Every answer shape nobody has recorded yet: guesses kept in one place so that one edit corrects them.

No recorded body or document was found for what stands here; each is the most plausible reading and
must be compared with a live account before anything relies on it.
"""

from __future__ import annotations

from typing import Any

from zdsync.sandbox.answers import ApiError, Json

#: Days after closing at which the system archives a ticket.
ARCHIVE_AFTER_DAYS = 120

#: Days after solving at which the system closes a ticket, whatever the automations say.
CLOSE_AFTER_DAYS = 28

#: Tag put on the source ticket of a merge.
MERGE_TAG = "closed_by_merge"

#: Longest tag in characters, and the most for all tags of one ticket.
TAG_LIMIT = 255
TAGS_LIMIT = 5096

#: Metrics whose first instance begins with the ticket; those of updates begin with an agent's first public comment.
METRICS_FROM_THE_START = ("agent_work_time", "requester_wait_time", "reply_time", "resolution_time")

#: HTTP status of the answer to a 31st background job.
TOO_MANY_JOBS_STATUS = 429


def update_conflict() -> ApiError:
    """The 409 of a guarded update that lost: status known, body not."""
    return ApiError(
        409, {"error": "UpdateConflict", "description": "The ticket was updated since updated_stamp."}
    )


def rate_limited(retry_after: int | None) -> ApiError:
    """The 429 of an exhausted limit: header known, body varies."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = {
        "error": "APIRateLimitExceeded",
        "description": "Number of allowed API requests per minute exceeded",
    }
    return ApiError(429, body, headers)


def failed_item(index: int, ticket_id: int, error: str, details: str) -> Json:
    """A failed line of a ticket job; organizations were recorded as `OrganizationUpdateFailed`."""
    return {"index": index, "id": ticket_id, "error": error, "details": details}


def item_error_name(error: ApiError) -> str:
    """The `error` word of a failed ticket line."""
    return {404: "TicketNotFound", 409: "TicketConflict"}.get(error.status, "TicketUpdateFailed")


def deleted_item(ticket_id: int) -> Json:
    return {"action": "delete", "id": ticket_id, "status": "Deleted", "success": True}


def read_number(value: Any) -> Any:
    """How integer and decimal ticket fields read back: as the string of the number."""
    return value if value is None else str(value)


def tag_children(old: tuple[str, ...], new: tuple[str, ...]) -> Json:
    """A tag change inside a ticket_events row: differences, not lists."""
    before, after = frozenset(old), frozenset(new)
    return {"added_tags": sorted(after - before), "removed_tags": sorted(before - after)}


def custom_field_child(field_id: str, value: Any) -> Json:
    """A custom field change inside a ticket_events row."""
    return {"custom_ticket_fields": {field_id: value}}


def group_without_assignee_clears() -> bool:
    """Moving a ticket to a group its assignee is not in empties the assignee rather than failing."""
    return True


def solving_assigns_solver() -> bool:
    """An agent who solves an unassigned ticket becomes its assignee."""
    return True


def back_to_new() -> ApiError:
    """The refusal to set a ticket that left `new` back to it."""
    text = "Status: cannot be changed back to new"
    return ApiError(
        422,
        {
            "error": "RecordInvalid",
            "description": "Record validation errors",
            "details": {"status": [{"description": text, "error": "InvalidValue"}]},
        },
    )


def automation_fires_triggers(status: str) -> bool:
    """An automation's update runs the triggers as any update does, unless it closes the ticket."""
    return status != "closed"


def empty_export_cursor(cursor: str | None) -> str | None:
    """An export page without rows repeats the cursor it was asked with; a first page then has none."""
    return cursor


def imports_have_targets() -> bool:
    """Imported tickets have no service levels: their past would be missed at once."""
    return False


def losing_a_target_takes_its_breach_back() -> bool:
    """A breach is taken back, as after a longer target, when no target is left that could be missed."""
    return True


def taken_back(breach: Json) -> Json:
    """A breach is taken back by a row of its own, which comes later and is `deleted`; the first stays as it was."""
    return breach | {"deleted": True}
