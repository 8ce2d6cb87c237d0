"""People and company names to accounts, and matching what changed: the tables of `python -m benchmarks matching`.

Names are resolved by name alone, beside character TF-IDF in the peer's interpreter. CRMs are the sandbox generator's
with links hidden in part; each has a seed of its own, that nothing was tuned on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peer import Peer
from benchmarks.remote import run_alone
from benchmarks.table import Table, kept, machine, promised, tell

NAMES = ("sp500_dev", "listings_dev", "dnb_name_matching", "mannheim_dbpedia_val", "mannheim_fullcontact_val")
# Contacts, seed, dirt, share of the contacts whose link is hidden.
CRMS = ((3_000, 51, 1.0, 0.2), (20_000, 52, 0.4, 0.2), (20_000, 53, 1.0, 0.2), (20_000, 54, 2.0, 0.2),
        (20_000, 55, 1.0, 1.0))  # fmt: skip
# So many contacts make a million leads and contacts to resolve.
MILLION = 1_220_000
FIRST, PRECISION, COVERAGE, F1 = 0.99, 0.99, 0.95, 0.95
LISTINGS_COVERAGE = 0.94
SECONDS = 60
INCREMENTAL_SHARE, INCREMENTAL_S = 0.05, 1.0


def names_table(peer: Peer | None) -> Table:
    table = Table(
        "Company names to accounts, by name alone",
        "First is right: whatever its probability. Precision, coverage and F1: at the default threshold, below which "
        "it abstains. TF-IDF would cover so much at a precision of 0.99 if it knew where to stop. F1 is over labelled "
        f"pairs. {machine()}",
        ("Set", "Names", "Accounts", "First is right", "Precision", "Coverage", "F1", "TF-IDF first", "TF-IDF coverage",
         "Asked", "Kept"),
    )  # fmt: skip
    for name in NAMES:
        tell(f"{name}: resolving")
        answers = None if peer is None or name.startswith("mannheim") else peer.answers(name)
        told = run_alone("resolve_one", do="names", name=name, answers=answers, precise=PRECISION)
        shares = [_share(told, key) for key in ("first", "precision", "coverage")]
        peers = [_share(told, key) for key in ("peer_first", "peer_coverage")]
        f1 = f"{told['pairs']['f1']:.4f}" if "pairs" in told else ""
        table.add(name, f"{told['names']:,}", f"{told['accounts']:,}", *shares, f1, *peers, *_asked(name, told))
    return table


def _share(told: dict[str, Any], key: str) -> str:
    return f"{told[key]:.4f}" if key in told else ""


def _asked(name: str, told: dict[str, Any]) -> tuple[str, str]:
    if name == "sp500_dev":
        return f"first {FIRST}", kept(told["first"] >= FIRST)
    if name == "listings_dev":
        is_kept = told["precision"] >= PRECISION and told["coverage"] >= LISTINGS_COVERAGE
        return f"precision {PRECISION}, coverage {LISTINGS_COVERAGE}", kept(is_kept)
    return (f"F1 {F1}", kept(told["pairs"]["f1"] >= F1)) if "pairs" in told else ("", "")


def crms_table() -> Table:
    table = Table(
        "People to accounts of generated CRMs",
        "Contacts whose link was hidden and all leads; coverage is of those whose true account exists, and counts "
        f"abstentions. {machine()}",
        ("CRM", "People", "With account", "Precision", "Coverage", "Asked", "Kept"),
    )
    total = [0.0] * 5
    for contacts, seed, dirt, hidden in CRMS:
        tell(f"CRM of {contacts:,} contacts, dirt {dirt:g}: resolving")
        told = run_alone("resolve_one", do="crm", contacts=contacts, seed=seed, dirt=dirt, hidden=hidden)
        counts = [told[key] for key in ("people", "answerable", "right", "found", "covered")]
        total = [one + other for one, other in zip(total, counts, strict=True)]
        table.add(f"{contacts:,} contacts, dirt {dirt:g}, {hidden:.0%} hidden", *_precise(counts))
    table.add("all", *_precise(total))
    return table


def _precise(counts: Sequence[float]) -> tuple[str, ...]:
    people, answerable, right, found, covered = counts
    precision, share = right / max(found, 1), covered / max(answerable, 1)
    asked = f"precision {PRECISION}, coverage {COVERAGE}"
    is_kept = precision >= PRECISION and share >= COVERAGE
    return f"{people:,.0f}", f"{answerable:,.0f}", f"{precision:.4f}", f"{share:.4f}", asked, kept(is_kept)


def million_table(folder: Path) -> Table:
    """The folder keeps the people and accounts once they are generated."""
    if not (folder / "accounts.parquet").exists():
        tell(f"{MILLION:,} contacts: generating")
        run_alone("resolve_one", do="make_many", folder=str(folder), contacts=MILLION)
    tell(f"people of {MILLION:,} contacts: resolving")
    told = run_alone("resolve_one", do="many", folder=str(folder))
    table = promised(
        f"{told['people']:,} people to {told['accounts']:,} accounts",
        f"By name, domain, phone and place, from frames to choices. {machine()}",
    )
    table.add("time", f"{told['seconds']:.1f} s", f"under {SECONDS} s", kept(told["seconds"] < SECONDS))
    table.add("CPU time, all threads", f"{told['cpu_s']:.1f} s", "", "")
    table.add("peak memory", f"{told['peak_mb']:,.0f} MB", "", "")
    table.add("of it before it began, with the frames", f"{told['before_mb']:,.0f} MB", "", "")
    return table


def changes_table(contacts: str) -> Table:
    """`contacts` is a file of the frozen generator."""
    tell("changes: matching")
    told = run_alone("rematch", contacts=contacts, changed=1_000, seed=1)
    table = promised(
        f"Matching {told['changed']:,} changed contacts among {told['records']:,}",
        f"Edited, new and deleted ones, by the stored model, from opening the store to closing it. {machine()}",
    )
    share = told["some_cpu_s"] / told["every_cpu_s"]
    is_kept = share <= INCREMENTAL_SHARE or told["some_cpu_s"] <= INCREMENTAL_S
    table.add("CPU time for all records", f"{told['every_cpu_s']:.1f} s", "", "")
    table.add(
        "CPU time for what changed", f"{told['some_cpu_s']:.2f} s, {share:.1%}", "at most 5 % or 1 s", kept(is_kept)
    )
    table.add("records looked at", f"{told['looked_at']:,}", "", "")
    table.add("both leave the same", "yes" if told["same"] else "no", "the same pairs, findings, memberships",
              kept(told["same"]))  # fmt: skip
    return table
