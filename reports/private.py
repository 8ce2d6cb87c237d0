"""Files that only their owner can read, written in one step: a crash leaves the old one or the new one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from model.errors import InputError


def write_privately(path: Path, writer: Callable[[Path], object]) -> None:
    """Let `writer` fill a file beside `path`, then put it in its place. InputError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file 0600, and `replace` keeps that.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".trueline-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        try:
            writer(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}); choose another place.") from None
