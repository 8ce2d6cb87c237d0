"""The error bodies of the portal. Every field of a body but the message is optional for clients."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.wire import Response

_SCOPE_HELP = "https://developers.hubspot.com/scopes"


class HubspotError(Exception):
    """Raised by a handler; `response()` is what goes out, and the request's writes are rolled back.

    `category` "" leaves it out, as HubSpot does here and there.
    """

    def __init__(self, status: int, message: str, category: str = "VALIDATION_ERROR", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.more = more

    def body(self) -> dict[str, Any]:
        return {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            **({"category": self.category} if self.category else {}),
            **self.more,
        }

    def response(self) -> Response:
        return Response.of_json(self.body(), self.status)

    def entry(self, context: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The error as one of the `errors` of a 207 answer."""
        more = {name: value for name, value in self.more.items() if name in ("subCategory", "errors")}
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": {**self.more.get("context", {}), **{key: list(ids) for key, ids in context.items()}},
            "errors": [],
            "links": {},
            **more,
        }


class InvalidValues(HubspotError):
    """400 for property values; each problem is (property, code, sentence)."""

    def __init__(self, problems: Iterable[tuple[str, str, str]]) -> None:
        listed = [
            {"isValid": False, "message": message, "error": code, "name": name, "localizedErrorMessage": message}
            for name, code, message in problems
        ]
        errors = [
            {"message": item["message"], "code": item["error"], "context": {"propertyName": [item["name"]]}}
            for item in listed
        ]
        text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
        super().__init__(400, f"Property values were not valid: {text}", errors=errors)


def bad_request(message: str, **more: Any) -> HubspotError:
    return HubspotError(400, message, **more)


def not_found(message: str = "resource not found", **more: Any) -> HubspotError:
    return HubspotError(404, message, "OBJECT_NOT_FOUND", **more)


def conflict(message: str) -> HubspotError:
    return HubspotError(409, message, "CONFLICT")


def missing_scopes(scopes: Sequence[str]) -> HubspotError:
    return HubspotError(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        f"{_SCOPE_HELP}.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": _SCOPE_HELP},
    )


def no_permission() -> HubspotError:
    return HubspotError(403, "The user does not have permission to make this change.", "USER_DOES_NOT_HAVE_PERMISSIONS")


_LIMITS = {
    "TEN_SECONDLY_ROLLING": "ten_secondly_rolling limit",
    "SECONDLY": "secondly limit",
    "DAILY": "daily limit",
}


def rate_limited(policy: str, retry_after_s: int | None, more: Mapping[str, str]) -> Response:
    """The 429 of one of the three policies, with or without a word on how long to wait."""
    body = {
        "status": "error",
        "message": f"You have reached your {_LIMITS[policy]}.",
        "errorType": "RATE_LIMIT",
        "correlationId": str(uuid.uuid4()),
        "policyName": policy,
        **more,
    }
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response.of_json(body, 429, headers)
