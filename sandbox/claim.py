"""One sandbox at a time has a state folder: two that write the same files would each undo the other's work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without it starts the second sandbox all the same
    fcntl = None  # type: ignore[assignment]


class FolderInUse(Exception):
    """Another sandbox, still running, has the folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """The folder is ours until the end of the block, or of the process; FolderInUse when it is somebody else's."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "sandbox.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderInUse(f"Another sandbox uses {folder}.") from None
        yield
    finally:
        os.close(handle)
