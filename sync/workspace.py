"""A project at work: its store, its settings and its connections, each opened when first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from connectors.connector import Lookup, Sink, Source
from connectors.registry import connect
from model.errors import InputError
from model.settings import FilesConnection, ProjectSettings
from store import ScopedStore, Store
from sync.clock import Clock, system_clock


class Workspace:
    """Owns the store and the connections; closing it closes them all. `store` shows all of `everything`, or a part."""

    def __init__(
        self,
        store: Store,
        settings: ProjectSettings,
        folder: Path,
        secret: Callable[[str], str],
        save_secret: Callable[[str, str], None] | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.store = self.everything = store
        self.settings = settings
        self.folder = folder
        self.clock = clock
        self._secret = secret
        self._save_secret = save_secret
        self._open: dict[str, Source | Lookup] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()
        self.store.close()

    def within(self, keys: pl.DataFrame, context: pl.DataFrame) -> Workspace:
        """A workspace with the same connections that sees some records only: see `ScopedStore`. It is not closed."""
        store = ScopedStore.within(self.store, keys, context)
        narrowed = Workspace(store, self.settings, self.folder, self._secret, self._save_secret, self.clock)
        narrowed.everything, narrowed._open = self.everything, self._open
        return narrowed

    def connection(self, name: str) -> Source | Lookup:
        """The named connection; InputError lists the names there are."""
        if name not in self.settings.connections:
            known = ", ".join(self.settings.connections) or "none yet; add one to trueline.toml"
            raise InputError(f"There is no connection {name!r}; connections are: {known}.")
        if name not in self._open:
            settings = self.settings.connections[name]
            if isinstance(settings, FilesConnection):
                files = tuple(str(self.folder / pattern) for pattern in settings.files)
                settings = settings.model_copy(update={"files": files})
            self._open[name] = connect(name, settings, self._secret, self._save_secret)
        return self._open[name]

    def opened(self) -> list[Source | Lookup]:
        """The connections that are open, in the order they were opened."""
        return list(self._open.values())

    def sources(self, names: Iterable[str] | None = None) -> list[Source]:
        """The connections that can be pulled: those named, or all."""
        chosen = [self.connection(name) for name in (names or self.settings.connections)]
        return [connection for connection in chosen if isinstance(connection, Source)]

    def sinks(self) -> dict[str, Sink]:
        """The connections that can be written, by name."""
        return {source.name: source for source in self.sources() if isinstance(source, Sink)}

    def lookups(self) -> list[Lookup]:
        """The enrichment connections."""
        chosen = [self.connection(name) for name in self.settings.connections]
        return [connection for connection in chosen if isinstance(connection, Lookup)]


def open_workspace(
    store_url: str,
    settings: ProjectSettings,
    folder: Path,
    secret: Callable[[str], str],
    save_secret: Callable[[str, str], None] | None = None,
    clock: Clock = system_clock,
    *,
    create: bool = True,
) -> Workspace:
    """Open the store, with `create` making it where it does not exist, and hand it to a workspace.

    StoreError when it cannot be opened.
    """
    return Workspace(Store.open(store_url, create=create), settings, folder, secret, save_secret, clock)
