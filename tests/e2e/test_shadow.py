"""Watching first: what the rules would have done, beside what people did."""

from __future__ import annotations

from tests.e2e.conftest import House


def test_shadow_beside_people(house: House) -> None:
    """Tickets that agents moved count as agreed or differed under their rule, the others as nobody acted."""
    agreeing = house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    differing = house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    waiting = house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.control.advance(180)
    house.ok("run", ZDSYNC_MODE="shadow")
    house.control.change(agreeing, {"group": "Specialists"})
    house.control.change(differing, {"group": "Engineering"})
    house.control.advance(180)
    house.ok("run", ZDSYNC_MODE="shadow")

    document = house.ok("report", "shadow", "--json").document
    results = {ticket["ticket"]: (ticket["result"], ticket["chosen"]) for ticket in document["tickets"]}
    assert results[agreeing] == ("agreed", "tier 2")
    assert results[differing] == ("differed", "tier 3")
    assert results[waiting] == ("nobody acted", None)
    assert document["written"] == 0
    rule = next(ticket["rule"] for ticket in document["tickets"] if ticket["ticket"] == agreeing)
    share = next(each for each in document["rules"] if each["rule"] == rule)
    assert share["share_agreed"] == 0.5
    assert share["elsewhere"] == {"tier 3": 1}
    told = house.ok("report", "shadow", "--since", "1 days ago").out
    assert rule in told
    assert f"{differing}" in told


def test_what_was_written_is_no_shadow(house: House) -> None:
    """Once the worker writes, its tickets are left out, and counted."""
    house.ok("run")
    document = house.ok("report", "shadow", "--json").document
    assert document["written"] > 0
    assert all(ticket["result"] == "nobody acted" for ticket in document["tickets"])
    assert "not compared" in house.ok("report", "shadow").out


def test_report_without_a_word_is_the_figures(house: House) -> None:
    """The figures stay where they were; a wrong date is told as such."""
    house.ok("pull")
    assert "tiers" in house.ok("report", "--json").document
    assert house.run("report", "shadow", "--since", "yesterday-ish").code == 2
