"""Calendars: their open hours as rows, and what those rows were made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import Json, Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "calendar_open",
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("opens_at", Moment, nullable=False),
        sa.Column("closes_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("calendar", "opens_at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zdsync_calendars",
        sa.Column("calendar", sa.Text, primary_key=True),
        sa.Column("hours", Json, nullable=False),
        sa.Column("covered_from", Moment, nullable=False),
        sa.Column("covered_until", Moment, nullable=False),
    )
