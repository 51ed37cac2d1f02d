"""What stands around a ticket: its people, kin, imports, follow-ups, redactions, service levels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api
from zdsync.sandbox import fill
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.records import Comment


def test_people_around_a_ticket(api: Api) -> None:
    """Followers, people in copy, and both; a user's tickets by how they are in them."""
    world = api.sandbox.world
    agent = world.find_user("agent@example.com").id
    ticket = api.new_ticket()
    given = {"follower_ids": [agent], "email_cc_ids": [ticket.requester_id], "priority": "low"}
    api.put(f"tickets/{ticket.id}", {"ticket": given})

    def ids(which: str) -> list[int]:
        return [row["id"] for row in api.get(f"tickets/{ticket.id}/{which}")["users"]]

    assert ids("followers") == [agent]
    assert ids("email_ccs") == [ticket.requester_id]
    assert set(ids("collaborators")) == {agent, ticket.requester_id}
    for path in (f"users/{agent}/tickets/followed", f"users/{ticket.requester_id}/tickets/ccd"):
        assert [row["id"] for row in api.get(path)["tickets"]] == [ticket.id]
    path = f"users/{ticket.requester_id}/tickets/requested"
    assert api.get(f"{path}/count")["count"]["value"] == api.get(path)["count"]
    assert ticket.id in [row["id"] for row in api.get("tickets/recent")["tickets"]]


def test_problems_and_incidents(api: Api) -> None:
    """An incident names its problem, which then knows that it has some."""
    problem, incident = api.new_ticket(), api.new_ticket()
    api.put(f"tickets/{problem.id}", {"ticket": {"type": "problem"}})
    api.put(f"tickets/{incident.id}", {"ticket": {"type": "incident", "problem_id": problem.id}})
    assert [row["id"] for row in api.get(f"tickets/{problem.id}/incidents")["tickets"]] == [incident.id]
    assert api.get(f"tickets/{problem.id}")["ticket"]["has_incidents"] is True
    assert api.get(f"tickets/{problem.id}/related")["incidents"] == 1
    assert problem.id in [row["id"] for row in api.get("problems")["tickets"]]
    api.put(f"tickets/{incident.id}", {"ticket": {"problem_id": None}})
    assert api.get(f"tickets/{problem.id}")["ticket"]["has_incidents"] is False


def test_sideloads_inside_the_row(api: Api) -> None:
    """Metrics, comment counts, dates and service levels, in lists, exports and single tickets."""
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"priority": "urgent"}})
    wanted = "metric_sets,comment_count,dates,slas,metric_events,brands,ticket_forms,custom_statuses,users"
    body = api.get(f"tickets/{ticket.id}", include=wanted)
    row = body["ticket"]
    assert (row["comment_count"], row["metric_set"]["ticket_id"]) == (1, ticket.id)
    assert row["dates"]["solved_at"] is None
    assert {metric["stage"] for metric in row["slas"]["policy_metrics"]} == {"active"}
    assert row["metric_events"] == api.get(f"tickets/{ticket.id}/metric_events")["ticket_metric_events"]
    assert [one["id"] for one in body["brands"]] == [ticket.brand_id]
    assert [one["id"] for one in body["ticket_forms"]] == [ticket.ticket_form_id]
    assert [one["id"] for one in body["custom_statuses"]] == [ticket.custom_status_id]
    listed = api.get("tickets?page[size]=1&sort=-id&include=comment_count,metric_sets")["tickets"][0]
    assert (listed["comment_count"], listed["metric_set"]["replies"]) == (1, 0)
    api.sandbox.control.advance(61)
    start = ticket.created - 1
    rows = api.get("incremental/tickets", start_time=start, include="comment_count,slas")["tickets"]
    assert (rows[-1]["comment_count"], len(rows[-1]["slas"]["policy_metrics"])) == (1, 2)
    bare = api.get(f"tickets/{ticket.id}?remove_duplicate_fields=true")["ticket"]
    assert "fields" not in bare
    metric = row["metric_set"]["id"]
    assert api.get(f"ticket_metrics/{metric}")["ticket_metric"][0]["ticket_id"] == ticket.id
    assert api.call("GET", "ticket_metrics/5").status_code == 404
    found = api.get(f"tickets/show_many?ids={ticket.id}&include=dates")["tickets"][0]
    assert found["dates"] == row["dates"]


def test_service_levels(api: Api) -> None:
    """Targets run, pause while the customer is waited for, and end; without a priority there are none."""
    ticket = api.new_ticket()
    path = f"tickets/{ticket.id}/slas/policy_metrics"
    assert api.get(path)["policy_metrics"] == []
    api.put(f"tickets/{ticket.id}", {"ticket": {"priority": "urgent"}})

    def stages() -> dict[str, Any]:
        return {row["metric"]: row for row in api.get(path)["policy_metrics"]}

    first, wait = stages()["first_reply_time"], stages()["requester_wait_time"]
    assert (first["stage"], first["breach_at"], first["hours"]) == ("active", "2026-11-20T16:00:00Z", 1)
    assert wait["breach_at"] == "2026-11-20T16:00:00Z"
    api.sandbox.control.advance(3600 + 600)
    assert (stages()["requester_wait_time"]["minutes"], stages()["first_reply_time"]["minutes"]) == (-10, -10)
    api.sandbox.control.agent_replies(ticket.id, changes={"status": "pending"})
    assert {name: row["stage"] for name, row in stages().items()} == {
        "first_reply_time": "achieved",
        "requester_wait_time": "paused",
    }
    assert stages()["requester_wait_time"]["breach_at"] is None
    api.put(f"tickets/{ticket.id}", {"ticket": {"status": "solved"}})
    assert {row["stage"] for row in stages().values()} == {"achieved"}


def test_policies_take_turns(api: Api) -> None:
    """The first policy by position that matches is the ticket's; one can be added and moved."""
    filter_ = {"all": [{"field": "current_tags", "operator": "includes", "value": "vip"}], "any": []}
    target = {"priority": "low", "metric": "agent_work_time", "target": 60, "business_hours": False}
    given = {"sla_policy": {"title": "VIP", "filter": filter_, "position": 0, "policy_metrics": [target]}}
    made = api.post("slas/policies", given).json()["sla_policy"]
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"priority": "low", "tags": ["vip"]}})
    path = f"tickets/{ticket.id}/slas/policy_metrics"
    assert [row["metric"] for row in api.get(path)["policy_metrics"]] == ["agent_work_time"]
    other = next(row["id"] for row in api.get("slas/policies")["sla_policies"] if row["id"] != made["id"])
    assert api.put("slas/policies/reorder", {"sla_policy_ids": [other, made["id"]]}).status_code == 200
    assert len(api.get(path)["policy_metrics"]) == 2
    assert api.call("DELETE", f"slas/policies/{made['id']}").status_code == 204


def test_a_follow_up_goes_on_from_a_closed_ticket(api: Api) -> None:
    """Tags and fields come along, both tickets name each other; an open ticket has no follow-up."""
    source = api.first(lambda t: t.status == "closed" and bool(t.tags) and bool(t.fields))
    body = {"ticket": {"via_followup_source_id": source.id, "comment": {"body": "Again"}}}
    made = api.post("tickets", body).json()["ticket"]
    assert set(source.tags) <= set(made["tags"])
    assert made["via"]["source"]["from"]["ticket_id"] == source.id
    assert api.get(f"tickets/{source.id}")["ticket"]["followup_ids"] == [made["id"]]
    assert api.get(f"tickets/{made['id']}/related")["followup_source_ids"] == [str(source.id)]
    body["ticket"]["via_followup_source_id"] = made["id"]
    assert api.post("tickets", body).status_code == 422


def test_an_import_keeps_its_past(api: Api) -> None:
    """Times of ticket and comments as given, no triggers, one row in the export of now."""
    world = api.sandbox.world
    agent = world.find_user("agent@example.com").id
    given = {
        "subject": "Old",
        "created_at": "2026-01-02T10:00:00Z",
        "updated_at": "2026-01-05T10:00:00Z",
        "solved_at": "2026-01-04T10:00:00Z",
        "status": "closed",
        "comments": [
            {"value": "First", "created_at": "2026-01-02T10:00:00Z"},
            {"body": "Second", "author_id": agent, "created_at": "2026-01-03T10:00:00Z", "public": False},
        ],
    }
    answer = api.post("imports/tickets", {"ticket": given})
    assert answer.status_code == 201
    ticket = world.tickets[answer.json()["ticket"]["id"]]
    shown = api.get(f"tickets/{ticket.id}")["ticket"]
    assert (shown["created_at"], shown["updated_at"]) == (given["created_at"], given["updated_at"])
    assert shown["status"] == "closed"
    rows = api.get(f"tickets/{ticket.id}/comments")["comments"]
    times = [(row["body"], row["created_at"][:10], row["public"]) for row in rows]
    assert times == [("First", "2026-01-02", True), ("Second", "2026-01-03", False)]
    assert not any(e.rule for a in ticket.audits for e in a.events if not isinstance(e, Comment))
    assert ticket.generated == world.clock.now()
    times_of_log = [audit.at for audit in world.log]
    assert times_of_log == sorted(times_of_log)
    start = parse_stamp("2026-01-04T00:00:00Z")
    api.sandbox.control.advance(61)
    events = api.get("incremental/ticket_events", start_time=start)["ticket_events"]
    assert ticket.id in [row["ticket_id"] for row in events]
    many = api.post("imports/tickets/create_many", {"tickets": [given, {"subject": "no text"}]})
    lines = api.job(many)["results"]
    assert ("error" in lines[0], "error" in lines[1]) == (False, True)
    wrong = {"ticket": {"created_at": "long ago", "comment": {"body": "x"}}}
    assert api.post("imports/tickets", wrong).status_code == 422


def test_comments_have_limits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too long a text, and one comment too many, are refused."""
    ticket = api.new_ticket()
    path = f"tickets/{ticket.id}"
    long = {"ticket": {"comment": {"body": "x" * 65_536, "public": False}}}
    assert api.put(path, long).status_code == 422
    monkeypatch.setattr(fill, "MAX_COMMENTS", 2)
    one = {"ticket": {"comment": {"body": "x", "public": False}}}
    assert [api.put(path, one).status_code for _ in range(2)] == [200, 422]
    assert api.get(f"{path}/comments/count")["count"]["value"] == 2
    assert api.get(f"{path}/audits/count")["count"]["value"] == len(ticket.audits)


def test_comments_and_audits_turn_round(api: Api) -> None:
    """`sort` in cursor pages and `sort_order` in offset pages; people come along on request."""
    ticket = api.first(lambda t: len(t.audits) > 4 and t.status != "closed")
    path = f"tickets/{ticket.id}"
    up = [row["id"] for row in api.get(f"{path}/comments")["comments"]]
    assert [row["id"] for row in api.get(f"{path}/comments?sort_order=desc")["comments"]] == up[::-1]
    body = api.get(f"{path}/comments?page[size]=2&sort=-created_at&include=users")
    assert [row["id"] for row in body["comments"]] == up[::-1][:2]
    assert {row["author_id"] for row in body["comments"]} == {row["id"] for row in body["users"]}
    audits = api.get(f"{path}/audits?sort_order=desc&include=users")
    assert [row["id"] for row in audits["audits"]] == [audit.id for audit in ticket.audits[::-1]]
    assert audits["users"]


def test_redactions(api: Api) -> None:
    """Texts between `<redact>` are blackened, on closed tickets too; files are emptied; both leave audits."""
    ticket = api.new_ticket()
    ticket.audits[0].events[0].attachments = ({"id": 7, "content_url": "https://x/1", "file_name": "a.png"},)  # type: ignore[union-attr]
    (comment,) = api.get(f"tickets/{ticket.id}/comments")["comments"]
    api.put(f"tickets/{ticket.id}", {"ticket": {"status": "closed"}})
    one = f"tickets/{ticket.id}/comments/{comment['id']}"
    assert api.put(f"{one}/redact", {"text": "broken"}).status_code == 422
    assert api.call("PUT", f"{one}/attachments/7/redact").status_code == 422
    html = {"ticket_id": ticket.id, "html_body": "It is <redact>broken</redact>."}
    given = html | {"external_attachment_urls": ["https://x/1"]}
    answer = api.put(f"comment_redactions/{comment['id']}", given)
    assert answer.json()["comment"]["body"] == "It is ▇▇▇▇▇▇."
    assert answer.json()["comment"]["attachments"][0]["file_name"] == "redacted.txt"
    kinds = [event.kind for audit in ticket.audits[-2:] for event in audit.events]  # type: ignore[union-attr]
    assert kinds == ["CommentRedactionEvent", "AttachmentRedactionEvent"]
    assert api.put("comment_redactions/5", html).status_code == 404


def test_files_and_privacy_of_open_tickets(api: Api) -> None:
    """One file is redacted by id; a public comment is made private, which its audit tells once."""
    ticket = api.new_ticket()
    ticket.audits[0].events[0].attachments = ({"id": 7, "content_url": "https://x/1", "file_name": "a.png"},)  # type: ignore[union-attr]
    (comment,) = api.get(f"tickets/{ticket.id}/comments")["comments"]
    one = f"tickets/{ticket.id}/comments/{comment['id']}"
    assert api.call("PUT", f"{one}/attachments/7/redact").json()["attachment"]["size"] == 1
    assert api.call("PUT", f"{one}/attachments/8/redact").status_code == 404
    before = len(ticket.audits)
    for _ in range(2):
        assert api.call("PUT", f"{one}/make_private").status_code == 200
    assert len(ticket.audits) == before + 1
    assert api.get(f"tickets/{ticket.id}/comments")["comments"][0]["public"] is False


def test_spam_is_deleted_and_its_sender_suspended(api: Api) -> None:
    """One by one, or as a job."""
    first, second = api.new_ticket(), api.new_ticket()
    assert api.call("PUT", f"tickets/{first.id}/mark_as_spam").status_code == 200
    assert api.sandbox.world.users[first.requester_id].is_suspended
    job = api.job(api.call("PUT", f"tickets/mark_many_as_spam?ids={second.id},{first.id}"))
    assert (job["results"][0]["success"], job["results"][1]["error"]) == (True, "TicketNotFound")
    assert second.is_deleted


def test_deleted_tickets_in_bulk(api: Api) -> None:
    """Restored or destroyed many at a time."""
    tickets = [api.new_ticket() for _ in range(3)]
    ids = ",".join(str(ticket.id) for ticket in tickets[:2])
    api.job(api.call("DELETE", f"tickets/destroy_many?ids={ids},{tickets[2].id}"))
    assert api.call("PUT", f"deleted_tickets/restore_many?ids={tickets[2].id}").status_code == 200
    job = api.job(api.call("DELETE", f"deleted_tickets/destroy_many?ids={ids}"))
    assert (job["total"], job["results"]) == (None, {"success": True})
    assert [ticket.is_scrubbed for ticket in tickets] == [True, True, False]
    assert api.call("DELETE", f"deleted_tickets/destroy_many?ids={ids}").status_code == 404


def test_skips(api: Api) -> None:
    """An agent passes over a ticket; lists hold the ticket inside."""
    ticket = api.new_ticket()
    given = {"ticket_id": ticket.id, "reason": "Not mine"}
    assert api.post("skips", {"skip": given}).status_code == 201
    assert api.post("skips", {"skip": {"ticket_id": ticket.id}}).status_code == 422
    (row,) = api.get(f"tickets/{ticket.id}/skips")["skips"]
    assert (row["reason"], row["ticket"]["id"]) == ("Not mine", ticket.id)
    assert row in api.get(f"users/{row['user_id']}/skips")["skips"]


def test_requests_are_tickets_as_their_owners_see_them(api: Api) -> None:
    """By requester and organization; only public comments."""
    ticket = api.new_ticket()
    api.sandbox.control.agent_notes(ticket.id)
    path = f"users/{ticket.requester_id}/requests"
    assert ticket.id in [row["id"] for row in api.get(path)["requests"]]
    row = api.get(f"requests/{ticket.id}")["request"]
    assert (row["solved"], row["status"]) == (False, "new")
    body = api.get(f"requests/{ticket.id}/comments")
    assert [one["body"] for one in body["comments"]] == ["It is broken."]
    own = api.post("tickets", {"ticket": {"comment": {"body": "Mine"}}}).json()["ticket"]
    assert [one["id"] for one in api.get("requests/open")["requests"]] == [own["id"]]
    assert api.get("requests/solved")["requests"] == []


def test_side_conversations_are_none(api: Api) -> None:
    """The list is there, and empty."""
    ticket = api.new_ticket()
    assert api.get(f"tickets/{ticket.id}/side_conversations")["side_conversations"] == []
    assert api.call("GET", "tickets/5000/side_conversations").status_code == 404


def test_activities_are_the_callers_own(api: Api) -> None:
    """What others did on tickets that are the caller's, newest first."""
    admin = api.sandbox.world.find_user("admin@example.com")
    ticket = api.new_ticket()
    api.sandbox.control.change(ticket.id, {"assignee": admin.email}, agent="agent@example.com")
    api.sandbox.control.advance(5)
    api.sandbox.control.customer_replies(ticket.id, "Hello?")
    api.sandbox.control.change(ticket.id, {"priority": "high"}, agent="agent@example.com")
    body = api.get("activities")
    assert [row["verb"] for row in body["activities"]] == [
        "tickets.priority_increase",
        "tickets.comment",
        "tickets.assignment",
        "tickets.comment",
    ]
    first = body["activities"][0]
    assert api.get(f"activities/{first['id']}")["activity"] == first
    assert api.get("activities/count")["count"]["value"] == body["count"]
    later = api.get("activities", since="2026-11-20T15:00:03Z")["activities"]
    assert {row["verb"] for row in later} == {"tickets.priority_increase", "tickets.comment"}
    assert api.call("GET", "activities/5").status_code == 404
