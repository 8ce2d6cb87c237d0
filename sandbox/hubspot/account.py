"""Handlers for account information: details and the day's API usage."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.hubspot.call import Call
from sandbox.hubspot.values import stamp
from sandbox.wire import Response


def details(call: Call) -> Response:
    settings = call.portal.settings
    now = datetime.fromtimestamp(call.portal.clock.now_ms() / 1000, call.limiter.local_zone())
    offset = now.strftime("%z")
    return Response.of_json(
        {
            "portalId": settings.portal_id,
            "accountType": "STANDARD",
            "timeZone": settings.time_zone,
            "companyCurrency": settings.currency,
            "additionalCurrencies": list(settings.more_currencies),
            "utcOffset": f"{offset[:3]}:{offset[3:5]}",
            "utcOffsetMilliseconds": (now.utcoffset() or timedelta()) // timedelta(milliseconds=1),
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def daily_usage(call: Call) -> Response:
    limiter = call.limiter
    result = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": limiter.limits.daily,
        "currentUsage": limiter.used_today,
        "collectedAt": call.portal.now(),
        "fetchStatus": "SUCCESS",
        "resetsAt": stamp(limiter.resets_at_ms()),
    }
    return Response.of_json({"results": [result]})
