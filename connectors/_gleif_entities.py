"""Legal entities as GLEIF's JSON:API answers with them, and which of them an account is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._gleif_names import CompanyName, company_name, country_code, forms_differ, similarity
from connectors.connector import Found
from model.streams import Value

# A name must be this much like the account's; more so where no country is known or the city is another one: then
# only a name with its legal form will do.
ENOUGH, ENOUGH_WITHOUT_PLACE = 0.92, 0.985
# And so much more than the next entity's.
MARGIN = 0.04
# With the same registration number the name need only not contradict.
ENOUGH_WITH_NUMBER = 0.6
# An entity that was asked for by its LEI, under a name like this, is another one: the LEI is wrong.
CONTRADICTS = 0.4
_CURRENT = frozenset(("ISSUED", "PENDING_TRANSFER", "PENDING_ARCHIVAL"))
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Entity:
    """One legal entity; `names` has the legal name first."""

    lei: str
    names: tuple[str, ...]
    countries: tuple[str, ...]
    registered_as: str | None
    cities: tuple[str, ...]
    postal_codes: tuple[str, ...]
    status: str
    registration: str

    @property
    def is_current(self) -> bool:
        return self.status == "ACTIVE" and self.registration in _CURRENT


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity beside an account: `similarity` of the names (0 to 1), `rank` with the other evidence."""

    entity: Entity
    similarity: float
    rank: float
    same_number: bool


def entities(body: Any) -> list[Entity]:
    """The entities of an answer, one or many; ValueError when it has not the documented shape."""
    data = body.get("data") if isinstance(body, dict) else None
    records = [data] if isinstance(data, dict) else data
    if not isinstance(records, list):
        raise ValueError("no data")
    return [_entity(record) for record in records]


def _entity(record: Any) -> Entity:
    attributes = _inner(record, "attributes")
    entity, registration = _inner(attributes, "entity"), _inner(attributes, "registration")
    address, seat = _inner(entity, "legalAddress"), _inner(entity, "headquartersAddress")
    lei, legal = _text(attributes.get("lei")), _text(_inner(entity, "legalName").get("name"))
    others = entity.get("otherNames") or []
    if not isinstance(others, list):
        raise ValueError("an entity of another shape")
    if not lei or not legal:
        raise ValueError("an entity without LEI or name")
    names = (_text(other.get("name")) for other in others if isinstance(other, dict))
    return Entity(
        lei=lei,
        names=(legal, *(name for name in names if name)),
        countries=_distinct(address, seat, "country"),
        registered_as=_text(entity.get("registeredAs")),
        cities=_distinct(address, seat, "city"),
        postal_codes=_distinct(address, seat, "postalCode"),
        status=_text(entity.get("status")) or "",
        registration=_text(registration.get("status")) or "",
    )


def _inner(outer: Any, name: str) -> dict[str, Any]:
    """A member that is an object, empty where it is absent; ValueError where either is something else."""
    inner = outer.get(name) or {} if isinstance(outer, dict) else None
    if not isinstance(inner, dict):
        raise ValueError("an entity of another shape")
    return inner


def _distinct(address: Mapping[str, Any], seat: Mapping[str, Any], part: str) -> tuple[str, ...]:
    """A part of the legal address, then of the headquarters where it differs."""
    return tuple(dict.fromkeys(text for text in (_text(address.get(part)), _text(seat.get(part))) if text))


def _text(value: Any) -> str | None:
    """One bounded line of printable text, or None."""
    if not isinstance(value, str):
        return None
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())[:_MAX_TEXT] or None


# --- choosing ----------------------------------------------------------------------------------------------------


def choose(found: Iterable[Entity], known: Mapping[str, Value]) -> Found | None:
    """The one entity that fits, clearly better than the next, if it is current; None when none or more than one does.

    Entities that are not current are never the answer, but one that fits as well makes the answer doubtful.
    """
    country = country_code(_known(known, "country"))
    distinct = {entity.lei: entity for entity in found}
    fitting = [one for one in distinct.values() if country is None or country in one.countries]
    ranked = sorted((_candidate(one, known) for one in fitting), key=lambda c: (-c.rank, c.entity.lei))
    if not ranked or not ranked[0].entity.is_current:
        return None
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    if best.similarity < _enough(best, known, country):
        return None
    if second is not None and best.rank - second.rank < MARGIN:
        return None
    return _answer(best, second, country)


def _enough(best: Candidate, known: Mapping[str, Value], country: str | None) -> float:
    if best.same_number:
        return ENOUGH_WITH_NUMBER
    city = _known(known, "city")
    is_elsewhere = bool(city and best.entity.cities) and not (
        _same(known, "city", best.entity.cities) or _same(known, "postal_code", best.entity.postal_codes)
    )
    return ENOUGH_WITHOUT_PLACE if country is None or is_elsewhere else ENOUGH


def confirm(entity: Entity, known: Mapping[str, Value]) -> Found | None:
    """The entity that the account's own LEI names, whatever its state; None when the account's name contradicts."""
    names = _names(known)
    alike = _likeness(entity, names) if names else 1.0
    if alike < CONTRADICTS:
        return None
    state = "" if entity.is_current else f"; it is {_state(entity)}"
    reason = f"GLEIF has {entity.names[0]!r} under the account's own LEI {entity.lei}{state}"
    return Found(_values(entity), alike, reason, entity.lei)


def _candidate(entity: Entity, known: Mapping[str, Value]) -> Candidate:
    alike = _likeness(entity, _names(known))
    numbers = _number(_known(known, "registration_number")), _number(entity.registered_as)
    same_number = numbers[0] is not None and numbers[0] == numbers[1]
    rank = alike + (0.5 if same_number else -0.1 if None not in numbers else 0.0)
    if _same(known, "postal_code", entity.postal_codes):
        rank += 0.05
    elif _same(known, "city", entity.cities):
        rank += 0.02
    return Candidate(entity, alike, rank, same_number)


def _likeness(entity: Entity, names: Sequence[CompanyName]) -> float:
    """The best similarity of any pair of names. A former or trading name counts a little less than the legal one, and
    not at all for an account whose own legal form is not the entity's."""
    legal, *others = map(company_name, entity.names)
    best = 0.0
    for name in names:
        best = max(best, similarity(name, legal))
        if not forms_differ(name, legal):
            best = max([best, *(0.98 * similarity(name, other) for other in others)])
    return best


def _answer(best: Candidate, second: Candidate | None, country: str | None) -> Found:
    entity = best.entity
    because = [f"GLEIF's {entity.names[0]!r} is {best.similarity:.0%} like the account's name"]
    if country:
        because.append(f"same country {country}")
    if best.same_number:
        because.append("same registration number")
    because.append(f"next best {second.similarity:.0%}" if second else "no other candidate")
    return Found(_values(entity), best.similarity, ", ".join(because), entity.lei)


def _values(entity: Entity) -> dict[str, Value]:
    values: dict[str, Value] = {"legal_name": entity.names[0], "lei": entity.lei}
    if entity.countries:
        values["country"] = entity.countries[0]
    if entity.registered_as:
        values["registration_number"] = entity.registered_as
    return values


def _state(entity: Entity) -> str:
    return (
        f"{entity.status.lower() or 'of unknown status'}, its registration {entity.registration.lower() or 'unknown'}"
    )


def _names(known: Mapping[str, Value]) -> list[CompanyName]:
    names = (company_name(_known(known, field)) for field in ("legal_name", "name"))
    return [name for name in names if not name.is_blank]


def _known(known: Mapping[str, Value], field: str) -> str | None:
    value = known.get(field)
    return value.strip() or None if isinstance(value, str) else None


def _number(text: str | None) -> str | None:
    """A registration number for comparison: "HRB 6684" and "hrb6684" are one; leading zeros are padding."""
    return re.sub(r"[\W_]", "", text).casefold().lstrip("0") or None if text else None


def _same(known: Mapping[str, Value], field: str, others: Sequence[str]) -> bool:
    left = company_name(_known(known, field)).stem
    return bool(left) and any(left == company_name(other).stem for other in others)
