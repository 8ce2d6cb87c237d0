"""What happens to records, for those who subscribed to it: noted while a request is answered, kept if it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.tokens import Author

NOBODY = Author("CRM_UI", "")


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is creation, deletion, propertyChange, merge, restore, privacyDeletion or associationChange; `more` has
    what only some of them tell."""

    name: str
    kind: Kind
    object_id: int
    at_ms: int
    author: Author
    more: Mapping[str, Any] = field(default_factory=dict)


class Events:
    """Nothing is noted while `wanted` is false. Not for concurrent use: the app holds one lock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._noted: list[Event] = []
        self._author = NOBODY
        self.wanted = False
        self.kept: Callable[[list[Event]], None] | None = None  # called with the events of what succeeded

    def note(self, name: str, kind: Kind, object_id: int, **more: Any) -> None:
        if self.wanted:
            self._noted.append(Event(name, kind, object_id, self._clock.now_ms(), self._author, more))

    @contextmanager
    def by(self, author: Author) -> Iterator[None]:
        """What happens within is `author`'s doing; nothing has happened when it fails."""
        self._author = author
        try:
            with self.attempt():
                yield
            if self._noted and self.kept is not None:
                self.kept(list(self._noted))
        finally:
            self._author = NOBODY
            self._noted.clear()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Forget what is noted within when it fails."""
        before = len(self._noted)
        try:
            yield
        except BaseException:
            del self._noted[before:]
            raise

    @contextmanager
    def silence(self) -> Iterator[None]:
        """What follows from an event that is told is not told itself."""
        wanted, self.wanted = self.wanted, False
        try:
            yield
        finally:
            self.wanted = wanted
