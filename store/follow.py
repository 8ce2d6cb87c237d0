"""Memberships follow a merge: the record that lives on is one of the entity that the merged one belonged to."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select

from model.batch import Batch
from model.streams import Value
from store.derived import MEMBERSHIPS, PARTNERS


def follow_merges(connection: Connection, batch: Batch) -> None:
    """Where the survivor of a merged record is in no entity yet, as HubSpot's new ids are, it takes its place there
    and as a partner record."""
    for record_id, survivor in zip(batch.columns["id"], batch.columns.get("merged_into", ()), strict=False):
        if survivor is None:
            continue
        here = and_(MEMBERSHIPS.c.connection == batch.connection, MEMBERSHIPS.c.stream == batch.stream)
        known = select(exists().where(here, MEMBERSHIPS.c.id == survivor, MEMBERSHIPS.c.until_at.is_(None)))
        if connection.execute(known).scalar():
            continue
        held = and_(here, MEMBERSHIPS.c.id == record_id, MEMBERSHIPS.c.until_at.is_(None))
        connection.execute(MEMBERSHIPS.update().where(held).values(id=survivor, from_at=_free(survivor)))
        partner = and_(
            PARTNERS.c.connection == batch.connection, PARTNERS.c.stream == batch.stream, PARTNERS.c.id == record_id
        )
        connection.execute(PARTNERS.update().where(partner).values(id=survivor))


def _free(survivor: Value) -> ColumnElement[object]:
    """When the loser's membership becomes the survivor's: after those that the survivor had and that ended."""
    ended = MEMBERSHIPS.alias()
    last = (
        select(func.max(ended.c.until_at))
        .where(ended.c.connection == MEMBERSHIPS.c.connection, ended.c.stream == MEMBERSHIPS.c.stream)
        .where(ended.c.id == survivor)
        .scalar_subquery()
    )
    return case((last > MEMBERSHIPS.c.from_at, last), else_=MEMBERSHIPS.c.from_at)
