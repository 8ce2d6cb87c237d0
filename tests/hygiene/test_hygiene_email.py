from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import polars as pl
import pytest

from hygiene.kinds import email


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        pytest.param(" John.Smith@Acme.COM ", "john.smith@acme.com", id="case-and-blanks"),
        pytest.param("mailto:j@acme.com", "j@acme.com", id="mailto"),
        pytest.param("John Smith <J@acme.com>", "j@acme.com", id="angle-brackets"),
        pytest.param("j@acme.com;", "j@acme.com", id="trailing-punctuation"),
        pytest.param("j\u200b@acme.com", "j@acme.com", id="zero-width-space"),
        pytest.param("j+news@acme.com", "j+news@acme.com", id="plus-tag-stays"),
        pytest.param("o'brien@acme.ie", "o'brien@acme.ie", id="apostrophe"),
        pytest.param("jürgen@münchen.de", "jürgen@münchen.de", id="international"),
        pytest.param("a@b.com; c@d.com", None, id="two-addresses"),
        pytest.param("john.smith", None, id="no-at"),
        pytest.param("john@acme", None, id="no-top-level-domain"),
        pytest.param("john..smith@acme.com", None, id="two-dots"),
        pytest.param("john@-acme.com", None, id="hyphen-first"),
        pytest.param("john@acme.invalid", None, id="reserved-name"),
        pytest.param(f"{'x' * 65}@acme.com", None, id="local-part-too-long"),
        pytest.param("", None, id="blank"),
    ],
)
def test_normalise_gives_canonical_address_or_nothing(written: str, canonical: str | None) -> None:
    assert email.normalise(pl.Series([written])).to_list() == [canonical]
    assert (email.problems(pl.Series([written]))[0] is None) == (canonical is not None or not written)


def test_match_key_joins_tags_and_gmail_dots_only_where_they_mean_nothing() -> None:
    addresses = pl.Series(["j.s+x@googlemail.com", "js@gmail.com", "j.s+x@acme.com", "js@acme.com", "x@münchen.de"])
    keys = email.match_key(addresses).to_list()
    assert keys == ["js@gmail.com", "js@gmail.com", "j.s@acme.com", "js@acme.com", "x@xn--mnchen-3ya.de"]


@pytest.mark.parametrize("domain", ["gmial.com", "gmai.com", "gmail.con", "gmail.co", "gamil.com"])
def test_suggestions_for_typo_of_gmail_is_gmail(domain: str) -> None:
    assert email.suggestions(pl.Series([domain])).to_list() == ["gmail.com"]


@pytest.mark.parametrize(
    "domain", ["gmail.com", "ymail.com", "mail.com", "acme.com", "aol.de", "yahoo.ca", "hotmail.de"]
)
def test_suggestions_for_real_domain_is_none(domain: str) -> None:
    assert email.suggestions(pl.Series([domain])).to_list() == [None]


def test_corrected_reads_typo_domain_as_meant_and_leaves_the_rest() -> None:
    assert email.corrected(pl.Series(["j@hotmial.com", "j@acme.com", None])).to_list() == [
        "j@hotmail.com",
        "j@acme.com",
        None,
    ]


def test_is_role_knows_functions_in_several_languages() -> None:
    addresses = pl.Series(["info@a.com", "ventas@a.es", "buchhaltung@a.de", "sales2@a.com", "john@a.com", None])
    assert email.is_role(addresses).to_list() == [True, True, True, True, False, None]


def _isemail(reference: Path, category: str) -> list[str]:
    """Addresses of one category; their pictures of control characters become the characters."""
    tests = ElementTree.parse(reference / "tables" / "isemail" / "tests.xml").getroot().findall("test")
    found = [test.findtext("address") or "" for test in tests if test.findtext("category") == category]
    return ["".join(chr(ord(x) - 0x2400) if 0x2400 <= ord(x) < 0x2420 else x for x in text) for text in found]


def test_dotted_addresses_that_isemail_calls_valid_are_accepted(reference: Path) -> None:
    dotted = [text for text in _isemail(reference, "ISEMAIL_VALID_CATEGORY") if "." in text.rpartition("@")[2]]
    assert len(dotted) > 10
    assert [text for text in dotted if email.canonical(text) is None and '"' not in text] == []


def test_addresses_that_isemail_calls_errors_are_refused(reference: Path) -> None:
    """But for blanks around them, which are trimmed."""
    errors = _isemail(reference, "ISEMAIL_ERR")
    assert len(errors) > 30
    assert [text for text in errors if email.canonical(text) == text.lower()] == []


def test_fast_path_and_validator_agree(reference: Path) -> None:
    domains = (reference / "tables" / "email_domains" / "freemail_free.txt").read_text().split()[:800]
    written = pl.Series([f"a.b-{number}@{domain}" for number, domain in enumerate(domains)])
    assert email.normalise(written).to_list() == [email.canonical(text) for text in written]
