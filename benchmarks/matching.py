"""Matching on labelled sets: F1 at our default threshold, time and memory, beside Splink on the same contacts.

    python -m benchmarks matching
    python -m benchmarks matching --set contacts-100000 --set contacts-1000000 --peer PYTHON

The peer, and the frozen generator of contacts, need packages of their own: PYTHON is an interpreter that has splink,
polars, faker, names and nicknames. Every set is matched in a process of its own, the best of `--rounds` counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from hygiene.linkage.link import link
from tests.hygiene.truth import read_text_table, score_of

SHARED = Path(__file__).parents[1].parent / "shared"
SETS = ("fake_1000", "febrl1", "febrl2", "febrl3", "dedupe_csv_example")
PERSON = {"first": "given_name", "last": "family_name", "email": "email", "phone": "phone", "company": "company_name"}
_FEBRL = {"given_name": "given_name", "surname": "family_name", "street": "address", "suburb": "area",
          "postcode": "area", "date_of_birth": "date", "soc_sec_id": "identifier"}  # fmt: skip
_FAKE = {"first_name": "given_name", "surname": "family_name", "dob": "date", "city": "area", "email": "email"}
_LIST = {"Site name": "company_name", "Address": "address", "Zip": "area", "Phone": "phone"}


@dataclass(frozen=True, slots=True)
class Result:
    """One set matched once; seconds from frame to clusters."""

    records: int
    precision: float
    recall: float
    f1: float
    seconds: float
    peak_rss_mb: int


def matched(table: pl.DataFrame, entity: pl.Series, kinds: dict[str, str]) -> Result:
    begun = time.perf_counter()
    clusters = link(table, kinds).clusters()
    seconds = time.perf_counter() - begun
    score = score_of(clusters, entity)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Result(len(table), score.precision, score.recall, score.f1, seconds, peak)


def matched_set(name: str, contacts: Path | None) -> Result:
    """A set by its name; contacts from the file that the generator wrote."""
    data = SHARED / "data"
    if contacts is not None:
        table = pl.read_parquet(contacts)
        return matched(table, table["entity"], PERSON)
    if name == "fake_1000":
        table = read_text_table(data / "persons" / "splink_fake_1000" / "fake_1000.csv")
        return matched(table, table["cluster"], _FAKE)
    if name == "dedupe_csv_example":
        table = read_text_table(data / "places" / name / "csv_example_input_with_true_ids.csv")
        return matched(table, table["True Id"], _LIST)
    if name.startswith("febrl"):
        raw = read_text_table(data / "persons" / "febrl" / f"dataset{name.removeprefix('febrl')}.csv")
        street = pl.concat_str("street_number", "address_1", separator=" ", ignore_nulls=True)
        table = raw.with_columns(street.alias("street"))
        return matched(table, table["rec_id"].str.extract(r"rec-(\d+)"), _FEBRL)
    raise SystemExit(
        f"there is no set {name}; sets are fake_1000, febrl1, febrl2, febrl3, dedupe_csv_example, contacts-N"
    )


def _run(command: list[str]) -> dict[str, float]:
    answered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: dict[str, float] = json.loads(answered.splitlines()[-1])
    return result


def _ours(name: str, contacts: Path | None, rounds: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.matching", "--set", name, "--one"]
    runs = [_run(command + (["--contacts", str(contacts)] if contacts else [])) for _ in range(rounds)]
    return min(runs, key=lambda run: run["seconds"])


def _row(name: str, contacts: Path | None, peer: str | None, rounds: int) -> str:
    ours = _ours(name, contacts, rounds)
    cells = [name, f"{ours['records']:,}", f"{ours['f1']:.3f}", f"{ours['precision']:.3f}", f"{ours['recall']:.3f}",
             f"{ours['seconds']:.1f} s", f"{ours['peak_rss_mb']:,} MB"]  # fmt: skip
    if peer and contacts:
        script = str(SHARED / "bench" / "splink_contacts.py")
        theirs = min((_run([peer, script, str(contacts)]) for _ in range(rounds)), key=lambda run: run["total_s"])
        cells += [f"{theirs['f1']:.3f}", f"{theirs['total_s']:.1f} s", f"{theirs['peak_rss_mb']:,} MB"]
    else:
        cells += ["", "", ""]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Matching on labelled sets.")
    parser.add_argument("--set", action="append", dest="sets", help="one of these sets, or contacts-N")
    parser.add_argument("--peer", help="an interpreter that has splink and the generator's packages")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contacts", type=Path)
    parser.add_argument("--one", action="store_true", help="match one set here and print JSON")
    given = parser.parse_args()
    sets = given.sets or SETS
    if given.one:
        print(json.dumps(asdict(matched_set(sets[0], given.contacts))))
        return
    print("| Set | Records | F1 | Precision | Recall | Time | Peak | Splink F1 at 0.9 | Time | Peak |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in sets:
            contacts = _generated(name, given.peer, Path(folder)) if name.startswith("contacts-") else None
            print(_row(name, contacts, given.peer, given.rounds), flush=True)


def _generated(name: str, peer: str | None, folder: Path) -> Path:
    if peer is None:
        raise SystemExit("the frozen generator needs --peer")
    path = folder / f"{name}.parquet"
    entities = round(int(name.removeprefix("contacts-")) * 0.8)
    subprocess.run([peer, str(SHARED / "bench" / "generate_contacts.py"), str(entities), str(path)], check=True)
    return path


if __name__ == "__main__":
    main()
