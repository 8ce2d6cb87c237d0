"""How far matching agrees with what the sandbox's generator planted in two CRMs."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from hygiene.match import Matches, match
from tests.hygiene.generated import generated


@cache
def matched() -> tuple[Matches, pl.DataFrame]:
    """What matching made of generated CRMs, and its memberships with the `truth` of each record."""
    made = generated(1_200, 21)
    found = match({stream: made.frames[stream] for stream in ("accounts", "contacts", "leads")})
    truth = made.entities.rename({"entity": "truth"})
    return found, found.memberships.join(truth, on=["connection", "stream", "id"], how="left")


def pairs(frame: pl.DataFrame, *by: str) -> int:
    size = pl.col("len").cast(pl.Int64)
    return int(frame.group_by(by).len().select((size * (size - 1) // 2).sum()).item())


@pytest.mark.parametrize(
    ("streams", "recall"),
    [pytest.param(("contacts", "leads"), 0.72, id="people"), pytest.param(("accounts",), 0.85, id="companies")],
)
def test_entities_join_next_to_no_strangers_and_most_of_what_is_one(streams: tuple[str, ...], recall: float) -> None:
    members = matched()[1].filter(pl.col("stream").is_in(list(streams)))
    right, joined, true = pairs(members, "entity", "truth"), pairs(members, "entity"), pairs(members, "truth")
    assert right >= 0.99 * joined
    assert right >= recall * true


def test_same_means_one_entity_and_unsure_means_two() -> None:
    found = matched()[0]
    entity = dict(
        found.memberships.select(pl.concat_str("connection", "stream", "id", separator="/"), "entity").iter_rows()
    )
    sides = [pl.concat_str(f"{side}_connection", f"{side}_stream", f"{side}_id", separator="/") for side in
             ("left", "right")]  # fmt: skip
    told = found.pairs.select(sides[0].alias("left"), sides[1].alias("right"), "decision", "probability", "reason")
    for left, right, decision, probability, reason in told.iter_rows():
        assert (entity[left] == entity[right]) == (decision == "same")
        assert 0 <= probability <= 1
        assert reason
