"""Pruning: small indexes that find the tickets to be pruned, and those that were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_PRUNABLE = sa.text("status IN ('closed', 'deleted') AND raw IS NOT NULL")
_PRUNED = sa.text("raw IS NULL")


def upgrade() -> None:
    op.create_index(
        "tickets_prunable", "tickets", ["updated_at"], sqlite_where=_PRUNABLE, postgresql_where=_PRUNABLE
    )
    op.create_index("tickets_pruned", "tickets", ["id"], sqlite_where=_PRUNED, postgresql_where=_PRUNED)
