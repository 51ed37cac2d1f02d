"""Plans as files: they round-trip, and edited, torn or foreign ones are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import moment
from zdsync.account import FieldOption
from zdsync.errors import PlanRefused
from zdsync.model import GroupId, TicketId, UserId
from zdsync.plan.codec import decode, encode, seal
from zdsync.plan.model import (
    AccountNotice,
    ComingUp,
    FieldDiff,
    GroupChange,
    GroupRef,
    HeldTicket,
    NativeAnswer,
    Plan,
    TicketChange,
    TierFieldChange,
    ViewChange,
    ViewForm,
    ViewSwitch,
    ViewUpdate,
)

_TEXT = st.text(max_size=20)
_VALUE = st.one_of(st.none(), st.booleans(), st.integers(), _TEXT, st.lists(_TEXT, max_size=3).map(tuple))
_GROUP = st.builds(GroupRef, name=_TEXT, id=st.none() | st.integers(1, 2**63 - 1).map(GroupId))
_TAGS = st.lists(_TEXT, max_size=3).map(tuple)
_CHANGE = st.builds(
    TicketChange,
    ticket_id=st.integers(1, 2**63 - 1).map(TicketId),
    updated_stamp=st.just(moment(-5)),
    kind=_TEXT,
    rule=_TEXT,
    reason=_TEXT,
    tier=st.none() | _TEXT,
    fields=st.lists(st.builds(FieldDiff, field=_TEXT, before=_VALUE, after=_VALUE), max_size=3).map(tuple),
    group=st.none() | _GROUP,
    group_before=st.none() | _GROUP,
    assignee_before=st.none() | st.integers(1, 2**63 - 1).map(UserId),
    add_tags=_TAGS,
    remove_tags=_TAGS,
    tags=_TAGS,
    note=st.none() | _TEXT,
    note_digest=st.none() | _TEXT,
    clock=_TEXT,
    notify=_TAGS,
)
_CONDITIONS = st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=2).map(tuple)
_FORM = st.builds(
    ViewForm,
    title=_TEXT,
    is_active=st.booleans(),
    conditions_all=_CONDITIONS,
    conditions_any=_CONDITIONS,
    columns=_TAGS,
    sort_by=_TEXT,
    sort_order=_TEXT,
    group_ids=st.lists(st.integers(1, 2**63 - 1).map(GroupId), max_size=2).map(tuple),
    position=st.none() | st.integers(0, 10**5),
)
_NOTICES = st.lists(st.builds(AccountNotice, object=_TEXT, name=_TEXT, message=_TEXT), max_size=2).map(tuple)
_OBJECT = st.one_of(
    st.builds(
        TierFieldChange,
        title=_TEXT,
        field_id=st.none() | st.integers(1, 2**63 - 1),
        options=st.lists(st.builds(FieldOption, value=_TEXT, label=_TEXT), max_size=2).map(tuple),
        reason=_TEXT,
    ),
    st.builds(
        ViewUpdate,
        view_id=st.integers(1, 2**63 - 1),
        before=_FORM,
        after=_FORM,
        reason=_TEXT,
        tag=_TEXT,
        groups=st.lists(_GROUP, max_size=2).map(tuple),
    ),
    st.builds(GroupChange, name=_TEXT, reason=_TEXT),
    st.builds(
        ViewChange,
        title=_TEXT,
        tier=_TEXT,
        tag=_TEXT,
        groups=st.lists(_GROUP, max_size=2).map(tuple),
        reason=_TEXT,
        position=st.none() | st.integers(0, 10**5),
        conditions_any=st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=2).map(tuple),
    ),
    st.builds(
        ViewSwitch, view_id=st.integers(1, 2**63 - 1), title=_TEXT, is_active=st.booleans(), reason=_TEXT
    ),
)
PLANS = st.builds(
    Plan,
    account=_TEXT,
    made_at=st.just(moment()),
    mirror_until=st.none() | st.just(moment(-1)),
    rules_digest=_TEXT,
    unsolved=st.integers(0, 10**6),
    account_changes=st.lists(_OBJECT, max_size=3).map(tuple),
    ticket_changes=st.lists(_CHANGE, max_size=3).map(tuple),
    held=st.lists(st.builds(HeldTicket, st.integers(1, 2**63 - 1).map(TicketId), _TEXT), max_size=2).map(
        tuple
    ),
    coming=st.lists(
        st.builds(ComingUp, st.integers(1, 2**63 - 1).map(TicketId), _TEXT, st.just(moment(90))), max_size=2
    ).map(tuple),
    refused=_NOTICES,
    notices=_NOTICES,
    counts=st.dictionaries(_TEXT, st.integers(0, 10**6), max_size=3),
    answers=st.none()
    | st.lists(
        st.builds(
            NativeAnswer,
            kind=_TEXT,
            id=st.integers(1, 2**63 - 1),
            title=_TEXT,
            likely=st.integers(0, 99),
            possible=st.integers(0, 99),
            notifies=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)


@given(PLANS)
def test_round_trip(plan: Plan) -> None:
    """A plan written as JSON and read again is the same plan, and the same text."""
    text = json.dumps(encode(plan))
    again = decode(json.loads(text))
    assert again == plan
    assert json.dumps(encode(again)) == text


def plan(**given: Any) -> Plan:
    ordinary: dict[str, Any] = {"mirror_until": moment(-1), "rules_digest": "d", "unsolved": 9}
    return Plan(account="https://acme.zendesk.com", made_at=moment(), **{**ordinary, **given})


def test_an_edit_breaks_the_seal() -> None:
    """Any edit of a plan file is noticed."""
    document = encode(plan(account_changes=(GroupChange("Experts", "tier 3"),)))
    document["account_changes"][0]["name"] = "Executives"
    with pytest.raises(PlanRefused, match="edited"):
        decode(document)


@pytest.mark.parametrize("document", [None, [], {}, {"format": 1}, "plan"])
def test_other_json_is_no_plan(document: object) -> None:
    """A file that never was a plan is refused as such."""
    with pytest.raises(PlanRefused, match="not a plan"):
        decode(document)


def test_a_plan_without_holds_is_read() -> None:
    """A plan made before holds were listed is the same plan with none."""
    body = {name: value for name, value in encode(plan()).items() if name not in {"held", "seal"}}
    assert decode({**body, "seal": seal(body)}) == plan()


def test_other_formats_are_refused() -> None:
    """A plan of another version's format is refused, with the version named."""
    document = {**encode(plan()), "format": 99}
    with pytest.raises(PlanRefused, match="format 99"):
        decode(document)
