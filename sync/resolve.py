"""Resolve: an account for every person who has none, or the reason why none was chosen.

The first resolution looks at everybody and keeps what it read; later ones look only at those whom it may concern what
came, changed or went since. `full` looks at everybody again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from hygiene.resolve import LINKS, PERSON, SETTLED, link_findings
from hygiene.resolve_again import Kept, Resolution, resolve_again, resolve_all
from hygiene.resolve_pool import Own
from store import LinkUpdate, Store
from sync.chosen import KEY
from sync.digest import digest
from sync.match import STREAMS
from sync.records import linked_contacts, stored_frames
from sync.workspace import Workspace

# Raised with every change of what resolving makes of the same records.
EDITION = 1
_READ = (*STREAMS, "deals")
# With a larger share of records changed since everybody was looked at, looking at all of them is as quick; how common
# words are in company names is told anew then.
MOST_CHANGED = 0.1
FEW = 1_000


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """People without account, and for how many of them one was found."""

    people: int
    linked: int

    @property
    def sentence(self) -> str:
        left = self.people - self.linked
        return f"{self.linked:,} of {self.people:,} people without account got one, {left:,} left open"


def resolve_people(workspace: Workspace, *, full: bool = False) -> ResolveReport:
    """Resolve those without account whom any change concerns, or with `full` all, and save links and findings."""
    store = workspace.store
    run_id = store.begin_run("resolve", workspace.clock())
    settings = resolve_settings(workspace)
    update = None if full else _changes_resolved(workspace, settings)
    store.save_links(run_id, update or _all_resolved(workspace, settings))
    report = ResolveReport(*store.linked())
    store.end_run(run_id, "done", workspace.clock(), {"people": report.people, "linked": report.linked})
    return report


def resolve_settings(workspace: Workspace) -> str:
    """What beside records decides a resolution, as a short text."""
    settings = workspace.settings
    unreadable = workspace.store.readable().filter(pl.col("stream").is_in(_READ), ~pl.col("readable"))
    told = [EDITION, settings.resolve.model_dump(mode="json"), settings.plan.default_country,
            unreadable.select("connection", "stream", "field").rows()]  # fmt: skip
    return digest(told)


def _all_resolved(workspace: Workspace, settings: str) -> LinkUpdate:
    store = workspace.store
    frames, own = stored_frames(store, _READ), workspace.settings
    found = resolve_all(frames, store.memberships(), own.plan.default_country, own.resolve)
    return _update(found, _parts(found.kept), 0, settings)


def _changes_resolved(workspace: Workspace, settings: str) -> LinkUpdate | None:
    """None where everybody has to be looked at: nobody was yet, settings are others, or very much has changed."""
    store, own = workspace.store, workspace.settings
    if store.settled("resolve") != settings:
        return None
    seen = store.waiting("resolve")
    keys = _changed(store, seen)
    if keys.is_empty():
        return LinkUpdate(LINKS.to_frame().rename(PERSON), only=keys, segment=2, settings=settings, seen=seen)
    kept, since, asked = kept_of(store.resolved_parts())
    since = pl.concat([since, keys]).unique()
    records = kept.own.people.height + kept.own.accounts.height
    if since.height > max(MOST_CHANGED * records, FEW):
        return None
    frames = _frames(store, keys)
    found = resolve_again(kept, frames, store.memberships_of(keys), keys, own.plan.default_country, own.resolve)
    asked = pl.concat([asked, found.asked]).unique()
    parts = {**_parts(found.kept.of(since, asked)), "keys": since.sort(KEY), "asked": asked.sort("name")}
    return _update(found, parts, 1, settings, seen)


def _update(
    found: Resolution, parts: Mapping[str, pl.DataFrame], segment: int, settings: str, seen: pl.DataFrame | None = None
) -> LinkUpdate:
    links = found.links.rename(PERSON)
    return LinkUpdate(links, link_findings(found.links), found.only, parts, segment, settings, seen)


def _parts(kept: Kept) -> dict[str, pl.DataFrame]:
    own = kept.own
    return {"people": own.people, "accounts": own.accounts, "deals": own.deals, "asked": kept.asked, "fits": kept.fits,
            "settled": kept.settled}  # fmt: skip


def kept_of(segments: list[dict[str, pl.DataFrame]]) -> tuple[Kept, pl.DataFrame, pl.DataFrame]:
    """What is kept, and of which records and company names since everybody was looked at."""
    base = _read(segments[0])
    if len(segments) == 1:
        return base, pl.DataFrame(schema=dict.fromkeys(KEY, pl.String)), base.asked.clear()
    keys, since = segments[1]["keys"], _read(segments[1])
    whole = base.with_records(keys, since.own).with_names(since.asked, since.fits)
    return replace(whole, settled=since.settled), keys, since.asked


def _read(parts: Mapping[str, pl.DataFrame]) -> Kept:
    own = Own(parts["people"], parts["accounts"], parts["deals"])
    return Kept(own, parts["asked"], parts["fits"], parts["settled"].cast(SETTLED))


def _changed(store: Store, seen: pl.DataFrame) -> pl.DataFrame:
    """The records of what waits: accounts, people and deals, and the contacts whose links do."""
    links = store.frame("associations", only=seen.filter(pl.col("stream") == "associations"), deleted=True)
    moved = links.filter(pl.col("from_stream") == "contacts")
    ends = moved.select("connection", pl.col("from_stream").alias("stream"), pl.col("from_id").alias("id"))
    return pl.concat([seen.filter(pl.col("stream").is_in(_READ)).select(KEY), ends]).unique().sort(KEY)


def _frames(store: Store, keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Live records of these keys, contacts with the account of their primary link."""
    frames = {stream: store.frame(stream, only=keys.filter(pl.col("stream") == stream)) for stream in _READ}
    contacts = keys.filter(pl.col("stream") == "contacts")
    return {**frames, "contacts": linked_contacts(frames["contacts"], store.links_of(contacts))}


def stored_links(workspace: Workspace) -> pl.DataFrame:
    """The saved links under the names `hygiene` gives their columns."""
    return workspace.store.links().rename({name: person for person, name in PERSON.items()})
