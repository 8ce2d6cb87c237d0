"""What holds for every test: one thread a worker, no clock in a verdict, and no socket beyond this machine."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import settings

# Frames of a few hundred rows gain nothing from threads, and the workers share the cores already. Polars looks once,
# when it is first imported.
os.environ["POLARS_MAX_THREADS"] = "1"
# How long an example takes tells how busy the machine is.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

pytest_plugins = ("tests.wire",)


def pytest_collection_finish() -> None:
    """What is imported and collected lives as long as the worker does: it need not be looked through for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def generated_once() -> Iterator[None]:
    """Most sandboxes of a worker hold the same few sets of records, which those who load them leave as they are."""
    from sandbox.generator import generate  # brings polars, which is set up above

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.start.generate", lru_cache(maxsize=8)(generate))
        yield


_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex
_real_getaddrinfo = socket.getaddrinfo


def _is_local(address: Any) -> bool:
    if isinstance(address, (str, bytes)):  # a Unix socket
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _connect(self: socket.socket, address: Any) -> None:
    if not _is_local(address):
        raise OSError(f"the test suite refuses a connection beyond loopback: {address[0]}")
    _real_connect(self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    if not _is_local(address):
        raise OSError(f"the test suite refuses a connection beyond loopback: {address[0]}")
    return _real_connect_ex(self, address)


def _getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    if host not in (None, "", b"") and not _is_local((host.decode() if isinstance(host, bytes) else host,)):
        raise OSError(f"the test suite refuses to look up a name beyond loopback: {host}")
    return _real_getaddrinfo(host, *args, **kwargs)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Any:
    """Refuse connections and name look-ups beyond loopback for the whole session."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _connect)
    patch.setattr(socket.socket, "connect_ex", _connect_ex)
    patch.setattr(socket, "getaddrinfo", _getaddrinfo)
    yield
    patch.undo()
