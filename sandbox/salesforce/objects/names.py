"""The parts of a person's name, alike on all who have one."""

from __future__ import annotations

from sandbox.salesforce.fields import picklist, read_only, text
from sandbox.salesforce.objects.values import SALUTATIONS

PERSON_NAME = (
    text("LastName", 80, nillable=False, compound="Name", info="personname"),
    text("FirstName", 40, compound="Name", info="personname"),
    picklist("Salutation", SALUTATIONS, 40, compound="Name", info="personname"),
    read_only(text("Name", 121, label="Full Name", info="personname"), nillable=False),
)
