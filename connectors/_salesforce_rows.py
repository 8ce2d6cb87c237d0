"""From JSON records to columns: one list per field, converted as a whole, and back to what Salesforce takes.

No object per record: a page of 2,000 records and 30 fields costs 30 list passes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from model.currency import from_minor, minor_digits, to_minor
from model.streams import Value, ValueType

# The largest text field Salesforce has; anything longer is no value of its.
MAX_TEXT = 131_072
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

Record = dict[str, Any]
Cells = list[Any]


def long_id(record_id: str) -> str:
    """The 18-character form of a 15-character id; any other text as it is.

    Of each block of five characters, bit k of the suffix is set when character k is A-Z.
    """
    if len(record_id) != 15:
        return record_id
    bits = (
        sum(1 << place for place, letter in enumerate(record_id[start : start + 5]) if "A" <= letter <= "Z")
        for start in (0, 5, 10)
    )
    return record_id + "".join(_SUFFIX[b] for b in bits)


def time_of(text: str) -> int:
    """µs since epoch of `2022-03-17T16:21:26.000+0000` or its Z form."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _times(cells: Cells) -> Cells:
    return [None if cell is None else time_of(cell) for cell in cells]


def _dates(cells: Cells) -> Cells:
    parse = date.fromisoformat
    return [None if cell is None else parse(cell[:10]).toordinal() - _EPOCH_DAY for cell in cells]


def _ints(cells: Cells) -> Cells:
    return [cell if cell is None or type(cell) is int else int(float(cell)) for cell in cells]


def _reals(cells: Cells) -> Cells:
    return [None if cell is None else float(cell) for cell in cells]


def _bools(cells: Cells) -> Cells:
    return [cell if cell is None else bool(cell) for cell in cells]


def _texts(cells: Cells) -> Cells:
    """Text without NUL and of bounded length; the empty text is a blank."""
    try:
        joined = "".join([cell for cell in cells if cell])
    except TypeError:
        cells = [cell if cell is None else _as_text(cell) for cell in cells]
        joined = "".join([cell for cell in cells if cell])
    if "\0" in joined or len(joined) > MAX_TEXT:
        return [cell.replace("\0", "")[:MAX_TEXT] or None if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _as_text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    return json.dumps(cell, ensure_ascii=False)


def _ids(cells: Cells) -> Cells:
    return [long_id(cell) if cell else None for cell in cells]


CONVERTERS: dict[ValueType, Callable[[Cells], Cells]] = {
    "text": _texts,
    "int": _ints,
    "real": _reals,
    "bool": _bools,
    "time": _times,
    "date": _dates,
}


class JsonCells:
    """The records of a query answer, column by column; a field a record lacks is None.

    ValueError, TypeError or KeyError when a cell is not of the asked kind.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def values(self, api_name: str, kind: ValueType) -> Cells:
        return CONVERTERS[kind](self._raw(api_name))

    def ids(self, api_name: str) -> Cells:
        return _ids(self._raw(api_name))

    def fractions(self, api_name: str) -> Cells:
        """Percentages from 0 to 100 as shares from 0 to 1."""
        return [None if cell is None else float(cell) / 100 for cell in self._raw(api_name)]

    def amounts(self, api_name: str, currencies: Sequence[str | None]) -> Cells:
        """Minor units of each record's currency."""
        scales = {currency: 10 ** minor_digits(currency) for currency in set(currencies)}
        return [
            None if cell is None else cell * scales[currency] if type(cell) is int else to_minor(str(cell), currency)
            for cell, currency in zip(self._raw(api_name), currencies, strict=True)
        ]

    def _raw(self, api_name: str) -> Cells:
        return [record.get(api_name) for record in self._records]


def remote_value(kind: ValueType, value: Value, currency: str | None) -> Any:
    """A canonical value as the JSON that Salesforce takes; ValueError when it cannot be written exactly."""
    if value is None:
        return None
    if kind == "money":
        return _json_amount(from_minor(int(value), currency))
    if kind == "date":
        return date.fromordinal(int(value) + _EPOCH_DAY).isoformat()
    if kind == "time":
        moment = _EPOCH + timedelta(microseconds=int(value))
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    return value


def _json_amount(amount: str) -> float | int:
    """A JSON number with exactly these digits: a float's shortest form keeps 15 of them."""
    if "." not in amount:
        return int(amount)
    if len(amount.replace("-", "").replace(".", "").lstrip("0")) > 15:
        raise ValueError("an amount of more than 15 digits cannot be written exactly")
    return float(amount)
