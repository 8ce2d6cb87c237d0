"""Where secrets come from: the environment, the system's keyring or a named file that only its owner can read."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import keyring
import keyring.errors

from model.errors import ConfigError

KEYRING_SERVICE = "trueline"


def secret_reader(folder: Path) -> Callable[[str], str]:
    """A function that resolves a secret reference; `file:` paths start from `folder`. ConfigError when it cannot."""

    def read(reference: str) -> str:
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = os.environ.get(name)
            hint = f"set the environment variable {name}"
        elif kind == "keyring":
            value = _from_keyring(name)
            hint = f"store it with `keyring set {KEYRING_SERVICE} {name}`"
        else:
            value = _from_file(folder / Path(name).expanduser())
            hint = f"write it into {name}"
        if not value or not value.strip():
            raise ConfigError(f"The secret {reference} is missing or empty; {hint}.")
        return value.strip()

    return read


def secret_writer(folder: Path) -> Callable[[str, str], None]:
    """A function that replaces a secret in place, for rotated refresh tokens; ConfigError where none can be kept."""

    def write(reference: str, value: str) -> None:
        kind, _, name = reference.partition(":")
        if kind == "keyring":
            try:
                keyring.set_password(KEYRING_SERVICE, name, value)
            except keyring.errors.KeyringError:
                raise ConfigError(f"The rotated secret {reference} could not be saved in the keyring.") from None
        elif kind == "file":
            _to_file(folder / Path(name).expanduser(), value)
        else:
            raise ConfigError(
                f"A rotated secret cannot be saved in {reference}; use keyring:NAME or file:PATH instead."
            )

    return write


def _from_keyring(name: str) -> str | None:
    try:
        return keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError:
        raise ConfigError(f"The keyring could not be opened for keyring:{name}; use env: or file: instead.") from None


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"The secret file {path} can be read by others; run `chmod 600 {path}`.")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The secret file {path} cannot be read ({type(error).__name__}); check the path.") from None


def _to_file(path: Path, value: str) -> None:
    """Replace the file in one step, so that a crash leaves the old secret or the new one, never half of one."""
    target = path.resolve()  # a link stays a link
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"The rotated secret could not be saved in {path} ({error.strerror}).") from None
