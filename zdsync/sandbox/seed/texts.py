"""Believable ticket texts put together from the templates in texts.json."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import orjson

from zdsync.sandbox.answers import Json


@cache
def texts() -> Json:
    """The template file."""
    data = files("zdsync.sandbox.seed").joinpath("texts.json").read_bytes()
    loaded: Json = orjson.loads(data)
    return loaded


@dataclass(slots=True)
class Message:
    """A ticket's opening and what is known about it."""

    topic: str
    subject: str | None
    body: str
    type: str | None
    area: str | None
    tags: tuple[str, ...]
    replies: list[str]
    order: str
    version: str
    error: str


class Writer:
    """Draws messages from one random source."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._t = texts()
        topics = self._t["topics"]
        self._names = list(topics)
        self._weights = [topic["weight"] for topic in topics.values()]
        self.rating_comments: list[str | None] = self._t["rating_comments"]

    def values(self, name: str, org: str | None) -> dict[str, Any]:
        """One set of words for the placeholders."""
        pick, t = self._random, self._t
        number = pick.getrandbits(40)
        weekday = t["weekdays"][number % 5]
        return {
            "name": name,
            "org": org or "",
            "order": f"A-{number % 900000 + 100000}",
            "amount": f"£{number % 900 + 9}.{number % 90 + 10}",
            "product": t["products"][number % len(t["products"])],
            "version": f"{number % 4 + 5}.{number % 10}.{number % 7}",
            "error": t["errors"][number // 7 % len(t["errors"])],
            "month": t["months"][number % 12],
            "weekday": weekday,
            "count": number % 40 + 2,
            "count2": number % 30 + 1,
            "phone": f"+44 20 7946 0{number % 900 + 100}",
            "card": t["cards"][number % len(t["cards"])],
            "iban": t["ibans"][number % len(t["ibans"])],
        }

    def opening(self, name: str, org: str | None) -> Message:
        """A customer's first message."""
        pick, t = self._random, self._t
        values = self.values(name, org)
        if pick.random() < 0.09:
            return self._foreign(values)
        topic = pick.choices(self._names, self._weights)[0]
        given = t["topics"][topic]
        subject = pick.choice(given["subjects"]).format_map(values)
        parts = [pick.choice(t["greetings"]), pick.choice(given["openings"])]
        if topic == "spam":
            parts = [pick.choice(given["openings"])]
        elif pick.random() < 0.7:
            parts.append(" ".join(pick.sample(t["details"], pick.randint(1, 3))))
        parts.append(pick.choice(t["closings"]))
        body = "\n\n".join(part for part in parts if part).format_map(values).strip()
        kind = given["type"] if pick.random() < 0.6 else None
        return self._message(topic, subject, self._odd(body), kind, given, values)

    def _foreign(self, values: dict[str, Any]) -> Message:
        given = self._random.choice(self._t["foreign"])
        subject, body = given["subject"].format_map(values), given["body"].format_map(values)
        topic = {"billing": "refund", "shipping": "shipping", "technical": "bug"}.get(given["area"], "howto")
        known = self._t["topics"][topic]
        tags = {**known, "tags": [*known["tags"], f"lang_{given['locale'][:2]}"], "area": given["area"]}
        return self._message(topic, subject, body, given["type"], tags, values)

    def _message(
        self, topic: str, subject: str, body: str, kind: str | None, given: Json, values: dict[str, Any]
    ) -> Message:
        chance = self._random.random()
        shown: str | None = None if chance < 0.004 else "" if chance < 0.008 else subject
        return Message(
            topic,
            shown,
            body,
            kind,
            given["area"],
            tuple(given["tags"]),
            given["replies"],
            values["order"],
            values["version"],
            values["error"],
        )

    def _odd(self, body: str) -> str:
        """Now and then a text is empty, very long, or full of unusual characters."""
        chance = self._random.random()
        if chance < 0.004:
            return ""
        if chance < 0.0055:
            line = "\n2026-10-12T08:00:00Z WARN planner.sync retry=3 queue=17 msg=timeout"
            return (body + "\n\nLog:" + line * 900)[:60_000]
        if chance < 0.012:
            return f"{body}\n\n\u202eright to left\u202c \u0007 \u200b zero width, ﷽, 👩‍👩‍👧‍👦 🏳️‍🌈, tab\tend"
        return body

    def reply(self, message: Message) -> str:
        """An agent's public answer; shared strings where nothing is personal."""
        pick = self._random
        text = pick.choice(message.replies)
        if "{" in text:
            text = text.format_map(self.values("", None))
        tail: str = pick.choice(self._t["thanks"])
        return f"{text}\n\n{tail}" if tail else str(text)

    def line(self, kind: str) -> str:
        """A customer's follow-up, an agent's note or a bot's answer."""
        text: str = self._random.choice(self._t[kind])
        return text.format_map(self.values("", None)) if "{" in text else text
