"""What the generator hands over, and how it is written to disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Dataset:
    """Two CRMs, a register of companies, and the truth about all of them.

    salesforce: one dict per org, keyed by sObject, columns = API names. hubspot: keyed by plural object name, column
    `id` beside internal property names. gleif: see `register`. truth: see `truth`.
    """

    salesforce: list[Frames]
    hubspot: Frames
    gleif: pl.DataFrame
    truth: Frames


def write(dataset: Dataset, folder: Path) -> list[Path]:
    """Write every frame to a Parquet file below `folder` and return the files, in order.

    salesforce/Account.parquet ... (the second org is salesforce_2), hubspot/contacts.parquet ..., gleif.parquet,
    truth/records.parquet ...
    """
    written = []
    for number, org in enumerate(dataset.salesforce, start=1):
        written += _write_all(org, folder / ("salesforce" if number == 1 else f"salesforce_{number}"))
    written += _write_all(dataset.hubspot, folder / "hubspot")
    written += _write_all({"gleif": dataset.gleif}, folder)
    return [*written, *write_truth(dataset, folder)]


def write_truth(dataset: Dataset, folder: Path) -> list[Path]:
    """Write the truth alone, to truth/records.parquet ... below `folder`."""
    return _write_all(dataset.truth, folder / "truth")


def _write_all(frames: Frames, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, frame in frames.items():
        file = folder / f"{name}.parquet"
        frame.write_parquet(file)
        files.append(file)
    return files
