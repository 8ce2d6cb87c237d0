"""Write a generated data set to Parquet: `python -m sandbox.generator 20000 out --as-of 2026-11-22`."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from sandbox.generator import generate, write


def main() -> None:
    """Parse the arguments, generate, write, and print one line per file."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.generator", description=__doc__)
    parser.add_argument("size", type=int, help="contacts over both CRMs")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirt", type=float, default=1.0)
    parser.add_argument("--orgs", type=int, default=1)
    parser.add_argument("--as-of", type=date.fromisoformat, default=datetime.now(UTC).date())
    asked = parser.parse_args()
    for file in write(generate(asked.size, asked.seed, asked.dirt, as_of=asked.as_of, orgs=asked.orgs), asked.folder):
        print(file)


if __name__ == "__main__":
    main()
