"""The part of the store that keeps whom people belong to, and what the next resolution goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import polars as pl
from sqlalchemy import BigInteger, Column, LargeBinary, Table, func, select

from model.evidence import RecordKey
from store import derived, marks, matches
from store.columns import text_type
from store.derived import FINDINGS, LINKS, frame_of
from store.planning import Planning
from store.tables import METADATA

# Frames that the next resolution goes on from, as Arrow: segment 0 is of the last one that looked at everybody,
# segment 1 of what changed since.
PARTS = Table(
    "resolved_parts",
    METADATA,
    Column("segment", BigInteger(), primary_key=True, autoincrement=False),
    Column("part", text_type(), primary_key=True),
    Column("body", LargeBinary(), nullable=False),
)
STEP = "resolve"
_KEY = ["connection", "stream", "id"]


@dataclass(frozen=True, slots=True)
class LinkUpdate:
    """The outcome of a resolution, all of it or, with `only` (connection, stream, id), what it says of these records.

    `parts` are frames for the next resolution, in the place of the segment of that number and of all later ones. With
    `settings` those of `seen`, or all, wait no longer to be resolved.
    """

    links: pl.DataFrame
    findings: pl.DataFrame | None = None
    only: pl.DataFrame | None = None
    parts: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    segment: int = 0
    settings: str | None = None
    seen: pl.DataFrame | None = None


class Resolving(Planning):
    """Links of an open store."""

    def save_links(self, run_id: str, update: LinkUpdate) -> None:
        """Put these links of people to accounts, and these findings, in the place of the earlier ones, all or nothing;
        the next plan and scoring are to look at people whose link is another."""
        before = self.links() if update.only is None else matches.rows_of(self._database, LINKS, update.only)
        types = {name: kind for name, kind in before.schema.items() if name in update.links.columns}
        now = update.links.select(pl.col(name).cast(kind) for name, kind in types.items())
        told = now.join(before, on=now.columns, how="anti", nulls_equal=True)
        with self._database.write() as connection:
            if update.only is None:
                connection.execute(LINKS.delete())
                connection.execute(FINDINGS.delete().where(FINDINGS.c.step == STEP))
            else:
                derived.delete_rows(connection, LINKS.name, _KEY, update.only)
                derived.delete_rows(connection, FINDINGS.name, _KEY, update.only, f" AND step = '{STEP}'")
            derived.insert_frame(self._database, connection, LINKS, update.links, {})
            if update.findings is not None:
                positioned = update.findings.with_row_index("position", offset=derived.next_position(connection, STEP))
                constants = {"step": STEP, "run_id": run_id}
                derived.insert_frame(self._database, connection, FINDINGS, positioned, constants)
            connection.execute(PARTS.delete().where(PARTS.c.segment >= update.segment))
            for part, frame in update.parts.items():
                connection.execute(PARTS.insert().values(segment=update.segment, part=part, body=_packed(frame)))
            marks.mark_concerned(connection, [RecordKey(*row) for row in told.select(_KEY).rows()], ("plan", "score"))
            if update.settings is not None:
                marks.settle(connection, "resolve", update.settings, seen=update.seen)

    def links(self) -> pl.DataFrame:
        return frame_of(self._database, LINKS)

    def linked(self) -> tuple[int, int]:
        """How many people were resolved, and for how many of them an account was found."""
        with self._database.read() as connection:
            people, linked = connection.execute(select(func.count(), func.count(LINKS.c.account_id))).one()
        return int(people), int(linked)

    def resolved_parts(self) -> list[dict[str, pl.DataFrame]]:
        """What was kept for the next resolution: segments in order, each with its frames."""
        found: dict[int, dict[str, pl.DataFrame]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(PARTS).order_by(PARTS.c.segment)):
                found.setdefault(row.segment, {})[row.part] = pl.read_ipc(BytesIO(row.body))
        return list(found.values())


def _packed(frame: pl.DataFrame) -> bytes:
    held = BytesIO()
    frame.write_ipc(held, compression="lz4")
    return held.getvalue()
