"""The files connector's harness: a folder of exports, read in pages of two rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.files import FileSource
from model.settings import FilesConnection
from tests.connectors.harness import TROUBLES, Harness

_WHY = "no remote answers: a file is read whole before its first page, and damage to it is an InputError"
_CONTACTS = """Id,FirstName,LastName,Email,AccountId,HasOptedOutOfEmail,LastModifiedDate
003000000000001AAA,Ada,Aster,ada@example.com,001000000000001AAA,false,2026-01-01T10:00:00.000Z
003000000000002AAA,Ben,Birch,,001000000000001AAA,true,2026-01-02T10:00:00.000Z
003000000000003AAA,Cleo,Cedar,cleo@example.com,,false,2026-01-03T10:00:00.000Z
003000000000004AAA,Dan,Dogwood,dan@example.com,001000000000002AAA,,2026-01-04T10:00:00.000Z
003000000000005AAA,Eve,Elm,eve@example.com,001000000000002AAA,false,2026-01-05T10:00:00.000Z
"""


@contextmanager
def open_harness() -> Iterator[Harness]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        path.write_text(_CONTACTS, "utf-8")
        settings = FilesConnection(system="files", files=(str(path),))

        def add_unknown_columns() -> None:
            lines = _CONTACTS.splitlines()
            grown = [f"{line},{'Later__c' if number == 0 else '[1]'}" for number, line in enumerate(lines)]
            path.write_text("\n".join(grown), "utf-8")

        yield Harness(
            stream="contacts",
            impossible={name: _WHY for name in TROUBLES if name != "unknown-fields"},
            ids=frozenset(line.split(",")[0] for line in _CONTACTS.splitlines()[1:]),
            connect=lambda: FileSource("exports", settings, page_rows=2),
            troubles={"unknown-fields": add_unknown_columns},
            slept=[],
            calls=lambda: 0,
        )
