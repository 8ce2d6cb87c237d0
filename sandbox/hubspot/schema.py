"""The property definitions that a new portal has, by object type."""

from __future__ import annotations

from dataclasses import replace

from sandbox.hubspot.definition import Definition, choice, flag, moment, number, own, owner, text, words
from sandbox.hubspot.kinds import KINDS

LIFECYCLE_STAGES = {
    "subscriber": "Subscriber",
    "lead": "Lead",
    "marketingqualifiedlead": "Marketing Qualified Lead",
    "salesqualifiedlead": "Sales Qualified Lead",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "evangelist": "Evangelist",
    "other": "Other",
}
_LEAD_STATUS = words(
    """
    NEW OPEN IN_PROGRESS OPEN_DEAL UNQUALIFIED ATTEMPTED_TO_CONTACT CONNECTED BAD_TIMING
    """
)
_ANALYTICS_SOURCES = words(
    """
    ORGANIC_SEARCH PAID_SEARCH EMAIL_MARKETING SOCIAL_MEDIA REFERRALS OTHER_CAMPAIGNS DIRECT_TRAFFIC OFFLINE
    PAID_SOCIAL AI_REFERRALS
    """
)
_INDUSTRIES = words(
    """
    ACCOUNTING AIRLINES_AVIATION ALTERNATIVE_DISPUTE_RESOLUTION ALTERNATIVE_MEDICINE ANIMATION APPAREL_FASHION
    ARCHITECTURE_PLANNING ARTS_AND_CRAFTS AUTOMOTIVE AVIATION_AEROSPACE BANKING BIOTECHNOLOGY BROADCAST_MEDIA
    BUILDING_MATERIALS BUSINESS_SUPPLIES_AND_EQUIPMENT CAPITAL_MARKETS CHEMICALS CIVIC_SOCIAL_ORGANIZATION
    CIVIL_ENGINEERING COMMERCIAL_REAL_ESTATE COMPUTER_NETWORK_SECURITY COMPUTER_GAMES COMPUTER_HARDWARE
    COMPUTER_NETWORKING COMPUTER_SOFTWARE INTERNET CONSTRUCTION CONSUMER_ELECTRONICS CONSUMER_GOODS
    CONSUMER_SERVICES COSMETICS DAIRY DEFENSE_SPACE DESIGN EDUCATION_MANAGEMENT E_LEARNING
    ELECTRICAL_ELECTRONIC_MANUFACTURING ENTERTAINMENT ENVIRONMENTAL_SERVICES EVENTS_SERVICES EXECUTIVE_OFFICE
    FACILITIES_SERVICES FARMING FINANCIAL_SERVICES FINE_ART FISHERY FOOD_BEVERAGES FOOD_PRODUCTION FUND_RAISING
    FURNITURE GAMBLING_CASINOS GLASS_CERAMICS_CONCRETE GOVERNMENT_ADMINISTRATION GOVERNMENT_RELATIONS
    GRAPHIC_DESIGN HEALTH_WELLNESS_AND_FITNESS HIGHER_EDUCATION HOSPITAL_HEALTH_CARE HOSPITALITY HUMAN_RESOURCES
    IMPORT_AND_EXPORT INDIVIDUAL_FAMILY_SERVICES INDUSTRIAL_AUTOMATION INFORMATION_SERVICES
    INFORMATION_TECHNOLOGY_AND_SERVICES INSURANCE INTERNATIONAL_AFFAIRS INTERNATIONAL_TRADE_AND_DEVELOPMENT
    INVESTMENT_BANKING INVESTMENT_MANAGEMENT JUDICIARY LAW_ENFORCEMENT LAW_PRACTICE LEGAL_SERVICES
    LEGISLATIVE_OFFICE LEISURE_TRAVEL_TOURISM LIBRARIES LOGISTICS_AND_SUPPLY_CHAIN LUXURY_GOODS_JEWELRY
    MACHINERY MANAGEMENT_CONSULTING MARITIME MARKET_RESEARCH MARKETING_AND_ADVERTISING
    MECHANICAL_OR_INDUSTRIAL_ENGINEERING MEDIA_PRODUCTION MEDICAL_DEVICES MEDICAL_PRACTICE MENTAL_HEALTH_CARE
    MILITARY MINING_METALS MOTION_PICTURES_AND_FILM MUSEUMS_AND_INSTITUTIONS MUSIC NANOTECHNOLOGY NEWSPAPERS
    NON_PROFIT_ORGANIZATION_MANAGEMENT OIL_ENERGY ONLINE_MEDIA OUTSOURCING_OFFSHORING PACKAGE_FREIGHT_DELIVERY
    PACKAGING_AND_CONTAINERS PAPER_FOREST_PRODUCTS PERFORMING_ARTS PHARMACEUTICALS PHILANTHROPY PHOTOGRAPHY
    PLASTICS POLITICAL_ORGANIZATION PRIMARY_SECONDARY_EDUCATION PRINTING PROFESSIONAL_TRAINING_COACHING
    PROGRAM_DEVELOPMENT PUBLIC_POLICY PUBLIC_RELATIONS_AND_COMMUNICATIONS PUBLIC_SAFETY PUBLISHING
    RAILROAD_MANUFACTURE RANCHING REAL_ESTATE RECREATIONAL_FACILITIES_AND_SERVICES RELIGIOUS_INSTITUTIONS
    RENEWABLES_ENVIRONMENT RESEARCH RESTAURANTS RETAIL SECURITY_AND_INVESTIGATIONS SEMICONDUCTORS SHIPBUILDING
    SPORTING_GOODS SPORTS STAFFING_AND_RECRUITING SUPERMARKETS TELECOMMUNICATIONS TEXTILES THINK_TANKS TOBACCO
    TRANSLATION_AND_LOCALIZATION TRANSPORTATION_TRUCKING_RAILROAD UTILITIES VENTURE_CAPITAL_PRIVATE_EQUITY
    VETERINARY WAREHOUSING WHOLESALE WINE_AND_SPIRITS WIRELESS WRITING_AND_EDITING MOBILE_GAMES
    """
)
_CALL_STATUS = words(
    "BUSY CALLING_CRM_USER CANCELED COMPLETED CONNECTING FAILED IN_PROGRESS MISSED NO_ANSWER QUEUED RINGING"
)
_LEGAL_BASES = (
    "Not applicable",
    "Freely given consent from contact",
    "Legitimate interest – prospect/lead",
    "Legitimate interest – existing customer",
    "Legitimate interest - other",
    "Performance of a contract",
)

# On every object: identity, stamps, ownership, and which integration made the record.
_COMMON = [
    *text("hs_object_id", read_only=True),
    *moment("hs_createdate", "hs_lastmodifieddate", read_only=True),
    *text("hs_object_source", "hs_object_source_id", "hs_object_source_label", read_only=True),
    *text("hs_object_source_detail_1", "hs_object_source_detail_2", "hs_object_source_detail_3", read_only=True),
    *text("hs_object_source_user_id", "hs_created_by_user_id", "hs_updated_by_user_id", read_only=True),
    *text("hs_merged_object_ids", read_only=True),
    *text("hs_unique_creation_key", read_only=True),
    *flag("hs_was_imported", read_only=True),
    *owner("hubspot_owner_id"),
    *moment("hubspot_owner_assigneddate", read_only=True),
]
_ACTIVITY = [
    *moment("notes_last_contacted", "notes_last_updated", "notes_next_activity_date", read_only=True),
    *number("num_notes", "num_contacted_notes", read_only=True),
]
_ORIGIN = [
    *choice("hs_analytics_source", _ANALYTICS_SOURCES, read_only=True),
    *text("hs_analytics_source_data_1", "hs_analytics_source_data_2", read_only=True),
    *choice("hs_latest_source", _ANALYTICS_SOURCES, read_only=True),
    *text("hs_latest_source_data_1", "hs_latest_source_data_2", read_only=True),
    *moment("hs_latest_source_timestamp", read_only=True),
]
_CONTACTS = [
    *text("email", "firstname", "lastname", "phone", "mobilephone", "fax", "company", "jobtitle", "website"),
    *text("salutation", "industry", "annualrevenue", "numemployees", "job_function", "seniority", "department"),
    *text("address", "city", "state", "zip", "country", "message", "hs_linkedin_url", "hs_language"),
    *text("hs_email_domain", "hs_searchable_calculated_phone_number", read_only=True),
    *choice("hs_additional_emails", (), many=True, read_only=True),
    *moment("createdate", "lastmodifieddate", "closedate", read_only=True),
    *choice("lifecyclestage", LIFECYCLE_STAGES, field_type="radio"),
    *choice("hs_lead_status", _LEAD_STATUS, field_type="radio"),
    *number("associatedcompanyid"),
    *number("hs_predictivecontactscore_v2", "num_conversion_events", "num_unique_conversion_events", read_only=True),
    *number("num_associated_deals", "recent_deal_amount", "total_revenue", read_only=True),
    *moment("first_conversion_date", "recent_conversion_date", read_only=True),
    *text("first_conversion_event_name", "recent_conversion_event_name", read_only=True),
    *text("hs_calculated_form_submissions", read_only=True),
    *flag("hs_email_optout", "hs_email_bad_address", "hs_email_quarantined"),
    *number("hs_email_bounce", "hs_email_open", "hs_email_click", read_only=True),
    *text("hs_email_hard_bounce_reason", "hs_email_hard_bounce_reason_enum", read_only=True),
    *moment("hs_email_last_open_date", "hs_email_last_click_date", "hs_last_sales_activity_timestamp", read_only=True),
    *flag("hs_marketable_status", read_only=True),
    *text("hs_marketable_reason_type", "hs_marketable_reason_id", "hs_marketable_until_renewal", read_only=True),
    *choice("hs_legal_basis", _LEGAL_BASES, many=True),
    *text("hs_calculated_merged_vids", "hs_all_contact_vids", read_only=True),
    *own("trueline_id", "Trueline id", unique=True),
    *_ACTIVITY,
    *_ORIGIN,
]
_COMPANIES = [
    *text("name", "domain", "website", "phone", "address", "address2", "city", "state", "zip", "country"),
    *text("description", "timezone", "linkedin_company_page", "hs_country_code"),
    *choice("hs_additional_domains", (), many=True, read_only=True),
    *choice("industry", _INDUSTRIES),
    *choice("type", ("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"), field_type="radio"),
    *number("numberofemployees", "annualrevenue", "founded_year", "hs_parent_company_id"),
    *number("num_associated_contacts", "num_associated_deals", "hs_num_child_companies", read_only=True),
    *moment("createdate", "closedate", read_only=True),
    *choice("lifecyclestage", LIFECYCLE_STAGES, field_type="radio"),
    *choice("hs_lead_status", _LEAD_STATUS, field_type="radio"),
    *flag("is_public"),
    *own("legal_name", "Legal name"),
    *own("lei", "LEI"),
    *own("registration_number", "Registration number"),
    *own("trueline_id", "Trueline id", unique=True),
    *_ACTIVITY,
    *_ORIGIN,
]
_DEALS = [
    *text("dealname", "description", "closed_lost_reason", "closed_won_reason", "hs_next_step"),
    *choice("pipeline", ()),
    *choice("dealstage", (), field_type="radio"),
    *choice("dealtype", {"newbusiness": "New Business", "existingbusiness": "Existing Business"}, field_type="radio"),
    *choice("hs_priority", ("low", "medium", "high")),
    *choice("hs_forecast_category", ()),
    *choice("hs_manual_forecast_category", ("OMIT", "PIPELINE", "BEST_CASE", "COMMIT", "CLOSED")),
    *number("amount", "hs_forecast_probability", "hs_tcv", "hs_acv", "hs_arr", "hs_mrr"),
    *number("hs_deal_stage_probability", "hs_projected_amount", "amount_in_home_currency", read_only=True),
    *number("hs_closed_amount", "days_to_close", "num_associated_contacts", read_only=True),
    *text("hs_primary_associated_company", read_only=True),
    *choice("deal_currency_code", ()),
    *moment("closedate", "createdate"),
    *moment("hs_v2_date_entered_current_stage", "hs_last_sales_activity_timestamp", read_only=True),
    *number("hs_v2_time_in_current_stage", "hs_num_times_closedate_pushed", read_only=True),
    *flag("hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_is_stalled", read_only=True),
    *choice("hs_all_collaborator_owner_ids", (), many=True),
    *own("trueline_id", "Trueline id", unique=True),
    *_ACTIVITY,
    *_ORIGIN,
]
_TICKETS = [
    *text("subject", "content"),
    *choice("hs_pipeline", ()),
    *choice("hs_pipeline_stage", (), field_type="radio"),
    *choice("hs_ticket_priority", ("LOW", "MEDIUM", "HIGH", "URGENT")),
    *moment("createdate", "closed_date"),
]
_CALLS = [
    *text("hs_call_title", "hs_call_from_number", "hs_call_to_number"),
    *text("hs_call_body", field_type="html"),
    *choice("hs_call_direction", ("INBOUND", "OUTBOUND")),
    *choice("hs_call_disposition", ()),
    *choice("hs_call_status", _CALL_STATUS),
    *number("hs_call_duration"),
]
_EMAILS = [
    *text("hs_email_subject", "hs_email_text", "hs_email_from_email", "hs_email_to_email"),
    *text("hs_email_html", field_type="html"),
    *text("hs_email_headers", field_type="textarea"),
    *choice("hs_email_direction", ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL")),
    *choice("hs_email_status", ("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT")),
]
_MEETINGS = [
    *text("hs_meeting_title", "hs_meeting_location"),
    *text("hs_meeting_body", "hs_internal_meeting_notes", field_type="html"),
    *moment("hs_meeting_start_time", "hs_meeting_end_time"),
    *choice("hs_meeting_outcome", ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED")),
]
_TASKS = [
    *text("hs_task_subject"),
    *text("hs_task_body", field_type="html"),
    *choice("hs_task_status", ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED")),
    *choice("hs_task_priority", ("NONE", "LOW", "MEDIUM", "HIGH")),
    *choice("hs_task_type", ("EMAIL", "CALL", "TODO")),
    *moment("hs_task_completion_date"),
]
_OWN: dict[str, list[Definition]] = {
    "contacts": _CONTACTS,
    "companies": _COMPANIES,
    "deals": _DEALS,
    "tickets": _TICKETS,
    "calls": _CALLS,
    "emails": _EMAILS,
    "meetings": _MEETINGS,
    "notes": text("hs_note_body", field_type="html"),
    "tasks": _TASKS,
    "communications": [*text("hs_communication_body"), *choice("hs_communication_channel_type", ())],
    "users": [*text("hs_internal_user_id", "hs_email", "hs_given_name", "hs_family_name", "hs_job_title")],
}
GROUPS = {"contacts": "contactinformation", "companies": "companyinformation", "deals": "dealinformation"}


def default_definitions(plural: str) -> dict[str, Definition]:
    """The definitions of a new portal for one object type, by property name."""
    shared = [*_COMMON, *(moment("hs_timestamp") if _is_engagement(plural) else [])]
    group = group_of(plural)
    return {definition.name: replace(definition, group=group) for definition in [*shared, *_OWN[plural]]}


def group_of(plural: str) -> str:
    """The property group in which an object's own properties stand."""
    singular = next(kind.singular for kind in KINDS if kind.plural == plural)
    return GROUPS.get(plural, f"{singular}information")


def _is_engagement(plural: str) -> bool:
    return next(kind.is_engagement for kind in KINDS if kind.plural == plural)
