"""Every setting there is: its name, default and meaning, and how its text is read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from zdsync.cron import parse_cron

START_OF_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""What `ZDSYNC_START=all` means: before any ticket."""


class Mode(StrEnum):
    """Whether unattended runs write to Zendesk."""

    APPLY = "apply"
    SHADOW = "shadow"


class Bodies(StrEnum):
    """What of ticket text the mirror keeps."""

    FULL = "full"
    MASKED = "masked"
    NONE = "none"


class LogForm(StrEnum):
    """How log lines look; `auto` is text on a terminal and JSON elsewhere."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Every:
    """A run each `seconds`, counted from the start of the first."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cron:
    """A run at each moment that the five-field cron text names."""

    text: str


Schedule = Every | Cron


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the worker answers HTTP; port 0 takes any free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Setting:
    """One name of `.env`: what stands there when nothing is written, and what it means.

    A secret is masked wherever settings are shown, and may come from a file named by `<name>_FILE`. An empty text
    means the default, but for what `may_be_off`.
    """

    name: str
    default: str
    meaning: str
    is_secret: bool = False
    may_be_off: bool = False

    @property
    def file_name(self) -> str:
        return f"{self.name}_FILE"


SETTINGS = (
    Setting("ZENDESK_SUBDOMAIN", "", "`acme` of acme.zendesk.com"),
    Setting("ZENDESK_CLIENT_ID", "", "OAuth client's identifier, the recommended way to sign in"),
    Setting(
        "ZENDESK_CLIENT_SECRET",
        "",
        "OAuth client's secret; tokens are renewed ahead of expiry",
        is_secret=True,
    ),
    Setting("ZENDESK_OAUTH_TOKEN", "", "a ready access token instead; nobody renews it", is_secret=True),
    Setting("ZENDESK_EMAIL", "", "user of a legacy API token"),
    Setting(
        "ZENDESK_API_TOKEN", "", "legacy API token instead; Zendesk ends them on 2027-04-30", is_secret=True
    ),
    Setting(
        "ZENDESK_URL", "", "base URL in place of the subdomain's (sandbox, proxy); http only for this machine"
    ),
    Setting(
        "ZDSYNC_DATABASE_URL",
        "sqlite:///zdsync.db",
        "the mirror: `sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`",
        is_secret=True,
    ),
    Setting("ZDSYNC_RULES", "rules", "rule folder"),
    Setting(
        "ZDSYNC_START", "90 days ago", "how far back the first pull goes: `N days ago`, a date, or `all`"
    ),
    Setting(
        "ZDSYNC_SCHEDULE", "every 1m", "when the worker runs: `every Ns`, `Nm` or `Nh`, or five-field cron"
    ),
    Setting("ZDSYNC_TIMEZONE", "UTC", "time zone of a cron schedule, e.g. `Europe/London`"),
    Setting("ZDSYNC_MODE", "shadow", "`shadow`: decide and record, never write; `apply`: write too"),
    Setting(
        "ZDSYNC_RATE_SHARE", "0.6", "share of the account's rate limits that may be used, above 0 and up to 1"
    ),
    Setting("ZDSYNC_MAX_CHANGES", "500", "guard: tickets that one unattended run may change"),
    Setting(
        "ZDSYNC_MAX_SHARE", "0.2", "guard: the same as a share of unsolved tickets (ignored under 50 changes)"
    ),
    Setting(
        "ZDSYNC_TAG_PREFIX", "tier_", "prefix of the tier tags; every tag that starts with it is zdsync's own"
    ),
    Setting("ZDSYNC_BODIES", "masked", "what the mirror keeps of ticket text: `full`, `masked` or `none`"),
    Setting(
        "ZDSYNC_ALERT_URL",
        "",
        "webhook (Slack-compatible) for failed runs, breaches, stuck tickets and lag",
        is_secret=True,
    ),
    Setting("ZDSYNC_MAX_LAG", "15m", "how old the mirror may grow before an alert: `Ns`, `Nm`, `Nh` or `Nd`"),
    Setting("ZDSYNC_RETENTION", "forever", "how long raw JSON and events are kept: `forever` or e.g. `730d`"),
    Setting(
        "ZDSYNC_HTTP",
        "127.0.0.1:8711",
        "where the worker answers health and metrics; empty turns it off",
        may_be_off=True,
    ),
    Setting("ZDSYNC_LOG", "auto", "`text`, `json`, or `auto`: text on a terminal, JSON lines elsewhere"),
)
"""In the order in which `.env.example`, README and `describe` show them."""

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}

LEAST_RETENTION = timedelta(days=30)

_Word = TypeVar("_Word", bound=StrEnum)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=36500)


def nearest_name(word: str, names: Mapping[str, object] | set[str]) -> str | None:
    """The known name that `word` most likely meant, if any is close."""
    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.75)), None)


# Each parser takes a text as written, never empty, and raises ValueError saying what is wrong and what to write.


def parse_word(text: str, words: type[_Word]) -> _Word:
    """One of a few words, in any case."""
    try:
        return words(text.lower())
    except ValueError:
        raise ValueError(f"{text!r} is unknown; write {_either(tuple(words))}") from None


def parse_schedule(text: str) -> Schedule:
    """`every 90s`, `every 5m`, `every 2h`, or five-field cron."""
    found = re.fullmatch(r"every\s+([0-9]+)\s*([smh])", text.strip(), re.IGNORECASE)
    if found is None and text.lower().startswith("every"):
        raise ValueError(f"{text!r} is not understood; write e.g. `every 30s`, `every 5m` or `every 2h`")
    if found is None:
        try:
            parse_cron(text)
        except ValueError as err:
            raise ValueError(f"{err}; write `every 5m`, or cron such as `*/10 8-18 * * mon-fri`") from None
        return Cron(" ".join(text.split()))
    seconds = int(found[1]) * _SECONDS[found[2].lower()]
    if not 1 <= seconds <= 31 * _SECONDS["d"]:
        raise ValueError(f"{text!r} is out of range; write at least `every 1s`, at most `every 744h`")
    return Every(seconds)


def parse_duration(text: str) -> timedelta:
    """`90s`, `15m`, `12h` or `730d`."""
    found = re.fullmatch(r"([0-9]{1,9})\s*([smhd])", text.strip(), re.IGNORECASE)
    length = timedelta(seconds=int(found[1]) * _SECONDS[found[2].lower()]) if found else timedelta()
    if not timedelta() < length <= _LONGEST:
        raise ValueError(f"{text!r} is not a length of time; write e.g. `90s`, `15m`, `12h` or `30d`")
    return length


def parse_retention(text: str) -> timedelta | None:
    """A length of time, or None for `forever`; no shorter than zdsync looks back at its own writes."""
    if text.strip().lower() == "forever":
        return None
    try:
        length = parse_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a length of time; write `forever` or e.g. `730d`") from None
    if length < LEAST_RETENTION:
        raise ValueError(
            f"{text!r} is too short: zdsync looks back {LEAST_RETENTION.days} days at what it wrote; "
            f"write at least `{LEAST_RETENTION.days}d`"
        )
    return length


def parse_start(text: str, now: datetime) -> datetime:
    """`N days ago`, an ISO date (midnight UTC) or time with offset, or `all`; never later than `now`."""
    words = text.strip().lower()
    if words == "all":
        return START_OF_ALL
    if found := re.fullmatch(r"([0-9]{1,5}) days? ago", words):
        return max(START_OF_ALL, now - timedelta(days=int(found[1])))
    try:
        start = _parse_moment(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date; write e.g. `90 days ago`, `2026-01-31` or `all`") from None
    if start > now:
        raise ValueError(f"{text!r} lies in the future; write an earlier date")
    return max(START_OF_ALL, start)


def parse_since(text: str, now: datetime) -> datetime:
    """A length of time before `now` such as `90m` or `3h`, or whatever `parse_start` takes."""
    if re.fullmatch(r"[0-9]+\s*[smhd]", text.strip(), re.IGNORECASE):
        return now - parse_duration(text)
    return parse_start(text, now)


def parse_share(text: str) -> float:
    """A number above 0 and up to 1."""
    try:
        share = float(text)
    except ValueError:
        share = 0
    if not 0 < share <= 1:
        raise ValueError(f"{text!r} is not a share; write a number above 0 and up to 1, e.g. `0.5`")
    return share


def parse_count(text: str) -> int:
    """A whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise ValueError(f"{text!r} is not a count; write a whole number from 1 on")
    return int(text)


def parse_tag_prefix(text: str) -> str:
    """The safe alphabet of Zendesk tags, so that a tag comes back as it was written."""
    if not re.fullmatch(r"[a-z0-9_:/-]{2,50}", text):
        raise ValueError(f"{text!r} cannot begin a tag; write 2 to 50 of a-z 0-9 _ - : /, e.g. `tier_`")
    return text


def parse_timezone(text: str) -> ZoneInfo:
    """An IANA zone by its name."""
    try:
        return ZoneInfo(text)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the zone tree, or no path into it at all
        meant = nearest_name(text, available_timezones()) or "Europe/London"
        raise ValueError(f"{text!r} is no time zone; write e.g. `{meant}`") from None


def parse_subdomain(text: str) -> str:
    """The account's own part of its address."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", text.lower()):
        raise ValueError(f"{text!r} is not a subdomain; write only `acme` for acme.zendesk.com")
    return text.lower()


def parse_base_url(text: str) -> str:
    """Scheme and host without a trailing slash; plain http only when it does not leave this machine."""
    url = split_url(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("is not a web address; write e.g. `https://acme.zendesk.com`")
    if url.username or url.password or url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError("holds more than scheme, host and port; write e.g. `https://acme.zendesk.com`")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise ValueError("is plain http to another machine, which would show the credentials; write https://")
    return f"{url.scheme}://{url.netloc}".lower()


def parse_webhook(text: str) -> str:
    """A web address that may carry a secret, so no message quotes it."""
    url = split_url(text)
    if not url.hostname or not (
        url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))
    ):
        raise ValueError("is not a https address; write the webhook's whole URL, beginning with https://")
    return text


def parse_database_url(text: str) -> str:
    """A SQLite or PostgreSQL URL as SQLAlchemy reads it; no message quotes it, since it may hold a password."""
    scheme = text.partition("://")[0] if "://" in text else ""
    if scheme in ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"):
        return text
    raise ValueError(
        "is not a database we know; write `sqlite:///zdsync.db` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`"
    )


def parse_listen(text: str) -> Listen:
    """`host:port`; an IPv6 address in brackets."""
    host, _, port = text.strip().rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(
            f"{text!r} is not an address; write e.g. `127.0.0.1:8711`, or nothing to turn it off"
        )
    return Listen(host.removeprefix("[").removesuffix("]"), int(port))


def parse_email(text: str) -> str:
    if not re.fullmatch(r"[^@\s/:]+@[^@\s/:]+", text):
        raise ValueError("is not an e-mail address; write the agent's address alone, without `/token`")
    return text


def parse_key(text: str) -> str:
    """An identifier, token or secret as it goes into a request; no message quotes it."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("holds spaces, line breaks or letters outside ASCII; paste it again, alone")
    return text


def split_url(text: str) -> SplitResult:
    """The URL's parts; all empty when it cannot be read at all."""
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  # a wrong port shows only when it is read
    except ValueError:
        return urlsplit("")
    return url


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, told by the name alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _parse_moment(text: str) -> datetime:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC)


def _either(words: tuple[str, ...]) -> str:
    return " or ".join((", ".join(f"`{word}`" for word in words[:-1]), f"`{words[-1]}`"))
