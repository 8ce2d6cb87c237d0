"""Who is where, now and once corrections are written: of all records, or of those a plan looks at."""

from __future__ import annotations

import polars as pl

from hygiene.missing import IS_OPEN, Standing
from store import Store
from sync.again import Known
from sync.chosen import KEY, keys_of, texts_of
from sync.figures import OF_KIND
from sync.joins import Corrected
from sync.models import kinds_of, stored_models
from sync.workspace import Workspace

_PAIR = [f"{side}_{part}" for side in ("left", "right") for part in KEY] + ["decision", "rule"]
_STREAMS = [stream for streams in OF_KIND.values() for stream in streams]
_MEMBER = [*KEY, "entity"]


def standing_of(workspace: Workspace, corrected: Corrected, part: pl.DataFrame | None) -> Standing:
    """Of a `part` (connection, stream, id) with all who may be the same as one of it; as many entities as that are
    whole."""
    store = workspace.store
    key = pl.concat_str(KEY, separator="/").alias("key")
    findings = store.findings().filter(pl.col("rule") == "test-record")
    # What a lead became may come with a later pull.
    converted = corrected.stored["leads"].filter("is_converted").with_columns(pl.lit("leads").alias("stream"))
    held, soon, partners = store.memberships(), corrected.memberships, store.partners()
    pairs = pl.concat([store.pairs().select(_PAIR), corrected.pairs.select(_PAIR)])
    if part is not None:
        others = _who_may_be_one(workspace.everything, pairs, held)
        soon, more = _matched_soon(workspace, corrected, held)
        pairs = pl.concat([pairs, more])
        held, soon = (pl.concat([one.select(_MEMBER), others.select(_MEMBER)]).unique() for one in (held, soon))
        partners = workspace.everything.partners_of(held["entity"].unique().to_list())
    gone = pl.concat([store.tombstones(_STREAMS).select(key), converted.select(key)])
    return Standing(held, soon, store.memberships(ended=True), gone, findings.select(key), pairs, partners)


def _who_may_be_one(store: Store, pairs: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """The memberships in entities of which a record may be one with a record of `held`, but is not there itself."""
    open_ones = pairs.filter(IS_OPEN)
    ends = pl.concat([texts_of(open_ones, "left_"), texts_of(open_ones, "right_")]).unique()
    others = keys_of(ends.filter(~ends.is_in(texts_of(held).implode())))
    entities = store.memberships_of(others)["entity"].unique().to_list()
    return store.members(entities).join(held, on=KEY, how="anti")


def _matched_soon(workspace: Workspace, corrected: Corrected, held: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The memberships, and pairs, once those who have no record elsewhere are corrected: who is made must be nobody
    who is there under a name that is still to be corrected."""
    alone = held.filter(pl.col("connection").n_unique().over("entity") == 1)
    changed = corrected.wanted.select(KEY).unique().join(alone, on=KEY, how="semi")
    matched, models = workspace.everything.matched(), stored_models(workspace.everything)
    soon, pairs = held.select(_MEMBER), [corrected.pairs.select(_PAIR).clear()]
    for kind in kinds_of(workspace) if len(changed) else ():
        known = Known(workspace, kind, models.get(kind.name), matched[kind.name], corrected.frames)
        mine = texts_of(changed.filter(pl.col("stream").is_in(list(OF_KIND[kind.name]))))
        if len(mine):
            again = known.again(mine)
            rest = soon.join(keys_of(again.only), on=KEY, how="anti")
            soon = pl.concat([rest, again.matches.memberships.select(_MEMBER)])
            pairs.append(again.matches.pairs.select(_PAIR))
    return soon, pl.concat(pairs)
