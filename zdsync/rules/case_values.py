"""Values in test cases, by the names that rules use, become what the API has: ids for names, tags for options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from zdsync.account import Account, RecordField
from zdsync.detect import TextFilter
from zdsync.model import FieldValue
from zdsync.rules.fields import Field, Kind, fold_name, misfits, to_moment
from zdsync.rules.findings import Check, nearest
from zdsync.rules.model import Condition, Operator
from zdsync.rules.settings import UnfitError, field_value
from zdsync.rules.tree import Path, Value
from zdsync.rules.vocabulary import Vocabulary, plain

_WORDS = frozenset(
    {"status", "type", "priority", "channel", "recipient", "satisfaction", "subject", "description"}
)
_IDS: Mapping[str, str] = {
    "group": "group_id",
    "assignee": "assignee_id",
    "brand": "brand_id",
    "form": "form_id",
    "custom_status": "custom_status_id",
}
DATES = frozenset({"created_at", "updated_at", "due_at"})
_ELSEWHERE: Mapping[str, str] = {
    "text": "write subject, description, or a `reply:` under `history:`",
    "comment": "write a `reply:` or `note:` under `history:`",
    "attachments": "files come with the ticket or with an entry of `history:`",
    "requester": "write what matters of the requester under `requester:`",
    "organization": "write what matters of the organization under `organization:`",
    "language": "write `language:` under `requester:`",
    **dict.fromkeys(
        ("replies", "reopens", "group_stations", "assignee_stations"),
        "it is counted: write what happened under `history:`",
    ),
    "sla.breached": "it is a matter of the whole ticket: write it under `ticket:`",
    **dict.fromkeys(
        ("previous_tier", "moves", "in_business_hours"),
        "it follows from `at:` and what happened under `history:`",
    ),
}
_TEXTS = frozenset({"subject", "description"})
_FREE_TEXT = frozenset({"text", "textarea"})


Tell = Callable[[Check, Path, str], None]
"""Records a fault of what stands at a path of the case."""


class ValueReader:
    """Reads the values of one case; `found` are the detectors that saw something in its texts."""

    def __init__(self, account: Account, vocabulary: Vocabulary, text_filter: TextFilter, tell: Tell) -> None:
        self._account = account
        self._vocabulary = vocabulary
        self._filter = text_filter
        self._add = tell
        self.found: set[str] = set()

    def read(self, name: str, value: Value, place: Path) -> tuple[str, FieldValue | datetime] | None:
        """The API's name and value; None, with a problem, when it is faulty."""
        word = plain(name)
        field = self._vocabulary.find(name)
        if word in _ELSEWHERE or (field is not None and "." in word):
            remedy = _ELSEWHERE.get(word) or f"write it under `{word.partition('.')[0]}:`"
            self._add(Check.WRONG_VALUE, place, f"'{name}' cannot be set: {remedy}")
            return None
        if field is None:
            self._unknown(name, place)
            return None
        is_empty = value is None or (field.nothing is not None and fold_name(value) == "none")
        if not is_empty and not self._suits(field, value, place):
            return None
        if word in _WORDS:
            text = str(value)
            return word, None if is_empty else self.keep(text) if word in _TEXTS else text
        if word in DATES:
            return word, None if is_empty else to_moment(str(value))
        if word in _IDS:
            return _IDS[word], None if is_empty else self._id(word, value)
        return self._custom(name, value, place)

    def keep(self, text: str) -> str:
        """What the mirror keeps of a text; detectors have looked at all of it."""
        kept, hits = self._filter(text)
        self.found |= set(hits)
        return kept

    def _suits(self, field: Field, value: Value, place: Path) -> bool:
        values = tuple(value) if isinstance(value, list) else (value,)
        operator = Operator.INCLUDES if field.kind is Kind.TAGS else Operator.IS
        faults = misfits(field, Condition(field.name, operator, values))  # type: ignore[arg-type]
        for check, message in faults:
            self._add(check, place, message)
        return not faults

    def _id(self, word: str, value: Value) -> int | None:
        """The id of the group, brand and so on of that name, which is known to be there."""
        wanted = fold_name(value)
        if word == "assignee":
            people = self._account.staff.values()
            return next(
                (p.id for p in people if wanted in {fold_name(p.name), fold_name(p.email or ""), str(p.id)}),
                None,
            )
        groups = tuple(group for group in self._account.groups if not group.is_deleted)
        things: Mapping[str, Sequence[Any]] = {
            "group": groups,
            "brand": self._account.brands,
            "form": self._account.forms,
            "custom_status": self._account.custom_statuses,
        }
        return next((t.id for t in things[word] if wanted in {fold_name(t.name), str(t.id)}), None)

    def _custom(self, name: str, value: Value, place: Path) -> tuple[str, FieldValue] | None:
        field = self._vocabulary.find_settable(name)
        assert field is not None, "every other field of a ticket is named above"
        if value is None:
            return str(int(field.id)), None
        try:
            found = field_value(field, tuple(value) if isinstance(value, list) else value)  # type: ignore[arg-type]
        except UnfitError as err:
            self._add(Check.WRONG_VALUE, place, f"'{name[:80]}' {err}")
            return None
        is_text = field.type in _FREE_TEXT and isinstance(found, str)
        return str(int(field.id)), self.keep(str(found)) if is_text else found

    def _unknown(self, name: str, place: Path) -> None:
        hint = nearest(name, self._vocabulary.names())
        self._add(Check.UNKNOWN_FIELD, place, f"unknown field '{name[:80]}'{hint}")

    def read_record(
        self, record: str, given: Mapping[str, tuple[str, Value]], known: Sequence[RecordField]
    ) -> dict[str, FieldValue]:
        """The custom fields of the requester or the organization, by key."""
        by_name = {plain(name): field for field in known for name in (field.title, field.key)}
        values: dict[str, FieldValue] = {}
        for word, (name, value) in given.items():
            field = by_name.get(word)
            if field is None:
                told = f"unknown field '{name[:80]}' of the {record}"
                self._add(Check.UNKNOWN_FIELD, (record, name), f"{told}{nearest(name, by_name)}")
            elif value is not None:
                try:
                    values[field.key] = field_value(field, tuple(value) if isinstance(value, list) else value)  # type: ignore[arg-type]
                except UnfitError as err:
                    self._add(Check.WRONG_VALUE, (record, name), f"'{name[:80]}' {err}")
        return values
