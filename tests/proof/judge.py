"""What a walk must never have done, judged from the oracle's ledger and from what Trueline's journal says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from model.changes import UNDO, Outcome, Planned, SetField, slot_of
from store import Store
from tests.proof.commands import ASKED
from tests.proof.ledger import CONSENTS, EXISTS, FIELDS, Cell, Ledger, Written, is_given, plain

_REFERENCES = frozenset({"account_id", "AccountId", "ParentId", "ReportsToId", "types", EXISTS})
_WRITTEN = ("applied", "overwrote")
_GONE = ("GONE", "MERGED_AWAY", "OBJECT_NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise broken: its name and what was seen."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


@dataclass(frozen=True, slots=True)
class Journal:
    """All changes of a store by id, with their last outcome."""

    changes: Mapping[str, Planned]
    outcomes: Mapping[str, Outcome]
    unfinished: tuple[str, ...]

    def source_of(self, change_id: str) -> tuple[str, str, str] | None:
        """The record whose value a change of the field sync carries over."""
        planned = self.changes.get(change_id)
        agreed = planned.change.agreed if planned and isinstance(planned.change, SetField) else None
        return None if agreed is None else (agreed.source.connection, agreed.source.stream, agreed.source.id)


def journal_of(store: Store, prior: Collection[str] = ()) -> Journal:
    """The journal without the changes named in `prior`."""
    recorded = sorted(store.outcomes(), key=lambda item: (item.at, item.run_id))
    recorded = [item for item in recorded if item.planned.id not in prior]
    outcomes = {item.planned.id: item.outcome for item in recorded}
    changes = {item.planned.id: item.planned for item in recorded}
    changes |= {planned.id: planned for _, planned in store.unfinished()}
    return Journal(changes, outcomes, tuple(planned.id for _, planned in store.unfinished()))


def judged(ledger: Ledger, journal: Journal, answered: Collection[Cell] = ()) -> list[Violation]:
    """Every promise of the ledger that was broken; what the cells in `answered` hold, a person decided."""
    written = ledger.written
    found = [
        *_unjournaled(written),
        *_lost_updates(written, journal),
        *_overruled(ledger, journal, answered),
        *_untrue(written, journal),
        *_resurrected(written),
        *_doubled(written, journal),
        *_opt_outs(written),
        *_joined_opt_outs(ledger),
        *_flip_flops(ledger, journal),
        *(Violation("journal complete", f"{key} has no known end") for key in journal.unfinished),
    ]
    return list(dict.fromkeys(found))


def _same(entry: Written, stored: Any, told: Any) -> bool:
    return bool(plain(stored, entry.field) == plain(told, entry.field))


def _about(entry: Written) -> str:
    return f"{'/'.join(entry.cell)} {entry.before!r} -> {entry.after!r} in step {entry.step}"


def _of_field(entry: Written) -> list[str]:
    """The open changes that set this very cell, by id."""
    mine = [entry.connection, entry.stream, entry.id]
    links = ("associate", "dissociate") if entry.field == "account_id" else ()
    return [
        key
        for key, body in entry.open_changes.items()
        if body["key"] == mine and (body.get("field") == entry.field or body["kind"] in links)
    ]


def _joins(entry: Written) -> list[str]:
    """The open changes of this connection that join, end or make whole records, by id."""
    kinds = ("merge", "unmerge", "convert", "create", "delete", "restore")
    return [
        key for key, body in entry.open_changes.items() if body["kind"] in kinds and body["key"][0] == entry.connection
    ]


def _unjournaled(written: Iterable[Written]) -> Iterator[Violation]:
    """A write of ours that no journaled change without outcome asked for."""
    for entry in written:
        if not entry.is_ours or _of_field(entry) or _joins(entry):
            continue
        touched = [body for body in entry.open_changes.values() if _touches(body, entry)]
        is_judged = entry.field == EXISTS or entry.field in FIELDS.get((entry.connection, entry.stream), ())
        if not touched or (
            is_judged and entry.field != "account_id" and entry.stream != "links" and not _follows(entry, touched)
        ):
            yield Violation("journal complete", f"{_about(entry)} was not journaled")


def _touches(body: Mapping[str, Any], entry: Written) -> bool:
    keys = [body["key"], *([body["to"]] if body.get("to") else [])]
    mine = [entry.connection, entry.stream, entry.id]
    if entry.stream == "links":
        ends = entry.id.split(">")
        return any(key[0] == entry.connection and key[2] in ends for key in keys)
    return mine in keys or (entry.field in _REFERENCES and body["key"][0] == entry.connection)


def _follows(entry: Written, touched: Iterable[Mapping[str, Any]]) -> bool:
    """HubSpot keeps a company's website and domain together, by itself."""
    pair = {"website", "domain"}
    return entry.field in pair and any(body.get("field") in pair for body in touched)


def _lost_updates(written: Sequence[Written], journal: Journal) -> Iterator[Violation]:
    """A value of somebody else's that we replaced without knowing it and without saying so."""
    for entry in written:
        if not entry.is_ours or entry.field not in FIELDS.get((entry.connection, entry.stream), ()):
            continue
        told = [(journal.outcomes.get(key), slot_of(journal.changes[key].change)) for key in _of_field(entry)]
        known = [(outcome, slot) for outcome, slot in told if outcome is not None and slot is not None]
        if not known or any(outcome.status == "unknown" for outcome, _ in known):
            continue
        written_by = [(outcome, slot) for outcome, slot in known if outcome.status in _WRITTEN]
        if not written_by and any(outcome.code in _GONE for outcome, _ in known) and _ended(entry, written):
            continue  # its answer was lost, and the record with it
        if not written_by:
            yield Violation("outcome untrue", f"{_about(entry)}: {[outcome.status for outcome, _ in known]}")
            continue
        # A write whose answer was lost may have been sent twice, and only the second have met somebody's value.
        replaced = [slot.before for _, slot in written_by]
        replaced += [outcome.found for outcome, _ in written_by if outcome.status == "overwrote"]
        if not any(_same(entry, entry.before, value) for value in replaced) and not _sent_again(entry, written):
            yield Violation("lost update", f"{_about(entry)}: said to be in the place of {replaced!r}")


def _sent_again(entry: Written, written: Sequence[Written]) -> bool:
    """Whether the same change was written once more, over a value that somebody had set since: that one is told."""
    keys = set(_of_field(entry))
    return any(one.is_ours and one.cell == entry.cell and keys & set(_of_field(one)) for one in written[entry.at + 1 :])


def _overruled(ledger: Ledger, journal: Journal, answered: Collection[Cell]) -> Iterator[Violation]:
    """A value that somebody set on one side, replaced by the other side's though the two had not agreed since."""
    by_cell: dict[Cell, list[Written]] = defaultdict(list)
    made: dict[tuple[str, str, str], int] = {}  # a record that we made agrees from then on with the one it came from
    for entry in ledger.written:
        if entry.is_ours and entry.field == EXISTS and entry.before is None:
            made[entry.cell[:3]] = entry.at
        source = next((found for found in map(journal.source_of, _of_field(entry)) if found), None)
        before = by_cell[entry.cell]
        if entry.is_ours and source and entry.cell not in answered:
            cell = (*source, entry.field)
            inherited = _inherited(ledger, by_cell, cell, entry.after)
            may_stand = _is_back(before, _lineage(ledger, by_cell, cell), journal) or _agreed(
                entry, before, by_cell[cell] or inherited, journal, made.get(source, -1)
            )
            if not may_stand and not _is_newer(entry, before, inherited, journal):
                lost = f"{_about(entry)}: {'/'.join(source)} never agreed with {before[-1].after!r}"
                yield Violation("lost update", lost)
        by_cell[entry.cell].append(entry)


def _lineage(ledger: Ledger, by_cell: Mapping[Cell, Sequence[Written]], source: Cell) -> list[Written]:
    """What was written to a cell, and to that of the records that live on in its record."""
    connection, stream, record, name = source
    home = ledger.survivor(connection, stream, record)
    every = [
        one
        for cell, entries in by_cell.items()
        if (*cell[:2], cell[3]) == (connection, stream, name) and ledger.survivor(connection, stream, cell[2]) == home
        for one in entries
    ]
    return sorted(every, key=lambda one: one.at)


def _inherited(ledger: Ledger, by_cell: Mapping[Cell, Sequence[Written]], source: Cell, value: Any) -> list[Written]:
    """The same, of the other records only what is this value."""
    lineage = _lineage(ledger, by_cell, source)
    return [one for one in lineage if one.cell == source or _loose(one.after) == _loose(value)]


def _is_newer(entry: Written, before: Sequence[Written], by_source: Sequence[Written], journal: Journal) -> bool:
    """Whether the journal says that the value was set later than the one it replaced, and it was; or overwrote."""
    theirs, source = (next((one for one in reversed(some) if not one.is_ours), None) for some in (before, by_source))
    keys = _of_field(entry)
    if any(_overwrote(key, journal) for key in keys):
        return True
    is_told = any(journal.changes[key].change.reason.startswith("newer: ") for key in keys)
    return is_told and theirs is not None and source is not None and source.at > theirs.at


def _overwrote(key: str, journal: Journal) -> bool:
    """Whether that change replaced what somebody set in the gap of our write, and says so."""
    return key in journal.outcomes and journal.outcomes[key].status == "overwrote"


def _agreed(
    entry: Written, before: Sequence[Written], by_source: Sequence[Written], journal: Journal, made_at: int
) -> bool:
    """Whether the value that stood in a cell can be one that its other side agreed with, or is nobody's. What nobody
    has ever set on the other side, as on a record that others were merged into, is what it held all along."""
    theirs = next((entry for entry in reversed(before) if not entry.is_ours), None)
    if theirs is None or plain(theirs.after, theirs.field) is None or theirs.at < made_at:
        return True
    since = [one for one in before if one.at >= theirs.at]
    keys = [key for one in since[1:] for key in _of_field(one)]
    if any(journal.source_of(key) or _overwrote(key, journal) for key in keys):
        return True
    stood = {_loose(one.after) for one in since}
    earlier = [one for one in by_source if one.at < theirs.at]
    later = [one for one in by_source if one.at > theirs.at]
    at_first = earlier[-1].after if earlier else later[0].before if later else entry.after
    return bool(stood & {_loose(value) for value in (at_first, *(one.after for one in later))})


def _is_back(before: Sequence[Written], by_source: Sequence[Written], journal: Journal) -> bool:
    """Whether what somebody set last is what we had carried over last, and so what both had agreed on."""
    theirs = next((entry for entry in reversed(before) if not entry.is_ours), None)
    carried = [one for one in (*before, *by_source) if any(journal.source_of(key) for key in _of_field(one))]
    last = max(carried, key=lambda one: one.at, default=None)
    return theirs is not None and last is not None and _loose(last.after) == _loose(theirs.after)


def _loose(value: Any) -> str:
    """A value without what its form may differ in."""
    text = "".join(letter for letter in str(value or "").casefold() if letter.isalnum())
    return text[-7:] if text.isdigit() else text


def _ended(entry: Written, written: Sequence[Written]) -> bool:
    """Whether the record of an entry went later on."""
    after = written[entry.at :]
    return any(one.cell == (*entry.cell[:3], EXISTS) and not one.after for one in after)


def _untrue(written: Sequence[Written], journal: Journal) -> Iterator[Violation]:
    """A change that is said to be applied, of a field that was never written to."""
    # Somebody may have set the very value in the gap of our write.
    theirs = {(*entry.cell, plain(entry.after, entry.field)) for entry in written if not entry.is_ours}
    done = {key for entry in written if entry.is_ours for key in entry.open_changes if key in _of_field(entry)}
    for key, outcome in journal.outcomes.items():
        change = journal.changes[key].change
        if outcome.status not in _WRITTEN or not isinstance(change, SetField) or key in done:
            continue
        known = FIELDS.get((change.key.connection, change.key.stream), ())
        after = plain(change.after, change.field)
        is_theirs = (change.key.connection, change.key.stream, change.key.id, change.field, after) in theirs
        if change.field in known and plain(change.before, change.field) != after and not is_theirs:
            told = f"{key} {change.key} {change.field} -> {change.after!r} says {outcome.status} {outcome.code}"
            yield Violation("outcome untrue", f"{told}, and nothing was written")


def _resurrected(written: Iterable[Written]) -> Iterator[Violation]:
    """A record that came back, or went, without a change that says so."""
    for entry in written:
        if not entry.is_ours or entry.field != EXISTS or entry.stream == "links":
            continue
        kinds = {entry.open_changes[key]["kind"] for key in _joins(entry)}
        if entry.before is False and entry.after and not kinds & {"restore", "unmerge"}:
            yield Violation("resurrected delete", _about(entry))
        if entry.before and not entry.after and not kinds & {"merge", "convert", "delete", "unmerge"}:
            yield Violation("deleted unasked", _about(entry))
        if entry.before is None and not kinds & {"create", "convert", "merge", "unmerge"}:
            yield Violation("created unasked", _about(entry))


def _doubled(written: Iterable[Written], journal: Journal) -> Iterator[Violation]:
    """A record that we made and that is not the one its change tells of."""
    made = {outcome.made for outcome in journal.outcomes.values()}
    for entry in written:
        if not entry.is_ours or entry.field != EXISTS or entry.before is not None or entry.stream == "links":
            continue
        kinds = {entry.open_changes[key]["kind"] for key in _joins(entry)}
        if kinds == {"create"} and entry.id not in made:
            yield Violation("duplicate", f"{_about(entry)} was made, and no outcome tells of it")


def _opt_outs(written: Iterable[Written]) -> Iterator[Violation]:
    """An opt-out that we took back though somebody else had given it."""
    last: dict[tuple[str, ...], Written] = {}
    for entry in written:
        if entry.field not in CONSENTS or entry.stream == "links":
            continue
        gave = last.get(entry.cell)
        last[entry.cell] = entry
        was, now = (plain(value, entry.field) for value in (entry.before, entry.after))
        if entry.is_ours and was and not now and (gave is None or not gave.is_ours):
            yield Violation("opt-out kept", f"{_about(entry)} took it back")


def _flip_flops(ledger: Ledger, journal: Journal) -> Iterator[Violation]:
    """A field that we set and set back, with nobody having touched that field, of any record, in between: the form of
    a country follows what most of its column hold. What somebody set in the other CRM goes back too, and what a record
    there holds that the one before was merged or converted into."""
    by_cell: dict[Cell, list[Written]] = defaultdict(list)
    touched: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for entry in ledger.written:
        by_cell[entry.cell].append(entry)
        if not entry.is_ours:
            touched[entry.connection, entry.stream, entry.field].append(entry.at)
    for entries in by_cell.values():
        for one, other in pairwise(entries):
            rules = [{journal.changes[key].change.rule for key in _of_field(entry)} for entry in (one, other)]
            if not (one.is_ours and other.is_ours and all(rules) and one.before == other.after):
                continue
            names = (one.field, EXISTS)
            if any(one.at < at < other.at for name in names for at in touched[one.connection, one.stream, name]):
                continue
            if _is_somebodys(ledger, by_cell, journal, other) or _is_heirs(ledger, journal, one, other):
                continue
            if rules[0] == {UNDO} and not rules[1] & {ASKED, UNDO}:
                yield Violation("undone stays undone", f"{_about(one)} and back in step {other.step}")
            elif not (rules[0] | rules[1]) & {ASKED, UNDO}:
                yield Violation("flip-flop", f"{_about(one)} and back in step {other.step}")


def _is_somebodys(ledger: Ledger, by_cell: Mapping[Cell, Sequence[Written]], journal: Journal, entry: Written) -> bool:
    """Whether the value came from the other CRM, and somebody had set it there, on a record that lives on in that one
    if need be."""
    source = next((found for found in map(journal.source_of, _of_field(entry)) if found), None)
    told = _inherited(ledger, by_cell, (*source, entry.field), entry.after) if source else []
    held = [one for one in told if one.at < entry.at]
    theirs = next((one for one in reversed(held) if not one.is_ours), None)
    return theirs is not None and _loose(theirs.after) == _loose(held[-1].after) == _loose(entry.after)


def _is_heirs(ledger: Ledger, journal: Journal, one: Written, other: Written) -> bool:
    """Whether the value came from a record of the other CRM that took the place of the one it came from before."""
    sources = [next(filter(None, map(journal.source_of, _of_field(entry))), None) for entry in (one, other)]
    if None in sources or sources[0] == sources[1]:
        return False
    (connection, stream, record), (_, _, heir) = [source for source in sources if source]
    lead = ledger.row("sf", "leads", record) if stream == "leads" else {}
    return heir in (ledger.survivor(connection, stream, record), lead.get("ConvertedContactId"))


def _joined_opt_outs(ledger: Ledger) -> Iterator[Violation]:
    """A record that a merge or conversion of ours left without the opt-out of one that went into it."""
    ends = [entry for entry in ledger.written if entry.stream != "links" and entry.field == EXISTS and not entry.after]
    # What somebody else merged since may have lost it to them.
    others = {ledger.survivor(entry.connection, entry.stream, entry.id) for entry in ends if not entry.is_ours}
    for entry in ends:
        survivor = ledger.survivor(entry.connection, entry.stream, entry.id)
        row = ledger.live(entry.connection, entry.stream).get(survivor)
        for name in entry.opted_out if entry.is_ours and survivor not in others else ():
            if row is not None and not is_given(row[name]):
                yield Violation(
                    "opt-out kept", f"{_about(entry)}: {name} is not on {survivor}, which it was merged into"
                )
    for entry in ledger.written:
        if entry.is_ours and entry.field == "IsConverted" and entry.after:
            lead = ledger.live("sf", "leads").get(entry.id, {})
            contact = ledger.survivor("sf", "contacts", lead.get("ConvertedContactId"))
            made = ledger.live("sf", "contacts").get(contact)
            for name in CONSENTS if contact not in others else ():
                if made is not None and is_given(lead[name]) and not is_given(made[name]):
                    yield Violation("opt-out kept", f"{_about(entry)}: {name} is not on contact {contact}")
