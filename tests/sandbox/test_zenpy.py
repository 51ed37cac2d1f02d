"""The real client reads and writes the sandbox as it would an account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api

zenpy = pytest.importorskip("zenpy")


@pytest.fixture
def client(api: Api) -> Any:
    """A zenpy client over the in-process adapter."""
    return zenpy.Zenpy(
        subdomain="example",
        email="admin@example.com",
        token="sandbox-token",
        session=api.session,
        disable_cache=True,
    )


def test_reading(api: Api, client: Any) -> None:
    """Me, groups, a ticket with comments and audits, the export."""
    assert client.users.me().role == "admin"
    assert {group.name for group in client.groups()} >= {"Frontline", "Engineering"}
    ticket = api.new_ticket()
    assert client.tickets(id=ticket.id).subject == "Help me"
    assert [comment.body for comment in client.tickets.comments(ticket.id)] == ["It is broken."]
    assert [audit.id for audit in client.tickets.audits(ticket.id)] == [ticket.audits[0].id]
    found = {row.id for row in client.tickets.incremental(start_time=1, per_page=50)}
    assert found == set(api.sandbox.world.tickets) - {ticket.id} - api.sandbox.world.ai_agent_tickets
    assert len({field.id for field in client.ticket_fields()}) == 21


def test_writing(api: Api, client: Any) -> None:
    """A single update answers with its audit, a batch with a job."""
    one, two = api.new_ticket(), api.new_ticket()
    row = client.tickets(id=one.id)
    row.priority = "urgent"
    row.comment = zenpy.lib.api_objects.Comment(body="note", public=False)
    answer = client.tickets.update(row)
    assert (answer.ticket.priority, one.priority) == ("urgent", "urgent")
    batch = client.tickets(ids=[one.id, two.id])
    rows = list(batch)
    for item in rows:
        item.additional_tags = ["tier_1"]
    job = client.tickets.update(rows)
    for _ in range(3):
        job = (
            client.job_status(id=job.id) if hasattr(client, "job_status") else client.job_statuses(id=job.id)
        )
    assert job.status == "completed"
    assert one.tags == two.tags == ("tier_1",)


def test_account(api: Api, client: Any) -> None:
    """A group and a view are created as the client writes them."""
    group = client.groups.create(zenpy.lib.api_objects.Group(name="Privacy desk"))
    assert group.id == api.group("Privacy desk")
    view = zenpy.lib.api_objects.View(
        title="Queue", all=[{"field": "status", "operator": "less_than", "value": "solved"}]
    )
    assert client.views.create(view).id in api.sandbox.world.tables["views"]


def test_errors(api: Api, client: Any) -> None:
    """Unknown records and too many values become the client's own exceptions."""
    with pytest.raises(zenpy.lib.exception.RecordNotFoundException):
        client.tickets(id=10**9)
    with pytest.raises(zenpy.lib.exception.TooManyValuesException):
        client.tickets.update([zenpy.lib.api_objects.Ticket(id=1)] * 101)
