"""`zdsync doctor` as it is typed: each fault by its line, its remedy and its exit code; nothing is ever written."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import conftest
from tests.e2e.conftest import RULES, Ended
from zdsync.cli.trial import sandbox_settings
from zdsync.sandbox.app import make_sandbox
from zdsync.sandbox.auth import ADMIN_EMAIL, AGENT_EMAIL, API_TOKEN, Grant
from zdsync.sandbox.control import Control
from zdsync.sandbox.limits import Limits
from zdsync.sandbox.server import serve

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass
class House(conftest.House):
    """One whose account may be made deaf."""

    deaf: dict[str, bool] = field(default_factory=dict)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A small account, nothing mirrored yet; while `deaf` says so it does not see who signs."""
    sandbox = make_sandbox(tickets=40, seed=3, rate_limits=Limits.high_volume())
    deaf = {"is_deaf": False}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if deaf["is_deaf"]:
            environ.pop("HTTP_AUTHORIZATION", None)
        return sandbox(environ, start_response)

    server = serve(app)
    monkeypatch.chdir(tmp_path)
    settings = {
        **sandbox_settings(server.url),
        "ZDSYNC_DATABASE_URL": f"sqlite:///{tmp_path}/mirror.db",
        "ZDSYNC_RULES": str(RULES),
        "ZDSYNC_RATE_SHARE": "1",
    }
    try:
        url = settings["ZDSYNC_DATABASE_URL"]
        yield House(sandbox, Control(sandbox), server.url, url, monkeypatch, settings, deaf)
    finally:
        server.close()
        writes = [name for name in sandbox.request_log.by_endpoint if not name.startswith("GET ")]
        assert set(writes) <= {"POST /oauth/tokens"}


def examined(house: House, **settings: str) -> tuple[Ended, dict[str, list[dict[str, Any]]]]:
    """How the doctor ended, and its findings by check."""
    ended = house.run("doctor", "--json", **settings)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in ended.document["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    assert ended.document["exit_code"] == ended.code
    for finding in ended.document["findings"]:
        assert finding["remedy"] or finding["grade"] in ("ok", "not checked"), finding
    return ended, found


def grades(found: dict[str, list[dict[str, Any]]], check: str) -> list[str]:
    return [finding["grade"] for finding in found[check]]


def test_all_is_well(house: House) -> None:
    """Before the first pull and after it: exit 0, no fault, and looking makes no database."""
    ended, found = examined(house)
    assert ended.code == 0, ended
    assert not Path("mirror.db").exists()
    assert grades(found, "rules against the account") == ["not checked"]
    house.ok("pull")
    ended, found = examined(house)
    assert ended.code == 0, ended
    assert "fault" not in {one["grade"] for ones in found.values() for one in ones}
    assert grades(found, "mirrored account") == ["ok"]
    assert found["pace"][0]["text"].startswith("new tickets are routed 1 to 3 minutes late")
    told = house.ok("doctor").out.splitlines()
    assert told[0] == "ok           settings: read, and sound"
    assert "             what to do: let native triggers do what cannot wait" in told


def test_wrong_secret(house: House) -> None:
    """The client is refused, exit 1; what needs the account says that it was not checked, the rest is checked."""
    ended, found = examined(house, ZENDESK_CLIENT_SECRET="wrong")
    assert ended.code == 1
    assert grades(found, "credentials") == ["fault"]
    assert "ZENDESK_CLIENT_SECRET" in found["credentials"][0]["remedy"]
    assert {grades(found, check)[0] for check in ("role", "scopes", "clock", "limits")} == {"not checked"}
    assert grades(found, "rules") == ["ok"]


def test_nobody_in_the_account(house: House) -> None:
    """An anonymous 200, which any health check would take for well, is a fault of the credentials."""
    house.deaf["is_deaf"] = True
    ended, found = examined(house)
    assert ended.code == 1
    assert grades(found, "credentials") == ["fault"]
    assert "anonymous" in found["credentials"][0]["text"]


def test_agent_role(house: House) -> None:
    """An agent cannot export: the role is a fault, and so is each stream that cannot be done without."""
    house.sandbox.credentials.clients["zdsync"].email = AGENT_EMAIL
    ended, found = examined(house)
    assert ended.code == 1
    assert grades(found, "role") == ["fault"]
    refused = {one["text"].partition(":")[0] for one in found["plan and streams"] if one["grade"] == "fault"}
    assert refused == {"tickets", "ticket_events", "users"}


def test_missing_scope(house: House) -> None:
    """A token that may only read: a fault when runs are to write, a warning in shadow mode."""
    house.sandbox.credentials.grants["few"] = Grant(ADMIN_EMAIL, frozenset({"read"}), None)
    token = {"ZENDESK_CLIENT_ID": "", "ZENDESK_CLIENT_SECRET": "", "ZENDESK_OAUTH_TOKEN": "few"}
    ended, found = examined(house, **token)
    assert (ended.code, grades(found, "scopes")) == (1, ["fault"])
    assert "missing: write" in found["scopes"][0]["text"]
    ended, found = examined(house, **token, ZDSYNC_MODE="shadow")
    assert (ended.code, grades(found, "scopes")) == (0, ["warning"])


def test_plan_without_sla(house: House) -> None:
    """A feature that the plan lacks is a warning with the stream's name; all is well otherwise."""
    house.sandbox.options.denied = ("slas",)
    ended, found = examined(house)
    assert ended.code == 0
    (one,) = found["plan and streams"]
    assert one["grade"] == "warning"
    assert one["text"].startswith("sla_policies: ")


def test_skewed_clock(house: House) -> None:
    """A machine ten minutes behind Zendesk is a fault, exit 1."""
    house.control.advance(600)
    ended, found = examined(house)
    assert (ended.code, grades(found, "clock")) == (1, ["fault"])
    assert "behind Zendesk" in found["clock"][0]["text"]


def test_database_of_another_account(house: House) -> None:
    """Told offline too: the fault names both accounts."""
    house.ok("pull")
    ended, found = examined(house, ZENDESK_URL="http://127.0.0.1:9")
    assert ended.code == 1
    assert grades(found, "mirrored account") == ["fault"]
    assert house.url in found["mirrored account"][0]["text"]
    assert grades(found, "credentials") == ["fault"]


def test_broken_rules(house: House, tmp_path: Path) -> None:
    """A fault in the files by its line, and a name that only the account lacks: exit 2 both times."""
    house.ok("pull")
    folder = tmp_path / "own"
    shutil.copytree(RULES, folder)
    file = folder / "20-assign.yaml"
    lost = "  - id: lost\n    why: Lost\n    all: [{group: Nowhere}]\n    then: {tier: 1}\n"
    file.write_text(file.read_text("utf-8").replace("assign:\n", f"assign:\n{lost}"), "utf-8")
    ended, found = examined(house, ZDSYNC_RULES=str(folder))
    assert ended.code == 2
    assert grades(found, "rules against the account")[0] == "fault"
    file.write_text("assign: 7\n", "utf-8")
    ended, found = examined(house, ZDSYNC_RULES=str(folder))
    assert ended.code == 2
    assert "20-assign.yaml:1" in found["rules"][0]["text"]
    assert grades(found, "rules against the account") == ["not checked"]


def test_wrong_settings(house: House) -> None:
    """Of settings that cannot be read nothing more is checked; of a missing account what is offline is."""
    ended, found = examined(house, ZDSYNC_MODE="perhaps")
    assert ended.code == 2
    assert grades(found, "settings") == ["fault"]
    assert {one["grade"] for check, ones in found.items() if check != "settings" for one in ones} == {
        "not checked"
    }
    ended, found = examined(house, ZENDESK_CLIENT_SECRET="")
    assert ended.code == 2
    assert (grades(found, "settings"), grades(found, "credentials")) == (["fault"], ["not checked"])
    assert (grades(found, "database"), grades(found, "rules")) == (["ok"], ["ok"])


def test_legacy_tokens_and_slow_schedules(house: House) -> None:
    """An API token is a warning with the day it stops; a cron schedule is told for what it is."""
    token = {"ZENDESK_CLIENT_ID": "", "ZENDESK_CLIENT_SECRET": "", "ZENDESK_EMAIL": ADMIN_EMAIL}
    ended, found = examined(
        house, **token, ZENDESK_API_TOKEN=API_TOKEN, ZDSYNC_SCHEDULE="*/10 * * * *", ZDSYNC_MODE="shadow"
    )
    assert ended.code == 0, ended
    (one,) = found["settings"]
    assert (one["grade"], "2027-04-30" in one["text"]) == ("warning", True)
    assert "OAuth client" in one["remedy"]
    assert "first run" in found["pace"][0]["text"]
    assert found["mode"][0]["text"].startswith("shadow")
