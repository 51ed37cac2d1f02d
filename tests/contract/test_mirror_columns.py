"""The adapter that makes rows and the adapter that keeps them agree on every column."""

from __future__ import annotations

from typing import Any

import pytest

from zdsync.detect import TextFilter
from zdsync.mirror.base import OWN_COLUMNS
from zdsync.mirror.schema import MIRRORED
from zdsync.streams import Stream
from zdsync.zendesk.convert import rows_of

MOMENT = "2026-11-01T08:00:00Z"
BODIES: dict[str, dict[str, Any]] = {
    **{table: {table: [{"id": 1, "created_at": MOMENT, "updated_at": MOMENT}]} for table in MIRRORED},
    "ticket_metrics": {"metric_sets": [{"id": 1, "ticket_id": 2, "updated_at": MOMENT}]},
    "ticket_field_options": {
        "ticket_fields": [
            {"id": 1, "updated_at": MOMENT, "custom_field_options": [{"id": 2, "name": "A", "value": "a"}]}
        ]
    },
    "ticket_events": {"ticket_events": [{"id": 1, "ticket_id": 2, "created_at": MOMENT, "child_events": []}]},
    "schedule_holidays": {"holidays": [{"id": 1, "name": "New Year", "start_date": "2027-01-01"}]},
    "tags": {"tags": [{"name": "vip", "count": 7}]},
    "ticket_comments": {
        "ticket_events": [
            {
                "id": 1,
                "ticket_id": 2,
                "created_at": MOMENT,
                "child_events": [{"id": 3, "event_type": "Comment", "body": "hello", "public": True}],
            }
        ]
    },
}


@pytest.mark.parametrize("table", sorted(MIRRORED))
def test_rows_have_exactly_the_columns_of_their_table(table: str) -> None:
    """No column is forgotten by the one or unknown to the other."""
    (row,) = rows_of(BODIES[table], Stream.TICKETS, TextFilter("full"))[table]
    assert row.keys() == {column.name for column in MIRRORED[table].columns} - OWN_COLUMNS
