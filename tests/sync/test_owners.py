"""Owners who are nobody in the other CRM are findings, where owners are synced."""

from __future__ import annotations

import polars as pl

from model.sync_settings import SyncSettings
from sync.score import score_records
from tests.sync.scene import Scene


def unmatched(scene: Scene, fields: dict[str, str]) -> pl.DataFrame:
    sync = SyncSettings.model_validate({"between": ("sf", "hs"), "contacts": {"fields": fields}})
    with scene.open(sync=sync) as workspace:
        score_records(workspace)
        return workspace.store.findings().filter(pl.col("rule") == "owner-unmatched")


def test_owner_without_counterpart_is_a_finding_where_owners_are_synced(scene: Scene) -> None:
    found = unmatched(scene, {"owner_id": "always-salesforce"})
    assert set(found["stream"]) == {"users"}
    assert any(message.startswith("Sandbox Admin is not there by that e-mail address") for message in found["message"])
    assert not found["message"].str.contains("@").any()


def test_owners_that_are_not_synced_are_no_findings(scene: Scene) -> None:
    assert unmatched(scene, {"owner_id": "dont-sync", "phone": "two-way"}).is_empty()
