"""Kinds of values that rule and case files hold, as pydantic checks them."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from zdsync.rules.spellings import read_mode


def as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _mode(value: object) -> object:
    if read_mode(str(value)) is None:
        message = "must be live, shadow, or a share such as 10%"
        raise ValueError(message)
    return str(value)


def _day(value: object) -> object:
    try:
        return date.fromisoformat(str(value))
    except ValueError as err:
        message = "must be a date such as 2026-12-31"
        raise ValueError(message) from err


def _tag(value: str) -> str:
    if value != value.casefold() or re.search(r"[\s,\"]", value):
        message = f"'{value}' cannot be a tag: tags are lower case without spaces"
        raise ValueError(message)
    return value


def scalars(value: object) -> object:
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int | float | bool) for item in items):
        message = "must be a value or a list of values"
        raise ValueError(message)
    return items


Text = Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=10_000)]
Title = Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=100)]
"""Of a view. No reference says how long one may be; longer ones do not fit the list that agents see."""
Texts = Annotated[list[Text], BeforeValidator(as_list)]
Tag = Annotated[Text, AfterValidator(_tag)]
Tags = Annotated[list[Tag], BeforeValidator(as_list)]
Conditions = Annotated[list[Any], Field(min_length=1)]
Scalars = Annotated[Any, BeforeValidator(scalars)]
Mode = Annotated[str, BeforeValidator(_mode)]
Date = Annotated[date, BeforeValidator(_day)]
Day = Annotated[date | None, BeforeValidator(_day)]


class Shape(BaseModel):
    """A block whose keys are all known."""

    model_config = ConfigDict(extra="forbid", strict=True)
