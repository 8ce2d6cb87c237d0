"""The stages a record goes through: which property names them, and the read-only times that each stage brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from sandbox.hubspot.definition import Definition, moment, number
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.values import ms_of

LIFECYCLE = "lifecyclestage"
# Each takes a stage; the first ones are moments, the last two milliseconds.
ENTERED, EXITED = "hs_v2_date_entered_{}", "hs_v2_date_exited_{}"
OLD_ENTERED, OLD_EXITED = "hs_date_entered_{}", "hs_date_exited_{}"
_TOTAL, _LATEST = "hs_v2_cumulative_time_in_{}", "hs_v2_latest_time_in_{}"
Values = Mapping[str, str | None]


def stage_property(kind: Kind) -> str | None:
    """The property that holds a record's stage: of its pipeline, or of the life cycle."""
    if kind.stage_fields:
        return kind.stage_fields[1]
    return LIFECYCLE if kind.plural in ("contacts", "companies") else None


def slug(stage_id: str) -> str:
    """A stage id as it stands in a property name."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stage_id.lower())


@lru_cache(maxsize=512)
def time_properties(stage_id: str, group: str) -> tuple[Definition, ...]:
    """The definitions that a stage brings."""
    place = slug(stage_id)
    moments = [name.format(place) for name in (ENTERED, EXITED, OLD_ENTERED, OLD_EXITED)]
    spans = (_TOTAL.format(place), _LATEST.format(place))
    found = [*moment(*moments, read_only=True), *number(*spans, read_only=True)]
    return tuple(replace(one, group=group) for one in found)


def path_names(stage_id: str) -> dict[str, tuple[str, ...]]:
    """The properties of a stage that tell when it was entered and exited last, and how long a record was in it: in
    all (total) and the last time (latest)."""
    names = {
        "entered": (ENTERED, OLD_ENTERED),
        "exited": (EXITED, OLD_EXITED),
        "total": (_TOTAL,),
        "latest": (_LATEST,),
    }
    return {word: tuple(name.format(slug(stage_id)) for name in listed) for word, listed in names.items()}


def time_inputs(stage_ids: Iterable[str]) -> list[str]:
    """What `stage_times` reads of a record."""
    return [name.format(slug(one)) for one in stage_ids for name in (ENTERED, _TOTAL)]


def stage_times(old: Values, before: str | None, after: str | None, now: str) -> dict[str, str | None]:
    """The times that change when a record that held `old` moves from one stage to another at `now`."""
    found: dict[str, str | None] = {}
    if before:
        place = slug(before)
        found[EXITED.format(place)] = found[OLD_EXITED.format(place)] = now
        if since := old.get(ENTERED.format(place)):
            spent = ms_of(now) - ms_of(since)
            found[_LATEST.format(place)] = str(spent)
            found[_TOTAL.format(place)] = str(spent + int(old.get(_TOTAL.format(place)) or 0))
    if after:
        place = slug(after)
        found[ENTERED.format(place)] = found[OLD_ENTERED.format(place)] = now
        found[EXITED.format(place)] = found[OLD_EXITED.format(place)] = None
    return found
