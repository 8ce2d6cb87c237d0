"""Records of the sandbox's generator as `trueline match` sees them, beside the planted truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from benchmarks.labelled import LabelledSet
from tests.hygiene.generated import Generated, generated

KEY = ("connection", "stream", "id")
_NOT_COUNTED = ("job_change", "converted")
_PERSON = {"given_name": "given_name", "family_name": "family_name", "email": "email", "phone": "phone",
           "mobile": "phone", "company": "company_name", "website": "domain"}  # fmt: skip
_COMPANY = {"name": "company_name", "website": "domain", "phone": "phone", "country": "area", "city": "area"}


def sandbox_people(size: int, kept: Path) -> LabelledSet:
    """Contacts and leads of both CRMs; test records are nobody else's.

    Two sorts do not count: of somebody who has changed jobs, who is the same person and yet not to be merged, and
    converted leads, whose person is a contact by the CRM's own word.
    """
    return _of("crm_people", ("contacts", "leads"), _PERSON, size, kept)


def sandbox_companies(size: int, kept: Path) -> LabelledSet:
    """Accounts of both CRMs."""
    return _of("crm_companies", ("accounts",), _COMPANY, size, kept)


def _of(family: str, streams: tuple[str, ...], kinds: Mapping[str, str], size: int, kept: Path) -> LabelledSet:
    made = generated(size)
    parts = [made.frames[stream].with_columns(pl.lit(stream).alias("stream")) for stream in streams]
    records = pl.concat([part.select(*KEY, *kinds) for part in parts])
    known = records.join(made.entities, on=list(KEY), how="inner", maintain_order="left")
    counted = pl.when(~pl.col("relation").is_in(_NOT_COUNTED)).then("entity")
    truth = known.select(counted.alias("truth"))["truth"]
    return LabelledSet(family, known.select(records.columns), kinds, truth, frames=str(_saved(made, size, kept)))


def _saved(made: Generated, size: int, kept: Path) -> Path:
    """The folder of the streams."""
    folder = kept / f"sandbox-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder
