"""The seeded organizations and customers."""

from __future__ import annotations

from random import Random

from zdsync.sandbox.records import Organization, User
from zdsync.sandbox.seed.texts import texts
from zdsync.sandbox.world import World

_PLANS = (("free", 0), ("starter", 90), ("starter", 250), ("pro", 600), ("pro", 900), ("enterprise", 4000))
_ZONES = (
    ("London", "Europe/London", "en-GB"),
    ("London", "Europe/London", "en-GB"),
    ("Eastern Time (US & Canada)", "America/New_York", "en-US"),
    ("Berlin", "Europe/Berlin", "de"),
    ("Paris", "Europe/Paris", "fr"),
    ("Madrid", "Europe/Madrid", "es"),
    ("Brasilia", "America/Sao_Paulo", "pt-br"),
    ("Tokyo", "Asia/Tokyo", "ja"),
)


def seed_organizations(world: World, random: Random, count: int, started: int) -> list[Organization]:
    """Companies with a plan, a revenue and a domain."""
    names: list[str] = texts()["companies"]
    found = []
    for number in range(count):
        stem = names[number % len(names)]
        name = stem if number < len(names) else f"{stem} {number // len(names) + 1}"
        plan, mrr = _PLANS[number % len(_PLANS)]
        domain = "".join(letter for letter in name.lower() if letter.isalnum()) + ".example"
        row = Organization(
            id=world.new_id(),
            name=name,
            created=started,
            updated=started + number,
            domain_names=(domain,),
            tags=("beta",) if number % 7 == 3 else (),
            external_id=f"crm-{1000 + number}",
            fields={"plan": plan, "mrr": mrr + random.randrange(100) if mrr else 0, "renewal": None},
        )
        found.append(world.add_organization(row))
    return found


def seed_customers(
    world: World, random: Random, organizations: list[Organization], count: int, started: int
) -> list[User]:
    """End users: most in a company, some suspended, some without an e-mail address."""
    t = texts()
    first, last = t["first_names"], t["last_names"]
    found = []
    for number in range(count):
        name = f"{random.choice(first)} {random.choice(last)}"
        chance = random.random()
        company = organizations[int(random.random() ** 1.6 * len(organizations))] if chance < 0.72 else None
        zone, iana, locale = _ZONES[random.randrange(len(_ZONES))]
        domain = company.domain_names[0] if company else "mail.example"
        mailbox = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())
        user = User(
            id=world.new_id(),
            name=name,
            email=None if number % 25 == 24 else f"{mailbox}{number}@{domain}",
            role="end-user",
            created=started,
            updated=started + number % 86_400,
            organization_id=company.id if company else None,
            phone=f"+44 20 7946 {number % 10_000:04d}" if number % 5 == 0 else None,
            locale=locale,
            time_zone=zone,
            iana_time_zone=iana,
            is_suspended=number % 60 == 59,
            is_verified=number % 3 != 0,
            external_id=f"u-{number}" if number % 4 == 0 else None,
            fields={"job_title": None, "opted_out": number % 11 == 0},
        )
        found.append(world.add_user(user))
    return found
