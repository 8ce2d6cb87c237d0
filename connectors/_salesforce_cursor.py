"""Where an interrupted pull goes on: stored as JSON in the watermark, read back by the next run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where an interrupted pull goes on.

    `until` (µs) is the next watermark; `since` is None in a full pull. `part` is the part being read, of which `gone`
    says whether its deletions were asked for, `seen` how many rows came so far and `expected` how many its query said
    there are. `link` is the remote's cursor of the next page; `last` the key of the last row saved; `before` the deal
    and stage of the last row of a history. With a `job`, `link` is a locator of its results and `skip` says how many
    rows behind it were saved.
    """

    until: int
    since: int | None
    part: int = 0
    gone: bool = False
    link: str = ""
    last: str = ""
    before: str = ""
    seen: int = 0
    expected: int = 0
    job: str = ""
    skip: int = 0

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """ValueError or TypeError when the text is not one of ours."""
        value = json.loads(text)
        if not isinstance(value, dict) or set(value) != set(cls.__dataclass_fields__):
            raise ValueError("not a cursor of this version")
        return cls(**value)

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    def next_part(self) -> Cursor:
        return Cursor(until=self.until, since=self.since, part=self.part + 1)
