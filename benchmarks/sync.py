"""Cycles of `trueline sync --apply` on two generated CRMs: `python -m benchmarks.sync --size 20000 --changes 1000`.

The sandbox and each cycle have a process of their own. The first cycles run until one writes nothing. The clocks of
both CRMs are turned, so that no window of a pull reaches back into the first sync, and one cycle moves the watermarks
there, one more looks at everything: a first sync changes so much that a later cycle might have to. Then as many
records as asked for are edited, on both sides by others; one cycle carries that over, and one more finds nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.remote import Remote, run_alone
from benchmarks.table import Table, kept, machine, promised, tell
from store import Store

FIELDS = {
    ("sf", "contacts", "Contact"): ("Title", "Department", "MailingCity"),
    ("sf", "accounts", "Account"): ("BillingCity", "Phone"),
    ("hs", "contacts", "contacts"): ("jobtitle", "department", "city"),
    ("hs", "accounts", "companies"): ("city", "phone"),
}
OF_ACCOUNTS, OF_NEW, OF_DELETED = 0.15, 0.03, 0.02  # of the edits
MOST_CYCLES = 8
MOST_CPU, MOST_CALLS = 0.05, 1.05
SETTINGS = """[connections.sf]
system = "salesforce"
host = "sandbox.my.salesforce.com"
base_url = "{salesforce[url]}"
client_id = "{salesforce[client_id]}"
secret = "env:BENCH_SF"
currency = "USD"
[connections.hs]
system = "hubspot"
base_url = "{hubspot[url]}"
secret = "env:BENCH_HS"
[caps]
max_share = 1.0
max_changes = 10_000_000
max_api_calls = 10_000_000
"""


# So little is written by the first sync, of clean records, that a million people can be measured.
LEAN = """[sync]
between = ["sf", "hs"]
[sync.accounts.fields]
city = "prefer-salesforce-unless-blank"
[sync.contacts.fields]
title = "prefer-salesforce-unless-blank"
"""
_ON_DISK = 300_000  # from so many people on the records of the CRMs take too much memory


@contextmanager
def sandbox(size: int, folder: Path, *, lean: bool) -> Iterator[dict[str, dict[str, str]]]:
    """`trueline sandbox` in a process of its own, and what it says of itself; a `lean` one has clean records."""
    command = [sys.executable, "-m", "trueline", "sandbox", "--size", str(size), "--json"]
    command += ["--dirt", "0"] if lean else []
    command += ["--state", str(folder / "crms")] if size >= _ON_DISK else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def write_project(folder: Path, crms: dict[str, dict[str, str]], *, lean: bool) -> None:
    """A project of both CRMs, with the mapping that `trueline init` proposes, or a `lean` one."""
    os.environ |= {"BENCH_SF": crms["salesforce"]["client_secret"], "BENCH_HS": crms["hubspot"]["token"]}
    settings = folder / "trueline.toml"
    settings.write_text(SETTINGS.format(**crms) + (LEAN if lean else ""), "utf-8")
    if lean:
        return
    proposed = folder / "sync.toml"
    command = [sys.executable, "-m", "trueline", "init", str(folder), "--sync", "--out", str(proposed)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    settings.write_text(settings.read_text("utf-8") + proposed.read_text("utf-8"), "utf-8")


def edit(remotes: dict[str, Remote], folder: Path, number: int, seed: int) -> None:
    """So many edits by others, half of them in each CRM: most of fields that are kept alike, some new and some gone."""
    chance = random.Random(seed)
    with Store.open(folder / "trueline.db") as store:
        ids = {
            (name, stream): store.frame(stream, columns=[], connections=[name])["id"].to_list()
            for name, stream, _ in FIELDS
        }
    for (name, stream, table), fields in FIELDS.items():
        share = OF_ACCOUNTS if stream == "accounts" else 1 - OF_ACCOUNTS
        mine = round(number / 2 * share)
        chosen = chance.sample(ids[name, stream], mine)
        new, gone = (round(mine * part) if stream == "contacts" else 0 for part in (OF_NEW, OF_DELETED))
        for at, record in enumerate(chosen):
            _edit_one(
                remotes[name], name, table, record, fields[at % len(fields)], f"{seed}-{at}", at < new, at < new + gone
            )
    remotes["hs"].open_door("catch_up_index")


def _edit_one(
    remote: Remote, name: str, table: str, record: str, field: str, value: str, is_new: bool, is_gone: bool
) -> None:
    if is_new:
        named = ("LastName", "Email") if name == "sf" else ("lastname", "email")
        values = dict(zip(named, (f"Newcomer {value}", f"newcomer{value}@{name}.example"), strict=True))
        _open_door(remote, "create", name, table, None, values)
    elif is_gone:
        _open_door(remote, "delete", name, table, record, {})
    else:
        _open_door(remote, "edit", name, table, record, {field: f"Changed {name} {value}"})


def _open_door(remote: Remote, door: str, name: str, table: str, record: str | None, values: dict[str, str]) -> None:
    where = {"sobject": table} if name == "sf" else {"kind": table}
    who = {} if record is None else {"record_id": record}
    remote.open_door(door, **where, **who, **values)


def settle(folder: Path, urls: Sequence[str]) -> list[dict[str, Any]]:
    """Cycles until one writes nothing: the figures of each."""
    cycles: list[dict[str, Any]] = []
    while len(cycles) < MOST_CYCLES:
        cycles.append(run_alone("cycle", folder=str(folder), urls=urls))
        tell(f"cycle {len(cycles)}: {_told(cycles[-1])}")
        if not cycles[-1]["written"]:
            break
    return cycles


def _told(cycle: dict[str, Any]) -> str:
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in cycle["stages"].items())
    calls = ", ".join(f"{name} {one['made']}/{one['minimum']}" for name, one in cycle["calls"].items())
    counted = ", ".join(f"{number:,} {status}" for status, number in sorted(cycle["statuses"].items()))
    return f"{cycle['cpu_s']:.1f} s ({stages}); {cycle['pulled']:,} pulled, {counted or 'nothing to write'}; {calls}"


def cycles_table(size: int, first: list[dict[str, Any]], named: dict[str, dict[str, Any]]) -> Table:
    """A row for each cycle: its CPU time, in all and by stage, and what it wrote."""
    stages = ("pull", "match", "resolve", "score", "plan", "push")
    table = Table(
        f"Cycles of `trueline sync --apply` with {size:,} generated people",
        "CPU seconds of the process, from its start to its end, threads included; the sandbox is a process of its own.",
        ("Cycle", "Pulled", "Written", "CPU s", *stages),
    )
    rows = {**{f"{number}. of the first sync": one for number, one in enumerate(first, 1)}, **named}
    for name, one in rows.items():
        spent = [f"{one['stages'].get(stage, 0.0):.2f}" for stage in stages]
        table.add(name, f"{one['pulled']:,}", f"{one['written']:,}", f"{one['cpu_s']:.2f}", *spent)
    return table


def calls_table(cycle: dict[str, Any]) -> Table:
    """Calls of a cycle beside the documented minimum, by connection."""
    table = Table(
        "API calls of the cycle after the edits",
        "The minimum is what the documented maxima allow for this work; logins, descriptions, counts and sweeps of "
        "associations are apart, see docs/connectors.md.",
        ("Connection", "Calls", "Minimum", "Ratio", "By kind"),
    )
    for name, one in cycle["calls"].items():
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(one["calls"].items()))
        ratio = one["made"] / max(one["minimum"], 1)
        table.add(name, f"{one['made']:,}", f"{one['minimum']:,}", f"{ratio:.2f}", kinds)
    return table


def verdict_table(edits: int, named: dict[str, dict[str, Any]]) -> Table:
    """What issue 5 promises of a cycle."""
    after, again, full = (named[name] for name in (AFTER, AGAIN, FULL))
    table = promised(f"A cycle after {edits:,} edits", machine())
    share = after["cpu_s"] / full["cpu_s"]
    table.add(
        "CPU time beside that of a full cycle", f"{share:.1%}", f"at most {MOST_CPU:.0%}", kept(share <= MOST_CPU)
    )
    for name, one in after["calls"].items():
        ratio = one["made"] / max(one["minimum"], 1)
        what = f"{name}: calls beside the documented minimum"
        table.add(what, f"{ratio:.2f} x", f"at most {MOST_CALLS} x", kept(ratio <= MOST_CALLS))
    table.add("written by the cycle after it", f"{again['written']:,}", "nothing", kept(not again["written"]))
    return table


LATER_S = 3_600
LATER, FULL, AFTER, AGAIN = ("an hour later", "once more, looking at everything", "after the edits", "once more")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20_000, help="person records of both CRMs together")
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--lean", action="store_true", help="clean records, and two fields kept alike")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    tell(f"generating {options.size:,} people")
    lean: bool = options.lean
    with tempfile.TemporaryDirectory() as place, sandbox(options.size, Path(place), lean=lean) as crms:
        folder, urls = Path(place), [crms[name]["url"] for name in ("salesforce", "hubspot")]
        write_project(folder, crms, lean=lean)
        first = settle(folder, urls)
        remotes = dict(zip(("sf", "hs"), map(Remote, urls), strict=True))
        for remote in remotes.values():
            remote.open_door("turn_clock", seconds=LATER_S)
        named = {}
        for name in (LATER, FULL, AFTER, AGAIN):
            if name == AFTER:
                edit(remotes, folder, options.changes, options.seed)
            named[name] = run_alone("cycle", folder=str(folder), urls=urls, full=name == FULL)
            tell(f"{name}: {_told(named[name])}")
    for table in (verdict_table(options.changes, named), cycles_table(options.size, first, named),
                  calls_table(named[AFTER])):  # fmt: skip
        table.show(markdown=options.markdown)


if __name__ == "__main__":
    main()
