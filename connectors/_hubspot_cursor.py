"""Where an interrupted pull goes on: a few facts as JSON, opaque to everybody else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from model.batch import Watermark

# Changes this much older than the watermark are read again: the search index lags behind the records.
OVERLAP_US = 5 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """One position of one pull. `until` is the remote's clock when the pull began, and becomes the next `since`.

    `since` None: a full pull. `step` counts the parts a pull has (live then archived records; sources of links).
    `after`: the paging token or, in a search, the last id shown. `is_partial`: a part could not be read, so that what
    was not shown is not gone. `shown` counts the records so far.
    """

    until: int
    since: int | None = None
    step: int = 0
    after: str | None = None
    is_partial: bool = False
    shown: int = 0

    @property
    def is_full(self) -> bool:
        return self.since is None and not self.is_partial

    @property
    def from_us(self) -> int:
        """Where the window of changes begins, the overlap included."""
        return max((self.since or 0) - OVERLAP_US, 0)

    def at(self, after: str | None, shown: int = 0) -> Cursor:
        """The same part, one page on; the next part when there is no page behind it."""
        step = self.step if after is not None else self.step + 1
        return replace(self, step=step, after=after, shown=self.shown + shown)

    def from_part(self) -> Cursor:
        """The same position; where a new kind of objects begins, with none of it shown yet."""
        return replace(self, shown=0) if self.after is None and self.step % 2 == 0 else self

    def watermark(self, base: Watermark) -> Watermark:
        """What to save with a page behind which the pull goes on here."""
        return Watermark(base.since, json.dumps(asdict(self), separators=(",", ":")))

    def end(self) -> Watermark:
        """What to save with the last page."""
        return Watermark(self.until)


def resumed(watermark: Watermark) -> Cursor | None:
    """The position a watermark holds; None when it holds none, or one that this version cannot read."""
    if watermark.cursor is None:
        return None
    try:
        raw = json.loads(watermark.cursor)
        cursor = Cursor(**raw)
    except (ValueError, TypeError):
        return None
    numbers = (cursor.until, cursor.step, cursor.shown, cursor.since or 0)
    is_sound = all(isinstance(number, int) for number in numbers) and isinstance(cursor.after, str | None)
    return cursor if is_sound else None
