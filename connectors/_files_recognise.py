"""What a table is about and which of its headings hold which fields, with the evidence in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from connectors import _files_headings as names
from connectors._files_headings import FILE_STREAMS, Heading
from connectors._files_table import Table

# A table is taken for a stream from this much evidence on; one heading that only this stream has counts 1.
ENOUGH = 1.0
# A runner-up this close makes the choice worth a sentence.
CLOSE = 0.85
_FILE_NAME, _MAPPED, _ID_PREFIX, _NO_CORE = 3.0, 4.0, 3.0, 0.4
SAMPLE = 1_000
# Without one of these a table tells nothing about records of that stream ...
_CORE = {
    "accounts": ("name", "legal_name"),
    "contacts": ("given_name", "family_name", "full_name"),
    "leads": ("given_name", "family_name", "full_name"),
    "deals": ("name", "stage", "amount", "close_on"),
    "users": ("name", "first_name", "last_name", "email"),
    "stages": ("key", "name"),
    "associations": ("deals_id", "contacts_id", "accounts_id", "leads_id", "from_id", "to_id"),
}
# ... or, with much less weight, one of these.
_WEAK_CORE = {"accounts": ("domain", "website"), "contacts": ("email",), "leads": ("email",)}
# Salesforce ids begin with three characters that name their object.
_ID_PREFIXES = {"001": "accounts", "003": "contacts", "00Q": "leads", "006": "deals", "005": "users"}
_SALESFORCE_ID = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")


@dataclass(frozen=True, slots=True)
class Recognition:
    """`stream` is None for a table that holds no records we keep; `kind` says then what it looks like.

    `fields` leads from a field (or a part of one, see `_files_headings`) to its heading.
    """

    stream: str | None
    kind: str
    fields: Mapping[str, Heading] = field(default_factory=dict)
    unrecognised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def recognise(table: Table, mapping: Mapping[str, Mapping[str, str]], *, stream: str | None = None) -> Recognition:
    """The stream with the most evidence: headings (rarer ones weigh more), file name, ids and the user's mapping.

    `stream` says it where it is already known.
    """
    headings = [names.understand(name) for name in table.frame.columns]
    scores = _outweighed(
        {stream: _score(stream, table, headings, mapping) for stream in names.spellings()}, table, headings
    )
    ranked = sorted(scores, key=lambda stream: (-scores[stream], list(scores).index(stream)))
    best = stream or ranked[0]
    if not stream and (scores[best] < ENOUGH or best not in FILE_STREAMS):
        kind = best.strip("()") if scores[best] >= ENOUGH else "nothing known"
        return Recognition(None, kind, unrecognised=tuple(table.frame.columns))
    fields, lost = assign(best, table.frame, headings, mapping.get(best, {}))
    notes = [*lost]
    second = next((one for one in ranked if one in FILE_STREAMS and one != best), None)
    if second and scores[second] >= CLOSE * scores[best]:
        notes.append(
            f"it could also be {second} ({scores[second]:.1f} points against {scores[best]:.1f}); "
            f"name the stream in the file name to decide"
        )
    used = {heading.text for heading in fields.values()}
    unrecognised = tuple(name for name in table.frame.columns if name not in used)
    return Recognition(best, best, fields, unrecognised, tuple(notes))


def _score(stream: str, table: Table, headings: Sequence[Heading], mapping: Mapping[str, Mapping[str, str]]) -> float:
    found: dict[str, float] = {}
    for heading in headings:
        meant = names.meaning(stream, heading)
        if meant is None:
            continue
        weight = 1.0 / names.commonness().get(names.squash(heading.text), names.commonness().get(heading.key, 1))
        key = f"-{heading.key}" if meant[0] == names.EVIDENCE_ONLY else meant[0]
        found[key] = max(found.get(key, 0.0), weight)
        if names.named_object(heading.text) == stream:
            found[f"-object {heading.key}"] = 0.5
    mapped = [name for name in mapping.get(stream, {}).values() if _matching(name, headings)]
    score = sum(found.values()) + _MAPPED * len(mapped) + _FILE_NAME * _file_name_says(stream, table)
    if stream not in FILE_STREAMS:
        return score
    core = {*found, *mapping.get(stream, {})} if mapped else set(found)
    if stream == "associations":
        return score + 1.0 if len(core.intersection(_CORE[stream])) >= 2 and _is_narrow(headings) else 0.0
    if core.isdisjoint(_CORE[stream]):
        score = 0.0 if core.isdisjoint(_WEAK_CORE.get(stream, ())) else score * _NO_CORE
    return score + (_ID_PREFIX if score and _ids_say(table.frame, headings, stream) else 0.0)


def _outweighed(scores: dict[str, float], table: Table, headings: Sequence[Heading]) -> dict[str, float]:
    """A file that its name and a heading of no other kind call something we do not keep (a history of accounts, the
    stages of tickets) is that, however many headings it shares with the records themselves."""
    for kind in scores:
        if kind in FILE_STREAMS or not _file_name_says(kind, table):
            continue
        if any(names.meaning(kind, one) and names.commonness().get(one.key) == 1 for one in headings):
            scores = {stream: score * (0.2 if stream in FILE_STREAMS else 1.0) for stream, score in scores.items()}
            break
    return scores


def _is_narrow(headings: Sequence[Heading]) -> bool:
    """A link table has little besides its two ids."""
    return len(headings) <= 12


def _file_name_says(stream: str, table: Table) -> float:
    """1 when the last words of the file's or sheet's name say this stream, a little more for a longer phrase."""
    stem = table.path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    spoken = [names.words(stem), names.words(table.sheet or "")]
    longest = 0
    for phrase in names.file_words().get(stream, ()):
        for said in spoken:
            places = range(len(said) - len(phrase) + 1)
            if any(tuple(said[place : place + len(phrase)]) == phrase for place in places):
                longest = max(longest, len(phrase))
    return 0.0 if not longest else 0.8 + 0.2 * longest


def _ids_say(frame: pl.DataFrame, headings: Sequence[Heading], stream: str) -> bool:
    """True when the id column holds Salesforce ids of this stream's object."""
    for heading in headings:
        meant = names.meaning(stream, heading)
        if meant is None or meant[0] != "id" or frame[heading.text].dtype != pl.String:
            continue
        sample = frame[heading.text].head(SAMPLE).drop_nulls().to_list()
        if len(sample) and all(
            _SALESFORCE_ID.fullmatch(value) and _ID_PREFIXES.get(value[:3]) == stream for value in sample
        ):
            return True
    return False


def assign(
    stream: str, frame: pl.DataFrame, headings: Sequence[Heading], mapping: Mapping[str, str]
) -> tuple[dict[str, Heading], list[str]]:
    """Field -> heading, the mapped ones first; with a sentence for each heading that lost to a better one.

    Among the headings of a field one with values beats one that is empty throughout; then the better rank, then the
    earlier column.
    """
    fields = {name: found for name, wanted in mapping.items() if (found := _matching(wanted, headings))}
    taken = {heading.text for heading in fields.values()}
    candidates: dict[str, list[tuple[bool, int, int, Heading]]] = {}
    for position, heading in enumerate(headings):
        meant = names.meaning(stream, heading)
        if meant is None or meant[0] == names.EVIDENCE_ONLY or heading.text in taken or meant[0] in fields:
            continue
        is_empty = frame[heading.text].head(SAMPLE).is_null().all()
        candidates.setdefault(meant[0], []).append((is_empty, meant[1], position, heading))
    notes = []
    for name, found_here in candidates.items():
        best, *rest = sorted(found_here, key=lambda one: one[:3])
        fields[name] = best[3]
        if name == "email" and stream == "contacts" and rest and "extra_emails" not in {*fields, *candidates}:
            fields["extra_emails"] = rest.pop(0)[3]
        losers = [repr(one[3].text) for one in rest if not one[0]]
        if losers:
            plural = "also fit" if len(losers) > 1 else "also fits"
            notes.append(f"{name} is read from {best[3].text!r}; {', '.join(losers)} {plural} but was not used")
    return fields, notes


def _matching(wanted: str, headings: Sequence[Heading]) -> Heading | None:
    """The heading a mapping names: as it is written, else without regard to case and punctuation."""
    for heading in headings:
        if heading.text == wanted:
            return heading
    key = names.squash(wanted)
    return next((heading for heading in headings if key and names.squash(heading.text) == key), None)
