"""A project folder: `trueline.toml`, read and checked once, and the store beside it."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from model.errors import ConfigError
from model.settings import (
    FilesConnection,
    GleifConnection,
    HubspotConnection,
    ProjectSettings,
    SalesforceConnection,
)

FILE_NAME = "trueline.toml"
STORE_VARIABLE = "TRUELINE_STORE_URL"
_SYSTEMS: dict[str, type[BaseModel]] = {
    "salesforce": SalesforceConnection,
    "hubspot": HubspotConnection,
    "files": FilesConnection,
    "gleif": GleifConnection,
}


@dataclass(frozen=True, slots=True)
class Project:
    """Settings and the folder that relative paths in them start from."""

    folder: Path
    settings: ProjectSettings

    @property
    def store_url(self) -> str:
        """The store's URL with a relative SQLite path made absolute; the environment may override it."""
        url = os.environ.get(STORE_VARIABLE) or self.settings.store.url
        prefix = "sqlite:///"
        if not url.startswith(prefix):
            return url
        return f"{prefix}{(self.folder / Path(url[len(prefix) :]).expanduser()).resolve()}"


def load_project(path: Path) -> Project:
    """Read a settings file, or the `trueline.toml` of a folder; ConfigError in one sentence when it cannot be used."""
    file = path if path.suffix == ".toml" and not path.is_dir() else path / FILE_NAME
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"There is no {file}; run `trueline init` to write one.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}); check its path and permissions.") from None
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the parser's own errors, and Python's limits on digits and depth
        raise ConfigError(f"{file} is not valid TOML: {error}.") from None
    return Project(file.resolve().parent, parse_settings(tables, file.name))


def parse_settings(tables: Mapping[str, Any], source: str) -> ProjectSettings:
    """Check parsed TOML; ConfigError names the key, what is wrong with it and the likely fix."""
    try:
        return ProjectSettings.model_validate(tables)
    except ValidationError as error:
        first, *rest = error.errors()
        more = f" ({len(rest)} more after it)" if rest else ""
        raise ConfigError(f"{source}: {_sentence(first)}{more}.") from None


def _sentence(error: ErrorDetails) -> str:
    path = [str(part) for part in error["loc"]]
    if len(path) > 2 and path[0] == "connections" and path[2] in _SYSTEMS:
        del path[2]  # pydantic names the union's member, which is no key of the file
    key, kind = ".".join(path), error["type"]
    if kind == "extra_forbidden":
        return f"unknown key {key}{_suggestion(path, error['loc'])}"
    if kind == "missing":
        return f"{key} is missing; add it"
    if kind == "union_tag_not_found":
        return f"{key}.system is missing; it must be one of {', '.join(sorted(_SYSTEMS))}"
    if kind == "union_tag_invalid":
        return f"{key}.system must be one of {', '.join(sorted(_SYSTEMS))}"
    if "secret" in path[-1]:
        return f"{key} must say where the secret is (env:NAME, keyring:NAME or file:PATH), never the secret itself"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{key} {message[0].lower() + message[1:]}{_shown(error['input'])}"


def _shown(value: object) -> str:
    return f", not {value!r}" if isinstance(value, (str, int, float, bool)) and len(str(value)) < 40 else ""


def _suggestion(path: list[str], loc: tuple[int | str, ...]) -> str:
    table: type[BaseModel] | None = ProjectSettings
    if len(loc) > 2 and loc[0] == "connections":
        table = _SYSTEMS.get(str(loc[2]))
    elif len(loc) == 2:
        annotation = ProjectSettings.model_fields[str(loc[0])].annotation
        table = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    known = list(table.model_fields) if table else []
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known keys here are {', '.join(known)}" if known else ""
