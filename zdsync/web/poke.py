"""Poke: asking a running worker on this machine for a cycle at once, through its own window."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address

from zdsync.errors import Unreachable
from zdsync.settings import Listen

PATH = "/poke"
HEADER = "X-Zdsync-Poke"
"""No web page can send it along: a browser asks first, and is refused."""
_TIMEOUT_S = 5.0


def may_poke(peer: str) -> bool:
    """Whether this address is one of this machine, whatever the window listens on."""
    address = ip_address(peer.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def send_poke(listen: Listen) -> str:
    """Ask the worker that answers there for a cycle; its answer. Raises Unreachable when none does."""
    host = "127.0.0.1" if listen.host in {"", "0.0.0.0"} else "::1" if listen.host == "::" else listen.host  # noqa: S104 - compared, not bound
    connection = HTTPConnection(host, listen.port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", PATH, headers={HEADER: "1"})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as err:
        raise Unreachable(
            f"no worker answers on {host}:{listen.port}",
            hint="is `zdsync worker` running here, with the same ZDSYNC_HTTP? `zdsync run` does one cycle without it",
        ) from err
    finally:
        connection.close()
    if answer.status != 202:
        raise Unreachable(
            f"what answers on {host}:{listen.port} took no poke: {answer.status}",
            hint="is that another program, or an older worker?",
        )
    return text
