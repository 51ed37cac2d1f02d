"""One measured thing beside its budget."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.benchmark.spent import Spent
from zdsync.report.tables import Cell, Table

COLUMNS = ("work", "zdsync", "minimal", "ratio", "budget", "verdict")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the result; `is_over` None when there is no budget."""

    work: str
    zdsync: str
    minimal: str | None
    ratio: str | None
    budget: str | None
    is_over: bool | None

    @property
    def cells(self) -> tuple[Cell, ...]:
        verdict = {True: "OVER", False: "ok", None: None}[self.is_over]
        return (self.work, self.zdsync, self.minimal, self.ratio, self.budget, verdict)


def beside(work: str, ours: Spent, least: Spent, budget: float) -> tuple[Line, Line]:
    """Seconds as a ratio to the minimal script's, which is judged; processor seconds, which the machine's load spares."""
    seconds, cpu = ours.seconds / least.seconds, ours.cpu_s / least.cpu_s
    return (
        Line(
            work,
            f"{ours.seconds:.2f} s",
            f"{least.seconds:.2f} s",
            f"{seconds:.2f}",
            f"≤ {budget:g} ×",
            seconds > budget,
        ),
        Line("  processor time", f"{ours.cpu_s:.2f} s", f"{least.cpu_s:.2f} s", f"{cpu:.2f}", None, None),
    )


def peak(ours: Spent, least: Spent, budget: float | None) -> Line:
    limit = None if budget is None else f"≤ {budget:g} MB"
    is_over = None if budget is None else ours.peak_mb > budget
    return Line(
        "  peak memory",
        f"{ours.peak_mb:.0f} MB",
        f"{least.peak_mb:.0f} MB",
        f"{ours.peak_mb / least.peak_mb:.2f}",
        limit,
        is_over,
    )


def at_most(work: str, found: float, unit: str, budget: float) -> Line:
    return Line(work, f"{found:,.4g}{unit}", None, None, f"≤ {budget:,g}{unit}", found > budget)


def processor(spent: Spent) -> Line:
    """Processor seconds, which the machine's load spares."""
    return Line("  processor time", f"{spent.cpu_s:.2f} s", None, None, None, None)


def at_least(work: str, found: float, unit: str, budget: float) -> Line:
    return Line(work, f"{found:,.0f}{unit}", None, None, f"≥ {budget:,.0f}{unit}", found < budget)


def table(title: str, lines: list[Line]) -> Table:
    return Table(title, COLUMNS, tuple(line.cells for line in lines))
