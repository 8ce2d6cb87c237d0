"""Taking merges apart from their snapshots, step by step until nothing is left to do.

Salesforce itself only brings losers back from the recycle bin, alone; what has left the bin is made anew, by upsert on
our external id. Then what hung on them is led back, joins that the merge deleted are made again, and the survivor gets
its values. Each round reads the records and works out what is left, so that an undo that died goes on where it was, and
one that is done does nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors._http import redacted
from connectors._salesforce_apart import State, Work, add_work, kept_relations
from connectors._salesforce_client import Client, chunks
from connectors._salesforce_create import Creating
from connectors._salesforce_deeds import PARTLY, Deeds
from connectors._salesforce_faults import error_code
from connectors._salesforce_parts import PARTS
from connectors._salesforce_raw import JOINS, RELATION, Query, Raw, Row, by_ids, join_key, writable
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_rows import long_id
from connectors._salesforce_schema import Schema
from connectors._salesforce_send import COLLECTION_RECORDS, row_errors
from connectors._salesforce_soap import MAX_IDS, undelete_call
from connectors._salesforce_soql import IDS_PER_QUERY, fitting
from connectors._unmerge import Case, Key, cases_of
from connectors.connector import Observed, Sent
from model.changes import OutcomeStatus, Planned
from model.errors import AuthFailed, ConnectorError, NotPermitted, QuotaSpent, RateLimited, Rejected, Unavailable

Owner = tuple[Case, tuple[Key, ...]]  # the case of a step, and the keys by which it is known
_ROUNDS = 6
_MOST_KINDS = 10  # runs of one object in a collection


class Unmerging:
    """Undoes merges of one org, one unit at a time."""

    def __init__(self, client: Client, schema: Schema, readback: Readback, creating: Creating) -> None:
        self._client = client
        self._raw = Raw(client, schema)
        self._readback = readback
        self._creating = creating
        self._step = 0
        self._now: Mapping[str, Current] = {}  # the cases' records as they were read last

    def send(self, batch: Sequence[Planned]) -> Sent:
        """Take the merges of one stream apart. Raises AuthFailed, QuotaSpent or Unavailable with nothing sent."""
        deeds = Deeds(batch)
        cases = _cases(deeds)
        sent = [False]
        self._step = 0
        try:
            state = self._read(deeds, cases)
            for case in cases:
                if case.planned in deeds.open and self._work_of(deeds, [case], state).is_done:
                    text = "it was taken apart already"
                    deeds.settle(case.planned, "already", "", text, version=case.change.seen_at, made=case.made)
            for _ in range(_ROUNDS):
                work = self._work_of(deeds, cases, state)
                if work.is_done:
                    break
                self._carry_out(deeds.stream, work, sent)
                state = self._read(deeds, cases)
        except (NotPermitted, Rejected) as error:
            for planned in deeds.open:
                status: OutcomeStatus = "unknown" if sent[0] else "rejected"
                deeds.settle(planned, status, type(error).__name__, str(error))
        except ConnectorError as error:
            if not sent[0]:
                raise _unsent(self._client, error) from error
            for planned in deeds.open:
                deeds.settle(planned, "unknown", type(error).__name__, str(error))
        return self._settled(deeds, cases)

    def observed(self, changes: Sequence[Planned]) -> dict[str, Observed]:
        """By change id, the losers as they are now once nothing is left to do."""
        deeds = Deeds(changes)
        cases = _cases(deeds)
        self._step = 0
        state = self._read(deeds, cases)
        found = {planned.id: Observed(None, None, exists=False) for planned in changes}
        for case in cases:
            if case.planned in deeds.open:
                work = Work()
                add_work(work, case, state, PARTS[deeds.stream][0].sobject)
                made = case.made if work.is_done else None
                found[case.planned.id] = Observed(made, None)
        return found

    def _work_of(self, deeds: Deeds, cases: Sequence[Case], state: State) -> Work:
        work = Work()
        for case in cases:
            if case.planned in deeds.open:
                add_work(work, case, state, PARTS[deeds.stream][0].sobject)
        return work

    # --- reading ---

    def _read(self, deeds: Deeds, cases: Sequence[Case]) -> State:
        """Everything the cases are about as it is now; cases whose survivor is gone get their outcome."""
        self._step += 1
        asked = [self._records(deeds.stream, cases), self._remade(deeds.stream, cases), self._hanging(cases),
                 self._joins(cases)]  # fmt: skip
        kind = PARTS[deeds.stream][0].sobject
        why = f"reads before step {self._step} of undoing {kind}"
        answers = iter(self._raw.many([query for some in asked for query in some], why))
        of_records, of_remade, of_hanging, of_joins = ([(query, next(answers)) for query in some] for some in asked)
        if self._find_homes(cases, [row for _, rows in of_remade for row in rows]):
            return self._read(deeds, cases)
        records = by_ids(rows for _, rows in of_records)
        self._now = self._readback.currents(deeds.stream, [dict(row) for row in records.values()])
        for case in cases:
            survivor = records.get(case.change.key.id)
            if survivor is None or survivor["IsDeleted"]:
                deeds.settle(case.planned, "conflict", "GONE", "the survivor was deleted or merged since the merge")
        joined: dict[str, dict[Key, Row]] = defaultdict(dict)
        for query, rows in of_joins:
            joined[query.kind] |= {join_key(query.kind, row): row for row in rows}
        hanging = by_ids(rows for _, rows in of_hanging)
        return State(records, hanging, joined, self._flags, self._ours(deeds.stream, self._now))

    def _columns(self, stream: str, cases: Sequence[Case]) -> list[str]:
        sobject = self._readback.selection(stream).sobject
        names = {name for case in cases for shot in (case.survivor, *case.losers) for name in shot.values}
        own = [*sorted(name for name in names if sobject.has(name)), "IsDeleted", "MasterRecordId"]
        return list(dict.fromkeys([*own, *self._readback.columns(stream)]))

    def _records(self, stream: str, cases: Sequence[Case]) -> list[Query]:
        ids = list(dict.fromkeys(one for case in cases for one in _record_ids(case)))
        return self._raw.by_id(PARTS[stream][0].sobject, self._columns(stream, cases), ids, gone=True)

    def _remade(self, stream: str, cases: Sequence[Case]) -> list[Query]:
        """Before the first step: what carries the external ids of losers, which an undo that died made anew."""
        if self._step > 1 or not self._creating.can_find(stream):
            return []
        wanted = dict.fromkeys(self._external(shot.values, shot.key.id) for case in cases for shot in case.losers)
        soql = "SELECT Id, {field:literal} FROM {kind:literal} WHERE {field:literal} IN {ids}"
        kind, field = PARTS[stream][0].sobject, self._creating.field
        return [Query(kind, soql, {"field": field, "ids": some}, is_needed=True) for some in fitting(list(wanted))]

    def _find_homes(self, cases: Sequence[Case], rows: Sequence[Row]) -> bool:
        """Take what carries a loser's external id for that loser made anew; whether there is any."""
        known = {
            self._external(shot.values, shot.key.id): (case, shot.key.id) for case in cases for shot in case.losers
        }
        ids = {shot.key.id for case in cases for shot in case.losers}
        is_any = False
        for row in rows:
            named = next(cell for name, cell in row.items() if name.lower() == self._creating.field.lower())
            case, loser = known.get(str(named), (None, ""))
            if case is not None and str(row["Id"]) not in (*ids, case.change.key.id):
                case.homes[loser], is_any = str(row["Id"]), True
        return is_any

    def _external(self, values: Row, record_id: str) -> str:
        own = next((value for name, value in values.items() if name.lower() == self._creating.field.lower()), None)
        return str(own or record_id)

    def _hanging(self, cases: Sequence[Case]) -> list[Query]:
        """What hung on the losers, wherever it is now."""
        by_kind: dict[str, dict[str, None]] = defaultdict(dict)
        fields: dict[str, set[str]] = defaultdict(set)
        losers = (one for case in cases for shot in case.losers for one in shot.hanging)
        for one in (*losers, *(one for case in cases for one in kept_relations(case))):
            by_kind[one.kind][one.id] = None
            fields[one.kind] |= {one.field, *(("IsPrimary",) if one.values and "IsPrimary" in one.values else ())}
        queries: list[Query] = []
        for kind, ids in by_kind.items():
            sobject = self._raw.sobject(kind)
            flag = ["IsDeleted"] if sobject is not None and sobject.has("IsDeleted") else []
            columns = ", ".join(["Id", *sorted(fields[kind]), *flag])
            soql = "SELECT {columns:literal} FROM {kind:literal} WHERE Id IN {ids}"
            parts = chunks(list(ids), IDS_PER_QUERY)
            queries += [Query(kind, soql, {"columns": columns, "ids": list(some)}) for some in parts]
        return queries

    def _joins(self, cases: Sequence[Case]) -> list[Query]:
        """The joins that the losers and the survivors have now."""
        wanted: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for case in cases:
            for shot in case.losers:
                home = case.homes.get(shot.key.id, shot.key.id)
                for one in shot.hanging:
                    if one.values is not None:
                        wanted[one.kind, one.field] |= {home: None, case.survivor.key.id: None}
        queries: list[Query] = []
        for (kind, name), ids in wanted.items():
            sobject = self._raw.sobject(kind)
            ends = [one for one in (*JOINS[kind], "IsPrimary") if sobject is not None and sobject.has(one)]
            more = writable(sobject) if sobject is not None and kind == RELATION else []
            columns = ", ".join(dict.fromkeys(["Id", *ends, *more]))
            soql = "SELECT {columns:literal} FROM {kind:literal} WHERE {name:literal} IN {ids}"
            parts = chunks(list(ids), IDS_PER_QUERY)
            queries += [Query(kind, soql, {"columns": columns, "name": name, "ids": list(some)}) for some in parts]
        return queries

    def _flags(self, kind: str, name: str) -> frozenset[str]:
        sobject = self._raw.sobject(kind)
        described = (sobject.field(name) if sobject else None) or {}
        flags = {flag for flag in ("createable", "updateable") if described.get(flag) is True}
        return frozenset(flags | ({"reference"} if described.get("type") == "reference" else set()))

    def _ours(self, stream: str, currents: Mapping[str, Current]) -> Callable[[Case, str], bool]:
        """Whether a survivor's field, by its API name, still holds what the merge left; asked with a `?` before the
        name, whether the merge set it at all."""
        selection = self._readback.selection(stream)
        names = {api: name for name, api in selection.remote.items()}

        def is_ours(case: Case, api_name: str) -> bool:
            name = names.get(api_name.lstrip("?"), "")
            sent, now = dict(case.change.values), currents.get(case.change.key.id)
            if api_name.startswith("?"):
                return name in sent
            if name not in sent or now is None:
                return api_name in _CHOSEN_BY_ORG and any(shot.values.get(api_name) is not None for shot in case.losers)
            return now.values.get(name) == sent[name] or now.version == case.change.seen_at

        return is_ours

    # --- writing ---

    def _carry_out(self, stream: str, work: Work, sent: list[bool]) -> None:
        """One kind of step at a time: what comes back first, then what leads to it."""
        if work.undelete or work.remake:
            self._undelete(stream, work, sent)
            self._remake(stream, work, sent)
            return
        if work.creates:
            records = [(kind, self._createable(kind, row)) for kind, row, _ in work.creates]
            keys = [(case, ((kind, join_key(kind, row)),)) for kind, row, case in work.creates]
            self._collection("POST", stream, records, keys, sent)
        if work.updates:
            records = [(kind, {"id": one, **values}) for (kind, one), (_, values) in work.updates.items()]
            owners = [
                (case, tuple((*place, name) for name in values)) for place, (case, values) in work.updates.items()
            ]
            self._collection("PATCH", stream, records, owners, sent)
            return  # a contact that goes back to its account takes relations along
        for some in _chunks(list(work.deletes)):
            ids = ",".join(one for _, one in some)
            self._client.usage.needs(f"deletions of joins of {stream}", len(some), most=COLLECTION_RECORDS)
            sent[0] = True
            answer = self._client.write("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false", None)
            self._note(answer, [(work.deletes[place], (place,)) for place in some])

    def _undelete(self, stream: str, work: Work, sent: list[bool]) -> None:
        for some in chunks(list(work.undelete), MAX_IDS):
            self._client.usage.needs(f"restores of {stream}", len(some), most=MAX_IDS)
            answers = self._soap(some, sent)
            for record_id, answer in zip(some, answers, strict=False):
                if not answer.is_success:
                    work.undelete[record_id].refused.add(("undelete", record_id))

    def _soap(self, ids: Sequence[str], sent: list[bool]) -> Sequence[Any]:
        sent[0] = True
        return self._client.soap("undelete", undelete_call(ids))

    def _remake(self, stream: str, work: Work, sent: list[bool]) -> None:
        """Make records anew that no recycle bin gives back, each once."""
        kind, missing = PARTS[stream][0].sobject, self._creating.can_find(stream)
        if work.remake and not missing:
            for record_id, case in work.remake.items():
                case.refused.add(("remake", record_id))
                case.left[f"{record_id} has left the recycle bin, and {kind} has no external id to make it anew by"] = (
                    None
                )
            return
        for some in chunks(list(work.remake), COLLECTION_RECORDS):
            records = []
            for record_id in some:
                case = work.remake[record_id]
                shot = next(one for one in case.losers if one.key.id == record_id)
                values = {name: case.renamed.get(str(value), value) for name, value in shot.values.items()}
                external = {self._creating.field: self._external(shot.values, record_id)}
                records.append({"attributes": {"type": kind}, **self._createable(kind, values), **external})
            self._client.usage.needs(f"creates of {kind}", len(records), most=COLLECTION_RECORDS)
            path = f"composite/sobjects/{kind}/{self._creating.field}"
            sent[0] = True
            answer = self._client.write("PATCH", path, {"allOrNone": False, "records": records})
            self._note(answer, [(work.remake[one], (("remake", one),)) for one in some])
            for one, row in zip(some, answer if isinstance(answer, list) else (), strict=False):
                if isinstance(row, Mapping) and row.get("success") is True and row.get("id"):
                    work.remake[one].homes[one] = long_id(str(row["id"]))

    def _createable(self, kind: str, values: Row) -> dict[str, Any]:
        return {
            name: value
            for name, value in values.items()
            if value is not None and "createable" in self._flags(kind, name)
        }

    def _collection(
        self, method: str, stream: str, records: Sequence[tuple[str, Row]], owners: Sequence[Owner], sent: list[bool]
    ) -> None:
        order = sorted(range(len(records)), key=lambda place: records[place][0])
        for some in _calls([(records[place][0], place) for place in order]):
            body = [{"attributes": {"type": records[place][0]}, **records[place][1]} for place in some]
            self._client.usage.needs(f"{method} of what hung on {stream}", len(some), most=COLLECTION_RECORDS)
            sent[0] = True
            answer = self._client.write(method, "composite/sobjects", {"allOrNone": False, "records": body})
            self._note(answer, [owners[place] for place in some])

    def _note(self, answer: Any, owners: Sequence[Owner]) -> None:
        """Take note of steps that Salesforce refuses, so that they are not asked for again."""
        rows = answer if isinstance(answer, list) and len(answer) == len(owners) else [{}] * len(owners)
        for (case, keys), row in zip(owners, rows, strict=True):
            if isinstance(row, Mapping) and row.get("success") is True:
                continue
            first = next(iter(row_errors(row)), {})
            case.refused.update(keys)
            case.left[f"{keys[0][0]}: {error_code(first) or 'refused'} {redacted(str(first.get('message', '')))}"] = (
                None
            )

    # --- after ---

    def _settled(self, deeds: Deeds, cases: Sequence[Case]) -> Sent:
        """Outcomes of what is open, and the records as they were read last."""
        for case in cases:
            survivor = self._now.get(case.change.key.id)
            text = "; ".join(case.left)
            code = PARTLY if case.left else ""
            version = survivor.version if survivor else None
            deeds.settle(case.planned, "applied", code, text, version=version, made=case.made)
        batch = self._readback.last_batch
        return deeds.sent((batch,) if self._now and batch is not None else ())


# What an org fills by itself when it merges people.
_CHOSEN_BY_ORG = frozenset({"IndividualId"})


def _cases(deeds: Deeds) -> list[Case]:
    cases, without = cases_of(deeds.batch)
    for planned in deeds.batch:
        for outcome in without:
            if outcome.change_id == planned.id:
                deeds.settle(planned, outcome.status, outcome.code, outcome.message)
    return cases


def _record_ids(case: Case) -> list[str]:
    ids = [case.change.key.id, *(shot.key.id for shot in case.losers)]
    return [*ids, *case.homes.values()]


def _calls(records: Iterable[tuple[str, int]]) -> list[list[int]]:
    """Places of records, sorted by their object, in calls of what a collection takes."""
    calls: list[list[int]] = []
    kinds: set[str] = set()
    for kind, place in records:
        if not calls or len(calls[-1]) == COLLECTION_RECORDS or len(kinds | {kind}) > _MOST_KINDS:
            calls.append([])
            kinds = set()
        kinds.add(kind)
        calls[-1].append(place)
    return calls


def _chunks(places: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    return [places[start : start + COLLECTION_RECORDS] for start in range(0, len(places), COLLECTION_RECORDS)]


def _unsent(client: Client, error: ConnectorError) -> ConnectorError:
    if isinstance(error, AuthFailed | QuotaSpent):
        return error
    if isinstance(error, RateLimited | Unavailable):
        return Unavailable(str(error), connection=client.name, sent=False)
    return error
