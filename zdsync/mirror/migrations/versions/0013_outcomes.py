"""Outcomes: an index that counts what was decided of all tickets, without reading every decision."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index("zdsync_due_outcome", "zdsync_due", ["outcome"])
