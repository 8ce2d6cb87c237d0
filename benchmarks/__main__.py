"""`make bench`: every benchmark, one after the other, each alone in a process of its own."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    ("benchmarks.store", "--rows", "1000000"),
    ("benchmarks.generator", "--size", "1000000"),
    ("benchmarks.loop", "--size", "20000"),
)


def main() -> int:
    """The first failing benchmark's exit code, 0 when all ran."""
    for module, *arguments in BENCHMARKS:
        print(f"--- python -m {module} {' '.join(arguments)}", flush=True)
        code = subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
