"""Moving records to the recycle bin and bringing them back, 200 at a time.

A deletion has no precondition, so a record is left alone unless it is as it was when the plan was made. The bin keeps
records for 15 days; with a record come back the children that went with it, but not those that a merge moved away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors._salesforce_client import Client
from connectors._salesforce_deeds import Deeds
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_send import COLLECTION_RECORDS, row_errors
from connectors._salesforce_soap import MAX_IDS, undelete_call
from model.batch import Batch
from model.changes import Planned

_GONE_CODES = frozenset({"ENTITY_IS_DELETED"})


class _ByRecord:
    """What deleting and restoring share: reading the records before and after."""

    should_exist: bool

    def __init__(self, client: Client, readback: Readback) -> None:
        self._client = client
        self._readback = readback

    def _read(self, deeds: Deeds, some: Sequence[Planned], why: str) -> Mapping[str, Current]:
        return self._readback.read(deeds.stream, [planned.change.key.id for planned in some], why)

    def prove(self, deeds: Deeds, started_us: int) -> Sequence[Batch]:
        now = self._read(deeds, deeds.unproved, "proofs")
        batch = self._readback.last_batch
        for planned in deeds.unproved:
            record = now.get(planned.change.key.id)
            exists = record is not None and record.exists
            version = record.version if record else None
            if exists is self.should_exist:
                deeds.settle(planned, "applied", version=version, made=deeds.accepted[planned.id])
            else:
                text = "accepted, and done otherwise by somebody since"
                deeds.settle(planned, "applied", "CHANGED", text, version=version)
        return () if batch is None else (batch,)


class Deleting(_ByRecord):
    """Deletions of one org, one unit at a time."""

    should_exist = False

    def guard(self, deeds: Deeds) -> None:
        before = self._read(deeds, deeds.batch, "guards")
        for planned in deeds.batch:
            record = before.get(planned.change.key.id)
            if record is None or not record.exists:
                version = record.version if record else None
                deeds.settle(planned, "already", "", "it was deleted already", version=version)
            elif record.values.get("is_person_account"):
                text = "the contact of a person account goes with its account only"
                deeds.settle(planned, "rejected", "PERSON_ACCOUNT", text)
            elif planned.change.seen_at not in (None, record.version):
                text = "the record was changed since it was read"
                deeds.settle(planned, "conflict", "MOVED", text, version=record.version)

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        ids = ",".join(planned.change.key.id for planned in some)
        self._client.usage.needs("deletions", len(some), most=COLLECTION_RECORDS)
        answer = self._client.write("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false", None)
        rows = answer if isinstance(answer, list) and len(answer) == len(some) else []
        locked = []
        for planned, row in zip(some, rows, strict=False):
            errors = row_errors(row)
            if isinstance(row, Mapping) and row.get("success") is True:
                deeds.accepted[planned.id] = None
            elif errors and errors[0].get("statusCode") in _GONE_CODES:
                deeds.settle(planned, "already", "", "somebody else deleted it meanwhile")
            elif deeds.refuse(planned, errors):
                locked.append(planned)
        return locked


class Restoring(_ByRecord):
    """Restores of one org, one unit at a time."""

    should_exist = True

    def guard(self, deeds: Deeds) -> None:
        before = self._read(deeds, deeds.batch, "guards")
        for planned in deeds.batch:
            record = before.get(planned.change.key.id)
            if record is None:
                deeds.settle(planned, "conflict", "GONE", "the record has left the recycle bin")
            elif record.exists:
                text = "it is there already"
                deeds.settle(planned, "already", "", text, version=record.version, made=planned.change.key.id)

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        self._client.usage.needs("restores", len(some), most=MAX_IDS)
        answers = self._client.soap("undelete", undelete_call(planned.change.key.id for planned in some))
        locked = []
        for planned, answer in zip(some, answers, strict=False):
            if answer.is_success:
                deeds.accepted[planned.id] = planned.change.key.id
            elif deeds.refuse(planned, answer.errors):
                locked.append(planned)
        return locked
