"""What the doctor makes of an account, a database and rules, told by what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from zdsync.errors import Denied, MirrorError, Problem, Rejected, Transient, Unreachable
from zdsync.model import UserId
from zdsync.ports.account import Identity
from zdsync.runs.doctor import account, database, rules
from zdsync.runs.doctor.account import Intent
from zdsync.runs.doctor.model import DatabaseState, Finding, Grade, Grant, Introduction
from zdsync.streams import Stream

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACME = "https://acme.zendesk.com"
INTENT = Intent(rate_share=0.6, cycles_per_minute=1, is_shadow=False, is_renewed=True)


@dataclass
class Account:
    """An account that lets us do everything, but for what a test says."""

    role: str = "admin"
    ahead: float = 0
    grant: Grant | Exception | None = field(default_factory=lambda: Grant(frozenset({"read", "write"}), None))
    refusals: Mapping[Stream, Exception] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=lambda: {"account": 700, "incremental-exports": 10})
    introduction_fails: Exception | None = None

    def fetch_introduction(self) -> Introduction:
        if self.introduction_fails:
            raise self.introduction_fails
        return Introduction(Identity(ACME, UserId(7), self.role), timedelta(seconds=self.ahead))

    def fetch_grant(self) -> Grant | None:
        if isinstance(self.grant, Exception):
            raise self.grant
        return self.grant

    def fetch_little(self, stream: Stream) -> None:
        if stream in self.refusals:
            raise self.refusals[stream]

    def read_limits(self) -> Mapping[str, int]:
        return self.limits

    def examined(self, intent: Intent = INTENT) -> list[Finding]:
        @contextmanager
        def opened() -> Iterator[Account]:
            yield self

        return list(account.examine_account(opened(), intent, NOW))


def only(found: list[Finding], check: str) -> Finding:
    (one,) = [finding for finding in found if finding.check == check]
    return one


def grades(found: list[Finding]) -> set[Grade]:
    return {finding.grade for finding in found}


def test_a_healthy_account() -> None:
    """A line per check, all of them ok, with what may be used of its limits."""
    found = Account().examined()
    assert tuple(finding.check for finding in found) == account.CHECKS
    assert grades(found) == {Grade.OK}
    assert "420 of 700 requests" in only(found, account.LIMITS).text
    assert "6 of 10 exports" in only(found, account.LIMITS).text


@pytest.mark.parametrize("error", [Denied("nobody", hint="sign in"), Unreachable("silence", hint="sign in")])
def test_an_account_that_does_not_know_us(error: Exception) -> None:
    """The one fault is told with its remedy and exit 1; everything behind it says that it was not checked."""
    found = Account(introduction_fails=error).examined()
    assert tuple(finding.check for finding in found) == account.CHECKS
    assert (found[0].grade, found[0].remedy, found[0].exit_code) == (Grade.FAULT, "sign in", 1)
    assert grades(found[1:]) == {Grade.NOT_CHECKED}


def test_an_error_of_another_kind_passes() -> None:
    """What is no answer of the account is not explained away."""
    with pytest.raises(MirrorError):
        Account(introduction_fails=MirrorError("no")).examined()


@pytest.mark.parametrize(("role", "named"), [("agent", "agent"), ("", "nobody in particular")])
def test_who_is_no_admin(role: str, named: str) -> None:
    """Exports need an admin: a fault, and the rest is looked at all the same."""
    found = Account(role=role).examined()
    one = only(found, account.ROLE)
    assert (one.grade, one.exit_code) == (Grade.FAULT, 1)
    assert named in one.text
    assert only(found, account.STREAMS).grade is Grade.OK


def test_missing_scopes() -> None:
    """What is granted and what is missing are both named; without write a shadow installation is only warned."""
    reading = Account(grant=Grant(frozenset({"read", "tickets:write"}), None))
    fault = only(reading.examined(), account.SCOPES)
    assert (fault.grade, fault.text) == (Grade.FAULT, "granted: read, tickets:write; missing: write")
    shadow = only(reading.examined(replace(INTENT, is_shadow=True)), account.SCOPES)
    assert shadow.grade is Grade.WARNING
    assert "ZDSYNC_MODE=apply" in shadow.remedy
    nothing = Account(grant=Grant(frozenset(), None)).examined(replace(INTENT, is_shadow=True))
    assert only(nothing, account.SCOPES).grade is Grade.FAULT


def test_rights_that_cannot_be_told() -> None:
    """An API token has no scopes; an account that does not answer is not blamed."""
    assert only(Account(grant=None).examined(), account.SCOPES).grade is Grade.OK
    silent = Account(grant=Rejected("404", status=404)).examined()
    assert only(silent, account.SCOPES).grade is Grade.NOT_CHECKED


def test_a_token_that_ends_soon() -> None:
    """A warning in its last week, unless we renew it ourselves."""
    soon = Account(grant=Grant(frozenset({"read", "write"}), NOW + timedelta(hours=5)))
    by_hand = replace(INTENT, is_renewed=False)
    told = [finding.grade for finding in soon.examined(by_hand) if finding.check == account.SCOPES]
    assert told == [Grade.OK, Grade.WARNING]
    assert grades(soon.examined()) == {Grade.OK}
    later = Account(grant=Grant(frozenset({"read", "write"}), NOW + timedelta(days=30)))
    assert grades(later.examined(by_hand)) == {Grade.OK}


@pytest.mark.parametrize(
    ("ahead", "grade", "said"),
    [
        (5, Grade.OK, "agrees"),
        (6, Grade.WARNING, "6 s ahead of"),
        (-60, Grade.WARNING, "60 s behind"),
        (61, Grade.FAULT, "61 s ahead of"),
        (-4000, Grade.FAULT, "4,000 s behind"),
    ],
)
def test_clocks(ahead: float, grade: Grade, said: str) -> None:
    """Seconds are no matter, more is a warning, over the minute that exports withhold a fault."""
    one = only(Account(ahead=ahead).examined(), account.CLOCK)
    assert one.grade is grade
    assert said in one.text


def test_streams_that_the_plan_does_not_have() -> None:
    """Each is named with the reason; one that nothing can do without is a fault, a hiccup is neither."""
    refusals = {
        Stream.SLA_POLICIES: Denied("403", hint="see the plan"),
        Stream.FORMS: Rejected("404", status=404),
        Stream.USERS: Denied("403 too", hint="be admin"),
        Stream.TAGS: Transient("503"),
    }
    found = [one for one in Account(refusals=refusals).examined() if one.check == account.STREAMS]
    assert {(one.text.partition(":")[0], one.grade) for one in found} == {
        ("sla_policies", Grade.WARNING),
        ("ticket_forms", Grade.WARNING),
        ("users", Grade.FAULT),
        ("tags", Grade.NOT_CHECKED),
    }
    assert all(one.remedy for one in found if one.grade is not Grade.NOT_CHECKED)


def test_limits_too_small_for_the_schedule() -> None:
    """A schedule that wants more exports than the share allows will wait, and is told so."""
    fast = replace(INTENT, cycles_per_minute=4)
    one = only(Account().examined(fast), account.LIMITS)
    assert one.grade is Grade.WARNING
    assert "12 exports a minute" in one.text
    assert only(Account(limits={}).examined(fast), account.LIMITS).text == "the account names none"
    assert "some are named" in only(Account(limits={"other": 3}).examined(), account.LIMITS).text


STATE = DatabaseState(
    place="mirror.db",
    revision="0007",
    wanted="0007",
    is_older=False,
    account=ACME,
    size_bytes=3 * 2**20,
    free_bytes=50 * 2**30,
    log_bytes=4096,
    oldest_reader=None,
)


@dataclass
class Base:
    """A database in a state that a test says."""

    state: DatabaseState = STATE
    refuses: MirrorError | None = None
    is_broken: bool = False

    def read_state(self) -> DatabaseState:
        if self.is_broken:
            raise MirrorError("it is damaged", hint="bring back a copy")
        return self.state

    def try_writing(self) -> None:
        if self.refuses:
            raise self.refuses

    def examined(self, named: str | None = ACME) -> dict[str, Finding]:
        @contextmanager
        def opened() -> Iterator[Base]:
            yield self

        found = list(database.examine_database(opened(), named))
        assert tuple(finding.check for finding in found) == database.CHECKS
        return {finding.check: finding for finding in found}


def test_a_healthy_database() -> None:
    """All six checks are ok, and the first says how large it is."""
    found = Base().examined()
    assert grades(list(found.values())) == {Grade.OK}
    assert found[database.DATABASE].text == "mirror.db, 3.0 MiB"
    assert found[database.ROOM].text == "50.0 GiB free"


def test_a_database_that_cannot_be_read() -> None:
    """One fault with its remedy; the others say that they were not checked."""
    found = Base(is_broken=True).examined()
    assert (found[database.DATABASE].grade, found[database.DATABASE].remedy) == (
        Grade.FAULT,
        "bring back a copy",
    )
    assert grades([found[check] for check in database.CHECKS[1:]]) == {Grade.NOT_CHECKED}


def test_before_the_first_pull() -> None:
    """Nothing is wrong with a database that is yet to be made."""
    new = replace(STATE, revision=None, account=None, size_bytes=None, log_bytes=None)
    assert grades(list(Base(new).examined().values())) == {Grade.OK}


@pytest.mark.parametrize(("is_older", "grade"), [(True, Grade.WARNING), (False, Grade.FAULT)])
def test_another_schema(is_older: bool, grade: Grade) -> None:
    """An older one will be brought up to date; one that this version does not know stops it."""
    found = Base(replace(STATE, revision="0002", is_older=is_older)).examined()
    assert found[database.SCHEMA].grade is grade


def test_another_account() -> None:
    """A database of another account is a fault that names both; without a named account it cannot be told."""
    found = Base().examined("https://other.zendesk.com")[database.BOUND]
    assert (found.grade, found.exit_code) == (Grade.FAULT, 1)
    assert ACME in found.text
    assert "other" in found.text
    assert Base().examined(None)[database.BOUND].grade is Grade.NOT_CHECKED


@pytest.mark.parametrize(
    ("free", "grade"),
    [
        (None, Grade.NOT_CHECKED),
        (10 * 2**20, Grade.FAULT),
        (500 * 2**20, Grade.WARNING),
        (2**40, Grade.OK),
    ],
)
def test_room(free: int | None, grade: Grade) -> None:
    """A disk that is nearly full is a warning, one without room for a page a fault."""
    assert Base(replace(STATE, free_bytes=free)).examined()[database.ROOM].grade is grade


def test_readers_that_hold_on() -> None:
    """A log that nobody can take over, and a transaction that was forgotten, are told."""
    grown = Base(replace(STATE, log_bytes=2**30)).examined()[database.READERS]
    assert grown.grade is Grade.WARNING
    assert "1.0 GiB" in grown.text
    forgotten = Base(replace(STATE, oldest_reader=timedelta(hours=5))).examined()[database.READERS]
    assert "5.0 h" in forgotten.text
    fresh = Base(replace(STATE, oldest_reader=timedelta(minutes=5))).examined()[database.READERS]
    assert fresh.grade is Grade.OK


def test_a_database_that_cannot_be_written() -> None:
    """Reading goes on; the fault is told with its remedy."""
    found = Base(refuses=MirrorError("read-only", hint="give access")).examined()[database.WRITING]
    assert (found.grade, found.text, found.remedy) == (Grade.FAULT, "read-only", "give access")


def problem(line: int, *, is_warning: bool = False) -> Problem:
    return Problem("rules/20.yaml", line, 1, "wrong", "some-check", is_warning)


def examined(offline: tuple[Problem, ...], more: tuple[Problem, ...] | MirrorError | None) -> list[Finding]:
    def against() -> tuple[Problem, ...] | None:
        if isinstance(more, MirrorError):
            raise more
        return more

    return list(rules.examine_rules(lambda: offline, against))


def test_sound_rules() -> None:
    """Both by themselves and against the account."""
    assert [(one.check, one.grade) for one in examined((), ())] == [
        (rules.RULES, Grade.OK),
        (rules.AGAINST, Grade.OK),
    ]


def test_faulty_rules() -> None:
    """The first faults with their lines and how many more there are, exit 2; against the account nothing is asked."""
    found = examined(tuple(problem(line) for line in range(1, 8)), ())
    assert [one.grade for one in found] == [Grade.FAULT] * 6 + [Grade.NOT_CHECKED]
    assert {one.exit_code for one in found[:6]} == {2}
    assert found[0].text.startswith("rules/20.yaml:1:1: wrong")
    assert found[5].text == "2 more faults"


def test_faults_that_only_the_account_shows() -> None:
    """A name that the account lacks is a fault too; what is known already is not told twice."""
    known, new, unknown = problem(1, is_warning=True), problem(2, is_warning=True), problem(3)
    found = examined((known,), (known, new, unknown))
    assert [(one.check, one.grade, one.exit_code) for one in found] == [
        (rules.RULES, Grade.WARNING, 0),
        (rules.AGAINST, Grade.FAULT, 2),
        (rules.AGAINST, Grade.WARNING, 0),
    ]
    assert [one.text for one in found if one.grade is Grade.WARNING] == ["1 warning", "1 warning"]


@pytest.mark.parametrize("more", [None, MirrorError("locked")])
def test_rules_without_a_mirror(more: MirrorError | None) -> None:
    """What cannot be asked is said so, and is no fault of the rules."""
    assert examined((), more)[-1].grade is Grade.NOT_CHECKED
