"""Merging accounts, contacts and leads over SOAP, two losers at a time into one survivor.

Of the losers' values only those reach the survivor that the request carries, so every request of a change carries them
all. Requests are transactions of their own: where one is refused, the others stand, and the outcome says so. A merge
that came half-way is taken up where it stopped: losers that live in the survivor already are not sent again. A loser
can be restored later, its children stay with the survivor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connectors._salesforce_batches import remote_values
from connectors._salesforce_client import Client
from connectors._salesforce_deeds import PARTLY, Deeds
from connectors._salesforce_faults import error_code
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_redundant import REFUSED, Redundant
from connectors._salesforce_soap import MAX_LOSERS, MAX_MERGES, Result, merge_call, merge_request
from connectors.connector import Observed
from model.batch import Batch
from model.changes import Merge, Planned

Currents = Mapping[str, Current]


class Merging:
    """Merges of one org, one unit at a time."""

    def __init__(self, client: Client, readback: Readback, redundant: Redundant) -> None:
        self._client = client
        self._readback = readback
        self._redundant = redundant
        self._before: Currents = {}
        self._tried: set[str] = set()  # merges, by change id, of which relations in the way were looked for

    def guard(self, deeds: Deeds) -> None:
        self._tried.clear()
        changes = {planned.id: _merge(planned) for planned in deeds.batch}
        self._before = self._readback.read(deeds.stream, _ids(changes.values()), "guards")
        for planned in deeds.batch:
            self._check(deeds, planned, changes[planned.id])
        self._end(deeds, [one for one in deeds.batch if one not in deeds.open and self._left(changes[one.id])])

    def _check(self, deeds: Deeds, planned: Planned, change: Merge) -> None:
        survivor = self._before.get(change.key.id)
        if survivor is None or not survivor.exists:
            deeds.settle(planned, "conflict", "GONE", "the survivor was deleted or merged since it was read")
            return
        left = self._left(change)
        losers = [self._before.get(one) for one in left]
        if not left:
            deeds.settle(planned, "already", "", "it was merged already", version=survivor.version, made=change.key.id)
        elif any(one is None or not one.exists for one in losers):
            deeds.settle(planned, "conflict", "GONE", "a record to be merged was deleted or merged since it was read")
        elif len(left) == len(change.losers) and change.seen_at not in (None, survivor.version):
            text = "the survivor was changed since it was read"
            deeds.settle(planned, "conflict", "MOVED", text, version=survivor.version)
        else:
            for one in (survivor, *losers):
                if one and one.values.get("is_converted"):
                    deeds.settle(planned, "rejected", "CONVERTED", "a converted lead cannot be merged")
                if one and one.values.get("is_person_account"):
                    text = "the contact of a person account cannot be merged; merge the accounts"
                    deeds.settle(planned, "rejected", "PERSON_ACCOUNT", text)

    def _left(self, change: Merge) -> list[str]:
        """The losers that do not live in the survivor yet."""
        return [loser.id for loser in change.losers if survivor_of(loser.id, self._before) != change.key.id]

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        requests: list[str] = []
        owners: list[Planned] = []
        for planned in some:
            try:
                mine = self._requests(deeds.stream, _merge(planned))
            except ValueError as error:
                deeds.settle(planned, "rejected", "NOT_EXACT", str(error))
                continue
            requests += mine
            owners += [planned] * len(mine)
        if not requests:
            return []
        self._client.usage.needs(f"merges of {deeds.stream}", len(requests), most=MAX_MERGES)
        return self._note(deeds, owners, self._client.soap("merge", merge_call(requests)))

    def _requests(self, stream: str, change: Merge) -> list[str]:
        selection = self._readback.selection(stream)
        values = remote_values(selection, dict(change.values), self._before[change.key.id].currency)
        left = self._left(change)
        return [
            merge_request(selection.sobject.name, change.key.id, left[start : start + MAX_LOSERS], values)
            for start in range(0, len(left), MAX_LOSERS)
        ]

    def _note(self, deeds: Deeds, owners: Sequence[Planned], answers: Sequence[Result]) -> list[Planned]:
        """Take note of a call's answers; the changes that met nothing but locks are returned."""
        refused: dict[str, tuple[Planned, list[dict[str, str]]]] = {}
        for planned, answer in zip(owners, answers, strict=False):
            if answer.is_success:
                deeds.accepted[planned.id] = _merge(planned).key.id
            else:
                refused.setdefault(planned.id, (planned, answer.errors))
        # What was accepted in part is settled by what it came to.
        left = [(planned, errors) for planned, errors in refused.values() if planned.id not in deeds.accepted]
        freed = self._freed(deeds.stream, [planned for planned, errors in left if error_code(errors[0]) == REFUSED])
        again = [planned for planned, errors in left if planned.id in freed or deeds.refuse(planned, errors)]
        waiting = {planned.id for planned in again}
        self._end(deeds, [planned for planned, _ in left if planned.id not in waiting])
        return again

    def _end(self, deeds: Deeds, over: Sequence[Planned]) -> None:
        """Merges that come to nothing leave the relations as they were, also where an earlier push had died."""
        self._redundant.put_back(deeds.stream, [shot for planned in over for shot in _merge(planned).snapshots])

    def _freed(self, stream: str, blocked: Sequence[Planned]) -> set[str]:
        """Which of the refused merges had relations in the way, that are off now; each gets one more try."""
        fresh = [planned for planned in blocked if planned.id not in self._tried]
        self._tried |= {planned.id for planned in fresh}
        groups = [[_merge(planned).key.id, *self._left(_merge(planned))] for planned in fresh]
        counts = self._redundant.take_off(stream, groups)
        return {planned.id for planned, count in zip(fresh, counts, strict=True) if count}

    def prove(self, deeds: Deeds, started_us: int) -> Sequence[Batch]:
        changes = {planned.id: _merge(planned) for planned in deeds.unproved}
        now = self._readback.read(deeds.stream, _ids(changes.values()), "proofs")
        batch = self._readback.last_batch
        survivors = [change.key.id for change in changes.values() if change.values]
        replaced = self._readback.replacements(deeds.stream, survivors, started_us) if survivors else {}
        for planned in deeds.unproved:
            change = changes[planned.id]
            survivor = now.get(change.key.id)
            version = survivor.version if survivor else None
            for name, value in change.values:
                before = self._before[change.key.id].values.get(name)
                for old, new in replaced.get((change.key.id, name), ()):
                    if new == value and old != before:
                        text = f"a {name} that somebody else set meanwhile was overwritten"
                        deeds.settle(
                            planned, "overwrote", "OVERWROTE", text, version=version, found=old, made=change.key.id
                        )
            lost = [loser.id for loser in change.losers if survivor_of(loser.id, now) != change.key.id]
            text = f"{len(change.losers) - len(lost)} of {len(change.losers)} were merged" if lost else ""
            deeds.settle(planned, "applied", PARTLY if lost else "", text, version=version, made=change.key.id)
        return () if batch is None else (batch,)


def observed_merges(readback: Readback, changes: Sequence[Planned]) -> dict[str, Observed]:
    """By change id, the survivor once every loser lives in it."""
    found: dict[str, Observed] = {}
    stream = changes[0].change.key.stream
    now = readback.read(stream, _ids([_merge(planned) for planned in changes]), "observations")
    for planned in changes:
        change = _merge(planned)
        survivor = now.get(change.key.id)
        if survivor is None or not survivor.exists:
            found[planned.id] = Observed(None, None, exists=False)
            continue
        is_done = all(survivor_of(loser.id, now) == change.key.id for loser in change.losers)
        found[planned.id] = Observed(change.key.id if is_done else None, survivor.version)
    return found


def survivor_of(record_id: str, currents: Currents) -> str:
    """The id a record lives on under: merges are followed as far as the records at hand tell."""
    seen = {record_id}
    while (current := currents.get(record_id)) is not None and current.merged_into and current.merged_into not in seen:
        record_id = current.merged_into
        seen.add(record_id)
    return record_id


def _merge(planned: Planned) -> Merge:
    assert isinstance(planned.change, Merge)
    return planned.change


def requests_of(change: Merge) -> int:
    """How many requests a merge takes."""
    return -(-len(change.losers) // MAX_LOSERS)


def _ids(changes: Iterable[Merge]) -> list[str]:
    return list(dict.fromkeys(one for change in changes for one in (change.key.id, *(key.id for key in change.losers))))
