"""Settings become adapters, adapters become runs: beside `reading`, the only module that names both sides.

What talks to the network is loaded by those who do.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from zdsync.account import Account, NativeNames
from zdsync.config import Settings
from zdsync.detect import TextFilter
from zdsync.errors import MirrorError, Problem
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.model import RunId
from zdsync.ports.clock import Clock
from zdsync.reading import open_reading, queries
from zdsync.rules.load import load_rules
from zdsync.runs.check import check_rules
from zdsync.runs.check_history import check_history
from zdsync.runs.cycle import Workplace
from zdsync.runs.doctor.model import AccountProbe, DatabaseProbe
from zdsync.runs.external import with_tables
from zdsync.runs.turn import Turn
from zdsync.runs.watch import Watch
from zdsync.settings import Bodies, Mode


def new_run_id(now: datetime) -> RunId:
    """Sortable by time, unique among processes: `20261122-093000-1f3a`."""
    return RunId(f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")


@contextmanager
def open_mirror_beside(settings: Settings, clock: Clock) -> Iterator[MirrorStore]:
    """The mirror for one small write of our own records, also while a worker has the lease.

    Raises MirrorError when there is no mirror yet, instead of making one.
    """
    open_mirror(settings.database_url, clock=clock, read_only=True).close()
    with open_mirror(settings.database_url, clock=clock) as mirror:
        yield mirror


@contextmanager
def open_workplace(settings: Settings, clock: Clock, *, stands_by: bool = False) -> Iterator[Workplace]:
    """Everything a writing run needs, under the mirror's lease: one process at a time.

    With `stands_by`, on a database server, the lease is taken by `take_turn` and not here, so that a worker can wait
    for it. A second worker on a file is a mistake, and raises LeaseTaken in any case.
    """
    from zdsync.zendesk.account import connect

    access = settings.need_access()
    with ExitStack() as stack:
        mirror = stack.enter_context(open_mirror(settings.database_url, clock=clock))
        lease = mirror.lease()
        if stands_by and not mirror.database.is_sqlite:
            stack.push(lease.__exit__)
        else:
            stack.enter_context(lease)
        account = stack.enter_context(
            closing(
                connect(
                    access.url,
                    access.credentials,
                    rate_share=settings.rate_share,
                    clock=clock,
                    text_filter=TextFilter(settings.bodies.value),
                )
            )
        )
        yield Workplace(
            account=access.url,
            source=account,
            writer=account,
            mirror=mirror,
            journal=mirror.journal,
            clock=clock,
            rules=lambda: with_tables(load_rules(settings.rules), queries(settings)),
            new_run_id=new_run_id,
            start=settings.start,
            tag_prefix=settings.tag_prefix,
            limits=settings.limits,
            is_shadow=settings.mode is Mode.SHADOW,
            retention=settings.retention,
            take_turn=Turn(lease, clock).take,
        )


@contextmanager
def open_account_probe(settings: Settings, clock: Clock) -> Iterator[AccountProbe]:
    """A look at what the account allows; nothing is asked yet."""
    from zdsync.zendesk.probe import ZendeskProbe

    access = settings.need_access()
    probe = ZendeskProbe(access.url, access.credentials, rate_share=settings.rate_share, clock=clock)
    with closing(probe):
        yield probe


@contextmanager
def open_database_probe(settings: Settings) -> Iterator[DatabaseProbe]:
    """A look at the database, which is neither made nor changed."""
    from zdsync.mirror.health import DatabaseDoor

    with closing(DatabaseDoor(settings.database_url)) as door:
        yield door


def watch(settings: Settings, place: Workplace) -> Watch:
    """Cycles whose troubles are told to the webhook, if there is one."""
    from zdsync.alerts import Webhook

    alerts = Webhook(settings.alert_url) if settings.alert_url else None
    return Watch(place, alerts, settings.max_lag)


TEMPLATES = ("saas", "retail")


def starter_rules(template: str = TEMPLATES[0]) -> Path:
    """A shipped rule folder; the first one is inside an installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    if template != TEMPLATES[0]:
        return here / "templates" / template
    inside = here / "starter_rules"
    return inside if inside.is_dir() else here.parent / "rules"


def read_account_if_any(settings: Settings, clock: Clock) -> Account | None:
    """The mirrored account, None when there is no mirror yet or it was never filled."""
    try:
        with open_reading(settings, clock) as reading:
            account = reading.mirror.read_account()
    except MirrorError:
        return None
    return account if account.groups else None


def read_native_names_if_any(settings: Settings, clock: Clock) -> NativeNames:
    """What the mirrored account calls its macros and triggers; nothing without a mirror."""
    try:
        with open_reading(settings, clock) as reading:
            return reading.mirror.read_native_names()
    except MirrorError:
        return NativeNames()


def check_rule_files(settings: Settings, clock: Clock, account: Account | None) -> tuple[Problem, ...]:
    """Every problem of the rule files, by themselves or against an account, in file order."""
    return check_rules(
        settings.rules,
        account,
        tag_prefix=settings.tag_prefix,
        keeps_text=settings.bodies is not Bodies.NONE,
        now=clock.now(),
        queries=queries(settings) if account is not None else None,
    )


def check_against_mirror(settings: Settings, clock: Clock) -> tuple[Problem, ...]:
    """What the mirror tells of sound rules."""
    with open_reading(settings, clock) as reading:
        rules = reading.rules()
        return check_history(reading.mirror, rules, tag_prefix=settings.tag_prefix, now=clock.now())
