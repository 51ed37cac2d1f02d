"""The control door, as methods and over HTTP."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import HOST, Api


def do(api: Api, action: str, /, **arguments: Any) -> Any:
    answer = api.call("POST", f"{HOST}/sandbox/{action}", json=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_people_act_over_http(api: Api) -> None:
    """A ticket lives its life without the API."""
    ident = do(api, "customer_creates", subject="S", body="B")
    do(
        api,
        "change",
        ticket=ident,
        changes={"group": "Specialists", "priority": "high", "fields": {"Area": "billing"}},
    )
    do(api, "agent_replies", ticket=ident, changes={"status": "pending"})
    do(api, "agent_notes", ticket=ident, body="between us")
    do(api, "customer_replies", ticket=ident)
    do(api, "solve", ticket=ident)
    rating = do(api, "rate", ticket=ident, score="bad", comment="slow")
    ticket = api.get(f"tickets/{ident}")["ticket"]
    assert (ticket["status"], ticket["priority"]) == ("solved", "high")
    assert ticket["satisfaction_rating"]["id"] == rating
    assert ticket["tags"] == ["billing"]
    do(api, "close", ticket=ident)
    assert do(api, "truth", table="tickets", ident=ident)["status"] == "closed"


def test_clock_over_http(api: Api) -> None:
    """Time moves forward only."""
    before = api.call("GET", f"{HOST}/sandbox/now").json()["result"]["now"]
    assert do(api, "advance", seconds=90)["now"] == before + 90
    assert api.call("POST", f"{HOST}/sandbox/advance", json={"seconds": -1}).status_code == 400


def test_truth_over_http(api: Api) -> None:
    """Tables in full, without limits and without withholding."""
    ident = do(api, "customer_creates")
    rows = api.call("GET", f"{HOST}/sandbox/truth?table=tickets").json()["result"]
    assert ident in [row["id"] for row in rows]
    assert do(api, "truth", table="audits", ident=ident)[0]["ticket_id"] == ident
    for table in (
        "users",
        "organizations",
        "groups",
        "ticket_events",
        "ticket_metrics",
        "ticket_metric_events",
    ):
        assert do(api, "truth", table=table)


def test_mistakes_are_answered(api: Api) -> None:
    """Unknown actions list the known ones; wrong arguments and tickets say what is wrong."""
    unknown = api.call("POST", f"{HOST}/sandbox/explode")
    assert unknown.status_code == 404
    assert "advance" in unknown.json()["actions"]
    assert api.call("POST", f"{HOST}/sandbox/solve", json={"ticket": 10**9}).status_code == 400
    assert api.call("POST", f"{HOST}/sandbox/solve", json={"nonsense": 1}).status_code == 400
    assert api.call("GET", f"{HOST}/sandbox/solve").status_code == 405
    assert api.call("POST", f"{HOST}/sandbox/_write", json={}).status_code == 404


def test_fields_and_options(api: Api) -> None:
    """A renamed field keeps its id, a new option can be used."""
    ident = do(api, "rename_field", field="Area", title="Topic")
    assert api.get(f"ticket_fields/{ident}")["ticket_field"]["title"] == "Topic"
    do(api, "add_option", field="Topic", name="Press", value="press")
    ticket = api.new_ticket()
    do(api, "change", ticket=ticket.id, changes={"fields": {"Topic": "press"}})
    assert ticket.tags == ("press",)
