"""The HTML page: one file, no script, nothing loaded from anywhere, every value from a CRM escaped."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from model.errors import InputError
from reports.content import Report

_environment = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# The page may run no script and load nothing, whatever a hostile value in it tries.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def shown(text: str) -> str:
    """Text with control and direction-changing characters made visible, so that no value can disguise another."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


_environment.filters["shown"] = shown


def render_html(report: Report) -> str:
    """The whole page as text."""
    return _environment.get_template("report.html").render(report=report, policy=POLICY)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step: a crash leaves the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another place.") from None
