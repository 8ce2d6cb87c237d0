"""Who writes a record, and what the request's headers ask of the write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.wire import Request

_SINCE = {"sforce-duplicate-rule-header": 52, "sforce-mru": 60}  # API versions


@dataclass(frozen=True, slots=True)
class Actor:
    """One user with the wishes of one request; the defaults are those of a request without the headers."""

    user_id: str
    auto_assign: bool = True  # Sforce-Auto-Assign
    allow_duplicates: bool = False  # Sforce-Duplicate-Rule-Header: allowSave=true
    duplicate_details: bool = False  # ... includeRecordDetails=true
    update_mru: bool = False  # the write shows in the list of recently used records; Sforce-Mru: updateMru=false
    truncate: bool = False  # SOAP's AllowFieldTruncationHeader: text that is too long is cut
    version: str = "68.0"  # of the API, for links in what a refusal tells
    unchecked: bool = False  # the sandbox's own door: may write read-only and hidden fields


def actor_of(user_id: str, request: Request) -> Actor:
    found = re.search(r"/v(\d+\.\d)/", request.path)
    version = found.group(1) if found else "68.0"
    duplicates = _options(request, "sforce-duplicate-rule-header", version)
    return Actor(
        user_id,
        auto_assign=request.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE",
        allow_duplicates=duplicates.get("allowsave") == "true",
        duplicate_details=duplicates.get("includerecorddetails") == "true",
        update_mru=_options(request, "sforce-mru", version).get("updatemru") != "false",
        version=version,
    )


def _options(request: Request, header: str, version: str) -> dict[str, str]:
    """The `name=value` pairs of a header, both in lower case; none before the version that knows the header."""
    if float(version) < _SINCE[header]:
        return {}
    return {
        name.lower(): value.lower()
        for name, value in re.findall(r"(\w+)\s*=\s*\"?(\w+)", request.headers.get(header, ""))
    }
