"""What a handler gets: the request, who sent it and the portal; and how it reads the usual parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.limits import Limiter
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.tokens import Author, Token, Tokens
from sandbox.hubspot.values import ms_of, natural, stamp
from sandbox.hubspot.writing import Writer
from sandbox.wire import Request


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to a handler. `version` is v1, v3, v4, 2026-03 or 2026-09."""

    request: Request
    version: str
    token: Token
    portal: Portal
    links: Links
    writer: Writer
    tokens: Tokens
    limiter: Limiter

    @property
    def author(self) -> Author:
        return Author.of(self.token)

    @property
    def is_dated(self) -> bool:
        return self.version[0].isdigit()

    def names(self, parameter: str) -> list[str]:
        """A list parameter in either form: `p=a,b` or `p=a&p=b`."""
        values = self.request.query.get(parameter, [])
        return [name.strip() for value in values for name in value.split(",") if name.strip()]

    def flag(self, parameter: str) -> bool:
        """A boolean parameter in any case; False when absent."""
        text = (self.request.first(parameter) or "false").lower()
        if text not in ("true", "false"):
            raise bad_request(f"Invalid value for {parameter}: expected true or false")
        return text == "true"

    def whole(self, parameter: str, default: int, least: int, most: int) -> int:
        """A whole-number parameter within bounds; 400 outside of them."""
        found = natural(self.request.first(parameter) or str(default))
        if found is None or not least <= found <= most:
            raise bad_request(f"Invalid value for {parameter}: must be between {least} and {most}")
        return found

    def after(self) -> int:
        """The number of the record that a page begins with or follows, 0 for the first page; 400 when it is none."""
        text = self.request.first("after") or "0"
        found = natural(text)
        if found is None:
            raise bad_request(f"Invalid value for after: {text[:50]}")
        return found

    def moment(self, parameter: str, default: str) -> str:
        """A stamp from a parameter in ISO form or milliseconds; 400 for all else."""
        text = self.request.first(parameter)
        try:
            return stamp(ms_of(text)) if text else default
        except (ValueError, OverflowError):
            raise bad_request(f"Invalid value for {parameter}: {(text or '')[:50]} is no timestamp") from None

    def body(self) -> dict[str, Any]:
        """The JSON object of the body; 400 for all else."""
        found = self.any_body()
        if not isinstance(found, dict):
            raise bad_request("Invalid input JSON: expected an object")
        return found

    def any_body(self) -> Any:
        try:
            return self.request.json()
        except ValueError:
            raise bad_request("Invalid input JSON on line 1, column 1: the body is not JSON") from None

    def inputs(self, most: int) -> list[dict[str, Any]]:
        """The `inputs` of a batch body; 400 when there are none, too many, or not objects."""
        found = self.body().get("inputs")
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise bad_request("Invalid input JSON: `inputs` must be a list of objects")
        if not found:
            raise bad_request("The `inputs` of a batch request must not be empty")
        if len(found) > most:
            raise bad_request(f"The maximum number of inputs supported in a batch request is {most}")
        return found

    def next_page(self, after: str) -> dict[str, Any]:
        """The `paging` of an answer that goes on: a link to this same request with another `after`."""
        query = {name: values for name, values in self.request.query.items() if name != "after"}
        text = urlencode([(name, value) for name, values in query.items() for value in values] + [("after", after)])
        return {"next": {"after": after, "link": f"{self.request.host}{quote(self.request.path)}?{text}"}}


def texts(value: Any, what: str) -> list[str]:
    """A list of strings of a body; 400 otherwise."""
    if value is None:
        return []
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(v, str) for v in value):
        raise bad_request(f"Invalid input JSON: `{what}` must be a list of strings")
    return list(value)


def whole(body: dict[str, Any], name: str, default: int) -> int:
    """A whole number of a body, `default` where there is none; 400 for all else."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"Invalid input JSON: `{name}` must be a whole number")
    return value


def id_text(item: Any, what: str = "id") -> str:
    """The id of an input as text; clients send strings, some send numbers."""
    value = item.get(what) if isinstance(item, dict) else None
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise bad_request(f"Invalid input JSON: every input needs a string `{what}`")
    return str(value)
