"""The first minutes: `init` leaves what the other commands need, asks well, and overwrites nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.conftest import House
from zdsync.cli.main import zdsync
from zdsync.cli.start import _write_env
from zdsync.config import load_settings
from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET
from zdsync.settings import Mode
from zdsync.wiring import TEMPLATES, starter_rules
from zdsync.zendesk.credentials import OAuthClient

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GIVEN = ("--subdomain", "acme", "--client-id", "zdsync", "--client-secret", "s3cret")


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)


def init(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(zdsync, ["init", *words], input=typed, standalone_mode=True)


def client() -> object:
    """The credentials that `.env` gives to a command."""
    settings = load_settings(Path(".env"), {}, now=NOW, needs_account=True)
    assert settings.mode is Mode.SHADOW
    return settings.need_access().url, settings.need_access().credentials


def test_everything_given() -> None:
    """Nothing is asked; the file is private, in shadow mode, and the secret is not shown."""
    done = init(*GIVEN)
    assert done.exit_code == 0, done.output
    assert client() == ("https://acme.zendesk.com", OAuthClient("zdsync", "s3cret"))
    assert Path(".env").stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in done.output
    for words in ("zdsync pull", "zdsync plan", "ZDSYNC_MODE=apply"):
        assert words in done.output


def test_asked_until_right() -> None:
    """A wrong answer is told with what to write and asked again; the secret is not echoed."""
    done = init(typed="https://acme.zendesk.com\nacme\nzd sync\nzdsync\ns3cret\n")
    assert done.exit_code == 0, done.output
    assert "write only `acme` for acme.zendesk.com" in done.output
    assert "OAuth clients" in done.output
    assert "s3cret" not in done.output
    assert client() == ("https://acme.zendesk.com", OAuthClient("zdsync", "s3cret"))


def test_only_what_is_missing_is_asked() -> None:
    """A base address stands in place of the subdomain."""
    done = init("--url", "http://127.0.0.1:8099", "--client-id", "zdsync", typed="s3cret\n")
    assert done.exit_code == 0, done.output
    assert "Subdomain" not in done.output
    assert client() == ("http://127.0.0.1:8099", OAuthClient("zdsync", "s3cret"))


def test_nobody_to_ask() -> None:
    """In a script without the options it says which to give, and writes nothing."""
    done = init(typed="")
    assert done.exit_code == 2
    assert "--client-secret" in done.output
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--subdomain", "acme.zendesk.com"), "write only `acme`"),
        (("--url", "http://acme.zendesk.com"), "plain http"),
        (("--subdomain", "acme", "--url", "https://acme.zendesk.com"), "twice"),
        (("--client-id", "zd sync"), "holds spaces"),
        (("--template", "bank"), "'saas', 'retail'"),
    ],
)
def test_wrong_options(words: tuple[str, ...], said: str) -> None:
    """Each is refused before anything is asked or written."""
    done = init(*words)
    assert done.exit_code == 2
    assert said in done.output
    assert list(Path().iterdir()) == []


def test_never_overwrites() -> None:
    """What is there stays to the byte and is named; nothing is asked for a settings file that exists."""
    Path(".env").write_text("ZENDESK_SUBDOMAIN=mine\n", "utf-8")
    Path("rules").mkdir()
    Path("rules/mine.yaml").write_text("# mine\n", "utf-8")
    done = init(typed="")
    assert done.exit_code == 0, done.output
    assert ".env is there already and was left alone" in done.output
    assert "rules is there already and was left alone" in done.output
    assert Path(".env").read_text("utf-8") == "ZENDESK_SUBDOMAIN=mine\n"
    assert [path.name for path in Path("rules").iterdir()] == ["mine.yaml"]
    assert init(*GIVEN).exit_code == 0
    assert Path(".env").read_text("utf-8") == "ZENDESK_SUBDOMAIN=mine\n"


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_checked_and_tested_as_it_comes(template: str) -> None:
    """Its rules and cases are written whole, and the commands named next find nothing wrong with them."""
    assert init(*GIVEN, "--template", template).exit_code == 0
    written = sorted(str(path.relative_to("rules")) for path in Path("rules").rglob("*.yaml"))
    assert written == sorted(
        str(p.relative_to(f)) for f in [starter_rules(template)] for p in f.rglob("*.yaml")
    )
    assert "tests/shipped.yaml" in written
    for words in (["rules", "check", "--strict"], ["rules", "test"], ["rules", "fmt", "--check"]):
        done = CliRunner().invoke(zdsync, words, standalone_mode=True)
        assert done.exit_code == 0, done.output


def test_half_done_is_completed() -> None:
    """A settings file without rules gets them, where it says that they are; an empty folder is filled."""
    Path(".env").write_text("ZENDESK_SUBDOMAIN=mine\nZDSYNC_RULES=policy\n", "utf-8")
    Path("policy").mkdir()
    assert init().exit_code == 0
    assert Path("policy/20-assign.yaml").is_file()
    assert not Path("rules").exists()


def test_other_places() -> None:
    """`--env` and `--rules` say where; a later command with the same file finds both."""
    words = ["--env", "prod.env", "--rules", "policy"]
    done = CliRunner().invoke(zdsync, [*words, "init", *GIVEN], standalone_mode=True)
    assert done.exit_code == 0, done.output
    assert not Path(".env").exists()
    settings = load_settings(Path("prod.env"), {}, now=NOW, needs_account=True)
    assert (settings.rules, Path("policy/00-tiers.yaml").is_file()) == (Path("policy"), True)


def test_a_place_that_cannot_be_written() -> None:
    """A missing folder is told, and no half of anything is left."""
    done = CliRunner().invoke(zdsync, ["--env", "no/such/.env", "init", *GIVEN], standalone_mode=True)
    assert done.exit_code == 2
    assert "cannot write no/such/.env" in done.output
    assert list(Path().iterdir()) == []


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
def test_any_secret_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    """Quotes, backslashes, hashes and dollars survive the file."""
    env = tmp_path_factory.mktemp("env") / ".env"
    _write_env(env, {"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_CLIENT_ID": "id", "ZENDESK_CLIENT_SECRET": secret})
    settings = load_settings(env, {}, now=NOW, needs_account=True)
    assert settings.need_access().credentials == OAuthClient("id", secret)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_first_minutes(house: House, tmp_path: Path) -> None:
    """After init the next commands work with nothing but what it left: pull, check, plan; run only watches."""
    folder = tmp_path / "new"
    folder.mkdir()
    house.patch.chdir(folder)
    house.settings = {"ZDSYNC_HTTP": ""}
    house.ok("init", "--url", house.url, "--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET)
    assert "no problems" in house.ok("rules", "check").out
    house.ok("pull")
    assert house.ok("plan", "--json").document["ticket_changes"]
    assert "shadow" in house.ok("run").out
    assert house.run("apply", "--yes").code == 4
    assert sorted(path.name for path in folder.iterdir())[:2] == [".env", "rules"]
