"""Review: what a person should decide, what they decided, and why two records match."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from hygiene.judge import Judge
from hygiene.linkage.explain import Waterfall, waterfall
from hygiene.linkage.model import Model, OtherComparisons
from hygiene.linkage.pairs import Part
from hygiene.match import answered
from hygiene.questions import in_order
from model.errors import InputError
from model.evidence import Evidence, RecordKey, Verdict, VerdictAnswer
from model.streams import STREAMS
from store import Store
from sync.chosen import KEY, Chosen, texts_of
from sync.figures import OF_KIND
from sync.match import matched_by
from sync.models import kinds_of, stored_models
from sync.workspace import Workspace

# The fields that stand side by side when a pair is explained.
_FIELDS = ("given_name", "family_name", "name", "legal_name", "title", "email", "phone", "mobile", "company", "domain",
           "website", "street", "city", "country", "lei", "registration_number")  # fmt: skip
# Rules of decisions about a pair that others had a part in.
_BY_OTHERS = ("cluster", "split", "cap", "chain")


@dataclass(frozen=True, slots=True)
class Explained:
    """Why two records are held to be the same or not. `fields` are name, left and right value; `waterfall` how the
    evidence adds up, where there is a model to weigh it."""

    left: str
    right: str
    decision: str
    probability: float | None
    reason: str
    evidence: tuple[Evidence, ...]
    fields: tuple[tuple[str, str | None, str | None], ...]
    waterfall: Waterfall | None

    @property
    def sentence(self) -> str:
        strength = "" if self.probability is None else f" ({self.probability:.2f})"
        return f"{self.left} and {self.right}: {self.decision}{strength}: {self.reason}"


def open_pairs(workspace: Workspace) -> pl.DataFrame:
    """Pairs that evidence left undecided: left, right, probability, reason; first those whose answers teach most."""
    pairs = in_order(workspace.store.pairs())
    return pairs.select(texts_of(pairs, "left_").alias("left"), texts_of(pairs, "right_").alias("right"), "probability",
                        "reason")  # fmt: skip


def decide(workspace: Workspace, left: RecordKey, right: RecordKey, answer: VerdictAnswer, note: str = "") -> Verdict:
    """Keep a person's answer. InputError when one of the records is not in the store."""
    one, other = sorted((left, right))
    for key in (one, other):
        _record(workspace.store, key)
    verdict = Verdict(one, other, answer, getpass.getuser(), workspace.clock(), note)
    workspace.store.add_verdict(verdict)
    return verdict


def explain_pair(workspace: Workspace, left: RecordKey, right: RecordKey) -> Explained:
    """Compare two stored records as `match` does, by the stored model or by one learned from the store where none is
    kept. InputError when one is not in the store, or when a person is compared with a company."""
    one, other = sorted((left, right))
    store = workspace.store
    records = [_record(store, key) for key in (one, other)]
    sides = [{name: _value(record, name) for name in _FIELDS} for record in records]
    fields = tuple((name, sides[0][name], sides[1][name]) for name in _FIELDS if sides[0][name] or sides[1][name])
    kind = next((kind for kind in kinds_of(workspace) if {one.stream, other.stream} <= {*OF_KIND[kind.name]}), None)
    if kind is None or one == other:
        raise InputError(f"{one} and {other} cannot be the same: name two different people, or two accounts.")
    chosen = Chosen(store, kind.name, workspace.settings.plan.default_country)
    pool = kind.pool(chosen.frames(pl.Series("key", [str(one), str(other)])))
    pair = pl.DataFrame({"left": [0], "right": [1]}, schema={"left": pl.UInt32, "right": pl.UInt32})
    try:
        judge = Judge.of(kind, pool, _model(workspace, kind.name), part=Part(np.zeros(len(pool), bool)))
    except OtherComparisons:
        judge = Judge.of(kind, pool, _learned(workspace, kind.name), part=Part(np.zeros(len(pool), bool)))
    told = judge.told(pair, answered(pool, store.verdicts())) if len(pool) == 2 else pair.clear()
    if told.is_empty() or judge.model is None:
        reason = "no model weighs them yet" if len(pool) == 2 else "one of them is converted, and no longer matched"
        return Explained(str(one), str(other), "different", None, reason, (), fields, None)
    row = told.row(0, named=True) | _settled(store, one, other)
    rows = (pair["left"].to_numpy(), pair["right"].to_numpy())
    drawn = waterfall(judge.model, [comparison.compare(*rows) for comparison in judge.comparisons])
    evidence = tuple(Evidence(*step) for step in json.loads(row["evidence"]))
    decision = row["decision"] or "different"
    return Explained(str(one), str(other), decision, row["probability"], row["reason"], evidence, fields, drawn)


def _settled(store: Store, left: RecordKey, right: RecordKey) -> dict[str, str]:
    """What the last match decided about the pair in view of others, where it did."""
    pairs = store.pairs_of(pl.DataFrame([(left.connection, left.stream, left.id)], schema=KEY, orient="row"))
    own = pairs.filter(texts_of(pairs, "left_") == str(left), texts_of(pairs, "right_") == str(right))
    return next(own.filter(pl.col("rule").is_in(_BY_OTHERS)).select("decision", "reason").iter_rows(named=True), {})


def _model(workspace: Workspace, kind: str) -> Model | None:
    return stored_models(workspace.store).get(kind) or _learned(workspace, kind)


def _learned(workspace: Workspace, kind: str) -> Model | None:
    """The model that a match of the store, too small a one for a model to be kept, goes by."""
    return matched_by(workspace, {}).models.get(kind)


def _value(record: pl.DataFrame, field: str) -> str | None:
    value = record[field].item() if field in record.columns else None
    return None if value is None else str(value)


def _record(store: Store, key: RecordKey) -> pl.DataFrame:
    if key.stream not in STREAMS:
        raise InputError(f"There is no stream {key.stream!r}; streams are {', '.join(STREAMS)}.")
    found = store.frame(key.stream, only=pl.DataFrame({"connection": [key.connection], "id": [key.id]}))
    if found.is_empty():
        raise InputError(f"The store has no record {key}; the report shows how records are written.")
    return found
