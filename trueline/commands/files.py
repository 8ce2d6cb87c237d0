"""What `match`, `explain` and `review` do with files of any kind, without a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from model.errors import InputError
from reports.html import write_private
from reports.private import write_privately
from reports.tables import write_tables
from reports.waterfall import Field, waterfall_html, waterfall_lines
from reports.wording import brief, counted, percent
from sync.files import File, read_files
from sync.files_match import Compared, Matched, compare_files, match_files
from sync.files_resolve import resolve_files
from sync.files_review import ExplainedRows, explain_rows, open_rows
from sync.review import Explained
from trueline.screen import Screen, plain

ENDINGS = (".csv", ".xlsx", ".parquet", ".json")
# What a file to read is called; others are told from records of the store by being there.
READABLE = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet")
# A smaller share of pairs that were never compared is not worth a line.
_TOLD_FROM = 0.001
_IGNORED, _CELLS, _WIDE, _BESIDE = 8, 6, 24, 30


def _writable(out: Path | None) -> Path | None:
    if out is None:
        return None
    if out.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{out.name} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if out.is_dir():
        raise typer.BadParameter(f"{out} is a folder; name a file")
    return out


FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(help="Files to match instead of the store: CSV, XLSX, Parquet.", show_default=False),
]
PeopleArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[PEOPLE]", help="A file whose rows need an account, instead of the store."),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="HEADING=KIND", help="What a column of the files holds; ignore leaves it out."),
]
AgainstOption = Annotated[
    Path | None, typer.Option("--against", help="Match the rows of one file with those of this one.")
]
ThresholdOption = Annotated[
    float, typer.Option("--threshold", min=0.01, max=0.99, help="How likely two rows must be one to be joined.")
]
OneToOneOption = Annotated[
    bool | None,
    typer.Option(
        "--one-to-one/--any-to-any",
        help="With --against: a row in one pair only, the surest, or in any. By default one if no file repeats itself.",
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--out", callback=_writable, help="Where the rows go (.csv, .xlsx, .parquet, .json)."),
]
AccountsOption = Annotated[
    Path | None, typer.Option("--accounts", help="The file of the accounts to find; goes with a file of people.")
]
VerdictsOption = Annotated[
    Path | None, typer.Option("--verdicts", help="A file with the columns left, right and answer: same or different.")
]
KeyOption = Annotated[
    str | None, typer.Option("--id", metavar="HEADING", help="The column by which rows are named, not their numbers.")
]
GroupsOption = Annotated[int, typer.Option("--show", min=0, help="How many groups or pairs of the files to print.")]


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of `match` that are about files."""

    columns: Sequence[str] = ()
    against: Path | None = None
    threshold: float = 0.5
    one_to_one: bool | None = None
    out: Path | None = None
    show: int = 3
    verdicts: Path | None = None
    key: str | None = None


def match_and_show(screen: Screen, paths: Sequence[Path], wishes: Wishes) -> None:
    """Match files and print what came of it; with `out` the rows are written there."""
    if wishes.against is not None and len(paths) != 1:
        raise InputError("--against compares one file with another; name one file before it.")
    files = read_files([*paths, *([wishes.against] if wishes.against else [])], chosen(wishes.columns))
    for file in files:
        _show_file(screen, file)
    with screen.progress("match"):
        done = _matched(files, wishes)
    if isinstance(done, Matched):
        _show_groups(screen, done, wishes.show)
    else:
        _show_pairs(screen, done, wishes.show)
    if wishes.out is not None:
        write_rows(done.table, wishes.out)
        screen.say(f"Wrote {wishes.out}, readable by you only.")
    screen.finish({**_document(done), "columns": {file.path.name: file.columns for file in files},
                   "out": wishes.out})  # fmt: skip


def _matched(files: Sequence[File], wishes: Wishes) -> Matched | Compared:
    if wishes.against is None:
        return match_files(files, threshold=wishes.threshold, verdicts=wishes.verdicts, key=wishes.key)
    return compare_files(
        *files, threshold=wishes.threshold, one_to_one=wishes.one_to_one, verdicts=wishes.verdicts, key=wishes.key
    )


def chosen(columns: Sequence[str]) -> dict[str, str]:
    """What `--column` options say, from heading to kind."""
    return dict(map(_said, columns))


def _said(text: str) -> tuple[str, str]:
    heading, sign, kind = text.rpartition("=")
    if not sign:
        raise InputError(f"--column takes a heading and a kind, such as --column 'Firm=company_name', not {text!r}.")
    return heading.strip(), kind.strip().lower().replace(" ", "_").replace("-", "_")


def write_rows(table: pl.DataFrame, out: Path) -> None:
    """Write one table by its file's ending, for its owner only."""
    if out.suffix.lower() == ".json":
        write_privately(out, table.write_json)
    else:
        write_tables({"rows": table}, out)


def resolve_and_show(screen: Screen, people: Path, accounts: Path, wishes: Wishes) -> None:
    """Find the account of every row of a file in another; with `out` the rows are written there."""
    said = chosen(wishes.columns)
    files = read_files([people, accounts], said)
    for file in files:
        _show_file(screen, file)
    with screen.progress("resolve"):
        done = resolve_files(*files, key=wishes.key)
    rows = files[0].frame.height
    screen.say(f"{done.linked:,} of {counted(rows, 'row')} have an account, {rows - done.linked:,} were left open:")
    why = done.resolved.filter(pl.col("account_row").is_null()).group_by("abstained_because").len()
    ordered = why.sort("len", "abstained_because", descending=[True, False]).head(_IGNORED)
    screen.table(("  rows", "because"), [(f"  {number:,}", brief(reason)) for reason, number in ordered.iter_rows()])
    screen.say()
    if wishes.out is not None:
        write_rows(done.table, wishes.out)
        screen.say(f"Wrote {wishes.out}, readable by you only.")
    screen.finish({"rows": rows, "accounts": files[1].frame.height, "linked": done.linked,
                   "columns": {file.path.name: file.columns for file in files}, "out": wishes.out})  # fmt: skip


def is_file(text: str) -> bool:
    """Whether an argument names a file rather than a record of the store."""
    return Path(text).suffix.lower() in READABLE or Path(text).is_file()


def show_explained(screen: Screen, explained: Explained | ExplainedRows, out: Path | None) -> None:
    """Print why two records or rows are one or not, with `out` also as a page."""
    screen.say(explained.sentence)
    screen.say()
    fields = [(name, _cell(left, _BESIDE), _cell(right, _BESIDE)) for name, left, right in explained.fields]
    screen.table(("field", explained.left, explained.right), fields)
    screen.say()
    for line in waterfall_lines(explained.waterfall) if explained.waterfall else ():
        screen.say(line)
    if out is not None:
        beside = [Field(*field) for field in explained.fields]
        drawn = waterfall_html(explained.left, explained.right, explained.sentence, beside, explained.waterfall)
        write_private(out, drawn)
        screen.say(f"Wrote {out}, readable by you only.")
    screen.finish({**plain(explained), "probability": explained.waterfall and explained.waterfall.probability})


def explain_rows_and_show(screen: Screen, path: Path, rows: Sequence[str], wishes: Wishes) -> None:
    """Say why two rows of a file are one or not; with `out` as a page."""
    if len(rows) != 2:
        raise InputError(f"Name a file and two of its rows: trueline explain {path} 12 40.")
    with screen.progress("match"):
        matched = match_files(read_files([path], chosen(wishes.columns)), verdicts=wishes.verdicts, key=wishes.key)
        explained = explain_rows(matched, *rows)
    show_explained(screen, explained, wishes.out)


def review_rows_and_show(screen: Screen, paths: Sequence[Path], wishes: Wishes) -> None:
    """List the pairs of rows that a person should look at; with `out` as a file to answer in."""
    with screen.progress("match"):
        matched = match_files(read_files(paths, chosen(wishes.columns)), verdicts=wishes.verdicts, key=wishes.key)
        pairs = open_rows(matched)
    screen.say(f"{counted(pairs.height, 'pair')} of rows would be worth a look, the most instructive first.")
    frame, columns = matched.rows.frame, ("left", "right", "probability", "reason")
    for left, right, probability, reason in pairs.head(wishes.show).select(columns).iter_rows():
        screen.say(f"{probability:.2f}: {reason}")
        both = (matched.names.place(left), matched.names.place(right))
        _show_rows(screen, frame, both)
    if pairs.height > wishes.show:
        screen.say(f"... and {pairs.height - wishes.show:,} more")
    if wishes.out is not None:
        write_rows(pairs, wishes.out)
        screen.say(f"Wrote {wishes.out}, readable by you only. Fill in its column answer (same or different), then:")
        screen.say(f"  trueline match {' '.join(map(str, paths))} --verdicts {wishes.out}")
    screen.finish(pairs.to_dicts())


def _document(done: Matched | Compared) -> dict[str, Any]:
    if isinstance(done, Compared):
        counts = {"left_rows": len(done.left), "right_rows": len(done.right), "pairs": done.pairs.height}
    else:
        counts = {"rows": len(done.rows), "entities": done.entities, "groups": done.groups, "unsure": len(done.unsure)}
    return {**counts, "lost": done.lost}


# --- what is shown -----------------------------------------------------------------------------------------------


def _show_file(screen: Screen, file: File) -> None:
    screen.say(f"{file.path.name}: {counted(file.frame.height, 'row')}")
    for note in file.notes:
        screen.say(f"  Note: {brief(note)}")
    used = [one for one in file.columns if one.is_compared]
    screen.table(("  column", "taken for", "because"),
                 [(f"  {one.name}", one.kind.replace("_", " "), one.reason) for one in used])  # fmt: skip
    left: dict[str, list[str]] = {}
    for one in file.columns:
        if not one.is_compared:
            left.setdefault(one.reason, []).append(one.name)
    if left:
        screen.say("  not compared")
    for reason, names in left.items():
        more = f" and {len(names) - _IGNORED:,} more" if len(names) > _IGNORED else ""
        screen.say(f"  - {reason}: {', '.join(names[:_IGNORED])}{more}")
    screen.say()


def _show_groups(screen: Screen, done: Matched, show: int) -> None:
    rows = len(done.rows)
    entities, surplus = counted(done.entities, "entity", "entities"), counted(rows - done.entities, "surplus row")
    screen.say(f"{counted(rows, 'row')}, {entities}: {counted(done.groups, 'group')} of duplicates, {surplus}.")
    _show_lost(screen, done)
    if len(done.unsure):
        named = " ".join(str(file.path) for file in done.rows.files)
        screen.say(f"{counted(len(done.unsure), 'pair')} could be the same or not: trueline review {named}")
    groups = _least_sure(done, show)
    if groups:
        screen.say()
        screen.say("The least sure groups:")
    for cluster, rows_in, probability, reason in groups:
        screen.say(f"c{cluster + 1}, {probability:.2f}: {reason}")
        _show_rows(screen, done.rows.frame, rows_in)
    screen.say()


def _show_lost(screen: Screen, done: Matched | Compared) -> None:
    if done.lost >= _TOLD_FROM:
        screen.say(f"About {percent(done.lost)} of the true pairs have too little in common to have been compared.")


def _least_sure(done: Matched, show: int) -> list[tuple[int, list[int], float, str]]:
    """The groups whose weakest link is weakest: smallest row, rows, probability, reason of that link."""
    if not show or done.links.is_empty():
        return []
    placed = done.links.with_columns(pl.Series("cluster", done.clusters[done.links["row"].to_numpy()]))
    weakest = placed.sort("probability", "row").unique("cluster", keep="first", maintain_order=True).head(show)
    members = placed.join(weakest.select("cluster"), on="cluster", how="semi").group_by("cluster").agg(
        pl.col("row").sort()
    )  # fmt: skip
    joined = weakest.select("cluster", "probability", "reason").join(
        members, on="cluster", how="left", maintain_order="left"
    )
    return [(c, rows, p, reason) for c, p, reason, rows in joined.iter_rows()]


def _show_rows(screen: Screen, frame: pl.DataFrame, rows: Sequence[int]) -> None:
    part = frame[list(rows[:_CELLS])]
    names = [name for name in part.columns if part[name].null_count() < part.height][:_CELLS]
    cells = [
        (f"  {row + 1}", *(_cell(value) for value in values))
        for row, values in zip(rows, part.select(names).iter_rows(), strict=False)
    ]
    screen.table(("  row", *names), cells)
    if len(rows) > _CELLS:
        screen.say(f"  ... and {len(rows) - _CELLS:,} more rows")


def _cell(value: str | None, width: int = _WIDE) -> str:
    text = " ".join((value or "").split())
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _show_pairs(screen: Screen, done: Compared, show: int) -> None:
    matched = done.pairs["left"].n_unique()
    screen.say(f"{done.pairs.height:,} pairs; {matched:,} of {counted(len(done.left), 'row')} have a partner.")
    _show_lost(screen, done)
    if done.pairs.height and show:
        screen.say()
        screen.say("The least sure pairs:")
    for left, right, probability, reason in done.pairs.tail(show).iter_rows():
        screen.say(f"{probability:.2f}: {reason}")
        both = pl.concat([done.left.frame[[left]], done.right.frame[[right]]])
        names = [name for name in both.columns if both[name].null_count() < 2][:_CELLS]
        numbered = zip((left, right), ("left", "right"), both.select(names).iter_rows(), strict=True)
        screen.table(("  row", *names), [(f"  {side} {row + 1}", *(_cell(value) for value in values))
                                         for row, side, values in numbered])  # fmt: skip
    screen.say()
