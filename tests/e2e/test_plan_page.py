"""The plan for review: what `plan` shows in the terminal, as a page in a file."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import House


def test_the_plan_as_a_page(house: House) -> None:
    """Every ticket of the plan is on the page, breaches too, beside the JSON that `apply` takes."""
    house.ok("pull")
    told = house.ok("plan", "--html", "plan.html", "--out", "plan.json", ZDSYNC_MAX_CHANGES="1")
    assert "plan.html" in told.out
    page = Path("plan.html").read_text(encoding="utf-8")
    document = house.ok("plan", "--json").document
    for change in document["ticket_changes"]:
        assert f"/agent/tickets/{change['ticket_id']}" in page
    assert "ZDSYNC_MAX_CHANGES allows 1" in page
    assert "zdsync apply plan.json" in page
    assert house.run("plan", "--html", "no/such/folder/plan.html").code == 2
