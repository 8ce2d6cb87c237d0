from __future__ import annotations

import random
import re
from pathlib import Path

import phonenumbers
import polars as pl
import pytest

from hygiene.kinds import phone
from hygiene.kinds.phone_plan import read_plain

# The release whose numbering plans the examples were made with; plans change from release to release.
EXAMPLES_FROM = (9, 0, 43)


def _examples(reference: Path) -> pl.DataFrame:
    if tuple(map(int, re.findall(r"\d+", phonenumbers.__version__))) < EXAMPLES_FROM:
        pytest.skip(f"phonenumbers {phonenumbers.__version__} is older than the examples")
    table = pl.read_csv(reference / "tables" / "phone_examples" / "phone_examples.csv", infer_schema=False)
    return table.with_columns(
        pl.when(pl.col("valid") == "1").then("e164").alias("wanted"),
        pl.when(pl.col("region").str.contains("^[A-Z]{2}$")).then("region").alias("region"),
    )


def test_national_numbers_are_read_as_libphonenumber_reads_them(reference: Path) -> None:
    table = _examples(reference).drop_nulls("region")
    assert phone.normalise(table["national_input"], table["region"]).to_list() == table["wanted"].to_list()


def test_international_numbers_need_no_region(reference: Path) -> None:
    table = _examples(reference)
    assert phone.normalise(table["international_input"]).to_list() == table["wanted"].to_list()


def _mistyped(number: str, chance: random.Random) -> str:
    letters = list(number)
    place = chance.choice([index for index, letter in enumerate(letters) if letter.isdigit()])
    match chance.randrange(3):
        case 0:
            letters[place] = str(chance.randrange(10))
        case 1:
            letters.insert(place, str(chance.randrange(10)))
        case _:
            letters.pop(place)
    return "".join(letters)


def test_fast_path_agrees_with_the_library_on_mistyped_numbers(reference: Path) -> None:
    chance = random.Random(7)
    rows = [
        (_mistyped(number, chance), chance.choice([region, "US", "GB", "IT", "AR", "RU", "JP"]))
        for number, other, region in _examples(reference)
        .drop_nulls("region")
        .select("national_input", "international_input", "region")
        .iter_rows()
        for number in (number, other, other.replace("+", "00"), number.replace(" ", "/", 1))
    ]
    table = pl.DataFrame(rows, schema=["value", "region"], orient="row")
    answers = list(zip(table.iter_rows(), read_plain(table, smallest=1).iter_rows(), strict=True))
    answered = [(asked, answer) for asked, answer in answers if any(answer)]
    assert len(answered) > len(answers) / 6
    for (value, region), (e164, is_unused, is_unplaced) in answered:
        reading = phone.read(value, region)
        assert (reading.e164, reading.is_unplaced) == (e164, is_unplaced), value
        assert not is_unused or str(reading.problem).startswith("is not a number in use"), value


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        pytest.param("0161 496 0000", "GB", "+441614960000", id="national"),
        pytest.param("+44 (0)161 496 0000", "US", "+441614960000", id="redundant-trunk-zero"),
        pytest.param("0044 161 496 0000", "GB", "+441614960000", id="international-prefix"),
        pytest.param("Tel.: 0161 496 0000", "GB", "+441614960000", id="label"),
        pytest.param("(415) 555-0132 x12", "US", "+14155550132 ext. 12", id="extension"),
        pytest.param("415-555-0132 ext. 12", "US", "+14155550132 ext. 12", id="extension-word"),
        pytest.param("+39 02 1234 5678", None, "+390212345678", id="italian-zero-stays"),
        pytest.param("0161 496 0000 / 0161 496 0001", "GB", None, id="two-numbers"),
        pytest.param("0161 496 0000 ask for Jane", "GB", None, id="note"),
        pytest.param("0161/496 0000", "GB", "+441614960000", id="slash"),
        pytest.param("12345", "US", None, id="too-short"),
        pytest.param("call me", "US", None, id="garbage"),
        pytest.param("n/a", "US", None, id="stand-in"),
        pytest.param("0161 496 0000", None, None, id="no-country"),
    ],
)
def test_normalise_gives_e164_or_nothing(written: str, region: str | None, e164: str | None) -> None:
    read = phone.readings(pl.Series([written]), pl.Series([region], dtype=pl.String)).row(0, named=True)
    assert read["e164"] == e164
    assert (read["problem"] is None) == (e164 is not None)


def test_number_without_country_is_unplaced_and_default_region_places_it() -> None:
    values = pl.Series(["0161 496 0000"])
    assert phone.readings(values)["is_unplaced"].to_list() == [True]
    assert phone.normalise(values, None, "GB").to_list() == ["+441614960000"]
