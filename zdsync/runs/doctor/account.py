"""Does the account know us, what may we do there, how much of it, and is its clock ours?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from zdsync.errors import Denied, Rejected, Transient, ZdsyncError
from zdsync.runs.doctor.model import (
    AccountProbe,
    Finding,
    Introduction,
    fault,
    not_checked,
    ok,
    warning,
)
from zdsync.runs.pull import CADENCE, ESSENTIAL
from zdsync.streams import Stream

CREDENTIALS, ROLE, SCOPES, CLOCK, STREAMS, LIMITS = (
    "credentials",
    "role",
    "scopes",
    "clock",
    "plan and streams",
    "limits",
)
CHECKS = (CREDENTIALS, ROLE, SCOPES, CLOCK, STREAMS, LIMITS)

NEEDED = ("read", "write")
SOME_SKEW, MUCH_SKEW = timedelta(seconds=5), timedelta(seconds=60)
"""A minute is what Zendesk withholds: with more, we ask for what it refuses, or lag further behind than we believe."""
SOON = timedelta(days=7)

ACCOUNT_LIMIT, EXPORT_LIMIT = "account", "incremental-exports"
EXPORTS_PER_CYCLE = 3
"""Tickets, events, and one of the exports that take turns."""

Opened: TypeAlias = AbstractContextManager[AccountProbe]


@dataclass(frozen=True, slots=True)
class Intent:
    """How the settings mean to use the account: share of its limits, cycles a minute, and whether to write.

    `is_renewed` says that we renew the access token ourselves.
    """

    rate_share: float
    cycles_per_minute: float
    is_shadow: bool
    is_renewed: bool


def examine_account(opened: Opened, intent: Intent, now: datetime) -> Iterator[Finding]:
    """Findings in the order of CHECKS; a request per stream at most, and three more."""
    with opened as probe:
        try:
            met = probe.fetch_introduction()
        except ZdsyncError as err:
            if not isinstance(err, Denied | Rejected | Transient):
                raise
            yield fault(CREDENTIALS, err.message, err.hint)
            yield from skipped("the account did not let us in", CHECKS[1:])
            return
        identity = met.identity
        yield ok(CREDENTIALS, f"{identity.account} knows us as user {identity.user_id}")
        yield _role(identity.role)
        yield from _scopes(probe, intent, now)
        yield _clock(met)
        yield from _streams(probe)
        yield from _limits(probe.read_limits(), intent)


def skipped(why: str, checks: Collection[str] = CHECKS) -> Iterator[Finding]:
    yield from (not_checked(check, why) for check in checks)


def _role(role: str) -> Finding:
    if role == "admin":
        return ok(ROLE, "admin")
    return fault(
        ROLE,
        f"the credentials act as {role or 'nobody in particular'}; exports are for admins only",
        "let an admin own the OAuth client (or the token)",
    )


def _scopes(probe: AccountProbe, intent: Intent, now: datetime) -> Iterator[Finding]:
    try:
        grant = probe.fetch_grant()
    except (Denied, Rejected, Transient) as err:
        yield not_checked(SCOPES, f"the account does not tell: {err.message}")
        return
    if grant is None:
        yield ok(SCOPES, "an API token has none: it may do what its user may")
        return
    yield _granted(grant.scopes, intent)
    if grant.ends_at is not None and grant.ends_at - now < SOON and not intent.is_renewed:
        yield _ending(grant.ends_at, now)


def _granted(scopes: frozenset[str], intent: Intent) -> Finding:
    granted = ", ".join(sorted(scopes)) or "none"
    missing = [scope for scope in NEEDED if scope not in scopes]
    if not missing:
        return ok(SCOPES, f"granted: {granted}")
    text = f"granted: {granted}; missing: {' and '.join(missing)}"
    remedy = "grant read and write (Admin Center, Apps and integrations, OAuth clients), and make a new token"
    if missing == ["write"] and intent.is_shadow:
        return warning(SCOPES, text, f"before ZDSYNC_MODE=apply: {remedy}")
    return fault(SCOPES, text, remedy)


def _ending(ends_at: datetime, now: datetime) -> Finding:
    hours = (ends_at - now) / timedelta(hours=1)
    return warning(
        SCOPES,
        f"the access token ends in {hours:.1f} h, on {ends_at:%Y-%m-%d %H:%M} UTC",
        "set ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET instead of ZENDESK_OAUTH_TOKEN: those renew themselves",
    )


def _clock(met: Introduction) -> Finding:
    seconds = met.ahead.total_seconds()
    if abs(met.ahead) <= SOME_SKEW:
        return ok(CLOCK, "agrees with Zendesk's")
    text = f"this machine is {abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} Zendesk"
    remedy = "set this machine's clock by NTP"
    return fault(CLOCK, text, remedy) if abs(met.ahead) > MUCH_SKEW else warning(CLOCK, text, remedy)


def _streams(probe: AccountProbe) -> Iterator[Finding]:
    refused: dict[Stream, ZdsyncError] = {}
    for stream in CADENCE:
        try:
            probe.fetch_little(stream)
        except (Denied, Rejected) as err:
            refused[stream] = err
        except Transient as err:
            yield not_checked(STREAMS, f"{stream.value}: {err.message}")
    if not refused:
        yield ok(STREAMS, f"all {len(CADENCE)} may be read")
    for stream, error in refused.items():
        if stream in ESSENTIAL:
            yield fault(STREAMS, f"{stream.value}: {error.message}", error.hint)
        else:
            text = f"{stream.value}: {error.message}; its table stays empty, all else works"
            yield warning(STREAMS, text, error.hint or "see whether the plan has this feature")


def _limits(told: Mapping[str, int], intent: Intent) -> Iterator[Finding]:
    if not told:
        yield ok(LIMITS, "the account names none")
        return
    share, parts = f"{intent.rate_share:.0%}", []
    for name, what in ((ACCOUNT_LIMIT, "requests"), (EXPORT_LIMIT, "exports")):
        if name in told:
            parts.append(f"{_allowed(told[name], intent)} of {told[name]} {what} a minute")
    text = f"{' and '.join(parts) or 'some are named'} (share {share})"
    exports = told.get(EXPORT_LIMIT)
    needed = EXPORTS_PER_CYCLE * intent.cycles_per_minute
    if exports is not None and _allowed(exports, intent) < needed:
        yield warning(
            LIMITS,
            f"{text}; the schedule wants up to {needed:.0f} exports a minute, so cycles will wait",
            "set a slower ZDSYNC_SCHEDULE or a larger ZDSYNC_RATE_SHARE",
        )
    else:
        yield ok(LIMITS, text)


def _allowed(total: int, intent: Intent) -> int:
    return max(1, int(total * intent.rate_share))
