"""Laws of every kind: normalising is idempotent, nothing raises on any text, values are answered one by one."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.kinds import company_name, country, dates, domain, email, money, person_name, phone
from hygiene.kinds.spelling import tidy

Column = Callable[[pl.Series], pl.Series]

# Free text, and text made of the pieces that steer the kinds' code.
PIECES = st.lists(
    st.sampled_from(
        [
            "@",
            ".",
            "+",
            "-",
            " ",
            "  ",
            "mailto:",
            "<",
            ">",
            "www.",
            "http://",
            "https:",
            "//",
            "/",
            "gmail",
            "com",
            "co.uk",
            "O'",
            "MC",
            "mac",
            "DE",
            "van",
            "von der",
            "Jr",
            "PhD",
            "smith",
            "JOHN",
            "é",
            "ß",
            "İ",
            "ŉ",
            "Ǆ",
            "ﬁ",
            "株式会社",
            "GmbH",
            "S.A.",
            "& Co",
            "the",
            "Inc",
            "0161",
            "496",
            "+44",
            "(0)",
            "ext 5",
            "x",
            "1,234",
            "1.5",
            "€",
            "2025",
            "\u200b",
            "\u0000",
            "\u202e",
            "١٢٣",
            "n/a",
            "germany",
            "U.S.",
            "tel:",
            ";",
            "#",
            "_",
            "'",
            "\t",
            "\n",
        ]
    ),
    max_size=7,
).map("".join)
TEXTS = st.one_of(st.text(max_size=40), PIECES)

NORMALISERS: dict[str, Column] = {
    "email": email.normalise,
    "phone": phone.normalise,
    "phone-gb": lambda values: phone.normalise(values, None, "GB"),
    "given_name": lambda values: person_name.normalise(values, is_given=True),
    "family_name": person_name.normalise,
    "company_name": company_name.normalise,
    "domain": domain.normalise,
    "country": country.normalise,
}
OTHERS: dict[str, Column] = {
    "email-key": lambda values: email.match_key(email.normalise(values)),
    "email-corrected": lambda values: email.corrected(email.normalise(values)),
    "email-role": lambda values: email.is_role(email.normalise(values)),
    "email-suggestions": lambda values: email.suggestions(email.domain_of(values)),
    "email-problems": email.problems,
    "phone-problems": lambda values: phone.problems(values, None, "DE"),
    "person-key": person_name.match_key,
    "person-problems": person_name.problems,
    "company-key": company_name.match_key,
    "company-problems": company_name.problems,
    "domain-key": lambda values: domain.match_key(domain.normalise(values)),
    "domain-problems": domain.problems,
    "country-certain": country.certain,
    "country-problems": country.problems,
    "dates": dates.normalise,
    "dates-problems": dates.problems,
}


@pytest.mark.parametrize("normalise", [pytest.param(column, id=name) for name, column in NORMALISERS.items()])
@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.one_of(st.none(), TEXTS), max_size=4))
def test_normalising_twice_changes_nothing(normalise: Column, values: list[str | None]) -> None:
    once = normalise(pl.Series("x", values, dtype=pl.String))
    assert len(once) == len(values)
    assert once.dtype == pl.String
    assert normalise(once).to_list() == once.to_list()
    assert all(value is None or value.strip() for value in once.to_list())


@pytest.mark.parametrize("column", [pytest.param(column, id=name) for name, column in OTHERS.items()])
@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.one_of(st.none(), TEXTS), max_size=4))
def test_any_text_is_answered_value_by_value(column: Column, values: list[str | None]) -> None:
    whole = column(pl.Series("x", values, dtype=pl.String)).to_list()
    single = [column(pl.Series("x", [value], dtype=pl.String)).to_list()[0] for value in values]
    assert whole == single
    assert all(answer is None for value, answer in zip(values, whole, strict=True) if value is None)


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_match_keys_of_keys_are_the_keys(text: str) -> None:
    key = person_name.match_key_of(text)
    assert key is None or key == key.strip().casefold()
    company = company_name.match_key_of(text)
    assert company is None or company == company.strip().casefold()


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_repairing_a_name_changes_nothing_but_case_and_blanks(text: str) -> None:
    repaired = person_name.repair(text)
    assert "".join(repaired.split()).casefold() == "".join(tidy(text).split()).casefold()


@settings(max_examples=80, deadline=None)
@given(units=st.integers(-(10**17), 10**17), currency=st.sampled_from(["USD", "JPY", "KWD", "CLF", None]))
def test_money_survives_the_round_trip(units: int, currency: str | None) -> None:
    assert money.minor(money.major(units, currency), currency) == units
    assert money.minor(f"{money.major(units, currency):f}", currency) == units


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_reading_an_amount_never_raises(text: str) -> None:
    assert money.minor(text, "EUR") is None or isinstance(money.minor(text, "EUR"), int)
