"""The doctor's two doors: on the account against the sandbox, on the database with each database there is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from tests.fakes.clock import FakeClock
from zdsync.errors import Denied, MirrorError, Rejected
from zdsync.mirror.engine import Database
from zdsync.mirror.health import DatabaseDoor
from zdsync.mirror.schema import REVISION
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.sandbox.app import Sandbox, make_sandbox
from zdsync.sandbox.auth import (
    ADMIN_EMAIL,
    AGENT_EMAIL,
    API_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_TOKEN,
    Grant,
)
from zdsync.sandbox.call import Options
from zdsync.sandbox.transport import WsgiAdapter
from zdsync.streams import Stream
from zdsync.zendesk.credentials import ApiToken, Credentials, OAuthClient, OAuthToken
from zdsync.zendesk.probe import ZendeskProbe

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
CLIENT = OAuthClient(CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox(30, now=NOW)


def probe_of(
    app: WSGIApplication, credentials: Credentials = CLIENT, *, clock: FakeClock | None = None
) -> ZendeskProbe:
    return ZendeskProbe(
        "https://acme.zendesk.com",
        credentials,
        rate_share=1.0,
        clock=clock or FakeClock(NOW),
        transport=WsgiAdapter(app),
    )


def test_nothing_is_written_and_little_is_asked(sandbox: Sandbox) -> None:
    """One request per question, all of them GET but for the token, and every stream of the sandbox may be read."""
    with closing(probe_of(sandbox)) as probe:
        met = probe.fetch_introduction()
        granted = probe.fetch_grant()
        for stream in Stream:
            probe.fetch_little(stream)
    assert (met.identity.role, met.ahead) == ("admin", timedelta())
    assert granted is not None
    assert granted.scopes == {"read", "write"}
    assert granted.ends_at == NOW + timedelta(minutes=30)
    asked = sandbox.request_log.by_endpoint
    assert sum(asked.values()) == len(Stream) + 3
    assert {name for name in asked if not name.startswith("GET ")} == {"POST /oauth/tokens"}
    told = probe.read_limits()
    assert (told["account"], told["incremental-exports"]) == (700, 10)


def test_an_anonymous_answer_fools_nobody(sandbox: Sandbox) -> None:
    """A proxy that swallows the signature makes Zendesk answer 200 as to a visitor: that is Denied."""

    def stripped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return sandbox({k: v for k, v in environ.items() if k != "HTTP_AUTHORIZATION"}, start_response)

    with pytest.raises(Denied, match="anonymous"):
        probe_of(stripped).fetch_introduction()


@pytest.mark.parametrize(
    "credentials",
    [OAuthClient(CLIENT_ID, "wrong"), OAuthToken("wrong"), ApiToken(ADMIN_EMAIL, "wrong")],
)
def test_wrong_credentials(sandbox: Sandbox, credentials: Credentials) -> None:
    """Each way of signing in is refused when its secret is wrong."""
    with pytest.raises(Denied):
        probe_of(sandbox, credentials).fetch_introduction()


def test_who_acts_as_an_agent(sandbox: Sandbox) -> None:
    """The role is told, and the exports are refused."""
    probe = probe_of(sandbox, ApiToken(AGENT_EMAIL, API_TOKEN))
    assert probe.fetch_introduction().identity.role == "agent"
    assert probe.fetch_grant() is None
    with pytest.raises(Denied):
        probe.fetch_little(Stream.TICKETS)
    probe.fetch_little(Stream.GROUPS)


def test_a_token_with_few_rights(sandbox: Sandbox) -> None:
    """Granted scopes are told as they are, without an end when there is none."""
    sandbox.credentials.grants["few"] = Grant(ADMIN_EMAIL, frozenset({"tickets:read"}), None)
    few = probe_of(sandbox, OAuthToken("few")).fetch_grant()
    assert few is not None
    assert few.scopes == {"tickets:read"}
    assert few.ends_at is None
    whole = probe_of(sandbox, OAuthToken(OAUTH_TOKEN)).fetch_grant()
    assert whole is not None
    assert whole.scopes == {"read", "write"}


def test_an_account_that_does_not_tell_scopes(sandbox: Sandbox) -> None:
    """Refused, or answered with something else, it is Denied or Rejected, never taken for no scopes."""
    sandbox.options = Options(denied=("oauth/tokens",))
    with pytest.raises(Denied):
        probe_of(sandbox).fetch_grant()


def test_an_answer_without_scopes(sandbox: Sandbox) -> None:
    """A token that names no scopes is Rejected."""

    def odd(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("current.json"):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{"token": {}}']
        return sandbox(environ, start_response)

    with pytest.raises(Rejected, match="no scopes"):
        probe_of(odd).fetch_grant()


def test_a_plan_without_slas(sandbox: Sandbox) -> None:
    """What the plan lacks is refused, and only that."""
    sandbox.options = Options(denied=("slas",))
    probe = probe_of(sandbox)
    with pytest.raises(Denied):
        probe.fetch_little(Stream.SLA_POLICIES)
    probe.fetch_little(Stream.SCHEDULES)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_skewed_clock(sandbox: Sandbox, seconds: int) -> None:
    """The difference is told with its direction."""
    probe = probe_of(sandbox, clock=FakeClock(NOW + timedelta(seconds=seconds)))
    assert probe.fetch_introduction().ahead == timedelta(seconds=seconds)


# The database


def test_a_present_mirror(database_url: str, mirror: MirrorStore) -> None:
    """Schema, account and size are told; writing is tried and leaves no trace."""
    mirror.bind("https://acme.zendesk.com")
    with closing(DatabaseDoor(database_url)) as door:
        state = door.read_state()
        door.try_writing()
    assert (state.revision, state.wanted, state.is_older) == (REVISION, REVISION, False)
    assert state.account == "https://acme.zendesk.com"
    assert state.size_bytes
    assert (state.free_bytes is None) != mirror.database.is_sqlite


def test_an_empty_database(empty_url: str) -> None:
    """Nothing is made by looking, nor by trying to write."""
    with closing(DatabaseDoor(empty_url)) as door:
        state = door.read_state()
        door.try_writing()
        again = door.read_state()
    assert (state.revision, state.account, again.revision) == (None, None, None)
    if empty_url.startswith("sqlite"):
        assert not Path(empty_url.removeprefix("sqlite:///")).exists()
        return
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_class WHERE relname = 'zdsync_probe'")) == 0
    engine.dispose()


@pytest.mark.parametrize(("revision", "is_older"), [("0002", True), ("9999", False)])
def test_another_schema(database_url: str, mirror: MirrorStore, revision: str, is_older: bool) -> None:
    """An older one is told from one that this version does not know."""
    with mirror.database.writing() as connection:
        connection.execute(text(f"UPDATE zdsync_revision SET version_num = '{revision}'"))
    with closing(DatabaseDoor(database_url)) as door:
        state = door.read_state()
    assert (state.revision, state.is_older) == (revision, is_older)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """It is told as it is, and left as it was."""
    file = tmp_path / "notes.txt"
    file.write_text("no database at all " * 100, encoding="utf-8")
    with closing(DatabaseDoor(f"sqlite:///{file}")) as door, pytest.raises(MirrorError):
        door.read_state()
    assert file.read_text(encoding="utf-8").startswith("no database")


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    """The database cannot be made there, and the folder is named."""
    with closing(DatabaseDoor(f"sqlite:///{tmp_path}/no/such.db")) as door:
        assert door.read_state().free_bytes is None
        with pytest.raises(MirrorError, match="no does not exist"):
            door.try_writing()


def test_a_folder_that_may_not_be_written(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log and the lock stand beside the file: the folder counts too."""
    open_mirror(sqlite_url, clock=FakeClock()).close()
    monkeypatch.setattr("os.access", lambda *_: False)
    with closing(DatabaseDoor(sqlite_url)) as door, pytest.raises(MirrorError, match="cannot be written"):
        door.try_writing()


@pytest.mark.postgres
def test_a_forgotten_transaction(postgres_url: str) -> None:
    """Its age is told, also while it does nothing."""
    database = Database(postgres_url)
    with database.reading() as connection, closing(DatabaseDoor(postgres_url)) as door:
        connection.execute(text("SELECT 1"))
        age = door.read_state().oldest_reader
    database.close()
    assert age is not None
    assert age > timedelta()
