"""What records say of the account they hang on, kept true to the links that a full sweep has shown.

HubSpot shows a record's primary company as a property of the record, and a link that comes or goes moves no record's
modified date: what was read with the record may have ended before any sweep of associations saw the link.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, select

from store import marks
from store.mirror import MIRROR

_LINKS = MIRROR["associations"]
_STREAMS = ("contacts", "deals")
# A record that changed this shortly before the sweep began may have been linked after the sweep came by.
_MARGIN_US = 10 * 60 * 1_000_000
_AT_ONCE = 500


def follow_links(connection: Connection, name: str, swept_at: int) -> None:
    """Give the records of a connection the account of their primary link, and those without one none, where a whole
    sweep of its associations that began then (µs) says otherwise than the record. Connections that have no links of a
    stream to accounts, as Salesforce has none of deals, say all with the record."""
    for stream in _STREAMS:
        table = MIRROR[stream]
        live = and_(
            _LINKS.c.connection == name,
            _LINKS.c.from_stream == stream,
            _LINKS.c.to_stream == "accounts",
            _LINKS.c.is_deleted.is_(False),
        )
        if connection.execute(select(_LINKS.c.id).where(live).limit(1)).first() is None:
            continue
        linked = (
            select(_LINKS.c.to_id)
            .where(live, _LINKS.c.from_id == table.c.id, _LINKS.c.is_primary.is_(True))
            .order_by(_LINKS.c.to_id)
            .limit(1)
            .scalar_subquery()
        )
        here = and_(table.c.connection == name, table.c.is_deleted.is_(False))
        stale = and_(here, table.c.changed_at <= swept_at - _MARGIN_US, table.c.account_id.is_distinct_from(linked))
        ids = connection.execute(select(table.c.id).where(stale)).scalars().all()
        marks.mark(connection, name, stream, ids, marks.marked(connection, stream))
        for first in range(0, len(ids), _AT_ONCE):
            some = and_(here, table.c.id.in_(ids[first : first + _AT_ONCE]))
            connection.execute(table.update().where(some).values(account_id=linked))
