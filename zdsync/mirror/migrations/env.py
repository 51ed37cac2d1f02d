"""Alembic's door: runs the revisions on the connection, and in the transaction, that it is handed."""

from __future__ import annotations

from alembic import context

from zdsync.mirror.migrate import REVISION_TABLE
from zdsync.mirror.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=REVISION_TABLE,
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
