"""Detectors for payment cards, IBANs, e-mail addresses and phone numbers, and the masking of what they find."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Span = tuple[int, int]
Bodies = Literal["full", "masked", "none"]


@dataclass(frozen=True, slots=True)
class Detector:
    """Finds one kind of sensitive data; `version` grows whenever it would find something else in the same text.

    `find` yields spans from left to right that do not overlap, in time linear in the text.
    """

    name: str
    version: int
    placeholder: str
    find: Callable[[str], Iterator[Span]]


class TextFilter:
    """What the mirror keeps of a text: all of it, all but what detectors find, or nothing.

    Detection runs whatever is kept. `version` is that of the detectors together: a finding made under another
    version says nothing about what this one would find.
    """

    def __init__(self, bodies: Bodies) -> None:
        if bodies not in ("full", "masked", "none"):
            message = f"bodies must be full, masked or none, not {bodies!r}"
            raise ValueError(message)
        self.bodies = bodies
        self.version = sum(detector.version for detector in DETECTORS.values())

    def __call__(self, text: str) -> tuple[str, Mapping[str, int]]:
        """The text to keep, and how often each detector (by name, only those with hits) found something."""
        if "@" not in text and not _ENOUGH_DIGITS.search(text) and not _NEAR_IBAN.search(text):
            return ("" if self.bodies == "none" else text), {}
        masked, hits = mask(text)
        kept = {"full": text, "masked": masked, "none": ""}[self.bodies]
        return kept, hits


def mask(text: str) -> tuple[str, Mapping[str, int]]:
    """`text` with a typed placeholder for each find, and the number of finds by detector."""
    hits: dict[str, int] = {}
    for detector in DETECTORS.values():
        spans = tuple(detector.find(text))
        if spans:
            hits[detector.name] = len(spans)
            text = _replace(text, spans, detector.placeholder)
    return text, hits


def _replace(text: str, spans: tuple[Span, ...], placeholder: str) -> str:
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], placeholder]
        position = end
    return "".join((*parts, text[position:]))


_ENOUGH_DIGITS = re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){6}")
"""The fewest digits of a phone number, no further apart than it allows, and fewer than a card's; one text in twenty has
them."""
_NEAR_IBAN = re.compile(r"[0-9][0-9](?<=[A-Za-z]{2}[0-9]{2})")
"""What an IBAN begins with, looked for by its digits, which are rarer than letters."""


# Payment cards.

_RUN = re.compile(r"(?<![0-9])[0-9]++(?:[ \-.\u00a0\u2009\u2011\u202f][0-9]++)*+")
_GROUP = re.compile(r"[0-9]+")
_ATTACHED = re.compile(r"(?:[^\W\d_]|_|[^\W\d_]-)\Z")
_ISSUERS: tuple[tuple[re.Pattern[str], frozenset[int]], ...] = tuple(
    (re.compile(pattern), frozenset(lengths))
    for pattern, lengths in (
        (r"4", (13, 16, 19)),  # Visa
        (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        (r"3[47]", (15,)),  # American Express
        (r"6011|64[4-9]|65", (16, 17, 18, 19)),  # Discover
        (r"62|81", (16, 17, 18, 19)),  # UnionPay
        (r"35(?:2[89]|[3-8])", (16, 17, 18, 19)),  # JCB
        (r"3(?:0[0-5]|095|6|8|9)", (14, 16, 17, 18, 19)),  # Diners Club
        (r"50(?:18|20|38)|5893|6304|6759|676[1-3]", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
        (r"220[0-4]", (16, 17, 18, 19)),  # Mir
        (r"508|60|82|9792|5019", (16,)),  # RuPay, Troy, Dankort
    )
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_MOST_GROUPS = 7
_SHORTEST, _LONGEST = 13, 19


def find_cards(text: str) -> Iterator[Span]:
    """Spans of payment card numbers: known issuer, right length, right check digit, grouped or in one piece.

    Digits that hang on a word (`ORD-4111…`) are somebody's reference, not a card.
    Source: ISO/IEC 7812-1 (numbering and check digit); issuer ranges as the card schemes publish them.
    """
    if not _ENOUGH_DIGITS.search(text):
        return
    for run in _RUN.finditer(text):
        if run.end() - run.start() >= _SHORTEST and not _ATTACHED.search(
            text, max(0, run.start() - 2), run.start()
        ):
            yield from _cards_in(text, [match.span() for match in _GROUP.finditer(text, *run.span())])


def _cards_in(text: str, groups: list[Span]) -> Iterator[Span]:
    if len(groups) > _MOST_GROUPS and all(end - start == 1 for start, end in groups):
        groups_of_one = "".join(text[start] for start, _ in groups)
        if _is_card(groups_of_one):
            yield groups[0][0], groups[-1][1]
        return
    first = 0
    while first < len(groups):
        last = _card_from(text, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _card_from(text: str, groups: list[Span], first: int) -> int | None:
    """The last group of the card that begins with group `first`; None when none does."""
    digits = ""
    found = None
    for index in range(first, min(first + _MOST_GROUPS, len(groups))):
        start, end = groups[index]
        if len(digits) + end - start > _LONGEST:
            break
        digits += text[start:end]
        if _is_card(digits):
            found = index
    return found


def _is_card(digits: str) -> bool:
    if not _SHORTEST <= len(digits) <= _LONGEST:
        return False
    known = any(len(digits) in lengths and issuer.match(digits) for issuer, lengths in _ISSUERS)
    return known and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


# IBANs.

_IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}(?=[ \-\u00a0]?[0-9A-Za-z])")
_IBAN_LENGTHS: Mapping[str, int] = {
    country: int(length)
    for length, countries in (
        pair.split(":")
        for pair in (
            "15:NO 16:BE 18:DK,FI,FK,FO,GL,NL,SD 19:MK,SI 20:AT,BA,EE,KZ,LT,LU,MN,XK 21:CH,CR,HR,LI,LV "
            "22:BG,BH,DE,GB,GE,IE,ME,RS,VA 23:AE,GI,IL,IQ,OM,SO,TL 24:AD,CZ,ES,MD,PK,RO,SA,SE,SK,TN,VG "
            "25:LY,PT,ST 26:IS,TR 27:BI,DJ,FR,GR,IT,MC,MR,SM 28:AL,AZ,BY,CY,DO,GT,HU,LB,NI,PL,SV "
            "29:BR,EG,PS,QA,UA 30:JO,KW,MU,YE 31:MT,SC 32:LC 33:RU"
        ).split()
    )
    for country in countries.split(",")
}
"""Length by country.  Source: SWIFT, "IBAN Registry"."""


def find_ibans(text: str) -> Iterator[Span]:
    """Spans of international bank account numbers of the right length with a right checksum.

    Source: ISO 13616-1 (structure), ISO/IEC 7064 MOD 97-10 (checksum).
    """
    if not _NEAR_IBAN.search(text):
        return
    taken = 0
    for start in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(start.group()[:2].upper())
        if length is None or start.start() < taken:
            continue
        end = _iban_end(text, start.start(), length)
        if end is not None:
            taken = end
            yield start.start(), end


def _iban_end(text: str, start: int, length: int) -> int | None:
    """Where the IBAN of `length` characters that begins at `start` ends; None when there is none."""
    position, compact = start, ""
    while len(compact) < length and position < len(text):
        if text[position] in " -\u00a0" and compact and text[position - 1] not in " -\u00a0":
            position += 1
            continue
        if not (text[position].isascii() and text[position].isalnum()):
            return None
        compact += text[position]
        position += 1
    if len(compact) < length or text[position : position + 1].isalnum():
        return None
    rearranged = compact[4:] + compact[:4]
    return position if int("".join(str(int(c, 36)) for c in rearranged)) % 97 == 1 else None


# E-mail addresses.

_EMAIL = re.compile(
    r"(?<![\w.%+'-])[\w.%+'-]{1,64}+@"
    r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}"
    r"[^\W\d_][\w-]{1,23}(?![\w-])"
)


def find_emails(text: str) -> Iterator[Span]:
    """Spans of e-mail addresses, those with letters beyond ASCII too."""
    if "@" in text:
        yield from (match.span() for match in _EMAIL.finditer(text))


# Phone numbers.

_GAP = r"[ .\-/\u00a0\u2011]"
_DIGITS = rf"(?:{_GAP}?\(?[0-9]\)?){{7,15}}+"
_DIALLED_ABROAD = rf"00{_GAP}?(?=[1-9]){_DIGITS}"
_NORTH_AMERICAN = r"(?:1[ .\-])?(?:\([2-9][0-9]{2}\)[ ]?|[2-9][0-9]{2}(?P<gap>[ .\-]))[0-9]{3}[ .\-][0-9]{4}"
_TRUNK = rf"\(?0[1-9][0-9]{{0,4}}\)?(?:{_GAP}[0-9]{{2,8}}){{1,5}}|0[1-9][0-9]{{8,9}}"
_PHONE = re.compile(
    rf"(?<![\w+#])(?<![0-9][.,:/\-])(?:\+{_DIGITS}|(?<![0-9] )(?:{_DIALLED_ABROAD}|{_NORTH_AMERICAN}|{_TRUNK}))(?!\w)(?![.,:/\-][0-9])"
)
_CALLED = re.compile(
    r"(?<!\w)(?:phone|telephone|telefon|tel|mobile|mobil|cell|call|ring|fax|whatsapp|sms|handy|tél|teléfono)"
    r"\W{1,3}(?:(?:me|us|number|nummer|no|nr|is|on|at)\W{1,3}){0,3}"
    rf"(?P<number>[0-9](?:{_GAP}?\(?[0-9]\)?){{6,14}}+)(?!\w)(?![.,:/\-][0-9])",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?<!\w)(?:order|ticket|invoice|account|reference|ref|case|id|sku|serial|tracking|parcel|po|rma|bestellung"
    r"|rechnung|version|v)\W{0,3}(?:(?:number|nummer|no|nr|id|is)\W{0,3})?\Z",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![0-9])(?:[0-9]{1,2}([./\-])[0-9]{1,2}\1[0-9]{4}|[0-9]{4}([./\-])[0-9]{1,2}\2[0-9]{1,2})(?![0-9])"
)
_DIGIT = re.compile(r"[0-9]")
_LOOK_BACK = 40


def find_phones(text: str) -> Iterator[Span]:
    """Spans of phone numbers: international ones, common national forms, and digits that are introduced as a phone.

    Numbers introduced as an order, invoice, ticket or the like are left, and so are dates, versions and prices.
    Source: ITU-T E.164 (at most 15 digits); national forms as the numbering plans of the regions write them.
    """
    if not _ENOUGH_DIGITS.search(text):
        return
    spans = [match.span() for match in _PHONE.finditer(text) if _is_phone(text, match)]
    spans += [match.span("number") for match in _CALLED.finditer(text) if not _DATE.match(match["number"])]
    taken = 0
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= taken:
            taken = end
            yield start, end


def _is_phone(text: str, match: re.Match[str]) -> bool:
    number = match.group()
    digits = len(_DIGIT.findall(number))
    if _DATE.search(number) or _REFERENCE.search(text, max(0, match.start() - _LOOK_BACK), match.start()):
        return False
    fewest, most = (7, 17) if number.startswith(("+", "00")) else (9, 12)
    return fewest <= digits <= most


DETECTORS: Mapping[str, Detector] = {
    detector.name: detector
    for detector in (
        Detector("payment_card", 1, "[card]", find_cards),
        Detector("iban", 1, "[iban]", find_ibans),
        Detector("email", 1, "[email]", find_emails),
        Detector("phone", 1, "[phone]", find_phones),
    )
}
"""By name, in the order in which they mask: what one has taken the next no longer sees."""
