"""Review: what a person should decide, what they decided, and why two records match."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass

import polars as pl

from hygiene.match import match
from model.errors import InputError
from model.evidence import Evidence, RecordKey, Verdict, VerdictAnswer
from model.streams import STREAMS
from store import Store
from sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Explained:
    """Why two records are held to be the same or not."""

    left: str
    right: str
    decision: str
    probability: float | None
    reason: str
    evidence: tuple[Evidence, ...]

    @property
    def sentence(self) -> str:
        strength = "" if self.probability is None else f" ({self.probability:.2f})"
        return f"{self.left} and {self.right}: {self.decision}{strength}: {self.reason}"


def open_pairs(workspace: Workspace) -> pl.DataFrame:
    """Pairs that evidence left undecided: left, right, probability, reason; the most likely first."""
    pairs = workspace.store.pairs().filter(pl.col("decision") == "unsure")
    key = [
        pl.concat_str(f"{side}_connection", f"{side}_stream", f"{side}_id", separator="/").alias(side)
        for side in ("left", "right")
    ]
    return pairs.select(*key, "probability", "reason").sort(
        "probability", "left", "right", descending=[True, False, False]
    )


def decide(workspace: Workspace, left: RecordKey, right: RecordKey, answer: VerdictAnswer, note: str = "") -> Verdict:
    """Keep a person's answer. InputError when one of the records is not in the store."""
    one, other = sorted((left, right))
    for key in (one, other):
        _record(workspace.store, key)
    verdict = Verdict(one, other, answer, getpass.getuser(), workspace.clock(), note)
    workspace.store.add_verdict(verdict)
    return verdict


def explain_pair(workspace: Workspace, left: RecordKey, right: RecordKey) -> Explained:
    """Compare two stored records as `match` does; InputError when one is not in the store."""
    one, other = sorted((left, right))
    store = workspace.store
    frames: dict[str, pl.DataFrame] = {}
    for key in (one, other):
        record = _record(store, key)
        frames[key.stream] = pl.concat([frames[key.stream], record]) if key.stream in frames else record
    pairs = match(frames, store.verdicts(), default_country=workspace.settings.plan.default_country).pairs
    if pairs.is_empty():
        return Explained(str(one), str(other), "different", None, "no rule of matching brings them together", ())
    row = pairs.row(0, named=True)
    evidence = tuple(Evidence(*told) for told in json.loads(row["evidence"]))
    return Explained(str(one), str(other), row["decision"], row["probability"], row["reason"], evidence)


def _record(store: Store, key: RecordKey) -> pl.DataFrame:
    if key.stream not in STREAMS:
        raise InputError(f"There is no stream {key.stream!r}; streams are {', '.join(STREAMS)}.")
    found = store.frame(key.stream, connections=[key.connection]).filter(pl.col("id") == key.id)
    if found.is_empty():
        raise InputError(f"The store has no record {key}; the report shows how records are written.")
    return found
