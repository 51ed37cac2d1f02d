"""The budgets, measured: whole processes against a sandbox in another one, beside the least script that does the work."""

from __future__ import annotations

import argparse
import compileall
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from scripts.benchmark.account import DAYS, ZDSYNC, Account, serving
from scripts.benchmark.databases import Named, databases
from scripts.benchmark.lines import Line, at_least, at_most, beside, peak, processor, table
from scripts.benchmark.spent import Spent, middle, spend
from zdsync.cli.common import print_tables

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CHANGED = 100
"""Tickets that move between two runs."""
STAYS = 100_000
"""Stays in tiers over which returns are counted."""
DUE = 50
"""Tickets whose time has come by then."""
WRITTEN = 1_000
"""Tickets that one apply changes."""


@dataclass(frozen=True, slots=True)
class Bench:
    """An account to measure against, where the mirrors go, and how often each thing is measured."""

    account: Account
    named: Named
    folder: Path
    tickets: int
    open_tickets: int
    times: int
    numbers: Iterator[int] = field(default_factory=count)
    """Of the minimal script's databases, each of which is used once."""

    def environ(self, database: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ZDSYNC_", "ZENDESK_"))
        }
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        own = {"ZDSYNC_DATABASE_URL": self.named(database), "ZDSYNC_RULES": str(HERE / "rules")}
        return {**kept, **self.account.settings, **own}

    def zdsync(self, database: str, *words: str, codes: tuple[int, ...] = (0,)) -> Spent:
        return spend([*ZDSYNC, *words], self.environ(database), self.folder, codes)

    def asked(self, database: str, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, object]:
        """What a command says with --json."""
        done = subprocess.run(  # noqa: S603 - our own command
            [*ZDSYNC, *words, "--json"],
            env=self.environ(database),
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        if done.returncode not in codes:
            raise SystemExit(done.stderr.decode())
        return dict(json.loads(done.stdout))

    def minimal(self, *options: str) -> Spent:
        name = f"minimal{next(self.numbers)}"
        place = self.named(name).removeprefix("sqlite:///").replace("+psycopg", "")
        command = [sys.executable, str(HERE / "minimal.py"), self.account.url, self.account.token, place]
        return spend([*command, *options], self.environ(name), self.folder)

    def first_mirrors(self, name: str, *words: str) -> Spent:
        """A first pull into an empty database, as often as things are measured; the last one stays."""
        numbers = iter(range(self.times))
        return middle(self.times, lambda: self.zdsync(f"{name}{next(numbers)}", "pull", *words))


def first_mirror(bench: Bench) -> Iterator[Line]:
    least = middle(bench.times, bench.minimal)
    ours = bench.first_mirrors("tickets", "--stream", "tickets")
    yield from beside("first mirror, tickets only", ours, least, 2)
    yield peak(ours, least, 200)


def first_mirror_with_events(bench: Bench) -> Iterator[Line]:
    least = middle(bench.times, lambda: bench.minimal("--events"))
    bench.account.requests()
    ours = bench.first_mirrors(
        "whole",
    )
    requests = bench.account.requests()["total"] / bench.times
    yield from beside("first mirror, with events and comments", ours, least, 2.5)
    yield peak(ours, least, 200)
    yield at_most("  requests, budget is the floor", requests, "", floor(bench))


def floor(bench: Bench) -> int:
    """Requests that a first mirror cannot do without.

    Full pages, of events one row less; ratings in windows of thirty days, whose last page is rarely full; a list each of
    holidays and of everything else that is configured; a token, who we are, and one search.
    """
    streams = bench.asked(whole(bench), "status", codes=(0, 5))["streams"]
    assert isinstance(streams, list), "status lists its streams"
    rows = {stream["stream"]: int(stream["rows"]) for stream in streams} | {"tickets": bench.tickets}
    exports = sum(math.ceil(rows.pop(name) / 1000) for name in ("tickets", "users", "organizations"))
    exports += math.ceil(rows.pop("ticket_metric_events") / 999) + math.ceil(rows.pop("ticket_events") / 499)
    windows = math.ceil(DAYS / 30) + rows.pop("satisfaction_ratings") // 100
    lists = sum(max(1, math.ceil(count / 100)) for count in rows.values()) + rows["schedules"]
    return 3 + exports + windows + lists


def whole(bench: Bench) -> str:
    """The mirror that the last measurement of a whole first pull left behind."""
    return f"whole{bench.times - 1}"


def settle(bench: Bench) -> None:
    """Write everything that is to be written, and mirror it, until a plan is empty."""
    for _ in range(6):
        bench.zdsync(whole(bench), "run", codes=(0, 3))
        bench.account.wait()
        bench.zdsync(whole(bench), "pull", "--stream", "tickets", "--stream", "ticket_events")
        if not bench.asked(whole(bench), "plan")["ticket_changes"]:
            return
    raise SystemExit("the plan does not become empty")


def swell(bench: Bench) -> None:
    """Many more open tickets in the mirror, all of them decided: only the mirror knows them, the account stays small."""
    if bench.open_tickets:
        swelling(bench, str(bench.open_tickets))
        bench.zdsync(whole(bench), "run", codes=(0, 3))


def swelling(bench: Bench, *words: str) -> None:
    command = [sys.executable, "-m", "scripts.benchmark.swell", bench.named(whole(bench)), *words]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own command


def incremental(bench: Bench) -> Iterator[Line]:
    tickets = bench.account.unsolved(CHANGED)
    counts: list[int] = []

    def once() -> Spent:
        bench.account.change(tickets)
        bench.account.wait()
        swelling(bench, "due", str(DUE))
        bench.account.requests()
        spent = bench.zdsync(whole(bench), "run", codes=(0, 3))
        counts.append(bench.account.requests()["total"])
        return spent

    spent = middle(bench.times, once)
    of_all = f" and {DUE} due, of {bench.open_tickets:,} open" if bench.open_tickets else ""
    yield at_most(f"run with {len(tickets)} changed tickets{of_all}", spent.seconds, " s", 2)
    yield processor(spent)
    yield at_most("  its requests", median(counts), "", 6)
    yield at_most("  peak memory", spent.peak_mb, " MB", 200)


def write_back(bench: Bench) -> Iterator[Line]:
    """Once, for it leaves nothing to be written: so many new tickets get their tier, their group and a note."""
    bench.account.create(WRITTEN)
    bench.account.wait()
    bench.zdsync(whole(bench), "pull", "--stream", "tickets", "--stream", "ticket_events")
    plan = str(bench.folder / "plan.json")
    bench.zdsync(whole(bench), "plan", "--out", plan)  # without a file the guard asks whether it is usual
    bench.account.requests()
    spent = bench.zdsync(whole(bench), "apply", plan, "--yes", "--limit", str(WRITTEN), codes=(0, 3))
    asked = bench.account.requests()["by_endpoint"]
    yield at_most(
        f"write-back of {WRITTEN:,} changes, its requests", asked["PUT /tickets/update_many"], "", 10
    )
    yield at_most("  read-backs", asked["GET /tickets/show_many"], "", 10)
    yield Line("  seconds", f"{spent.seconds:.1f} s", None, None, None, None)
    yield at_most("  peak memory", spent.peak_mb, " MB", 200)


def decided(bench: Bench) -> Iterator[Line]:
    command = [
        sys.executable,
        "-m",
        "scripts.benchmark.rates",
        bench.named(whole(bench)),
        str(HERE / "rules"),
    ]
    told = subprocess.run([*command, str(bench.times)], cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - our own command
    rates = json.loads(told.stdout)
    yield at_least(f"decide, {rates['rules']} rules", rates["plain"], " tickets/s", 50_000)
    yield at_least("  with the steps that failed", rates["traced"], " tickets/s", 30_000)


def counted(bench: Bench) -> Iterator[Line]:
    command = [sys.executable, "-m", "scripts.benchmark.spans", str(bench.times)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - our own command
    yield at_least("business time", float(told.stdout), " spans/s", 300_000)


def bounced(bench: Bench) -> Iterator[Line]:
    command = [sys.executable, "-m", "scripts.benchmark.stays", str(STAYS), str(bench.times)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - our own command
    yield at_most(f"ping-pong over {STAYS:,} stays in SQLite", float(told.stdout), " s", 2)


def idle(bench: Bench) -> Iterator[Line]:
    ticket = str(bench.account.unsolved(1)[0])
    for words in (("plan",), ("status",), ("explain", ticket)):
        spent = middle(bench.times, lambda words=words: bench.zdsync(whole(bench), *words, codes=(0, 5)))  # type: ignore[misc]
        yield at_most(f"{words[0]}, nothing to do", spent.seconds, " s", 0.5)
        yield processor(spent)
    spent = middle(bench.times, lambda: bench.zdsync(whole(bench), "--help"))
    yield at_most("zdsync --help", spent.seconds, " s", 0.25)
    yield processor(spent)


def measure(bench: Bench, *, pulls_only: bool) -> Iterator[Line]:
    yield from first_mirror(bench)
    yield from first_mirror_with_events(bench)
    if pulls_only:
        return
    settle(bench)
    yield from decided(bench)
    swell(bench)
    yield from idle(bench)
    yield from incremental(bench)
    yield from write_back(bench)
    yield from counted(bench)
    yield from bounced(bench)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure the budgets on this machine.")
    parser.add_argument("--tickets", type=int, default=10_000, help="size of the account (10000)")
    parser.add_argument(
        "--open", type=int, default=200_000, help="open tickets that the mirror holds besides (200000)"
    )
    parser.add_argument("--quick", action="store_true", help="measure once, not three times")
    parser.add_argument("--postgres", action="store_true", help="mirror into a PostgreSQL of its own")
    parser.add_argument("--pulls", action="store_true", help="measure first mirrors only")
    given = parser.parse_args()
    compileall.compile_dir(ROOT / "zdsync", quiet=1)
    with (
        tempfile.TemporaryDirectory(prefix="zdsync-bench-") as folder,
        databases(Path(folder), in_postgres=given.postgres) as named,
        serving(given.tickets) as account,
    ):
        bench = Bench(account, named, Path(folder), given.tickets, given.open, 1 if given.quick else 3)
        lines = list(measure(bench, pulls_only=given.pulls))
    kind = "PostgreSQL" if given.postgres else "SQLite"
    print_tables([table(f"{given.tickets:,} tickets, {kind}, {os.cpu_count()} cores", lines)])
    missed = [line.work.strip() for line in lines if line.is_over]
    print(f"Over budget: {', '.join(missed)}." if missed else "Every budget is kept.")


if __name__ == "__main__":
    main()
