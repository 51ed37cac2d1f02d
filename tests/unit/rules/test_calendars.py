"""Calendars as rules have them: every spelling, every fault with its line, the account's schedules, and `within`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from jsonschema import Draft202012Validator

from tests.unit.rules.build import ACCOUNT, FULL, HEAD, compiled, facts, holds, rules, told, told_of
from zdsync.account import Account, Schedule, ScheduleVersion
from zdsync.calendars import ALWAYS, DAY, Calendar, Week
from zdsync.report.rule_pages import page_markdown, rule_pages
from zdsync.rules.calendars import days_of, hours_of
from zdsync.rules.evaluate import trace
from zdsync.rules.explain import explain_trace
from zdsync.rules.layout import lay_out, means_the_same
from zdsync.rules.model import RuleSet
from zdsync.rules.schema import editor_schema
from zdsync.rules.stand_in import account_for_cases
from zdsync.rules.tree import Tree
from zdsync.rules.yaml_text import read_into

UK = "calendars:\n  uk: {timezone: Europe/London, open: {mon-fri: 09:00-17:30}, holidays: [2026-12-25]}\n"
OFFICE = tuple((day * DAY + 540, day * DAY + 1050) for day in range(5))
NOON, NIGHT = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 23, tzinfo=UTC)


def block(body: str, tier: str = "") -> str:
    """A whole set with this under `calendars:`, and in the first tier."""
    head = HEAD.replace("name: Frontline,", f"name: Frontline, {tier},") if tier else HEAD
    return f"{head}calendars:\n{body}\n{FULL}"


def schedule(
    name: str = "Nights",
    zone: str = "London",
    intervals: tuple[tuple[int, int], ...] = ((0, 60),),
    id: int = 62,
) -> Schedule:
    return Schedule(id, name, (ScheduleVersion(zone, intervals),))


def knowing(*schedules: Schedule) -> Account:
    return replace(ACCOUNT, schedules=schedules)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat,sun", (5, 6)),
        ("Sat, Sun", (5, 6)),
        ("fri-mon", (4, 5, 6, 0)),
        ("mon-tue,thu,sat-sun", (0, 1, 3, 5, 6)),
        ("mon-sun", (0, 1, 2, 3, 4, 5, 6)),
        ("wed-wed", (2,)),
    ],
)
def test_days_are_named_by_three_letters(text: str, days: tuple[int, ...]) -> None:
    """Alone, as ranges, also over Sunday, or several of these."""
    assert days_of(text) == days


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("09:00-17:30", (540, 1050)),
        ("00:00-24:00", (0, 1440)),
        ("22:00-06:00", (1320, 1800)),
        ("22:00 - 00:00", (1320, 1440)),
        ("22:00-24:00", (1320, 1440)),
    ],
)
def test_hours_may_run_over_midnight(text: str, span: tuple[int, int]) -> None:
    assert hours_of(text) == span


def test_a_calendar_is_weeks_with_all_its_versions() -> None:
    """The first holds since ever, the others from their dates; zone and holidays are common unless they say otherwise."""
    text = """
  uk:
    timezone: Europe/London
    open: {mon-fri: 09:00-17:30}
    holidays: 2026-12-25
    versions:
      - {valid_from: 2026-11-02, open: {sat: [09:00-12:00, 13:00-24:00], mon: 22:00-06:00}}
      - {valid_from: 2027-01-01, timezone: Asia/Kolkata, open: {mon-fri: 09:00-17:30}}
"""
    closed = frozenset({date(2026, 12, 25)})
    saturday = ((7740, 7920), (7980, 8640))
    assert rules(block(text)).calendars == {
        "uk": (
            Week("Europe/London", OFFICE, closed),
            Week("Europe/London", ((1320, 1800), *saturday), closed, date(2026, 11, 2)),
            Week("Asia/Kolkata", OFFICE, closed, date(2027, 1, 1)),
        )
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("  uk: {open: {mon: 09:00-10:00}}", "9:7: `timezone:` is missing [missing-key]"),
        ("  uk: {timezone: UTC}", "`open:` is missing"),
        ("  uk: {timezone: UTC, open: {}}", "'open' must not be empty"),
        ("  uk: {timezone: UTC, open: {mon: []}}", "'mon' must not be empty"),
        (
            "  uk: {timezone: Europe/Londn, open: {mon: 09:00-10:00}}",
            "9:18: 'timezone' must be an IANA time zone such as Europe/London; did you mean 'Europe/London'?",
        ),
        ("  uk: {timezone: Brasilia, open: {mon: 09:00-10:00}}", "Zendesk's 'Brasilia' is America/Sao_Paulo"),
        ("  uk: {timezone: UTC, open: {monday: 09:00-10:00}}", "'monday' must be days such as mon, mon-fri"),
        ("  uk: {timezone: UTC, open: {mon-: 09:00-10:00}}", "'mon-' must be days such as"),
        ("  uk: {timezone: UTC, open: {'mon-wed,tue': 09:00-10:00}}", "'mon-wed,tue' names a day twice"),
        ("  uk: {timezone: UTC, open: {mon: 9-17}}", "'mon' must be hours such as 09:00-17:30"),
        ("  uk: {timezone: UTC, open: {mon: 09:00-24:30}}", "'mon' must end by 24:00"),
        ("  uk: {timezone: UTC, open: {mon: 09:00-09:00}}", "'mon' opens and closes at the same time"),
        (
            "  uk:\n    timezone: UTC\n    open:\n      mon-fri: 09:00-17:00\n      fri: 18:00-19:00",
            "13:7: fri is in 'mon-fri' and in 'fri'; name each day once [wrong-value]",
        ),
        (
            "  uk: {timezone: UTC, open: {mon: [09:00-12:00, 11:59-17:00]}}",
            "9:49: hours of mon overlap with those before them [wrong-value]",
        ),
        ("  uk: {timezone: UTC, open: {mon: 22:00-06:00, tue: 05:00-07:00}}", "hours of tue overlap"),
        ("  uk: {timezone: UTC, open: {sun: 22:00-06:00, mon: 05:00-07:00}}", "hours of mon overlap"),
        ("  uk: {timezone: UTC, open: {mon: 09:00-10:00}, holidays: [Christmas]}", "must be a date such as"),
        ("  uk: {timezone: UTC, opens: {mon: 09:00-10:00}}", "unknown key 'opens'; did you mean 'open'?"),
        ("  a b: {timezone: UTC, open: {mon: 09:00-10:00}}", "may hold letters, digits"),
        (
            "  uk: {timezone: UTC, open: {mon: 09:00-10:00}, versions: [{open: {mon: 09:00-10:00}}]}",
            "`valid_from:` is missing",
        ),
        (
            "  uk: {timezone: UTC, open: {mon: 09:00-10:00}, versions: [{valid_from: 2026-01-01, opn: 1}]}",
            "unknown key 'opn'; did you mean 'open'?",
        ),
        (
            "  uk:\n    timezone: UTC\n    open: {mon: 09:00-10:00}\n    versions:\n"
            + "".join(
                f"      - {{valid_from: 2026-01-01, open: {{mon: 09:00-1{hour}:00}}}}\n" for hour in "12"
            ),
            "14:22: two versions are valid from 2026-01-01",
        ),
    ],
)
def test_faults_of_a_calendar_are_located(body: str, message: str) -> None:
    """What is wrong, where, and how it is written instead; two spans that touch are none."""
    found = told(block(body))
    assert message in "\n".join(found)
    if "missing" not in message and "unknown key" not in message:
        assert len(found) == 1


def test_hours_that_touch_are_no_fault() -> None:
    text = "  all: {timezone: UTC, open: {mon-sun: [00:00-12:00, 12:00-24:00]}}"
    assert told(block(text)) == []
    assert compiled(block(text)).calendars["all"].is_always


class TestNames:
    """What a tier's `calendar` may name."""

    def test_a_calendar_of_the_rule_files(self) -> None:
        """A tier that names none is open round the clock."""
        found = compiled(HEAD.replace("group: Frontline", "group: Frontline, calendar: uk") + UK + FULL)
        frontline, specialists = found.rules.tiers
        assert found.calendar_of(frontline) == Calendar(
            "uk", [Week("Europe/London", OFFICE, frozenset({date(2026, 12, 25)}))]
        )
        assert found.calendar_of(specialists) is ALWAYS

    def test_a_schedule_of_the_account(self) -> None:
        """By name in any case; Zendesk's week begins on Sunday, and its zones have names of their own."""
        head = HEAD.replace("group: Frontline", "group: Frontline, calendar: zendesk:uk OFFICE")
        found = compiled(head + FULL)
        assert found.calendars == {
            "zendesk:uk OFFICE": Calendar(
                "zendesk:uk OFFICE", [Week("Europe/London", OFFICE, frozenset({date(2026, 12, 25)}))]
            )
        }

    def test_a_schedule_s_states_are_versions(self) -> None:
        """Sunday comes last in a week that begins on Monday; what runs past Saturday runs into Sunday."""
        changed = ScheduleVersion("Astana", ((6 * DAY, 7 * DAY + 60),), date(2026, 11, 1))
        two = replace(schedule(), versions=(*schedule().versions, changed))
        head = HEAD.replace("group: Frontline", "group: Frontline, calendar: 'zendesk: Nights'")
        assert compiled(head + FULL, account=knowing(two)).calendars["zendesk: Nights"].weeks == (
            Week("Europe/London", ((6 * DAY, 6 * DAY + 60),)),
            Week("Asia/Almaty", ((5 * DAY, 6 * DAY + 60),), valid_from=date(2026, 11, 1)),
        )

    def test_without_an_account_a_schedule_is_always_open(self) -> None:
        """So that files can be checked anywhere; tests of rules without a mirror go by it too."""
        text = HEAD.replace("group: Frontline", "group: Frontline, calendar: zendesk:Any") + FULL
        offline = compiled(text, account=None)
        assert offline.calendar_of(offline.rules.tiers[0]).is_always
        text += "ignore: [{id: it, why: w, all: [created_at: {within: ['zendesk:ANY', uk]}]}]\n" + UK
        imagined = compiled(text, account=account_for_cases(None, rules(text), ()))
        assert imagined.calendar_of(imagined.rules.tiers[0]).is_always

    @pytest.mark.parametrize(
        ("name", "account", "message"),
        [
            ("ukk", ACCOUNT, "6:3: no calendar 'ukk' under `calendars:`; did you mean 'uk'? [unknown-name]"),
            (
                "UK office",
                ACCOUNT,
                "no calendar 'UK office' under `calendars:`; a schedule of the account is ",
            ),
            ("nothing", ACCOUNT, "no calendar 'nothing' under `calendars:` [unknown-name]"),
            ("nothing", None, "no calendar 'nothing' under `calendars:` [unknown-name]"),
            ("zendesk:UK ofice", ACCOUNT, "no schedule 'UK ofice' in the account; did you mean 'UK office'?"),
            ("zendesk:Night", ACCOUNT, "no schedule 'Night' in the account; there are UK office"),
            ("zendesk:Night", knowing(), "no schedule 'Night' in the account; it has none"),
            (
                "zendesk:Nights",
                knowing(schedule(), schedule(id=63)),
                "several schedules of the account are called 'Nights'",
            ),
            (
                "zendesk:Nights",
                knowing(schedule(zone="Atlantis")),
                "in the time zone 'Atlantis', which nobody",
            ),
            ("zendesk:Nights", knowing(schedule(intervals=())), "the schedule 'Nights' is never open"),
            ("zendesk:Nights", knowing(schedule(intervals=((60, 60),))), "hours that are none"),
        ],
    )
    def test_what_is_not_there_is_told(self, name: str, account: Account | None, message: str) -> None:
        """With the tier's line, and the nearest name."""
        text = HEAD.replace("group: Frontline", f"group: Frontline, calendar: {name}") + UK + FULL
        (found,) = told(text, account=account)
        assert message in found


class TestWithin:
    """`within` asks whether a time lies in open hours."""

    @pytest.mark.parametrize("value", ["uk", "[nights, uk]", "zendesk:UK office", "$hours"])
    def test_any_of_the_calendars(self, value: str) -> None:
        extra = UK + "  nights: {timezone: UTC, open: {mon: 01:00-02:00}}\nlists:\n  hours: [uk]\n"
        condition = f"created_at: {{within: {value}}}"
        assert holds(condition, facts(created_at=NOON), extra=extra)
        assert not holds(condition, facts(created_at=NIGHT), extra=extra)

    def test_a_missing_time_lies_nowhere(self) -> None:
        assert not holds("due_at: {within: uk}", facts(due_at=None), extra=UK)

    @pytest.mark.parametrize(
        ("condition", "message"),
        [
            ("created_at: {within: ukk}", "no calendar 'ukk' under `calendars:`; did you mean 'uk'?"),
            ("build_day: {within: uk}", "'Build day' is a day without a time"),
            ("priority: {within: uk}", "cannot be asked with 'within'"),
        ],
    )
    def test_faults_are_located(self, condition: str, message: str) -> None:
        (found,) = told_of(condition, extra=UK)
        assert message in found

    def test_hours_and_dates_are_matters_apart(self) -> None:
        """A rule that asks for both is neither impossible nor hidden by one that asks for either."""
        text = f"""{HEAD}{UK}
assign:
  - {{id: narrow, why: w, all: [created_at: {{within: uk}}, created_at: {{at_least: 2026-01-01}}], then: {{tier: 2}}}}
  - {{id: dates, why: w, all: [created_at: {{at_least: 2026-01-01}}], then: {{tier: 1}}}}
  - {{id: hours, why: w, all: [created_at: {{within: uk}}], then: {{tier: 2}}}}
  - {{id: rest, why: w, then: {{tier: 1}}}}
"""
        assert told(text) == []
        hidden = text.replace("{at_least: 2026-01-01}], then: {tier: 1}", "{within: uk}], then: {tier: 1}")
        assert any("hidden-rule" in message for message in told(hidden))

    @pytest.mark.parametrize(
        ("at", "sentence"),
        [
            (NOON, "Looked at created at: it is 2026-11-20 12:00, as the rule wants."),
            (
                NIGHT,
                "Looked at created at: it is 2026-11-20 23:00, the rule wants a time in the open hours of uk.",
            ),
        ],
    )
    def test_it_is_explained(self, at: datetime, sentence: str) -> None:
        text = f"{HEAD}{UK}ignore: [{{id: it, why: w, all: [created_at: {{within: uk}}]}}]\n{FULL}"
        told_why = explain_trace(trace(compiled(text).ignore[0], facts(created_at=at)))
        assert sentence in told_why


def test_files_are_laid_out_with_the_zone_first() -> None:
    """`rules fmt` puts a calendar's keys in order, and a version's, and changes no meaning."""
    text = block("""  uk:
    holidays: ['2026-12-25']
    versions:
      - {open: {mon: 09:00-10:00}, valid_from: 2026-01-01}
    # why these hours
    open: {mon: "09:00-11:00"}
    timezone: UTC""")
    wanted = block("""  uk:
    timezone: UTC
    # why these hours
    open: {mon: "09:00-11:00"}
    holidays: [2026-12-25]
    versions:
      - {valid_from: 2026-01-01, open: {mon: 09:00-10:00}}""")
    laid_out = lay_out(text)
    assert laid_out == wanted
    assert means_the_same(rules(text), rules(laid_out))


def test_pages_tell_a_tier_s_hours() -> None:
    """As they are now, holidays among them; a schedule's are Zendesk's."""
    text = """  uk:
    timezone: UTC
    open: {mon: 09:00-10:00}
    holidays: [2026-12-26, 2026-12-25]
    versions:
      - {valid_from: 2026-01-01, open: {mon-wed: [09:00-12:00, 13:00-24:00], sat: 22:00-06:00}}"""

    def line(tier: str) -> str:
        page = page_markdown(rule_pages(rules(block(text, tier)))[0])
        return next((line for line in page.splitlines() if line.startswith("Hours")), "")

    assert line("calendar: uk") == (
        "Hours: uk, mon-wed 09:00-12:00, 13:00-24:00; sat 22:00-06:00; "
        "closed on 2026-12-25 and 2026-12-26 (UTC)."
    )
    assert line("calendar: zendesk:UK office") == "Hours: those of Zendesk's schedule UK office."
    assert line("calendar: later") == "Hours: later."
    assert line("scope: x") == ""


class TestEditors:
    """What an editor is told of calendars."""

    @staticmethod
    def faults(text: str, own: RuleSet | None = None) -> list[str]:
        tree = Tree()
        read_into(tree, "x.yaml", text, [])
        return [
            fault.message for fault in Draft202012Validator(editor_schema(own, None)).iter_errors(tree.root)
        ]

    @pytest.mark.parametrize(
        "body",
        [
            "timezone: UTC, open: {mon-fri: 09:00-17:30}",
            "timezone: UTC, open: {'sat,sun': [09:00-12:00, 22:00-06:00]}, holidays: [2026-12-25]",
            "timezone: UTC, open: {mon: 00:00-24:00}, versions: [{valid_from: 2026-12-25, open: {tue: 09:00-10:00}}]",
        ],
    )
    def test_what_is_sound_passes(self, body: str) -> None:
        assert self.faults(f"calendars: {{uk: {{{body}}}}}") == []

    @pytest.mark.parametrize(
        "body",
        [
            "timezone: UTC",
            "open: {mon: 09:00-10:00}",
            "timezone: UTC, open: {monday: 09:00-17:30}",
            "timezone: UTC, open: {mon: 9-17}",
            "timezone: UTC, open: {mon: 09:00-10:00}, closed: [sun]",
        ],
    )
    def test_what_is_wrong_is_marked(self, body: str) -> None:
        assert self.faults(f"calendars: {{uk: {{{body}}}}}")

    def test_names_are_completed(self) -> None:
        """Those of the rule files, and any schedule; without rules any name will do."""
        own = rules(HEAD + UK + FULL)
        tiers = "tiers: {1: {name: a, group: b, calendar: %s}}"
        ignore = "ignore: [{id: a, why: b, all: [{created_at: {within: %s}}]}]"
        for text in (tiers, ignore):
            assert self.faults(text % "uk", own) == []
            assert self.faults(text % "zendesk:UK office", own) == []
            assert self.faults(text % "ukk", own)
            assert self.faults(text % "ukk", None) == []
