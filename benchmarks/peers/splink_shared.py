"""The shared Splink script as it is, its CPU seconds added: `python -m benchmarks.peers.splink_shared SCRIPT FILE`.

Its own libraries are loaded before the time begins, as where it counts itself.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import runpy
import sys
import time

import splink.comparison_library  # noqa: F401
from splink.backends.duckdb import DuckDBAPI  # noqa: F401


def main() -> None:
    script, contacts = sys.argv[1:3]
    logging.disable(logging.WARNING)
    sys.argv = [script, contacts]
    said = io.StringIO()
    begun = time.process_time()
    with contextlib.redirect_stdout(said):
        runpy.run_path(script, run_name="__main__")
    spent = time.process_time() - begun
    print(json.dumps({**json.loads(said.getvalue().splitlines()[-1]), "cpu_s": spent}))


if __name__ == "__main__":
    main()
