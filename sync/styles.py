"""How the columns of countries are written: as codes, or as names; by the most of their values.

They are counted when everything is planned. While fewer records have changed since than it takes to turn a majority,
they are not counted again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import polars as pl

from hygiene.corrections import surplus_of_codes
from model.streams import STREAMS
from store import Store

Styles = Mapping[tuple[str, str, str], bool]
Counts = Mapping[tuple[str, str, str], int]
_COUNTED, _CHANGED = "codes", "changed"
_FIELDS = [
    (stream, field.name)
    for stream in ("accounts", "contacts", "leads")
    for field in STREAMS[stream].fields
    if field.kind == "country"
]


def column_styles(store: Store, *, anew: bool = False) -> Styles:
    """By connection, stream and field whether a column of countries mostly has two-letter codes; `anew` counts."""
    known = None if anew else _known(store)
    if known is None:
        known = _counted(store)
        store.put_numbers(_COUNTED, {"/".join(place): surplus for place, surplus in known.items()})
        store.put_numbers(_CHANGED, {})
    return {place: surplus > 0 for place, surplus in known.items()}


def note_changed(store: Store, seen: pl.DataFrame) -> None:
    """Note that these records may be others than when columns were counted, before they wait no longer."""
    changed = Counter(store.numbers(_CHANGED)) + _by_place(seen)
    store.put_numbers(_CHANGED, changed)


def _known(store: Store) -> Counts | None:
    """By column how many more codes it had than other countries, or as many fewer; None where that may have turned."""
    if store.settled("plan") is None:
        return None
    changed = Counter(store.numbers(_CHANGED)) + _by_place(store.waiting("plan"))
    counted = store.numbers(_COUNTED)
    for place, number in changed.items():
        for stream, field in _FIELDS:
            if place.endswith(f"/{stream}") and _may_turn(counted.get(f"{place}/{field}"), number):
                return None
    places = {name: name.split("/") for name in counted}
    return {(name, stream, field): counted[whole] for whole, (name, stream, field) in places.items()}


def _may_turn(surplus: int | None, changed: int) -> bool:
    """Whether a majority may be another by now: a record that was a code and is a name counts twice."""
    return surplus is None or -2 * changed < surplus <= 2 * changed


def _by_place(records: pl.DataFrame) -> Counter[str]:
    places = records.group_by("connection", "stream").len().rows()
    return Counter({f"{connection}/{stream}": number for connection, stream, number in places})


def _counted(store: Store) -> Counts:
    found: dict[tuple[str, str, str], int] = {}
    for stream, field in _FIELDS:
        for (name,), part in store.value_counts(stream, field).partition_by("connection", as_dict=True).items():
            found[str(name), stream, field] = surplus_of_codes(part["value"], part["number"])
    return found
