from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.corrections import RULES, wanted
from hygiene.resolve import resolve
from tests.hygiene.frames import START, frame


def _wanted(row: Mapping[str, object], stream: str = "contacts") -> dict[str, object]:
    return dict(wanted({stream: frame(stream, [row])}).select("field", "after").iter_rows())


@pytest.mark.parametrize(
    ("row", "after"),
    [
        pytest.param({"email": " John@ACME.com"}, {"email": "john@acme.com"}, id="email-form"),
        pytest.param({"phone": "0161 496 0000", "country": "United Kingdom"}, {"phone": "+441614960000"}, id="phone"),
        pytest.param(
            {"mobile": "(415) 555-0132 x5", "country": "United States"},
            {"mobile": "+14155550132 ext. 5"},
            id="extension-kept",
        ),
        pytest.param(
            {"given_name": "JOHN", "family_name": "o'brien"},
            {"given_name": "John", "family_name": "O'Brien"},
            id="name-case",
        ),
        pytest.param({"country": "Deutschland"}, {"country": "Germany"}, id="country"),
        pytest.param({"country": "Philipines"}, {"country": "Philippines"}, id="listed-misspelling"),
        pytest.param({"email": "j@gmial.com"}, {}, id="typo-domain-is-only-a-finding"),
        pytest.param({"email": "john@"}, {}, id="invalid-email-is-only-a-finding"),
        pytest.param({"phone": "12", "country": "United States"}, {}, id="invalid-phone-is-only-a-finding"),
        pytest.param({"phone": "0161 496 0000"}, {}, id="phone-without-country"),
        pytest.param({"phone": "1-800-FLOWERS", "country": "United States"}, {}, id="number-in-letters"),
        pytest.param({"phone": "0161 496 0000 / 0161 496 0001", "country": "United Kingdom"}, {}, id="two-numbers"),
        pytest.param({"country": "Phlipinnes"}, {}, id="unlisted-misspelling-is-only-a-finding"),
        pytest.param({"given_name": "AJ"}, {}, id="initials"),
        pytest.param({"given_name": "n/a", "email": "  ", "phone": ""}, {}, id="blanks"),
    ],
)
def test_wanted_proposes_what_is_certain_only(row: Mapping[str, object], after: dict[str, object]) -> None:
    assert _wanted(row) == after


def test_domain_form_touches_the_domain_and_not_the_website() -> None:
    row = {"domain": "HTTPS://WWW.Acme.com/about", "website": "HTTPS://WWW.Acme.com/about"}
    assert _wanted(row, "accounts") == {"domain": "acme.com"}


def test_country_follows_the_style_of_its_column() -> None:
    codes = frame("contacts", [{"country": text} for text in ("US", "DE", "GB", "Germany")], "hs")
    names = frame("contacts", [{"country": text} for text in ("United States", "Germany", "DE")], "sf")
    proposed = wanted({"contacts": pl.concat([codes, names])})
    assert proposed.select("connection", "before", "after").rows() == [("hs", "Germany", "DE"), ("sf", "DE", "Germany")]


def test_correction_carries_value_version_rule_and_reason() -> None:
    row = wanted({"contacts": frame("contacts", [{"email": "J@Acme.com"}])}).row(0, named=True)
    assert row["before"] == "J@Acme.com"
    assert row["seen_at"] == int(START.timestamp() * 1_000_000)
    assert row["rule"] == "email-form"
    assert "lower case" in row["reason"]


def test_deleted_records_and_converted_leads_are_left_alone() -> None:
    leads = frame("leads", [{"email": "J@Acme.com", "is_converted": True}])
    contacts = frame("contacts", [{"email": "J@Acme.com", "is_deleted": True}])
    assert wanted({"leads": leads, "contacts": contacts}).is_empty()


def test_never_and_unlisted_rules_and_unreadable_fields_are_left_alone() -> None:
    contacts = {"contacts": frame("contacts", [{"email": "J@Acme.com", "given_name": "JOHN"}])}
    assert wanted(contacts, never=("contacts.email",))["field"].to_list() == ["given_name"]
    assert wanted(contacts, rules=("email-form",))["field"].to_list() == ["email"]
    readable = pl.DataFrame(
        {
            "connection": ["sf"] * 2,
            "stream": ["contacts"] * 2,
            "field": ["email", "given_name"],
            "readable": [False, True],
        }
    )
    assert wanted(contacts, readable)["field"].to_list() == ["given_name"]


def test_link_fills_a_readable_blank_of_contacts_only() -> None:
    frames = {
        "contacts": frame("contacts", [{"email": "j@acme.com"}]),
        "leads": frame("leads", [{"email": "k@acme.com"}]),
        "accounts": frame("accounts", [{"id": "a", "name": "Acme", "domain": "acme.com"}]),
    }
    links = resolve(frames)
    proposed = wanted(frames, links=links)
    assert proposed.select("stream", "field", "before", "after").rows() == [("contacts", "account_id", None, "a")]
    unlinked = {**frames, "contacts": frames["contacts"].drop("account_id")}
    assert wanted(unlinked, links=links).is_empty()


def test_lookup_fills_blanks_and_never_replaces() -> None:
    accounts = frame("accounts", [{"name": "Acme"}, {"name": "Beta", "lei": "OLD"}])
    lookups = pl.DataFrame(
        {
            "connection": ["sf"] * 3,
            "stream": ["accounts"] * 3,
            "id": ["1", "2", "1"],
            "field": ["lei", "lei", "nothing"],
            "value": ["NEW", "NEW", "x"],
            "reason": ["GLEIF, same name and country"] * 3,
        }
    )
    proposed = wanted({"accounts": accounts}, lookups=lookups)
    assert proposed.select("id", "field", "before", "after", "rule").rows() == [
        ("1", "lei", None, "NEW", "enrich-fill")
    ]


def applied(frames: Mapping[str, pl.DataFrame], proposed: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The frames with every proposed value written."""
    written = dict(frames)
    for row in proposed.iter_rows(named=True):
        is_record = (pl.col("connection") == row["connection"]) & (pl.col("id") == row["id"])
        field = row["field"]
        written[row["stream"]] = written[row["stream"]].with_columns(
            pl.when(is_record).then(pl.lit(row["after"])).otherwise(pl.col(field)).alias(field)
        )
    return written


NOISE = st.one_of(st.none(), st.text(max_size=12))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "given_name": st.one_of(NOISE, st.sampled_from(["JOHN", "anne-marie", "AJ", "DE LA"])),
            "family_name": st.one_of(NOISE, st.sampled_from(["MCDONALD", "van der berg", "O'BRIEN", "İSTANBUL"])),
            "email": st.one_of(NOISE, st.sampled_from(["A@B.com ", "mailto:x@acme.com", "x@acme.com", "x@gmial.com"])),
            "phone": st.one_of(
                NOISE, st.sampled_from(["0161 496 0000", "(415) 555-0132 x5", "+39 02 1234 5678", "12"])
            ),
            "country": st.one_of(
                NOISE, st.sampled_from(["US", "usa", "Deutschland", "GB", "Philipines", "United Kingdom"])
            ),
            "company": st.sampled_from(["Acme", None]),
        }
    ),
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_planning_again_after_applying_comes_to_nothing_and_no_rule_undoes_another(
    rows: list[dict[str, object]],
) -> None:
    """One correction gives rise to another, as a person's account to that of somebody with the same office phone: a
    plan goes on in rounds, as here."""
    frames = {
        "contacts": frame("contacts", rows),
        "accounts": frame("accounts", [{"name": "Acme", "domain": "WWW.acme.com"}]),
    }
    stood: dict[object, set[object]] = {}
    for _ in range(8):
        again = wanted(frames, links=resolve(frames), default_country="US")
        if again.is_empty():
            break
        assert all(value.strip() for value in again["after"])
        assert set(again["rule"]) <= set(RULES)
        for *place, before, after in again.select("stream", "id", "field", "before", "after").iter_rows():
            stood.setdefault(tuple(place), set()).add(before)
            assert after not in stood[tuple(place)]
        frames = applied(frames, again)
    assert again.is_empty()
