"""The persons of the world: names fitting their country, employer, title, telephones, addresses of their own."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import mailboxes, person_names, tables, telephones
from sandbox.generator.chance import Chance, Ints

_TITLE_LANGUAGE = {
    "DE": "de",
    "AT": "de",
    "CH": "de",
    "FR": "fr",
    "ES": "es",
    "MX": "es",
    "IT": "it",
    "NL": "nl",
    "SE": "sv",
    "PL": "pl",
    "PT": "pt",
    "BR": "pt",
    "TR": "tr",
}


def born(n: int, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per person; the row number is the person's name in the whole generator.

    company: the employer; next_company: a later one (null for most). given, family as written in the CRM's
    language of business (some in their own script); given_key, family_key as in an address. work_area and
    work_number, mobile_area and mobile_number: national digits without trunk prefix. family_of, namesake_of: the
    person whose surname (and telephone), or whole name, this one has.
    """
    company = _employers(n, companies, chance.of("employer"))
    country = companies["country"].to_numpy()[company]
    language, native = person_names.languages(country, chance.of("language"))
    woman = chance.of("woman").hits(0.44, n)
    given, given_second = person_names.given(language, woman, chance.of("given"))
    family, family_second = person_names.family(language, woman, chance.of("family"))
    frame = pl.DataFrame(
        {
            "company": company,
            "country": country,
            "language": language,
            "native": native,
            "woman": woman,
            "given_row": given,
            "given_second": given_second,
            "family_row": family,
            "family_second": family_second,
        }
    )
    frame = _related(frame, chance.of("related"))
    frame = frame.with_columns(person_names.written(frame))
    frame = frame.with_columns(_jobs(frame["country"].to_numpy(), chance.of("job")))
    frame = frame.with_columns(telephones.of_people(frame, companies, chance.of("phone")))
    return frame.with_columns(
        *mailboxes.of_people(frame, companies, chance.of("mail")), _next_company(frame, companies, chance.of("next"))
    )


def _employers(n: int, companies: pl.DataFrame, chance: Chance) -> Ints:
    """Large companies have more people in a CRM, but far fewer than in proportion to their size."""
    return chance.pick(companies["employees"].to_numpy().astype(np.float64) ** 0.55, n)


_NAME = ("given_row", "given_second", "family_row", "family_second", "native", "woman")


def _related(frame: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Plant relatives at one company and namesakes: both are other people than the one they resemble."""
    n = len(frame)
    later = {
        kind: chance.of(kind).some(np.arange(n // 2, n), share)
        for kind, share in (("family", 0.016), ("namesake", 0.012))
    }
    later["family"] = later["family"][~np.isin(later["family"], later["namesake"])]
    model = {kind: chance.of(f"{kind} of").below(max(n // 2, 1), len(rows)) for kind, rows in later.items()}
    family, namesake = later["family"], later["namesake"]
    # Relatives always sit in one company; of the namesakes a third do.
    near = chance.of("near").hits(0.35, len(namesake))
    moved = np.concatenate([family, namesake[near]]), np.concatenate([model["family"], model["namesake"][near]])
    columns = {name: frame[name].to_numpy().copy() for name in ("company", "country", *_NAME)}
    for name in ("company", "country"):
        columns[name][moved[0]] = columns[name][moved[1]]
    speaks = np.arange(n)
    speaks[family], speaks[namesake] = model["family"], model["namesake"]
    language = frame["language"].gather(speaks)
    given = person_names.given(language.gather(family), columns["woman"][family], chance.of("given"))
    columns["given_row"][family], columns["given_second"][family] = given
    for name in ("family_row", "family_second"):
        columns[name][family] = columns[name][model["family"]]
    columns["native"][family] = columns["native"][model["family"]]
    for name in _NAME:
        columns[name][namesake] = columns[name][model["namesake"]]
    return frame.with_columns(
        language,
        *(pl.Series(name, values) for name, values in columns.items()),
        *(_pointer(f"{kind}_of", n, later[kind], model[kind]) for kind in ("family", "namesake")),
    )


def _pointer(name: str, n: int, rows: Ints, targets: Ints) -> pl.Series:
    """A column that is null but in the rows, which hold their target."""
    column = np.full(n, -1, dtype=np.int64)
    column[rows] = targets
    return pl.Series(name, column).replace(-1, None)


def _jobs(country: Ints, chance: Chance) -> list[pl.Series]:
    titles = tables.titles().with_row_index("row")
    iso = tables.countries()["iso2"].to_list()
    rows = np.zeros(len(country), dtype=np.int64)
    # In countries of other languages every third title is English all the same.
    english = chance.of("english").hits(0.35, len(country))
    for c, code in enumerate(iso):
        language = _TITLE_LANGUAGE.get(code, "en")
        for lang, flag in ((language, False), ("en", True)):
            at = np.flatnonzero((country == c) & (english == flag))
            listed = titles.filter(pl.col("language") == lang)
            share = listed.select(pl.col("weight") / pl.len().over("level")).to_series()
            rows[at] = listed["row"].to_numpy()[chance.of(f"{code}{flag}").pick(share.to_numpy(), len(at))]
    return [titles["title"].gather(rows), titles["department"].gather(rows), titles["level"].gather(rows)]


def _next_company(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.Series:
    """A later employer for some, in the same country; null for the rest."""
    n = len(frame)
    country = frame["country"].to_numpy()
    chosen = np.full(n, -1, dtype=np.int64)
    movers = chance.of("who").some(np.arange(n), 0.06)
    of_company = companies["country"].to_numpy()
    for c in range(len(tables.countries())):
        at = movers[country[movers] == c]
        there = np.flatnonzero(of_company == c)
        if len(at) and len(there):
            chosen[at] = there[chance.of(str(c)).below(len(there), len(at))]
    chosen = np.where(chosen == frame["company"].to_numpy(), -1, chosen)
    return pl.Series("next_company", chosen).replace(-1, None)
