"""Pull a portal of 100,000 contacts with companies and associations over HTTP: `python -m benchmarks.wire_hubspot`.

The sandbox, each pull and the reader it is compared with have a process of their own. Where the connector would sleep
to keep within the burst limit, it turns the sandbox's clock and its own instead: the time that pacing costs is told
apart. Calls are compared with a minimum that is worked out here, from what there is and what was changed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.figures import (
    Asked,
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

STREAMS = ("accounts", "contacts", "associations")
LIST_ROWS, SEARCH_ROWS = 100, 200  # documented maxima of a page
PROPERTIES = (
    "firstname", "lastname", "email", "phone", "mobilephone", "jobtitle", "company", "website", "address", "city",
    "state", "zip", "country", "hubspot_owner_id", "hs_email_optout", "notes_last_updated", "hs_additional_emails",
    "associatedcompanyid", "lifecyclestage", "salutation", "hs_analytics_source", "hs_email_bounce", "department",
    "lastmodifieddate", "hs_merged_object_ids",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """How many live records of each stream changed, how many are in the recycle bin, how many went into a merge."""

    live: dict[str, int]
    archived: dict[str, int]
    merged: int
    told: str

    @property
    def minimum(self) -> int:
        """Calls that the documented maxima allow: searches for what changed, a list of what was deleted."""
        searches = sum(max(-(-count // SEARCH_ROWS), 1) for count in self.live.values())
        return searches + sum(max(-(-count // LIST_ROWS), 1) for count in self.archived.values())


def _pull(remote: Remote, folder: Path, *streams: str) -> Figures:
    store = str(folder / "store.db")
    return Figures(run_alone("pull", system="hubspot", url=remote.url, store=store, streams=streams or STREAMS))


def full_table(remote: Remote, folder: Path) -> Table:
    contacts, companies = (remote.open_door("count", kind=kind) for kind in ("contacts", "companies"))
    tell(f"full pull of {contacts:,} contacts and {companies:,} companies")
    pull, asked = asked_by(remote, partial(_pull, remote, folder))
    links = pull.rows["associations"]
    table = pull_table(
        f"HubSpot: full pull of {contacts:,} contacts, {companies:,} companies and {links:,} associations",
        "The sandbox is a process of its own; the time of pacing passes on the clocks of both only.",
    )
    _add_time(table, pull)
    # Whatever the number of records, one list shows those that were deleted.
    minimum = sum(-(-count // LIST_ROWS) + 1 for count in (contacts, companies))
    add_calls(table, pull, asked, minimum)
    _add_refusals(table, asked)
    add_store_check(table, folder / "store.db", contacts, 0)
    return table


def _add_time(table: Table, pull: Figures) -> None:
    total, paced = pull.seconds("own", "network", "store"), float(pull.told["paced_s"])
    table.add("whole pull", f"{total + paced:.1f} s", "", "")
    table.add("waiting to keep within the limits", f"{paced:.1f} s, {paced / (total + paced):.0%}", "", "")
    for what, part in (
        ("waiting for the network and the sandbox behind it", "network"),
        ("parsing and all else of the puller's own", "own"),
        ("storing", "store"),
    ):
        seconds = pull.seconds(part)
        table.add(what, f"{seconds:.2f} s, {seconds / (total + paced):.0%}", "", "")
    table.add("peak memory of the puller", f"{pull.peak_mb:.0f} MB", "", "")


def _add_refusals(table: Table, asked: Asked) -> None:
    refused = asked.by_status.get("429", 0)
    table.add("calls refused with 429", str(refused), "none", kept(refused == 0))


def change(remote: Remote, store: Path, count: int) -> Changes:
    """Touch so many records, spread over the portal: most by an edit, some by making, deleting, merging, linking."""
    companies, made, deleted, merged = (max(count * share // 100, 1) for share in (4, 5, 2, 1))
    edited = count - companies - made - deleted - 2 * merged
    people = spread_ids(store, "contacts", edited + deleted + 2 * merged)
    firms = spread_ids(store, "accounts", companies)
    doomed, pairs = people[edited : edited + deleted], people[edited + deleted :]
    for number, identity in enumerate(people[:edited]):
        remote.open_door("edit", kind="contacts", record_id=identity, phone=f"+1 555 {number:07}")
    for identity in firms:
        remote.open_door("edit", kind="companies", record_id=identity, phone="+1 555 0000000")
    # Whom it is about were edited above, so that their links are all that this adds.
    for person, firm in zip(people, firms, strict=False):
        remote.open_door("associate", kind="contacts", record_id=person, target="companies", target_id=firm)
    for number in range(made):
        remote.open_door("create", kind="contacts", email=f"newcomer{number}@new.example")
    for identity in doomed:
        remote.open_door("delete", kind="contacts", record_id=identity)
    for primary, other in zip(pairs[::2], pairs[1::2], strict=True):
        remote.open_door("merge", kind="contacts", primary=primary, other=other)
    remote.open_door("catch_up_index")
    told = f"{edited:,} contacts edited, {made:,} made, {deleted:,} deleted, {merged:,} pairs merged"
    live = {"contacts": edited + made + merged, "accounts": companies}
    told = f"{told}; {companies:,} companies edited and linked to one more contact each"
    return Changes(live, {"contacts": deleted, "accounts": 0}, 2 * merged, told)


def incremental_table(remote: Remote, folder: Path, count: int) -> Table:
    tell(f"{count:,} changes, and a pull of them")
    changes = change(remote, folder / "store.db", count)
    pull, asked = asked_by(remote, partial(_pull, remote, folder))
    contacts = remote.open_door("count", kind="contacts")
    table = pull_table(
        f"HubSpot: incremental pull of {count:,} changes among {contacts:,} contacts", f"{changes.told}."
    )
    _add_time(table, pull)
    add_calls(table, pull, asked, changes.minimum)
    _add_refusals(table, asked)
    add_store_check(table, folder / "store.db", contacts, changes.merged)
    return table


def compared_table(remote: Remote, folder: Path, contacts: int) -> Table:
    """The same contacts read by us, into a store, and by HubSpot's own client, which keeps no pace: without limits."""
    remote.open_door("set_limits", enabled=False)

    def read() -> Figures:
        return Figures(run_alone("read_hubspot", url=remote.url, properties=PROPERTIES))

    return readers_table(
        "HubSpot: the same contacts read by its own client",
        f"{contacts:,} contacts with {len(PROPERTIES)} properties, limits off",
        remote,
        {
            "Trueline, typed into a SQLite store": partial(_pull, remote, folder, "contacts"),
            "hubspot-api-client `get_all`, as objects": read,
        },
    )


def main() -> None:
    options = options_of(__doc__, size=100_000).parse_args()
    few = max(options.size // 5, 1_000)
    with tempfile.TemporaryDirectory() as made, serving("hubspot", options.kept, options.size) as remote:
        full_table(remote, Path(made)).show(markdown=options.markdown)
        incremental_table(remote, Path(made), min(options.changes, options.size // 4)).show(markdown=options.markdown)
    with tempfile.TemporaryDirectory() as made, serving("hubspot", options.kept, few) as remote:
        compared_table(remote, Path(made), few).show(markdown=options.markdown)


if __name__ == "__main__":
    main()
