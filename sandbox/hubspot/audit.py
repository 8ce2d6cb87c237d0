"""The account's audit log of what users and apps changed."""

from __future__ import annotations

from sandbox.hubspot.call import Call
from sandbox.hubspot.journal import Journal

AUDIT = "audit-log"


def note(call: Call, category: str, action: str, target: str, sub_category: str = "") -> None:
    """Write one action of the caller down; `target` is what people call the thing."""
    body = {"category": category, "subCategory": sub_category, "action": action, "targetObjectId": target}
    Journal(call.portal.store).append(AUDIT, call.portal.now(), call.token.user_id, body)
