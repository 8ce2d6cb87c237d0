from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from rapidfuzz.distance import OSA

from hygiene.kinds import company_name, person_name


@pytest.mark.parametrize(
    ("written", "repaired"),
    [
        ("SMITH", "Smith"),
        ("smith", "Smith"),
        ("MCDONALD", "McDonald"),
        ("o'brien", "O'Brien"),
        ("O’BRIEN", "O’Brien"),
        ("VAN DER BERG", "van der Berg"),
        ("VON TRAPP", "von Trapp"),
        ("de souza", "de Souza"),
        ("JEAN-LUC", "Jean-Luc"),
        ("MACDONALD", "MacDonald"),
        ("MACEY", "Macey"),
        ("d'angelo", "D'Angelo"),
        ("JOSÉ MARÍA", "José María"),
        ("LI", "Li"),
        ("j.r.", "J.R."),
        ("SMITH JR", "Smith Jr"),
        ("henry iii", "Henry III"),
        ("  Ann   Lee ", "Ann Lee"),
        ("McIntyre", "McIntyre"),
        ("deVries", "deVries"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδοπουλος"),
        ("ИВАНОВ", "Иванов"),
        ("李", "李"),
        ("VAN", "Van"),
        ("ACME 24", "ACME 24"),
        ("A", "A"),
    ],
)
def test_repair_touches_only_names_without_mixed_case(written: str, repaired: str) -> None:
    assert person_name.repair(written) == repaired


def test_repair_leaves_two_capitals_as_given_name() -> None:
    assert person_name.repair("AJ", is_given=True) == "AJ"
    assert person_name.repair("AJ") == "Aj"


@pytest.mark.parametrize(
    ("text", "given", "family", "generation"),
    [
        ("Dr. Ana de la Cruz Jr.", "Ana", "de la Cruz", "jr"),
        ("Cruz, Ana", "Ana", "Cruz", ""),
        ("Smith, PhD", "", "Smith", ""),
        ("John Smith, PhD", "John", "Smith", ""),
        ("van Gogh, Vincent", "Vincent", "van Gogh", ""),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven", ""),
        ("Mary Ann Lee", "Mary Ann", "Lee", ""),
        ("Madonna", "", "Madonna", ""),
        ("", "", "", ""),
    ],
)
def test_split_finds_the_parts(text: str, given: str, family: str, generation: str) -> None:
    name = person_name.split(text)
    assert (name.given, name.family, name.generation) == (given, family, generation)


def test_match_key_ignores_case_diacritics_titles_and_stand_ins() -> None:
    values = pl.Series(["Dr. José", "JOSE", "Müller-Lüdenscheidt", "O'Brien", "n/a", "Łukasz", "Weiß"])
    assert person_name.match_key(values).to_list() == [
        "jose",
        "jose",
        "muller ludenscheidt",
        "obrien",
        None,
        "lukasz",
        "weiss",
    ]


@pytest.mark.parametrize(
    ("written", "latin"),
    [
        ("Анна", "Anna"),
        ("Игорь Щукин", "Igor Shchukin"),
        ("Георгій Ткаченко", "Heorhii Tkachenko"),
        ("Ђорђе", "Djordje"),
        ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos"),
        ("Χρήστος", "Christos"),
    ],
)
def test_match_key_of_cyrillic_and_greek_is_that_of_the_name_in_latin_letters(written: str, latin: str) -> None:
    key, expected = person_name.match_key_of(written), person_name.match_key_of(latin)
    assert key is not None and expected is not None
    assert OSA.distance(key, expected) <= 1
    assert person_name.match_key_of(key) == key


def test_match_key_of_other_scripts_keeps_their_signs() -> None:
    assert [person_name.match_key_of(text) for text in ("健一", "김철수", "王芳")] == ["健一", "김철수", "王芳"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("The Acme Corp.", "acme"),
        ("ACME S.A.", "acme"),
        ("Acme, G.m.b.H. & Co. KG", "acme"),
        ("Acme S. p. A.", "acme"),
        ("Müller & Söhne GmbH", "muller and sohne"),
        ("Muller and Sohne", "muller and sohne"),
        ("AT&T Inc.", "at and t"),
        ("PT Astra International Tbk", "astra international"),
        ("株式会社トヨタ", "トヨタ"),
        ("A.B. Dick Company", "ab dick"),
        ("Limited", "limited"),
        ("The Limited", "limited"),
        ("SAP SE", "sap"),
        ("7-Eleven, Inc.", "7 eleven"),
        ("Acme Pty Ltd", "acme"),
        ("ACME (UK) Ltd", "acme uk"),
        ("Foo Bar d/b/a Baz Inc", "baz"),
        ("ООО Ромашка", "romashka"),
        ("ΑΦΟΙ Παπαδάκη Α.Ε.", "afoi papadaki"),
        ("Acme s.r.o.", "acme"),
        ("Acme Sp. z o.o.", "acme"),
        ("Acme A/S", "acme"),
        ("AcmeGmbH", "acme"),
        ("KeyCorp", "keycorp"),
        ("El Ni?o Verde LLC", "el nio verde"),
        ("n/a", None),
        ("---", None),
        ("Acme S.A. de C.V.", "acme"),
        ("Sony Corp of America", "sony corp of america"),
    ],
)
def test_company_key_is_the_core_of_the_name(written: str, key: str | None) -> None:
    assert company_name.match_key_of(written) == key


def test_company_key_drops_nearly_all_legal_forms_of_the_reference(reference: Path) -> None:
    forms = json.loads((reference / "tables" / "opensanctions_rigour" / "org_types.json").read_text())
    shown = [form["display"] for form in forms if form.get("generic") in ("LLC", "JSC") and form.get("display")]
    kept = [form for form in shown if company_name.match_key_of(f"Zyxo Qwert {form}") != "zyxo qwert"]
    assert len(kept) <= 0.05 * len(shown), kept


def test_company_key_brings_published_spellings_together(reference: Path) -> None:
    lines = (reference / "companies" / "cleanco_names" / "companies.csv").read_text(encoding="utf-8").splitlines()
    names = pl.Series([line.partition(";")[0] for line in lines if line.strip()])
    keys = company_name.match_key(names)
    assert keys.null_count() == 0
    assert company_name.match_key(names.str.to_uppercase() + ".").to_list() == keys.to_list()
