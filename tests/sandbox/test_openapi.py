"""Answers satisfy Zendesk's official OpenAPI document, where a copy is at hand."""

from __future__ import annotations

import gzip
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.sandbox.conftest import Api

PATH = os.environ.get("ZDSYNC_ZENDESK_OAS", "")

pytestmark = pytest.mark.skipif(not PATH, reason="ZDSYNC_ZENDESK_OAS names no OpenAPI document")

PATHS = (
    "tickets?per_page=50",
    "tickets/show_many?ids={tickets}",
    "tickets/{ticket}",
    "tickets/{ticket}/comments",
    "tickets/{ticket}/audits",
    "tickets/{ticket}/tags",
    "ticket_metrics?per_page=20",
    "users?per_page=50",
    "users/{user}",
    "users/me",
    "organizations?per_page=50",
    "groups",
    "group_memberships?per_page=50",
    "views",
    "views/definitions",
    "brands",
    "custom_statuses",
    "ticket_forms",
    "ticket_fields",
    "triggers",
    "automations",
    "macros",
    "slas/policies",
    "satisfaction_ratings?per_page=50",
    "deleted_tickets",
    "job_statuses",
    "tags",
    "search?query=type:ticket",
    "tickets/count",
    "tickets/recent",
    "tickets/{ticket}/related",
    "tickets/{ticket}/incidents",
    "tickets/{ticket}/followers",
    "tickets/{ticket}/email_ccs",
    "tickets/{ticket}/collaborators",
    "tickets/{ticket}/comments/count",
    "tickets/{ticket}/skips",
    "problems",
    "skips",
    "requests",
    "search/count?query=type:ticket",
    "search/export?query=&filter[type]=ticket&page[size]=50",
    "users/{user}/related",
    "users/{user}/identities",
    "users/{user}/groups",
    "users/{user}/organizations",
    "users/{user}/organization_memberships",
    "users/{user}/tags",
    "users/count",
    "deleted_users",
    "organization_memberships?per_page=20",
    "organizations/count",
    "activities",
    "audit_logs",
    "suspended_tickets",
    "recipient_addresses",
    "targets",
    "sharing_agreements",
    "dynamic_content/items",
    "workspaces",
    "deletion_schedules",
    "organization_subscriptions",
    "brand_agents",
    "locales",
    "custom_roles",
    "account/settings",
    "tags/count",
    "queues",
    "queues/definitions",
    "routing/attributes",
    "routing/attributes/definitions",
    "routing/tickets/{ticket}/instance_values",
    "incremental/routing/attributes",
    "incremental/routing/attribute_values",
    "incremental/routing/instance_values",
    "trigger_categories",
    "triggers/definitions",
    "triggers/search?query=phone",
    "slas/policies/definitions",
    "macros/actions",
    "macros/categories",
    "satisfaction_reasons",
    "satisfaction_ratings/count",
    "views/compact",
    "views/count_many?ids=1",
    "incremental/tickets/sample?start_time=0",
    "incremental/ticket_metric_events?start_time=0&page[size]=100",
    "incremental/users/cursor?start_time=0&include=identities",
    "incremental/tickets/cursor?start_time=0&per_page=100",
    "incremental/tickets?start_time=0&per_page=100",
    "incremental/users/cursor?start_time=0&per_page=100",
    "incremental/users?start_time=0&per_page=100",
    "incremental/organizations?start_time=0",
    "incremental/ticket_metric_events?start_time=0&per_page=1000",
)


class Loader(yaml.SafeLoader):
    """Reads the bare `=` and times as text."""


def as_text(loader: Loader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


for kind in ("value", "timestamp"):
    Loader.add_constructor(f"tag:yaml.org,2002:{kind}", as_text)


def mend(node: Any) -> Any:
    """The document with the corrections that recorded traffic needs: null everywhere, oneOf as anyOf."""
    if isinstance(node, list):
        return [mend(item) for item in node]
    if not isinstance(node, dict):
        return node
    fixed = {key: mend(value) for key, value in node.items()}
    if isinstance(fixed.get("oneOf"), list):
        fixed["anyOf"] = fixed.pop("oneOf")
    if isinstance(fixed.get("type"), str):
        fixed["type"] = [fixed["type"], "null"]
        if isinstance(fixed.get("enum"), list):
            fixed["enum"] = [*fixed["enum"], None]
    fixed.pop("format", None)
    if {"field", "operator", "value"} <= fixed.keys():
        # Conditions were recorded with texts, booleans, numbers, lists and null.
        fixed["value"] = {}
    return fixed


@cache
def document() -> Any:
    data = Path(PATH).read_bytes()
    text = gzip.decompress(data) if PATH.endswith(".gz") else data
    spec = mend(yaml.load(text, Loader))
    schemas = spec["components"]["schemas"]
    schemas["TicketObject"]["properties"]["status"]["enum"].append("deleted")
    schemas["JobStatusObject"]["properties"]["results"] = {}
    return spec


@cache
def registry() -> Registry[Any]:
    empty: Registry[Any] = Registry()
    filled: Registry[Any] = empty.with_resource("urn:oas", DRAFT4.create_resource(document()))
    return filled


def pointer(path: str) -> str | None:
    """Where the document keeps the schema of a path's answer."""
    bare = "/api/v2/" + path.split("?", maxsplit=1)[0]
    best: str | None = None
    for template, methods in document()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if "get" in methods and re.fullmatch(pattern, bare) and (best is None or "{" not in template):
            best = template
    if best is None:
        return None
    return f"urn:oas#/paths/{best.replace('/', '~1')}/get/responses/200/content/application~1json/schema"


@pytest.mark.parametrize("path", PATHS)
def test_answer_satisfies_the_document(large: Api, path: str) -> None:
    """Every body validates against the schema of its operation."""
    tickets = [t.id for t in large.sandbox.world.tickets.values() if not t.is_deleted][:5]
    user = next(iter(large.sandbox.world.users))
    filled = path.format(tickets=",".join(map(str, tickets)), ticket=tickets[0], user=user)
    found = pointer(filled)
    assert found is not None, f"the document has no {filled}"
    validator = Draft4Validator({"$ref": found}, registry=registry())
    problems = list(validator.iter_errors(large.get(filled)))
    assert not problems, "\n".join(f"{list(p.absolute_path)}: {p.message[:200]}" for p in problems[:8])
