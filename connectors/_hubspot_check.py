"""What `check` says of a portal: who it is, what the token may read, what is left of the day."""

from __future__ import annotations

from collections.abc import Sequence

from connectors._hubspot_gateway import Gateway
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_native import native_facts
from connectors._hubspot_operations import DAILY_USAGE, LIST, OWNERS, PIPELINES, Operation
from connectors._hubspot_portal import Description
from connectors.connector import Access
from model.errors import NotPermitted, Rejected

# A cheap call per stream that needs the stream's own permission.
PROBES: dict[str, tuple[Operation, dict[str, str]]] = {
    "users": (OWNERS, {}),
    "stages": (PIPELINES, {"object": "deals"}),
    **{stream: (LIST, {"object": layout.object}) for stream, layout in LAYOUTS.items()},
}


def check_portal(gateway: Gateway, description: Description, streams: Sequence[str]) -> Access:
    """Facts and problems in words; AuthFailed when the token is refused."""
    description.now()
    details = description.details()
    identity = f"HubSpot portal {details.get('portalId') or 'of unknown id'}"
    facts = _account_facts(description)
    problems: list[str] = []
    for stream in (stream for stream in streams if stream in PROBES):
        (facts if (sentence := _stream_gap(gateway, stream)) is None else problems).append(
            sentence or f"{stream}: may be read"
        )
    facts += _write_facts(description, streams, problems)
    facts += native_facts(gateway, description, streams)
    facts.append(_daily_figures(gateway))
    return Access(identity, tuple(facts), tuple(problems))


def _account_facts(description: Description) -> list[str]:
    details = description.details()
    portal = description.portal()
    if not details:
        return ["account details may not be read: time zone UTC is assumed and amounts of money stay unknown"]
    return [
        f"account type {str(details.get('accountType') or 'unknown').lower()}",
        f"time zone {portal.zone}",
        f"currency {portal.currency or 'unknown: amounts of money stay unknown'}",
    ]


def _stream_gap(gateway: Gateway, stream: str) -> str | None:
    operation, path = PROBES[stream]
    query = [("limit", "1")] if operation.most else []
    try:
        gateway.call(operation, path=path, query=query)
    except NotPermitted as error:
        return f"{stream} cannot be read: {error.missing} is missing; grant it in the app or service key"
    except Rejected as error:
        return f"{stream} cannot be read: HubSpot answered {error.code}"
    return None


def _write_facts(description: Description, streams: Sequence[str], problems: list[str]) -> list[str]:
    """Per stream of objects, what can be written as far as its properties tell."""
    facts = []
    for stream in (stream for stream in streams if stream in LAYOUTS):
        try:
            fields = description.fields(stream, fresh=True)
        except NotPermitted as error:
            problems.append(f"{stream}: properties cannot be read, {error.missing} is missing")
            continue
        mapped = {name: prop for name, prop in fields.properties.items() if name not in fields.layout.links_out}
        locked = sorted(name for name, prop in mapped.items() if prop.is_read_only)
        scope = f"crm.objects.{LAYOUTS[stream].object}.write"
        read_only = f"; read-only here: {', '.join(locked)}" if locked else ""
        facts.append(
            f"{stream}: {len(mapped)} fields mapped; a push needs scope {scope}, which HubSpot tells of "
            f"only when something is written{read_only}"
        )
        facts += fields.gaps
    return facts


def _daily_figures(gateway: Gateway) -> str:
    usage = gateway.usage
    try:
        results = gateway.call(DAILY_USAGE).body.get("results")
        for entry in results if isinstance(results, list) else ():
            limit, used = entry.get("usageLimit"), entry.get("currentUsage")
            if isinstance(limit, int) and isinstance(used, int):
                usage.daily_limit, usage.daily_used = limit, used
    except (NotPermitted, Rejected):
        # Only legacy private apps are told; the headers of other answers may have said it.
        pass
    if usage.daily_limit is None or usage.daily_used is None:
        return "daily API allowance unknown"
    left = usage.daily_limit - usage.daily_used
    return f"daily API calls: {usage.daily_used:,} of {usage.daily_limit:,} used, {left:,} left"
