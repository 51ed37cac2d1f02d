"""Detectors: what they find, what they leave, and that nothing slows them down."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdsync import detect
from zdsync.detect import DETECTORS, TextFilter, mask
from zdsync.model import DETECTED

CARDS = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "4222222222222",
    "378282246310005",
    "3782 822463 10005",
    "5555.5555.5555.4444",
    "2223003122003222",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
    "6759649826438453",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
]
IBANS = [
    "DE89 3704 0044 0532 0130 00",
    "de89370400440532013000",
    "GB82 WEST 1234 5698 7654 32",
    "FR14-2004-1010-0505-0001-3M02-606",
    "NO9386011117947",
]
EMAILS = ["ada@acme.example", "a.b+c@mail.acme.co.uk", "jörg@müller.de", "o'neil_1@x-y.io"]
PHONES = [
    "+44 20 7946 0958",
    "+1 (555) 123-4567",
    "+49 (0)30 1234567",
    "0049 30 1234567",
    "00442079460958",
    "(555) 123-4567",
    "555-123-4567",
    "1-800-555-0199",
    "030/1234567",
    "01 23 45 67 89",
    "07700 900123",
    "07700900123",
]
ORDINARY = [
    "order 07700900123",
    "Order no. 0770090012",
    "invoice 555-123-4567",
    "ORD-4111111111111111",
    "4111 1111 1111 1112",
    "1234567890123456",
    "on 2026-11-22 10:30",
    "05.11.2026 1030",
    "2026-11-22 2026-11-23",
    "v1.2.3.4567",
    "version 10.11.12.1300",
    "192.168.100.200",
    "$1,234,567.89",
    "1234567.89 EUR",
    "ticket 0012345678",
    "id 12345678901",
    "INV-2026-000123",
    "tracking 1Z999AA10123456784",
    "DE88370400440532013000",
    "DE88 3704 0044 0532 0130 00",
    "DE89 3704 0044, thanks",
    "4711 0171 2345 6789",
    "XX89370400440532013000",
    "someone@home",
    "error 500 at line 12",
    "call on 2026-11-22",
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (name, text)
        for name, texts in (("payment_card", CARDS), ("iban", IBANS), ("email", EMAILS), ("phone", PHONES))
        for text in texts
    ],
)
def test_sensitive_data_is_found_and_masked_wherever_it_stands(name: str, text: str) -> None:
    """Each form is found alone and inside a sentence, counted once, and replaced by its placeholder."""
    placeholder = DETECTORS[name].placeholder
    assert mask(text) == (placeholder, {name: 1})
    assert mask(f"Hello, it is {text}, thanks.") == (f"Hello, it is {placeholder}, thanks.", {name: 1})


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_numbers_are_left(text: str) -> None:
    """Order numbers, dates, versions, prices, addresses of machines and wrong check digits are no finds."""
    assert mask(text) == (text, {})


@pytest.mark.parametrize(
    "text", ["my phone is 5551234567", "call me at 555 1234567", "Tel.: 5551234567", "phone 555-123-4567"]
)
def test_digits_introduced_as_a_phone_are_one(text: str) -> None:
    """Plain digits are a phone number when the words before them say so."""
    masked, hits = mask(text)
    assert masked.endswith("[phone]")
    assert hits == {"phone": 1}


def test_several_finds_are_counted_by_detector() -> None:
    """Two cards in a row and an address are three finds, and the text between stays."""
    text = "4111 1111 1111 1111 5500 0000 0000 0004 from ada@acme.example"
    assert mask(text) == ("[card] [card] from [email]", {"payment_card": 2, "email": 1})


def test_the_filter_keeps_what_it_is_told_and_always_looks() -> None:
    """Full keeps the text, masked the rest, none nothing; the finds are the same."""
    text = "pay with 4111111111111111"
    assert TextFilter("full")(text) == (text, {"payment_card": 1})
    assert TextFilter("masked")(text) == ("pay with [card]", {"payment_card": 1})
    assert TextFilter("none")(text) == ("", {"payment_card": 1})
    assert TextFilter("masked")("nothing here") == ("nothing here", {})
    assert TextFilter("none")("nothing here") == ("", {})
    assert TextFilter("masked").version >= 1


def test_an_unknown_way_of_keeping_is_refused() -> None:
    """A wrong word for `bodies` is an error at once."""
    with pytest.raises(ValueError, match="bodies"):
        TextFilter("half")  # type: ignore[arg-type]


@given(st.text(alphabet="0123456789 -+()@.aDE/\n", max_size=80))
def test_the_quick_look_never_misses_a_find(text: str) -> None:
    """What the filter passes over unlooked, the detectors would have left as well; masking twice changes nothing."""
    assert TextFilter("masked")(text) == mask(text)


@given(
    st.text(alphabet="0123456789 -+(). /\u00a0", max_size=60), st.sampled_from(["", "call me on ", "+", "00"])
)
def test_few_digits_are_no_phone(text: str, before: str) -> None:
    """What is passed over for its digits holds no phone number when it is looked at in full."""
    found = [
        match.span()
        for match in detect._PHONE.finditer(before + text)
        if detect._is_phone(before + text, match)
    ]
    found += [match.span() for match in detect._CALLED.finditer(before + text)]
    assert not found or detect._ENOUGH_DIGITS.search(before + text)


@pytest.mark.parametrize(
    "part",
    [
        "1",
        "1 ",
        "4111 ",
        "4 1 1 1 ",
        "@",
        "a@",
        "a.",
        "a@a.",
        "DE12",
        "DE12 ",
        "+1",
        "00 ",
        "01 ",
        "(0",
        "phone ",
        "0 1",
    ],
)
def test_hostile_texts_take_linear_time(part: str) -> None:
    """Sixty kilobytes made to mislead a detector are done in a moment."""
    text = part * (60_000 // len(part))
    begun = time.process_time()
    mask(text)
    assert time.process_time() - begun < 0.6


def test_each_name_has_a_detector() -> None:
    """What rules may ask for is what texts are searched for."""
    assert tuple(DETECTORS) == DETECTED
