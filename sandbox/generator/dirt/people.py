"""Test records, and consent that not every copy of a person has."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import records, text
from sandbox.generator.dirt.soil import Soil

_TESTS = (
    ("Test", "Test", "test@test.com"),
    ("Test", "User", "test@example.com"),
    ("asdf", "asdf", "asdf@asdf.com"),
    ("John", "Doe", "john.doe@example.com"),
    ("Demo", "Account", "demo@demo.com"),
    ("Mickey", "Mouse", "mickey@mouse.com"),
    ("qwerty", "qwerty", "qwerty@qwerty.com"),
    ("Test1", "Test2", "test1@test.com"),
    ("<b>Test</b>", "<script>alert(1)</script>", None),
    ("=1+1", "Robert'); DROP TABLE contacts;--", None),
    (None, "TEST", None),
    ("a", "a", "a@a.com"),
    ("Delete", "Me", None),
    ("DO NOT", "USE", "donotuse@test.com"),
)
_COMPANIES = ("Test", "Test Company", "asdf", "Acme Test Inc", "Demo GmbH", "TEST ACCOUNT", "abc", "xxx")
_NUMBERS = ("1234567890", "555-555-5555", "+1 555 0100", "0", "0123456789", None)


def write_tests(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """What the test records say; in HubSpot their addresses differ by a number."""
    rows = np.flatnonzero(soil.people["relation"].to_numpy() == records.TEST)
    n, chance = len(rows), soil.chance.of("tests")
    which = chance.of("which").below(len(_TESTS), n)
    in_hubspot = pl.Series(soil.people["org"].to_numpy()[rows] == -1)
    mail = pl.Series([mail for _, _, mail in _TESTS]).gather(which)
    numbered = pl.DataFrame({"m": mail, "i": rows}).select(
        pl.col("m").str.replace("@", pl.concat_str(pl.col("i").cast(pl.String), pl.lit("@")))
    )
    said_ = {
        "given": pl.Series([given for given, _, _ in _TESTS]).gather(which),
        "family": pl.Series([family for _, family, _ in _TESTS]).gather(which),
        "email": numbered.to_series().zip_with(in_hubspot, mail),
        "company": chance.of("company").word(pl.Series(_COMPANIES), n),
        "phone": chance.of("phone").word(pl.Series(_NUMBERS), n),
    }
    return said.with_columns(text.put(said[name], rows, column) for name, column in said_.items())


def lose_consent(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """An opt-out that one copy has and another has not: it came in after the copy was made."""
    chance = soil.chance.of("consent")
    person = soil.people["person"].to_numpy()
    many = np.bincount(np.maximum(person, 0), weights=(person >= 0).astype(np.float64))
    for name in ("opt_out", "do_not_call"):
        shared = (person >= 0) & (many[np.maximum(person, 0)] > 1) & said[name].to_numpy()
        lost = shared & chance.of(name).hits(min(0.4 * soil.rate, 0.95), len(said))
        soil.note(lost, name, "consent_lost")
        said = said.with_columns(pl.Series(name, said[name].to_numpy() & ~lost))
    return said


def age_titles(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """Copies and counterparts that still have the title of an earlier job."""
    chance = soil.chance.of("titles")
    country = soil.persons["country"].to_numpy()
    order = np.argsort(country, kind="stable")
    neighbour = np.empty(len(order), dtype=np.int64)
    neighbour[order] = np.roll(order, 1)
    relation, person = soil.people["relation"].to_numpy(), soil.people["person"].to_numpy()
    copies = np.isin(relation, (records.COUNTERPART, records.DUPLICATE, records.CONVERTED)) & (person >= 0)
    mask = copies & chance.hits(min(0.14 * soil.rate, 0.8), len(said)) & said["title"].is_not_null().to_numpy()
    return soil.soil(
        said, mask, "title", "title_outdated", soil.persons["title"].gather(neighbour[np.maximum(person, 0)])
    )
