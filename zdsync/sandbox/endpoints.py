"""One operation of the API, and the table that operations are gathered in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from zdsync.sandbox.answers import Reply

Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `buckets` name the limits it counts in; `{id}` of the path is their subject."""

    methods: tuple[str, ...]
    path: str
    handler: Handler
    buckets: tuple[str, ...] = ()
    resource: str = ""
    admin: bool = False
    only_global: bool = False
    open_to_all: bool = False

    @property
    def name(self) -> str:
        return f"{'|'.join(self.methods)} {self.path}"


@dataclass(slots=True)
class Endpoints:
    """The operations in the order they were added; `defaults` go into each that follows."""

    found: list[Endpoint] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)

    def add(self, methods: str, path: str, handler: Handler, *buckets: str, **more: Any) -> None:
        """Add an operation; the OAuth resource is the path's first word unless `resource` names another."""
        given = {"resource": path.split("/")[1]} | self.defaults | more
        self.found.append(Endpoint(tuple(methods.split()), path, handler, buckets, **given))

    def get(self, path: str, handler: Handler, *buckets: str, **more: Any) -> None:
        self.add("GET", path, handler, *buckets, **more)

    def post(self, path: str, handler: Handler, *buckets: str, **more: Any) -> None:
        self.add("POST", path, handler, *buckets, **more)

    def put(self, path: str, handler: Handler, *buckets: str, **more: Any) -> None:
        self.add("PUT", path, handler, *buckets, **more)

    def delete(self, path: str, handler: Handler, *buckets: str, **more: Any) -> None:
        self.add("DELETE", path, handler, *buckets, **more)

    def having(self, **defaults: Any) -> Endpoints:
        """The same table, with defaults for what is added through it."""
        return Endpoints(self.found, self.defaults | defaults)
