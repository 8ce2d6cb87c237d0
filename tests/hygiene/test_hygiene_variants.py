from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.variants import variants
from tests.hygiene.frames import frame


def _found(values: list[str], field: str = "industry", vocabulary: tuple[str, ...] = ()) -> dict[str, str]:
    table = variants(
        {"accounts": frame("accounts", [{field: value} for value in values])}, {("accounts", field): vocabulary}
    )
    return dict(table.table.select("value", "suggestion").iter_rows())


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param(["technolgy", "medical"], {"technolgy": "technology"}, id="misspelt-word"),
        pytest.param(["Technolgy Services"], {"Technolgy Services": "Technology Services"}, id="word-in-a-phrase"),
        pytest.param(["Software", "software", "software"], {"Software": "software"}, id="case"),
        pytest.param(["Real Estate", "Real-Estate", "Real Estate"], {"Real-Estate": "Real Estate"}, id="punctuation"),
        pytest.param(["GTXPro", "GTX Basic", "MG Pro"], {"GTXPro": "GTX Pro"}, id="run-together"),
        pytest.param(["medical", "employment", "retail", "finance", "services", "entertainment"], {}, id="real-words"),
        pytest.param(["Prospecting", "Prospect", "Customer", "Customers", "Partner", "Reseller"], {}, id="inflections"),
        pytest.param(["Gold 100", "Gold 200"], {}, id="numbers-differ"),
        pytest.param(["North", "South"], {}, id="short"),
    ],
)
def test_variants_find_misspellings_and_leave_honest_values_alone(values: list[str], found: dict[str, str]) -> None:
    assert _found(values) == found


def test_listed_vocabulary_is_right_by_definition() -> None:
    assert _found(["GTXPro", "MG Special"], vocabulary=("GTX Pro", "MG Special")) == {"GTXPro": "GTX Pro"}
    assert _found(["technolgy"], vocabulary=("technolgy",)) == {}


def test_countries_are_compared_with_countries() -> None:
    assert _found(["Philipines", "Brasil", "Autsria", "Niger", "USA"], "country") == {
        "Philipines": "Philippines",
        "Autsria": "Austria",
    }


def test_counts_and_message_name_the_value() -> None:
    table = variants({"accounts": frame("accounts", [{"industry": "technolgy"}] * 3)})
    assert table.table.select("count", "suggestion_count").rows() == [(3, 0)]
    assert table.findings["message"].to_list() == [
        '"technolgy" (3 records) is probably meant to be "technology": one keystroke from a known word'
    ]


def test_real_files_show_their_known_misspellings_and_no_others(reference: Path) -> None:
    folder = reference / "crm" / "crm_sales_opportunities"
    accounts = pl.read_csv(folder / "accounts.csv").select(
        connection=pl.lit("f"), id="account", name="account", industry="sector", country="office_location"
    )
    deals = pl.read_csv(folder / "sales_pipeline.csv").select(
        connection=pl.lit("f"), id="opportunity_id", product="product", stage="deal_stage", account_name="account"
    )
    found = variants({"accounts": accounts, "deals": deals}).table
    assert found.select("value", "count", "suggestion").rows() == [
        ("Philipines", 1, "Philippines"),
        ("technolgy", 12, "technology"),
        ("GTXPro", 1480, "GTX Pro"),
    ]
