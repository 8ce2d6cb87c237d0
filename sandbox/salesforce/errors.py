"""Salesforce's refusals: a code, a sentence and the fields, with the status each code travels under."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.wire import Response

_STATUS = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "UNSUPPORTED_API_VERSION": 410,
    "PRECONDITION_FAILED": 412,
    "URI_TOO_LONG": 414,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "UNKNOWN_EXCEPTION": 500,
}


class ApiError(Exception):
    """A refusal; the status follows from the code unless it is given."""

    def __init__(self, code: str, message: str, fields: Iterable[str] | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)
        self.status = status or _STATUS.get(code, 400)

    def to_json(self) -> dict[str, Any]:
        """The form at the top level of an answer."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = self.fields
        return body

    def to_row(self) -> dict[str, Any]:
        """The form within the result of one record of many."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}

    def response(self) -> Response:
        return Response.of_json([self.to_json()], self.status)


class SeveralMatches(ApiError):
    """More than one record has the key that should lead to one; `ids` are theirs."""

    def __init__(self, key: str, ids: list[str]) -> None:
        message = f"{key}: more than one record found for external id field: [{', '.join(ids)}]"
        super().__init__("DUPLICATE_EXTERNAL_ID", message, [])
        self.ids = ids


def not_found() -> ApiError:
    return ApiError("NOT_FOUND", "The requested resource does not exist")


def no_such_column(field: str, sobject: str) -> ApiError:
    return ApiError("INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject}")


def read_only_fields(fields: list[str]) -> ApiError:
    return ApiError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(fields)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        fields,
    )


def bad_json(message: str) -> ApiError:
    return ApiError("JSON_PARSER_ERROR", message)


def missing_record(status: int = 404) -> ApiError:
    return ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [], status)


def not_accessible(fields: Iterable[str] = ()) -> ApiError:
    """The refusal of a write to, or a reference to, what the user cannot see."""
    message = "insufficient access rights on cross-reference id"
    return ApiError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, fields)


def deleted_record() -> ApiError:
    return ApiError("ENTITY_IS_DELETED", "entity is deleted", [])
