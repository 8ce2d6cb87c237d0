"""Time the labelled generator at 1,000,000 contacts: `python -m benchmarks.generator --size 1000000 --rounds 3`.

Each round is a process of its own, so that the peak memory is the generator's and no cache is warm.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

_ROUND = """
import resource, time
from datetime import date
from sandbox.generator import generate
start = time.perf_counter()
made = generate({size}, seed={seed}, as_of=date(2026, 11, 22))
seconds = time.perf_counter() - start
people = made.salesforce[0]["Contact"].height + made.hubspot["contacts"].height
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, people, made.truth["records"].height)
"""


def measure(size: int, rounds: int) -> str:
    """One line: median seconds, peak memory, and how many contacts and labelled records came of it."""
    answers = []
    for seed in range(1, rounds + 1):
        code = _ROUND.format(size=size, seed=seed)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        answers.append([float(word) for word in done.stdout.split()])
    seconds, memory, people, truth = (statistics.median(column) for column in zip(*answers, strict=True))
    return (
        f"generator        {people:,.0f} contacts, {truth:,.0f} labelled records in {seconds:.1f} s "
        f"(median of {rounds}), peak {memory:.1f} GB   (promised: 1,000,000 contacts in under 60 s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(measure(chosen.size, chosen.rounds), flush=True)


if __name__ == "__main__":
    main()
