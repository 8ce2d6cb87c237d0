"""The audit of real exports: what is known to be wrong in them is found, without credentials or configuration."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from model.errors import InputError
from sync.audit import audit_files

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "crm"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the labelled data is not at {DATA}")


@needs_data
def test_audit_of_the_sales_opportunities_finds_their_known_faults() -> None:
    files = sorted((DATA / "crm_sales_opportunities").glob("*.csv"))
    with audit_files(files) as audit:
        assert audit.as_of == date(2017, 12, 31)
        findings = audit.store.findings()
        deals = findings.filter(pl.col("stream") == "deals")
        assert deals.filter(pl.col("rule") == "deal-no-account").height == 1_425
        variants = set(findings.filter(pl.col("rule") == "spelling-variant")["value"])
        assert {"GTXPro", "technolgy", "Philipines"} <= variants
        live = {row[0]: row[1] for row in audit.store.counts().select("stream", "live").iter_rows()}
        assert live["deals"] == 8_800
        assert live["accounts"] == 85
        assert live["users"] == 35
        open_deals = audit.store.scores().filter(pl.col("name") == "deal-health")
        assert open_deals.height == 1_589 + 500, "Engaging and Prospecting are open"


@needs_data
@pytest.mark.parametrize(
    "folder",
    ["snowfakery_generated", "fivetran_salesforce_seeds", "fivetran_hubspot_seeds", "fivetran_marketo_seeds",
     "fivetran_pardot_seeds"],
)  # fmt: skip
def test_audit_of_other_tools_exports_reads_records_and_says_what_it_left(folder: str) -> None:
    files = sorted((DATA / folder).glob("*.csv"))
    with audit_files(files) as audit:
        assert audit.store.counts()["live"].sum() > 0
        assert len(audit.facts) == len(files), "every file is accounted for"


def test_audit_of_files_without_records_says_so(tmp_path: Path) -> None:
    (tmp_path / "weather.csv").write_text("wind,rain\n1,2\n")
    with pytest.raises(InputError, match="None of the files holds records"), audit_files([tmp_path / "weather.csv"]):
        pass


def test_audit_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    export = tmp_path / "contacts.csv"
    export.write_text("First Name,Last Name,Email\nAda,King,ada@example.com\n")
    with audit_files([export]) as audit:
        assert audit.store.frame("contacts").height == 1
        assert len(list(tmp_path.iterdir())) > 1
    assert list(tmp_path.iterdir()) == [export]
