"""From the store to a report's content: counts, groups and examples, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from hygiene.completeness import Completeness, completeness
from reports.content import Bar, Card, Chapter, Duplicates, Gravity, Report, Source, StreamCompleteness, Tone
from reports.deals import stage_lines
from reports.duplicates import duplicates_of
from reports.findings import chapters_of, finding_groups, gravity_of, on_records, still_true
from reports.joins import joins_of
from reports.planned import pending_changes, pending_groups
from reports.records import KEY, keys_of, live_frames
from reports.wording import counted, percent
from store import Store


def gather(
    store: Store,
    as_of: date,
    required: Mapping[str, Sequence[str]],
    *,
    title: str = "CRM audit",
    story: Sequence[str] = (),
    notes: Sequence[str] = (),
    source_notes: Mapping[tuple[str, str], str] | None = None,
) -> Report:
    """Everything the page shows, from what the stages of the loop have saved. `story` and `notes` are passed through;
    `source_notes` are by connection and stream."""
    raw, readable = store.findings(), store.readable()
    frames = live_frames(store, required, raw)
    memberships = store.memberships().join(keys_of(frames), on=KEY, how="semi")
    findings = still_true(raw, frames)
    about = on_records(findings, frames)
    records, gravity, chapters = keys_of(frames).height, gravity_of(about, frames), chapters_of(about, frames)
    complete = completeness(frames, required, readable)
    health = (
        store.scores()
        .filter(pl.col("name") == "deal-health")
        .join(frames["deals"], on=["connection", "id"], how="semi")
    )
    pending = pending_changes(store)
    duplicates, changes = duplicates_of(memberships, store.pairs(), frames), pending_groups(pending)
    return Report(
        title=title,
        as_of=as_of,
        headline=_headline(records, gravity, chapters),
        records=records,
        gravity=gravity,
        sources=_sources(store, readable, source_notes or {}),
        cards=(
            _share_card("Clean records", records - gravity.records, records, "records without a finding", 0.8, 0.5),
            _duplicate_card(duplicates),
            *_complete_card(complete),
            *_health_card(health),
            *_change_card(sum(group.changes for group in changes)),
        ),
        chapters=chapters,
        findings=finding_groups(findings, about, frames),
        duplicates=duplicates,
        stages=stage_lines(frames["deals"], frames["stages"], health),
        completeness=_streams(complete),
        changes=changes,
        joins=joins_of(store, pending),
        story=tuple(story),
        notes=tuple(notes),
    )


def _headline(records: int, gravity: Gravity, chapters: Sequence[Chapter]) -> str:
    if not records:
        return "There are no records to judge yet."
    if not gravity.records:
        return f"Nothing to fix was found in {counted(records, 'record')}."
    share = percent(gravity.records / records)
    verb = "has" if gravity.records == 1 else "have"
    worst = f" Start with: {chapters[0].title.lower()}." if chapters else ""
    return f"{gravity.records:,} of {counted(records, 'record')} ({share}) {verb} something to fix.{worst}"


def _sources(store: Store, readable: pl.DataFrame, notes: Mapping[tuple[str, str], str]) -> tuple[Source, ...]:
    hidden = readable.filter(~pl.col("shown")).group_by("connection", "stream").agg(pl.col("field").sort())
    unread = {(row[0], row[1]): f"not available: {', '.join(row[2])}" for row in hidden.iter_rows()}
    return tuple(
        Source(*key, live, notes.get(key, unread.get(key, "")))
        for *key_parts, live in store.counts().select("connection", "stream", "live").iter_rows()
        for key in [(key_parts[0], key_parts[1])]
    )


def _share_card(title: str, part: int, whole: int, words: str, good: float, fair: float) -> Card:
    if not whole:
        return Card(title, "–", "nothing was read", "warn")
    share = part / whole
    return Card(title, percent(share), f"{part:,} of {whole:,} {words}", _tone(share, good, fair), share)


def _tone(share: float, good: float, fair: float) -> Tone:
    return "good" if share >= good else "warn" if share >= fair else "bad"


def _duplicate_card(duplicates: Duplicates) -> Card:
    if not duplicates.groups:
        return Card("Duplicates", "0", "no surplus records", "good")
    words = f"surplus {'record' if duplicates.surplus == 1 else 'records'} in {counted(duplicates.groups, 'group')}"
    return Card("Duplicates", f"{duplicates.surplus:,}", words, "bad")


def _complete_card(complete: Completeness) -> list[Card]:
    share = complete.scores["share"].mean()
    if not isinstance(share, float):
        return []
    return [Card("Completeness", percent(share), "of required fields are filled", _tone(share, 0.9, 0.7), share)]


def _health_card(health: pl.DataFrame) -> list[Card]:
    if not health.height:
        return []
    healthy = health.filter(pl.col("share") >= 1).height
    return [_share_card("Healthy deals", healthy, health.height, "open deals without a warning", 0.9, 0.6)]


def _change_card(changes: int) -> list[Card]:
    return [Card("Planned changes", f"{changes:,}", "corrections wait for a push", "warn")] if changes else []


def _streams(complete: Completeness) -> tuple[StreamCompleteness, ...]:
    """Streams by connection and name; a stream without records is left out."""
    parts = complete.fields.partition_by("connection", "stream", as_dict=True)
    return tuple(
        StreamCompleteness(connection, stream, records, whole, "–" if share is None else percent(share),
                           _bars(parts[(connection, stream)]), _unknown(parts[(connection, stream)]))
        for connection, stream, records, whole, share in complete.streams.iter_rows()
        if records
    )  # fmt: skip


def _bars(fields: pl.DataFrame) -> tuple[Bar, ...]:
    known = fields.filter("is_known").with_columns((1 - pl.col("blank") / pl.col("records")).alias("share"))
    rows = known.sort("share", "field").select("field", "share").iter_rows()
    return tuple(Bar(field, share, percent(share)) for field, share in rows)


def _unknown(fields: pl.DataFrame) -> tuple[str, ...]:
    return tuple(fields.filter(~pl.col("is_known"))["field"].sort())
