"""Forget: erase a person from the store, and keep every later pull from bringing them back. No CRM is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from model.errors import InputError
from model.evidence import RecordKey
from store import Person
from store.forgotten import addresses
from sync.workspace import Workspace

_PEOPLE = {
    "contacts": ("email", "extra_emails", "merged_into", "account_id", "is_person_account"),
    "leads": ("email", "merged_into", "converted_contact_id"),
}
# Files that Trueline writes where people ask it to.
_WRITTEN = (".csv", ".htm", ".html", ".json", ".parquet", ".xlsx")


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """Who is to be forgotten: their records, how many addresses, and by table the rows that go or lose their values.

    `shared` counts addresses that records of others have too: those are not kept out. `files` in the project's folder
    may still hold the person. `run_id` is None where nothing was erased.
    """

    run_id: str | None
    records: tuple[str, ...]
    addresses: int
    shared: int
    rows: Mapping[str, int]
    files: tuple[str, ...]

    @property
    def sentence(self) -> str:
        done = "Erased" if self.run_id else "Would erase"
        rows = ", ".join(f"{number:,} of {table}" for table, number in self.rows.items()) or "no row"
        return f"{done} {len(self.records):,} records of one person and all that hangs on them: {rows}."


def forget_person(workspace: Workspace, whom: str, *, apply: bool = False) -> ForgetReport:
    """Erase who is named by a record (connection/stream/id), an entity or an e-mail address; only with `apply`.

    A person is every record of the same entity, with what was merged into one of them or converted from it. InputError
    where the store knows no such record or entity, or it is not a person's.
    """
    store = workspace.store
    people = _people(workspace)
    by_address = {address for text in [whom] if "@" in text and "/" not in text for address in addresses(text)}
    records = _whole(people, _named(workspace, people, whom, by_address))
    emails = {email for email in people.filter(pl.col("key").is_in(records))["emails"].explode() if email} | by_address
    others = people.filter(~pl.col("key").is_in(records))["emails"].explode()
    shared = emails & set(others.drop_nulls())
    keys = tuple(RecordKey.parse(key) for key in (*records, *_halves(people, records)))
    person = Person(keys, tuple(sorted(emails - shared)))
    rows = store.forget(person, workspace.clock(), apply=apply)
    run_id = None
    if apply:
        run_id = store.begin_run("forget", workspace.clock())
        store.end_run(run_id, "done", workspace.clock(), {"records": len(keys), "rows": sum(rows.values())})
    files = sorted(path.name for path in workspace.folder.iterdir() if path.suffix.lower() in _WRITTEN)
    return ForgetReport(run_id, tuple(map(str, keys)), len(emails), len(shared), rows, tuple(files))


def _people(workspace: Workspace) -> pl.DataFrame:
    """Every person record, deleted ones too: key, emails, half (of a person account, or null), tied (what is the same
    person whatever matching says, and the entity)."""
    store, key = workspace.store, pl.concat_str("connection", "stream", "id", separator="/")
    entities = store.memberships().select(key.alias("key"), "entity")
    frames = []
    for stream, columns in _PEOPLE.items():
        frame = store.frame(stream, columns=columns, deleted=True)
        place = pl.col("connection") + "/" + pl.lit(stream) + "/"
        ties = [place + pl.col("merged_into")]
        if "converted_contact_id" in columns:
            ties.append(pl.col("connection") + "/contacts/" + pl.col("converted_contact_id"))
        fields = [name for name in columns if name in ("email", "extra_emails")]
        is_half = pl.col("is_person_account") if "is_person_account" in columns else pl.lit(value=False)
        half = pl.col("connection") + "/accounts/" + pl.col("account_id") if "account_id" in columns else pl.lit(None)
        frames.append(
            frame.select(
                (place + pl.col("id")).alias("key"),
                pl.concat_list(pl.col(name) for name in fields).alias("emails"),
                pl.when(is_half).then(half).cast(pl.String).alias("half"),
                pl.concat_list(ties).alias("tied"),
            )
        )
    every = pl.concat(frames).join(entities, on="key", how="left")
    folded = [[one for text in texts for one in addresses(text)] for texts in every["emails"]]
    return every.with_columns(pl.Series("emails", folded, pl.List(pl.String)))


def _named(workspace: Workspace, people: pl.DataFrame, whom: str, by_address: set[str]) -> set[str]:
    """The keys of the person records that are named."""
    if by_address:
        has = pl.col("emails").list.eval(pl.element().is_in(by_address)).list.any()
        return set(people.filter(has)["key"])
    found = set(people.filter((pl.col("entity") == whom) | (pl.col("key") == whom))["key"])
    if not found:
        raise InputError(
            f"{whom!r} is no person that the store knows: name a record of contacts or leads as connection/stream/id, "
            "an entity, or an e-mail address."
        )
    return found


def _whole(people: pl.DataFrame, named: Iterable[str]) -> list[str]:
    """The keys of all records of the people that the named records are of, sorted."""
    ties = pl.concat(
        [
            people.select("key", pl.col("tied").alias("other")).explode("other").drop_nulls(),
            people.select("key", pl.concat_str(pl.lit("entity "), "entity").alias("other")).drop_nulls(),
        ]
    )
    reached: set[str] = set()
    wave = set(named)
    while wave - reached:
        reached |= wave
        ends = ties.filter(pl.col("key").is_in(reached) | pl.col("other").is_in(reached))
        wave = {*ends["key"], *ends["other"]}
    return sorted(people.filter(pl.col("key").is_in(reached))["key"])


def _halves(people: pl.DataFrame, records: Sequence[str]) -> list[str]:
    """The account halves of person accounts among these records."""
    return sorted(set(people.filter(pl.col("key").is_in(records))["half"].drop_nulls()))
