"""The property definitions that a new portal has, by object type."""

from __future__ import annotations

from dataclasses import replace

from sandbox.hubspot import activity_schema, sales_schema
from sandbox.hubspot.definition import Definition, choice, flag, moment, number, own, owner, text, words
from sandbox.hubspot.email_subscriptions import SUBSCRIPTIONS
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.labels import LABELS

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
    *text("hs_searchable_calculated_mobile_number", read_only=True),
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
    *choice("hs_email_optout_1", {"true": "Yes", "false": "No"}),
    *(one for subscription in SUBSCRIPTIONS for one in choice(subscription.property, ("true", "false"))),
    *flag("hs_email_optout", "hs_email_bad_address", "hs_email_quarantined"),
    *number("hs_email_bounce", "hs_email_open", "hs_email_click", read_only=True),
    *text("hs_email_hard_bounce_reason", "hs_email_hard_bounce_reason_enum", read_only=True),
    *moment("hs_email_last_open_date", "hs_email_last_click_date", "hs_last_sales_activity_timestamp", read_only=True),
    *flag("hs_marketable_status", read_only=True),
    *text("hs_marketable_reason_type", "hs_marketable_reason_id", "hs_marketable_until_renewal", read_only=True),
    *choice("hs_legal_basis", _LEGAL_BASES, many=True),
    *text("hs_calculated_merged_vids", "hs_all_contact_vids", read_only=True),
    *own("trueline_id", "Trueline id", unique=True),
    *activity_schema.ROLLED_UP,
    *_ORIGIN,
]
_COMPANIES = [
    *text("hs_searchable_calculated_phone_number", read_only=True),
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
    *activity_schema.ROLLED_UP,
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
    *activity_schema.ROLLED_UP,
    *_ORIGIN,
]
_OWN: dict[str, list[Definition]] = {
    "contacts": _CONTACTS,
    "companies": _COMPANIES,
    "deals": _DEALS,
    **activity_schema.OWN,
    **sales_schema.OWN,
}
GROUPS = {"contacts": "contactinformation", "companies": "companyinformation", "deals": "dealinformation"}


def default_definitions(kind: Kind) -> dict[str, Definition]:
    """The definitions of a new object type, by property name."""
    shared = [*_COMMON, *(activity_schema.SHARED if kind.is_engagement else [])]
    own = sales_schema.CUSTOM if kind.is_custom else _OWN[kind.plural]
    group = group_of(kind)
    return {one.name: replace(one, group=group, label=label_of(kind, one)) for one in [*shared, *own]}


def group_of(kind: Kind) -> str:
    """The property group in which an object's own properties stand."""
    if kind.is_custom:
        return f"{kind.singular}_information"
    return GROUPS.get(kind.plural, f"{kind.singular.replace('_', '')}information")


def label_of(kind: Kind, definition: Definition) -> str:
    """What people call the property."""
    if definition.name == "hubspot_owner_id":
        return f"{kind.singular_label} owner"
    return LABELS.get(f"{kind.plural}.{definition.name}") or LABELS.get(definition.name) or definition.label
