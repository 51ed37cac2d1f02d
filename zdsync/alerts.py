"""Alerts as JSON to a webhook that understands Slack's `{"text": …}`, as those of most chat tools do."""

from __future__ import annotations

import logging

import requests

log = logging.getLogger(__name__)

TIMEOUT_S = (5.0, 10.0)
"""To connect, and to wait for the answer."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Slack reads these three as markup. Source: docs.slack.dev, "Formatting message text" (read 2026-11)."""


class Webhook:
    """The port `Alerts`. The address is a secret: neither `repr` nor any log line shows it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return "Webhook()"

    def send(self, text: str) -> bool:
        """Post it once, following no redirect; a failure is logged by its kind."""
        try:
            answer = requests.post(
                self._url, json={"text": text.translate(_ESCAPES)}, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as err:
            log.warning("alert.not_sent", extra={"error": type(err).__name__})
            return False
        if not 200 <= answer.status_code < 300:
            log.warning("alert.not_sent", extra={"status": answer.status_code})
            return False
        return True
