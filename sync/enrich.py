"""Enrich: ask the lookup connections about accounts with blanks, remember what they said, fill nothing by itself.

What is learned becomes `enrich-fill` changes in the next plan, for blank and readable fields only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from connectors.connector import Lookup
from hygiene.kinds import country, domain
from model.errors import ConnectorError
from model.evidence import RecordKey
from model.settings import GleifConnection
from model.streams import Value
from sync.workspace import Workspace

# What a question is made of: in normalised form, so that correcting an account asks nothing new of it.
ASKED_BY = ("name", "legal_name", "country", "domain", "registration_number", "city")
REMEMBERED_FOR = 30 * 86_400_000_000  # µs: legal entities change slowly
LOOKUPS = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "id": pl.String, "field": pl.String, "value": pl.String,
     "reason": pl.String}
)  # fmt: skip


@dataclass(slots=True)
class EnrichReport:
    """What the lookups came to; `waiting` accounts are over `max_lookups`, `stopped` says which connection failed."""

    accounts: int = 0
    asked: int = 0
    answered: int = 0
    remembered: int = 0
    waiting: int = 0
    stopped: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        if not self.accounts:
            return "no account has a blank that a lookup could fill"
        return (
            f"{self.asked:,} of {self.accounts:,} accounts with blanks looked up, {self.remembered:,} remembered, "
            f"{self.answered:,} answered" + (f", {self.waiting:,} wait for the next run" if self.waiting else "")
        )


def enrich_accounts(workspace: Workspace, progress: Callable[[int, int], None] | None = None) -> EnrichReport:
    """Ask each lookup about each account that lacks something it fills. One call per distinct question, within the
    connection's `max_lookups`; answers, 'nothing found' among them, are remembered for 30 days."""
    report = EnrichReport()
    lookups = workspace.lookups()
    if not lookups:
        return report
    run_id = workspace.store.begin_run("enrich", workspace.clock())
    for lookup in lookups:
        questions = list(_questions(workspace, lookup))
        report.accounts += len(questions)
        try:
            _ask_all(workspace, lookup, questions, report, progress)
        except ConnectorError as error:
            report.stopped[lookup.name] = str(error)
    summary = {"asked": report.asked, "answered": report.answered}
    workspace.store.end_run(run_id, "stopped" if report.stopped else "done", workspace.clock(), summary)
    return report


def _ask_all(
    workspace: Workspace,
    lookup: Lookup,
    questions: list[tuple[str, str, dict[str, Value]]],
    report: EnrichReport,
    progress: Callable[[int, int], None] | None,
) -> None:
    settings = workspace.settings.connections[lookup.name]
    allowed = settings.max_lookups if isinstance(settings, GleifConnection) else len(questions)
    asked, fresh = 0, set[str]()
    for done, (connection, record_id, known) in enumerate(questions, start=1):
        key = question_key(known)
        if key in fresh:
            workspace.store.mark_concerned([RecordKey(connection, "accounts", record_id)])
        remembered = workspace.store.lookup(lookup.name, key)
        if remembered and workspace.clock() - remembered[0] < REMEMBERED_FOR:
            report.remembered += 1
            report.answered += remembered[1] is not None
            continue
        if asked >= allowed:
            report.waiting += 1
            continue
        asked += 1
        found = lookup.look_up(known)
        report.asked += 1
        report.answered += found is not None
        answer = None
        if found:
            answer = {
                "values": dict(found.values),
                "similarity": found.similarity,
                "reason": found.reason,
                "source": found.source_id,
            }
        workspace.store.save_lookup(lookup.name, key, workspace.clock(), answer)
        workspace.store.mark_concerned([RecordKey(connection, "accounts", record_id)])
        fresh.add(key)
        if progress:
            progress(done, len(questions))


def question_key(known: Mapping[str, Value]) -> str:
    """A stable name for a question, the same in every process."""
    text = json.dumps({name: known[name] for name in sorted(known)}, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _questions(workspace: Workspace, lookup: Lookup) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """Connection, id and what is known of each live account that has a readable blank the lookup fills."""
    accounts = workspace.store.frame("accounts")
    readable = _readable(workspace)
    asked = accounts.with_columns(
        domain.match_key(domain.normalise(accounts["domain"].fill_null(accounts["website"]))).alias("asked_domain"),
        country.certain(accounts["country"]).alias("asked_country"),
    )
    for row in asked.iter_rows(named=True):
        connection = row["connection"]
        fillable = [name for name in lookup.fills if (connection, name) in readable and not row[name]]
        known = _known({**row, "domain": row["asked_domain"], "country": row["asked_country"]})
        if fillable and (known.get("name") or known.get("lei")):
            yield connection, row["id"], known


def _known(row: Mapping[str, Value]) -> dict[str, Value]:
    """A legal entity identifier says it all, with the name to check it by; without one, the name and what places it."""
    names = ("lei", "name") if row["lei"] else ASKED_BY
    return {name: row[name] for name in names if row[name]}


def _readable(workspace: Workspace) -> set[tuple[str, str]]:
    rows = workspace.store.readable().filter((pl.col("stream") == "accounts") & pl.col("readable"))
    return set(rows.select("connection", "field").iter_rows())


def learned(workspace: Workspace) -> pl.DataFrame:
    """What lookups answered, one row per account and field (schema `LOOKUPS`), whether the field is blank or not."""
    rows: list[tuple[Any, ...]] = []
    for lookup in workspace.lookups():
        for connection, record_id, known in _questions(workspace, lookup):
            remembered = workspace.store.lookup(lookup.name, question_key(known))
            answer = remembered[1] if remembered else None
            if answer:
                rows += [
                    (connection, "accounts", record_id, name, str(value), f"{lookup.name}: {answer['reason']}")
                    for name, value in sorted(answer["values"].items())
                    if value is not None
                ]
    return pl.DataFrame(rows, schema=LOOKUPS, orient="row")
