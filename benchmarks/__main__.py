"""`make bench`: every benchmark, one after the other, each alone in a process of its own.

python -m benchmarks                              all
python -m benchmarks wire --markdown              both of the wire, as docs/benchmarks.md has them
python -m benchmarks wire_hubspot --size 20000    one, small; its other options are told by --help
"""

from __future__ import annotations

import subprocess
import sys
from itertools import takewhile

WIRE = ("wire_salesforce", "wire_hubspot")
BENCHMARKS = ("store", "generator", "loop", "matching", *WIRE, "sync", "merges")
GROUPS = {"wire": WIRE, **{name: (name,) for name in BENCHMARKS}}


def main(arguments: list[str]) -> int:
    """The first failing benchmark's exit code, 0 when all ran; 2 for a name there is not."""
    names = list(takewhile(lambda word: not word.startswith("-"), arguments))
    options = arguments[len(names) :]
    unknown = sorted(set(names) - GROUPS.keys())
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are {', '.join(GROUPS)}.", file=sys.stderr)
        return 2
    for name in dict.fromkeys(one for chosen in names or BENCHMARKS for one in GROUPS[chosen]):
        module = f"benchmarks.{name}"
        print(f"--- python -m {' '.join((module, *options))}", file=sys.stderr, flush=True)
        code = subprocess.run([sys.executable, "-m", module, *options], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
