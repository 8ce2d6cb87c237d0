"""Task and Event."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    Field,
    audit,
    boolean,
    date,
    long_text,
    moment,
    number,
    picklist,
    read_only,
    reference,
    sobject,
    text,
)  # fmt: skip

_WHAT = ("Account", "Campaign", "Opportunity")


def _about(children: str) -> tuple[Field, ...]:
    """Whom and what an activity is about; deleting that person or thing deletes the activity."""
    return (
        reference("WhoId", "Contact", "Lead", children=children, on_delete="cascade"),
        reference("WhatId", *_WHAT, children=children, on_delete="cascade"),
        read_only(reference("AccountId", "Account")),
    )


def _subject() -> Field:
    values = ("Call", "Email", "Send Letter", "Send Quote", "Other")
    return Field("Subject", "combobox", length=255, picklist=values)


TASK = sobject(
    "Task",
    "00T",
    "Tasks",
    *_about("Tasks"),
    _subject(),
    date("ActivityDate", label="Due Date Only"),
    picklist("Status", ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"), 255,
             nillable=False, default="Not Started"),
    picklist("Priority", ("High", "Normal", "Low"), nillable=False, default="Normal"),
    read_only(boolean("IsHighPriority"), nillable=False),
    read_only(boolean("IsClosed"), nillable=False),
    read_only(boolean("IsArchived"), nillable=False),
    picklist("TaskSubtype", ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn"), 40, restricted=True,
             default="Task"),
    picklist("CallType", ("Internal", "Inbound", "Outbound"), 40),
    number("CallDurationInSeconds"),
    text("CallDisposition", 255),
    text("CallObject", 255),
    long_text("Description"),
    moment("ReminderDateTime"),
    boolean("IsReminderSet"),
    read_only(moment("CompletedDateTime")),
    boolean("IsRecurrence"),
    *audit(owner=("Group", "User")),
    name_field="Subject",
)  # fmt: skip

EVENT = sobject(
    "Event",
    "00U",
    "Events",
    *_about("Events"),
    _subject(),
    text("Location", 255),
    boolean("IsAllDayEvent"),
    moment("ActivityDateTime"),
    date("ActivityDate"),
    number("DurationInMinutes"),
    moment("StartDateTime"),
    moment("EndDateTime"),
    long_text("Description"),
    picklist("ShowAs", ("Busy", "OutOfOffice", "Free"), 40, restricted=True, default="Busy"),
    boolean("IsPrivate"),
    read_only(boolean("IsChild"), nillable=False),
    read_only(boolean("IsGroupEvent"), nillable=False),
    read_only(boolean("IsArchived"), nillable=False),
    picklist("EventSubtype", ("Event",), 40, restricted=True, default="Event"),
    boolean("IsRecurrence"),
    *audit(owner=("User",)),
    name_field="Subject",
)
