"""Background jobs: queued, working, completed, with one result per item."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import ApiError, Json
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World

Step = Callable[[], Json]


@dataclass(slots=True)
class Job:
    """A queued list of steps; each step yields its result line."""

    id: str
    kind: str
    total: int | None
    steps: list[Step]
    queued_at: float
    starts_at: float
    ends_at: float
    status: str = "queued"
    polls: int = 0
    message: str | None = None
    results: Any = None
    fate: str | None = None
    lines: list[Json] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.status in ("queued", "working")


class Jobs:
    """Runs jobs by the clock or by being asked, whichever comes first.

    A job starts after `start_s` and ends after `end_s`; it also takes a step with every poll, so that
    a frozen clock does not hold it up. `fates` decides the next jobs: late, stuck, killed, half_failed.
    """

    def __init__(self, world: World, *, start_s: float = 0.2, end_s: float = 1.0, polls: int = 2) -> None:
        self.world = world
        self.start_s, self.end_s, self.polls = start_s, end_s, polls
        self.limit: int | None = 30
        self.fates: list[tuple[str, float]] = []
        self._jobs: dict[str, Job] = {}
        self._count = 0

    def add(self, kind: str, steps: Sequence[Step], *, total: bool = True) -> Job:
        """Queue a job; raises TooManyJobs when 30 are open (developer.zendesk.com, "Rate limits")."""
        now = self.world.clock.time()
        open_ids = [job.id for job in self._jobs.values() if job.is_open]
        if self.limit is not None and len(open_ids) >= self.limit:
            body = {
                "error": "TooManyJobs",
                "description": "Too many jobs are currently queued or running. Try again later.",
                "current_job_ids": open_ids,
            }
            raise ApiError(unverified.TOO_MANY_JOBS_STATUS, body)
        self._count += 1
        digest = hashlib.sha256(f"{self.world.subdomain}/{self._count}".encode()).hexdigest()[:32]
        fate, extra = self.fates.pop(0) if self.fates else (None, 0.0)
        late = extra if fate == "late" else 0.0
        count = len(steps) if total else None
        job = Job(
            f"V3-{digest}", kind, count, list(steps), now, now + self.start_s + late, now + self.end_s + late
        )
        job.fate = fate
        self._jobs[job.id] = job
        self._forget(now)
        return job

    def headers(self) -> dict[str, str]:
        """The limit of open jobs, as the answers that queue one give it."""
        if self.limit is None:
            return {}
        left = self.limit - sum(job.is_open for job in self._jobs.values())
        return {"zendesk-ratelimit-inflight-jobs": f"total={self.limit}; remaining={left}; resets=60"}

    def _forget(self, now: float) -> None:
        # Job data lives for about a day.
        self._jobs = {key: job for key, job in self._jobs.items() if now - job.queued_at < 86_400}

    def tick(self) -> None:
        """Run what fell due; called before every request."""
        now = self.world.clock.time()
        for job in self._jobs.values():
            if job.is_open:
                self._advance(job, now, polled=False)

    def get(self, ident: str) -> Job | None:
        """Look a job up; counts as a poll."""
        self._forget(self.world.clock.time())
        job = self._jobs.get(ident)
        if job is not None and job.is_open:
            job.polls += 1
            self._advance(job, self.world.clock.time(), polled=True)
        return job

    def recent(self) -> Iterator[Job]:
        """The last hundred jobs, newest first."""
        yield from list(reversed(self._jobs.values()))[:100]

    def _advance(self, job: Job, now: float, *, polled: bool) -> None:
        if job.fate == "stuck":
            job.status = "working" if now >= job.starts_at or job.polls else job.status
            return
        pushed = polled and job.fate != "late" and self.world.clock.is_frozen
        if now >= job.ends_at or (pushed and job.polls >= self.polls):
            self._finish(job)
        elif now >= job.starts_at or (pushed and job.polls >= self.polls - 1):
            job.status = "working"

    def _finish(self, job: Job) -> None:
        steps = job.steps
        if job.fate in ("killed", "half_failed"):
            steps = steps[: len(steps) // 2]
        job.lines = [step() for step in steps]
        if job.fate == "half_failed":
            job.lines += [
                {"index": i, "error": "TicketUpdateFailed", "details": "Database timeout"}
                for i in range(len(steps), len(job.steps))
            ]
        killed = job.fate == "killed"
        job.status = "killed" if killed else "completed"
        when = iso(self.world.clock.now()).replace("T", " ").replace("Z", " +0000")
        job.message = f"{'Killed' if killed else 'Completed'} at {when}"
        job.results = None if killed else (job.lines if job.total is not None else {"success": True})
        job.steps = []

    def row(self, job: Job, base: str) -> Json:
        """The `job_status` object, with nulls while queued."""
        done = not job.is_open
        return {
            "id": job.id,
            "job_type": job.kind,
            "url": f"{base}/api/v2/job_statuses/{job.id}.json",
            "total": job.total,
            "progress": None if job.status == "queued" else (job.total if done else 0),
            "status": job.status,
            "message": job.message,
            "results": job.results,
        }
