"""The plan as a page: whole, escaped, self-contained."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.build import SPECIALISTS, moment
from zdsync.model import TicketId, UserId
from zdsync.plan.model import (
    AccountNotice,
    Breach,
    ComingUp,
    FieldDiff,
    GroupChange,
    GroupRef,
    HeldTicket,
    NativeAnswer,
    Plan,
    TicketChange,
    ViewChange,
    ViewForm,
    ViewSwitch,
    ViewUpdate,
)
from zdsync.report.plan_page import OPEN_UP_TO, plan_page
from zdsync.report.plans import plan_lines

EVIL = "<script>alert('x')</script>&\"'"
FORM = ViewForm(
    "Tier 3",
    is_active=True,
    conditions_all=(),
    conditions_any=(),
    columns=("id",),
    sort_by="id",
    sort_order="asc",
    group_ids=(),
)
CHANGE = TicketChange(
    ticket_id=TicketId(4711),
    updated_stamp=moment(),
    kind="assigned",
    rule="refunds",
    reason="Money questions need specialists",
    tier="2",
    fields=(FieldDiff("priority", "normal", "high"), FieldDiff("type", "task", None)),
    group=GroupRef("Specialists", SPECIALISTS),
    assignee_before=UserId(10),
    add_tags=("tier_2",),
    remove_tags=("tier_1",),
    tags=("tier_2",),
    note="Please look\nat the refund",
)
PLAN = Plan(
    "https://acme.zendesk.com",
    moment(),
    moment(-1),
    "digest",
    1200,
    account_changes=(
        GroupChange("Privacy desk", "sensitive_groups names it"),
        ViewChange("Tier 2", "2", "tier_2", (GroupRef("Specialists", SPECIALISTS),), "tier 2 has no view"),
        ViewSwitch(7, "Old view", is_active=False, reason="takes back run r"),
        ViewUpdate(8, FORM, replace(FORM, sort_by="updated"), "the view drifted"),
    ),
    ticket_changes=(CHANGE, replace(CHANGE, ticket_id=TicketId(4712), kind="adopted", rule="", note=None)),
    counts={"assigned": 1, "adopted": 1, "held": 1},
    held=(HeldTicket(TicketId(12), "held by hand"),),
    refused=(AccountNotice("view", "Tier 1", "is another's"),),
    notices=(AccountNotice("group", "Desk", "was renamed"),),
    answers=(
        NativeAnswer("trigger", 5, "Tell <them>", 1, 2, notifies=True),
        NativeAnswer("automation", 6, "Close", 0, 1, notifies=False),
    ),
)


class Page(HTMLParser):
    """A page read strictly: its text, its tags, and every address it names."""

    _EMPTY = frozenset({"meta"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in self._EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_everything_in_the_plan_stands_on_the_page() -> None:
    """Rules, counts, reasons, each change, account objects, held tickets, notes; and how to carry it out."""
    page = Page(plan_page(PLAN, file="plan.json"))
    for words in (
        "Plan for acme.zendesk.com",
        "1,200",
        "assigned by refunds",
        "Money questions need specialists",
        "+ tier_2",
        "tier_1",
        "group none → Specialists",
        "assignee cleared",
        "priority normal → high",
        "type task → none",
        "internal note Please look at the refund",
        "people have them in hand",
        "new group Privacy desk",
        "new view Tier 2",
        "view switched off Old view",
        "view changed Tier 3 the view drifted; sorted by updated asc",
        "refused view Tier 1 is another's",
        "group Desk was renamed",
        "#12 held by hand",
        "zdsync apply plan.json",
    ):
        assert words in page.text, words
    assert "https://acme.zendesk.com/agent/tickets/4711" in page.links


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    """No script, no picture, no style sheet; links are the tickets' and those within the page."""
    html = plan_page(PLAN)
    page = Page(html)
    assert not {"script", "img", "link", "iframe"} & set(page.seen)
    assert all(link.startswith(("#", "https://acme.zendesk.com/agent/tickets/")) for link in page.links)
    assert "url(" not in html
    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert {link[1:] for link in page.links if link.startswith("#")} <= anchors


def test_whatever_a_plan_says_is_text() -> None:
    """Names, reasons, tags, notes and addresses of any spelling cannot become markup."""
    change = replace(
        CHANGE,
        rule=EVIL,
        reason=EVIL,
        tier=EVIL,
        kind=EVIL,
        group=GroupRef(EVIL, None),
        group_before=GroupRef(EVIL, None),
        add_tags=(EVIL,),
        remove_tags=(EVIL,),
        note=EVIL,
        fields=(FieldDiff(EVIL, EVIL, EVIL),),
    )
    other = replace(change, ticket_id=TicketId(1), reason=EVIL + "2")
    plan = Plan(
        EVIL,
        moment(),
        None,
        EVIL,
        1,
        account_changes=(GroupChange(EVIL, EVIL), ViewSwitch(1, EVIL, is_active=True, reason=EVIL)),
        ticket_changes=(change, other),
        counts={EVIL: 1},
        held=(HeldTicket(TicketId(1), EVIL),),
        refused=(AccountNotice(EVIL, EVIL, EVIL),),
    )
    html = plan_page(plan, (Breach(EVIL, 1, 2, EVIL),), (EVIL,), file=EVIL)
    assert "<script" not in html
    assert "script" not in Page(html).seen
    assert EVIL in "".join(Page(html).words)
    assert Page(plan_page(replace(plan, account=f"javascript:{EVIL}"))).links == [
        link for link in Page(html).links if link.startswith("#")
    ]


def test_breaches_and_warnings_come_first() -> None:
    """A reader meets them before the changes; without any the page says that the limits are kept."""
    page = Page(plan_page(PLAN, (Breach("x", 1, 2, "too many tickets"),), ("see `zdsync status`",)))
    assert page.text.index("too many tickets") < page.text.index("assigned by refunds")
    assert "1 broken" in page.text
    assert "see zdsync status" in page.text
    assert "Limits kept" in Page(plan_page(PLAN)).text


@pytest.mark.parametrize(("count", "is_open"), [(OPEN_UP_TO, True), (OPEN_UP_TO + 1, False)])
def test_long_lists_are_folded(count: int, is_open: bool) -> None:
    """Up to so many tickets stand open, more wait for the reader; all of them are on the page."""
    changes = tuple(replace(CHANGE, ticket_id=TicketId(id)) for id in range(1, count + 1))
    html = plan_page(replace(PLAN, ticket_changes=changes))
    assert ("<details open>" in html) is is_open
    assert html.count("/agent/tickets/") == count + len(PLAN.held)


def test_an_empty_plan_says_so() -> None:
    """No table, one sentence, also for a mirror that was never complete."""
    text = Page(plan_page(Plan("https://acme.zendesk.com", moment(), None, "d", 0), file="plan.json")).text
    assert "Nothing to change" in text
    assert "mirror complete until never" in text
    assert "zdsync apply" not in text


def test_what_the_account_makes_of_it_is_told_as_an_estimate() -> None:
    """On the page and in the terminal: which native rules, how often, and whether they send messages."""
    page = Page(plan_page(PLAN)).text
    head = "By estimate these updates set off 1 trigger, 1 automation of the account, 1 to 3 times in all:"
    assert head in page
    assert "trigger Tell <them> 1 to 2, sends messages automation Close up to 1, later" in page
    lines = list(plan_lines(PLAN))
    assert lines[-3:] == [
        head,
        "  trigger 'Tell <them>': 1 to 2, sends messages",
        "  automation 'Close': up to 1, later",
    ]
    many = replace(PLAN, answers=PLAN.answers and PLAN.answers[:1] * 7)
    assert list(plan_lines(many))[-1] == "    … and 2 more"
    assert len(list(plan_lines(many, is_whole=True))) == len(list(plan_lines(many))) + 1
    none = replace(PLAN, answers=())
    assert list(plan_lines(none))[-1].endswith("none of the account's own triggers and automations.")
    assert "set off none of the account" in Page(plan_page(none)).text
    for unasked in (replace(PLAN, answers=None), replace(PLAN, ticket_changes=())):
        assert "By estimate" not in Page(plan_page(unasked)).text + "".join(plan_lines(unasked))


def test_clocks_and_what_comes_are_shown() -> None:
    """A move by a clock with the moment at which it had come; moves that come up, escaped like all else."""
    clock = "unanswered for 4 hours, reached 2026-11-20 09:00 UTC"
    moved = replace(CHANGE, kind="deescalated", clock=clock)
    plan = replace(PLAN, ticket_changes=(moved,), coming=(ComingUp(TicketId(9), EVIL, moment(90)),))
    html = plan_page(plan)
    assert clock in html
    assert "de-escalated by refunds" in html
    assert "Coming up" in html
    assert "will move it at 2026-11-20 13:30 UTC" in html
    assert EVIL not in html
    text = "\n".join(plan_lines(plan))
    assert f"priority normal → high, type task → None, note; {clock}" in text
    assert "1 ticket de-escalated by refunds" in text
    coming = tuple(ComingUp(TicketId(id), "late", moment(id)) for id in range(1, 8))
    held = tuple(HeldTicket(TicketId(id), "held by hand") for id in range(1, 8))
    cut = "\n".join(plan_lines(replace(plan, coming=coming, held=held)))
    assert "    … and 2 more come up" in cut
    assert "    … and 2 more wait" in cut
    assert "come up" not in "\n".join(plan_lines(replace(plan, coming=coming), is_whole=True))
