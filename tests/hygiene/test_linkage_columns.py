"""What columns hold: names in one column, several values of one thing, dates, countries, generations."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hygiene.linkage import codes, keys
from hygiene.linkage.columns import prepared
from hygiene.linkage.link import link
from hygiene.linkage.names import Names
from hygiene.linkage.values import date_levels
from tests.hygiene.test_linkage import DATA, PERSON, needs_data, people
from tests.hygiene.truth import read_text_table, score_of


def names(*listed: tuple[str | None, str | None, str | None]) -> str:
    """How the first two names compare."""
    table = pl.DataFrame(listed, schema=["given", "family", "generation"], orient="row")
    compared = Names(table).compare(np.array([0], np.uint32), np.array([1], np.uint32))
    return str(compared.words[int(compared.levels[0])])


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (("bob", "smith", None), ("robert", "smith", None), "given names that fit, same family name"),
        (("robert e", "smith", None), ("robert j", "smith", None), "similar given names, same family name"),
        (("robert", "smith", "jr"), ("robert", "smith", "sr"), "same name, but another generation"),
        (("mark", "smith", None), ("mary", "smith", None), "similar given names, same family name"),
        (("marrk", "smith", None), ("mark", "smith", None), "given names a keystroke apart, same family name"),
        (("jie", "wang", None), ("wang", "jie", None), "given and family name changed places"),
    ],
)
def test_names_are_compared_part_by_part(
    one: tuple[str, str, str | None], other: tuple[str, str, str | None], words: str
) -> None:
    assert names(one, other) == words
    assert names(other, one) == words


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("1978-12-11", "19781211"), ("19781211", "19781211"), ("12/11/1978", "19781211"), ("24/12/1978", "19781224"),
        ("3/1/70", "19700301"), ("19-Feb-91", "19910219"), ("Mar 1 1970", "19700301"), ("May 2nd, 2011", "20110502"),
        ("1978", "1978"), ("unknown", None), (None, None),
    ],
)  # fmt: skip
def test_dates_are_read_in_the_usual_orders(text: str | None, key: str | None) -> None:
    assert keys.dates(pl.Series([text], dtype=pl.String)).to_list() == [key]


def test_countries_are_one_however_they_are_spelt() -> None:
    spelt = pl.Series(["Korea (Republic of)", "South Korea", "KR", "Atlantis", None])
    assert keys.countries(spelt).to_list() == ["KR", "KR", "KR", "atlantis", None]


def test_pairs_have_the_same_levels_however_many_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folded, comparisons = prepared(people(60, 2), PERSON)
    one, other = (rows.astype(np.uint32) for rows in np.triu_indices(len(folded), 1))
    whole = [comparison.compare(one, other).levels for comparison in comparisons]
    monkeypatch.setattr(codes, "_PART", 1_000)
    assert all((comparison.compare(one, other).levels == levels).all()
               for comparison, levels in zip(comparisons, whole, strict=True))  # fmt: skip


def test_country_that_is_part_of_another_is_not_simply_another() -> None:
    table = pl.DataFrame({"name": ["Acme", "Acme"], "seat": ["Hong Kong", "China"]})
    _, comparisons = prepared(table, {"name": "company_name", "seat": "country"})
    one, other = (pl.Series([row], dtype=pl.UInt32).to_numpy() for row in (0, 1))
    compared = comparisons[-1].compare(one, other)
    assert compared.words[compared.levels[0]] == "one country is a part of the other"


def test_name_beside_a_company_name_is_taken_unless_it_is_a_country() -> None:
    spelt = pl.Series(["Federal National Mortgage (Fannie Mae)", "Zorro LLC dba Quick Mart", "Acme (Taiwan)", "Acme"])
    assert keys.beside(spelt).to_list() == ["fannie mae", "zorro", None, None]


def test_full_names_are_split_and_lose_title_and_generation() -> None:
    folded, _ = prepared(pl.DataFrame({"name": ["Dr. Ana de la Cruz Jr", "Cruz, Ana"]}), {"name": "full_name"})
    assert folded.rows(named=True) == [
        {"given": "ana", "family": "de la cruz", "generation": "jr"},
        {"given": "ana", "family": "cruz", "generation": None},
    ]


def test_any_phone_of_one_record_meets_any_of_another() -> None:
    table = people(2_000, 2)
    entity = table["entity"]
    number = pl.Series([f"{2_000_000_000 + 7919 * at}" for at in entity])
    is_odd = pl.Series(np.arange(len(table)) % 2 == 1)
    phones = table.with_columns(work=number.set(is_odd, None), mobile=number.set(~is_odd, None)).drop(
        "email", "company"
    )
    kinds = {"given": "given_name", "family": "family_name", "work": "phone", "mobile": "phone"}
    score = score_of(link(phones, kinds).clusters(), entity)
    assert score.precision > 0.99
    assert score.recall > 0.95


def test_columns_may_be_many() -> None:
    table = people(120, 2)
    more = table.with_columns(pl.col("entity").cast(pl.String).shuffle(at).alias(f"t{at}") for at in range(16))
    kinds = {**PERSON, **{f"t{at}": "text" for at in range(16)}}
    score = score_of(link(more, kinds).clusters(), table["entity"])
    assert score.precision > 0.99
    assert score.recall > 0.95


def test_companies_are_employers_where_people_are_and_the_record_itself_elsewhere() -> None:
    table = pl.DataFrame({"given": ["ann", "bea", None, None], "firm": ["acme", "acme", "zorro", "quick"]})
    kinds = {"given": "given_name", "firm": "company_name"}
    assert [one.family for one in prepared(table[:3], kinds)[1]] == ["name", "organisation"]
    assert [one.family for one in prepared(table[1:], kinds)[1]] == ["name", "company", "nature"]


@needs_data
def test_hand_made_corner_cases_of_people_and_organisations_are_told_apart() -> None:
    folder = DATA / "persons" / "senzing_truthset"
    tables = [read_text_table(folder / f"{source}.csv") for source in ("customers", "reference", "watchlist")]
    truth = read_text_table(folder / "actual_truthset_key.csv")
    by = ["DATA_SOURCE", "RECORD_ID"]
    table = pl.concat(tables, how="diagonal").join(truth, on=by, how="left", maintain_order="left")
    kinds = {
        "PRIMARY_NAME_FULL": "full_name", "PRIMARY_NAME_LAST": "family_name", "PRIMARY_NAME_FIRST": "given_name",
        "PRIMARY_NAME_MIDDLE": "middle_name", "NATIVE_NAME_FULL": "full_name", "PRIMARY_NAME_ORG": "company_name",
        "SECONDARY_NAME_ORG": "company_name", "DATE_OF_BIRTH": "date", "PASSPORT_NUMBER": "identifier",
        "DRIVERS_LICENSE_NUMBER": "identifier", "SSN_NUMBER": "identifier", "NATIONAL_ID_NUMBER": "identifier",
        "EMAIL_ADDRESS": "email", "ADDR_FULL": "address", "ADDR_LINE1": "address", "ADDR_CITY": "area",
        "ADDR_STATE": "area", "ADDR_POSTAL_CODE": "area", "PHONE_NUMBER": "phone",
    }  # fmt: skip
    assert score_of(link(table, kinds).clusters(), table["CLUSTER_ID"]).f1 > 0.74


def test_identifiers_with_exchanged_digits_share_a_coarse_block_key() -> None:
    table = pl.DataFrame({"no": ["41-37877", "4137787", "4137788", None]})
    keys, (comparison,) = prepared(table, {"no": "identifier"})
    (told,) = (keys.select(key.alias("key"))["key"].to_list() for key in comparison.coarse())
    assert told[0] == told[1] != told[2]
    assert told[3] is None


def test_day_of_another_year_is_told_from_another_day_of_the_year() -> None:
    days = ["19620609", "19630609", "19620906", "19300609", "19621124", "19771124"]
    assert date_levels([days[0]] * 5, days[1:]).tolist() == [2, 2, 3, 4, 5]
    assert date_levels(days[1:], [days[0]] * 5).tolist() == [2, 2, 3, 4, 5]
