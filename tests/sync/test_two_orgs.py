"""Two Salesforce orgs after a merger are two connections: sf and sf_emea beside hs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from sandbox.start import start
from sync.plan import plan_changes
from sync.push import push_stored
from tests.sync.conftest import SECRETS, TODAY, Crm, connected
from tests.sync.scene import prepare, unwaiting


@pytest.fixture
def merged_company() -> Iterator[Crm]:
    with start(150, 11, 1.0, TODAY, orgs=2) as sandbox:
        yield Crm(sandbox, connected(sandbox))


def test_two_orgs_of_one_system_are_pulled_matched_and_written_apart(merged_company: Crm, tmp_path: Path) -> None:
    with unwaiting(merged_company, SECRETS.__getitem__, merged_company.open(tmp_path)) as workspace:
        prepare(workspace)
        contacts = workspace.store.frame("contacts")
        assert set(contacts["connection"]) == {"sf", "sf_emea", "hs"}
        across = (
            workspace.store.memberships()
            .filter(pl.col("connection").is_in(["sf", "sf_emea"]))
            .group_by("entity")
            .agg(pl.col("connection").n_unique().alias("orgs"))
        )
        assert across.filter(pl.col("orgs") == 2).height > 0, "some people are known to both orgs"
        planned = plan_changes(workspace)
        assert {row.key.split("/")[0] for row in planned.rows} == {"sf", "sf_emea", "hs"}
        report = push_stored(workspace)
        assert report.statuses["applied"] == len(planned.rows)
        prepare(workspace)
        assert plan_changes(workspace).rows == []


def test_one_org_that_cannot_be_reached_leaves_the_others_pulled(merged_company: Crm, tmp_path: Path) -> None:
    merged_company.sandbox.salesforce[1].listener.stop()
    with unwaiting(merged_company, SECRETS.__getitem__, merged_company.open(tmp_path)) as workspace:
        with pytest.raises(AssertionError):
            prepare(workspace)
        counts = workspace.store.counts()
        assert set(counts["connection"]) == {"sf", "hs"}
