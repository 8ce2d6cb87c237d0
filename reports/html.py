"""The HTML page: one file, no script, nothing loaded from anywhere, every value from a CRM escaped."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.content import Report
from reports.private import write_privately
from reports.wording import counted, percent, shown


def _key(text: str) -> Markup:
    """A record key that may break after its slashes."""
    return Markup("/<wbr>").join(shown(text).split("/"))


_environment = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(shown=shown, key=_key, counted=counted, percent=percent, grouped="{:,}".format)
_STYLE = files("reports").joinpath("templates", "report.css").read_text("utf-8")
# The page may run no script, load nothing, send nothing and be styled by our own sheet only, whatever a hostile value
# in it tries.
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"


def render_html(report: Report) -> str:
    """The whole page as text; the same report gives the same bytes."""
    return page("report.html", report=report, steps=[_step(line) for line in report.story])


def page(template: str, **values: object) -> str:
    """A template filled with values, each escaped where it stands, with our style sheet and policy."""
    # The sheet is ours and holds no value.
    return _environment.get_template(template).render(policy=POLICY, style=Markup(_STYLE), **values)  # noqa: S704


def _step(line: str) -> tuple[str, str]:
    """A line of a story as its verb, set apart by two blanks or more, and what came of it."""
    verb, blanks, rest = line.partition("  ")
    return (verb, rest.strip()) if blanks and " " not in verb else ("", line)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step: a crash leaves the old one or the new one."""
    write_privately(path, lambda temporary: temporary.write_text(text, "utf-8", newline="\n"))
