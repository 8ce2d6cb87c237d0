"""What is decided about two records alone, of people and of accounts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hygiene.match import match
from tests.hygiene.frames import frame, keys

JOHN = {"given_name": "John", "family_name": "Smith", "email": "john@acme.com", "company": "Acme Inc"}


def _decision(left: Mapping[str, object], right: Mapping[str, object]) -> str | None:
    """The decision about two contacts, None when they are no pair."""
    decided = keys(match({"contacts": frame("contacts", [left, right])}).pairs)
    return decided.get(("sf/1", "sf/2"))


@pytest.mark.parametrize(
    ("left", "right", "decision"),
    [
        pytest.param(JOHN, {**JOHN, "email": "JOHN+x@acme.com"}, "same", id="same-mailbox-same-name"),
        pytest.param(JOHN, {**JOHN, "given_name": "Johnny"}, "same", id="nickname"),
        pytest.param(JOHN, {**JOHN, "given_name": "J."}, "same", id="initial"),
        pytest.param(
            JOHN, {"given_name": "Smith", "family_name": "John", "email": "john@acme.com"}, "same", id="swapped"
        ),
        pytest.param(JOHN, {"email": "john@acme.com"}, "same", id="no-name"),
        pytest.param(JOHN, {**JOHN, "given_name": None, "family_name": "Smith, John"}, "same", id="both-in-one-field"),
        pytest.param(
            JOHN, {**JOHN, "given_name": "Dipl.-Ing. John", "family_name": "Smith (left)"}, "same", id="remarks"
        ),
        pytest.param(JOHN, {**JOHN, "given_name": "Mary", "family_name": "Lee"}, "unsure", id="other-name-one-mailbox"),
        pytest.param(
            {**JOHN, "email": "john.smith@acme.com", "given_name": "Bobby"},
            {**JOHN, "email": "john.smith@acme.com"},
            "same",
            id="unknown-nickname-on-a-mailbox-that-names-its-owner",
        ),
        pytest.param(
            {**JOHN, "email": "smith@gmail.com", "given_name": "Mary"},
            {**JOHN, "email": "smith@gmail.com"},
            "unsure",
            id="mailbox-of-a-family",
        ),
        pytest.param(
            {**JOHN, "given_name": None, "email": "john.smith7@gmail.com"},
            {**JOHN, "email": None},
            "same",
            id="given-name-told-by-the-mailbox",
        ),
        pytest.param(
            {**JOHN, "given_name": None, "email": "mary.smith7@gmail.com"},
            {**JOHN, "email": None},
            None,
            id="other-given-name-told-by-the-mailbox",
        ),
        pytest.param(
            {**JOHN, "email": "john@acme.com", "phone": "+14155550132"},
            {**JOHN, "email": None, "phone": "+14155550199"},
            "unsure",
            id="two-direct-lines",
        ),
        pytest.param(
            {**JOHN, "email": "john1@acme.com", "mobile": "+14155550132"},
            {**JOHN, "email": "john2@acme.com", "mobile": "+14155550132"},
            "same",
            id="two-mailboxes-one-mobile",
        ),
        pytest.param(JOHN, {**JOHN, "email": " john @acme.com, "}, "same", id="mailbox-that-can-be-read"),
        pytest.param(
            {"given_name": "Степан", "family_name": "Рябов", "email": "s@acme.com"},
            {"given_name": "Stepan", "family_name": "Ryabov", "email": "s@acme.com"},
            "same",
            id="one-mailbox-two-scripts",
        ),
        pytest.param(
            {"given_name": "Mickey", "family_name": "Mouse", "email": "m@acme.com"},
            {"given_name": "Mickey", "family_name": "Mouse", "email": "m@acme.com"},
            None,
            id="nobody",
        ),
        pytest.param(
            {**JOHN, "email": "info@acme.com", "company": None},
            {"email": "info@acme.com"},
            None,
            id="role-mailbox-alone",
        ),
        pytest.param(
            {**JOHN, "email": "info@acme.com", "company": None},
            {**JOHN, "email": "info@acme.com", "company": None},
            "same",
            id="role-mailbox-and-name",
        ),
        pytest.param(
            {**JOHN, "email": "info@acme.com"},
            {**JOHN, "given_name": "Zoe", "email": "info@acme.com"},
            None,
            id="role-mailbox-other-name",
        ),
        pytest.param({**JOHN, "email": "j@gmial.com"}, {**JOHN, "email": "j@gmail.com"}, "same", id="typo-domain"),
        pytest.param({**JOHN, "email": None}, {**JOHN, "email": None}, "same", id="name-and-company"),
        pytest.param(
            {**JOHN, "email": None}, {**JOHN, "email": None, "company": "Beta AG"}, None, id="namesake-elsewhere"
        ),
        pytest.param(JOHN, {**JOHN, "email": "john2@acme.com"}, "unsure", id="namesakes-in-one-company"),
        pytest.param(JOHN, {**JOHN, "family_name": "Smith Jr"}, "same", id="one-generation-unknown"),
        pytest.param({**JOHN, "family_name": "Smith Sr"}, {**JOHN, "family_name": "Smith Jr"}, "different", id="jr-sr"),
        pytest.param(
            {"given_name": "Ann", "family_name": "Lee", "phone": "+14155550132"},
            {"given_name": "Ann", "family_name": "Lee", "mobile": "(415) 555-0132", "country": "US"},
            "same",
            id="phone-and-name",
        ),
        pytest.param(
            {"given_name": "Ann", "family_name": "Lee", "phone": "+14155550132"},
            {"given_name": "Bob", "family_name": "Lee", "phone": "+14155550132"},
            "related",
            id="family",
        ),
        pytest.param(
            {"given_name": "Mario", "family_name": "Rossi", "phone": "+14155550132"},
            {"given_name": "Maria", "family_name": "Rossi", "phone": "+14155550132"},
            "unsure",
            id="couple",
        ),
        pytest.param(
            {"given_name": "Ann", "family_name": "Lee", "phone": "+14155550132"},
            {"given_name": "Bob", "family_name": "Kim", "phone": "+14155550132"},
            None,
            id="switchboard",
        ),
        pytest.param(
            {"given_name": "n/a", "family_name": "Unknown", "company": "Acme"},
            {"given_name": "n/a", "family_name": "Unknown", "company": "Acme"},
            None,
            id="stand-ins",
        ),
        pytest.param({}, {}, None, id="nothing-to-compare"),
    ],
)
def test_match_decides_about_two_people(
    left: Mapping[str, object], right: Mapping[str, object], decision: str | None
) -> None:
    assert _decision(left, right) == decision
    assert _decision(right, left) == decision


@pytest.mark.parametrize(
    ("left", "right", "decision"),
    [
        pytest.param(
            {"name": "Acme Inc", "domain": "acme.com"},
            {"name": "ACME", "website": "https://www.acme.com/x"},
            "same",
            id="domain-and-name",
        ),
        pytest.param({"name": "Acme"}, {"name": "The Acme Corp."}, "same", id="name-alone"),
        pytest.param(
            {"name": "Acme", "country": "US"}, {"name": "Acme", "country": "Germany"}, "unsure", id="name-two-countries"
        ),
        pytest.param(
            {"name": "Acme", "domain": "acme.com"},
            {"name": "Acme", "domain": "acme.de"},
            "unsure",
            id="name-two-domains",
        ),
        pytest.param(
            {"name": "Acme", "domain": "acme.com", "country": "US"},
            {"name": "Zeta Werke", "domain": "acme.com", "country": "DE"},
            "related",
            id="subsidiary",
        ),
        pytest.param(
            {"name": "Acme", "domain": "acme.com"},
            {"name": "Zeta Werke", "domain": "acme.com"},
            None,
            id="two-names-one-domain",
        ),
        pytest.param(
            {"name": "Acme", "id": "a", "domain": "acme.com"},
            {"name": "Acme", "id": "b", "domain": "acme.com", "parent_id": "a"},
            "related",
            id="parent",
        ),
        pytest.param(
            {"name": "Acme", "lei": "L1"}, {"name": "Acme Ltd", "lei": "L1", "country": "DE"}, "same", id="lei"
        ),
        pytest.param({"name": "Acme", "lei": "L1"}, {"name": "Acme", "lei": "L2"}, "related", id="two-leis"),
        pytest.param(
            {"name": "Acme", "domain": "gmail.com"},
            {"name": "Zeta", "domain": "gmail.com"},
            None,
            id="free-mail-is-no-domain",
        ),
        pytest.param(
            {"name": "Acme", "website": "facebook.com/acme"},
            {"name": "Zeta", "website": "facebook.com/zeta"},
            None,
            id="shared-site-is-no-domain",
        ),
    ],
)
def test_match_decides_about_two_accounts(
    left: Mapping[str, object], right: Mapping[str, object], decision: str | None
) -> None:
    def decide(one: Mapping[str, object], other: Mapping[str, object]) -> str | None:
        accounts = frame("accounts", [{"id": "1", **one}, {"id": "2", **other}])
        return next(iter(keys(match({"accounts": accounts}).pairs).values()), None)

    assert decide(left, right) == decision
    assert decide(right, left) == decision
