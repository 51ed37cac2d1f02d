"""Whatever is wrong, one clear message on stderr says what and what to do, with its exit code and without a secret."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url

from tests.e2e.conftest import RULES, Ended, House
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.sandbox.auth import AGENT_EMAIL, API_TOKEN, Credentials
from zdsync.schedule import SystemClock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET = "wr0ng-s3cret"
OPEN_MIRROR = "zdsync.wiring.open_mirror"
NO_CLIENT = {"ZENDESK_CLIENT_ID": "", "ZENDESK_CLIENT_SECRET": ""}


def assert_told(ended: Ended, code: int, *words: str) -> None:
    """One error with a remedy on stderr, holding all `words`; nothing else anywhere."""
    assert ended.code == code, ended
    assert ended.out == ""
    lines = [line for line in ended.err.splitlines() if not line.startswith("note: ")]
    assert lines[0].startswith("error: "), ended.err
    assert lines[-1].startswith("  what to do: "), ended.err
    assert sum(line.startswith("error: ") for line in lines) == 1
    assert "Traceback" not in ended.err
    assert SECRET not in ended.err
    for word in words:
        assert word in ended.err, (word, ended.err)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting between two tries takes no time."""
    monkeypatch.setattr(SystemClock, "sleep", lambda _clock, _seconds: None)


def closed_port() -> int:
    """A port of this machine at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


# The account


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**NO_CLIENT, "ZENDESK_OAUTH_TOKEN": SECRET}, ("401", "ZENDESK_OAUTH_TOKEN")),
        ({"ZENDESK_CLIENT_SECRET": SECRET}, ("refused the OAuth client", "ZENDESK_CLIENT_SECRET")),
        ({"ZENDESK_CLIENT_ID": "nobody"}, ("refused the OAuth client", "ZENDESK_CLIENT_ID")),
    ],
    ids=["token", "client-secret", "client-id"],
)
def test_wrong_credentials(house: House, given: dict[str, str], words: tuple[str, ...]) -> None:
    """Zendesk's refusal is told with the settings to check; the worker ends with it instead of trying for ever."""
    for command in (("pull",), ("run",), ("apply", "--yes")):
        assert_told(house.run(*command, **given), 1, *words)
    worker = house.run("worker", ZDSYNC_LOG="json", **given)
    assert worker.code == 1
    assert "cycle.failed" in worker.err
    assert SECRET not in worker.err


def test_an_anonymous_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that takes us for a visitor answers 200 to "who am I"; that does not pass for signed in."""
    monkeypatch.setattr(Credentials, "identify", lambda *_given: None)
    assert_told(house.run("pull"), 1, "anonymous visitor", "check the credentials")


def test_an_agent_may_not_export(house: House) -> None:
    """Credentials of an agent are told to become an admin's, also those of a legacy token."""
    given = {**NO_CLIENT, "ZENDESK_EMAIL": AGENT_EMAIL, "ZENDESK_API_TOKEN": API_TOKEN, "ZDSYNC_LOG": "json"}
    ended = house.run("pull", **given)
    assert ended.code == 1
    assert "403 Forbidden" in ended.err
    assert "act as an admin" in ended.err
    assert API_TOKEN not in ended.err


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "given",
    [
        {"ZENDESK_URL": "https://no-such-zdsync-test.zendesk.com"},
        {"ZENDESK_URL": "", "ZENDESK_SUBDOMAIN": "no-such-zdsync-test"},
    ],
    ids=["url", "subdomain"],
)
def test_an_unknown_subdomain(house: House, given: dict[str, str]) -> None:
    """A host that nobody knows is named; a database that is new then is not tied to it, so mending it is enough."""
    assert_told(house.run("pull", **given), 1, "no host no-such-zdsync-test.zendesk.com", "ZENDESK_SUBDOMAIN")
    house.ok("pull")


@pytest.mark.usefixtures("hurried")
def test_an_unreachable_host(house: House) -> None:
    """A closed port is named; so it is by a run that has worked before, which goes on when the host is back."""
    address = f"http://127.0.0.1:{closed_port()}"
    assert_told(house.run("pull", ZENDESK_URL=address), 1, f"nothing answers at {address}", "ZENDESK_URL")


@pytest.mark.usefixtures("hurried")
def test_another_account(house: House) -> None:
    """A database that mirrors one account takes no other."""
    house.ok("pull")
    other = "http://127.0.0.1:1"
    assert_told(house.run("pull", ZENDESK_URL=other), 1, f"mirrors {house.url}, not {other}", "one database")


@pytest.mark.usefixtures("hurried")
def test_maintenance(house: House) -> None:
    """Zendesk's page for people during maintenance is told as its trouble, and nothing of the page is shown."""
    house.control.fault("503", count=1000)
    ended = house.run("pull")
    assert_told(ended, 1, "503", "status.zendesk.com")
    assert "html" not in ended.err


# Rules


def test_broken_rules(house: House, tmp_path: Path) -> None:
    """Every fault at once with file, line and column; the mirror was pulled all the same."""
    file = tmp_path / "rules" / "a.yaml"
    file.parent.mkdir()
    file.write_text("tierz: 3\nassign:\n  - id: x\n    then: {tier: 9}\n  - id: x\n    why: 3\n", "utf-8")
    given = {"ZDSYNC_RULES": str(file.parent)}
    for command in ("run", "plan"):
        ended = house.run(command, **given)
        assert_told(
            ended, 2, f"{file}:1:1: unknown key 'tierz'", f"{file}:3:5: `why:` is missing", "rules check"
        )
        assert ended.err.splitlines()[0].endswith(" problems")
    checked = house.run("rules", "check", **given)
    assert (checked.code, checked.err) == (2, "")
    assert f"{file}:1:1: unknown key" in checked.out


def test_missing_rules(house: House, tmp_path: Path) -> None:
    """A folder that is not there or empty is named, with what makes one."""
    house.ok("pull")
    nowhere, empty = tmp_path / "nowhere", tmp_path / "empty"
    empty.mkdir()
    assert_told(house.run("plan", ZDSYNC_RULES=str(nowhere)), 2, str(nowhere), "zdsync init")
    assert_told(house.run("plan", ZDSYNC_RULES=str(empty)), 2, str(empty), "no rule file")


def test_rules_that_name_what_the_account_lacks(house: House, tmp_path: Path) -> None:
    """A group's or field's name that the account does not know is told with its place and the nearest known name."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    rule = (
        "\n  - id: gone\n    why: A field of another account\n    all: [{arae: billing}]\n    then: {tier: 2}"
    )
    file = folder / "20-assign.yaml"
    file.write_text(file.read_text("utf-8").replace("assign:", f"assign:{rule}", 1), "utf-8")
    house.ok("pull")
    assert_told(house.run("plan", ZDSYNC_RULES=str(folder)), 2, f"{file}:", "'arae'")
    assert_told(house.run("run", ZDSYNC_RULES=str(folder)), 2, f"{file}:", "'arae'")


# The database


@pytest.fixture
def filled(house: House) -> Path:
    """The SQLite file of a house that has pulled."""
    house.ok("pull")
    return Path(house.database_url.removeprefix("sqlite:///"))


def test_a_locked_database(house: House, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another program keeps the file to itself, a writer gives up in time; readers never wait."""
    monkeypatch.setattr(OPEN_MIRROR, partial(open_mirror, busy_timeout_s=0.05))
    with closing(sqlite3.connect(filled, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for command in ("pull", "run"):
            assert_told(house.run(command), 1, f"{filled} is locked", "end the program")
        assert house.ok("status").out
    house.ok("pull")


def test_a_second_process(house: House, filled: Path) -> None:
    """Who already works on the mirror is named; reading commands do not mind."""
    with open_mirror(house.database_url, clock=SystemClock()) as mirror, mirror.lease():
        for command in (("pull",), ("run",), ("worker", "--cycles", "1"), ("apply", "--yes")):
            assert_told(
                house.run(*command), 1, "process ", "is already working on this mirror", "wait for it"
            )
        for command in (("status",), ("plan",), ("runs",)):
            assert house.ok(*command).err == ""
    house.ok("pull")


@pytest.mark.parametrize("command", ["pull", "status", "plan"])
def test_not_a_database(house: House, tmp_path: Path, command: str) -> None:
    """Another file is refused and left as it is."""
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir or Madam, " * 100, "utf-8")
    ended = house.run(command, ZDSYNC_DATABASE_URL=f"sqlite:///{other}")
    assert_told(ended, 1, f"{other} is not a SQLite database", "ZDSYNC_DATABASE_URL")
    assert other.read_text("utf-8") == "Dear Sir or Madam, " * 100


@pytest.mark.parametrize("where", ["no/such/folder/m.db", "file/m.db", "folder"])
def test_no_place_for_a_database(house: House, tmp_path: Path, where: str) -> None:
    """A missing folder, a file where a folder should be, a folder where the file should be."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    place = tmp_path / where
    ended = house.run("pull", ZDSYNC_DATABASE_URL=f"sqlite:///{place}")
    assert_told(ended, 1, f"{place} cannot be opened", "folder")


@pytest.mark.parametrize("command", ["status", "plan", "explain 1", "runs", "report"])
def test_nothing_pulled_yet(house: House, command: str) -> None:
    """Reading commands say what to run first, and make no file."""
    assert_told(house.run(*command.split()), 1, "holds no mirror yet", "run `zdsync pull` first")
    assert not Path(house.database_url.removeprefix("sqlite:///")).exists()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A disk of its own at `folder`; what it gives mounts it again with other options."""
    folder.mkdir()

    def mount(options: str) -> subprocess.CompletedProcess[bytes]:
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(words, check=False, capture_output=True)

    if shutil.which("mount") is None or mount(f"size={size}").returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield lambda options: mount(f"remount,{options}").check_returncode()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(house: House, tmp_path: Path) -> None:
    """What does not fit is told; with room again the same command goes on to a whole mirror."""
    with small_disk(tmp_path / "disk", "600k") as mount_again:
        given = {"ZDSYNC_DATABASE_URL": f"sqlite:///{tmp_path}/disk/m.db"}
        for _ in range(2):
            assert_told(house.run("pull", **given), 1, "no room left on the disk", "free some space")
        mount_again("size=60m")
        house.ok("pull", **given)
        assert house.ok("plan", "--json", **given).document["ticket_changes"]


def test_a_database_that_cannot_grow(house: House, filled: Path) -> None:
    """The same where no disk can be mounted: SQLite's own limit of pages says what a full disk says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OPEN_MIRROR, full_mirror)
        for _ in range(40):
            house.control.customer_creates("A long question", "Why? " * 5000)
        house.control.advance(120)
        assert_told(house.run("pull"), 1, f"no room left on the disk of {filled}", "free some space")
    house.ok("pull")


def full_mirror(url: str, **given: Any) -> MirrorStore:
    """A mirror whose file cannot grow: SQLite never sets the limit below the present size."""
    mirror = open_mirror(url, **given)
    mirror.database.engine.dispose()
    event.listen(mirror.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count=1"))
    return mirror


def test_a_read_only_disk(house: House, tmp_path: Path) -> None:
    """On a disk that takes nothing neither an old database can be opened nor a new one made; nothing is half done."""
    with small_disk(tmp_path / "disk", "60m") as mount_again:
        old, new = (f"sqlite:///{tmp_path}/disk/{name}.db" for name in ("old", "new"))
        house.ok("pull", ZDSYNC_DATABASE_URL=old)
        mount_again("ro,size=60m")
        for command, url in (("pull", old), ("run", old), ("status", old), ("pull", new)):
            assert_told(house.run(command, ZDSYNC_DATABASE_URL=url), 1, "cannot be opened", "write there")
        mount_again("rw,size=60m")
        assert house.ok("status", ZDSYNC_DATABASE_URL=old).out


def test_a_read_only_folder(house: House, filled: Path) -> None:
    """A file and folder that this user may only read are told as such."""
    filled.chmod(0o400)
    filled.parent.chmod(0o500)
    try:
        if os.access(filled.parent, os.W_OK):
            pytest.skip("this user may write everywhere, as root does; the read-only disk stands for it")
        for command in ("pull", "run"):
            assert_told(house.run(command), 1, str(filled), "write")
    finally:
        filled.parent.chmod(0o700)


def test_postgresql_down(house: House) -> None:
    """Nobody at the port, or no such host: told without the password."""
    port = closed_port()
    url = f"postgresql+psycopg://zdsync:{SECRET}@127.0.0.1:{port}/zdsync"
    for command in ("pull", "status"):
        ended = house.run(command, ZDSYNC_DATABASE_URL=url)
        assert_told(ended, 1, f"zdsync:***@127.0.0.1:{port}/zdsync does not answer", "server runs")
    url = f"postgresql+psycopg://zdsync:{SECRET}@no-such-host.invalid/zdsync"
    assert_told(house.run("pull", ZDSYNC_DATABASE_URL=url), 1, "there is no such host", "check the host")


def test_a_wrong_password_of_postgresql(house: House) -> None:
    """The server's refusal names the settings to check, never the password."""
    with refusing_server("28P01", 'password authentication failed for user "zdsync"') as port:
        url = f"postgresql+psycopg://zdsync:{SECRET}@127.0.0.1:{port}/zdsync?sslmode=disable"
        ended = house.run("pull", ZDSYNC_DATABASE_URL=url)
    assert_told(ended, 1, "refuses the user or password", "ZDSYNC_DATABASE_URL")


@contextmanager
def refusing_server(code: str, message: str) -> Iterator[int]:
    """A server that speaks just enough of PostgreSQL's protocol to refuse whoever connects.

    Source: postgresql.org, "Frontend/Backend Protocol", message formats (read 2026-11).
    """
    fields = b"".join(
        f"{key}{text}\0".encode() for key, text in (("S", "FATAL"), ("C", code), ("M", message))
    )
    refusal = b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(refusal)

        thread = Thread(target=refuse)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.postgres
def test_a_missing_database_or_role_of_postgresql(house: House, postgres_url: str) -> None:
    """What is missing is named, with what to create or check."""
    url = make_url(postgres_url)
    gone = url.set(database="gone").render_as_string(hide_password=False)
    assert_told(
        house.run("pull", ZDSYNC_DATABASE_URL=gone), 1, '"gone" does not exist', "create the database"
    )
    other = url.set(username="nobody_here", password=SECRET).render_as_string(hide_password=False)
    assert_told(house.run("pull", ZDSYNC_DATABASE_URL=other), 1, "refuses the user or password")


# Settings and the command line


def test_every_wrong_setting_at_once(house: House) -> None:
    """All faults in one message, each with its name and what to write; no value of a secret."""
    wrong = {
        "ZENDESK_URL": "http://acme.zendesk.com",
        "ZENDESK_CLIENT_SECRET": "",
        "ZDSYNC_DATABASE_URL": f"mysql://zdsync:{SECRET}@host/zdsync",
        "ZDSYNC_START": "yesterday",
        "ZDSYNC_SCHEDULE": "sometimes",
        "ZDSYNC_TIMEZONE": "Mars",
        "ZDSYNC_MODE": "maybe",
        "ZDSYNC_RATE_SHARE": "0",
        "ZDSYNC_MAX_CHANGES": "none",
        "ZDSYNC_MAX_SHARE": "7",
        "ZDSYNC_TAG_PREFIX": "Tier ",
        "ZDSYNC_BODIES": "some",
        "ZDSYNC_ALERT_URL": f"http://example.com/{SECRET}",
        "ZDSYNC_MAX_LAG": "long",
        "ZDSYNC_RETENTION": "short",
        "ZDSYNC_HTTP": "8711",
        "ZDSYNC_LOG": "loud",
    }
    ended = house.run("pull", **wrong)
    assert_told(ended, 2, f"{len(wrong)} settings are wrong", *(f"  {name} (" for name in wrong))
    assert len(ended.err.splitlines()) == len(wrong) + 2


def test_no_settings_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has just installed it is told what is missing and what asks for it."""
    for name in house.settings:
        monkeypatch.delenv(name, raising=False)
    house.settings.clear()
    assert_told(house.run("pull"), 2, "ZENDESK_SUBDOMAIN", "ZENDESK_CLIENT_ID", "zdsync init")


def test_a_settings_file_that_cannot_be_read(house: House) -> None:
    """A file that was named must be there."""
    assert_told(house.run("--env", "nofile", "pull"), 2, "nofile", "--env")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pull", "--fulll"), "No such option '--fulll'"),
        (("pul",), "No such command 'pul'. Did you mean 'pull'?"),
        (("explain", "x"), "'x' is not a valid integer"),
        (("pull", "--stream", "tickts"), "unknown stream tickts; there are tickets, "),
        (("pull", "--since", "yesterday"), "'yesterday' is no date; write e.g. `90 days ago`"),
        (("plan", "--out", "no/such/folder/plan.json"), "cannot write no/such/folder/plan.json"),
    ],
)
def test_wrong_words(house: House, words: tuple[str, ...], said: str) -> None:
    """Exit 2, how the command is used, and what is wrong with it."""
    if words[0] == "plan":
        house.ok("pull")
    ended = house.run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: zdsync")
    assert said in ended.err


def test_a_file_that_is_no_plan(house: House, tmp_path: Path) -> None:
    """A plan file that is missing, no JSON, or something else is refused, and nothing is written."""
    house.ok("pull")
    (tmp_path / "note.txt").write_text("not JSON", "utf-8")
    (tmp_path / "other.json").write_text("[1, 2]", "utf-8")
    for name in ("missing.json", "note.txt", "other.json"):
        assert_told(
            house.run("apply", str(tmp_path / name), "--yes"), 4, "zdsync plan" * (name != "missing.json")
        )
    assert house.sandbox.request_log.by_endpoint.get("PUT /tickets/update_many", 0) == 0
