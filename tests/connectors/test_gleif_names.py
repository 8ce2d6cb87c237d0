"""Company names beside a register's, and which entity an account is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._gleif_entities import Entity, choose, confirm
from connectors._gleif_names import company_name, country_code, similarity, without_form


def alike(left: str, right: str) -> float:
    return similarity(company_name(left), company_name(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("Siemens AG", "SIEMENS AKTIENGESELLSCHAFT", id="form-spelt-out"),
        pytest.param("The Coca-Cola Company", "COCA-COLA COMPANY", id="article-and-hyphen"),
        pytest.param("JPMorgan Chase & Co.", "JP Morgan Chase and Co", id="spaces-and-ampersand"),
        pytest.param("Société Générale S.A.", "SOCIETE GENERALE SA", id="accents-and-points"),
        pytest.param("Łódź Sp. z o.o.", "LODZ SPOLKA Z OGRANICZONA ODPOWIEDZIALNOSCIA", id="polish"),
        pytest.param("Coastal Core GmbH dba Coast", "COASTAL CORE GMBH", id="trading-as"),
        pytest.param("株式会社日立製作所", "株式会社日立製作所", id="japanese"),
    ],
)
def test_same_name_in_other_clothes_is_the_same(left: str, right: str) -> None:
    assert alike(left, right) == 1.0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("Deutsche Bahn AG", "Deutsche Bank AG", id="one-word-differs"),
        pytest.param("Bank of America Corp", "Bank Corp", id="subset-of-words"),
        pytest.param("Alpha Fund IV LP", "Alpha Fund V LP", id="roman-number"),
        pytest.param("Storage Unit 12 LLC", "Storage Unit 13 LLC", id="number"),
        pytest.param("Total SA", "Total SE", id="legal-form"),
        pytest.param("Total Inc", "Total Corp", id="incorporated-or-corporation"),
        pytest.param("IBM", "IBN", id="short"),
        pytest.param("", "", id="blank"),
        pytest.param("Inc.", "Inc.", id="form-alone"),
        pytest.param("...", "---", id="punctuation"),
        pytest.param("Northwind Leasing GmbH", "Northwind Real Estate Leasing GmbH", id="words-more"),
    ],
)
def test_another_company_is_never_enough_alike(left: str, right: str) -> None:
    assert alike(left, right) < 0.92


@given(st.text(max_size=40), st.text(max_size=40))
def test_similarity_is_symmetric_bounded_and_one_for_itself(left: str, right: str) -> None:
    assert alike(left, right) == pytest.approx(alike(right, left))
    assert 0.0 <= alike(left, right) <= 1.0
    assert alike(left, left) == (0.0 if company_name(left).is_blank else 1.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [("DE", "DE"), ("Germany", "DE"), ("usa", "US"), ("UK", "GB"), ("Nowhere", None), ("", None), (None, None)],
)
def test_country_is_read_from_codes_and_names(text: str | None, code: str | None) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Acme Ltd.", "Acme"),
        ("Müller & Söhne GmbH & Co. KG", "Müller & Söhne"),
        ("ACME, INC.", "ACME"),
        ("Acme", "Acme"),
        ("Acme GmbH dba Zap", "Acme"),
        ("Company", "Company"),
    ],
)
def test_search_asks_for_the_name_as_written_without_its_form(text: str, asked: str) -> None:
    assert without_form(text) == asked


def entity(lei: str, name: str, country: str = "US", **changes: object) -> Entity:
    values: dict[str, object] = {
        "lei": lei,
        "names": (name,),
        "countries": (country,),
        "registered_as": None,
        "cities": (),
        "postal_codes": (),
        "status": "ACTIVE",
        "registration": "ISSUED",
    }
    return Entity(**{**values, **changes})  # type: ignore[arg-type]


def test_clear_best_is_chosen_with_its_reason() -> None:
    found = choose([entity("A", "ACME INC", registered_as="123"), entity("B", "ACME LLC")],
                   {"name": "Acme, Inc.", "country": "United States"})  # fmt: skip
    assert found is not None
    assert dict(found.values) == {"legal_name": "ACME INC", "lei": "A", "country": "US", "registration_number": "123"}
    assert (found.similarity, found.source_id) == (1.0, "A")
    assert found.reason == ("GLEIF's 'ACME INC' is 100% like the account's name, same country US, next best 90%")


@pytest.mark.parametrize(
    ("entities", "known"),
    [
        pytest.param([entity("A", "ACME INC"), entity("B", "ACME LLC")], {"name": "Acme", "country": "US"}, id="tie"),
        pytest.param([entity("A", "ACME INC"), entity("B", "ACME INC")], {"name": "Acme Inc"}, id="namesakes"),
        pytest.param([entity("A", "ACME INC", "CA")], {"name": "Acme Inc", "country": "US"}, id="other-country"),
        pytest.param([entity("A", "ACME INC")], {"name": "Acme"}, id="no-country-and-no-form"),
        pytest.param([entity("A", "ZENITH INC")], {"name": "Acme Inc", "country": "US"}, id="other-name"),
        pytest.param([entity("A", "ACME INC", status="INACTIVE")], {"name": "Acme Inc", "country": "US"}, id="dead"),
        pytest.param([entity("A", "ACME INC", registration="LAPSED")], {"name": "Acme Inc", "country": "US"},
                     id="lapsed"),
        pytest.param([entity("A", "ACME INC", registration="MERGED")], {"name": "Acme Inc", "country": "US"},
                     id="merged"),
        pytest.param([], {"name": "Acme Inc"}, id="nothing"),
        pytest.param([entity("A", "ACME INC"), entity("B", "ACME INC", registration="LAPSED")],
                     {"name": "Acme Inc", "country": "US"}, id="namesake-that-lapsed"),
        pytest.param([entity("A", "ACME INC", cities=("Boston",))],
                     {"name": "Acme", "country": "US", "city": "Austin"}, id="other-city-and-no-form"),
        pytest.param([entity("A", "ZAP LLC", names=("ZAP LLC", "Zap"))], {"name": "Zap Inc", "country": "US"},
                     id="trading-name-with-another-form"),
        pytest.param([entity("A", "ACME INC")], {"name": " ", "country": "US"}, id="blank-name"),
    ],
)  # fmt: skip
def test_doubt_is_no_answer(entities: list[Entity], known: dict[str, str]) -> None:
    assert choose(entities, known) is None


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param({"registration_number": "HRB 0012"}, id="registration-number"),
        pytest.param({"postal_code": "80331"}, id="postal-code"),
    ],
)
def test_other_evidence_breaks_a_tie(evidence: dict[str, str]) -> None:
    twins = [
        entity("A", "ACME GMBH", "DE", registered_as="HRB 7", cities=("Berlin",), postal_codes=("10115",)),
        entity("B", "ACME GMBH", "DE", registered_as="HRB0012", cities=("Munich",), postal_codes=("80331",)),
    ]
    found = choose(twins, {"name": "Acme GmbH", "country": "Germany", **evidence})
    assert found is not None
    assert found.source_id == "B"


def test_trading_name_counts_a_little_less_than_the_legal_one() -> None:
    found = choose([entity("A", "ACME HOLDINGS INC", names=("ACME HOLDINGS INC", "ZAP INC"))],
                   {"name": "Zap Inc", "country": "US"})  # fmt: skip
    assert found is not None
    assert found.similarity == pytest.approx(0.98)


def test_own_lei_is_answered_whatever_the_state_and_told() -> None:
    found = confirm(entity("A", "ACME INC", status="INACTIVE", registration="RETIRED"), {"name": "Acme"})
    assert found is not None
    assert "it is inactive, its registration retired" in found.reason


def test_own_lei_of_a_quite_different_company_is_no_answer() -> None:
    assert confirm(entity("A", "ZENITH PARTNERS INC"), {"name": "Acme Widgets"}) is None
