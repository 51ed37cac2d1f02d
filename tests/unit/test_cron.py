"""Cron texts mean what cron means by them, and nonsense is named."""

from __future__ import annotations

import pytest

from zdsync.cron import parse_cron


@pytest.mark.parametrize(
    ("text", "weekdays"),
    [
        ("0 0 * * 0", {0}),
        ("0 0 * * 7", {0}),
        ("0 0 * * sun", {0}),
        ("0 0 * * 1-5", {1, 2, 3, 4, 5}),
        ("0 0 * * MON-FRI", {1, 2, 3, 4, 5}),
        ("0 0 * * fri-sun", {5, 6, 0}),
        ("0 0 * * 5-7", {5, 6, 0}),
        ("0 0 * * 6,0", {6, 0}),
        ("0 0 * * */2", {0, 2, 4, 6}),
        ("0 0 * * *", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_weekdays_count_from_sunday(text: str, weekdays: set[int]) -> None:
    """0 and 7 are Sunday, 1 is Monday, names and ranges over Sunday work."""
    assert parse_cron(text).weekdays == weekdays


def test_steps_lists_and_names() -> None:
    """Every place takes `*`, steps, ranges, lists; months go by name."""
    times = parse_cron("*/20 8-18/5 1,15 jan-mar *")
    assert times.minutes == {0, 20, 40}
    assert times.hours == {8, 13, 18}
    assert times.days == {1, 15}
    assert times.months == {1, 2, 3}
    assert parse_cron("50/5 * * * *").minutes == {50, 55}


def test_two_kinds_of_day_mean_either() -> None:
    """A day of the month beside a day of the week: either fires, unless one begins with a star."""
    assert parse_cron("0 6 1 * mon").is_either_day
    assert not parse_cron("0 6 */2 * mon").is_either_day
    assert not parse_cron("0 6 1 * *").is_either_day


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("* * * *", "five fields"),
        ("60 * * * *", "the minute '60' is not between 0 and 59"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("* * * * mon-", "'mon-' is not a cron value"),
        ("*-5 * * * *", "not a cron value"),
        ("*/0 * * * *", "must be 1 or more"),
        ("5-1 * * * *", "runs backwards"),
        ("1,,2 * * * *", "not a cron value"),
        ("² * * * *", "minute"),
        ("0 0 30 feb *", "no such date"),
        ("0 0 31 4,6 *", "no such date"),
    ],
)
def test_nonsense_is_named(text: str, message: str) -> None:
    """Whatever cannot be meant raises ValueError that says where."""
    with pytest.raises(ValueError) as caught:
        parse_cron(text)
    assert message in str(caught.value)


def test_leap_day_is_a_date() -> None:
    """29 February comes, if seldom; and beside a weekday any date may be written."""
    assert parse_cron("0 0 29 2 *").days == {29}
    assert parse_cron("0 0 31 2 mon").is_either_day
