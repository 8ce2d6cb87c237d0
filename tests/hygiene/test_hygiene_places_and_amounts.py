"""Domains, countries, dates and money."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pycountry
import pytest

from hygiene.kinds import country, dates, domain, money


def test_registrable_domains_are_those_of_the_public_suffix_vectors(reference: Path) -> None:
    text = (reference / "tables" / "psl" / "test_psl.txt").read_text(encoding="utf-8")
    vectors = re.findall(r"^checkPublicSuffix\((?:'([^']*)'|null), (?:'([^']*)'|null)\);", text, re.MULTILINE)
    asked = [(host, wanted or None) for host, wanted in vectors if host and not host.startswith(".")]
    assert len(asked) > 60
    wrong = [
        (host, wanted)
        for host, wanted in asked
        if domain.registrable(host) != (domain.ascii_host(wanted) if wanted else None)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("HTTPS://www.Acme.co.uk:443/a?b#c", "acme.co.uk"),
        ("acme.com", "acme.com"),
        ("//acme.com", "acme.com"),
        ("http:/acme.com", "acme.com"),
        ("info@acme.com", "acme.com"),
        ("user:pw@acme.com", "acme.com"),
        ("shop.acme.com", "shop.acme.com"),
        ("www.com", "www.com"),
        ("münchen.de", "münchen.de"),
        ("acme.com.", "acme.com"),
        ("acme", None),
        ("192.168.0.1", None),
        ("n/a", None),
        ("acme .com", None),
        ("", None),
        ("-acme-.com", None),
    ],
)
def test_host_is_what_a_web_address_points_to(written: str, host: str | None) -> None:
    assert domain.host(written) == host


def test_match_key_drops_sites_of_many_companies() -> None:
    assert domain.match_key(pl.Series(["linkedin.com", "de.acme.com"])).to_list() == [None, "acme.com"]


def test_every_iso_country_is_known_by_all_its_codes_and_names() -> None:
    for entry in pycountry.countries:
        assert {country.code_of(entry.alpha_2), country.code_of(entry.alpha_3), country.code_of(entry.name)} == {
            entry.alpha_2
        }
        assert country.code_of(country.names()[entry.alpha_2]) == entry.alpha_2


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("usa", "US"),
        ("U.S.A.", "US"),
        ("Deutschland", "DE"),
        ("ESPAÑA", "ES"),
        ("Espana", "ES"),
        ("日本", "JP"),
        ("Россия", "RU"),
        ("UK", "GB"),
        ("the Netherlands", "NL"),
        ("Holland", "NL"),
        ("Korea", "KR"),
        ("Philipines", "PH"),
        ("Cote d'Ivoire", "CI"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Dominica", "DM"),
        ("Austria", "AT"),
        ("Australia", "AU"),
        ("Georgia", "GE"),
        ("Xland", None),
        ("Texas", None),
        ("", None),
    ],
)
def test_code_of_knows_common_local_and_misspelt_names(written: str, code: str | None) -> None:
    assert country.code_of(written) == code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Autsria", "AT"),
        ("Slovacia", "SK"),
        ("Untied Arab Emirates", "AE"),
        ("Panam", "PA"),
        ("Texas", None),
        ("Main", None),
    ],
)
def test_suggestion_is_the_only_near_country(written: str, code: str | None) -> None:
    assert country.suggestion(written) == code


@pytest.mark.parametrize(("code", "whole"), [("HK", "CN"), ("PR", "US"), ("US", "US"), ("GB", "GB")])
def test_whole_of_is_the_country_of_which_iso_lists_it_as_a_part(code: str, whole: str) -> None:
    assert country.whole_of(code) == whole


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("1,234.50", "USD", 123450),
        ("1.234,50", "EUR", 123450),
        ("1 234,50 €", "EUR", 123450),
        ("1'234.50", "CHF", 123450),
        ("(12)", "USD", -1200),
        ("-0.005", "USD", -1),
        ("0.005", "USD", 1),
        ("12", "JPY", 12),
        ("1.2345", "KWD", 1235),
        ("USD 5", "USD", 500),
        ("1,234", "USD", 123400),
        ("1,23,456", "INR", 12345600),
        ("1.234.567", "EUR", 123456700),
        ("12,5", "EUR", 1250),
        ("", "USD", None),
        ("abc", "USD", None),
        ("1e5", "USD", None),
        ("NaN", "USD", None),
        ("1,2,3", "USD", None),
        ("99999999999999999999", "USD", None),
    ],
)
def test_minor_reads_amounts_as_people_write_them(text: str, currency: str, units: int | None) -> None:
    assert money.minor(text, currency) == units


def test_in_words_groups_digits_and_keeps_all_decimals() -> None:
    assert money.in_words(1234567890, "USD") == "12,345,678.90 USD"
    assert money.in_words(1500, "JPY") == "1,500 JPY"
    assert money.in_words(1500, "KWD") == "1.500 KWD"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-04-03", date(2025, 4, 3)),
        ("2025-04-03T10:00:00Z", date(2025, 4, 3)),
        ("31/12/2020", date(2020, 12, 31)),
        ("12/31/2020", date(2020, 12, 31)),
        ("3.4.2025", date(2025, 4, 3)),
        ("3 March 2020", date(2020, 3, 3)),
        ("Mar 3, 2020", date(2020, 3, 3)),
        ("03/04/2025", None),
        ("04/04/2025", date(2025, 4, 4)),
        ("2025-02-30", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_parse_reads_only_what_means_one_day(text: str, day: date | None) -> None:
    assert dates.parse(text) == day
