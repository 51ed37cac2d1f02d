"""What a pull brought and what a comparison found, as tables and JSON."""

from __future__ import annotations

from typing import Any

from zdsync.report.tables import Table
from zdsync.runs.pull import Pulled
from zdsync.runs.verify import Verified


def pulled_table(pulled: Pulled) -> Table:
    rows = tuple((stream.value, count) for stream, count in pulled.rows.items())
    return Table("Pulled", ("stream", "new or newer rows"), rows)


def differences_table(verified: Verified) -> Table:
    rows = tuple(
        (stream.value, count, verified.differed[stream]) for stream, count in verified.compared.items()
    )
    return Table("Compared with the account", ("stream", "sample", "differed"), rows)


def pulled_json(pulled: Pulled, verified: Verified | None) -> dict[str, Any]:
    document: dict[str, Any] = {"rows": pulled.rows, "skipped": pulled.skipped, "cut": pulled.cut}
    if verified is not None:
        here, there = verified.counted or (None, None)
        document["verified"] = {
            "is_equal": verified.is_equal,
            "compared": verified.compared,
            "differed": verified.differed,
            "tickets_here": here,
            "tickets_there": there,
        }
    return document
