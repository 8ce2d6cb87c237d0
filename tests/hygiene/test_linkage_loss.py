"""What blocking lost is estimated without labels; here the truth is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hygiene.linkage.link import Linked, link, link_keys, prepared
from hygiene.linkage.model import Model
from hygiene.linkage.pairs import Part
from tests.hygiene.test_linkage import DATA, PERSON, needs_data
from tests.hygiene.truth import read_text_table

KINDS = {**PERSON, "phone": "phone"}


def true_loss(linked: Linked, entity: pl.Series) -> float:
    """The share of true pairs that are no candidates."""
    truth = entity.to_numpy()
    sizes = entity.value_counts()["count"]
    return 1.0 - float((truth[linked.left] == truth[linked.right]).sum() / (sizes * (sizes - 1) // 2).sum())


def twice(people: int, gaps: float, seed: int = 1) -> pl.DataFrame:
    """Each person twice; the second time each value is missing, or written otherwise, in `gaps` of a hundred."""
    chance = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz")

    def drawn() -> list[str]:
        return ["".join(row) for row in chance.choice(letters, (people, 8))]

    numbers = [f"{number}" for number in chance.integers(2_000_000_000, 9_000_000_000, people)]
    first = pl.DataFrame({"given": drawn(), "family": drawn(), "company": drawn(), "phone": numbers})
    first = first.with_columns(pl.concat_str("given", pl.lit("@"), "company", pl.lit(".example")).alias("email"))
    second = first.with_columns(
        pl.when(pl.Series(chance.random(people) >= gaps)).then(pl.col(name)) for name in first.columns
    )
    return pl.concat([first, second]).with_columns(pl.Series("entity", [*range(people)] * 2))


@pytest.mark.parametrize("gaps", [0.2, 0.5, 0.7])
def test_estimate_is_near_the_truth(gaps: float) -> None:
    table = twice(2_000, gaps)
    linked = link(table, KINDS)
    lost = true_loss(linked, table["entity"])
    assert linked.blocking_loss == pytest.approx(lost, abs=0.005 + 0.4 * lost)


def test_nothing_is_lost_where_every_pair_was_compared() -> None:
    assert link(twice(100, 0.5), KINDS).blocking_loss == 0.0


def test_no_estimate_where_only_some_pairs_were_asked_for() -> None:
    table = twice(900, 0.2)
    keys, comparisons = prepared(table, KINDS)
    linked = link_keys(keys, comparisons)
    assert linked.learned is not None
    model = Model.of(linked.learned, linked.compared, comparisons, len(keys))
    new = np.zeros(len(keys), bool)
    new[-5:] = True
    assert link_keys(keys, comparisons, model=model, part=Part(new)).blocking_loss is None


@needs_data
def test_estimate_is_near_the_truth_on_labelled_people() -> None:
    table = read_text_table(DATA / "persons" / "febrl" / "dataset3.csv")
    kinds = {"given_name": "given_name", "surname": "family_name", "suburb": "area", "date_of_birth": "date"}
    linked = link(table, kinds)
    lost = true_loss(linked, table["rec_id"].str.extract(r"rec-(\d+)"))
    assert lost > 0.03
    assert linked.blocking_loss == pytest.approx(lost, rel=0.5)
