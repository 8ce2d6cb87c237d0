"""The kinds of e-mail a new account sends, of which contacts can opt out one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    name: str
    description: str
    purpose: str

    @property
    def property(self) -> str:
        """The contact property that says whether somebody opted out."""
        return f"hs_email_optout_{self.id}"

    def wire(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "description": self.description,
            "purpose": self.purpose,
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": True,
            "isInternal": False,
            "createdAt": "2020-01-01T00:00:00.000Z",
            "updatedAt": "2020-01-01T00:00:00.000Z",
        }


SUBSCRIPTIONS = (
    Subscription(8_800_001, "Marketing Information", "Offers and updates from marketing.", "Marketing"),
    Subscription(8_800_002, "Customer Service Communication", "Feedback requests and service news.", "Service"),
    Subscription(8_800_003, "One to One", "E-mails from a single person of the sales team.", "Sales"),
)
