"""Which module connects to which system. A module is loaded when its system is first connected, since the vendors' SDKs
are slow to import and most projects use few of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from connectors.connector import Lookup, Source
from model.errors import ConfigError
from model.settings import ConnectionSettings

MODULES: dict[str, str] = {
    "salesforce": "connectors.salesforce",
    "hubspot": "connectors.hubspot",
    "files": "connectors.files",
    "gleif": "connectors.gleif",
}
# Systems whose secret may be replaced by the remote, so that their `connect` also takes a way to save it.
_ROTATES = frozenset({"salesforce"})


def connect(
    name: str,
    settings: ConnectionSettings,
    secret: Callable[[str], str],
    save_secret: Callable[[str, str], None] | None = None,
) -> Source | Lookup:
    """The named connection, not yet logged in. ConfigError when its settings cannot be right.

    `secret` resolves a secret reference such as env:NAME when it is needed; `save_secret` replaces one for good.
    """
    module = MODULES.get(settings.system)
    if module is None:
        raise ConfigError(f"connections.{name}.system: there is no connector for {settings.system!r}.")
    factory = import_module(module).connect
    connection: Source | Lookup = (
        factory(name, settings, secret, save_secret) if settings.system in _ROTATES else factory(name, settings, secret)
    )
    return connection
