"""What an export brings beside its rows is told once, and again when it has changed."""

from __future__ import annotations

from typing import Any

import pytest

from zdsync.zendesk import sideloads
from zdsync.zendesk.sideloads import Sideloads


def left(told: Sideloads, **body: Any) -> dict[str, Any]:
    told.leave_out_repeated(body)
    return body


def test_what_comes_again_as_it_was_is_left_out() -> None:
    """A person is told once, again when anything of them has changed, and again when it is taken back."""
    told = Sideloads()
    ann, bob, other = {"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}, {"id": 1, "name": "Ann B."}
    assert left(told, users=[ann, bob]) == {"users": [ann, bob]}
    assert left(told, users=[bob, other]) == {"users": [other]}
    assert left(told, users=[ann, other, bob]) == {"users": [ann, other]}


def test_each_list_is_remembered_by_itself_and_rows_are_left_alone() -> None:
    """A group with a person's id is news, and the tickets of an export always come."""
    told = Sideloads()
    body = {
        "tickets": [{"id": 1}],
        "users": [{"id": 1}],
        "groups": [{"id": 1}],
        "organizations": [{"id": 1}],
    }
    assert left(told, **body) == body
    assert left(told, **body) == {"tickets": [{"id": 1}], "users": [], "groups": [], "organizations": []}


@pytest.mark.parametrize("odd", ["text", None, {"name": "without an id"}, {"id": "1"}, {"id": 1, "n": 2**70}])
def test_what_cannot_be_told_apart_stays(odd: Any) -> None:
    """Whatever is no object with an id, or holds what the quick writer cannot write, is left for the reader of rows."""
    told = Sideloads()
    assert left(told, users=[odd]) == {"users": [odd]}
    assert left(told, users=[odd]) == {"users": [odd]}
    assert left(told, users=odd) == {"users": odd}


def test_so_many_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound the memory begins anew: then a person is told again, which costs time and nothing else."""
    monkeypatch.setattr(sideloads, "_MOST", 2)
    told, three = Sideloads(), [{"id": 1}, {"id": 2}, {"id": 3}]
    left(told, users=three)
    assert left(told, users=three) == {"users": three}
    assert left(told, users=three[:1]) == {"users": three[:1]}
    assert left(told, users=three[:1]) == {"users": []}
