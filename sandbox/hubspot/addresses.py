"""Paths of every version, brought to one form.

/crm/v3/objects/contacts/1 and /crm/objects/2026-03/contacts/1 are both `/objects/contacts/1`, of version v3 and
2026-03; likewise for what lies outside of the CRM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBERED = ("v3", "v4")
DATED = ("2025-09", "2026-03", "2026-09", "2026-09-beta")
VERSIONS = (*NUMBERED, *DATED)
# Taps still read definitions where they were before v3; submissions of forms have never moved on from v1.
LEGACY = ("v1", "v2")
_DATED = "|".join(DATED)
_CRM = "objects|properties|property-validations|associations|owners|pipelines|schemas|imports|exports|limits|lists"
_FORMS = (
    rf"/crm/(?P<version>v3|v4)/(?P<area>{_CRM})(?P<tail>/.*)?",
    rf"/crm/(?P<area>{_CRM})/(?P<version>{_DATED})(?P<tail>/.*)?",
    rf"/crm-object-schemas/(?P<version>v3|{_DATED})/(?P<area>schemas)(?P<tail>/.*)?",
    rf"/(?P<area>account-info)/(?P<version>v3|{_DATED})(?P<tail>/.*)?",
    rf"/(?P<area>oauth)/(?P<version>v1|v3|{_DATED})(?P<tail>/.*)?",
    r"/(?P<area>properties)/(?P<version>v2)(?P<tail>/.*)?",
    r"/contacts/(?P<version>v1)/(?P<area>secondary-email)(?P<tail>/.*)?",
    r"/settings/(?P<version>v3)/(?P<area>users)(?P<tail>/.*)?",
    rf"/settings/(?P<area>users)/(?P<version>v3|{_DATED})(?P<tail>/.*)?",
    r"/marketing/(?P<version>v3)/(?P<area>forms)(?P<tail>/.*)?",
    rf"/marketing/(?P<area>forms)/(?P<version>{_DATED})(?P<tail>/.*)?",
    r"/form-integrations/(?P<version>v1)/(?P<area>submissions)(?P<tail>/.*)?",
    r"/submissions/(?P<version>v3)/(?P<area>integration)(?P<tail>/.*)?",
    r"(?P<version>)/(?P<area>export-files)(?P<tail>/.*)",
    r"/events/(?P<version>v3)/(?P<area>events)(?P<tail>/.*)?",
    rf"/events/(?P<area>event-occurrences)/(?P<version>{_DATED})(?P<tail>/.*)?",
    rf"/(?P<area>webhooks)/(?P<version>v3|{_DATED})(?P<tail>/.*)?",
    r"/crm-pipelines/(?P<version>v1)/(?P<area>pipelines)(?P<tail>/.*)?",
    r"/email/public/(?P<version>v1)/(?P<area>subscriptions)(?P<tail>/.*)?",
    rf"/(?P<area>communication-preferences)/(?P<version>v3|v4|{_DATED})(?P<tail>/.*)?",
)
_PATTERNS = tuple(re.compile(form) for form in _FORMS)
# What answers without a token: forms are sent by anybody, files opened by those who have their address.
_OPEN = ("integration", "export-files")
# What defines the account rather than its records.
DEFINITIONS = frozenset(["properties", "property-validations", "pipelines", "owners", "users", "schemas"])


@dataclass(frozen=True, slots=True)
class Address:
    version: str
    area: str
    tail: str

    @property
    def is_open(self) -> bool:
        """Whether anybody may call, without a token."""
        return self.area in _OPEN and not self.tail.startswith("/secure/")


def address(path: str) -> Address | None:
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(path):
            return Address(found["version"] or "v3", found["area"], found["tail"] or "")
    return None
