"""The demo against what the sandbox planted."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from sandbox.generator import Dataset
from tests.trueline.conftest import Cli
from trueline.truth import linked_truly, matched_truly

RECORDS = [
    ("salesforce", "Contact", "1", "p1", "original"), ("salesforce", "Lead", "2", "p1", "converted"),
    ("hubspot", "contacts", "3", "p1", "counterpart"), ("hubspot", "contacts", "4", "p2", "original"),
    ("hubspot", "contacts", "5", "p1", "job_change"), ("salesforce", "Account", "6", "c1", "original"),
    ("hubspot", "companies", "7", "c1", "counterpart"),
]  # fmt: skip
ACCOUNT_OF = [
    ("salesforce", "Lead", "2", ["6", "8"]),
    ("hubspot", "contacts", "3", ["7"]),
    ("hubspot", "contacts", "4", None),
]


@pytest.fixture
def planted() -> Dataset:
    records = pl.DataFrame(RECORDS, schema=["system", "object", "id", "entity", "relation"], orient="row")
    account_of = pl.DataFrame(ACCOUNT_OF, schema=["system", "object", "id", "account_ids"], orient="row")
    return Dataset([], {}, pl.DataFrame(), {"records": records, "account_of": account_of})


def test_pairs_are_counted_against_planted_entities_without_job_changes(planted: Dataset) -> None:
    rows = [("sf", "contacts", "1", "a"), ("sf", "leads", "2", "a"), ("hs", "contacts", "3", "b"),
            ("hs", "contacts", "4", "b"), ("hs", "contacts", "5", "a"), ("sf", "accounts", "6", "c"),
            ("hs", "accounts", "7", "c")]  # fmt: skip
    found = matched_truly(pl.DataFrame(rows, schema=["connection", "stream", "id", "entity"], orient="row"), planted)
    people, companies = found["people"], found["companies"]
    assert (people.right, people.joined, people.true) == (1, 2, 3)
    assert (people.precision, people.recall) == (1 / 2, 1 / 3)
    assert (companies.right, companies.joined, companies.true) == (1, 1, 1)


def test_links_are_counted_against_any_record_of_the_planted_account(planted: Dataset) -> None:
    rows = [("sf", "leads", "2", "8"), ("hs", "contacts", "3", None), ("hs", "contacts", "4", "9")]
    found = linked_truly(pl.DataFrame(rows, schema=["connection", "stream", "id", "account_id"], orient="row"), planted)
    assert found.precision == 1 / 2
    assert found.coverage == 1 / 2


def test_nothing_joined_and_nothing_linked_is_no_mistake(planted: Dataset) -> None:
    nobody = pl.DataFrame(schema=dict.fromkeys(("connection", "stream", "id", "entity", "account_id"), pl.String))
    assert matched_truly(nobody, planted)["people"].precision == 1.0
    assert linked_truly(nobody, planted).coverage == 1.0


def test_demo_tells_precision_and_recall_and_ends_with_nothing_to_change(trueline: Cli, tmp_path: Path) -> None:
    ran = trueline("demo", "--size", 60, "--folder", tmp_path / "demo", "--json")
    assert ran.code == 0, ran
    told = ran.document
    assert told["changes_left"] == 0
    assert told["truth"]["people precision"] > 0.95
    assert told["truth"]["people recall"] > 0.6
    assert told["truth"]["links precision"] > 0.9
    lines = [line for line in told["lines"] if line.startswith("truth ")]
    assert len(lines) == 2
    told_lines = dict(line.split(" ", 1) for line in told["lines"])
    assert "one title edited in both CRMs" in told_lines["conflict"]
    assert "merged in step, 2 applied" in told_lines["merge"]
    assert "4 of 4 records hold what they held" in told_lines["undo"]
    assert re.search(r"people 0\.\d{3} and 0\.\d{3}|people 1\.000 and", lines[0])
