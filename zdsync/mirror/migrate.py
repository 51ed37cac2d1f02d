"""Bringing a database to the present schema, or refusing one that this version does not know."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect
from sqlalchemy import text as sql
from sqlalchemy.schema import SetColumnComment, SetTableComment

from zdsync.errors import MirrorError
from zdsync.mirror import wide
from zdsync.mirror.engine import Database
from zdsync.mirror.schema import METADATA, REVISION
from zdsync.mirror.views import VIEWS, create_view, drop_views

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

REVISION_TABLE = "zdsync_revision"
MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Make or upgrade the tables, whole or not at all; costs one query when there is nothing to do.

    Raises MirrorError when a newer version of zdsync made them.
    """
    if _read_revision(database) == REVISION:
        return
    with database.writing() as connection:
        revision = read_revision(connection)
        if revision != REVISION:
            drop_views(connection, (*wide.NAMES, *(view.name for view in reversed(VIEWS))))
            _upgrade(connection, revision, database.place)
            for view in VIEWS:
                create_view(connection, view)
            wide.make_wide_views(connection)
            if not database.is_sqlite:
                _document(connection)
            log.info("mirror.migrated", extra={"revision_before": revision, "revision": REVISION})


def require_current(database: Database) -> None:
    """Raise MirrorError unless the database holds a mirror of the present schema; changes nothing."""
    is_missing = database.is_sqlite and not database.path.exists()
    revision = None if is_missing else _read_revision(database)
    if revision is None:
        raise MirrorError(f"{database.place} holds no mirror yet", hint="run `zdsync pull` first")
    if revision != REVISION:
        raise MirrorError(
            f"{database.place} was written by another version of zdsync (schema {revision}, here {REVISION})",
            hint="run `zdsync pull` once to bring an older one up to date; for a newer one upgrade zdsync-worker",
        )


def read_revision(connection: Connection) -> str | None:
    """The schema's revision, None for a database without one."""
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    revision = connection.scalar(sql(f"SELECT version_num FROM {REVISION_TABLE}"))  # noqa: S608 - our own constant
    return None if revision is None else str(revision)


def is_known_revision(revision: str) -> bool:
    """Whether this version of zdsync has a way from there to the present schema."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config())
    return revision in {script.revision for script in scripts.walk_revisions()}


def _read_revision(database: Database) -> str | None:
    with database.reading() as connection:
        return read_revision(connection)


def _upgrade(connection: Connection, revision: str | None, place: str) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    if revision is not None and not is_known_revision(revision):
        raise MirrorError(
            f"{place} was written by a newer version of zdsync (schema {revision})",
            hint="upgrade zdsync-worker, or let ZDSYNC_DATABASE_URL name another database",
        )
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _document(connection: Connection) -> None:
    """Put the descriptions of tables and columns where PostgreSQL's tools show them; SQLite has no place for them.

    Not part of the revisions, so that a better sentence needs none.
    """
    for table in METADATA.sorted_tables:
        connection.execute(SetTableComment(table))
        for column in table.columns:
            connection.execute(SetColumnComment(column))
