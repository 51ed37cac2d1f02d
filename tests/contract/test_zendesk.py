"""The adapter against the sandbox: what the ports promise of an account, faults included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from zdsync.detect import TextFilter
from zdsync.errors import Denied, Rejected, Transient, Unavailable, Unreachable
from zdsync.mirror.schema import METADATA
from zdsync.model import GroupId, TicketId, UserId
from zdsync.plan.views import wanted_form
from zdsync.ports.account import TAGS_IGNORED, ItemOutcome, ItemResult, TicketUpdate
from zdsync.sandbox.app import Sandbox, make_sandbox
from zdsync.sandbox.auth import ADMIN_EMAIL, AGENT_EMAIL, API_TOKEN, CLIENT_ID, CLIENT_SECRET
from zdsync.sandbox.transport import WsgiAdapter
from zdsync.streams import AMENDED_COMMENTS, Checkpoint, Record, Stream
from zdsync.zendesk.account import ZendeskAccount, connect
from zdsync.zendesk.columns import key_of
from zdsync.zendesk.credentials import ApiToken, Credentials, OAuthClient, OAuthToken

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
START = datetime(2015, 1, 1, tzinfo=UTC)
CLIENT = OAuthClient(CLIENT_ID, CLIENT_SECRET)
SITE = "https://example.zendesk.com"


class World:
    """A sandbox, and a clock that moves it along whenever somebody sleeps."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.control = sandbox.control

    def now(self) -> datetime:
        return self.sandbox.clock.datetime()

    def sleep(self, seconds: float) -> None:
        self.control.advance(seconds)

    def connect(
        self, credentials: Credentials = CLIENT, *, share: float = 1.0, bodies: TextFilter | None = None
    ) -> ZendeskAccount:
        return connect(
            SITE,
            credentials,
            rate_share=share,
            clock=self,
            text_filter=bodies or TextFilter("full"),
            transport=WsgiAdapter(self.sandbox),
        )

    def requests(self, part: str) -> int:
        counts: Mapping[str, int] = self.sandbox.request_log.by_endpoint
        return sum(count for name, count in counts.items() if part in name)


@pytest.fixture
def world() -> World:
    return World(make_sandbox(tickets=150, seed=5, now=NOW, rate_limits=False))


@pytest.fixture(scope="module")
def settled() -> World:
    """A world that tests only read."""
    return World(make_sandbox(tickets=400, seed=6, now=NOW, rate_limits=False))


def _pull(
    account: ZendeskAccount, stream: Stream, checkpoint: Checkpoint | None = None
) -> dict[str, dict[Any, Record]]:
    found: dict[str, dict[Any, Record]] = {}
    for page in account.fetch_pages(stream, checkpoint, START):
        _keep(found, page.rows)
    return found


def _keep(found: dict[str, dict[Any, Record]], rows: Mapping[str, list[Record]]) -> None:
    for table, more in rows.items():
        if table not in {"text_findings", AMENDED_COMMENTS}:
            found.setdefault(table, {}).update({row[key_of(table)]: row for row in more})


def test_every_tag_is_listed(world: World) -> None:
    """Also those beyond the first thousand, a hundred a request."""
    many = tuple(f"tag_{number:04}" for number in range(2_345))
    ticket = next(iter(world.sandbox.world.living_tickets()))
    ticket.tags, ticket.updated = many, world.sandbox.world.clock.now()
    found = _pull(world.connect(), Stream.TAGS)["tags"]
    assert set(many) <= found.keys()
    assert world.requests("GET /tags") == len(found) // 100 + 1


def _update(world: World, ident: int, **fields: Any) -> TicketUpdate:
    stamp = datetime.fromisoformat(world.control.truth("tickets", ident)["updated_at"])
    values: dict[str, Any] = {"fields": {"priority": "urgent"}, "key": f"run/{ident}", **fields}
    return TicketUpdate(TicketId(ident), stamp, **values)


def _finish(
    world: World, account: ZendeskAccount, job_id: str, *updates: TicketUpdate
) -> tuple[ItemResult, ...]:
    for _ in range(50):
        found = account.fetch_results({job_id: updates})
        if found:
            return found[job_id]
        world.sleep(1)
    raise AssertionError("the job never ended")


def _new_ticket(world: World) -> int:
    ident = world.control.customer_creates("Help", "Please help.")
    world.control.advance(120)
    return ident


@pytest.mark.parametrize(
    "credentials",
    [CLIENT, OAuthToken("sandbox-oauth-token"), ApiToken(ADMIN_EMAIL, API_TOKEN)],
    ids=["client", "token", "api_token"],
)
def test_every_way_to_sign_in_works(settled: World, credentials: Credentials) -> None:
    """All three kinds of credentials act as the admin."""
    assert settled.connect(credentials).fetch_identity().role == "admin"


@pytest.mark.parametrize(
    "credentials",
    [OAuthClient(CLIENT_ID, "wrong"), OAuthToken("wrong"), ApiToken(ADMIN_EMAIL, "wrong")],
    ids=["client", "token", "api_token"],
)
def test_wrong_secrets_are_denied(settled: World, credentials: Credentials) -> None:
    """A wrong secret is one clear error with a remedy."""
    with pytest.raises(Denied) as caught:
        settled.connect(credentials).fetch_identity()
    assert caught.value.hint


def test_exports_need_an_admin(settled: World) -> None:
    """An agent's token signs in, but may not export: Denied, not an empty pull."""
    account = settled.connect(ApiToken(AGENT_EMAIL, API_TOKEN))
    assert account.fetch_identity().role == "agent"
    with pytest.raises(Denied):
        _pull(account, Stream.TICKETS)


@pytest.mark.parametrize("stream", list(Stream))
def test_rows_have_exactly_the_columns_of_the_mirror(settled: World, stream: Stream) -> None:
    """Whatever a stream brings fits its table, column for column."""
    for table, rows in _pull(settled.connect(), stream).items():
        columns = {column.name for column in METADATA.tables[table].columns}
        columns -= {"synced_at", "deleted_at", "version"}
        for row in rows.values():
            assert set(row) == columns, table


@pytest.mark.parametrize(
    ("stream", "table"),
    [
        (Stream.TICKETS, "tickets"),
        (Stream.EVENTS, "ticket_events"),
        (Stream.USERS, "users"),
        (Stream.ORGANIZATIONS, "organizations"),
        (Stream.GROUPS, "groups"),
        (Stream.MEMBERSHIPS, "group_memberships"),
        (Stream.TICKET_FIELDS, "ticket_fields"),
        (Stream.BRANDS, "brands"),
        (Stream.CUSTOM_STATUSES, "custom_statuses"),
        (Stream.FORMS, "ticket_forms"),
        (Stream.VIEWS, "views"),
        (Stream.TRIGGERS, "triggers"),
        (Stream.AUTOMATIONS, "automations"),
        (Stream.MACROS, "macros"),
        (Stream.RATINGS, "satisfaction_ratings"),
        (Stream.METRIC_EVENTS, "ticket_metric_events"),
    ],
)
def test_pull_brings_everything_up_to_the_withheld_minute(settled: World, stream: Stream, table: str) -> None:
    """Every row of the account that is a minute old arrives, with its present values."""
    found = _pull(settled.connect(), stream)[table]
    erased = settled.sandbox.world.erased_tickets
    truth = {row["id"]: row for row in settled.control.truth(table) if row.get("ticket_id") not in erased}
    assert found.keys() == truth.keys()
    for ident, row in found.items():
        assert {key: row["raw"].get(key) for key in ("updated_at", "name", "tags", "status")} == {
            key: _plain(truth[ident].get(key)) for key in ("updated_at", "name", "tags", "status")
        }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_tickets_bring_their_people_along(settled: World) -> None:
    """Requesters, groups, organizations and metrics come with the tickets, so that nothing is asked one by one."""
    found = _pull(settled.connect(), Stream.TICKETS)
    for ticket in found["tickets"].values():
        if ticket["status"] != "deleted":
            assert ticket["requester_id"] in found["users"]
            assert ticket["group_id"] is None or ticket["group_id"] in found["groups"]
    assert {row["ticket_id"] for row in found["ticket_metrics"].values()} <= found["tickets"].keys()


def test_events_and_audits_tell_the_same_story(settled: World) -> None:
    """The export's rows of a ticket and its audits agree: who, when, what, comments included."""
    account = settled.connect()
    found = _pull(account, Stream.EVENTS)
    for ident in (3, 50, 200):
        exported = [row for row in found["ticket_events"].values() if row["ticket_id"] == ident]
        audits = account.fetch_events(TicketId(ident))
        assert [row["id"] for row in exported] == [event.id for event in audits]
        for row, event in zip(exported, audits, strict=True):
            changes = (*event.changes, *event.rule_changes)
            assert {change["field"] for change in row["changes"]} == {change.field for change in changes}
            assert (row["updater_id"], row["via_channel"]) == (event.author_id, event.channel)
            said = [c["body"] for c in found["ticket_comments"].values() if c["audit_id"] == row["id"]]
            assert said == [comment.body for comment in event.comments]


@pytest.mark.parametrize("stream", [Stream.TICKETS, Stream.EVENTS, Stream.USERS, Stream.ORGANIZATIONS])
def test_pull_may_stop_after_any_page(world: World, monkeypatch: pytest.MonkeyPatch, stream: Stream) -> None:
    """Going on from the cursor of any page brings the rest: together the same rows as in one go."""
    monkeypatch.setattr("zdsync.sandbox.exports.MAX_ROWS", 40)
    whole = _pull(world.connect(), stream)[stream.value]
    pieces: dict[str, dict[Any, Record]] = {}
    checkpoint: Checkpoint | None = None
    for _ in range(200):
        page = next(world.connect().fetch_pages(stream, checkpoint, START))
        _keep(pieces, page.rows)
        if page.end_of_stream:
            break
        checkpoint = Checkpoint(stream, page.cursor)
    assert pieces[stream.value].keys() == whole.keys()


def test_next_pull_brings_what_changed(world: World) -> None:
    """From the last cursor on come the changed ticket and the new one, and little else."""
    account = world.connect()
    *_, last = account.fetch_pages(Stream.TICKETS, None, START)
    old = next(row["id"] for row in last.rows["tickets"] if row["status"] in ("open", "pending"))
    world.control.agent_notes(old)
    new = _new_ticket(world)
    found = _pull(account, Stream.TICKETS, Checkpoint(Stream.TICKETS, last.cursor))["tickets"]
    assert {old, new} <= found.keys()
    assert len(found) <= 3


def test_deleted_and_scrubbed_tickets_come_as_such(world: World) -> None:
    """A deletion arrives as a row with status `deleted`, also once Zendesk has scrubbed it."""
    ident = _new_ticket(world)
    world.control.scrub(ident)
    world.control.advance(120)
    row = _pull(world.connect(), Stream.TICKETS)["tickets"][ident]
    assert (row["status"], row["tags"], row["custom_fields"]) == ("deleted", [], [])


@pytest.mark.parametrize(
    "kind", ["429", "500", "502", "503", "504", "520", "reset_before", "cut_body", "slow"]
)
@pytest.mark.parametrize("stream", [Stream.TICKETS, Stream.EVENTS, Stream.GROUPS])
def test_passing_faults_lose_no_page(world: World, kind: str, stream: Stream) -> None:
    """Trouble on the way is waited out; the pull brings the same rows as without it."""
    expected = _pull(world.connect(), stream)[stream.value].keys()
    world.control.fault(kind, pattern=stream.value.removeprefix("ticket_"), count=2, seconds=300)
    assert _pull(world.connect(), stream)[stream.value].keys() == expected


def test_revoked_token_is_replaced_in_the_middle(world: World) -> None:
    """A token that ends during a pull is renewed, once, without losing the place."""
    account = world.connect()
    account.fetch_identity()
    world.control.expire_tokens()
    assert len(_pull(account, Stream.TICKETS)["tickets"]) >= 150
    assert world.requests("oauth/tokens") == 2


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_own_limits_are_never_run_into(share: float) -> None:
    """Pulling everything with limits on gets no 429, at any share."""
    world = World(make_sandbox(tickets=150, seed=5, now=NOW))
    account = world.connect(share=share)
    for stream in Stream:
        _pull(account, stream)
    for _ in range(15):
        _pull(account, Stream.USERS)
    assert world.sandbox.request_log.by_status[429] == 0


def test_update_is_applied_marked_and_noted_once(world: World) -> None:
    """Fields, tag deltas and the internal note arrive in one audit that carries our key; foreign tags stay."""
    ident = _new_ticket(world)
    world.control.change(ident, {"tags": ["vip", "tier_1"]})
    account = world.connect()
    wanted = _update(world, ident, add_tags=("tier_2",), remove_tags=("tier_1",), note="Handed over.")
    (result,) = _finish(world, account, account.submit_updates([wanted]), wanted)
    assert result == ItemResult(TicketId(ident), ItemOutcome.APPLIED)
    (row,) = account.fetch_tickets([TicketId(ident)]).rows["tickets"]
    assert (sorted(row["tags"]), row["priority"], row["generated_timestamp"]) == (
        ["tier_2", "vip"],
        "urgent",
        None,
    )
    (ours,) = [event for event in account.fetch_events(TicketId(ident)) if event.key == f"run/{ident}"]
    assert [(comment.body, comment.is_public) for comment in ours.comments] == [("Handed over.", False)]


def test_ticket_that_moved_on_is_a_conflict(world: World) -> None:
    """A write decided on an older version is refused, and the person's change stays."""
    ident = _new_ticket(world)
    wanted = _update(world, ident)
    world.control.advance(5)
    world.control.change(ident, {"priority": "low"})
    account = world.connect()
    (result,) = _finish(world, account, account.submit_updates([wanted]), wanted)
    assert result.outcome is ItemOutcome.CONFLICT
    assert account.fetch_tickets([TicketId(ident)]).rows["tickets"][0]["priority"] == "low"


def test_each_item_of_a_batch_has_its_own_fate(world: World) -> None:
    """A closed and a missing ticket are rejected with Zendesk's word; the others go through."""
    good, closed = _new_ticket(world), _new_ticket(world)
    world.control.close(closed)
    gone = TicketUpdate(TicketId(99_999_999), NOW, "run/x", {"priority": "low"})
    updates = (_update(world, closed), gone, _update(world, good))
    account = world.connect()
    results = _finish(world, account, account.submit_updates(updates), *updates)
    assert [result.outcome.value for result in results] == ["rejected", "rejected", "applied"]
    assert "closed" in results[0].detail


@pytest.mark.parametrize(("fate", "expected"), [("job_killed", "unknown"), ("job_half_failed", "rejected")])
def test_job_that_ends_badly_promises_nothing(world: World, fate: str, expected: str) -> None:
    """Items of a killed job are unknown; items that a half-failed job names are rejected."""
    world.control.fault(fate)
    updates = tuple(_update(world, _new_ticket(world)) for _ in range(4))
    account = world.connect()
    results = _finish(world, account, account.submit_updates(updates), *updates)
    assert results[-1].outcome.value == expected


def test_lost_reply_to_a_batch_is_told_and_not_repeated(world: World) -> None:
    """When the reply is lost after the work was taken on, the batch is not sent again: one note, not two."""
    ident = _new_ticket(world)
    world.control.fault("reset_after", pattern="update_many")
    account = world.connect()
    with pytest.raises(Unreachable):
        account.submit_updates([_update(world, ident, note="Once.")])
    world.control.advance(10)
    events = account.fetch_events(TicketId(ident))
    assert sum(event.key == f"run/{ident}" for event in events) == 1


def test_account_without_tag_deltas_is_noticed(world: World) -> None:
    """The first batch's tags are reported ignored; the next batch sends full lists, which work."""
    world.control.set_options(tag_deltas_in_batch=False)
    ident = _new_ticket(world)
    account = world.connect()
    first = _update(world, ident, add_tags=("tier_2",), all_tags=("tier_2",))
    (result,) = _finish(world, account, account.submit_updates([first]), first)
    assert (result.outcome, result.detail) == (ItemOutcome.APPLIED, TAGS_IGNORED)
    second = _update(world, ident, fields={}, add_tags=("tier_2",), all_tags=("tier_2",))
    (result,) = _finish(world, account, account.submit_updates([second]), second)
    assert result.detail == ""
    assert account.fetch_tickets([TicketId(ident)]).rows["tickets"][0]["tags"] == ["tier_2"]


def test_groups_and_views_can_be_made(world: World) -> None:
    """A created group and view are in the account, and come back as they are read later."""
    account = world.connect()
    group = account.create_group("Experts", "made by a test")
    view = account.create_view(wanted_form("Experts: unsolved", "tier_3", [group.id]), "made by a test")
    groups, views = _pull(account, Stream.GROUPS)["groups"], _pull(account, Stream.VIEWS)["views"]
    assert groups[group.id]["name"] == "Experts"
    assert views[view.id]["title"] == "Experts: unsolved"
    assert view.restricted_to == frozenset({GroupId(group.id)})
    assert ("current_tags", "includes", "tier_3") in view.conditions_all


def test_views_are_hidden_and_shown(world: World) -> None:
    """Switching a view changes nothing else of it; one that is gone is refused."""
    account = world.connect()
    view = account.create_view(wanted_form("Experts: unsolved", "tier_3", []), "made by a test")
    before = _pull(account, Stream.VIEWS)["views"][view.id]
    for is_active in (False, True):
        account.switch_view(view.id, is_active=is_active)
        row = _pull(account, Stream.VIEWS)["views"][view.id]
        assert row["active"] is is_active
        assert row["conditions"] == before["conditions"]
    with pytest.raises(Rejected):
        account.switch_view(1, is_active=False)


def test_views_are_updated_whole(world: World) -> None:
    """What the form tells is so afterwards, the grouping and description stay, and one that is gone is refused."""
    account = world.connect()
    group = account.create_group("Experts", "made by a test")
    view = account.create_view(
        replace(wanted_form("Experts: unsolved", "tier_3", []), position=7), "made by a test"
    )
    row = world.sandbox.world.tables["views"][view.id]
    row["execution"] |= {"group_by": "priority", "group_order": "asc"}
    form = replace(wanted_form("Experts", "tier_2", [group.id]), is_active=False, position=9)
    account.update_view(view.id, form)
    found = _pull(account, Stream.VIEWS)["views"][view.id]
    assert (found["title"], found["active"], found["position"]) == ("Experts", False, 9)
    assert found["description"] == "made by a test"
    assert found["execution"]["group_by"] == "priority"
    assert [column["id"] for column in found["execution"]["columns"]] == list(form.columns)
    assert found["restriction"] == {"type": "Group", "ids": [group.id]}
    with pytest.raises(Rejected):
        account.update_view(1, form)


def test_old_unsolved_tickets_are_found(settled: World) -> None:
    """The search brings exactly the unsolved tickets last updated before a moment."""
    moment = NOW - timedelta(days=3)
    found = [row for page in settled.connect().fetch_unsolved(moment) for row in page.rows["tickets"]]
    unsolved = ("new", "open", "pending", "hold")
    expected = {
        row["id"]
        for row in settled.control.truth("tickets")
        if row["status"] in unsolved and datetime.fromisoformat(row["updated_at"]) < moment
    }
    assert {row["id"] for row in found} == expected
    assert expected


def test_missing_objects_are_left_out(settled: World) -> None:
    """Asking for tickets or users that do not exist brings the others."""
    account = settled.connect()
    known = next(iter(_pull(account, Stream.USERS)["users"]))
    assert len(account.fetch_users([UserId(known), UserId(1)]).rows["users"]) == 1
    assert len(account.fetch_tickets([TicketId(1), TicketId(99_999_999)]).rows["tickets"]) == 1


def test_feature_outside_the_plan_is_denied(world: World) -> None:
    """A stream the plan does not have is told apart from an empty one."""
    world.control.set_options(denied=["custom_statuses"])
    with pytest.raises(Denied):
        _pull(world.connect(), Stream.CUSTOM_STATUSES)


class _Nowhere(WsgiAdapter):
    """A network without the host."""

    def __init__(self) -> None:
        super().__init__(lambda environ, start_response: ())

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        raise requests.ConnectionError("Name or service not known", request=request)


def test_unreachable_host_is_told_soon(world: World) -> None:
    """A host that cannot be reached is one error with a remedy, after seconds rather than minutes."""
    account = connect(
        SITE, CLIENT, rate_share=1.0, clock=world, text_filter=TextFilter("full"), transport=_Nowhere()
    )
    before = world.now()
    with pytest.raises(Transient) as caught:
        account.fetch_identity()
    assert "ZENDESK_SUBDOMAIN" in caught.value.hint
    assert world.now() - before < timedelta(seconds=5)


def test_lasting_trouble_is_raised(world: World) -> None:
    """Patience has an end: Unavailable, for the next run to try again."""
    world.control.fault("502", count=1000)
    with pytest.raises(Unavailable):
        world.connect(OAuthToken("sandbox-oauth-token")).fetch_identity()


@pytest.fixture(autouse=True)
def _calm(settled: World) -> Iterator[None]:
    yield
    assert not settled.sandbox.faults.pending
