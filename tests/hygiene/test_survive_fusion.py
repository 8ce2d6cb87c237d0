"""Fused values against real ones: companies of Forbes, DBpedia and FullContact with the values that were chosen."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from hygiene.kinds import country
from hygiene.survive import survive
from model.settings import FieldRule

FIELDS = ("name", "country", "city", "assets", "revenue", "founded")
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "forbes": {"forbes_url": "id", "company": "name", "region": "country", "asset_value": "assets",
               "sales_figure": "revenue"},
    "dbpedia": {"entity_uri": "id", "org_name": "name", "nation": "country", "headquarters": "city",
                "total_assets_val": "assets", "annual_income": "revenue", "established": "founded"},
    "fullcontact": {"Attribute_1": "id", "Attribute_2": "name", "Attribute_3": "country", "Attribute_4": "city",
                    "Attribute_6": "founded"},
}  # fmt: skip
# The most trusted source first. A company is as old as its oldest record says.
ORDER = ("forbes", "fullcontact", "dbpedia")
RULES: Mapping[str, Sequence[FieldRule]] = {
    "name": ("system-order",),
    "country": ("most-frequent", "system-order"),
    "city": ("system-order",),
    "assets": ("system-order",),
    "revenue": ("system-order",),
    "founded": ("min",),
}


def _sources(folder: Path) -> pl.DataFrame:
    parts = []
    for source, columns in _COLUMNS.items():
        raw = pl.read_csv(folder / f"{source}.csv", infer_schema_length=0, encoding="utf8-lossy")
        named = raw.select(pl.col(old).str.strip_chars().alias(new) for old, new in columns.items())
        lacking = [pl.lit(None, pl.String).alias(name) for name in FIELDS if name not in named.columns]
        parts.append(
            named.with_columns(*lacking, pl.lit(source).alias("connection")).select("id", "connection", *FIELDS)
        )
    return pl.concat(parts)


def _gold(path: Path) -> tuple[pl.DataFrame, dict[str, dict[str, str]]]:
    """The records of each company, as the values name them, and its values."""
    members: list[tuple[str, str]] = []
    values: dict[str, dict[str, str]] = {}
    for company in ET.parse(path).getroot():
        group = company.findtext("id") or ""
        told = {element.tag: element for element in company if element.tag in FIELDS}
        named = {one for element in told.values() for one in element.get("provenance", "").split("+") if one}
        members += [(group, one) for one in sorted({group, *named})]
        values[group] = {tag: (element.text or "").strip() for tag, element in told.items()}
    return pl.DataFrame(members, schema=["group", "id"], orient="row"), values


def _fused(folder: Path, rules: Mapping[str, Sequence[FieldRule]]) -> dict[str, tuple[int, int]]:
    """By field, how many values are those of the gold, of how many."""
    members, gold = _gold(folder / "fusion" / "validation_set.xml")
    records = members.join(_sources(folder), on="id", how="inner").with_columns(
        pl.col("id").alias("key"),
        pl.col("connection").replace_strict({name: n for n, name in enumerate(ORDER)}, return_dtype=pl.Int64)
        .alias("place"),
        pl.lit(0).alias("at"),
    ).sort("group", "place", "id").with_columns(pl.int_range(pl.len()).over("group").alias("rank"))  # fmt: skip
    survived = survive(records.drop("place", "id"), rules, order=ORDER).values
    counts = dict.fromkeys(FIELDS, (0, 0))
    for row in survived.iter_rows(named=True):
        for field, wanted in gold[row["group"]].items():
            if wanted:
                right, asked = counts[field]
                counts[field] = (right + _alike(field, row[field], wanted), asked + 1)
    return counts


def _alike(field: str, value: str | None, wanted: str) -> bool:
    """Equal as the values of their kind: countries by code, figures to four digits, days without their hour."""
    if field == "country":
        one, other = country.normalise(pl.Series([value, wanted])).to_list()
        return one is not None and one == other
    if field in ("assets", "revenue"):
        return value is not None and f"{float(value):.4g}" == f"{float(wanted):.4g}"
    return (value or "").casefold() == wanted.removesuffix("T00:00:00").casefold()


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return reference / "companies" / "mannheim_companies"


def test_rules_of_trust_and_age_choose_the_values_that_people_chose(folder: Path) -> None:
    counts = _fused(folder, RULES)
    assert {asked for _, asked in counts.values()} == {25}
    assert {field: right for field, (right, _) in counts.items()} == {
        "name": 25, "country": 24, "city": 24, "assets": 25, "revenue": 25, "founded": 24,
    }  # fmt: skip


def test_no_single_rule_fits_every_field(folder: Path) -> None:
    for rule in ("most-complete", "longest", "max"):
        counts = _fused(folder, dict.fromkeys(FIELDS, (rule,)))
        assert min(right / asked for right, asked in counts.values()) < 0.8, rule
