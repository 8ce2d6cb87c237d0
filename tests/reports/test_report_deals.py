"""Open deals by stage: order, warnings, amounts of several currencies."""

from __future__ import annotations

from datetime import date

import pytest

from model.streams import Value
from reports.content import StageLine
from reports.gather import gather
from store import Store
from tests.reports.shelf import NOTHING_REQUIRED, healthy, put


def lines(store: Store) -> tuple[StageLine, ...]:
    return gather(store, date(2026, 11, 22), NOTHING_REQUIRED).stages


def deals(store: Store, connection: str, *rows: tuple[str, str | None, int | None, str | None, float]) -> None:
    """Rows of id, stage, amount in minor units, currency and health."""
    columns: dict[str, list[Value]] = {
        name: [row[place] for row in rows] for place, name in enumerate(("id", "stage", "amount", "currency"))
    }
    put(store, connection, "deals", **columns)
    healthy(store, {(connection, "deals", row[0]): row[4] for row in rows})


def test_stages_stand_in_the_order_of_the_pipeline_and_are_added_up(store: Store) -> None:
    put(store, "sf", "stages", id=["a", "b"], key=["won", "new"], name=["Winning", "New"], position=[2, 1])
    deals(store, "sf", ("1", "won", 100, "USD", 1.0), ("2", "new", 250, "USD", 0.5), ("3", "new", 50, "USD", 1.0))
    assert lines(store) == (
        StageLine("New", 2, 1, "3.00 USD", "2.50 USD"),
        StageLine("Winning", 1, 0, "1.00 USD", "–"),
        StageLine("All open deals", 3, 1, "4.00 USD", "2.50 USD"),
    )


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [
        pytest.param([(100, "USD"), (100, "EUR")], "1.00 EUR + 1.00 USD", id="two currencies stay apart"),
        pytest.param([(100, "USD"), (100, None)], "1.00 USD + 1.00", id="no currency stays apart"),
        pytest.param([(None, "USD"), (None, None)], "–", id="no amounts"),
        pytest.param([(None, "EUR"), (5, "USD")], "0.05 USD", id="currency without amount"),
        pytest.param([(500, "JPY"), (1005, "BHD")], "1.005 BHD + 500 JPY", id="other minor units"),
        pytest.param([(0, "USD")], "0.00 USD", id="zero is an amount"),
        pytest.param([(2**62, "USD"), (2**62, "USD")], "92,233,720,368,547,758.08 USD", id="beyond 64 bits"),
    ],
)
def test_amounts_are_shown_by_currency_and_never_added_up_across(
    store: Store, amounts: list[tuple[int | None, str | None]], shown: str
) -> None:
    deals(store, "sf", *((str(place), "s", *amount, 1.0) for place, amount in enumerate(amounts)))
    assert [line.amount for line in lines(store)] == [shown]


def test_stage_is_named_with_what_tells_it_apart(store: Store) -> None:
    put(store, "hs", "stages", id=["a", "b"], key=["1", "2"], name=["New", "New"], pipeline_name=["Sales", "Renewals"],
        position=[0, 0])  # fmt: skip
    deals(store, "hs", ("1", "1", None, None, 1.0), ("2", "2", None, None, 1.0), ("3", None, None, None, 1.0))
    assert [line.stage for line in lines(store)] == ["Renewals · New", "Sales · New", "(no stage)", "All open deals"]


def test_closed_deals_are_left_out(store: Store) -> None:
    put(store, "sf", "deals", id=["1", "2"], stage=["s", "s"])
    healthy(store, {("sf", "deals", "1"): 0.5})
    assert [(line.deals, line.stale) for line in lines(store)] == [(1, 1)]
