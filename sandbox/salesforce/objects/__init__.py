"""The sObjects of the sandbox, one file per neighbourhood; lengths and rules follow the recorded describes."""

from __future__ import annotations

from sandbox.salesforce.fields import SObject
from sandbox.salesforce.objects.accounts import ACCOUNT, CONTACT
from sandbox.salesforce.objects.activities import EVENT, TASK
from sandbox.salesforce.objects.campaigns import CAMPAIGN, CAMPAIGN_MEMBER
from sandbox.salesforce.objects.deals import CONTACT_ROLE, OPPORTUNITY, OPPORTUNITY_HISTORY, OPPORTUNITY_STAGE
from sandbox.salesforce.objects.leads import LEAD, LEAD_STATUS
from sandbox.salesforce.objects.organization import GROUP, ORGANIZATION, RECORD_TYPE, USER

STANDARD: tuple[SObject, ...] = (
    ACCOUNT,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    CONTACT,
    EVENT,
    GROUP,
    LEAD,
    LEAD_STATUS,
    OPPORTUNITY,
    CONTACT_ROLE,
    OPPORTUNITY_HISTORY,
    OPPORTUNITY_STAGE,
    ORGANIZATION,
    RECORD_TYPE,
    TASK,
    USER,
)
