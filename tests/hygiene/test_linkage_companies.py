"""Company names as what a record is about: levels, and names alone against labelled names."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import polars as pl
import pytest

from benchmarks.sets import labelled_set
from hygiene.linkage import companies
from hygiene.linkage import keys as fold
from hygiene.linkage.companies import Companies, aligned, is_acronym
from hygiene.linkage.link import link, link_between
from hygiene.linkage.values import area_levels
from tests.hygiene.test_linkage import DATA, needs_data
from tests.hygiene.truth import read_text_table, score_of

_SYLLABLES = ("Bor", "Dag", "Fil", "Gom", "Hap", "Jul", "Kest", "Lorv", "Mip", "Nux", "Quib", "Zan")


def level(one: str, other: str) -> str:
    keys = pl.DataFrame({"company": [one, other]})
    compared = Companies(keys).compare(*(pl.Series([at], dtype=pl.UInt32).to_numpy() for at in (0, 1)))
    return str(compared.words[int(compared.levels[0])])


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("acme tools", "acme tools", "same company name"),
        ("acme tools", "acme toosl", "company names a keystroke apart"),
        ("northwind", "northwind group", "same company name but for common words"),
        ("toyota motor", "toyota motor zamboni", "one company name begins with the other"),
        ("adams", "adams lll", "same company name but for common words"),
        ("torphy", "plc torphy", "same company name but for common words"),
        ("akzo nobel", "akzonobel zamboni engines", "one company name begins with the other"),
        ("zorvan health sys", "zorvan health systems", "company names a keystroke apart"),
        ("zorvan comm ctr", "zorvan community center", "company names a keystroke apart"),
        ("zamboni", "frank zamboni", "one company name holds the other"),
        ("zamboni ice", "zamboni wheels", "company names share a telling word"),
        ("hong kong gas", "hong kong exchanges", "different company names"),
        ("ibm", "international business machines", "one company name is short for the other"),
        ("first capital bank", "china capital bank", "different company names"),
        ("trust 12", "trust 13", "different company names"),
    ],
)
def test_names_have_the_level_of_what_they_share(one: str, other: str, words: str) -> None:
    assert level(one, other) == words
    assert level(other, one) == words


@pytest.mark.parametrize("more", ["", " zorvan"], ids=["equal names", "one begins with the other"])
def test_rare_words_in_common_weigh_more_than_common_ones(more: str) -> None:
    others = ["quibble bor", "quibble dag", "quibble fil"]
    others += [f"bank {first}{last}".lower() for first, last in product(_SYLLABLES, _SYLLABLES)]
    names = [f"{word}{end}" for word in ("zamboni", "quibble", "bank") for end in ("", more)]
    left, right = (pl.Series(rows, dtype=pl.UInt32).to_numpy() for rows in ([0, 2, 4], [1, 3, 5]))
    compared = Companies(pl.DataFrame({"company": names + others})).compare(left, right)
    rare, twice, common = compared.prior.u[compared.levels] / compared.prior.m[compared.levels]
    assert rare < twice < common


def test_branches_of_one_name_are_kept_apart_by_their_addresses_but_not_by_another_town_name() -> None:
    made = [f"{first}{last} Grill" for first in _SYLLABLES for last in _SYLLABLES]
    listed = pl.DataFrame({"name": made, "street": [f"{at * 7} {_SYLLABLES[at % 12]} road" for at in range(144)],
                           "city": ["new york", "boston", "st. paul"] * 48})  # fmt: skip
    guide = listed[:60].with_columns(pl.col("city").replace({"new york": "New York City", "st. paul": "Saint Paul"}))
    branches = listed[60:72].with_columns(pl.lit("chicago").alias("city"), pl.lit("99 harbour").alias("street"))
    moved = listed[72:73].with_columns(pl.lit("1 harbour").alias("street"))
    table = pl.concat([listed, guide, branches, moved])
    linked = link(table, {"name": "company_name", "street": "address", "city": "area"})
    found = linked.clusters()
    assert found[144:204].tolist() == list(range(60))
    assert found[204:216].tolist() == list(range(204, 216))
    alone = link(table, {"name": "company_name", "city": "area"})
    assert alone.clusters()[216] == 72


@needs_data
def test_sites_are_seldom_one_with_a_branch_that_shares_name_and_phone() -> None:
    one = labelled_set("dedupe_csv_example", Path(), None)
    score = score_of(link(one.table, one.kinds).clusters(), one.truth)
    assert score.precision > 0.972
    assert score.f1 > 0.96


def test_streets_and_towns_are_one_however_they_are_written() -> None:
    streets = pl.Series(["854 Seventh Ave. between 54th and 55th Sts.", "854 7th avenue", "12 at Sign Road"])
    assert fold.streets(streets).to_list() == ["854 7th", "854 7th", "12 at sign"]
    towns = fold.areas(pl.Series(["St. Paul", "W. Hollywood", "Ft. Worth", "10019-1234"])).to_list()
    assert towns == ["saint paul", "west hollywood", "fort worth", "10019 1234"]
    others = ["saint pauls", "hollywood", "fort worth city", "10019"]
    assert area_levels(towns, others).tolist() == area_levels(others, towns).tolist() == [2, 3, 2, 2]


def test_words_count_as_one_where_a_keystroke_or_an_end_is_missing() -> None:
    assert aligned(["acme", "pharma"], ["acmee", "pharmac"]) == (["acme", "pharma"], [], [])
    assert aligned(["lot", "7"], ["lot", "8"]) == (["lot"], ["7"], ["8"])


def test_acronyms_leave_out_little_words() -> None:
    assert is_acronym("boa", "bank of america")
    assert not is_acronym("ba", "bank of america")
    assert not is_acronym("bca", "bank of america")


def test_every_listed_word_has_a_share() -> None:
    assert all(0 < share < 0.2 for share in companies._listed().values())


def test_equal_names_are_matched_where_nothing_else_is_known() -> None:
    names = ["Zorvan Foods", "Quibble Steel", "Mandel Capital", "Tressor Energy", "First Energy", "First Capital Bank"]
    table = pl.DataFrame({"name": [*names, "Zorvan Foods Inc", "China Capital Bank"]})
    assert link(table, {"name": "company_name"}).clusters().tolist() == [0, 1, 2, 3, 4, 5, 0, 7]


def _names(file: str, column: str) -> pl.DataFrame:
    return read_text_table(DATA / "companies" / file).select(pl.col(column).alias("name"), "cik10")


@needs_data
def test_listed_companies_are_found_by_name_alone() -> None:
    accounts, listed = (
        _names("tickers/gold_sec_accounts.csv", "sec_name"),
        _names("tickers/gold_sp500_to_sec_dev.csv", "Security"),
    )
    pairs = link_between(accounts, listed, {"name": "company_name"}).pairs(one_to_one=True)
    right = accounts["cik10"].gather(pairs["left"]) == listed["cik10"].gather(pairs["right"])
    assert right.sum() > 0.98 * len(pairs)
    assert right.sum() > 0.9 * len(listed)


@needs_data
@pytest.mark.parametrize(
    ("other", "name", "country", "least"),
    [("dbpedia", "org_name", "nation", 0.9), ("fullcontact", "Attribute_2", "Attribute_3", 0.92)],
)
def test_companies_of_two_directories_are_matched(other: str, name: str, country: str, least: float) -> None:
    folder = DATA / "companies" / "mannheim_companies"
    forbes, theirs = read_text_table(folder / "forbes.csv"), read_text_table(folder / f"{other}.csv")
    gold = pl.read_csv(folder / "gold" / f"forbes_2_{other}_val.csv", has_header=False, new_columns=["l", "r", "same"])
    left = forbes.select(name="company", country="region")
    right = theirs.select(name=name, country=country)
    found = link_between(left, right, {"name": "company_name", "country": "country"}).pairs()
    known = pl.DataFrame(
        {"l": forbes["forbes_url"].gather(found["left"]), "r": theirs.to_series(0).gather(found["right"])}
    )
    judged = gold.join(known.with_columns(pl.lit(value=True).alias("found")), on=["l", "r"], how="left")
    same = judged["same"].cast(pl.String).str.to_lowercase().str.strip_chars() == "true"
    joined = judged["found"].fill_null(value=False)
    assert 2 * int((same & joined).sum()) / (int(same.sum()) + int(joined.sum())) > least
