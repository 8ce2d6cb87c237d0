"""How a job's CSV is written: which character parts the columns and what ends a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import ApiError, bad_json

DELIMITERS: Mapping[str, str] = {
    "BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t",
}  # fmt: skip
ENDINGS: Mapping[str, str] = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words a job was created with."""

    delimiter: str = "COMMA"
    ending: str = "LF"

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Dialect:
        """The dialect of a job's body or facts; a refusal for a word that does not exist."""
        delimiter = one_of(facts, "columnDelimiter", tuple(DELIMITERS), "COMMA")
        ending = one_of(facts, "lineEnding", tuple(ENDINGS), "LF")
        one_of(facts, "contentType", ("CSV",), "CSV")
        return cls(delimiter, ending)

    def write(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Every value in double quotes; None and the empty text both become ``""``."""
        text = io.StringIO(newline="")
        csv.writer(
            text, delimiter=DELIMITERS[self.delimiter], lineterminator=ENDINGS[self.ending], quoting=csv.QUOTE_ALL
        ).writerows(rows)
        return text.getvalue().encode()

    def read(self, data: bytes) -> list[list[str]]:
        """The rows of what `write` wrote."""
        return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=DELIMITERS[self.delimiter]))


def one_of(body: Mapping[str, Any], name: str, known: tuple[str, ...], default: str | None = None) -> str:
    """A word of the body that must be one of some; `default` where it is left out."""
    value = body.get(name, default)
    if value is None:
        raise ApiError("API_ERROR", f"{name} is required")
    if value not in known:
        raise bad_json(f"Unexpected value '{value}' for {name}; it is one of {', '.join(known)} at [line:1, column:1]")
    return str(value)
