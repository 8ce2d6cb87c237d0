"""From the store to a report's content: counts, groups and examples, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from hygiene.completeness import Completeness, completeness
from hygiene.kinds.money import major
from hygiene.rules import RULES
from model.changes import SetField, slot_of
from model.streams import STREAMS
from reports.content import Bar, Card, ChangeGroup, Example, FindingGroup, Report, Source, StageLine
from reports.duplicates import duplicate_groups
from store import Store

EXAMPLES = 8
_SEVERITIES = ("high", "medium", "low", "info")
_ADVICE = {
    "duplicates": "Compare a group and merge it in the CRM; `trueline explain A B` shows the evidence.",
    "fields": "`trueline plan` proposes what is certain; the rest needs somebody who knows the record.",
    "completeness": "Fill what is required, or take the field off the list in trueline.toml.",
    "deals": "Ask the deal's owner for the next step, or close it.",
    "links": "`trueline plan` links what is certain; the reason says what was missing.",
    "consent": "Set the opt-out on every record of the person before the next mailing.",
}
NAMES: dict[str, pl.Expr] = {
    "accounts": pl.col("name"),
    "contacts": pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True),
    "leads": pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True),
    "deals": pl.col("name"),
    "users": pl.col("name"),
    "stages": pl.col("name"),
}


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
    frames = {stream: store.frame(stream) for stream in STREAMS if stream != "associations"}
    complete = completeness(frames, required, store.readable())
    findings = store.findings()
    groups, all_groups, surplus = duplicate_groups(store, frames)
    changes = change_groups(store)
    return Report(
        title=title,
        as_of=as_of,
        sources=_sources(store, source_notes or {}),
        cards=_cards(frames, findings, complete, store.scores(), all_groups, surplus, changes),
        completeness=_bars(complete),
        findings=finding_groups(findings, frames),
        duplicates=groups,
        duplicate_groups=all_groups,
        stages=stage_lines(frames["deals"], frames["stages"], store.scores()),
        changes=changes,
        story=tuple(story),
        notes=tuple(notes),
    )


def _sources(store: Store, notes: Mapping[tuple[str, str], str]) -> tuple[Source, ...]:
    unread = store.readable().filter(~pl.col("shown"))
    hidden = {
        (row[0], row[1]): row[2]
        for row in unread.group_by("connection", "stream").agg(pl.col("field").sort()).iter_rows()
    }
    return tuple(
        Source(
            connection, stream, live, notes.get((connection, stream), _unread_note(hidden.get((connection, stream))))
        )
        for connection, stream, live in store.counts().select("connection", "stream", "live").iter_rows()
    )


def _unread_note(fields: list[str] | None) -> str:
    return f"not readable: {', '.join(fields)}" if fields else ""


def _cards(
    frames: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame,
    complete: Completeness,
    scores: pl.DataFrame,
    groups: int,
    surplus: int,
    changes: Sequence[ChangeGroup],
) -> tuple[Card, ...]:
    records = sum(frames[stream].height for stream in ("accounts", "contacts", "leads", "deals"))
    flawed = findings.filter(pl.col("severity").is_in(["high", "medium", "low"]) & (pl.col("id") != ""))
    with_issue = flawed.select(pl.struct("connection", "stream", "id").n_unique()).item() if flawed.height else 0
    health = scores.filter(pl.col("name") == "deal-health")
    warned = health.filter(pl.col("share") < 1).height
    share = complete.scores["share"].mean()
    cards = [
        _share_card("Clean records", records - with_issue, records, "records with no issue at all", good=0.8, fair=0.5),
        Card("Duplicates", f"{surplus:,}", f"surplus records in {groups:,} groups", "good" if not surplus else "bad"),
    ]
    if isinstance(share, float):
        tone = "good" if share >= 0.9 else "warn" if share >= 0.7 else "bad"
        cards.append(Card("Completeness", f"{share:.0%}", "of required fields filled, mean over records", tone))
    if health.height:
        cards.append(
            _share_card("Healthy deals", health.height - warned, health.height, "open deals without a warning")
        )
    if changes:
        total = sum(group.changes for group in changes)
        cards.append(Card("Planned changes", f"{total:,}", "corrections waiting for a push", "warn"))
    return tuple(cards)


def _share_card(title: str, part: int, whole: int, words: str, good: float = 0.9, fair: float = 0.6) -> Card:
    if not whole:
        return Card(title, "-", f"no {words.split(' ')[0]} were read", "warn")
    share = part / whole
    tone = "good" if share >= good else "warn" if share >= fair else "bad"
    return Card(title, f"{share:.0%}", f"{part:,} of {whole:,} {words}", tone)


def _bars(complete: Completeness) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
    parts = complete.fields.partition_by("connection", "stream", as_dict=True, maintain_order=True)
    streams = []
    for (connection, stream), fields in parts.items():
        bars = [
            Bar(row["field"], 1 - row["blank"] / row["records"], f"{1 - row['blank'] / row['records']:.0%}")
            for row in fields.iter_rows(named=True)
            if row["is_known"] and row["records"]
        ]
        if bars:
            streams.append((f"{stream} of {connection}", tuple(bars)))
    return tuple(streams)


def finding_groups(findings: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> tuple[FindingGroup, ...]:
    """Findings by rule, the gravest and most frequent first, each with a few examples."""
    record = pl.struct("connection", "stream", "id")
    groups = []
    for (rule,), part in findings.partition_by("rule", as_dict=True, maintain_order=True).items():
        known = RULES[str(rule)]
        records = part.select(record.n_unique()).item()
        advice = _ADVICE.get(known.group, "")
        groups.append(
            FindingGroup(known.slug, known.description, known.severity, records, advice, _examples(part, frames))
        )
    return tuple(sorted(groups, key=lambda group: (_SEVERITIES.index(group.severity), -group.records, group.rule)))


def _examples(findings: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> tuple[Example, ...]:
    chosen = findings.head(EXAMPLES)
    examples = []
    for row in chosen.iter_rows(named=True):
        key = (
            f"{row['connection']}/{row['stream']}/{row['id']}" if row["id"] else f"{row['connection']}/{row['stream']}"
        )
        sentence = row["message"] if row["value"] is None or row["value"] in row["message"] else _with_value(row)
        examples.append(Example(key, _name(frames, row["stream"], row["connection"], row["id"]), sentence))
    return tuple(examples)


def _with_value(row: Mapping[str, str]) -> str:
    return f"{row['message']}: {row['value'][:80]}"


def _name(frames: Mapping[str, pl.DataFrame], stream: str, connection: str, record_id: str) -> str:
    if not record_id or stream not in NAMES:
        return ""
    found = (
        frames[stream].filter((pl.col("connection") == connection) & (pl.col("id") == record_id)).select(NAMES[stream])
    )
    return str(found.item() or "") if found.height else ""


def stage_lines(deals: pl.DataFrame, stages: pl.DataFrame, scores: pl.DataFrame) -> tuple[StageLine, ...]:
    """Open deals by stage, in the pipeline's order where it is known."""
    health = scores.filter(pl.col("name") == "deal-health").select("connection", "id", "share")
    if not health.height:
        return ()
    order = stages.select("connection", pl.col("key").alias("stage"), pl.col("name").alias("label"), "position").unique(
        ["connection", "stage"], keep="first", maintain_order=True
    )
    known = deals.join(health, on=["connection", "id"], how="inner").join(order, on=["connection", "stage"], how="left")
    shown = pl.coalesce("label", "stage", pl.lit("(no stage)"))
    grouped = known.group_by("connection", shown.alias("name")).agg(
        pl.col("position").min(),
        pl.len().alias("deals"),
        (pl.col("share") < 1).sum().alias("stale"),
        pl.col("amount").sum().alias("amount"),
        pl.col("currency").drop_nulls().unique().sort().alias("currencies"),
    )
    rows = grouped.sort("connection", "position", "name", nulls_last=True).iter_rows(named=True)
    return tuple(
        StageLine(f"{row['connection']}: {row['name']}", row["deals"], row["stale"], _amount(row)) for row in rows
    )


def _amount(row: Mapping[str, object]) -> str:
    currencies, amount = row["currencies"], row["amount"]
    if not isinstance(currencies, list) or len(currencies) != 1 or not isinstance(amount, int):
        return "several currencies" if currencies else "-"
    return f"{currencies[0]} {major(amount, str(currencies[0])):,}"


def change_groups(store: Store) -> tuple[ChangeGroup, ...]:
    """The newest plan's changes that have no outcome yet, by rule."""
    plan_id = store.latest_plan()
    if plan_id is None:
        return ()
    done = {item.planned.id for item in store.outcomes(plan_id=plan_id)}
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    counts: dict[str, int] = {}
    for planned in store.plan_changes(plan_id):
        change, slot = planned.change, slot_of(planned.change)
        if planned.id in done:
            continue
        counts[change.rule] = counts.get(change.rule, 0) + 1
        listed = groups.setdefault(change.rule, [])
        if slot and len(listed) < EXAMPLES:
            name = slot.name if isinstance(change, SetField) else "account"
            listed.append((f"{change.key} {name}", _text(slot.before), _text(slot.after), change.reason))
    return tuple(ChangeGroup(RULES[rule].description if rule in RULES else rule, counts[rule], tuple(groups[rule]))
                 for rule in sorted(counts, key=lambda rule: (-counts[rule], rule)))  # fmt: skip


def _text(value: object) -> str:
    return "(blank)" if value is None else str(value)
