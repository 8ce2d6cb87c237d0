"""The property definitions of engagements: calls, e-mails, meetings, notes, tasks, messages, postal mail."""

from __future__ import annotations

from sandbox.hubspot.definition import Definition, choice, flag, moment, number, text, words

# Outcomes of calls are named by GUID; these are the ones every account has.
_DISPOSITIONS = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}
_CALL_STATUS = words(
    "BUSY CALLING_CRM_USER CANCELED COMPLETED CONNECTING FAILED IN_PROGRESS MISSED NO_ANSWER QUEUED RINGING"
)
SHARED = [
    *moment("hs_timestamp"),
    *text("hs_attachment_ids", "hs_activity_type"),
    *text("hs_engagement_source", "hs_body_preview", read_only=True),
    *choice("hs_all_owner_ids", (), many=True, read_only=True),
]
# On the records that engagements hang on.
ROLLED_UP = [
    *moment("notes_last_contacted", "notes_last_updated", "notes_next_activity_date", read_only=True),
    *number("num_notes", "num_contacted_notes", read_only=True),
    *number("hs_pinned_engagement_id"),
]
_CALLS = [
    *text("hs_call_title", "hs_call_from_number", "hs_call_to_number", "hs_call_recording_url", "hs_call_source"),
    *text("hs_call_callee_object_id", "hs_call_callee_object_type"),
    *text("hs_call_body", field_type="html"),
    *choice("hs_call_direction", ("INBOUND", "OUTBOUND")),
    *choice("hs_call_disposition", _DISPOSITIONS),
    *choice("hs_call_status", _CALL_STATUS),
    *number("hs_call_duration"),
]
_EMAILS = [
    *text("hs_email_subject", "hs_email_text"),
    *text("hs_email_html", field_type="html"),
    *text("hs_email_headers", field_type="textarea"),
    # What the headers say, taken out of them.
    *text("hs_email_from_email", "hs_email_from_firstname", "hs_email_from_lastname"),
    *text("hs_email_to_email", "hs_email_to_firstname", "hs_email_to_lastname"),
    *choice("hs_email_direction", ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL")),
    *choice("hs_email_status", ("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT")),
]
_MEETINGS = [
    *text("hs_meeting_title", "hs_meeting_location", "hs_meeting_external_url"),
    *text("hs_meeting_body", "hs_internal_meeting_notes", field_type="html"),
    *moment("hs_meeting_start_time", "hs_meeting_end_time"),
    *choice("hs_meeting_outcome", ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED")),
]
_TASKS = [
    *text("hs_task_subject", "hs_task_reminders"),
    *text("hs_task_body", field_type="html"),
    *choice("hs_task_status", ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED")),
    *choice("hs_task_priority", ("NONE", "LOW", "MEDIUM", "HIGH")),
    *choice("hs_task_type", ("EMAIL", "CALL", "TODO", "LINKED_IN", "MEETING")),
    *moment("hs_task_completion_date"),
    *flag("hs_task_is_completed", read_only=True),
]
_MESSAGES = [
    *text("hs_communication_body", field_type="html"),
    *choice("hs_communication_channel_type", ("WHATS_APP", "LINKEDIN_MESSAGE", "SMS", "CUSTOM_CHANNEL_CONVERSATION")),
    *choice("hs_communication_logged_from", ("CRM", "CONVERSATIONS")),
]
OWN: dict[str, list[Definition]] = {
    "calls": _CALLS,
    "emails": _EMAILS,
    "meetings": _MEETINGS,
    "notes": text("hs_note_body", field_type="html"),
    "tasks": _TASKS,
    "communications": _MESSAGES,
    "postal_mail": text("hs_postal_mail_body", field_type="html"),
}
