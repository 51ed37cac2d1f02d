"""What a command costs, as the operating system accounts for it: seconds, processor seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of `ru_maxrss`.  Source: getrusage(2) of macOS and of Linux."""


@dataclass(frozen=True, slots=True)
class Spent:
    """One finished process, or the medians of several."""

    seconds: float
    cpu_s: float
    peak_mb: float


def spend(
    command: Sequence[str], environ: Mapping[str, str], folder: Path, codes: Sequence[int] = (0,)
) -> Spent:
    """Run a command to its end; raises SystemExit with its last words when it ends with none of `codes`.

    The peak is at least this process's own, which the child starts as: so this one stays small.
    """
    with tempfile.TemporaryFile() as words:
        began = time.perf_counter()
        child = subprocess.Popen(command, env=environ, cwd=folder, stdout=words, stderr=words)  # noqa: S603 - our own commands
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in codes:
            words.seek(0)
            told = words.read()[-2000:].decode(errors="replace")
            raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{told}")
    return Spent(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT / 2**20)


def middle(times: int, measure: Callable[[], Spent]) -> Spent:
    """The medians of as many measurements."""
    all_spent = [measure() for _ in range(times)]
    return Spent(
        median(one.seconds for one in all_spent),
        median(one.cpu_s for one in all_spent),
        max(one.peak_mb for one in all_spent),
    )
