"""What a handler gives back: a reply, or one of Zendesk's several error bodies raised as an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """A JSON answer; `body` None means no content."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error answer with the body Zendesk gives for it (developer.zendesk.com, per-endpoint pages)."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}

    @property
    def details(self) -> str:
        """The error in one sentence, as the lines of jobs give it."""
        if not isinstance(self.body, dict):
            return str(self.body)
        details = self.body.get("details")
        if isinstance(details, dict):
            return ", ".join(item["description"] for items in details.values() for item in items)
        return str(self.body.get("description") or self.body.get("error"))


def not_found() -> ApiError:
    return ApiError(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid_endpoint() -> ApiError:
    return ApiError(404, {"error": "InvalidEndpoint", "description": "Not found"})


def unauthenticated() -> ApiError:
    return ApiError(401, {"error": "Couldn't authenticate you"})


def forbidden(message: str = "You do not have access to this page.") -> ApiError:
    return ApiError(403, {"error": {"title": "Forbidden", "message": message}})


def invalid_attribute(name: str, should_be: str, where: str) -> ApiError:
    message = (
        f"You passed an invalid value for the {name} attribute. "
        f"Invalid parameter: {name} must be {should_be} from {where}"
    )
    return ApiError(400, {"error": {"title": "Invalid attribute", "message": message}})


def bad_paging(code: str, detail: str) -> ApiError:
    return ApiError(400, {"errors": [{"code": code, "title": detail, "detail": detail}]})


def bad_request(description: str, error: str = "BadRequest") -> ApiError:
    return ApiError(400, {"error": error, "description": description})


def too_many_values(limit: int = 100) -> ApiError:
    description = f"Parameter  cannot specify more than {limit} values"
    return ApiError(400, {"error": "TooManyValues", "description": description, "max_count": limit})


def record_invalid(details: dict[str, list[Json]]) -> ApiError:
    return ApiError(
        422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    )


def invalid(name: str, description: str, code: str = "InvalidValue") -> ApiError:
    """422 for one field, as `details` lists it."""
    return record_invalid({name: [{"description": description, "error": code}]})
