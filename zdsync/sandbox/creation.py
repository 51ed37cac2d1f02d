"""How a ticket comes into being."""

from __future__ import annotations

from zdsync.sandbox import tags
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import Json, invalid, record_invalid
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.fill import fill
from zdsync.sandbox.records import Comment, Ticket, User
from zdsync.sandbox.rules import run_triggers
from zdsync.sandbox.world import World
from zdsync.sandbox.writes import Written, store, update_ticket


def create_ticket(world: World, body: Json, actor: Actor, *, triggers: bool = True) -> Written:
    """Create a ticket from a POST body; raises 422 without any text."""
    comment = dict(body.get("comment") or {})
    text = comment.get("body") or comment.get("html_body") or body.get("description")
    if text is None:
        raise record_invalid(
            {"base": [{"description": "Description: cannot be blank", "error": "BlankValue"}]}
        )
    requester = _requester(world, body, actor)
    source = _followed(world, body)
    now = world.clock.now()
    ticket = Ticket(
        id=world.new_ticket_id(),
        created=now,
        updated=now,
        generated=now,
        requester_id=requester.id,
        submitter_id=int(body.get("submitter_id") or actor.user.id),
        channel=actor.channel,
        brand_id=_default(world, "brands"),
        ticket_form_id=_default(world, "ticket_forms"),
        custom_status_id=world.default_status_id("new"),
        description=str(text),
        is_public=comment.get("public", True) is not False,
        followup_source_id=source.id if source else None,
        is_imported=not triggers,
    )
    draft = Draft.of(world, ticket)
    for name in ("requester_id", "submitter_id", "brand_id", "ticket_form_id", "custom_status_id"):
        draft.values[name] = None
    draft.values["status"] = None
    for name in ("requester_id", "submitter_id", "brand_id", "ticket_form_id"):
        draft.set(name, getattr(ticket, name))
    draft.set("organization_id", requester.organization_id)
    draft.set("status", "new")
    draft.set("custom_status_id", world.default_status_id("new"))
    draft.set_tags(tags.normalise((*_inherited_tags(world, requester), *(source.tags if source else ()))))
    for ident, value in source.fields.items() if source else ():
        draft.set_field(ident, value)
    rest = {key: value for key, value in body.items() if key not in ("comment", "requester", "description")}
    if actor.user.is_agent or "comment" in body:
        comment.setdefault("author_id", requester.id)
    rest["comment"] = {**comment, "body": text}
    fill(draft, rest, actor)
    if triggers:
        run_triggers(world, draft, is_create=True, actor_id=actor.user.id, channel=actor.channel)
    world.tickets[ticket.id] = ticket
    if source is not None:
        source.followup_ids = (*source.followup_ids, ticket.id)
        world.system_touch(source, now)
    return store(world, draft, body, actor)


def _followed(world: World, body: Json) -> Ticket | None:
    """The closed ticket a new one follows up; its tags and fields come along."""
    ident = body.get("via_followup_source_id")
    if ident is None:
        return None
    source = world.tickets.get(int(ident))
    if source is None or source.is_deleted or source.status != "closed":
        raise invalid("via_followup_source_id", "Followup source: is not a closed ticket")
    return source


def import_ticket(world: World, body: Json, actor: Actor) -> Written:
    """Create a ticket with its past: the times given, every comment, no triggers.

    Source: developer.zendesk.com, "Ticket Import".
    """
    given = dict(body)
    comments = given.pop("comments", None) or [given.pop("comment", {})]
    first = {**comments[0], "body": comments[0].get("body") or comments[0].get("value")}
    solved_at = given.pop("solved_at", None)
    ended = given.pop("status", None) if solved_at and given.get("status") in ("solved", "closed") else None
    created = _stamp(given.get("created_at"), world.clock.now())
    written = create_ticket(world, {**given, "comment": first}, actor, triggers=False)
    ticket, latest = written.ticket, created
    ticket.created = created
    assert written.audit is not None
    world.backdate(written.audit, created)
    for one in comments[1:]:
        latest = _stamp(one.get("created_at"), latest)
        text = str(one.get("body") or one.get("value") or "")
        author = int(one.get("author_id") or actor.user.id)
        comment = Comment(text, one.get("public", True) is not False, author)
        audit = world.record(ticket, world.clock.now(), author, actor.channel, [comment])
        world.backdate(audit, latest)
    if ended:
        update = update_ticket(world, ticket, {"status": ended}, actor)
        latest = _stamp(solved_at, latest)
        if update.audit is not None:
            world.backdate(update.audit, latest)
    ticket.updated = _stamp(given.get("updated_at"), latest)
    return written


def _stamp(text: object, otherwise: int) -> int:
    try:
        return parse_stamp(str(text)) if text else otherwise
    except ValueError as err:
        raise invalid("created_at", "Created at: is invalid") from err


def _default(world: World, table: str) -> int:
    return next(int(row["id"]) for row in world.tables[table].values() if row.get("default"))


def _inherited_tags(world: World, requester: User) -> tuple[str, ...]:
    # User and organization tags are copied to new tickets (support.zendesk.com 4408888246170).
    organization = world.organizations.get(requester.organization_id or 0)
    return requester.tags + (organization.tags if organization else ())


def _requester(world: World, body: Json, actor: Actor) -> User:
    given = body.get("requester") or {}
    wanted = body.get("requester_id") or (given.get("email") if isinstance(given, dict) else None)
    if wanted is None:
        return actor.user
    try:
        return world.find_user(wanted)
    except LookupError as err:
        if isinstance(wanted, str):
            now = world.clock.now()
            name = given.get("name") or wanted
            return world.add_user(User(world.new_id(), name, wanted, "end-user", now, now))
        raise invalid("requester", "Requester: is invalid") from err
