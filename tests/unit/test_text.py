"""Folding: whole words, without case, in any script."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdsync.text import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", " "),
        ("...", " "),
        ("Error 500!", " error 500 "),
        ("It's well-known", " it s well known "),
        ("Straße", " strasse "),
        ("Cafe\u0301", " café "),
        ("返金", " 返 金 "),
        ("नमस्ते दुनिया", " नमस्ते दुनिया "),
        ("so angry 😡!", " so angry 😡 "),
        ("snake_case", " snake_case "),
        ("„5 µm“ – größer", " 5 μm grösser "),
        ("‘L’été’ coûte 5 €", " l été coûte 5 "),
    ],
)
def test_words_stand_alone_without_case(text: str, folded: str) -> None:
    """Words are case folded, composed, and separated by one space; scripts without spaces give a word per sign."""
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("phrase", "text", "stands"),
    [
        ("refund", "I want a REFUND.", True),
        ("refund", "non-refundable", False),
        ("error 500", "Error\n500 again", True),
        ("error 500", "error 5001", False),
        ("返金", "返金してください", True),
        ("คืนเงิน", "ฉันต้องการคืนเงิน", True),
        ("😡", "why 😡😡", True),
        ("keine", "alleinige", False),
    ],
)
def test_a_phrase_is_found_as_whole_words(phrase: str, text: str, stands: bool) -> None:
    """A phrase stands in a text exactly when its folded form stands in the folded text."""
    assert (fold(phrase) in fold(text)) is stands


@given(st.text(), st.text(), st.text())
def test_what_is_put_into_a_text_is_found_in_it(before: str, phrase: str, after: str) -> None:
    """Whatever surrounds a phrase as words of their own, it is found."""
    assert fold(phrase) in fold(f"{before}\n{phrase}\n{after}")


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_folding_twice_changes_nothing(text: str) -> None:
    """Folded text is its own folded form."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "text", ["a" * 60_000, "é" * 60_000, "a\u0301\u0323" * 20_000, "\U0001f600" * 60_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    """Sixty kilobytes of anything fold in well under a tenth of a second."""
    begun = time.process_time()
    fold(text)
    assert time.process_time() - begun < 0.1


def test_more_signs_than_are_remembered() -> None:
    """Every sign there is, at once: what is remembered of signs is bounded, and the words are right all the same."""
    fold("".join(map(chr, range(0x3A3, 0x30000))))
    assert fold("\U0002a700 ж") == " \U0002a700 ж "


@given(st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("?’—😡返\u0301"), max_size=30))
def test_the_quick_way_for_western_texts_finds_the_same_words(text: str) -> None:
    """A sign of another script anywhere sends the whole text the other way, and the words before it are the same."""
    assert fold(f"{text} 返") == f"{fold(text)}返 "
