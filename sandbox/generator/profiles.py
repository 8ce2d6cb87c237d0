"""What each record says when nobody made a mistake: clean text for person and account records."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import mailboxes, records, tables, text
from sandbox.generator.chance import Bools, Chance, Ints

LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
_SOURCE_WEIGHTS = (44, 12, 16, 18, 10)
TAGS = ("crm", "webinar", "demo", "newsletter", "event2025", "trial")


def of_people(
    frame: pl.DataFrame, persons: pl.DataFrame, companies: pl.DataFrame, chance: Chance, gaps: np.ndarray
) -> pl.DataFrame:
    """Columns of text for person records; `gaps` scales how often a field is simply not known.

    given, family, salutation, email, phone, mobile (both E.164), title, department, company, website, street, city,
    state, postal, country (English name), lead_source, opt_out, do_not_call. Tests are left blank, see `dirt.tests`.
    """
    person, company = frame["person"].to_numpy(), frame["company"].to_numpy()
    real = person >= 0
    who, firm = np.maximum(person, 0), np.maximum(company, 0)
    n = len(frame)
    country = companies["country"].to_numpy()[firm]
    calling = tables.countries()["calling"].gather(country)
    out = {
        "given": persons["given"].gather(who),
        "family": persons["family"].gather(who),
        "salutation": _salutations(persons["woman"].to_numpy()[who], chance.of("salutation")),
        "email": _emails(frame, persons, companies, chance.of("email"), gaps),
        **_phones(frame, persons, companies, calling, chance.of("phone"), gaps),
        "title": _some(persons["title"].gather(who), 0.15, gaps, chance.of("title")),
        "country_row": companies["country"].gather(firm),
        "city_local": companies["city_local"].gather(firm),
        "department": _some(persons["department"].gather(who), 0.55, gaps, chance.of("department")),
        **_employers(
            frame["slot"].to_numpy(), companies["name"].gather(firm), companies["domain"].gather(firm), chance, gaps
        ),
        "country": _some(tables.countries()["name"].gather(country), 0.12, gaps, chance.of("country")),
    }
    for name, share in (("street", 0.45), ("city", 0.25), ("state", 0.4), ("postal", 0.45)):
        out[name] = _some(companies[name].gather(firm), share, gaps, chance.of(name))
    source = pl.Series(LEAD_SOURCES).gather(chance.of("source").pick(_SOURCE_WEIGHTS, n))
    out["lead_source"] = _some(source, 0.18, gaps, chance.of("nosource"))
    # Consent is the person's, so all clean copies agree.
    out["opt_out"] = pl.Series(chance.of("optout").hits(0.06, len(persons))[who] & real)
    out["do_not_call"] = pl.Series(chance.of("donotcall").hits(0.03, len(persons))[who] & real)
    made = pl.DataFrame([column.alias(name) for name, column in out.items()])
    return made.with_columns(pl.when(pl.Series(real)).then(pl.col(pl.String)).otherwise(None))


def _some(column: pl.Series, share: float, gaps: np.ndarray, chance: Chance) -> pl.Series:
    """The column with about `share` of its values not known, and an empty text as null."""
    column = text.when((column == "").fill_null(False).to_numpy(), None, column)
    return text.when(chance.hits(np.minimum(share * gaps, 0.92), len(column)), None, column)


def _employers(
    slot: Ints, name: pl.Series, domain: pl.Series, chance: Chance, gaps: np.ndarray
) -> dict[str, pl.Series]:
    """The employer's name and site as a person's record gives them; a lead must name its company."""
    unnamed = chance.of("company").hits(np.where(slot == records.LEAD, 0, np.minimum(0.16 * gaps, 0.9)), len(slot))
    return {"company": text.when(unnamed, None, name), "website": _some(domain, 0.55, gaps, chance.of("website"))}


def _salutations(woman: Bools, chance: Chance) -> pl.Series:
    forms = pl.Series(["Mr.", "Ms.", "Mrs.", "Dr.", None])
    pick = chance.of("form").pick([54, 4, 42], len(woman))
    code = np.where(
        pick == 2, 4, np.where(pick == 1, 3, np.where(woman, np.where(chance.of("ms").hits(0.8, len(woman)), 1, 2), 0))
    )
    return forms.gather(code)


def _emails(
    frame: pl.DataFrame, persons: pl.DataFrame, companies: pl.DataFrame, chance: Chance, gaps: np.ndarray
) -> pl.Series:
    """The first record of a person has the work address; copies have the same, another, a private one or none."""
    person, company, relation = (frame[name].to_numpy() for name in ("person", "company", "relation"))
    who = np.maximum(person, 0)
    n = len(frame)
    email = persons["work_mail"].gather(who)
    moved = np.flatnonzero((company != persons["company"].to_numpy()[who]) & (person >= 0))
    new = mailboxes.company_addresses(
        persons["given_key"].gather(who[moved]),
        persons["family_key"].gather(who[moved]),
        pl.Series(company[moved]),
        companies,
    )
    taken = new.is_in(persons["work_mail"].implode()).fill_null(False).to_numpy()
    email = text.put(email, moved, text.when(taken, new.str.replace("@", "1@", literal=True), new))
    private = persons["own_mail"].gather(who)
    lacks = email.is_null().to_numpy()
    slot = frame["slot"].to_numpy()
    wants = chance.of("private").hits(np.where(slot == records.LEAD, 0.16, 0.05), n)
    copy = relation == records.DUPLICATE
    kind = chance.of("copy").pick([44, 22, 18, 10, 6], n)
    # HubSpot refuses a second record with an address it has.
    kind = np.where((slot == records.HUBSPOT) & (kind == 0), chance.of("hubspot").pick([0, 35, 40, 20, 5], n), kind)
    source = np.maximum(frame["source"].to_numpy(), 0)
    email = text.when(lacks | (wants & ~copy), private, email)
    email = text.when(copy & (kind == 0) | (relation == records.CONVERTED), email.gather(source), email)
    other = mailboxes.local_parts(
        persons["given_key"].gather(who), persons["family_key"].gather(who), chance.of("style").below(9, n)
    )
    restyled = pl.DataFrame({"local": other, "domain": companies["domain"].gather(np.maximum(company, 0))})
    email = text.when(
        copy & (kind == 3), restyled.select(pl.concat_str("local", pl.lit("@"), "domain")).to_series(), email
    )
    email = text.when(copy & (kind == 2), private, email)
    tag = pl.Series(TAGS).gather(chance.of("tag").below(len(TAGS), n))
    pieces = pl.DataFrame({"email": email, "tag": tag})
    tagged = pieces.select(
        pl.col("email").str.replace("@", pl.concat_str(pl.lit("+"), "tag", pl.lit("@")), literal=True)
    )
    email = text.when(copy & (kind == 4), tagged.to_series(), email)
    email = text.when(copy & (kind == 1), None, email)
    keep = (slot == records.HUBSPOT) & ~copy
    none = chance.of("none").hits(np.minimum(np.where(keep, 0.03, 0.09) * gaps, 0.8), n)
    return text.when(none, None, email.alias("email"))


def _phones(
    frame: pl.DataFrame,
    persons: pl.DataFrame,
    companies: pl.DataFrame,
    calling: pl.Series,
    chance: Chance,
    gaps: np.ndarray,
) -> dict[str, pl.Series]:
    who, firm = np.maximum(frame["person"].to_numpy(), 0), np.maximum(frame["company"].to_numpy(), 0)
    area, number = persons["work_area"].gather(who), persons["work_number"].gather(who)
    moved = firm != persons["company"].to_numpy()[who]
    area = text.when(moved, companies["phone_area"].gather(firm), area)
    number = text.when(moved, companies["phone_number"].gather(firm), number)
    at_home = persons["country"].gather(who)
    home = tables.countries()["calling"].gather(at_home)
    phone, mobile = (
        pl.DataFrame({"c": code, "a": a, "n": b}).select(pl.concat_str(pl.lit("+"), "c", "a", "n")).to_series()
        for code, a, b in (
            (calling, area, number),
            (home, persons["mobile_area"].gather(who), persons["mobile_number"].gather(who)),
        )
    )
    return {
        "phone": _some(phone, 0.25, gaps, chance.of("work")),
        "mobile": _some(mobile, 0.62, gaps, chance.of("mobile")),
        "phone_area": area,
        "phone_number": number,
        "phone_country": companies["country"].gather(firm),
        "mobile_area": persons["mobile_area"].gather(who),
        "mobile_number": persons["mobile_number"].gather(who),
        "mobile_country": at_home,
    }


def of_accounts(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance, gaps: np.ndarray) -> pl.DataFrame:
    """Columns of text for account records: name, legal_name, lei, registration, domain, phone and the address."""
    firm: Ints = frame["company"].to_numpy()
    country = companies["country"].gather(firm)
    table = tables.countries()
    phone = pl.DataFrame(
        {
            "c": table["calling"].gather(country),
            "a": companies["phone_area"].gather(firm),
            "n": companies["phone_number"].gather(firm),
        }
    )
    e164 = phone.select(pl.concat_str(pl.lit("+"), "c", "a", "n")).to_series()
    industries = tables.industries()
    out = {
        "name": companies["name"].gather(firm),
        "core": companies["core"].gather(firm),
        "legal_name": text.when(~chance.of("legal").hits(0.12, len(firm)), None, companies["legal_name"].gather(firm)),
        "lei": text.when(~chance.of("lei").hits(0.03, len(firm)), None, companies["lei"].gather(firm)),
        "registration": text.when(
            ~chance.of("reg").hits(0.06, len(firm)), None, companies["registration"].gather(firm)
        ),
        "domain": _some(companies["domain"].gather(firm), 0.06, gaps, chance.of("domain")),
        "phone": _some(e164, 0.25, gaps, chance.of("phone")),
        "country": _some(table["name"].gather(country), 0.07, gaps, chance.of("country")),
        "industry": _some(
            industries["industry"].gather(companies["industry"].gather(firm)), 0.15, gaps, chance.of("industry")
        ),
        "phone_area": companies["phone_area"].gather(firm),
        "phone_number": companies["phone_number"].gather(firm),
        "phone_country": country,
        "country_row": country,
        "city_local": companies["city_local"].gather(firm),
    }
    for name, share in (("street", 0.25), ("city", 0.12), ("state", 0.25), ("postal", 0.25)):
        out[name] = _some(companies[name].gather(firm), share, gaps, chance.of(name))
    made = pl.DataFrame([column.alias(name) for name, column in out.items()])
    known = chance.of("size").hits(np.clip(1 - 0.25 * gaps, 0, 1), len(firm))
    return made.with_columns(
        pl.when(pl.Series(known)).then(companies["employees"].gather(firm)).otherwise(None).alias("employees"),
        pl.when(pl.Series(known)).then(companies["revenue"].gather(firm)).otherwise(None).alias("revenue"),
    )
