"""A ticket update in the making: the fields it would leave, before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import invalid
from zdsync.sandbox.records import Change, Comment, Event, Ticket
from zdsync.sandbox.tags import set_fields_from_tags, tags_of_field
from zdsync.sandbox.world import World

#: Ticket attributes whose steps are recorded, in the order audits list them.
TRACKED = (
    "subject",
    "requester_id",
    "submitter_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "type",
    "priority",
    "status",
    "custom_status_id",
    "group_id",
    "assignee_id",
    "due_at",
    "problem_id",
    "external_id",
    "recipient",
)


@dataclass(slots=True)
class Draft:
    """Proposed values of one ticket, and the webhooks to `calls` (id, body) once they are stored."""

    world: World
    ticket: Ticket
    values: dict[str, Any]
    tags: tuple[str, ...]
    fields: dict[int, Any]
    comment: Comment | None = None
    notices: list[Event] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    steps: list[Change] = field(default_factory=list)

    @classmethod
    def of(cls, world: World, ticket: Ticket) -> Draft:
        values = {name: getattr(ticket, name) for name in TRACKED}
        return cls(world, ticket, values, ticket.tags, ticket.fields)

    def set(self, name: str, value: Any, rule: int | None = None) -> None:
        """Give an attribute a new value and note the step; equal values leave no trace."""
        old = self.values[name]
        if old == value:
            return
        self.values[name] = value
        self.steps.append(Change(name, old, value, rule))

    def set_status(self, status: str, rule: int | None = None, custom_status_id: int | None = None) -> None:
        """Set category and custom status together."""
        if status == "new" and self.values["status"] != "new":
            raise unverified.back_to_new()
        self.set("status", status, rule)
        self.set("custom_status_id", custom_status_id or self.world.default_status_id(status), rule)

    def set_tags(self, tags: tuple[str, ...], rule: int | None = None) -> None:
        """Replace all tags; fields that are tags follow."""
        if tags == self.tags:
            return
        fields = set_fields_from_tags(self.world, self.fields, frozenset(self.tags), frozenset(tags))
        self._move_fields(fields, rule)
        # A second option of one drop-down pushes the first one's tag out.
        kept = frozenset(tags)
        for ident, kind in self.world.tag_fields.values():
            if kind == "tagger" and ident in self.fields:
                row = self.world.tables["ticket_fields"][ident]
                others = {option["value"] for option in row["custom_field_options"]}
                kept = kept - (others - {self.fields[ident]})
        self._move_tags(tuple(sorted(kept)), rule)

    def set_field(self, ident: int, value: Any, rule: int | None = None) -> None:
        """Set a custom field; the tags that are its value follow."""
        row = self.world.tables["ticket_fields"][ident]
        old_tags = tags_of_field(row, self.fields.get(ident))
        fields = dict(self.fields)
        if value in (None, "", (), False):
            fields.pop(ident, None)
        else:
            fields[ident] = value
        self._move_fields(fields, rule)
        tags = (frozenset(self.tags) - old_tags) | tags_of_field(row, self.fields.get(ident))
        self._move_tags(tuple(sorted(tags)), rule)

    def _move_fields(self, fields: dict[int, Any], rule: int | None) -> None:
        for ident in sorted(self.fields.keys() | fields.keys()):
            old, new = self.fields.get(ident), fields.get(ident)
            if old != new:
                self.steps.append(Change(str(ident), old, new, rule))
        self.fields = fields

    def _move_tags(self, tags: tuple[str, ...], rule: int | None) -> None:
        if tags != self.tags:
            self.steps.append(Change("tags", self.tags, tags, rule))
            self.tags = tags

    def set_group(self, group_id: int | None, rule: int | None = None) -> None:
        """Move to a group; an assignee who is not in it goes (see `unverified`)."""
        if group_id is not None and group_id not in self.world.tables["groups"]:
            raise invalid("group_id", "Group: is invalid")
        self.set("group_id", group_id, rule)
        assignee = self.values["assignee_id"]
        if assignee is not None and not self._is_member(assignee, group_id):
            if not unverified.group_without_assignee_clears():
                raise invalid("assignee_id", "Assignee: is not a member of the group")
            self.set("assignee_id", None, rule)

    def set_assignee(self, user_id: int | None, rule: int | None = None, *, keep_group: bool = False) -> None:
        """Assign; without a group named the agent's default group comes along.

        Source: developer.zendesk.com, Tickets and Group Memberships (`default`).
        """
        if user_id is None:
            self.set("assignee_id", None, rule)
            return
        user = self.world.users.get(user_id)
        if user is None or not user.is_agent or user.is_light or not user.is_active:
            raise invalid("assignee_id", "Assignee: is invalid")
        group_id = self.values["group_id"]
        if keep_group and not self._is_member(user_id, group_id):
            raise invalid("assignee_id", "Assignee: is not a member of the group")
        if not self._is_member(user_id, group_id):
            self.set("group_id", user.default_group_id, rule)
        self.set("assignee_id", user_id, rule)
        if self.values["status"] == "new":
            self.set_status("open", rule)

    def _is_member(self, user_id: int, group_id: int | None) -> bool:
        return group_id is not None and user_id in self.world.members.get(group_id, ())

    def changed(self, name: str) -> bool:
        return any(step.field == name for step in self.steps)

    def events(self) -> list[Event]:
        """The audit's events: comment first, then one step per field and actor, then notices."""
        merged: dict[tuple[str, int | None], Change] = {}
        for step in self.steps:
            key = (step.field, step.rule)
            first = merged.get(key)
            merged[key] = step if first is None else Change(step.field, first.old, step.new, step.rule)
        events: list[Event] = [] if self.comment is None else [self.comment]
        events += [step for step in merged.values() if step.old != step.new]
        return events + self.notices

    def store(self) -> None:
        """Write the values to the ticket."""
        before, after = self.ticket.problem_id, self.values["problem_id"]
        if before != after:
            self.world.incidents.get(before or 0, set()).discard(self.ticket.id)
            if after is not None:
                self.world.incidents.setdefault(after, set()).add(self.ticket.id)
        for name, value in self.values.items():
            setattr(self.ticket, name, value)
        self.ticket.tags, self.ticket.fields = self.tags, self.fields
