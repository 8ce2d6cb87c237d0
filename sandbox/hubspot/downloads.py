"""Files that exports left, and the addresses under which anybody may fetch them for a while.

Not kept with the state of the account: after a restart a file is made anew when its address is asked for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sandbox.clock import SandboxClock

LIFE_MS = 300_000


@dataclass(frozen=True, slots=True)
class ExportFile:
    name: str
    content_type: str
    content: bytes
    rows: int


class Downloads:
    """Files by export, and keys that open them."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._files: dict[str, ExportFile] = {}
        self._keys: dict[str, tuple[str, int]] = {}  # key: export, until when

    def put(self, export_id: str, file: ExportFile) -> None:
        self._files[export_id] = file

    def file(self, export_id: str) -> ExportFile | None:
        return self._files.get(export_id)

    def key(self, export_id: str) -> str:
        """The key given out last while it is good, else a new one."""
        now_ms = self._clock.now_ms()
        for key, (owner, until) in self._keys.items():
            if owner == export_id and until > now_ms:
                return key
        key = secrets.token_urlsafe(24)
        self._keys[key] = (export_id, now_ms + LIFE_MS)
        return key

    def opened(self, key: str) -> ExportFile | None:
        """The file of a key that is still good."""
        owner, until = self._keys.get(key, ("", 0))
        return self._files.get(owner) if until > self._clock.now_ms() else None
