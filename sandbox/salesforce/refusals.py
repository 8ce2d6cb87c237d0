"""The error codes that the fault desk can raise, as a table, and the question whether one is to befall a row."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.row_faults import row_fault
from sandbox.salesforce.errors import ApiError

_ID = re.compile(r"\b[0-9A-Za-z]{3}[0-9A-Za-z]{12}[A-Z0-5]{3}\b")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error code with what it says. In a message {ids} stands for the ids and {query} for the query of the call."""

    code: str
    message: str
    says: str
    fields: tuple[str, ...] | None = None
    status: int | None = None
    variant: str = ""  # told apart from another error of the same code
    of_rows: bool = False

    @property
    def name(self) -> str:
        return f"salesforce.{self.code}{'.' * bool(self.variant)}{self.variant}"

    def error(self, told: str, message: str | None = None, fields: Sequence[str] | None = None) -> ApiError:
        """The refusal of a call or row, of which `told` is the text."""
        ids = list(dict.fromkeys(_ID.findall(told)))
        text = message or self.message.replace("{ids}", ",".join(ids) or "001000000000000AAA")
        text = text.replace("{count}", str(max(len(ids), 1)))
        return ApiError(self.code, text, self.fields if fields is None else fields, self.status)


def _data(code: str, message: str, says: str, *fields: str, status: int | None = None, variant: str = "") -> Refusal:
    """An error of a record, which may befall one of many."""
    return Refusal(code, message, says, fields, status, variant, of_rows=True)


CALLS = (
    Refusal("INVALID_SESSION_ID", "Session expired or invalid", "401: the access token is not or no longer good."),
    Refusal(
        "INVALID_SESSION_ID",
        "This session is not valid for use with the REST API",
        "401 with the same code, which no new login mends.",
        variant="not_for_rest",
    ),
    Refusal(
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
        "403: the daily limit is used up; stop for the day.",
        variant="daily",
    ),
    Refusal(
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        "403: too many long calls at once; try again soon.",
        variant="concurrent",
    ),
    Refusal("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", "403: the org has no API."),
    Refusal("NOT_FOUND", "The requested resource does not exist", "404: there is no such resource or record."),
    Refusal(
        "UNSUPPORTED_API_VERSION",
        "API version is retired. Use a newer version.",
        "410: the API version is retired (SOAP 500, Bulk v1 400 InvalidVersion).",
    ),
    Refusal("METHOD_NOT_ALLOWED", "HTTP Method not allowed.", "405: the resource has no such method."),
    Refusal("JSON_PARSER_ERROR", "Unexpected character at [line:1, column:1]", "400: the body is no JSON."),
    Refusal("MALFORMED_QUERY", "unexpected token: 'FORM'", "400: the SOQL is wrong."),
    Refusal(
        "INVALID_FIELD",
        "\n{query}\n       ^\nERROR at Row:1:Column:8\nNo such column 'Gone__c' on entity 'Contact'. If you are"
        " attempting to use a custom field, be sure to append the '__c' after the custom field name.",
        "400: a column of the query does not exist or is hidden from this user.",
    ),
    Refusal(
        "INVALID_TYPE",
        "\n{query}\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported. If you are"
        " attempting to use a custom object, be sure to append the '__c' after the entity name.",
        "400: the object of the query does not exist or is hidden from this user.",
    ),
    Refusal("INVALID_QUERY_LOCATOR", "invalid query locator", "400: the rest of a query can no longer be fetched."),
    Refusal(
        "QUERY_TIMEOUT",
        "Your query request was running for too long.",
        "400: the query took too long; ask for a smaller window.",
    ),
    Refusal("EXCEEDED_ID_LIMIT", "exceeded id limit", "400: more ids than a call or a replication window may have."),
    Refusal("INVALID_REPLICATION_DATE", "startDate before org replication enabled date", "400: a window out of reach."),
    Refusal("INVALIDENTITY", "Entity 'X' is not supported by the Bulk API.", "400: no bulk job for this object."),
    Refusal(
        "PRECONDITION_FAILED",
        "The record was modified since the time given in the request's precondition.",
        "412: If-Unmodified-Since or If-Match no longer holds.",
    ),
    Refusal("SERVER_UNAVAILABLE", "Server too busy", "503 with the array of errors.", status=503),
    Refusal("UNKNOWN_EXCEPTION", "An unexpected error occurred.", "500 with the array of errors."),
)
RECORDS = (
    _data(
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record or {count} records: {ids}",
        "400: another transaction holds the record; status=500 as one client has seen it.",
    ),
    _data("ENTITY_IS_DELETED", "entity is deleted", "404: the record is in the recycle bin."),
    _data("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "404: no record with this id.", status=404),
    _data("MALFORMED_ID", "Account ID: id value of incorrect type: {ids}", "400: an id of another object.", "Id"),
    _data("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", "400: a required field is blank.", "Name"),
    _data(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "The phone number must begin with a plus sign.",
        "400: a validation rule of the administrator refuses the record.",
        "Phone",
    ),
    _data(
        "STRING_TOO_LONG",
        "Title: data value too large: (a very long title) (max length=128)",
        "400: a text is longer than its field.",
        "Title",
    ),
    _data(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Industry: bad value for restricted picklist field: Farming",
        "400: a value the picklist does not have.",
        "Industry",
    ),
    _data(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: Phone. Please check the security settings of this field and verify that it is"
        " read/write for your profile or permission set.",
        "400: a field this user may not write.",
        "Phone",
    ),
    _data(
        "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", "403: the record is read-only."
    ),
    _data(
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "insufficient access rights on cross-reference id",
        "400: a record pointed at is out of reach.",
    ),
    _data("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", "400: converted leads are frozen."),
    _data("DELETE_FAILED", "Your attempt to delete the record could not be completed.", "400: children forbid it."),
    _data("MERGE_FAILED", "The merge could not be completed.", "400: the records cannot be merged."),
    _data(
        "INACTIVE_OWNER_OR_USER",
        "operation performed with inactive user as owner of record",
        "400: the owner has left.",
        "OwnerId",
    ),
    _data(
        "DUPLICATE_VALUE",
        "duplicate value found: Trueline_Id__c duplicates value on record with id: {ids}",
        "400: another record holds the unique value.",
    ),
    _data("ENTITY_IS_LOCKED", "the entity is locked for editing", "400: an approval process holds the record."),
    _data(
        "FIELD_INTEGRITY_EXCEPTION", "field integrity exception", "400: values that do not go together.", "AccountId"
    ),
    _data("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", "400: the org is full."),
    _data("TOO_MANY_APEX_REQUESTS", "Too many concurrent Apex requests.", "400: the org's code is busy."),
    _data(
        "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE",
        "the entity failed the if-last-modified check on update",
        "400: the record changed since the time that was given.",
    ),
)
JOB_STOPS = "salesforce.bulk.job_stops"
DUPLICATES = _data(
    "DUPLICATES_DETECTED",
    "Use one of these records?",
    "400 with the misspelt key duplicateResut: a duplicate rule blocks the record, or warns (allow_save).",
)
_ROWS = {refusal.name: refusal for refusal in (*RECORDS, DUPLICATES)}


class JobStops(Exception):
    """A bulk job ends before this row; the rows from here on are its unprocessed ones."""

    def __init__(self, message: str = "InternalServerError : the job was stopped") -> None:
        super().__init__(message)


def refuse_row(number: int, row: Any) -> None:
    """Raise what the fault desk has for this row of a call; to be called for every row, before it is written."""
    if fault := row_fault(number, row):
        if fault.name == JOB_STOPS:
            raise JobStops(**fault.arguments)
        words = {name: fault.arguments[name] for name in ("message", "fields") if name in fault.arguments}
        raise _ROWS[fault.name].error(json.dumps(row, default=str), **words)
