"""Taking merges apart from their snapshots, step by step until nothing is left to do.

No call of HubSpot's undoes a merge: the survivor keeps its new id and the losers' ids go on leading to it. So losers
are made anew, with our external id, by which a repeated undo finds them. Each round reads what there is and works out
what is left: an undo that died goes on where it was, and one that is done does nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from connectors._hubspot_apart import State, Work, next_work
from connectors._hubspot_create import find_created, with_property
from connectors._hubspot_fields import SOFT_MARK, Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_merge import PARTLY, living
from connectors._hubspot_operations import (
    ADDRESS_ADD,
    ADDRESS_REMOVE,
    BATCH_CREATE,
    BATCH_UPDATE,
    LABELS_ARCHIVE,
    LINKS_ARCHIVE,
    LINKS_CREATE,
    Operation,
)
from connectors._hubspot_pages import read_objects
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import GONE, Record, field_value, record_batches
from connectors._hubspot_raw_links import RawLinks, link_input, read_raw_links
from connectors._hubspot_snapshot import kept_properties
from connectors._hubspot_write import Failure, unsent_error, write_inputs
from connectors._unmerge import Case, Key, cases_of
from connectors.connector import Observed, Sent
from model.changes import Outcome, Planned
from model.errors import ConnectorError, NotPermitted, Unavailable
from model.snapshots import Snapshot

_ROUNDS = 12
_MERGEABLE = frozenset({"contacts", "companies", "deals", "tickets"})
Owner = tuple[Case, Key]  # the case of a step, and the key by which it is known


class Unmerging:
    """Undoes merges of one portal, one unit at a time. `external_id` names our unique property."""

    def __init__(self, gateway: Gateway, description: Description, external_id: str) -> None:
        self._gateway = gateway
        self._description = description
        self._external_id = external_id
        self._has_sent = False
        self._step = 0
        self._records: dict[str, Record] = {}  # as they were read last
        self._looked_for: dict[tuple[str, str], str] = {}  # linked record -> the id it lives on under, blank for none

    def send(self, batch: Sequence[Planned]) -> Sent:
        """Take the merges of one stream apart."""
        cases, without = cases_of(batch)
        outcomes = {outcome.change_id: outcome for outcome in without}
        self._begin()
        stream = batch[0].change.key.stream
        try:
            fields = with_property(self._gateway, self._description, stream, self._external_id)
            cases = self._apart(fields, cases, outcomes)
        except (NotPermitted, Refused) as error:
            code = getattr(error, "code", "MISSING_SCOPES")
            failure = Failure("unknown" if self._has_sent else "rejected", code, str(error))
            outcomes |= {one.id: failure.outcome(one) for one in batch if one.id not in outcomes}
            return Sent(tuple(outcomes[one.id] for one in batch))
        except ConnectorError as error:
            if not self._has_sent:
                raise unsent_error(error) from error
            failure = Failure("unknown", "STOPPED", str(error))
            outcomes |= {one.id: failure.outcome(one) for one in batch if one.id not in outcomes}
            return Sent(tuple(outcomes[one.id] for one in batch))
        for case in cases:
            outcomes[case.planned.id] = _outcome(fields, case, self._records.get(case.at))
        ids = dict.fromkeys(one for case in cases for one in (case.at, *case.homes.values()))
        now = [self._records[one] for one in ids if one in self._records]
        return Sent(tuple(outcomes[one.id] for one in batch), record_batches(self._gateway, fields, now))

    def observed(self, changes: Sequence[Planned]) -> dict[str, Observed]:
        """By change id, the losers as they are now once nothing is left to do."""
        cases, without = cases_of(changes)
        found = {outcome.change_id: Observed(None, None) for outcome in without}
        outcomes: dict[str, Outcome] = {}
        self._begin()
        fields = self._description.fields(changes[0].change.key.stream)
        state = self._read(fields, cases, outcomes)
        for case in cases:
            if case.planned.id in outcomes:
                found[case.planned.id] = Observed(None, None, exists=False)
                continue
            work = next_work([case], state)
            found[case.planned.id] = Observed(case.made if work.is_done else None, None)
        return found

    def _begin(self) -> None:
        self._has_sent, self._step = False, 0
        self._looked_for.clear()

    def _apart(self, fields: Fields, cases: Sequence[Case], outcomes: dict[str, Outcome]) -> list[Case]:
        for number in range(_ROUNDS):
            state = self._read(fields, cases, outcomes)
            for case in cases if number == 0 else ():
                if case.planned.id not in outcomes and next_work([case], state).is_done:
                    text = "it was taken apart already"
                    outcomes[case.planned.id] = Outcome(case.planned.id, "already", "", text, made=case.made)
            cases = [case for case in cases if case.planned.id not in outcomes]
            work = next_work(cases, state)
            if work.is_done:
                break
            self._carry_out(fields, work)
        else:
            self._read(fields, cases, outcomes)
        return list(cases)

    # --- reading ---

    def _read(self, fields: Fields, cases: Sequence[Case], outcomes: dict[str, Outcome]) -> State:
        """Everything the cases are about as it is now; cases whose survivor is gone get their outcome."""
        records = self._records = self._read_records(fields, cases)
        self._step += 1
        for case in cases:
            if case.at not in records:
                outcomes[case.planned.id] = GONE.outcome(case.planned)
        cases = [case for case in cases if case.planned.id not in outcomes]
        texts = {record_id: dict(record.get("properties") or {}) for record_id, record in records.items()}
        links = self._links(fields, cases)
        modified = fields.layout.modified
        formerly = {(fields.layout.object, home): case.at for case in cases for home in case.homes.values()}

        def is_sent(case: Case, name: str) -> bool | None:
            sent = {fields.properties[one].name: (one, value) for one, value in case.change.values
                    if one in fields.properties}  # fmt: skip
            if name not in sent:
                return None
            return field_value(fields, sent[name][0], texts[case.at]) == sent[name][1]

        def is_untouched(case: Case) -> bool:
            return version_of(records[case.at], modified) == case.change.seen_at

        return State(
            fields.layout.object, texts, links, self._living(fields, cases, links), formerly, is_sent, is_untouched
        )

    def _read_records(self, fields: Fields, cases: Sequence[Case]) -> dict[str, Record]:
        """The survivors, the losers' stand-ins, and what of the losers never was merged: that is no loser any more."""
        gateway, why = self._gateway, f"read before step {self._step + 1} of undoing"
        names = sorted({*kept_properties(fields), *fields.asked, fields.layout.modified})
        external = {self._external(shot): (case, shot.key.id) for case in cases for shot in case.losers
                    if shot.key.id not in case.homes and ("create", shot.key.id) not in case.refused}  # fmt: skip
        for found_id, record in find_created(gateway, fields, self._external_id, list(external)).items():
            case, loser = external.get(found_id, (None, ""))
            if case is not None and str(record["id"]) not in (case.at, *(shot.key.id for shot in case.losers)):
                case.homes[loser] = str(record["id"])
        ids = dict.fromkeys(one for case in cases for one in (case.at, *_places(case, self._step)))
        records: dict[str, Record] = {
            str(one.get("id")): one for one in read_objects(gateway, fields.layout.object, names, list(ids), why=why)
        }
        if self._step == 0:
            for case in cases:
                soft = {shot.key.id for shot in case.losers if _is_soft(records.get(shot.key.id))}
                case.homes |= {one: one for one in soft}
                case.losers = [shot for shot in case.losers if shot.key.id in soft or shot.key.id not in records]
        for case in cases:
            if case.at not in records and (now := living(gateway, fields, case.at)) is not None:
                case.at = str(now["id"])
                more = read_objects(gateway, fields.layout.object, names, [case.at], why=f"{why}, moved")
                records |= {str(one.get("id")): one for one in more}
        return records

    def _external(self, shot: Snapshot) -> str:
        return str(shot.values.get(self._external_id) or shot.key.id)

    def _links(self, fields: Fields, cases: Sequence[Case]) -> dict[str, RawLinks]:
        """By kind of the linked records, the links of survivors and stand-ins."""
        ids: dict[str, dict[str, None]] = defaultdict(dict)
        for case in cases:
            for one in (one for shot in (case.survivor, *case.losers) for one in shot.hanging):
                ids[one.kind] |= dict.fromkeys((case.at, *case.homes.values()))
        return {kind: read_raw_links(self._gateway, fields.layout.object, kind, list(own)) for kind, own in ids.items()}

    def _living(
        self, fields: Fields, cases: Sequence[Case], links: Mapping[str, RawLinks]
    ) -> dict[tuple[str, str], str]:
        """Where linked records live on that are not linked under the id they had."""
        found: dict[tuple[str, str], str] = {}
        for case in cases:
            found |= {(LAYOUTS[old.stream].object, old.id): new.id for old, new in case.change.renamed
                      if old.stream in LAYOUTS}  # fmt: skip
            homes = {case.survivor.key.id: case.at, **case.homes}
            found |= {(fields.layout.object, loser): home for loser, home in homes.items()}
        shots = [shot for case in cases for shot in (case.survivor, *case.losers)]
        wanted = {(one.kind, one.id) for shot in shots for one in shot.hanging}
        shown = {(kind, to) for kind, own in links.items() for tos in own.values() for to in tos}
        for kind in sorted(_MERGEABLE):
            asked = sorted(to for of, to in wanted - shown - found.keys() - self._looked_for.keys() if of == kind)
            there = {str(one.get("id")) for one in read_objects(self._gateway, kind, ["hs_object_id"], asked)}
            layout = next((one for one in LAYOUTS.values() if one.object == kind), None)
            for to in asked:
                self._looked_for[kind, to] = ""
                if to not in there and layout is not None:
                    now = living(self._gateway, self._description.fields(layout.stream), to)
                    self._looked_for[kind, to] = str(now["id"]) if now is not None else ""
        return {place: home for place, home in self._looked_for.items() if home} | found

    # --- writing ---

    def _carry_out(self, fields: Fields, work: Work) -> None:
        own = fields.layout.object
        updates = [{"id": record_id, "properties": texts} for record_id, (_, texts) in work.updates.items()]
        named = [[(case, ("update", name)) for name in texts] for case, texts in work.updates.values()]
        self._write(BATCH_UPDATE, {"object": own}, updates, named)
        for record_id, address, is_added, case in work.addresses:
            self._address(ADDRESS_ADD if is_added else ADDRESS_REMOVE, record_id, address, case)
        creates = [
            {"objectWriteTraceId": f"{case.planned.id}-{shot.key.id}", "properties": self._texts(shot)}
            for shot, case in work.creates
        ]
        made = [[(case, ("create", shot.key.id))] for shot, case in work.creates]
        for record in self._write(BATCH_CREATE, {"object": own}, creates, made):
            self._settle_home(work, record)
        for operation, steps in (
            (LINKS_CREATE, work.links),
            (LABELS_ARCHIVE, work.unlabels),
            (LINKS_ARCHIVE, work.unlinks),
        ):
            for kind in dict.fromkeys(step[0] for step in steps):
                mine = [step for step in steps if step[0] == kind]
                inputs = [link_input(record_id, to, types) for _, record_id, to, types, _ in mine]
                if operation is LINKS_ARCHIVE:
                    inputs = [{"from": {"id": record_id}, "to": [{"id": to}]} for _, record_id, to, _, _ in mine]
                owners = [[(step[4], ("link", *step[:3]))] for step in mine]
                self._write(operation, {"from_object": own, "to_object": kind}, inputs, owners)

    def _texts(self, shot: Snapshot) -> dict[str, str]:
        values = {name: str(value) for name, value in shot.values.items() if name != "hs_additional_emails"}
        return {**values, self._external_id: self._external(shot)}

    def _write(
        self,
        operation: Operation,
        path: Mapping[str, str],
        inputs: Sequence[Mapping[str, Any]],
        owners: Sequence[Sequence[Owner]],
    ) -> Sequence[Record]:
        """Send a step of several cases: the records as answered. What HubSpot refuses is noted and not asked again."""
        if not inputs:
            return ()
        written = write_inputs(self._gateway, operation, path, inputs)
        self._has_sent = True
        for position, failure in written.failures.items():
            if failure.status != "rejected":
                raise Unavailable(failure.message, connection=self._gateway.name, sent=True)
            for case, key in owners[position]:
                case.refused.add(key)
                case.left[f"{' '.join(map(str, key))}: {failure.message}"] = None
        return written.results

    def _settle_home(self, work: Work, record: Record) -> None:
        """A record that was made stands for its loser; one whose answer does not tell is looked for."""
        named = (record.get("properties") or {}).get(self._external_id)
        for shot, case in work.creates:
            if named == self._external(shot) and record.get("id"):
                case.homes[shot.key.id] = str(record["id"])

    def _address(self, operation: Operation, record_id: str, address: str, case: Case) -> None:
        self._gateway.usage.needs(operation.name, 1, most=1)
        try:
            self._gateway.call(operation, path={"id": record_id, "email": address})
        except (Refused, NotPermitted) as error:
            case.refused.add(("address", address))
            case.left[f"a further address could not be moved: {getattr(error, 'reason', error)}"] = None
        finally:
            self._has_sent = True


def _places(case: Case, step: int) -> list[str]:
    """The losers' ids, which only before the first step may be records of their own, and what stands for them."""
    return [*(shot.key.id for shot in case.losers if step == 0), *case.homes.values()]


def _is_soft(record: Record | None) -> bool:
    return record is not None and bool((record.get("properties") or {}).get(SOFT_MARK))


def _outcome(fields: Fields, case: Case, survivor: Record | None) -> Outcome:
    version = version_of(survivor, fields.layout.modified) if survivor else None
    text, code = "; ".join(case.left), PARTLY if case.left else ""
    return Outcome(case.planned.id, "applied", code, text, version, made=case.made)
