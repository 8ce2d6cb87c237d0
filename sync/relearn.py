"""Relearn: models learned anew from all records and all that people answered, and what they would change."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hygiene.linkage.model import OtherComparisons
from hygiene.relearned import Weight, regrouped, weights_moved
from model.errors import InputError
from sync.figures import OF_KIND
from sync.match import matched_by, whole_update
from sync.models import LEARNABLE, is_enough, keep_models, stored_models
from sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Relearned:
    """What relearning would change, or did (`applied`): weights, the pairs of records that join or part, and how many
    pairs are left to people. `versions` of the models that are kept, by kind of entity."""

    versions: dict[str, str]
    answers: int
    weights: list[Weight]
    joining: list[tuple[str, str]]
    parting: list[tuple[str, str]]
    unsure_before: int
    unsure_after: int
    applied: bool

    @property
    def sentence(self) -> str:
        tense = ("joined", "parted") if self.applied else ("would join", "would part")
        return (
            f"{tense[0]}: {len(self.joining):,} groups of records, {tense[1]}: {len(self.parting):,}; "
            f"unsure pairs: {self.unsure_after:,} instead of {self.unsure_before:,}"
        ).capitalize()


def relearn(workspace: Workspace, *, apply: bool) -> Relearned:
    """Learn the models anew; with `apply` keep them and match everything by them, else nothing is stored.

    InputError where the store holds too few records to learn from.
    """
    store = workspace.store
    stored, verdict = stored_models(store), store.newest_verdict()
    try:
        before = matched_by(workspace, stored)
    except OtherComparisons:
        stored = {}
        before = matched_by(workspace, stored)
    of_stream = before.memberships["stream"].value_counts().iter_rows()
    counts: dict[str, int] = dict(of_stream)
    enough = {kind for kind, streams in OF_KIND.items() if is_enough(sum(counts.get(one, 0) for one in streams))}
    if not enough:
        raise InputError(f"There is nothing to learn from: it takes {LEARNABLE} people or accounts; pull first.")
    held = {kind: model for kind, model in stored.items() if kind not in enough}
    after = matched_by(workspace, held) if stored else before
    learned = {kind: model for kind, model in after.models.items() if kind in enough}
    weights = [one for kind, model in learned.items() for one in weights_moved(kind, stored.get(kind), model)]
    changed = regrouped(before.memberships, after.memberships)
    if apply:
        run_id = store.begin_run("match", workspace.clock())
        versions = {kind: model.version for kind, model in held.items()}
        versions |= keep_models(store, learned, workspace.clock())
        store.save_match(run_id, whole_update(workspace, after, verdict, versions), workspace.clock())
        store.end_run(run_id, "done", workspace.clock(), {"relearned": ", ".join(sorted(versions))})
    joining, parting = (
        changed.filter(pl.col("joins") == joins).select("left", "right").rows() for joins in (True, False)
    )
    unsure = [found.pairs.filter(pl.col("decision") == "unsure").height for found in (before, after)]
    return Relearned(
        {kind: model.version for kind, model in learned.items()},
        store.verdicts().filter(pl.col("answer") != "unsure").height,
        weights,
        joining,
        parting,
        unsure_before=unsure[0],
        unsure_after=unsure[1],
        applied=apply,
    )
