"""Matching only what changed: the records that came, changed or went, and all that these concern.

A changed record meets the others by its block keys. Everything that is, or might be, of one entity with what it meets
or met before is judged again as if nothing else were there: under one model that gives what judging all would give.
"""

from __future__ import annotations

import polars as pl

from hygiene.match import KINDS, joined
from store import KindMatch, Matched, MatchUpdate, Store
from sync.again import Known
from sync.chosen import KEY, NO_KEYS, keys_of, texts_of
from sync.figures import OF_KIND
from sync.models import kinds_of, stored_models
from sync.workspace import Workspace

# Behind every segment of block keys.
AFTER_ALL = 2


def rematch(workspace: Workspace, settings: str) -> MatchUpdate | None:
    """What matching the changed records again says of them and of those they concern; None where everything has to be
    looked at: nothing was matched yet, settings or models are others, or very much has changed."""
    store = workspace.store
    matched, waiting, verdict = store.matched(), store.unmatched(), store.newest_verdict()
    models = stored_models(store)
    if matched.keys() != {kind.name for kind in KINDS}:
        return None
    known = {kind.name: Known(workspace, kind, models.get(kind.name), matched[kind.name])
             for kind in kinds_of(workspace)}  # fmt: skip
    if not all(one.holds(settings) for one in known.values()):
        return None
    changed = _changed(store, waiting, known["person"])
    if any(known[kind].is_too_much(records) for kind, records in changed.items()):
        return None
    parts = {kind: known[kind].again(records) for kind, records in changed.items() if len(records)}
    matches = joined(part.matches for part in parts.values())
    kinds = {}
    for kind, one in known.items():
        again = parts.get(kind)
        summary = one.matched.summary if again is None else again.summary
        keys, number = ({}, AFTER_ALL) if again is None else (again.keys, again.number)
        kinds[kind] = KindMatch(Matched(one.matched.version, settings, verdict, summary), keys, number)
    only = keys_of(pl.concat([NO_KEYS, *(part.only for part in parts.values())]))
    return MatchUpdate(kinds, matches.pairs, matches.memberships, matches.findings, only, waiting)


def _changed(store: Store, waiting: pl.DataFrame, people: Known) -> dict[str, pl.Series]:
    """By kind of entity the keys of the records to match again: those that came, changed or went themselves, whose link
    or account did, and of which somebody has said something since."""
    links = waiting.filter(pl.col("stream") == "associations")
    moved = store.frame("associations", only=links, deleted=True).filter(pl.col("from_stream") == "contacts")
    ends = moved.select("connection", pl.col("from_stream").alias("stream"), pl.col("from_id").alias("id"))
    since = store.verdicts(superseded=True).filter(pl.col("number") > people.matched.verdict)
    sides = [since.select(pl.col(f"{side}_{part}").alias(part) for part in KEY) for side in ("left", "right")]
    every = pl.concat([waiting.select(KEY), ends, *sides]).unique()
    tied = people.tied(every.filter(pl.col("stream") == "accounts"))
    found = {kind: texts_of(every.filter(pl.col("stream").is_in(list(streams)))) for kind, streams in OF_KIND.items()}
    return {**found, "person": pl.concat([found["person"], tied]).unique().sort()}
