"""What happens to names of companies, in accounts and in what people's records say of their employer; websites."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import records, tables, text
from sandbox.generator.chance import Bools, Chance, Ints
from sandbox.generator.dirt import typos
from sandbox.generator.dirt.soil import Soil

KINDS = (
    "company_legal_name",
    "company_no_form",
    "company_form_variant",
    "company_acronym",
    "company_brand",
    "company_the",
    "company_and",
    "company_abbreviated",
    "company_typo",
    "company_place",
    "company_dba",
)
_SHARES = (20, 18, 20, 5, 12, 5, 6, 8, 10, 6, 2)
_SHORT = {
    "International": "Intl",
    "Technologies": "Tech",
    "Manufacturing": "Mfg",
    "Systems": "Sys",
    "Services": "Svcs",
    "Group": "Grp",
    "Associates": "Assoc.",
    "Engineering": "Eng.",
    "Solutions": "Soln",
    "Industries": "Ind.",
    "Management": "Mgmt",
    "Construction": "Constr.",
    "Gesellschaft": "Ges.",
    "Consulting": "Cons.",
    "Medical": "Med",
    "Logistics": "Log.",
}
_NONE = ("n/a", "-", "self", "none", "freelance", "unknown", "private")


def soil_account_names(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """Accounts: copies mostly have another form of the name; originals seldom."""
    chance = soil.chance.of("account names")
    copied = soil.accounts["relation"].to_numpy() == records.DUPLICATE
    rate = np.clip(np.where(copied, 0.75, 0.1) * soil.mess(soil.accounts), 0, 0.9)
    firm = soil.accounts["company"].to_numpy()
    said = _other_forms(soil, said, "name", firm, chance.hits(rate, len(said)), chance.of("forms"), account=True)
    return _case(soil, said, "name", soil.accounts, chance.of("case"), account=True)


def soil_employers(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """The company a lead or HubSpot contact names: as people type it."""
    chance = soil.chance.of("employers")
    firm = np.maximum(soil.people["company"].to_numpy(), 0)
    has = said["company"].is_not_null().to_numpy()
    rate = np.clip(0.3 * soil.mess(soil.people), 0, 0.85)
    said = _other_forms(soil, said, "company", firm, has & chance.hits(rate, len(said)), chance.of("forms"))
    none = has & chance.of("none").hits(np.clip(0.012 * soil.mess(soil.people), 0, 0.5), len(said))
    holder = pl.Series(_NONE).gather(chance.of("which").below(len(_NONE), len(said)))
    said = soil.soil(said, none, "company", "company_placeholder", holder)
    return _case(soil, said, "company", soil.people, chance.of("case"))


def _other_forms(
    soil: Soil, said: pl.DataFrame, name: str, firm: Ints, mask: Bools, chance: Chance, *, account: bool = False
) -> pl.DataFrame:
    """In the rows of the mask, one of the other ways to call that company; each kind where it changes something."""
    kind = chance.of("kind").pick(_SHARES, len(said))
    for code, label in enumerate(KINDS):
        rows = np.flatnonzero(mask & (kind == code))
        if len(rows):
            made = _form(label, said[name].gather(rows), firm[rows], soil.companies, chance.of(label))
            dirty = text.put(said[name], rows, made)
            chosen = np.zeros(len(said), dtype=np.bool_)
            chosen[rows] = made.is_not_null().to_numpy()
            said = soil.soil(said, chosen, name, label, dirty, account=account)
    return said


def _form(kind: str, name: pl.Series, firm: Ints, companies: pl.DataFrame, chance: Chance) -> pl.Series:
    n = len(firm)
    core, short = companies["core"].gather(firm), companies["short"].gather(firm)
    forms = tables.legal_forms()
    listed = forms["variants"].gather(companies["form"].gather(firm))
    which = pl.Series(chance.below(listed.list.len().to_numpy(), n))
    variant = pl.DataFrame({"v": listed, "i": which}).select(pl.col("v").list.get(pl.col("i"))).to_series()
    joint = (
        pl.Series([" "])
        .gather(np.zeros(n, dtype=np.int64))
        .zip_with(~variant.str.starts_with(","), pl.Series([""] * n))
    )
    if kind == "company_legal_name":
        return companies["legal_name"].gather(firm)
    if kind == "company_no_form":
        return core
    if kind == "company_form_variant":
        return core + joint + variant
    if kind == "company_acronym":
        letters = core.str.replace_all(r"[^\p{Lu}]", "")
        return text.only(letters.str.len_chars() >= 3, letters)
    if kind == "company_brand":
        return short
    if kind == "company_the":
        return core.str.replace("^The ", "").zip_with(core.str.starts_with("The "), "The " + core)
    if kind == "company_and":
        turned = name.str.replace(" & ", " and ", literal=True)
        return turned.zip_with(name.str.contains(" & ", literal=True), name.str.replace(" and ", " & ", literal=True))
    if kind == "company_abbreviated":
        return name.to_frame("n").select(pl.col("n").str.replace_many(_SHORT)).to_series()
    if kind == "company_typo":
        return typos.slipped(name, chance)
    if kind == "company_dba":
        return companies["legal_name"].gather(firm) + " dba " + short
    land = tables.countries()["name"].gather(companies["country"].gather(firm))
    city = companies["city"].gather(firm)
    bracket = pl.Series(chance.of("bracket").hits(0.5, n))
    return (core + " (" + land + ")").zip_with(bracket, core + " - " + city)


def _case(
    soil: Soil, said: pl.DataFrame, name: str, frame: pl.DataFrame, chance: Chance, *, account: bool = False
) -> pl.DataFrame:
    n = len(said)
    habit = soil.habit(frame, "case_habit")
    follows = chance.of("follows").hits(0.85, n)
    mess = soil.mess(frame)
    upper = (habit == 1) & follows | chance.of("upper").hits(np.clip(0.03 * mess, 0, 0.5), n)
    lower = ((habit == 2) & follows | chance.of("lower").hits(np.clip(0.012 * mess, 0, 0.5), n)) & ~upper
    said = soil.soil(said, upper, name, "company_upper", said[name].str.to_uppercase(), account=account)
    return soil.soil(said, lower, name, "company_lower", said[name].str.to_lowercase(), account=account)


def soil_websites(
    soil: Soil, said: pl.DataFrame, frame: pl.DataFrame, name: str, *, account: bool = False
) -> pl.DataFrame:
    """Domains written as addresses of pages, with www, with a slip; HubSpot's `domain` too."""
    chance = soil.chance.of("account sites" if account else "sites")
    n = len(said)
    site = said[name]
    forms = (
        ("website_url", 0.12, "http://www." + site + "/"),
        ("website_url", 0.06, "https://" + site + "/en/home"),
        ("website_www", 0.08, "www." + site),
        ("website_case", 0.03, site.str.to_uppercase()),
    )
    done = site.is_null().to_numpy()
    for number, (kind, share, dirty) in enumerate(forms):
        mask = chance.of(str(number)).hits(np.clip(share * soil.mess(frame), 0, 0.8), n) & ~done
        done |= mask
        said = soil.soil(said, mask, name, kind, dirty, account=account)
    slip = chance.of("slip").hits(np.clip(0.012 * soil.mess(frame), 0, 0.5), n) & ~done
    return soil.soil(said, slip, name, "website_typo", typos.slipped_at(site, slip, chance.of("typo")), account=account)
