"""Settings: who wins, what is refused and how kindly, and that no secret is ever shown."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zdsync.config import Settings, load_settings, mask_password
from zdsync.errors import ConfigError
from zdsync.plan.model import Limits
from zdsync.settings import START_OF_ALL, Bodies, Cron, Every, Listen, LogForm, Mode
from zdsync.zendesk.credentials import ApiToken, OAuthClient, OAuthToken

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = {"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_OAUTH_TOKEN": "tok-3f9a"}


def load(
    environ: dict[str, str] | None = None,
    env_file: Path | None = None,
    *,
    needs_account: bool = False,
    overrides: dict[str, str] | None = None,
) -> Settings:
    return load_settings(env_file, environ or {}, now=NOW, needs_account=needs_account, overrides=overrides)


def faults(environ: dict[str, str], env_file: Path | None = None, *, needs_account: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        load(environ, env_file, needs_account=needs_account)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return str(caught.value)


def env(tmp_path: Path, text: str) -> Path:
    path = tmp_path / ".env"
    path.write_text(text, "utf-8")
    return path


def test_defaults_hold_without_anything_written() -> None:
    """A reading command starts with no settings at all, on the documented defaults."""
    settings = load()
    assert settings.access is None
    assert settings.database_url == "sqlite:///zdsync.db"
    assert settings.rules == Path("rules")
    assert settings.start == NOW - timedelta(days=90)
    assert settings.schedule == Every(60)
    assert settings.timezone.key == "UTC"
    assert settings.mode is Mode.SHADOW
    assert settings.rate_share == 0.6
    assert settings.limits == Limits(max_changes=500, max_share=0.2)
    assert settings.tag_prefix == "tier_"
    assert settings.bodies is Bodies.MASKED
    assert settings.alert_url is None
    assert settings.max_lag == timedelta(minutes=15)
    assert settings.retention is None
    assert settings.http == Listen("127.0.0.1", 8711)
    assert settings.log is LogForm.AUTO
    assert settings.notes == ()


def test_command_line_wins_over_environment_over_file(tmp_path: Path) -> None:
    """The nearest word counts, and `describe` says where it came from."""
    file = env(tmp_path, "ZDSYNC_RULES=from-file\nZDSYNC_MODE=apply\nZDSYNC_MAX_CHANGES=7\n")
    settings = load(
        {"ZDSYNC_RULES": "from-environment", "ZDSYNC_MODE": "shadow"},
        file,
        overrides={"ZDSYNC_RULES": "from-command-line"},
    )
    origins = {line.name: (line.value, line.origin) for line in settings.describe()}
    assert settings.rules == Path("from-command-line")
    assert settings.mode is Mode.SHADOW
    assert settings.limits.max_changes == 7
    assert origins["ZDSYNC_RULES"] == ("from-command-line", "command line")
    assert origins["ZDSYNC_MODE"] == ("shadow", "environment")
    assert origins["ZDSYNC_MAX_CHANGES"] == ("7", ".env line 3")
    assert origins["ZDSYNC_BODIES"] == ("masked", "default")
    assert origins["ZENDESK_EMAIL"] == ("(not set)", "not set")


def test_reading_the_file_leaves_the_environment_alone(tmp_path: Path) -> None:
    """`.env` is read, never put into the process's environment, and `$` in a value stays a `$`."""
    before = dict(os.environ)
    file = env(tmp_path, "ZENDESK_SUBDOMAIN=acme\nexport ZENDESK_OAUTH_TOKEN='a${HOME}b'\n")
    settings = load(env_file=file, needs_account=True)
    assert settings.need_access().credentials == OAuthToken("a${HOME}b")
    assert dict(os.environ) == before


def test_an_empty_value_is_a_word_too(tmp_path: Path) -> None:
    """Empty in the environment sets a name of the file back to its default, and turns HTTP off."""
    file = env(tmp_path, "ZDSYNC_MODE=apply\nZDSYNC_HTTP=:9000\n")
    settings = load({"ZDSYNC_MODE": "", "ZDSYNC_HTTP": ""}, file)
    assert settings.mode is Mode.SHADOW
    assert settings.http is None


@pytest.mark.parametrize(
    ("environ", "credentials"),
    [
        ({"ZENDESK_CLIENT_ID": "worker", "ZENDESK_CLIENT_SECRET": "s3cret"}, OAuthClient("worker", "s3cret")),
        ({"ZENDESK_OAUTH_TOKEN": "abc"}, OAuthToken("abc")),
        ({"ZENDESK_EMAIL": "a@acme.test", "ZENDESK_API_TOKEN": "abc"}, ApiToken("a@acme.test", "abc")),
    ],
)
def test_three_ways_to_sign_in(environ: dict[str, str], credentials: object) -> None:
    """Each way alone is enough; the address comes from the subdomain."""
    access = load({"ZENDESK_SUBDOMAIN": "Acme", **environ}, needs_account=True).need_access()
    assert access.url == "https://acme.zendesk.com"
    assert access.credentials == credentials


def test_exactly_one_way_to_sign_in() -> None:
    """No way, half a way and two ways are faults that say which names are meant."""
    assert "no way to sign in" in faults({"ZENDESK_SUBDOMAIN": "acme"}, needs_account=True)
    half = faults({"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_CLIENT_ID": "worker"}, needs_account=True)
    assert half == "ZENDESK_CLIENT_SECRET (not set): is missing; it goes together with its neighbour"
    both = faults({**TOKEN, "ZENDESK_EMAIL": "a@acme.test", "ZENDESK_API_TOKEN": "x"}, needs_account=True)
    assert "(ZENDESK_OAUTH_TOKEN, ZENDESK_EMAIL, ZENDESK_API_TOKEN); keep one" in both


def test_api_tokens_carry_a_warning_with_the_day_they_stop() -> None:
    """The legacy way works and says until when."""
    settings = load({"ZENDESK_SUBDOMAIN": "a", "ZENDESK_EMAIL": "a@b.test", "ZENDESK_API_TOKEN": "x1y2"})
    assert len(settings.notes) == 1
    assert "2027-04-30 (in 159 days)" in settings.notes[0]
    assert "ZENDESK_CLIENT_ID" in settings.notes[0]


def test_reading_commands_do_not_mind_the_account() -> None:
    """Faults in the account's settings stop only a command that connects; asking for access then says so."""
    settings = load({"ZENDESK_CLIENT_ID": "half", "ZENDESK_URL": "http://elsewhere.test"})
    assert settings.access is None
    with pytest.raises(ConfigError, match="needs the account"):
        settings.need_access()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8099", "http://localhost:8099/", "http://[::1]:8099"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    """The sandbox is reached without TLS, and no subdomain is needed."""
    access = load({"ZENDESK_URL": url, "ZENDESK_OAUTH_TOKEN": "t"}, needs_account=True).need_access()
    assert access.url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.zendesk.com",
        "http://127.0.0.1.evil.test",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "acme.zendesk.com",
        "https://user:pw@acme.zendesk.com",
        "https://acme.zendesk.com/api/v2",
        "https://acme.zendesk.com:port",
        "https://[::1",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Neither plain http elsewhere, nor a path, nor credentials in the address; the address is not repeated."""
    message = faults({"ZENDESK_URL": url, "ZENDESK_OAUTH_TOKEN": "t"}, needs_account=True)
    assert message.startswith("ZENDESK_URL (environment): ")
    assert "pw" not in message


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """One error lists every wrong setting, where it stands and what to write instead."""
    file = env(tmp_path, "ZDSYNC_RATE_SHARE=60%\nZDSYNC_LOG=xml\nZDSYNC_SHEDULE=every 5m\nnonsense line\n")
    message = faults(
        {"ZENDESK_SUBDOMAIN": "https://acme.zendesk.com", "ZDSYNC_SCHEDULE": "every now and then"},
        file,
        needs_account=True,
    )
    assert message.splitlines() == [
        "7 settings are wrong:",
        "  .env line 4: is not understood; write NAME=value, with quotes around spaces",
        "  ZDSYNC_SHEDULE (.env line 3): is no setting; did you mean ZDSYNC_SCHEDULE?",
        (
            "  ZENDESK_SUBDOMAIN (environment): 'https://acme.zendesk.com' is not a subdomain; "
            "write only `acme` for acme.zendesk.com"
        ),
        (
            "  ZENDESK_CLIENT_ID (not set): there is no way to sign in; write ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET "
            "of an OAuth client (or ZENDESK_OAUTH_TOKEN, or ZENDESK_EMAIL and ZENDESK_API_TOKEN)"
        ),
        (
            "  ZDSYNC_SCHEDULE (environment): 'every now and then' is not understood; "
            "write e.g. `every 30s`, `every 5m` or `every 2h`"
        ),
        "  ZDSYNC_RATE_SHARE (.env line 1): '60%' is not a share; write a number above 0 and up to 1, e.g. `0.5`",
        "  ZDSYNC_LOG (.env line 2): 'xml' is unknown; write `auto`, `text` or `json`",
    ]


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("ZDSYNC_DATABASE_URL", "postgres://u:hunter22@h/d", "postgresql+psycopg://"),
        ("ZDSYNC_DATABASE_URL", "mysql://u:hunter22@h/d", "not a database we know"),
        ("ZDSYNC_DATABASE_URL", "zdsync.db", "sqlite:///zdsync.db"),
        ("ZDSYNC_START", "tomorrow", "is no date"),
        ("ZDSYNC_START", "2026-02-30", "is no date"),
        ("ZDSYNC_START", "2026-12-01", "in the future"),
        ("ZDSYNC_START", "2026-01-01T00:00", "is no date"),
        ("ZDSYNC_SCHEDULE", "every 0s", "at least `every 1s`"),
        ("ZDSYNC_SCHEDULE", "* * * *", "five fields"),
        ("ZDSYNC_TIMEZONE", "Europe/Londn", "`Europe/London`"),
        ("ZDSYNC_TIMEZONE", "../etc/passwd", "is no time zone"),
        ("ZDSYNC_TIMEZONE", "Europe", "is no time zone"),
        ("ZDSYNC_MODE", "live", "write `apply` or `shadow`"),
        ("ZDSYNC_RATE_SHARE", "0", "above 0"),
        ("ZDSYNC_RATE_SHARE", "nan", "above 0"),
        ("ZDSYNC_MAX_CHANGES", "-1", "whole number"),
        ("ZDSYNC_MAX_CHANGES", "1e3", "whole number"),
        ("ZDSYNC_MAX_SHARE", "1.5", "up to 1"),
        ("ZDSYNC_TAG_PREFIX", "Tier ", "cannot begin a tag"),
        ("ZDSYNC_TAG_PREFIX", "t", "2 to 50"),
        ("ZDSYNC_BODIES", "some", "`full`, `masked` or `none`"),
        ("ZDSYNC_ALERT_URL", "http://hooks.test/hunter22", "https"),
        ("ZDSYNC_MAX_LAG", "forever", "length of time"),
        ("ZDSYNC_RETENTION", "2y", "`forever` or"),
        ("ZDSYNC_RETENTION", "0d", "length of time"),
        ("ZDSYNC_RETENTION", "29d", "at least `30d`"),
        ("ZDSYNC_HTTP", "8711", "127.0.0.1:8711"),
        ("ZDSYNC_HTTP", "127.0.0.1:99999", "is not an address"),
        ("ZENDESK_EMAIL", "agent@acme.test/token", "without `/token`"),
        ("ZENDESK_OAUTH_TOKEN", "hunter22 x", "paste it again"),
    ],
)
def test_each_wrong_value_is_named_with_what_to_write(name: str, text: str, part: str) -> None:
    """The fault begins with the setting and ends with a remedy; secrets are not quoted."""
    signing_in = {"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_API_TOKEN": "x"} if name == "ZENDESK_EMAIL" else TOKEN
    environ = {**signing_in, name: text}
    line = next(line for line in faults(environ, needs_account=True).splitlines() if name in line)
    assert part in line
    assert "; " in line
    assert "hunter22" not in line


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("all", START_OF_ALL),
        ("1 day ago", NOW - timedelta(days=1)),
        ("99999 days ago", START_OF_ALL),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T06:00:00+02:00", datetime(2026, 1, 31, 4, tzinfo=UTC)),
    ],
)
def test_start_is_an_aware_time(text: str, start: datetime) -> None:
    """Days ago, dates and `all` become a moment in UTC."""
    assert load({"ZDSYNC_START": text}).start == start


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("every 90s", Every(90)),
        ("Every 5 m", Every(300)),
        ("every 2h", Every(7200)),
        ("*/10  8-18 * * mon-fri", Cron("*/10 8-18 * * mon-fri")),
    ],
)
def test_schedule_is_a_rhythm_or_cron(text: str, schedule: object) -> None:
    """Both spellings are read, and only what the scheduler understands passes."""
    assert load({"ZDSYNC_SCHEDULE": text}).schedule == schedule


def test_secrets_come_from_files(tmp_path: Path) -> None:
    """`…_FILE` names a file, its last line break does not count, and the nearer level still wins."""
    secret = tmp_path / "token"
    secret.write_text("tok-from-file\n", "utf-8")
    file = env(tmp_path, "ZENDESK_OAUTH_TOKEN=tok-from-env-file\n")
    environ = {"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_OAUTH_TOKEN_FILE": str(secret)}
    settings = load(environ, file, needs_account=True)
    assert settings.need_access().credentials == OAuthToken("tok-from-file")
    line = next(line for line in settings.describe() if line.name == "ZENDESK_OAUTH_TOKEN")
    assert (line.value, line.origin) == ("********", "environment, ZENDESK_OAUTH_TOKEN_FILE")


def test_a_secret_file_must_be_there_filled_and_alone(tmp_path: Path) -> None:
    """Missing, empty and doubled secrets are told by name; only secrets may come from files."""
    (tmp_path / "empty").write_text("\n", "utf-8")
    base = {"ZENDESK_SUBDOMAIN": "acme"}
    missing = faults({**base, "ZENDESK_OAUTH_TOKEN_FILE": str(tmp_path / "gone")}, needs_account=True)
    assert "ZENDESK_OAUTH_TOKEN_FILE (environment): cannot read" in missing
    empty = faults({**base, "ZENDESK_OAUTH_TOKEN_FILE": str(tmp_path / "empty")}, needs_account=True)
    assert "is empty" in empty
    double = faults({**TOKEN, "ZENDESK_OAUTH_TOKEN_FILE": str(tmp_path / "empty")}, needs_account=True)
    assert "are both given; keep one" in double
    mode = faults({}, env(tmp_path, "ZDSYNC_MODE_FILE=x\n"))
    assert "did you mean ZDSYNC_MODE?" in mode


def test_unknown_names_are_told(tmp_path: Path) -> None:
    """In `.env` a name of ours that means nothing is a fault; in the environment, and near misses, a note."""
    assert "ZDSYNC_ZZZ (.env line 1): is no setting; take the line out" in faults(
        {}, env(tmp_path, "ZDSYNC_ZZZ=1")
    )
    settings = load(
        {"ZDSYNC_MODUS": "x", "ZDSYNC_QQ": "y"}, env(tmp_path, "ZENDESK_SUBDOMIAN=acme\nOTHER=1\n")
    )
    assert settings.notes == (
        "ZENDESK_SUBDOMIAN (.env line 1) is no setting of zdsync; did you mean ZENDESK_SUBDOMAIN?",
        "ZDSYNC_MODUS (environment) is no setting and is ignored; did you mean ZDSYNC_MODE?",
        "ZDSYNC_QQ (environment) is no setting and is ignored",
    )


def test_a_named_file_must_be_readable(tmp_path: Path) -> None:
    """A missing or binary `.env` is a fault, not an empty one."""
    assert "cannot be read" in faults({}, tmp_path / "missing.env")
    (tmp_path / "binary.env").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in faults({}, tmp_path / "binary.env")


def test_nothing_shows_a_secret() -> None:
    """`repr`, `str` and `describe` mask every secret; `secrets` holds each form a log may meet."""
    settings = load(
        {
            "ZENDESK_SUBDOMAIN": "acme",
            "ZENDESK_EMAIL": "a@acme.test",
            "ZENDESK_API_TOKEN": "token-71c",
            "ZDSYNC_DATABASE_URL": "postgresql+psycopg://me:p%40ss-word@db.test/zd?sslpassword=inner-pw",
            "ZDSYNC_ALERT_URL": "https://hooks.test/services/T0/B0/xyzzy",
        },
        needs_account=True,
    )
    shown = f"{settings!r} {settings} {settings.describe()} {settings.access!r}"
    for secret in ("token-71c", "p%40ss-word", "p@ss-word", "inner-pw", "xyzzy"):
        assert secret not in shown
    assert {"token-71c", "p%40ss-word", "p@ss-word", "inner-pw", "services/T0/B0/xyzzy"} <= settings.secrets
    assert any(text.startswith("YUBhY21l") for text in settings.secrets)
    assert "postgresql+psycopg://me:********@db.test/zd?sslpassword=********" in shown


def test_password_is_masked_even_in_a_crooked_url() -> None:
    """A password with @, : or / is masked to its end."""
    assert mask_password("postgresql://u:a@b/c:d@host/db") == "postgresql://u:********@host/db"
    assert mask_password("sqlite:///zdsync.db") == "sqlite:///zdsync.db"


def test_further_databases(tmp_path: Path) -> None:
    """Any setting that ends in _DATABASE_URL, the environment before `.env`, or a file; their passwords are secrets."""
    secret = tmp_path / "erp"
    secret.write_text("postgresql://erp:pw-erp@host/erp\n", "utf-8")
    file = env(tmp_path, "CRM_DATABASE_URL=sqlite:///old.db\nCRM_URL=x\nHR_DATABASE_URL=sqlite:///hr.db\n")
    environ = {"CRM_DATABASE_URL": "postgresql://crm:pw-crm@host/crm", "ERP_DATABASE_URL_FILE": str(secret)}
    settings = load(environ, file)
    assert settings.databases == {
        "CRM_DATABASE_URL": "postgresql://crm:pw-crm@host/crm",
        "ERP_DATABASE_URL": "postgresql://erp:pw-erp@host/erp",
        "HR_DATABASE_URL": "sqlite:///hr.db",
    }
    assert {"pw-crm", "pw-erp"} <= settings.secrets
    assert "pw-" not in repr(settings)


def test_a_database_file_that_is_not_there() -> None:
    """Told with its name, as any secret in a file."""
    told = faults({"CRM_DATABASE_URL_FILE": "/nowhere"})
    assert "CRM_DATABASE_URL_FILE (environment): cannot read '/nowhere': No such file" in told
