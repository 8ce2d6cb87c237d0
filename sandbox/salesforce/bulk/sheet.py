"""An uploaded CSV as the platform reads it: strict about quotes, columns and line endings, before any row counts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from sandbox.salesforce.bulk.dialect import DELIMITERS, ENDINGS, Dialect

Cells = list[str]
MOST_FIELDS, MOST_IN_FIELD, MOST_IN_RECORD = 5_000, 32_000, 400_000  # the last two in characters
_FIELD = f"InvalidBatch : Failed to parse CSV. A field has over {MOST_IN_FIELD:,} characters"
_QUOTE = "Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote"


class Unreadable(Exception):
    """The whole file is refused; the text is the job's errorMessage."""


class Sheet:
    """The rows of one upload, read anew for each pass: a file may be large."""

    def __init__(self, data: bytes, dialect: Dialect) -> None:
        self._data = data
        self._dialect = dialect
        self._delimiter = DELIMITERS[dialect.delimiter]
        value = rf'(?:"(?:[^"]|"")*"|[^"{re.escape(self._delimiter)}\r\n]*)'
        self._strict = re.compile(rf"{value}(?:{re.escape(self._delimiter)}{value})*[\r\n]*")

    def header(self) -> Cells:
        """The names in the first row; Unreadable when there is none."""
        first = next(self._records(), None)
        if first is None:
            raise Unreadable("InvalidBatch : Failed to parse CSV. The file has no header row")
        return first

    def rows(self) -> Iterator[Cells]:
        """All rows after the header; Unreadable at the first one that breaks a rule."""
        records = self._records()
        width = len(next(records, []))
        for number, cells in enumerate(records, start=2):
            if len(cells) != width:
                message = f"Failed to parse CSV. Row {number} has {len(cells)} columns and the header {width}"
                raise Unreadable(f"InvalidBatch : {message}")
            yield cells

    def _records(self) -> Iterator[Cells]:
        lines = _Lines(self._data)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        try:
            for cells in reader:
                raw = lines.taken()
                self._check_ending(raw)
                _check_size(cells, raw)
                if any('"' in cell for cell in cells) and not self._strict.fullmatch(raw):
                    raise Unreadable(f"InvalidBatch : {_QUOTE}")
                if cells:
                    yield cells
        except UnicodeDecodeError:
            raise Unreadable("InvalidBatch : Failed to parse CSV. The file is not in UTF-8") from None
        except csv.Error as error:
            raise Unreadable(_FIELD if "field larger" in str(error) else f"InvalidBatch : {_QUOTE}") from None

    def _check_ending(self, raw: str) -> None:
        """Rows end as the job says; only the last may end with the file."""
        found = re.search(r"[\r\n]*\Z", raw)
        ending = found.group() if found else ""
        if ending and ending.removeprefix(ENDINGS[self._dialect.ending]) != "":
            raise Unreadable(
                f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
                f"{self._dialect.ending}"
            )


def _check_size(cells: Cells, raw: str) -> None:
    """The limits of one record: characters, fields, and characters of a field."""
    if len(cells) > MOST_FIELDS:
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. A record has more than {MOST_FIELDS:,} fields")
    if len(raw) > MOST_IN_RECORD:
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. A record has over {MOST_IN_RECORD:,} characters")
    if len(raw) > MOST_IN_FIELD and any(len(cell) > MOST_IN_FIELD for cell in cells):
        raise Unreadable(_FIELD)


class _Lines:
    """The lines of a file for a CSV reader, which remembers those of the record being read."""

    def __init__(self, data: bytes) -> None:
        self._lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
        self._record: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._record.append(line)
        return line

    def taken(self) -> str:
        """The text of the record that the reader has just given."""
        record, self._record = "".join(self._record), []
        return record
