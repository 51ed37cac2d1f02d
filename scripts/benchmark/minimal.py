"""The least that could mirror an account: fetch every page, parse it, insert its rows; the yardstick of the benchmark.

No masking, no history, no checkpoints, no retries, no types. Usage: minimal.py URL TOKEN DATABASE [--events], where
DATABASE is the path of a SQLite file or a postgresql:// address.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any

import requests

TICKETS = "incremental/tickets/cursor.json?per_page=1000&include=users,groups,organizations,metric_sets"
USERS = "incremental/users/cursor.json?per_page=1000"
ORGANIZATIONS = "incremental/organizations.json?per_page=1000"
EVENTS = "incremental/ticket_events.json?per_page=500&include=comment_events"
METRIC_EVENTS = "incremental/ticket_metric_events.json?per_page=1000"
TABLES = ("tickets", "users", "groups", "organizations", "ticket_events", "ticket_metric_events")
SUPPORTED = "&support_type_scope=all"


def pages(session: requests.Session, address: str) -> Iterator[dict[str, Any]]:
    """Every answer of an export, by cursor or by time."""
    url = f"{address}&start_time=0"
    while True:
        body = json.loads(session.get(url).content)
        yield body
        if body["end_of_stream"]:
            return
        place = (
            f"cursor={body['after_cursor']}" if "after_cursor" in body else f"start_time={body['end_time']}"
        )
        url = f"{address}&{place}"


def connect(database: str) -> tuple[Any, str]:
    """A connection, and how its driver marks a parameter."""
    if not database.startswith("postgresql:"):
        return sqlite3.connect(database), "?"
    import psycopg

    return psycopg.connect(database), "%s"


def store(connection: Any, mark: str, body: dict[str, Any]) -> None:
    """Each row's id, two columns and the row itself, one transaction per answer."""
    for table in TABLES:
        rows = body.get(table, ())
        values = [(row["id"], row.get("created_at"), row.get("updated_at"), json.dumps(row)) for row in rows]
        statement = f"insert into {table} values ({mark}, {mark}, {mark}, {mark}) on conflict (id) do update set created_at = excluded.created_at, updated_at = excluded.updated_at, raw = excluded.raw"  # noqa: S608 - from TABLES
        connection.cursor().executemany(statement, values)
    connection.commit()


def main(url: str, token: str, database: str, *options: str) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    connection, mark = connect(database)
    for table in TABLES:
        columns = "id bigint primary key, created_at text, updated_at text, raw text"
        connection.execute(f"create table {table} ({columns})")
    exports = [TICKETS + SUPPORTED]
    if "--events" in options:
        exports += [USERS, ORGANIZATIONS, METRIC_EVENTS, EVENTS + SUPPORTED]
    for export in exports:
        for body in pages(session, f"{url}/api/v2/{export}"):
            store(connection, mark, body)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
