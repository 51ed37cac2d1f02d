"""Sources: a value read alone is the value read together with others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rules.build import AREA, facts
from zdsync.facts import Facts
from zdsync.model import Organization, OrganizationId, User, UserId
from zdsync.rules.sources import Read, Record, Source, Words, direct, read_many

ANN = User(UserId(1), "Ann", role="end-user", fields={"plan": "pro"})
ACME = Organization(OrganizationId(2), "Acme", fields={"mrr": 5000})
FULL = facts(status="open", custom_fields={AREA: "billing"}, requester=ANN, organization=ACME, replies=3)
BARE = facts(status="new", requester=None, organization=None)
READS: dict[Read, tuple[Any, Any]] = {
    Source(Record.FACTS, "replies"): (3, 0),
    Source(Record.TICKET, "status"): ("open", "new"),
    Source(Record.TICKET, key=AREA): ("billing", None),
    Source(Record.REQUESTER, "role"): ("end-user", None),
    Source(Record.REQUESTER, key="plan"): ("pro", None),
    Source(Record.ORGANIZATION, "name"): ("Acme", None),
    Source(Record.ORGANIZATION, key="mrr"): (5000, None),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("which", [0, 1])
def test_one(read: Read, which: int) -> None:
    """The value of the attribute or custom field; None where there is no such record."""
    assert read((FULL, BARE)[which]) == direct(read)((FULL, BARE)[which]) == READS[read][which]


@pytest.mark.parametrize("left_out", [None, *READS])
def test_many(left_out: Read | None) -> None:
    """All at once, in an order that is told, whatever is read of which record; a plain function is read too."""

    def tags(seen: Facts) -> frozenset[str]:
        return seen.ticket.tags

    values, order = read_many([tags, *(read for read in READS if read != left_out)])
    assert set(order) == {tags, *READS} - {left_out}
    for seen in (FULL, BARE):
        assert values(seen) == [read(seen) for read in order]


def test_words() -> None:
    """The words of a text; those of the subject and the description are among the words of the whole."""
    seen = facts(subject="Where", description="Is it?")
    assert Words("subject")(seen) == ["where"]
    assert Words("text")(seen) == ["where", "is", "it"]
    assert [Words(text).is_within_text for text in ("subject", "description", "comment", "text")] == [
        True,
        True,
        False,
        False,
    ]
