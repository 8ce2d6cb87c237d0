"""Pull an org of 1,000,000 contacts and 100,000 accounts over HTTP: `python -m benchmarks.wire_salesforce`.

The sandbox, each pull and each reader it is compared with have a process of their own. First pulls, by Bulk 2.0, take
turns with the plain driver writing the same rows; an incremental pull follows 1,000 changes made by somebody else, and
its calls are compared with a minimum that is worked out here, from what was changed. Below 20,000 records of a kind
the connector reads by REST.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import (
    Figures,
    add_calls,
    add_store_check,
    asked_by,
    options_of,
    pull_table,
    readers_table,
    spread_ids,
)
from benchmarks.remote import Remote, run_alone, serving
from benchmarks.table import Table, kept, tell

STREAMS = ("accounts", "contacts")
PAGE_ROWS = 2_000  # documented maximum of a page of a query
PEAK_MB, RATE_RATIO = 500, 0.4
COLUMNS = (
    "Id", "SystemModstamp", "CreatedDate", "IsDeleted", "MasterRecordId", "Salutation", "FirstName", "LastName",
    "Email", "Phone", "MobilePhone", "Title", "LeadSource", "OwnerId", "HasOptedOutOfEmail", "DoNotCall",
    "LastActivityDate", "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry",
    "Department", "AccountId", "IsEmailBounced",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FirstPull:
    """One first pull and, right after it, the plain driver writing the same rows."""

    pull: Figures
    raw: dict[str, float]

    def ratio(self, unit: str = "wall_s") -> float:
        """The rate of parsing and storing against the plain driver's of storing alone."""
        return self.raw[unit] / self.pull.seconds("own", "store", unit=unit)


def first_pulls(remote: Remote, folder: Path, rounds: int) -> list[FirstPull]:
    """Each into a store of its own; the last one stays, as `store.db`."""
    found = []
    for number in range(1, rounds + 1):
        tell(f"first pull {number} of {rounds}")
        _clear(folder)
        pull = _pull(remote, folder, *STREAMS)
        written: dict[str, Any] = pull.told["written"]
        if not all(one["is_sorted"] for one in written.values()):
            raise SystemExit("The records did not come in the order of their ids, so the plain driver has it easier.")
        raw = run_alone("raw", store=str(folder / "store.db"), write=str(folder / "raw.db"), written=written)
        found.append(FirstPull(pull, raw))
    return found


def _clear(folder: Path) -> None:
    for old in (*folder.glob("store.db*"), *folder.glob("raw.db*")):
        old.unlink()


def _pull(remote: Remote, folder: Path, *streams: str) -> Figures:
    store = str(folder / "store.db")
    return Figures(run_alone("pull", system="salesforce", url=remote.url, store=store, streams=streams))


def first_pull_table(pulls: list[FirstPull], small: Figures) -> Table:
    last = pulls[-1].pull
    rows = sum(last.rows.values())
    table = pull_table(
        f"Salesforce: first pull of {_counted(last)} by {'Bulk 2.0' if 'bulk' in last.told['calls'] else 'REST'}",
        f"Median of {len(pulls)} pulls, each into a new SQLite store; the sandbox is a process of its own.",
    )
    total = median(one.pull.seconds() for one in pulls)
    table.add("whole pull", f"{total:.1f} s, {rows / total:,.0f} rows/s", "", "")
    for what, part in (
        ("waiting for the bulk jobs", "sleep"),
        ("waiting for the network and the sandbox behind it", "network"),
        ("parsing and all else of the puller's own", "own"),
        ("storing", "store"),
    ):
        seconds = median(one.pull.seconds(part) for one in pulls)
        table.add(what, f"{seconds:.1f} s, {seconds / total:.0%}", "", "")
    _add_rates(table, pulls, rows)
    _add_memory(table, pulls, small)
    return table


def _add_rates(table: Table, pulls: list[FirstPull], rows: int) -> None:
    own = median(one.pull.seconds("own", "store") for one in pulls)
    raw = median(one.raw["wall_s"] for one in pulls)
    ratio = median(one.ratio() for one in pulls)
    table.add("rate of parsing and storing", f"{rows / own:,.0f} rows/s", "", "")
    table.add("rate of plain `executemany`, tuples built before", f"{rows / raw:,.0f} rows/s", "", "")
    table.add("the one against the other", f"{ratio:.2f} x", f"at least {RATE_RATIO} x", kept(ratio >= RATE_RATIO))
    table.add("the same by CPU time", f"{median(one.ratio('cpu_s') for one in pulls):.2f} x", "", "")


def _add_memory(table: Table, pulls: list[FirstPull], small: Figures) -> None:
    last = pulls[-1].pull
    peak = max(one.pull.peak_mb for one in pulls)
    table.add("peak memory of the puller", f"{peak:.0f} MB", f"under {PEAK_MB} MB", kept(peak < PEAK_MB))
    table.add("of it Python and its libraries, before the pull", f"{last.told['start_mb']:.0f} MB", "", "")
    peaks = last.told["peaks_mb"]
    half = peaks[len(peaks) // 2]
    table.add("peak after half of the rows", f"{half:.0f} MB", "independent of size: that of the end, within 2 %",
              kept(last.peak_mb <= 1.02 * half))  # fmt: skip
    table.add(f"peak of a pull of {_counted(small)}, which do not fill SQLite's cache of 64 MB",
              f"{small.peak_mb:.0f} MB", "", "")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """How many records of each stream somebody else touched, and how many of them by merging two."""

    touched: dict[str, int]
    merged: int
    told: str

    @property
    def minimum(self) -> int:
        """Calls that the documented maxima allow: pages of what changed, and one question for deletes, per stream."""
        return sum(-(-count // PAGE_ROWS) + 1 for count in self.touched.values())


def change(remote: Remote, store: Path, count: int) -> Changes:
    """Touch so many records, spread over the org: most by an edit, some by making, deleting or merging."""
    accounts, made, deleted, merged = (max(count * share // 100, 1) for share in (4, 5, 2, 1))
    edited = count - accounts - made - deleted - 2 * merged
    people = spread_ids(store, "contacts", edited + deleted + 2 * merged)
    doomed, pairs = people[edited : edited + deleted], people[edited + deleted :]
    for number, identity in enumerate(people[:edited]):
        remote.open_door("edit", sobject="Contact", record_id=identity, Phone=f"+1 555 {number:07}")
    for identity in spread_ids(store, "accounts", accounts):
        remote.open_door("edit", sobject="Account", record_id=identity, Phone="+1 555 0000000")
    for number in range(made):
        remote.open_door("create", sobject="Contact", LastName=f"Newcomer {number}")
    for identity in doomed:
        remote.open_door("delete", sobject="Contact", record_id=identity)
    for master, loser in zip(pairs[::2], pairs[1::2], strict=True):
        remote.open_door("merge", sobject="Contact", master=master, losers=[loser])
    told = f"{edited:,} contacts edited, {made:,} made, {deleted:,} deleted, {merged:,} pairs merged"
    touched = {"contacts": edited + made + deleted + 2 * merged, "accounts": accounts}
    return Changes(touched, merged, f"{told}; {accounts:,} accounts edited")


def incremental_table(remote: Remote, folder: Path, count: int) -> Table:
    tell(f"{count:,} changes, and a pull of them")
    changes = change(remote, folder / "store.db", count)
    pull, asked = asked_by(remote, partial(_pull, remote, folder, *STREAMS))
    contacts = remote.open_door("count", sobject="Contact")
    table = pull_table(
        f"Salesforce: incremental pull of {count:,} changes among {contacts:,} contacts", f"{changes.told}."
    )
    table.add("whole pull", f"{pull.seconds():.2f} s", "", "")
    add_store_check(table, folder / "store.db", contacts, changes.merged)
    add_calls(table, pull, asked, changes.minimum)
    return table


def compared_table(remote: Remote, folder: Path, contacts: int) -> Table:
    """The same contacts read by us, into a store, and by simple-salesforce, which hands them on as they come."""
    _clear(folder)

    def read(how: str) -> Figures:
        soql = f"SELECT {', '.join(COLUMNS)} FROM Contact"
        return Figures(run_alone("read_salesforce", url=remote.url, how=how, soql=soql))

    return readers_table(
        "Salesforce: the same contacts read by others",
        f"{contacts:,} contacts with {len(COLUMNS)} columns",
        remote,
        {
            "Trueline, typed into a SQLite store": partial(_pull, remote, folder, "contacts"),
            "simple-salesforce `bulk2.Contact.query`, as CSV texts": partial(read, "query"),
            "simple-salesforce `bulk2.Contact.download`, as CSV files": partial(read, "download"),
            "simple-salesforce `query_all_iter`, as dictionaries": partial(read, "query_all_iter"),
        },
    )


def _counted(pull: Figures) -> str:
    return " and ".join(f"{pull.rows[stream]:,} {stream}" for stream in ("contacts", "accounts"))


def main() -> None:
    parser = options_of(__doc__, size=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="first pulls, of which the median counts")
    options = parser.parse_args()
    few = max(options.size // 10, 1_000)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with serving("salesforce", options.kept, few) as remote:
            small = _pull(remote, folder, *STREAMS)
            compared = compared_table(remote, folder, few)
        with serving("salesforce", options.kept, options.size) as remote:
            pulls = first_pulls(remote, folder, options.rounds)
            first_pull_table(pulls, small).show(markdown=options.markdown)
            incremental_table(remote, folder, min(options.changes, options.size // 4)).show(markdown=options.markdown)
    compared.show(markdown=options.markdown)


if __name__ == "__main__":
    main()
