"""Snapshots of the records in a change of whole records, kept for its undo."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Table, and_, select

from model.evidence import RecordKey
from model.snapshots import Snapshot
from store.tables import Row, _bytes, _reference, _text, _time


class SnapshotRow(Row, table=True):
    """A record as it was before a change of whole records was sent, for its undo; `body` is compressed JSON."""

    __tablename__ = "snapshots"
    change_id: str = _reference("changes.id", key=True)
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    id: str = _text(key=True)
    at: datetime = _time()
    body: bytes = _bytes()


SNAPSHOTS: Table = SnapshotRow.__table__  # type: ignore[attr-defined]


Taken = Mapping[str, Sequence[Snapshot]]  # by change id
NONE_TAKEN: Taken = {}


def save(connection: Connection, taken: Taken, at: int) -> None:
    """By change id, the records as they are now.

    A change that is sent again after a part of it arrived meets fewer records than before: those it had stay as they
    were then. It may meet as many, and joins of theirs are off already: those stay too.
    """
    for change_id, shots in taken.items():
        here = SNAPSHOTS.c.change_id == change_id
        known = {shot.key: shot for shot in of_change(connection, change_id)}
        if len(known) <= len(shots):
            connection.execute(SNAPSHOTS.delete().where(here))
            shots, known = [_with_joins(shot, known.get(shot.key)) for shot in shots], {}
        new = [shot for shot in shots if shot.key not in known]
        rows = [
            {
                "change_id": change_id,
                "connection": shot.key.connection,
                "stream": shot.key.stream,
                "id": shot.key.id,
                "at": at,
                "body": zlib.compress(shot.dump().encode()),
            }
            for shot in new
        ]
        if rows:
            connection.execute(SNAPSHOTS.insert(), rows)


def _with_joins(shot: Snapshot, earlier: Snapshot | None) -> Snapshot:
    here = {one.id for one in shot.hanging}
    gone = [one for one in (earlier.hanging if earlier else ()) if one.values is not None and one.id not in here]
    return replace(shot, hanging=(*shot.hanging, *gone)) if gone else shot


def of_change(connection: Connection, change_id: str) -> tuple[Snapshot, ...]:
    rows = connection.execute(select(SNAPSHOTS).where(SNAPSHOTS.c.change_id == change_id).order_by(*SNAPSHOTS.c))
    return tuple(
        Snapshot.load(RecordKey(row.connection, row.stream, row.id), zlib.decompress(row.body).decode()) for row in rows
    )


def forget(connection: Connection, keys: Collection[RecordKey], emails: Collection[str]) -> int:
    """Take these records and addresses out of the snapshots of others; how many snapshots lost something."""
    texts = {key.id for key in keys} | set(emails)
    count = 0
    for row in connection.execute(select(SNAPSHOTS)).all():
        shot = Snapshot.load(RecordKey(row.connection, row.stream, row.id), zlib.decompress(row.body).decode())
        left = shot.without(texts)
        if left != shot:
            here = and_(
                *(SNAPSHOTS.c[name] == getattr(row, name) for name in ("change_id", "connection", "stream", "id"))
            )
            connection.execute(SNAPSHOTS.update().where(here).values(body=zlib.compress(left.dump().encode())))
            count += 1
    return count
