"""Whether the store holds what the CRMs hold, once everything was pulled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from store import Store
from sync.records import stored_frames
from tests.proof.judge import Violation
from tests.proof.ledger import FIELDS, Ledger, plain


def mirror(store: Store, ledger: Ledger) -> Iterator[Violation]:
    """What the store holds otherwise than the CRMs, once everything was pulled; what it calls unknown aside."""
    readable = {
        tuple(row[:3]) for row in store.readable().filter("readable").select("connection", "stream", "field").rows()
    }
    frames = stored_frames(store, ("accounts", "contacts", "leads"))
    for connection, stream in FIELDS:
        live = ledger.live(connection, stream)
        frame = frames[stream].filter(pl.col("connection") == connection)
        held = {row["id"]: row for row in frame.rows(named=True)}
        for key in sorted(live.keys() ^ held.keys()):
            where = "the CRM" if key in live else "the store"
            yield Violation("mirror", f"{connection}/{stream}/{key} is only in {where}")
        fields = [name for name in FIELDS[connection, stream] if (connection, stream, name) in readable]
        for key in sorted(live.keys() & held.keys()):
            if _went_back(connection, held[key]["changed_at"], live[key]):
                continue
            for name in fields:
                stored, told = (plain(row[key][name], name) for row in (held, live))
                if name == "account_id" and told is None and stored not in ledger.live(connection, "accounts"):
                    continue  # the account went, and with it the link
                if name == "account_id":
                    stored, told = (ledger.survivor(connection, "accounts", one) for one in (stored, told))
                if stored != told:
                    yield Violation("mirror", f"{connection}/{stream}/{key} {name}: {stored!r}, the CRM has {told!r}")


def _went_back(connection: str, stored: datetime, live: Mapping[str, Any]) -> bool:
    """Whether the CRM's clock fell back under the record, so that what is newer bears an older time than what was read
    before: that clocks run forward is an assumption of the guarantees."""
    stamp = live["SystemModstamp" if connection == "sf" else "_updated"]
    return datetime.fromisoformat(stamp).replace(tzinfo=None) < stored.replace(tzinfo=None)
