"""The life of one seeded ticket: opened, picked up, moved, answered, solved, rated, closed."""

from __future__ import annotations

from random import Random
from typing import Any

from zdsync.sandbox.metric_clocks import Clocks
from zdsync.sandbox.records import SYSTEM_USER_ID, Audit, Change, Comment, Event, Notice, Ticket, User
from zdsync.sandbox.render import iso
from zdsync.sandbox.seed.account import Account
from zdsync.sandbox.seed.hours import Hours
from zdsync.sandbox.seed.texts import Message, Writer
from zdsync.sandbox.timekeeper import Timekeeper

_CHANNELS = ("email", "web", "chat", "api", "native_messaging", "phone", "web_widget", "whatsapp")
_CHANNEL_WEIGHTS = (46, 20, 7, 6, 9, 5, 4, 3)
_FIRST = ("subject", "requester_id", "submitter_id", "organization_id", "brand_id")
_THEN = ("ticket_form_id", "status", "custom_status_id", "recipient", "external_id")
_SHARED: dict[tuple[Any, ...], Change] = {}


def change(field: str, old: Any, new: Any, rule: int | None = None) -> Change:
    """A change event; equal ones are one object, which halves the memory of a large account."""
    key = (field, old, new, rule)
    found = _SHARED.get(key)
    if found is None:
        found = Change(*key)
        _SHARED[found] = found
    return found


class Story:
    """Writes one ticket's audits in order, keeping the ticket equal to their fold."""

    __slots__ = ("audits", "clocks", "end", "now", "t", "timekeeper")

    def __init__(self, timekeeper: Timekeeper, ticket: Ticket, end: int) -> None:
        self.timekeeper, self.t, self.end = timekeeper, ticket, end
        self.clocks = Clocks()
        self.now = ticket.created
        self.audits = ticket.audits

    def wait(self, seconds: float, hours: Hours | None = None) -> bool:
        """Let time pass; False when the present was reached and nothing more may happen."""
        moment = self.now + int(seconds)
        if hours is not None:
            moment = hours.at_work(moment)
        if moment > self.end:
            return False
        self.now = moment
        return True

    def write(self, author: int, channel: str, events: list[Event], client: str | None = None) -> None:
        if not events:
            return
        audit = Audit(0, self.t.id, self.now, author, channel, tuple(events), None, client)
        self.timekeeper.follow(self.t, self.clocks, audit)
        self.audits.append(audit)
        self.t.updated = self.t.generated = self.now

    def set(self, events: list[Event], name: str, value: Any, rule: int | None = None) -> None:
        """Change an attribute and note it."""
        old = getattr(self.t, name)
        if old != value:
            setattr(self.t, name, value)
            events.append(change(name, old, value, rule))

    def status(self, events: list[Event], status: str, account: Account, rule: int | None = None) -> None:
        self.set(events, "status", status, rule)
        shown = account.statuses["solved" if status == "closed" else status]
        self.set(events, "custom_status_id", shown, rule)

    def tags(self, events: list[Event], tags: frozenset[str], rule: int | None = None) -> None:
        self.set(events, "tags", tuple(sorted(tags)), rule)


class Historian:
    """Makes tickets with their whole past."""

    def __init__(
        self, timekeeper: Timekeeper, random: Random, account: Account, hours: Hours, now: int
    ) -> None:
        self.timekeeper, self.world = timekeeper, timekeeper.world
        self.random, self.account, self.hours = random, account, hours
        self.now, self.end = now, now - 180
        self.writer = Writer(random)
        self._client = "Mozilla/5.0"

    def ticket(self, at: int, customer: User) -> Ticket:
        """One ticket created at `at`."""
        random, account = self.random, self.account
        organization = self.world.organizations.get(customer.organization_id or 0)
        message = self.writer.opening(customer.name, organization.name if organization else None)
        channel = random.choices(_CHANNELS, _CHANNEL_WEIGHTS)[0]
        ticket = Ticket(
            id=self.world.new_ticket_id(),
            created=at,
            updated=at,
            generated=at,
            requester_id=customer.id,
            submitter_id=customer.id,
            channel=channel,
            brand_id=account.brands[random.random() < 0.15],
            ticket_form_id=account.forms["Bug report" if message.topic == "bug" else "Default Ticket Form"],
            custom_status_id=account.statuses["new"],
            subject=message.subject,
            description=message.body,
            organization_id=customer.organization_id,
            recipient="support@example.zendesk.com" if channel == "email" else None,
            external_id=f"shop-{at}" if channel == "api" and random.random() < 0.5 else None,
        )
        story = Story(self.timekeeper, ticket, self.end)
        tags = frozenset(message.tags) | (frozenset(organization.tags) if organization else frozenset())
        self._open(story, message, tags)
        self._live(story, message)
        self.timekeeper.miss(ticket, story.clocks, self.end)
        return ticket

    def _open(self, story: Story, message: Message, tags: frozenset[str]) -> None:
        t, random = story.t, self.random
        events: list[Event] = [Comment(message.body, is_public=True, author_id=t.requester_id)]
        events += [change(name, None, getattr(t, name)) for name in _FIRST]
        events += [change(name, None, getattr(t, name)) for name in _THEN if getattr(t, name) is not None]
        if message.type and random.random() < 0.7:
            t.type = message.type
            events.append(change("type", None, message.type))
        if random.random() < 0.45:
            priority = random.choices(("low", "normal", "high", "urgent"), (3, 6, 2, 1))[0]
            t.priority = priority
            events.append(change("priority", None, priority))
        if random.random() < 0.01:
            tags |= {"pii"}
        area = message.area if t.channel == "web" or random.random() < 0.25 else None
        self._form_fields(t, message, area, events)
        tags |= {tag for tag in (area, *(self._platforms(t))) if tag}
        if self.account.fields["callback"] in t.fields:
            tags |= {"callback_wanted"}
        if tags:
            t.tags = tuple(sorted(tags))
            events.append(change("tags", (), t.tags))
        self._triggers(story, events, area)
        story.write(t.requester_id, t.channel, events, self._client)

    def _platforms(self, t: Ticket) -> tuple[str, ...]:
        values: tuple[str, ...] = t.fields.get(self.account.fields["platforms"], ())
        return values

    def _form_fields(self, t: Ticket, message: Message, area: str | None, events: list[Event]) -> None:
        random, ids = self.random, self.account.fields
        given: dict[str, Any] = {}
        if area:
            given["area"] = area
        if message.topic in ("bug", "outage") and random.random() < 0.5:
            given |= self._bug_fields(message)
        if message.topic in ("shipping", "refund") and random.random() < 0.6:
            given["order_id"] = message.order
        seats = str(random.choice((3, 12, 250, 9_007_199_254_740_993)))
        for share, values in (
            (0.03, {"callback": True}),
            (0.03, {"needed_by": iso(t.created + 10 * 86_400)[:10]}),
            (0.03, {"seats": seats}),
            (0.02, {"amount": "129.90"}),
            (0.02, {"delivery_state": random.choice(("in transit", "closed", "lost"))}),
            (0.02, {"reference": "first", "reference_2": "second"}),
        ):
            if random.random() < share:
                given |= values
        for key, value in given.items():
            t.fields[ids[key]] = value
            events.append(change(str(ids[key]), None, value))

    def _bug_fields(self, message: Message) -> dict[str, Any]:
        random = self.random
        given: dict[str, Any] = {"error_message": message.error}
        if random.random() < 0.6:
            given["app_version"] = message.version
        if random.random() < 0.4:
            given["steps_to_reproduce"] = "1. Open the app\n2. Click Save\n3. See the message"
        given["platforms"] = tuple(sorted(random.sample(("android", "ios", "macos", "windows"), 2)))
        return given

    def _triggers(self, story: Story, events: list[Event], area: str | None) -> None:
        t, rules = story.t, self.account.rules
        frontline = self.account.groups["Frontline"]
        notify = rules["Notify requester of received request"]
        data = {
            "subject": "[Received] {{ticket.title}}",
            "body": "Your request has been received.",
            "recipients": [t.requester_id],
        }
        if t.channel == "phone":
            story.set(events, "group_id", frontline, rules["Phone calls to Frontline"])
        elif t.channel == "web":
            story.set(events, "group_id", frontline, rules["Web form to Frontline"])
        if area == "shipping":
            story.set(events, "priority", "low", rules["Shipping questions are low priority"])
        events.append(Notice("Notification", data, notify))

    def _live(self, story: Story, message: Message) -> None:
        random, t = self.random, story.t
        age = (self.now - t.created) / 86_400
        untouched = (
            0.7 if age < 0.8 else 0.2 if age < 2 else 0.02 if age < 7 else 0.004 if age < 60 else 0.0005
        )
        if random.random() < untouched:
            return
        if message.topic == "spam":
            self._solve_spam(story)
            return
        lingering = 0.75 if age < 7 else 0.4 if age < 21 else 0.12 if age < 60 else 0.02
        is_lingering = random.random() < lingering
        for_bot = message.topic in ("password", "howto", "shipping") and random.random() < 0.3
        if for_bot and self._bot(story):
            self._after_solved(story, message)
            return
        self._people(story, message, is_lingering=is_lingering)

    def _solve_spam(self, story: Story) -> None:
        if not story.wait(self.random.expovariate(1 / 20_000), self.hours):
            return
        events: list[Event] = []
        agent = self._take(story, "Frontline", events)
        story.tags(events, frozenset(story.t.tags) | {"bulk_mail"})
        story.status(events, "solved", self.account)
        story.write(agent, "web", events, self._client)
        self._close(story)

    def _take(self, story: Story, group: str, events: list[Event], *, assign: bool = True) -> int:
        """An agent of a group takes the ticket; a new one becomes open."""
        agents = self.account.agents[group]
        agent = agents[int(self.random.random() ** 1.5 * len(agents))]
        story.set(events, "group_id", self.account.groups[group])
        story.set(events, "assignee_id", agent.id if assign else None)
        if assign and story.t.status == "new":
            story.status(events, "open", self.account)
        return agent.id

    def _bot(self, story: Story) -> bool:
        """The help bot answers at once; True when that was the end of it."""
        random, t = self.random, story.t
        if not story.wait(random.randint(5, 90)):
            return False
        if random.random() < 0.05 and t.channel in ("chat", "native_messaging"):
            t.support_type = "ai_agent"
        events: list[Event] = [Comment(self.writer.line("bot"), is_public=True, author_id=self.account.bot)]
        self._take(story, "Help bot", events)
        answered = random.random() < 0.55 or t.support_type == "ai_agent"
        story.status(events, "solved" if answered else "pending", self.account)
        story.write(self.account.bot, "api", events, "help-bot/2.1")
        if answered:
            return True
        if story.wait(random.expovariate(1 / 7200)):
            self._customer(story, "This did not help, I want to talk to a person.")
        return False

    def _customer(self, story: Story, text: str | None = None) -> None:
        t = story.t
        events: list[Event] = [
            Comment(text or self.writer.line("followups"), is_public=True, author_id=t.requester_id)
        ]
        if t.status in ("pending", "hold", "solved"):
            story.status(events, "open", self.account)
        story.write(t.requester_id, t.channel, events, self._client)

    def _people(self, story: Story, message: Message, *, is_lingering: bool) -> None:
        """Agents work on it until it is solved, or until the present interrupts them."""
        random = self.random
        rounds = random.choices((1, 2, 3, 4, 6), (46, 26, 14, 9, 5))[0]
        group = "Frontline" if random.random() < 0.9 else random.choice(("Specialists", "Marketing"))
        for number in range(rounds):
            if not story.wait(random.expovariate(1 / (9000 if number == 0 else 30_000)), self.hours):
                return
            if number and random.random() < 0.35:
                group = self._move(story, message, group)
                if not story.wait(random.expovariate(1 / 12_000), self.hours):
                    return
            is_last = number == rounds - 1
            self._answer(story, message, group, is_final=is_last and not is_lingering)
            if is_last:
                break
            if not story.wait(random.expovariate(1 / 40_000)):
                return
            self._customer(story)
        if is_lingering:
            if random.random() < 0.4 and story.wait(random.expovariate(1 / 40_000)):
                self._customer(story)
            return
        self._after_solved(story, message)

    def _move(self, story: Story, message: Message, group: str) -> str:
        """Hand over to another group with a note; mostly up, sometimes back."""
        random, t = self.random, story.t
        if group in ("Specialists", "Engineering"):
            target = "Frontline" if random.random() < 0.45 else "Engineering"
        else:
            target = "Engineering" if message.topic in ("bug", "outage") else "Specialists"
        author = t.assignee_id or self.account.agents["Frontline"][0].id
        events: list[Event] = [Comment(self.writer.line("notes"), is_public=False, author_id=author)]
        story.set(events, "group_id", self.account.groups[target])
        story.set(events, "assignee_id", None)
        if random.random() < 0.05:
            story.tags(events, frozenset(t.tags) | {"escalate_please"})
        story.write(author, "web", events, self._client)
        return target

    def _answer(self, story: Story, message: Message, group: str, *, is_final: bool) -> None:
        random, t = self.random, story.t
        comment = Comment(self.writer.reply(message), is_public=True, author_id=0)
        events: list[Event] = [comment]
        if t.assignee_id is None or t.group_id != self.account.groups[group] or random.random() < 0.1:
            author = self._take(story, group, events)
        else:
            author = t.assignee_id
        comment.author_id = author
        if t.priority is None and random.random() < 0.4:
            story.set(events, "priority", random.choices(("low", "normal", "high"), (2, 6, 2))[0])
        if t.type is None and message.type and random.random() < 0.5:
            story.set(events, "type", message.type)
        if is_final:
            story.status(events, "solved", self.account)
        else:
            after = random.choices(("pending", "hold", "open"), (60, 14, 26))[0]
            if after == "open" and t.status == "new":
                after = "pending"
            if after != t.status:
                story.status(events, after, self.account)
        story.write(author, "web", events, self._client)

    def _after_solved(self, story: Story, message: Message) -> None:
        random, t = self.random, story.t
        if t.status != "solved":
            return
        if random.random() < 0.16 and story.wait(random.expovariate(1 / 50_000)):
            self._rate(story)
        if random.random() < 0.09 and story.wait(random.expovariate(1 / 90_000)):
            self._customer(story, "It is back. Please look again.")
            if not story.wait(random.expovariate(1 / 15_000), self.hours):
                return
            group = "Frontline"
            for name, ident in self.account.groups.items():
                if ident == t.group_id and name != "Help bot":
                    group = name
            self._answer(story, message, group, is_final=True)
        if t.status == "solved":
            self._close(story)

    def _close(self, story: Story) -> None:
        if not story.wait(28 * 86_400):
            return
        events: list[Event] = []
        story.set(events, "status", "closed", self.account.rules["close"])
        story.write(SYSTEM_USER_ID, "rule", events)
        archived = story.now + 120 * 86_400
        if archived <= self.end:
            story.t.generated = archived

    def _rate(self, story: Story) -> None:
        random, t = self.random, story.t
        score = "good" if random.random() < 0.74 else "bad"
        comment = random.choice(self.writer.rating_comments)
        at = iso(story.now)
        rating = self.world.add_row(
            "satisfaction_ratings",
            {
                "id": self.world.new_id(),
                "assignee_id": t.assignee_id,
                "group_id": t.group_id,
                "requester_id": t.requester_id,
                "ticket_id": t.id,
                "score": score,
                "created_at": at,
                "updated_at": at,
                "comment": comment,
                "reason": "No reason provided",
                "reason_id": None,
                "reason_code": 0,
            },
        )
        t.score, t.rating_id = score, rating["id"]
        data = {"score": score, "assignee_id": t.assignee_id, "body": comment}
        story.write(t.requester_id, "web", [Notice("SatisfactionRating", data)])
