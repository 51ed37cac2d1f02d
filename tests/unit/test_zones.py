"""Zendesk's names of time zones mean zones that exist."""

from __future__ import annotations

import pytest

from zdsync.zones import ZENDESK_ZONES, iana_name, iana_zones


def test_every_name_means_a_zone() -> None:
    """All 151 names of ActiveSupport, and one that it used to misspell."""
    assert len(ZENDESK_ZONES) == 152
    assert iana_zones().issuperset(ZENDESK_ZONES.values())


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("London", "Europe/London"),
        ("Edinburgh", "Europe/London"),
        ("Nuku'alofa", "Pacific/Tongatapu"),
        ("UTC", "Etc/UTC"),
        ("Australia/Lord_Howe", "Australia/Lord_Howe"),
        ("Atlantis", None),
        ("America", None),
        ("../zone", None),
        ("", None),
    ],
)
def test_names_of_either_kind_are_known(name: str, zone: str | None) -> None:
    """Zendesk's first, then IANA's; neither a folder of zones nor a path is one."""
    assert iana_name(name) == zone
