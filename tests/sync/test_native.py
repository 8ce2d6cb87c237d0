"""Beside HubSpot's own Salesforce integration: what it keeps in step is corrected on the Salesforce side alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from hygiene.native import FIELDS, NOBODY, RECORDS, Kept
from model.changes import Planned, slot_of
from model.sync_settings import SyncSettings
from sandbox.start import start
from sync.native import kept_by_native
from sync.plan import PlanReport, plan_changes
from sync.pull import pull_all
from tests.sync.conftest import TODAY, Crm, connected
from tests.sync.scene import Scene


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Crm, Path]]:
    """A portal with the integration on, and a store that was pulled from it."""
    folder = tmp_path_factory.mktemp("native")
    with start(60, 5, 1.0, TODAY, native=True) as sandbox:
        made = Crm(sandbox, connected(sandbox))
        with made.open(folder) as workspace:
            pull_all(workspace)
        yield made, folder


def planned(crm: tuple[Crm, Path], **changed: object) -> tuple[PlanReport, Kept, list[Planned]]:
    with crm[0].open(crm[1], **changed) as workspace:
        report = plan_changes(workspace)
        return report, kept_by_native(workspace), workspace.store.plan_changes(report.plan_id or "")


def cells(changes: list[Planned]) -> set[tuple[str, str, str, str]]:
    """connection, stream, id and field of each change of one field."""
    found = ((planned.change, slot_of(planned.change)) for planned in changes)
    return {(c.key.connection, c.key.stream, c.key.id, slot.field) for c, slot in found if slot is not None}


def test_plan_beside_the_integration_corrects_its_fields_in_salesforce_only(crm: tuple[Crm, Path]) -> None:
    report, kept, changes = planned(crm)
    linked, mapped, written = set(kept.records.iter_rows()), set(kept.fields.iter_rows()), cells(changes)
    assert linked
    assert {connection for connection, _, _ in linked} == {"hs"}
    assert ("hs", "contacts", "phone") in mapped
    assert ("hs", "contacts", "email_opt_out") not in mapped, "an opt-out is nobody's to hold back"
    for connection, stream, record, field in written:
        assert (connection, stream, record) not in linked or (connection, stream, field) not in mapped
    assert any(connection == "sf" for connection, _, _, _ in written)
    assert any(connection == "hs" for connection, _, _, _ in written), "records it has not linked are ours"
    assert report.left_out > 0
    assert f"{report.left_out:,} left out in HubSpot: its own Salesforce integration" in report.sentence

    beside, _, all_changes = planned(crm, sync=SyncSettings(beside_native=True))
    assert beside.left_out == 0
    assert "left out" not in beside.sentence
    assert len(cells(all_changes) - written) >= report.left_out


def test_kept_without_the_integration_is_nothing(scene: Scene) -> None:
    with scene.open() as workspace:
        assert kept_by_native(workspace) is NOBODY


def test_apart_takes_only_mapped_fields_of_linked_records_and_keeps_the_order() -> None:
    fields = pl.DataFrame([("hs", "contacts", "phone")], FIELDS, orient="row")
    records = pl.DataFrame([("hs", "contacts", "1"), ("hs", "contacts", "1")], RECORDS, orient="row")
    rows = [("hs", "contacts", "2", "phone"), ("hs", "contacts", "1", "title"), ("hs", "contacts", "1", "phone"),
            ("sf", "contacts", "1", "phone")]  # fmt: skip
    changes = pl.DataFrame(rows, ["connection", "stream", "id", "field"], orient="row")
    ours, theirs = Kept(fields, records).apart(changes)
    assert ours.rows() == [rows[0], rows[1], rows[3]]
    assert theirs.rows() == [rows[2]]
    assert NOBODY.apart(changes)[0].equals(changes)
