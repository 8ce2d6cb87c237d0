"""People who were forgotten: no pull brings them back, by keyed hashes of their records and e-mail addresses.

The key is random and never leaves the store, so that nobody can try addresses against the hashes elsewhere.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from sqlalchemy import Connection, select

from model.batch import Batch, CustomColumn
from model.evidence import RecordKey
from model.streams import Value
from store.derived import table_of
from store.tables import ForgottenRow, HashKeyRow

FORGOTTEN, HASH_KEYS = table_of(ForgottenRow), table_of(HashKeyRow)
# Streams whose rows are a person's, or about one, with the fields that hold addresses.
ADDRESSES = {"contacts": ("email", "extra_emails"), "leads": ("email",), "campaign_members": ("email",)}
# Stream -> fields that name a record, with the stream it is of or the field that says so. A row of one of these that
# names a forgotten person is theirs; in all other streams only the name goes.
REFERENCES = {
    "activities": (("contact_id", "contacts"), ("lead_id", "leads")),
    "campaign_members": (("contact_id", "contacts"), ("lead_id", "leads")),
    "associations": (("from_id", "from_stream"), ("to_id", "to_stream")),
}
MENTIONS = {"deals": (("contact_id", "contacts"),), "leads": (("converted_contact_id", "contacts"),)}
_KEY = "forgotten"


def addresses(text: Value) -> Iterator[str]:
    """The e-mail addresses in a field, one or several, as they are compared: trimmed and in small letters."""
    if isinstance(text, str):
        yield from (part.casefold() for part in re.split(r"[\s;,]+", text) if part)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The hashes of a store and their key."""

    key: bytes
    hashes: frozenset[str]

    def record(self, connection: str, stream: str, record_id: Value) -> bool:
        return _hash(self.key, f"{connection}/{stream}/{record_id}") in self.hashes

    def address(self, text: Value) -> bool:
        """Whether a field holds the address of somebody forgotten."""
        return any(_hash(self.key, address) in self.hashes for address in addresses(text))


def _hash(key: bytes, text: str) -> str:
    return blake2b(text.encode(), key=key, digest_size=16).hexdigest()


def remember(connection: Connection, keys: Iterable[RecordKey], emails: Iterable[str], at: int) -> None:
    """Keep the hashes of these records and addresses."""
    key = connection.execute(select(HASH_KEYS.c.body).where(HASH_KEYS.c.name == _KEY)).scalar_one_or_none()
    if key is None:
        key = secrets.token_bytes(32)
        connection.execute(HASH_KEYS.insert().values(name=_KEY, body=key))
    texts = {*map(str, keys), *(address for email in emails for address in addresses(email))}
    known = set(connection.execute(select(FORGOTTEN.c.hash)).scalars())
    if new := sorted({_hash(key, text) for text in texts} - known):
        connection.execute(FORGOTTEN.insert(), [{"hash": one, "at": at} for one in new])


def forgotten(connection: Connection) -> Forgotten | None:
    """Who was forgotten, or None when nobody was."""
    hashes = frozenset(connection.execute(select(FORGOTTEN.c.hash)).scalars())
    if not hashes:
        return None
    return Forgotten(connection.execute(select(HASH_KEYS.c.body).where(HASH_KEYS.c.name == _KEY)).scalar_one(), hashes)


def without_forgotten(connection: Connection, batch: Batch) -> Batch:
    """The batch without rows of forgotten people, and without their names in the rows of others."""
    known = forgotten(connection) if len(batch) else None
    if known is None:
        return batch
    gone = [known.record(batch.connection, batch.stream, record_id) for record_id in batch.columns["id"]]
    for name in ADDRESSES.get(batch.stream, ()):
        if name in batch.columns:
            gone = [was or known.address(text) for was, text in zip(gone, batch.columns[name], strict=True)]
    for named in _named(known, batch, REFERENCES.get(batch.stream, ())).values():
        gone = [was or is_theirs for was, is_theirs in zip(gone, named, strict=True)]
    blanked = _named(known, batch, MENTIONS.get(batch.stream, ()))
    if not (any(gone) or any(map(any, blanked.values()))):
        return batch
    columns = dict(batch.columns)
    for name, named in blanked.items():
        columns[name] = [None if is_theirs else value for value, is_theirs in zip(columns[name], named, strict=True)]
    custom = {name: CustomColumn(own.type, _kept(own.values, gone)) for name, own in batch.custom.items()}
    return replace(batch, columns={name: _kept(column, gone) for name, column in columns.items()}, custom=custom)


def _kept(column: list[Value], gone: list[bool]) -> list[Value]:
    return [value for value, is_gone in zip(column, gone, strict=True) if not is_gone]


def _named(known: Forgotten, batch: Batch, fields: Iterable[tuple[str, str]]) -> dict[str, list[bool]]:
    """By field, whether each row names a forgotten record there."""
    found = {}
    for name, stream in fields:
        if name in batch.columns:
            streams = batch.columns.get(stream, [stream] * len(batch))
            found[name] = [
                record_id is not None and known.record(batch.connection, str(of), record_id)
                for of, record_id in zip(streams, batch.columns[name], strict=True)
            ]
    return found
