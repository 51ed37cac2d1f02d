"""A month of an account's life, in deeds drawn from a seed: customers, agents and admins, and what each may do."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import requests

from tests.house import URL, House
from zdsync.sandbox.answers import ApiError
from zdsync.sandbox.auth import ADMIN_EMAIL, API_TOKEN
from zdsync.sandbox.records import Ticket, User
from zdsync.sandbox.transport import WsgiAdapter

Json = dict[str, Any]

MARKERS: Mapping[str, str] = {
    "4111 1111 1111 1111": "[card]",
    "DE89 3704 0044 0532 0130 00": "[iban]",
    "marker.jane@private.example": "[email]",
    "+44 20 7946 0958": "[phone]",
}
"""One of each kind of personal data, and what stands for it in the mirror."""

TEXTS = (
    "Please help.",
    "My card is 4111 1111 1111 1111, why was it charged twice?",
    "Pay it back to DE89 3704 0044 0532 0130 00 please",
    "Write to marker.jane@private.example or call +44 20 7946 0958.",
    "Two lines\n\nand a <b>tag</b> & an ampersand",
    "NUL \x00 and bell \x07, half a pair \ud83d, all of one \U0001f600",
    "مرحبا, \u202eright to left\u202c, e\u0301",
    "'; DROP TABLE tickets; --",
    "long " * 400,
)
CONFIGURATION = (
    "groups group_memberships ticket_fields user_fields organization_fields ticket_forms brands custom_statuses views "
    "triggers automations macros slas/policies business_hours/schedules satisfaction_ratings"
).split()

Deed = Callable[["Month"], object]


class Month:
    """An account in which deeds happen, each as often as its weight says; `states` remembers every state that each row of configuration was in."""

    def __init__(self, house: House, seed: int, deeds: Mapping[str, tuple[Deed, int]]) -> None:
        self.house = house
        self._deeds = deeds
        self.world = house.sandbox.world
        self.control = house.control
        self.chance = Random(seed)
        self.done: Counter[str] = Counter()
        self.states: defaultdict[str, defaultdict[int, list[Json]]] = defaultdict(lambda: defaultdict(list))
        self.words: dict[str, int] = {}
        self.erased: set[str] = set()
        self._session = requests.Session()
        self._session.mount(URL, WsgiAdapter(house.sandbox))
        key = b64encode(f"{ADMIN_EMAIL}/token:{API_TOKEN}".encode()).decode()
        self._session.headers["Authorization"] = f"Basic {key}"
        self.remember()

    def live(self, deeds: int, hours: float) -> None:
        """Let a number of deeds happen, spread over some hours."""
        for _ in range(deeds):
            (name,) = self.chance.choices(list(self._deeds), [weight for _, weight in self._deeds.values()])
            try:
                self._deeds[name][0](self)
            except (ApiError, LookupError, requests.RequestException):
                continue
            finally:
                self.house.advance(1 + self.chance.random() * 2 * hours * 3600 / deeds)
            self.done[name] += 1
            self.remember()

    def remember(self) -> None:
        """Note how the configuration stands now."""
        for table in CONFIGURATION:
            for id, row in self.world.tables[table].items():
                self._note(table, id, row)
        for schedule, holidays in self.world.holidays.items():
            for holiday in holidays:
                self._note("holidays", holiday["id"], {**holiday, "schedule_id": schedule})

    def _note(self, table: str, id: int, row: Json) -> None:
        state = json.loads(json.dumps(row))
        states = self.states[table][id]
        if not states or states[-1] != state:
            states.append(state)

    def whisper(self, ticket: Ticket) -> str:
        """A word that is said of this ticket alone."""
        word = f"whisper{self.chance.randrange(10**12)}"
        self.words[word] = ticket.id
        return word

    def forget(self, ticket: int) -> None:
        """All that was whispered about this ticket is erased in the account."""
        self.erased |= {word for word, about in self.words.items() if about == ticket}

    # Choosing

    def ticket(self, *, status: Sequence[str] = ("new", "open", "pending", "hold")) -> Ticket:
        """A living ticket, mostly one of the latest; LookupError when there is none."""
        found = [row for row in self.world.tickets.values() if not row.is_deleted and row.status in status]
        one: Ticket = self.pick(found[-40:])
        return one

    def pick(self, found: Sequence[Any]) -> Any:
        if not found:
            raise LookupError("there is none")
        return self.chance.choice(found)

    def person(self, role: str = "end-user") -> User:
        people = [user for user in self.world.users.values() if user.role == role and user.is_active]
        found: User = self.pick(people)
        return found

    def row(self, table: str) -> Json:
        found: Json = self.pick(list(self.world.tables[table].values()))
        return found

    def text(self) -> str:
        return self.chance.choice(TEXTS)

    def name(self) -> str:
        return f"Name {self.chance.randrange(10**6)}"

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask the API as the admin."""
        response = self._session.request(method, f"{URL}/api/v2/{path}", json=body)
        response.raise_for_status()
        found: Json = response.json() if response.content else {}
        return found
