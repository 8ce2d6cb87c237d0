"""Serve a Salesforce or HubSpot sandbox over data that is generated once per size and kept.

`python -m benchmarks.serve salesforce FOLDER 1000000` prints its address as JSON when it answers and ends when its
standard input does. It serves a copy of the kept file, so that every run begins with the same records.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from sandbox.generator import orgs, portal, world
from sandbox.hubspot import HubspotApp
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener

# Of the generator's contacts a little less than half are Salesforce's, the others HubSpot's.
_SHARE = {"salesforce": 0.45, "hubspot": 0.48}


def main() -> None:
    system, folder, contacts = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    kept = folder / f"{system}-{contacts}.db"
    if not kept.exists():
        subprocess.run([sys.executable, "-c", _GENERATION, system, str(kept), str(contacts)], check=True)
    with ExitStack() as stack:
        copy = folder / f"{kept.stem}-{os.getpid()}.db"
        stack.callback(copy.unlink, missing_ok=True)
        shutil.copyfile(kept, copy)
        app = _app(system, copy)
        stack.callback(app.close)
        listener = stack.enter_context(Listener(app))
        print(json.dumps({"url": listener.url}), flush=True)
        sys.stdin.read()


# In a process of its own, so that what generating takes does not stay with the server.
_GENERATION = """
import sys
from pathlib import Path
from benchmarks.serve import generate
generate(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
"""


def generate(system: str, kept: Path, contacts: int) -> None:
    """Write a sandbox's file with so many contacts, none of which changed within the last day."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    print(f"generating {contacts:,} contacts for the {system} sandbox, once", file=sys.stderr, flush=True)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    made = world.build(int(contacts / _SHARE[system]) + 500, 1, 1.0, yesterday, 1)
    frames = _salesforce_frames(made, contacts) if system == "salesforce" else _hubspot_frames(made, contacts)
    del made
    unfinished = kept.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    app = _app(system, unfinished)
    app.load(frames)
    app.close()
    unfinished.rename(kept)


def _app(system: str, path: Path) -> SalesforceApp | HubspotApp:
    return SalesforceApp(path) if system == "salesforce" else HubspotApp(path)


def _salesforce_frames(made: world.World, contacts: int) -> dict[str, pl.DataFrame]:
    """Live contacts and a tenth as many accounts; whose account is not among them gets another one."""
    frames, _ = orgs.org_frames(made, 0)
    accounts = _live(frames["Account"], contacts // 10)
    people = _live(frames["Contact"], contacts)
    ids = accounts["Id"].implode()
    others = accounts["Id"].gather(pl.int_range(len(people), eager=True) % len(accounts))
    is_kept = pl.col("AccountId").is_in(ids) | pl.col("AccountId").is_null()
    people = people.with_columns(pl.when(is_kept).then("AccountId").otherwise(others).alias("AccountId"))
    parents = pl.when(pl.col("ParentId").is_in(ids)).then("ParentId").alias("ParentId")
    return {"User": frames["User"], "Account": accounts.with_columns(parents), "Contact": people}


def _live(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """So many records, in the order of their ids, as if they had been made one after the other."""
    live = frame.filter(~pl.col("IsDeleted")).head(rows).sort("Id")
    _check_size(live, rows)
    return live


def _hubspot_frames(made: world.World, contacts: int) -> dict[str, pl.DataFrame]:
    """Contacts and companies, and the associations between the two."""
    frames, _ = portal.portal(made)
    people, firms = frames["contacts"].head(contacts), frames["companies"]
    _check_size(people, contacts)
    links = frames["associations"].filter(
        (pl.col("from_type") == "contacts") & (pl.col("to_type") == "companies"),
        pl.col("from_id").is_in(people["id"].implode()) & pl.col("to_id").is_in(firms["id"].implode()),
    )
    return {"owners": frames["owners"], "contacts": people, "companies": firms, "associations": links}


def _check_size(frame: pl.DataFrame, rows: int) -> None:
    if len(frame) < rows:
        raise SystemExit(f"The generator made {len(frame):,} records where {rows:,} are wanted.")


if __name__ == "__main__":
    main()
