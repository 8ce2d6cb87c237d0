"""The tables of the docs that are made from the code, between `<!-- made from … -->` and `<!-- end -->`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Sequence

from hygiene.rules import RULES
from model.streams import STREAMS, SYSTEM_FIELDS
from sandbox.catalogue import Entry
from sandbox.control import PREFIX, Control
from sandbox.desk import FaultDesk
from sandbox.faults import Fault
from sandbox.hubspot.faults import FAULTS as HUBSPOT
from sandbox.log import RequestLog
from sandbox.salesforce.faults import FAULTS as SALESFORCE
from sandbox.transport_faults import TRANSPORT
from sandbox.wire import Request, Response

_WORD = re.compile(r"^    (\w+): [^=]+ = (.+?)  # (.+)$", re.MULTILINE)

_PART = re.compile(r"(?<=<!-- made from )(?P<source>[\w./]+)(?P<open> -->\n)(?P<table>.*?)(?=<!-- end -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """A page with its made tables as the code now has them."""
    return _PART.sub(lambda part: f"{part['source']}{part['open']}\n{TABLES[part['source']]()}\n", text)


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _rules() -> str:
    rows = [(f"`{rule.slug}`", rule.severity, rule.group, rule.description) for rule in RULES.values()]
    return _table(("Rule", "Weight", "Chapter", "What it says"), rows)


def _streams() -> str:
    rows = []
    for stream in STREAMS.values():
        fields = ", ".join(
            f"`{field.name}`" + ("" if field.type == "text" else f" {field.type}") for field in stream.fields
        )
        rows.append((f"`{stream.name}`", fields))
    own = ", ".join(f"`{field.name}`" + ("" if field.type == "text" else f" {field.type}") for field in SYSTEM_FIELDS)
    return _table(("Table", "Columns (text where no type is named)"), [("each of them", f"`connection`, {own}"), *rows])


def _fault_words() -> str:
    """The fields of a fault with the comments that stand beside them."""
    rows = []
    for name, usual, says in _WORD.findall(inspect.getsource(Fault)):
        if name not in ("act", "label", "name"):
            rows.append((f"`{name}`", f"`{usual}`" if not usual.startswith("field(") else "`{}`", says))
    return _table(("Word", "Usual", "What"), rows)


def _faults(entries: Iterable[Entry]) -> Callable[[], str]:
    def table() -> str:
        rows = []
        for entry in entries:
            says = f"{entry.says} *rows*" if entry.of_rows else entry.says
            takes = ", ".join(f"`{name}`" for name in entry.takes)
            rows.append((f"`{entry.name}`", says, takes))
        return _table(("Fault", "What happens", "Takes"), rows)

    return table


def _control_paths() -> str:
    class Nothing:
        system = "nothing"

        def handle(self, request: Request) -> Response:
            return Response(404)

    control = Control(Nothing(), FaultDesk(), RequestLog(), None)
    told = json.loads(control.handle(Request.make("GET", PREFIX, {}, b"")).body)["paths"]
    rows = [(path["method"], f"`{path['path'].removeprefix(PREFIX)}`", path["says"]) for path in told]
    return _table(
        ("Method", "Path after `control`", "What"), [row if row[1] != "``" else (row[0], "", row[2]) for row in rows]
    )


TABLES: dict[str, Callable[[], str]] = {
    "hygiene/rules.py": _rules,
    "model/streams.py": _streams,
    "sandbox/control.py": _control_paths,
    "sandbox/faults.py": _fault_words,
    "sandbox/transport_faults.py": _faults(TRANSPORT),
    "sandbox/salesforce/faults.py": _faults(SALESFORCE),
    "sandbox/hubspot/faults.py": _faults(HUBSPOT),
}
