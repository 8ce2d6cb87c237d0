"""Snapshots of the records in a change of whole records, kept for its undo."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
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
    were then.
    """
    for change_id, shots in taken.items():
        here = SNAPSHOTS.c.change_id == change_id
        known = {(row.connection, row.stream, row.id) for row in connection.execute(select(SNAPSHOTS).where(here))}
        if len(known) <= len(shots):
            connection.execute(SNAPSHOTS.delete().where(here))
            known = set()
        new = [shot for shot in shots if (shot.key.connection, shot.key.stream, shot.key.id) not in known]
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
