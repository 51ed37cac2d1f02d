"""Settings, read once from the command line, the environment and `.env` into one frozen value, all faults at once."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream

from zdsync import settings as read
from zdsync.errors import ConfigError
from zdsync.plan.model import Limits
from zdsync.settings import BY_NAME, SETTINGS, Bodies, Listen, LogForm, Mode, Schedule, Setting, nearest_name
from zdsync.zendesk.credentials import ApiToken, Credentials, OAuthClient, OAuthToken

API_TOKENS_END = date(2027, 4, 30)
"""Source: developer.zendesk.com, "Migrating from API tokens to OAuth access tokens" (read 2026-11)."""

_WAYS = (
    ("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"),
    ("ZENDESK_OAUTH_TOKEN",),
    ("ZENDESK_EMAIL", "ZENDESK_API_TOKEN"),
)
_MASK = "********"
_DATABASE = re.compile(r"[A-Z][A-Z0-9_]*_DATABASE_URL")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the account is (scheme and host, no trailing slash) and how to sign in."""

    url: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting as shown to people: secrets masked, and where the value came from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can choose, checked; neither `repr` nor `describe` shows a secret.

    `access` is None when the command does not need the account and its settings are missing or wrong. `start` is an
    aware time, `retention` None means for ever, `http` None means off. `notes` are warnings to show once.
    `secrets` holds every text that must not appear in a log.
    """

    access: Access | None
    database_url: str = field(repr=False)
    rules: Path
    start: datetime
    schedule: Schedule
    timezone: ZoneInfo
    mode: Mode
    rate_share: float
    limits: Limits
    tag_prefix: str
    bodies: Bodies
    alert_url: str | None = field(repr=False)
    max_lag: timedelta
    retention: timedelta | None
    http: Listen | None
    log: LogForm
    notes: tuple[str, ...]
    lines: tuple[SettingLine, ...] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    databases: Mapping[str, str] = field(repr=False)
    """Addresses of further databases, for tables that rules join; by the names of their settings (`…_DATABASE_URL`)."""

    def need_access(self) -> Access:
        """The account's address and credentials; raises ConfigError when they were not given."""
        if self.access is None:
            raise ConfigError(
                "this command needs the account", hint="set ZENDESK_SUBDOMAIN and a way to sign in"
            )
        return self.access

    def describe(self) -> tuple[SettingLine, ...]:
        """Every setting in the order of the documentation."""
        return self.lines


def load_settings(
    env_file: Path | None,
    environ: Mapping[str, str],
    *,
    now: datetime,
    needs_account: bool,
    overrides: Mapping[str, str] | None = None,
) -> Settings:
    """The settings; the command line (`overrides`, by setting name) wins over the environment, and that over `.env`.

    An empty value counts as written: it sets a name back to its default (and turns ZDSYNC_HTTP off). Raises ConfigError
    listing every fault. Without `needs_account` faults in the account's settings do not count.
    """
    faults: list[str] = []
    written = _read_env_file(env_file, faults) if env_file else {}
    levels = (
        {name: _Found(text.strip(), "command line") for name, text in (overrides or {}).items()},
        {name: _Found(text.strip(), "environment") for name, text in environ.items()},
        written,
    )
    reader = _Reader(levels, faults)
    notes = [*_check_names(written, environ, faults)]
    account_faults: list[str] = []
    access = _read_access(_Reader(levels, account_faults))
    if needs_account:
        faults.extend(account_faults)
    if access and isinstance(access.credentials, ApiToken):
        notes.append(_note_on_api_tokens(now.date()))
    settings = _read_settings(reader, access, tuple(notes), now, _read_databases(levels, faults))
    if faults:
        raise ConfigError(_as_message(faults), hint=_as_hint(notes))
    return settings


@dataclass(frozen=True, slots=True)
class _Found:
    """A text as written, and where."""

    text: str
    origin: str


class _Reader:
    """Looks a setting up through the levels and turns its text into a value, gathering faults on the way."""

    def __init__(self, levels: Iterable[Mapping[str, _Found]], faults: list[str]) -> None:
        self._levels = tuple(levels)
        self._faults = faults
        self._found: dict[str, _Found] = {}

    def find(self, name: str) -> _Found:
        """What is written for `name` at the highest level that names it; the default if none does."""
        if name not in self._found:
            self._found[name] = self._look_up(BY_NAME[name])
        return self._found[name]

    def value(self, name: str, parse: Callable[[str], _T]) -> _T:
        """The setting's value; that of its default when what is written is wrong."""
        value = self.optional(name, parse)
        return parse(BY_NAME[name].default) if value is None else value

    def optional(self, name: str, parse: Callable[[str], _T]) -> _T | None:
        """The setting's value; None when nothing is written, or something wrong."""
        found = self.find(name)
        if not found.text:
            return None
        try:
            return parse(found.text)
        except ValueError as err:
            self.fault(name, str(err))
            return None

    def fault(self, name: str, message: str) -> None:
        self._faults.append(f"{name} ({self.find(name).origin}): {message}")

    def _look_up(self, setting: Setting) -> _Found:
        for level in self._levels:
            text, file = level.get(setting.name), level.get(setting.file_name)
            if not setting.is_secret:
                file = None
            if text and file and text.text and file.text:
                self._faults.append(
                    f"{setting.name} and {setting.file_name} are both given; keep one of them"
                )
            if text and text.text:
                return text
            if file and file.text:
                return self._read_secret_file(setting, file)
            if text and setting.may_be_off:
                return _Found("", text.origin)
            if text or file:
                break
        return _Found(setting.default, "default" if setting.default else "not set")

    def _read_secret_file(self, setting: Setting, file: _Found) -> _Found:
        origin = f"{file.origin}, {setting.file_name}"
        try:
            text = Path(file.text).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError, ValueError) as err:
            why = getattr(err, "strerror", None) or "it is not a text file"
            self._faults.append(f"{setting.file_name} ({file.origin}): cannot read {file.text!r}: {why}")
            return _Found(setting.default, origin)
        if not text:
            self._faults.append(f"{setting.file_name} ({file.origin}): {file.text!r} is empty")
        return _Found(text, origin)


def _read_settings(
    reader: _Reader,
    access: Access | None,
    notes: tuple[str, ...],
    now: datetime,
    databases: Mapping[str, str],
) -> Settings:
    database_url = reader.value("ZDSYNC_DATABASE_URL", read.parse_database_url)
    alert_url = reader.optional("ZDSYNC_ALERT_URL", read.parse_webhook)
    is_http_off = not reader.find("ZDSYNC_HTTP").text
    return Settings(
        access=access,
        database_url=database_url,
        rules=reader.value("ZDSYNC_RULES", lambda text: Path(text).expanduser()),
        start=reader.value("ZDSYNC_START", lambda text: read.parse_start(text, now)),
        schedule=reader.value("ZDSYNC_SCHEDULE", read.parse_schedule),
        timezone=reader.value("ZDSYNC_TIMEZONE", read.parse_timezone),
        mode=reader.value("ZDSYNC_MODE", lambda text: read.parse_word(text, Mode)),
        rate_share=reader.value("ZDSYNC_RATE_SHARE", read.parse_share),
        limits=Limits(
            max_changes=reader.value("ZDSYNC_MAX_CHANGES", read.parse_count),
            max_share=reader.value("ZDSYNC_MAX_SHARE", read.parse_share),
        ),
        tag_prefix=reader.value("ZDSYNC_TAG_PREFIX", read.parse_tag_prefix),
        bodies=reader.value("ZDSYNC_BODIES", lambda text: read.parse_word(text, Bodies)),
        alert_url=alert_url,
        max_lag=reader.value("ZDSYNC_MAX_LAG", read.parse_duration),
        retention=reader.optional("ZDSYNC_RETENTION", read.parse_retention),
        http=None if is_http_off else reader.value("ZDSYNC_HTTP", read.parse_listen),
        log=reader.value("ZDSYNC_LOG", lambda text: read.parse_word(text, LogForm)),
        notes=notes,
        lines=tuple(_describe(setting, reader.find(setting.name)) for setting in SETTINGS),
        secrets=frozenset(_find_secrets(access, (database_url, *databases.values()), alert_url)),
        databases=databases,
    )


def _read_databases(levels: Sequence[Mapping[str, _Found]], faults: list[str]) -> dict[str, str]:
    """Every `…_DATABASE_URL` but the mirror's, or the text of the file that `…_DATABASE_URL_FILE` names."""
    found: dict[str, str] = {}
    for level in reversed(levels):
        for name, given in level.items():
            is_file = name.endswith("_FILE")
            setting = name.removesuffix("_FILE")
            if not _DATABASE.fullmatch(setting) or setting in BY_NAME or not given.text:
                continue
            try:
                found[setting] = Path(given.text).read_text("utf-8").strip() if is_file else given.text
            except (OSError, UnicodeDecodeError) as err:
                why = getattr(err, "strerror", None) or "it is not a text file"
                faults.append(f"{name} ({given.origin}): cannot read {given.text!r}: {why}")
    return found


def _read_access(reader: _Reader) -> Access | None:
    subdomain = reader.optional("ZENDESK_SUBDOMAIN", read.parse_subdomain)
    url = reader.optional("ZENDESK_URL", read.parse_base_url)
    if not reader.find("ZENDESK_SUBDOMAIN").text and not reader.find("ZENDESK_URL").text:
        reader.fault("ZENDESK_SUBDOMAIN", "is missing; write `acme` for acme.zendesk.com")
    credentials = _read_credentials(reader)
    base = url or (f"https://{subdomain}.zendesk.com" if subdomain else None)
    return Access(base, credentials) if base and credentials else None


def _read_credentials(reader: _Reader) -> Credentials | None:
    """The one way to sign in; a fault when there is none, half a way, or more than one."""
    begun = [way for way in _WAYS if any(reader.find(name).text for name in way)]
    for name in (name for way in begun for name in way if not reader.find(name).text):
        reader.fault(name, "is missing; it goes together with its neighbour")
    if not begun:
        reader.fault(
            "ZENDESK_CLIENT_ID",
            "there is no way to sign in; write ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET of an OAuth client "
            "(or ZENDESK_OAUTH_TOKEN, or ZENDESK_EMAIL and ZENDESK_API_TOKEN)",
        )
    if len(begun) > 1:
        given = ", ".join(name for way in begun for name in way if reader.find(name).text)
        reader.fault(begun[0][0], f"there is more than one way to sign in ({given}); keep one")
    client = reader.optional("ZENDESK_CLIENT_ID", read.parse_key)
    secret = reader.optional("ZENDESK_CLIENT_SECRET", read.parse_key)
    oauth = reader.optional("ZENDESK_OAUTH_TOKEN", read.parse_key)
    email = reader.optional("ZENDESK_EMAIL", read.parse_email)
    token = reader.optional("ZENDESK_API_TOKEN", read.parse_key)
    if len(begun) != 1:
        return None
    if client and secret:
        return OAuthClient(client, secret)
    if oauth:
        return OAuthToken(oauth)
    return ApiToken(email, token) if email and token else None


def _read_env_file(path: Path, faults: list[str]) -> dict[str, _Found]:
    """The names written in a `.env` file, with their lines; the last of a repeated name counts."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        why = getattr(err, "strerror", None) or "it is not UTF-8 text"
        faults.append(f"{path}: cannot be read: {why}; name another file with --env")
        return {}
    found: dict[str, _Found] = {}
    for binding in parse_stream(io.StringIO(text)):
        origin = f"{path.name} line {binding.original.line}"
        if binding.error or (binding.key and binding.value is None):
            faults.append(f"{origin}: is not understood; write NAME=value, with quotes around spaces")
        elif binding.key:
            found[binding.key] = _Found((binding.value or "").strip(), origin)
    return found


def _check_names(
    written: Mapping[str, _Found], environ: Mapping[str, str], faults: list[str]
) -> Iterator[str]:
    """Faults for names of ours in `.env` that mean nothing, notes for those elsewhere."""
    known = _readable_names()
    for name in sorted(name for name in written if name not in known):
        meant = _meant(name)
        if name.startswith("ZDSYNC_"):
            faults.append(f"{name} ({written[name].origin}): is no setting; {meant or 'take the line out'}")
        elif name.startswith("ZENDESK_") and meant:
            yield f"{name} ({written[name].origin}) is no setting of zdsync; {meant}"
    for name in sorted(name for name in environ if name not in known and name.startswith("ZDSYNC_")):
        yield f"{name} (environment) is no setting and is ignored{'; ' if (meant := _meant(name)) else ''}{meant}"


def _meant(name: str) -> str:
    nearest = nearest_name(name, _readable_names())
    return f"did you mean {nearest}?" if nearest else ""


def _readable_names() -> set[str]:
    return {*BY_NAME, *(setting.file_name for setting in SETTINGS if setting.is_secret)}


def _describe(setting: Setting, found: _Found) -> SettingLine:
    shown = found.text or "(not set)"
    if setting.name == "ZDSYNC_DATABASE_URL":
        shown = mask_password(shown)
    elif setting.is_secret and found.text:
        shown = _MASK
    return SettingLine(setting.name, shown, found.origin)


def mask_password(url: str) -> str:
    """A database URL fit to be shown: the password masked, wherever the URL holds it."""
    shown = re.sub(r"(://[^:/@]*):.*@", rf"\1:{_MASK}@", url)
    return re.sub(r"([?&](?:ssl)?pass(?:word|wd)?=)[^&]*", rf"\1{_MASK}", shown, flags=re.IGNORECASE)


def _find_secrets(
    access: Access | None, database_urls: Iterable[str], alert_url: str | None
) -> Iterator[str]:
    """Every text that must not appear in a log, in each form in which it may come along."""
    match access.credentials if access else None:
        case OAuthClient(_, secret):
            yield secret
        case OAuthToken(token):
            yield token
        case ApiToken(email, token):
            yield from (token, base64.b64encode(f"{email}/token:{token}".encode()).decode())
        case None:
            pass
    for url in database_urls:
        for password in re.findall(r"://[^:/@]*:(.+)@|[?&](?:ssl)?pass(?:word|wd)?=([^&]+)", url):
            yield from {text for part in password if part for text in (part, unquote(part))}
    if alert_url:
        yield from (alert_url, alert_url.partition("://")[2].partition("/")[2])


def _note_on_api_tokens(today: date) -> str:
    left = (API_TOKENS_END - today).days
    when = f"in {left} days" if left > 0 else "which is today or past"
    return (
        f"ZENDESK_API_TOKEN: Zendesk stops all API tokens on {API_TOKENS_END} ({when}); "
        "make an OAuth client and set ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET"
    )


def _as_message(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    return "\n".join((f"{len(faults)} settings are wrong:", *(f"  {fault}" for fault in faults)))


def _as_hint(notes: list[str]) -> str:
    return "; ".join(("write them in .env or the environment; `zdsync init` asks for the account", *notes))
