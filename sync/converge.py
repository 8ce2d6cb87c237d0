"""Corrections until nothing is left to correct, as of the store, and as of the values that field sync brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from hygiene.corrections import WANTED, applied, merged, wanted
from hygiene.hierarchy import houses
from hygiene.match import match
from hygiene.native import NOBODY
from hygiene.normalise import normalise_all
from hygiene.resolve import resolve
from model.changes import SetField
from sync.chosen import KEY
from sync.enrich import learned
from sync.joins import Corrected
from sync.match import STREAMS
from sync.models import kinds_of, stored_models
from sync.native import kept_by_native
from sync.records import stored_frames
from sync.resolve import stored_links
from sync.styles import Styles
from sync.workspace import Workspace

# Corrections build on each other two or three deep; more rounds than this would be a rule that undoes another.
_ROUNDS = 8
Frames = Mapping[str, pl.DataFrame]


class Wishes:
    """What the rules want of a store's records, of the connections that may be written; of a `part` of the records
    (connection, stream, id) where the workspace shows no others, or only beside these; `styles` are the
    `column_styles`."""

    def __init__(
        self, workspace: Workspace, writable: Sequence[str], styles: Styles, part: pl.DataFrame | None = None
    ) -> None:
        self._workspace, self._styles, self._part = workspace, styles, part
        self._readable, self._lookups = workspace.store.readable(), learned(workspace)
        is_kept = not workspace.settings.sync.beside_native
        self._kept = kept_by_native(workspace) if is_kept else NOBODY
        set_by_link = pl.concat_str("connection", "stream", "field", separator="/").is_in(_derived(workspace))
        is_ours = (pl.col("rule") == "link-account") | ~set_by_link
        self._may_be_written = pl.col("connection").is_in(list(writable)) & is_ours

    def converged(self) -> tuple[Corrected, int]:
        """Corrections after which nothing is left to correct, and the number of those that are another writer's.

        One correction can make room for the next: a country that is filled tells how to read a phone number, a contact
        that is linked tells whose domain it is. So what is wanted is worked out again as if it were done already, until
        nothing more is. Of a part, what matches or links otherwise by then shows only once they are made.
        """
        store, settings = self._workspace.store, self._workspace.settings
        country, verdicts = settings.plan.default_country, store.verdicts()
        stored = stored_frames(store, STREAMS)
        frames: Frames = stored
        memberships, pairs, links = store.memberships(), store.pairs(), stored_links(self._workspace)
        models, kinds = stored_models(store), kinds_of(self._workspace)
        belonging = houses(stored["accounts"], memberships)
        total = left_out = WANTED.to_frame()
        for _ in range(_ROUNDS):
            proposed, left_out = self._proposed(frames, links, belonging)
            if proposed.is_empty():
                break
            total, frames = merged(total, proposed), applied(frames, proposed)
            if self._part is not None:
                continue
            ready = normalise_all(frames, country)
            matches = match(ready, verdicts, memberships, settings.caps.max_cluster, models=models, kinds=kinds)
            memberships, pairs = matches.memberships, matches.pairs
            links = resolve(ready, memberships, country, settings.resolve)
            belonging = houses(ready["accounts"], memberships)
        return Corrected(total, stored, dict(frames), memberships, pairs, self._kept), len(left_out)

    def after_sync(self, corrected: Corrected, synced: Sequence[SetField]) -> tuple[Corrected, list[SetField]]:
        """The same with what is to be corrected once these values have come from the other CRM: values that cannot
        stand there as they came are changed at once, others make room for further corrections."""
        known = {stream: frame.columns for stream, frame in corrected.frames.items()}
        # No rule corrects fields of an org's own, which are not among the columns.
        texts = [one for one in synced if isinstance(one.after, str) and one.field in known[one.key.stream]]
        frames: Frames = applied(corrected.frames, _as_frame(texts)) if texts else corrected.frames
        more = WANTED.to_frame()
        for _ in range(_ROUNDS if texts else 0):
            proposed, _others = self._proposed(frames, None, None)
            if proposed.is_empty():
                break
            more, frames = merged(more, proposed), applied(frames, proposed)
        after = {(row["connection"], row["stream"], row["id"], row["field"]): row["after"] for row in more.to_dicts()}
        slots = [(one.key.connection, one.key.stream, one.key.id, one.field) for one in synced]
        changes = [replace(one, after=after.get(slot, one.after)) for slot, one in zip(slots, synced, strict=True)]
        taken = pl.DataFrame(slots, schema=WANTED.names()[:4], orient="row").cast(pl.String)
        rest = more.join(taken, on=taken.columns, how="anti")
        real = [one for one in changes if one.after != one.before]
        return replace(corrected, wanted=merged(corrected.wanted, rest)), real

    def _proposed(
        self, frames: Frames, links: pl.DataFrame | None, belonging: pl.DataFrame | None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Corrections that are ours to make, and those that are another writer's."""
        settings = self._workspace.settings.plan
        every = wanted(
            frames,
            self._readable,
            rules=settings.rules,
            never=settings.never,
            default_country=settings.default_country,
            links=links,
            belonging=belonging,
            lookups=self._lookups,
            styles=self._styles,
        )
        ours = every.filter(self._may_be_written)
        mine = ours if self._part is None else ours.join(self._part, on=KEY, how="semi", maintain_order="left")
        return self._kept.apart(mine)


def _as_frame(changes: Sequence[SetField]) -> pl.DataFrame:
    """Changes in the shape of corrections."""
    rows = [
        (one.key.connection, one.key.stream, one.key.id, one.field, None, one.after, one.rule, one.reason, one.seen_at)
        for one in changes
    ]
    return pl.DataFrame(rows, schema=WANTED, orient="row")


def _derived(workspace: Workspace) -> list[str]:
    """connection/stream/field of what no change of a field sets."""
    return [
        f"{name}/{stream}/{field}"
        for name, sink in sorted(workspace.sinks().items())
        for stream in STREAMS
        for field in sorted(sink.derived(stream))
    ]
