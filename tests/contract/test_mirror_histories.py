"""Which tickets are to be read one by one, and what is erased here because Zendesk erased it."""

from __future__ import annotations

import pytest

from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, content, record_page, tickets_page
from zdsync.mirror.store import MirrorStore
from zdsync.mirror.tables_tickets import satisfaction_ratings, text_findings, ticket_comments, ticket_events
from zdsync.streams import AMENDED_COMMENTS, Page, Record, Stream


def wanted(mirror: MirrorStore) -> tuple[int, ...]:
    return mirror.read_missing(Stream.EVENTS)


def record(mirror: MirrorStore, served: float, *events: Record, **more: list[Record]) -> None:
    """A page of events, complete up to an hour after the beginning."""
    given = Page(Stream.EVENTS, {"ticket_events": list(events), **more}, at(served))
    record_page(mirror, given, until=60)


def test_unsolved_tickets_whose_beginning_is_lacking_are_wanted(mirror: MirrorStore) -> None:
    """Newest first; not the solved, the deleted, those that the export brought or will bring, nor any twice."""
    statuses = {1: "open", 2: "new", 3: "solved", 4: "hold", 5: "deleted", 6: "pending"}
    record_page(mirror, tickets_page(*(rows.ticket(id, status=status) for id, status in statuses.items())))
    record_page(mirror, tickets_page(rows.ticket(7, 90, created_at=at(90))))
    assert wanted(mirror) == ()
    record(mirror, 60, rows.event(40, 4, is_create=True), rows.event(60, 6))
    assert wanted(mirror) == (6, 2, 1)
    (status,) = (one for one in mirror.read_streams() if one.stream is Stream.EVENTS)
    assert status.missing == 4
    record(mirror, 61, rows.event(61, 6, is_create=True))
    mirror.record_absent(Stream.EVENTS, [2], at(62))
    assert wanted(mirror) == (1,)
    record_page(mirror, tickets_page(rows.ticket(1, 99, status="open"), rows.ticket(6, 99), served=99))
    assert wanted(mirror) == (1,)


@pytest.mark.parametrize("comment_id", [5, None])
def test_comments_changed_since_they_were_mirrored_are_wanted_first(
    mirror: MirrorStore, comment_id: int | None
) -> None:
    """Of closed tickets too; not when the comment came after its change, nor again once it was read anew."""
    record_page(mirror, tickets_page(rows.ticket(1, status="closed"), rows.ticket(2)))
    record(mirror, 10, ticket_comments=[rows.comment(5, 1, 50)])
    amended: Record = {"ticket_id": 1, "comment_id": comment_id, "amended_at": at(20)}
    elsewhere = {"ticket_id": 2, "comment_id": 99, "amended_at": at(20)}
    late: dict[str, list[Record]] = {AMENDED_COMMENTS: [amended, elsewhere]}
    record(mirror, 30, rows.event(51, 1, 20), **late)
    assert wanted(mirror) == (1, 2)
    record(mirror, 40, rows.event(50, 1), ticket_comments=[rows.comment(5, 1, 50, body="▇")])
    mirror.record_absent(Stream.EVENTS, [1], at(41))
    record(mirror, 42, rows.event(51, 1, 20), **late)
    assert wanted(mirror) == (2,)


def test_what_was_scrubbed_is_emptied(mirror: MirrorStore) -> None:
    """Comments, changes and findings of that ticket alone; that something happened, and when, stays."""
    record_page(
        mirror,
        tickets_page(rows.ticket(1), rows.ticket(2), text_findings=[rows.finding(1, 0, "iban")]),
    )
    changes = [{"field": "subject", "value": "secret", "previous": None, "rel": None}]
    for id in (1, 2):
        said = [rows.comment(id * 10, id, id, raw={"body": "secret"})]
        record(mirror, 1, rows.event(id, id, changes=changes), ticket_comments=said)
    scrubbed = rows.ticket(1, 5, status="deleted", subject="SCRUBBED", description="X")
    record_page(mirror, tickets_page(scrubbed, served=6))
    first, second = content(mirror, ticket_comments)
    assert (first["body"], first["raw"], first["deleted_at"]) == (None, {}, at(6))
    assert (second["body"], second["deleted_at"]) == ("Comment 20", None)
    first, second = content(mirror, ticket_events)
    assert (first["changes"], first["raw"], first["created_at"]) == ([], {}, at(0))
    assert second["changes"] == changes
    assert content(mirror, text_findings) == []


def test_what_comes_late_about_a_scrubbed_ticket_is_emptied_too(mirror: MirrorStore) -> None:
    """A page of events served before, or a rating asked for after."""
    scrubbed = rows.ticket(1, 5, status="deleted", subject="SCRUBBED", description="X")
    record_page(mirror, tickets_page(scrubbed, served=6))
    record(mirror, 1, rows.event(1, 1), ticket_comments=[rows.comment(10, 1, 1, raw={"body": "secret"})])
    rating = rows.record(
        "satisfaction_ratings", id=3, ticket_id=1, comment="secret", raw={"comment": "secret"}
    )
    record_page(mirror, rows.page(Stream.RATINGS, 20, satisfaction_ratings=[rating]))
    for table in (ticket_events, ticket_comments, satisfaction_ratings):
        (found,) = content(mirror, table)
        assert (found["raw"], found["deleted_at"] is None) == ({}, False)
        assert "secret" not in str(found)


@pytest.mark.parametrize("deletion", [15, 35])
def test_a_redaction_on_a_deleted_ticket_empties_it_until_it_is_restored(
    mirror: MirrorStore, deletion: float
) -> None:
    """Nobody may read its history, so what was redacted could not be found; deleted before or after it is the same."""
    record_page(mirror, tickets_page(rows.ticket(1), rows.ticket(2)))
    record(mirror, 10, rows.event(50, 1), ticket_comments=[rows.comment(5, 1, 50, body="secret")])
    rating = rows.record(
        "satisfaction_ratings", id=3, ticket_id=1, comment="Thanks", raw={"comment": "Thanks"}
    )
    record_page(mirror, rows.page(Stream.RATINGS, 11, satisfaction_ratings=[rating]))
    gone = tickets_page(rows.ticket(1, deletion, status="deleted"), served=deletion)
    amended: Record = {"ticket_id": 1, "comment_id": 5, "amended_at": at(20)}
    if deletion < 30:
        record_page(mirror, gone)
    record(mirror, 30, rows.event(51, 1, 20), **{AMENDED_COMMENTS: [amended]})
    if deletion > 30:
        record_page(mirror, gone)
    (found,) = content(mirror, ticket_comments)
    assert (found["body"], found["raw"], found["deleted_at"] is None) == (None, {}, False)
    assert wanted(mirror) == (2,)
    record_page(mirror, tickets_page(rows.ticket(1, 40), served=40))
    assert wanted(mirror) == (1, 2)
    record(mirror, 41, rows.event(50, 1), ticket_comments=[rows.comment(5, 1, 50, body="▇")])
    (found,) = content(mirror, ticket_comments)
    assert (found["body"], found["deleted_at"]) == ("▇", None)
    (found,) = content(mirror, satisfaction_ratings)
    assert (found["comment"], found["deleted_at"]) == ("Thanks", None), "nobody would bring it again"
