"""Lengths of time as rules say them, and the clocks that reach them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Clock(StrEnum):
    """What a rule may wait for; each counts from a moment of the ticket's history."""

    UNANSWERED = "unanswered"
    """Since the oldest public comment of a customer that no person has answered publicly."""
    UNASSIGNED = "unassigned"
    IN_TIER = "in_tier"
    IN_STATUS = "in_status"
    OPEN_FOR = "open_for"
    """Time in new and open since the ticket was created."""
    SINCE_CREATED = "since_created"
    SINCE_UPDATED = "since_updated"
    """Since anybody but zdsync last did anything to it."""


STOPPING = frozenset({Clock.UNANSWERED, Clock.UNASSIGNED, Clock.IN_TIER, Clock.OPEN_FOR})
"""Clocks that stand still while the ticket is neither new nor open."""


class Unit(StrEnum):
    """What lengths are counted in; the business units count in the calendar of the ticket's tier."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_MINUTES = "business_minutes"
    BUSINESS_HOURS = "business_hours"
    BUSINESS_DAYS = "business_days"

    @property
    def is_business(self) -> bool:
        return self.value.startswith("business_")

    @property
    def seconds(self) -> int:
        """Its length in seconds; of a business day, which has none of its own, that of a whole day."""
        return {"minutes": 60, "hours": 3600, "days": 86_400}[self.value.removeprefix("business_")]


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time as rules say it, such as 4 business_hours; `amount` is whole and above 0."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        unit = self.unit.value.replace("_", " ")
        return f"{self.amount} {unit.removesuffix('s') if self.amount == 1 else unit}"
