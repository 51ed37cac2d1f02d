"""The port `Queries`: one SELECT to the mirror or to another database, which cannot change anything there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from zdsync.errors import ConfigError
from zdsync.mirror.engine import Database
from zdsync.mirror.query import QueryRefused, stream_query
from zdsync.ports.mirror import QueryFault


class SqlQueries:
    """Opens each database only while it is read; `others` are the addresses that settings hold, by the setting's name."""

    def __init__(self, mirror_url: str, others: Mapping[str, str]) -> None:
        self._mirror_url = mirror_url
        self._others = others

    def read(self, query: str, setting: str) -> Iterator[Sequence[Any]]:
        url = self._others.get(setting) if setting else self._mirror_url
        if url is None:
            raise ConfigError(
                f"the rules want a table from the database of {setting}, which is not set",
                hint=f"set {setting}=postgresql+psycopg://user:password@host/database, in .env or the environment",
            )
        with closing(Database(url, read_only=True)) as database:
            try:
                yield from stream_query(database, query)
            except QueryRefused as err:
                raise QueryFault(str(err)) from err
