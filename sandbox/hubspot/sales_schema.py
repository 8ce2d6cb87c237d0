"""The property definitions of tickets, leads, products, quotes, events, goals, feedback, users and custom objects."""

from __future__ import annotations

from sandbox.hubspot.activity_schema import ROLLED_UP
from sandbox.hubspot.definition import Definition, choice, day, flag, moment, number, text

_STAGE = [*choice("hs_pipeline", ()), *choice("hs_pipeline_stage", (), field_type="radio")]
_TICKETS = [
    *text("subject", "content"),
    *_STAGE,
    *choice("hs_ticket_priority", ("LOW", "MEDIUM", "HIGH", "URGENT")),
    *choice("hs_ticket_category", ("PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY"), many=True),
    *choice("source_type", ("CHAT", "EMAIL", "FORM", "PHONE")),
    *text("hs_primary_company_id", read_only=True),
    *moment("createdate", "closed_date"),
    *ROLLED_UP,
]
_LEADS = [
    *text("hs_lead_name"),
    *_STAGE,
    *choice("hs_lead_type", ("NEW_BUSINESS", "UPSELL", "RE_ATTEMPTING")),
    *choice("hs_lead_label", ("HOT", "WARM", "COLD")),
    *text("hs_primary_contact_id", "hs_primary_company_id", read_only=True),
]
_PRICED = [
    *text("name", "description", "hs_sku", "hs_url"),
    *number("price", "hs_cost_of_goods_sold"),
    *choice("recurringbillingfrequency", ("weekly", "biweekly", "monthly", "quarterly", "per_six_months", "annually")),
    *text("hs_recurring_billing_period"),
    *moment("createdate"),
]
_LINE_ITEMS = [
    *_PRICED,
    *number("quantity", "discount", "hs_discount_percentage", "hs_position_on_quote"),
    *number("amount", read_only=True),
    *text("hs_product_id", "hs_line_item_currency_code"),
    *day("hs_recurring_billing_start_date", "hs_recurring_billing_end_date"),
]
_QUOTES = [
    *text("hs_title", "hs_currency", "hs_language", "hs_template_type", "hs_sender_email"),
    *text("hs_quote_number", "hs_quote_link", "hs_public_url_key", "hs_payment_status", read_only=True),
    *day("hs_expiration_date"),
    *choice("hs_status", ("DRAFT", "APPROVAL_NOT_NEEDED", "PENDING_APPROVAL", "APPROVED", "REJECTED")),
    *number("hs_quote_amount", read_only=True),
    *flag("hs_esign_enabled", "hs_payment_enabled"),
]
_USERS = [
    *text("hs_given_name", "hs_family_name", "hs_job_title", "hs_standard_time_zone", "hs_main_user_language_skill"),
    *text("hs_internal_user_id", "hs_email", read_only=True),
    *choice("hs_availability_status", ("available", "away")),
    *flag("hs_deactivated", read_only=True),
]
_GOALS = [
    *text("hs_goal_name", "hs_goal_type"),
    *number("hs_target_amount"),
    *moment("hs_start_datetime", "hs_end_datetime"),
]
_FEEDBACK = [
    *text("hs_survey_name", "hs_survey_type", "hs_survey_id", "hs_content", "hs_response_group", read_only=True),
    *number("hs_value", read_only=True),
    *moment("hs_submission_timestamp", read_only=True),
]
_EVENTS = [
    *text("hs_event_name", "hs_event_type", "hs_event_description", "hs_event_organizer", "hs_event_url"),
    *moment("hs_start_datetime", "hs_end_datetime"),
    *flag("hs_event_cancelled", "hs_event_completed"),
]
_SPLITS = number("hs_deal_split_percentage", "hs_deal_split_amount")
CUSTOM = _STAGE
OWN: dict[str, list[Definition]] = {
    "tickets": _TICKETS,
    "leads": _LEADS,
    "products": _PRICED,
    "line_items": _LINE_ITEMS,
    "quotes": _QUOTES,
    "users": _USERS,
    "goal_targets": _GOALS,
    "marketing_events": _EVENTS,
    "feedback_submissions": _FEEDBACK,
    "deal_splits": _SPLITS,
    "form": text("hs_name", "hs_form_type", read_only=True),
}
