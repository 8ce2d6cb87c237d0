"""The catalogue: every rule by its stable slug, with its severity and one line for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from model.evidence import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing an audit finds or a plan proposes. `group` is the chapter it is reported under."""

    slug: str
    severity: Severity
    group: str
    description: str


_FOUND = (
    Rule("duplicate-person", "high", "duplicates", "Several records describe one person."),
    Rule("duplicate-account", "high", "duplicates", "Several account records describe one company."),
    Rule("unsure-pair", "medium", "duplicates", "Two records may be the same; a person should decide."),
    Rule("shared-mailbox", "medium", "duplicates", "One mailbox stands on records with contradictory names."),
    Rule("family", "info", "duplicates", "Same surname and phone, different given names: kept apart."),
    Rule("job-change", "info", "duplicates", "Same person in another job: linked, and kept as two records."),
    Rule("related-account", "info", "duplicates", "Related companies (parent, subsidiary, region): kept apart."),
    Rule("account-circle", "high", "hierarchy", "The account's parents lead back to it."),
    Rule("account-parent", "medium", "hierarchy", "The account has no parent, but probably belongs under another."),
    Rule("parent-doubtful", "info", "hierarchy", "The account's parent shares nothing with it, and another does."),
    Rule("cluster-too-large", "high", "duplicates", "More records hang together than the cap allows; not joined."),
    Rule("cluster-split", "medium", "duplicates", "A chain of matches would join records that contradict each other."),
    Rule("test-record", "low", "duplicates", "A record made to try something out; kept out of matching."),
    Rule("sync-conflict", "high", "sync", "A field changed in both CRMs; `trueline conflicts` decides."),
    Rule("sync-unmapped", "medium", "sync", "A value has no counterpart in the other CRM; nothing was carried over."),
    Rule("sync-refused", "medium", "sync", "The other CRM would not take the value; nothing was carried over."),
    Rule("sync-cleared", "low", "sync", "A value was cleared in one CRM; `clears` is not set, so the other keeps it."),
    Rule("owner-unmatched", "medium", "sync", "An owner is nobody in the other CRM; their records keep their owners."),
    Rule("email-invalid", "high", "fields", "The e-mail cannot receive mail as it is written."),
    Rule("email-typo-domain", "medium", "fields", "The e-mail's domain is one keystroke from a big mail provider."),
    Rule("email-role", "low", "fields", "A mailbox of a function, not of a person."),
    Rule("email-stand-in", "medium", "fields", "A stand-in address such as none@none.com fills the e-mail."),
    Rule("phone-invalid", "medium", "fields", "The phone number is not one valid number."),
    Rule("phone-unplaced", "low", "fields", "The phone number has no country code and the record no country."),
    Rule("domain-invalid", "medium", "fields", "The website or domain is not a web address."),
    Rule("domain-free-mail", "medium", "fields", "The account's domain is one of an open mail provider."),
    Rule("country-unknown", "medium", "fields", "The country is not one of ISO 3166, or is misspelt."),
    Rule("name-stand-in", "medium", "fields", "A stand-in such as 'n/a' or 'unknown' fills a name."),
    Rule("date-implausible", "low", "fields", "A date lies before 1970 or more than ten years ahead."),
    Rule("spelling-variant", "medium", "fields", "A value is spelt in several ways, or misspelt."),
    Rule("missing-field", "medium", "completeness", "A required field is blank."),
    Rule("field-unknown", "info", "completeness", "A required field could not be read, so it is not scored."),
    Rule("deal-no-account", "high", "deals", "The deal belongs to no account."),
    Rule("deal-no-amount", "high", "deals", "The open deal has no amount."),
    Rule("deal-no-owner", "high", "deals", "The open deal has no owner."),
    Rule("deal-owner-inactive", "high", "deals", "The open deal's owner is no longer active."),
    Rule("deal-stage-unknown", "medium", "deals", "The deal stands in a stage the pipeline does not have."),
    Rule("deal-stale-stage", "high", "deals", "The open deal is longer in its stage than that stage's limit."),
    Rule("deal-idle", "medium", "deals", "Nothing happened on the open deal for longer than the limit."),
    Rule("deal-close-past", "high", "deals", "The open deal should have closed already."),
    Rule("deal-no-close-date", "medium", "deals", "The open deal has no close date."),
    Rule("deal-pushed", "medium", "deals", "The open deal's close date was moved more often than the limit."),
    Rule("deal-no-next-step", "low", "deals", "The open deal has no next step."),
    Rule("no-account", "low", "links", "The person belongs to no account, and none could be decided."),
    Rule("record-held", "medium", "sync", "The record was not made in the other CRM, or not all of it."),
    Rule("stands-refused", "medium", "sync", "A system refused this change; it waits until something has changed."),
    Rule("partner-deleted", "medium", "sync", "The record's counterpart in the other CRM was deleted."),
    Rule("consent-differs", "high", "consent", "One person opted out on one record only; the opt-out must win."),
)
_PROPOSED = (
    Rule("email-form", "low", "corrections", "E-mail in lower case without blanks or wrapping."),
    Rule("phone-e164", "low", "corrections", "Phone number in E.164 form, extension kept."),
    Rule("name-case", "low", "corrections", "Names typed in capitals or small letters, in name case."),
    Rule("country-name", "low", "corrections", "Country in the form its column uses."),
    Rule("domain-form", "low", "corrections", "Domain as a bare lower-case host."),
    Rule("link-account", "medium", "corrections", "Contact linked to the account it belongs to."),
    Rule("parent-account", "medium", "corrections", "Account put under the account it belongs to."),
    Rule("enrich-fill", "low", "corrections", "Blank field filled from a lookup."),
    Rule("merge-duplicates", "high", "corrections", "Records of one person or company made one record."),
    Rule("convert-lead", "high", "corrections", "Lead converted into the contact it is already."),
    Rule("create-missing", "medium", "sync", "Record made in the CRM that lacks it."),
    Rule("link-made", "medium", "sync", "Contact that was made linked to its account."),
    Rule("delete-gone", "medium", "sync", "Record deleted whose counterpart was deleted in the other CRM."),
    Rule("opt-out-kept", "high", "corrections", "Opt-out of a lead set on the contact it becomes."),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.slug: rule for rule in (*_FOUND, *_PROPOSED)})
