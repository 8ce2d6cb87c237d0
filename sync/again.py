"""One kind of entity as it was last matched, and what matching some of its records again makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from hygiene.entities import numbered_id
from hygiene.judge import Kind
from hygiene.linkage import pairs
from hygiene.linkage.hashes import hashes
from hygiene.linkage.index import Index, Segment
from hygiene.linkage.model import Model
from hygiene.linkage.pairs import Part
from hygiene.match import Matches, joined, match_kind
from hygiene.match_findings import pair_findings
from hygiene.normalise import normalise_all
from hygiene.people import account_of
from hygiene.rematch import JOINING, block_keys, partners, twins_elsewhere
from store import Matched
from sync.chosen import NO_KEYS, Chosen, keys_of, texts_of, with_corrected
from sync.figures import OF_KIND, figures
from sync.records import stored_frames
from sync.workspace import Workspace

# With a larger share of records changed since the last full match, looking at all of them is as quick.
MOST_CHANGED = 0.1
# So many records without block keys are all looked at.
FEW = 20_000
# Entity ids are made of a record's key and, where that one is taken, a small number.
_NUMBERS = 10


@dataclass(frozen=True, slots=True)
class Again:
    """What matching again says about the records `only` (keys), and the figures and the segment of block keys after
    it."""

    matches: Matches
    only: pl.Series
    summary: Mapping[str, int]
    keys: Mapping[str, bytes]
    number: int  # of the segment


class Known:
    """What the store knows of one kind. Without block keys its records are few and are all looked at. `corrected`
    frames by stream stand for those of their records that the store has."""

    def __init__(
        self,
        workspace: Workspace,
        kind: Kind,
        model: Model | None,
        matched: Matched,
        corrected: Mapping[str, pl.DataFrame] | None = None,
    ) -> None:
        self.kind, self.model, self.matched = kind, model, matched
        self._store, self._corrected = workspace.everything, corrected or {}
        self._cap, self._country = workspace.settings.caps.max_cluster, workspace.settings.plan.default_country
        self._chosen = Chosen(self._store, kind.name, self._country, self._corrected)

    def holds(self, settings: str) -> bool:
        """Whether records that did not change would be matched as they were."""
        version = "" if self.model is None else self.model.version
        return self.matched.settings == settings and self.matched.version == version

    def is_too_much(self, changed: pl.Series) -> bool:
        """Whether looking at all records is called for."""
        records = self.matched.summary["records"]
        if not self._segments:
            return records + len(changed) > FEW
        since = sum(len(segment.records) for segment in self._segments[1:])
        return records - len(changed) <= pairs.ALL_PAIRS or since + len(changed) > MOST_CHANGED * records

    def tied(self, accounts: pl.DataFrame) -> pl.Series:
        """Keys of the people who take something from these accounts."""
        if accounts.is_empty():
            return NO_KEYS
        if not self._segments:
            return texts_of(self._memberships())
        return self._index.tied(np.unique(hashes(accounts.select(account_of("id")).to_series())))

    def again(self, changed: pl.Series) -> Again:
        """Match these records again, and those they concern."""
        return self._in_part(self.model, changed) if self.model and self._segments else self._in_full()

    @cached_property
    def _segments(self) -> list[Segment]:
        return [Segment.parse(parts) for parts in self._store.block_keys(self.kind.name)]

    @cached_property
    def _index(self) -> Index:
        return Index(self._segments)

    @cached_property
    def _verdicts(self) -> pl.DataFrame:
        sides = (pl.col(f"{side}_stream").is_in(list(OF_KIND[self.kind.name])) for side in ("left", "right"))
        return self._store.verdicts().filter(*sides)

    def _memberships(self) -> pl.DataFrame:
        return self._store.memberships().filter(pl.col("stream").is_in(list(OF_KIND[self.kind.name])))

    def _in_full(self) -> Again:
        streams = {*OF_KIND[self.kind.name], "accounts"}
        frames = with_corrected(stored_frames(self._store, sorted(streams)), self._corrected)
        frames = normalise_all(frames, self._country)
        held = self._memberships()
        matches = match_kind(self.kind, frames, self._verdicts, held, self._cap, self.model, keep=True)
        only = pl.concat([texts_of(held), texts_of(matches.memberships)]).unique().sort()
        segment = matches.segments.get(self.kind.name) if self.model else None
        summary = figures(self.kind.name, matches.memberships, matches.pairs)
        return Again(matches, only, summary, {} if segment is None else segment.parts(), 0)

    def _in_part(self, model: Model, changed: pl.Series) -> Again:
        changed, segment = self._with_twins(model, changed)
        reached = self._reached(changed, self._met(model, changed, segment))
        held, paired = self._store.memberships_of(keys_of(reached)), self._store.pairs_of(keys_of(reached))
        part = Part(known=twins_elsewhere(self._index, reached))
        frames = self._chosen.frames(reached)
        matches = match_kind(self.kind, frames, self._verdicts, held, self._cap, model, part=part)
        if len(takers := self._takers(matches.memberships, held)):
            previous = pl.concat([held, takers])
            matches = match_kind(self.kind, frames, self._verdicts, previous, self._cap, model, part=part)
        # What is to be said of a reached record together with one that is not has not changed.
        sides = [texts_of(paired, side).is_in(reached.implode()) for side in ("left_", "right_")]
        apart, about_reached = paired.filter(sides[0] ^ sides[1]), paired.filter(~sides[0] & sides[1])
        told = joined([matches, Matches(apart, matches.memberships.clear(), pair_findings(about_reached))])
        before = figures(self.kind.name, held, paired)
        after = figures(self.kind.name, told.memberships, told.pairs)
        summary = {name: count + after[name] - before[name] for name, count in self.matched.summary.items()}
        since = segment if len(self._segments) == 1 else self._segments[1].merged(segment)
        return Again(told, reached, summary, since.parts(), 1)

    def _with_twins(self, model: Model, changed: pl.Series) -> tuple[pl.Series, Segment]:
        """The changed records with all those that are the very same as one, or were; and their block keys."""
        segment, twins = self._keyed(model, changed), self._index.twins()
        before = twins.filter(pl.col("record").is_in(changed.implode()))["key"]
        alike = twins.filter(pl.col("key").is_in(np.concatenate([before, segment.keys[segment.twins]])))["record"]
        every = pl.concat([changed, alike]).unique().sort()
        return (changed, segment) if len(every) == len(changed) else (every, self._keyed(model, every))

    def _keyed(self, model: Model, changed: pl.Series) -> Segment:
        """The block keys of these records; those that are gone have none."""
        found = block_keys(self.kind, self.kind.pool(self._chosen.frames(changed)), model)
        gone = changed.filter(~changed.is_in(found.records.implode()))
        none = np.zeros(len(gone), np.uint64)
        return replace(found, records=pl.concat([found.records, gone]), ties=np.concatenate([found.ties, none]))

    def _met(self, model: Model, changed: pl.Series, segment: Segment) -> pl.Series:
        """The records that something is to be said of together with a changed one."""
        near = self._index.holders(np.unique(segment.keys))["record"]
        pool = self.kind.pool(self._chosen.frames(pl.concat([changed, near]).unique().sort()))
        return partners(self.kind, pool, model, changed)

    def _reached(self, changed: pl.Series, met: pl.Series) -> pl.Series:
        """The changed records, those they meet, met or are said to be, and all that hangs together with these."""
        sides = [texts_of(self._verdicts, side) for side in ("left_", "right_")]
        said = [other.filter(one.is_in(changed.implode())) for one, other in (sides, sides[::-1])]
        paired = self._store.pairs_of(keys_of(changed))
        reached, edge = NO_KEYS, pl.concat([changed, met, *said, *_both_sides(paired)]).unique()
        while len(edge):
            reached = pl.concat([reached, edge])
            joining = self._store.pairs_of(keys_of(edge)).filter(JOINING)
            entities = self._store.memberships_of(keys_of(edge))["entity"].unique().to_list()
            found = pl.concat([*_both_sides(joining), texts_of(self._store.members(entities))]).unique()
            edge = found.filter(~found.is_in(reached.implode()))
        return reached.sort()

    def _takers(self, found: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
        """Memberships of other records in entities of which the id was given anew, and in those of the next ids."""
        new = set(found["entity"].unique().to_list()) - set(held["entity"].unique().to_list())
        taken = self._store.members(new)
        again = found.filter(pl.col("entity").is_in(taken["entity"].implode()))
        ids = [numbered_id(self.kind.prefix, key, number) for key in texts_of(again) for number in range(_NUMBERS)]
        every = self._store.members(ids) if ids else taken
        return every.join(held, on=["connection", "stream", "id"], how="anti")


def _both_sides(paired: pl.DataFrame) -> list[pl.Series]:
    return [texts_of(paired, "left_"), texts_of(paired, "right_")]
