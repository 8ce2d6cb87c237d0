"""What users and apps did in the account: the audit log of every change, and actions that touch its security."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call
from sandbox.hubspot.journal import Journal
from sandbox.hubspot.people import People

AUDIT, SECURITY, LOGINS = "audit-log", "security", "logins"


def note(call: Call, category: str, action: str, target: str, sub_category: str = "") -> None:
    """Write one action of the caller down; `target` is what people call the thing."""
    body = {"category": category, "subCategory": sub_category, "action": action, "targetObjectId": target}
    Journal(call.portal.store).append(AUDIT, call.portal.now(), call.token.user_id, body)


def secure(call: Call, action: str, object_id: str) -> None:
    """Write an action down that touches the security of the account; it stands in the audit log too."""
    body: dict[str, Any] = {"type": action, "objectId": object_id, "ipAddress": "127.0.0.1", "countryCode": "us"}
    if acting := People(call.portal).user(str(call.token.user_id)):
        body["actingUser"] = acting["email"]
    Journal(call.portal.store).append(SECURITY, call.portal.now(), call.token.user_id, body)
    note(call, "CRITICAL_ACTION", action, object_id)
