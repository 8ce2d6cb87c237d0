"""Survivorship of what two CRMs keep alike: the value stays that somebody surely set last, else the one both CRMs hold.

Otherwise a merge in one CRM would put an old value of a duplicate in the place of an edit that came from the other one,
and field sync would carry it over there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.survive import TOGETHER, usual_rules
from model.conflicts import Edit
from model.evidence import RecordKey
from model.settings import FieldRule
from model.streams import STREAMS, Value
from store import Recorded
from sync.chosen import KEY
from sync.edits import MARGIN_US, Slot, corrected_by_us, read_edits
from sync.partners import kept_in_step
from sync.workspace import Workspace

HISTORY = {"key": pl.String, "field": pl.String, "at": pl.Int64}
# By these a field's value is as good as another's; all others say which of two values is right.
_GUESSES = frozenset({"survivor", "most-recent", "most-frequent"})
_PAIR = 2  # a value and what it means nothing without
_RULES: tuple[FieldRule, ...] = ("most-recent", "survivor")


@dataclass(frozen=True, slots=True)
class InStep:
    """The `groups` whose survivor is kept alike with a record of the other CRM; by field the `rules` that their values
    survive by, and the `history` (key, field, at) that these go by: values that are not surely the newest have none."""

    groups: pl.Series
    rules: Mapping[str, tuple[FieldRule, ...]]
    history: pl.DataFrame


def in_step(
    workspace: Workspace, stream: str, members: pl.DataFrame, stored: pl.DataFrame, recorded: Sequence[Recorded]
) -> InStep:
    """`members` are groups of one stream as `hygiene.merging.Groups` has them, `stored` the stream's records."""
    fields = _fields(workspace, stream)
    survivors = members.filter(pl.col("rank") == 0)
    linked = kept_in_step(workspace.store, survivors) if fields else survivors.clear()
    groups = survivors.join(linked, on=KEY, how="semi")["group"]
    mine = members.filter(pl.col("group").is_in(groups.implode()))
    if mine.is_empty():
        return InStep(groups, {}, pl.DataFrame(schema=HISTORY))
    held = mine.join(stored.select("connection", "id", *fields), on=["connection", "id"], how="inner")
    rows = list(held.with_columns(pl.selectors.temporal().to_physical()).iter_rows(named=True))
    newest = _set_last(workspace, rows, [name for name, counts in fields.items() if counts], recorded)
    history = [
        (row["key"], name, newest.get((RecordKey.parse(row["key"]), name), 0)) for row in rows for name in fields
    ]
    told = pl.DataFrame(history, schema=HISTORY, orient="row")
    return InStep(groups, dict.fromkeys(fields, _RULES), told)


def _fields(workspace: Workspace, stream: str) -> dict[str, bool]:
    """The fields that neither CRM decides about, unless the settings say which value survives; with whether the newer
    one counts. An address survives whole, and other parts of records by the first of them."""
    settings = workspace.settings
    if settings.sync.between is None:
        return {}
    told = settings.sync.stream("accounts" if stream == "accounts" else "contacts").fields
    chosen = settings.survive.fields.get(stream, {})
    parts = {name for block in TOGETHER for name in (block if len(block) > _PAIR else block[1:])}
    return {
        field.name: told[field.name].newest
        for field in STREAMS[stream].fields
        if field.name in told.keys() - chosen.keys() - parts
        and told[field.name].authority == "two-way"
        and usual_rules(field)[0] in _GUESSES
    }


def _set_last(
    workspace: Workspace, rows: Sequence[Mapping[str, Value]], fields: Sequence[str], recorded: Sequence[Recorded]
) -> dict[Slot, int]:
    """When the values were set that surely are the newest of their group, by record and field."""
    groups: dict[tuple[str, str], dict[RecordKey, Value]] = {}
    for row in rows:
        for name in fields:
            if row[name] not in (None, ""):
                groups.setdefault((str(row["group"]), name), {})[RecordKey.parse(str(row["key"]))] = row[name]
    rivals = {place: held for place, held in groups.items() if len(set(held.values())) > 1}
    edits = read_edits(workspace, [(key, name) for (_, name), held in rivals.items() for key in held])
    ours = corrected_by_us(recorded)
    found: dict[Slot, int] = {}
    for (_, name), held in rivals.items():
        told = {key: edits.get((key, name)) for key in held}
        for key, value in held.items():
            others = [told[other] for other in held if held[other] != value]
            if ours.get((key, name)) != value and (at := _newest(told[key], others)) is not None:
                found[key, name] = at
    return found


def _newest(mine: Edit | None, others: Sequence[Edit | None]) -> int | None:
    """When it was set, if that is exact and surely after all others were."""
    if mine is None or not mine.is_exact or None in others:
        return None
    return mine.at if all(one is not None and mine.at - one.at > MARGIN_US for one in others) else None
