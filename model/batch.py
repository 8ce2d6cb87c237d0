"""What a connector hands over: columns of records, and the page that carries them.

Three states of a field: *unknown* (its column is not in `Batch.readable`: not permitted, not asked), *blank* (readable
and None) and *value*. No connector invents a None for a field it could not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.streams import SYSTEM_FIELDS, Value, ValueType


@dataclass(frozen=True, slots=True)
class CustomColumn:
    """One mapped field of the org's or portal's own: its type, and a value per record of the batch."""

    type: ValueType
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one connection and stream as equally long columns.

    `columns` always has `id` and `changed_at`; of the stream's own fields exactly those in `readable`, and of the
    other system fields those the source has. Values are of the Python types in `model.streams`.
    `custom` holds the mapped fields that are no canonical ones, by their own names, typed as the source describes them.
    """

    connection: str
    stream: str
    columns: Mapping[str, list[Value]]
    readable: frozenset[str]
    custom: Mapping[str, CustomColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns.values()}
        lengths |= {len(column.values) for column in self.custom.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of {self.connection}/{self.stream} differ in length: {sorted(lengths)}")
        missing = ({"id", "changed_at"} | self.readable) - self.columns.keys()
        if missing:
            raise ValueError(f"columns of {self.connection}/{self.stream} lack {', '.join(sorted(missing))}")
        extra = self.columns.keys() - self.readable - {f.name for f in SYSTEM_FIELDS}
        if extra:
            names = ", ".join(sorted(extra))
            raise ValueError(f"columns of {self.connection}/{self.stream} not named readable: {names}")

    def __len__(self) -> int:
        return len(self.columns["id"])


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far one stream of one connection has been pulled.

    `since` (µs): everything the remote changed before it is in the store; None before the first full pull.
    `cursor`: opaque to all but the connector; where an interrupted pull goes on, or None.
    """

    since: int | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull. The store saves its rows and its watermark in one transaction.

    `watermark` is what the next pull starts from if this page is the last thing that was saved: with a cursor while
    the pull goes on, without one on the last page. `is_full` says that the pull this page belongs to reads everything
    there is, so that records it never shows are gone. `gaps` holds sentences for people: what could not be read.
    """

    batch: Batch
    watermark: Watermark
    is_full: bool
    gaps: tuple[str, ...] = field(default=())

    @property
    def is_last(self) -> bool:
        return self.watermark.cursor is None
