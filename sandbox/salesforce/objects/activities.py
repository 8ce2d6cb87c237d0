"""Task and Event."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    Field,
    audit,
    boolean,
    create_only,
    date,
    kept,
    long_text,
    moment,
    number,
    picklist,
    read_only,
    reference,
    sobject,
    text,
)  # fmt: skip

_WHAT = ("Account", "Campaign", "Case", "Contract", "Opportunity")
_WEEKS = ("First", "Second", "Third", "Fourth", "Last")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_RECURRENCES = (
    "RecursDaily", "RecursEveryWeekday", "RecursMonthly", "RecursMonthlyNth", "RecursWeekly", "RecursYearly",
    "RecursYearlyNth",
)  # fmt: skip


def _about(children: str) -> tuple[Field, ...]:
    """Whom and what an activity is about; deleting that person or thing deletes the activity."""
    return (
        reference("WhoId", "Contact", "Lead", children=children, on_delete="cascade"),
        reference("WhatId", *_WHAT, children=children, on_delete="cascade"),
        read_only(reference("AccountId", "Account")),
    )


def _subject(values: tuple[str, ...]) -> Field:
    return Field("Subject", "combobox", length=255, picklist=values, permissionable=False)


def _recurrence(sobject_name: str) -> tuple[Field, ...]:
    """How a series repeats; kept on its master alone."""
    series = "RecurringEvents" if sobject_name == "Event" else "RecurringTasks"
    return (
        read_only(reference("RecurrenceActivityId", sobject_name, children=series, relationship="")),
        create_only(boolean("IsRecurrence", permissionable=False)),
        picklist("RecurrenceType", _RECURRENCES, 40, restricted=True, permissionable=False),
        picklist("RecurrenceTimeZoneSidKey", (), 40, permissionable=False),
        date("RecurrenceEndDateOnly", permissionable=False),
        number("RecurrenceInterval", 9, permissionable=False),
        number("RecurrenceDayOfWeekMask", 9, permissionable=False),
        number("RecurrenceDayOfMonth", 9, permissionable=False),
        picklist("RecurrenceInstance", _WEEKS, 40, restricted=True, permissionable=False),
        picklist("RecurrenceMonthOfYear", _MONTHS, 40, restricted=True, permissionable=False),
    )


TASK = sobject(
    "Task",
    "00T",
    "Tasks",
    *_about("Tasks"),
    _subject(("Call", "Email", "Send Letter", "Send Quote", "Other")),
    date("ActivityDate", label="Due Date Only", permissionable=False),
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
    *_recurrence("Task"),
    date("RecurrenceStartDateOnly", permissionable=False),
    picklist("RecurrenceRegeneratedType", ("RecurrenceRegenerateAfterDueDate", "RecurrenceRegenerateAfterToday",
                                           "RecurrenceRegenerated"), 40, restricted=True),
    *audit(owner=("Group", "User")),
    name_field="Subject",
    feeds=True,
)  # fmt: skip

EVENT = sobject(
    "Event",
    "00U",
    "Events",
    *_about("Events"),
    _subject(("Call", "Email", "Meeting", "Send Letter/Quote", "Other")),
    text("Location", 255),
    boolean("IsAllDayEvent"),
    moment("ActivityDateTime", permissionable=False),
    date("ActivityDate", permissionable=False),
    number("DurationInMinutes", permissionable=False),
    moment("StartDateTime", permissionable=False),
    moment("EndDateTime", permissionable=False),
    read_only(date("EndDate")),
    long_text("Description"),
    picklist("ShowAs", ("Busy", "OutOfOffice", "Free"), 40, restricted=True, default="Busy", permissionable=False),
    boolean("IsPrivate", permissionable=False),
    read_only(boolean("IsChild"), nillable=False),
    read_only(boolean("IsGroupEvent"), nillable=False),
    read_only(picklist("GroupEventType", ("0", "1", "2", "3"), 40, restricted=True, default="0")),
    read_only(boolean("IsArchived"), nillable=False),
    create_only(picklist("EventSubtype", ("Event",), 40, restricted=True, default="Event", permissionable=False)),
    moment("ReminderDateTime", permissionable=False),
    boolean("IsReminderSet", permissionable=False),
    *_recurrence("Event"),
    moment("RecurrenceStartDateTime", permissionable=False),
    kept(boolean("IsRecurrence2", label="Repeat")),
    kept(boolean("IsRecurrence2Exception", label="Is Exception")),
    kept(boolean("IsRecurrence2Exclusion")),
    *audit(owner=("User",)),
    name_field="Subject",
)
