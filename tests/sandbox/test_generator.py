"""The generated data set: repeatable, complete, and within the vendors' own rules."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sandbox.generator import Dataset, generate

AS_OF = date(2026, 11, 22)


@pytest.fixture(scope="module")
def small() -> Dataset:
    return generate(3000, seed=3, dirt=1.0, as_of=AS_OF)


def frames(dataset: Dataset) -> dict[str, pl.DataFrame]:
    """All frames of a data set by a name of their own."""
    found = {f"sf{number}/{name}": frame for number, org in enumerate(dataset.salesforce) for name, frame in org.items()}
    found |= {f"hs/{name}": frame for name, frame in dataset.hubspot.items()}
    return found | {"gleif": dataset.gleif} | {f"truth/{name}": frame for name, frame in dataset.truth.items()}


def test_generate_twice_with_one_seed_gives_the_same_frames(small: Dataset) -> None:
    again = frames(generate(3000, seed=3, dirt=1.0, as_of=AS_OF))
    for name, frame in frames(small).items():
        assert_frame_equal(frame, again[name])


def test_records_of_the_truth_name_every_record_once(small: Dataset) -> None:
    told = small.truth["records"]
    assert told.filter(pl.struct("system", "object", "id").is_duplicated()).is_empty()
    for name in ("Account", "Contact", "Lead", "Opportunity", "User"):
        ids = told.filter(pl.col("object") == name)["id"]
        assert set(ids) == set(small.salesforce[0][name]["Id"])
    for name in ("contacts", "companies", "deals", "owners"):
        ids = told.filter(pl.col("object") == name)["id"]
        assert set(ids) == set(small.hubspot[name]["id"])


def test_size_counts_contacts_of_both_systems(small: Dataset) -> None:
    contacts = len(small.salesforce[0]["Contact"]) + len(small.hubspot["contacts"])
    assert 3000 <= contacts <= 3030
