"""Records of the sandbox's generator as `trueline match` sees them: pulled over HTTP, beside the planted truth."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from benchmarks.labelled import LabelledSet
from benchmarks.loop import settings_for
from sandbox.start import start
from sync.pull import pull_all
from sync.records import stored_frames
from sync.workspace import open_workspace

STREAMS = ("accounts", "contacts", "leads", "deals")
_OBJECTS = {"Account": "accounts", "companies": "accounts", "Contact": "contacts", "contacts": "contacts",
            "Lead": "leads"}  # fmt: skip
_PERSON = {"given_name": "given_name", "family_name": "family_name", "email": "email", "phone": "phone",
           "mobile": "phone", "company": "company_name", "website": "domain"}  # fmt: skip
_COMPANY = {"name": "company_name", "website": "domain", "phone": "phone", "country": "area", "city": "area"}
KEY = ("connection", "stream", "id")


def stored(size: int, kept: Path) -> dict[str, pl.DataFrame]:
    """The streams, and `truth` and `account_of` of the generator with connection, stream, id."""
    folder = folder_of(size, kept)
    names = (*STREAMS, "truth", "account_of")
    if not all((folder / f"{name}.parquet").exists() for name in names):
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in _pulled(size).items():
            frame.write_parquet(folder / f"{name}.parquet")
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in names}


def folder_of(size: int, kept: Path) -> Path:
    return kept / f"sandbox-{size}"


def _pulled(size: int) -> dict[str, pl.DataFrame]:
    with start(size, systems=("salesforce", "hubspot")) as sandbox, tempfile.TemporaryDirectory() as folder:
        secrets = {
            "env:SF": sandbox.salesforce[0].credentials["client_secret"],
            "env:HS": sandbox.hubspot.credentials["token"],
        }
        url = f"sqlite:///{folder}/bench.db"
        with open_workspace(url, settings_for(sandbox), Path(folder), secrets.__getitem__) as workspace:
            pull_all(workspace)
            frames = stored_frames(workspace.store, STREAMS)
        truth = sandbox.dataset.truth
        return {**frames, "truth": _keyed(truth["records"]), "account_of": _keyed(truth["account_of"])}


def _keyed(truth: pl.DataFrame) -> pl.DataFrame:
    of_objects = truth.filter(pl.col("object").is_in(list(_OBJECTS)))
    return of_objects.with_columns(
        pl.when(pl.col("system") == "hubspot").then(pl.lit("hs")).otherwise(pl.lit("sf")).alias("connection"),
        pl.col("object").replace_strict(_OBJECTS).alias("stream"),
    )


def _labelled(frame: pl.DataFrame, truth: pl.DataFrame, kinds: Mapping[str, str]) -> pl.DataFrame:
    known = truth.select(*KEY, "entity", "relation")
    columns = frame.select(*KEY, *(name for name in kinds))
    return columns.join(known, on=list(KEY), how="inner", maintain_order="left")


def sandbox_people(size: int, kept: Path) -> LabelledSet:
    """Contacts and leads of both CRMs; test records are nobody else's.

    Somebody who has changed jobs is the same person and yet not to be merged: that record does not count.
    """
    frames = stored(size, kept)
    parts = [frames[stream].with_columns(pl.lit(stream).alias("stream")) for stream in ("contacts", "leads")]
    people = pl.concat([_labelled(part, frames["truth"], _PERSON) for part in parts])
    return _of(people, "crm_people", _PERSON, size, kept)


def sandbox_companies(size: int, kept: Path) -> LabelledSet:
    """Accounts of both CRMs."""
    frames = stored(size, kept)
    accounts = frames["accounts"].with_columns(pl.lit("accounts").alias("stream"))
    return _of(_labelled(accounts, frames["truth"], _COMPANY), "crm_companies", _COMPANY, size, kept)


def _of(table: pl.DataFrame, family: str, kinds: Mapping[str, str], size: int, kept: Path) -> LabelledSet:
    changed = pl.when(pl.col("relation") != "job_change").then("entity")
    truth = table.select(changed.alias("truth"))["truth"]
    frames = str(folder_of(size, kept))
    return LabelledSet(family, table.drop("entity", "relation"), kinds, truth, frames=frames)
