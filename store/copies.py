"""What records say of the account they hang on, kept true to the links that a full sweep has shown.

HubSpot shows a record's primary company as a property of the record, and a link that comes or goes moves no record's
modified date: what was read with the record may have ended before any sweep of associations saw the link.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, func, select

from store import marks
from store.mirror import MIRROR

_LINKS = MIRROR["associations"]
_STREAMS = ("contacts", "deals")
# A record that changed this shortly before the sweep began may have been linked after the sweep came by.
_MARGIN_US = 10 * 60 * 1_000_000


def follow_links(connection: Connection, name: str, swept_at: int) -> None:
    """Give the records of a connection the account of their primary link, and those without one none, where a whole
    sweep of its associations that began then (µs) says otherwise than the record. Connections that never had a link of
    a stream to accounts, as Salesforce has none of deals, say all with the record."""
    for stream in _STREAMS:
        table = MIRROR[stream]
        ever = and_(_LINKS.c.connection == name, _LINKS.c.from_stream == stream, _LINKS.c.to_stream == "accounts")
        if connection.execute(select(_LINKS.c.id).where(ever).limit(1)).first() is None:
            continue
        primary = and_(ever, _LINKS.c.is_deleted.is_(False), _LINKS.c.is_primary.is_(True))
        # Both sides in one pass each: asked for the link of each record, SQLite would look at every link each time.
        every = select(_LINKS.c.from_id, func.min(_LINKS.c.to_id)).where(primary).group_by(_LINKS.c.from_id)
        linked = {str(row[0]): str(row[1]) for row in connection.execute(every)}
        here = and_(table.c.connection == name, table.c.is_deleted.is_(False))
        settled = and_(here, table.c.changed_at <= swept_at - _MARGIN_US)
        held = connection.execute(select(table.c.id, table.c.account_id).where(settled))
        stale = [record for record, account in held if account != linked.get(record)]
        marks.mark(connection, name, stream, stale, marks.marked(connection, stream))
        change = table.update().where(here, table.c.id == bindparam("record")).values(account_id=bindparam("account"))
        if stale:
            connection.execute(change, [{"record": record, "account": linked.get(record)} for record in stale])
