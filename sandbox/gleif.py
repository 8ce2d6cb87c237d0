"""The GLEIF registry of legal entities over HTTP: search by filters and by fuzzy name, and one record by its LEI."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import polars as pl

from sandbox.clock import SandboxClock
from sandbox.wire import Request, Response, Routes

MEDIA_TYPE = "application/vnd.api+json"
BASE = "/api/v1"
PAGE_MAX = 200
WINDOW_MAX = 10_000
MINUTE_MS = 60_000
_SUGGESTIONS = 10
_FILTER = re.compile(r"filter\[([\w.]+)\]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Entity:
    """A registered entity with what searches look at."""

    lei: str
    name: str
    country: str
    status: str
    registration: str
    words: frozenset[str]
    row: Mapping[str, Any]


class _Refusal(Exception):
    """An error answer in JSON:API form."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


class GleifApp:
    """The registry; no credentials. `per_minute` None lifts the limit."""

    system = "gleif"

    def __init__(self, *, clock: SandboxClock | None = None, per_minute: int | None = 60) -> None:
        self.clock = clock or SandboxClock()
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._calls: deque[int] = deque()
        self._entities: dict[str, _Entity] = {}
        self._by_word: dict[str, list[_Entity]] = {}
        self._routes = Routes()
        self._routes.add("GET", f"{BASE}/lei-records", self._search)
        self._routes.add("GET", f"{BASE}/lei-records/{{lei}}", self._one)
        self._routes.add("GET", f"{BASE}/fuzzycompletions", self._fuzzy)
        self._routes.add("GET", f"{BASE}/autocompletions", self._complete)

    def load(self, frame: pl.DataFrame) -> None:
        """Add entities: lei, legal_name, other_names (list), country, city, region, postal_code, address_lines (list),
        registered_as, jurisdiction, status (of the entity: ACTIVE, INACTIVE; or of its registration: ISSUED, ...)."""
        with self._lock:
            for row in frame.iter_rows(named=True):
                names = [row["legal_name"], *(row.get("other_names") or ())]
                place = [row.get("city"), row.get("registered_as"), row["lei"]]
                words = frozenset(_words(" ".join(str(part) for part in [*names, *place] if part)))
                status, registration = _statuses(row.get("status") or "ISSUED")
                entity = _Entity(
                    row["lei"], row["legal_name"], row.get("country") or "", status, registration, words, row
                )
                self._entities[entity.lei] = entity
                for word in words:
                    self._by_word.setdefault(word, []).append(entity)

    def handle(self, request: Request) -> Response:
        with self._lock:
            try:
                self._admit()
                matched = self._routes.match(request.method, request.path)
                if matched is None:
                    raise _Refusal(404, "Not Found", "The requested resource does not exist.")
                handler, arguments = matched
                return handler(request, **arguments)
            except _Refusal as refusal:
                error = {"status": str(refusal.status), "title": refusal.title, "detail": str(refusal)}
                return _answer({"errors": [error]}, refusal.status)

    def kind(self, request: Request) -> str:
        return "lookup"

    def _admit(self) -> None:
        now = self.clock.now_ms()
        while self._calls and not now - MINUTE_MS < self._calls[0] <= now:
            self._calls.popleft()
        if self.per_minute is not None and len(self._calls) >= self.per_minute:
            raise _Refusal(429, "Too Many Requests", "The limit of requests per minute is reached.")
        self._calls.append(now)

    def _one(self, request: Request, lei: str) -> Response:
        entity = self._entities.get(lei.upper())
        if entity is None:
            raise _Refusal(404, "Not Found", "There is no LEI record with this id.")
        return _answer({"data": _record(request, entity)})

    def _search(self, request: Request) -> Response:
        found = self._matching(_filters(request))
        number, size = _whole(request, "page[number]", 1), _whole(request, "page[size]", 10)
        if size > PAGE_MAX or number < 1 or size < 1:
            raise _Refusal(400, "Bad Request", f"page[size] is 1 to {PAGE_MAX} and page[number] at least 1.")
        if number * size > WINDOW_MAX:
            raise _Refusal(400, "Bad Request", f"Only the first {WINDOW_MAX} records can be paged through.")
        start = (number - 1) * size
        last = max(1, -(-len(found) // size))
        shown = found[start : start + size]
        paging = {
            "currentPage": number,
            "perPage": size,
            "from": start + 1 if shown else None,
            "to": start + len(shown) if shown else None,
            "total": len(found),
            "lastPage": last,
        }
        links = {"first": _link(request, 1), "last": _link(request, last)}
        if number > 1:
            links["prev"] = _link(request, number - 1)
        if number < last:
            links["next"] = _link(request, number + 1)
        data = [_record(request, entity) for entity in shown]
        return _answer({"meta": {"pagination": paging}, "links": links, "data": data})

    def _matching(self, filters: Mapping[str, str]) -> list[_Entity]:
        """Entities that pass every filter, by LEI. Names and full text match by words, all of which must occur."""
        text = " ".join(filters[name] for name in ("entity.legalName", "fulltext", "entity.names") if name in filters)
        found = self._with_words(_words(text)) if text else list(self._entities.values())
        name = filters.get("entity.legalName")
        kept = [
            entity
            for entity in found
            if (name is None or set(_words(name)) <= set(_words(entity.name)))
            and filters.get("entity.legalAddress.country", entity.country).upper() == entity.country.upper()
            and filters.get("entity.status", entity.status).upper() == entity.status.upper()
            and filters.get("entity.registeredAs", entity.row.get("registered_as")) == entity.row.get("registered_as")
            and filters.get("lei", entity.lei).upper() == entity.lei
        ]
        return sorted(kept, key=lambda entity: entity.lei)

    def _with_words(self, words: Sequence[str]) -> list[_Entity]:
        if not words:
            return []
        rarest = min(words, key=lambda word: len(self._by_word.get(word, ())))
        return [entity for entity in self._by_word.get(rarest, ()) if entity.words.issuperset(words)]

    def _fuzzy(self, request: Request) -> Response:
        """Names that share letters with what was asked, best first, with a link to the record."""
        asked = self._asked(request)
        wanted = _pairs(asked)
        near = {e.lei: e for word in _words(asked) for e in self._by_word.get(word, ())} or self._starting(asked)
        scored = sorted(near.values(), key=lambda e: (-_alike(wanted, _pairs(e.name)), e.lei))
        return _answer({"data": [_completion(request, "fuzzycompletions", e) for e in scored[:_SUGGESTIONS]]})

    def _complete(self, request: Request) -> Response:
        found = sorted(self._starting(self._asked(request)).values(), key=lambda e: (e.name, e.lei))
        return _answer({"data": [_completion(request, "autocompletions", e) for e in found[:_SUGGESTIONS]]})

    def _asked(self, request: Request) -> str:
        asked, field = request.first("q"), request.first("field")
        if not asked or field not in ("entity.legalName", "fulltext"):
            raise _Refusal(400, "Bad Request", "Send field=entity.legalName (or fulltext) and q.")
        return asked

    def _starting(self, asked: str) -> dict[str, _Entity]:
        start = asked.casefold()[:4]
        return {e.lei: e for e in self._entities.values() if e.name.casefold().startswith(start)}


def _statuses(status: str) -> tuple[str, str]:
    """The entity's status and its registration's, from either; a lapsed registration is of a living entity."""
    if status in ("ACTIVE", "INACTIVE"):
        return status, "ISSUED" if status == "ACTIVE" else "RETIRED"
    return ("ACTIVE" if status in ("ISSUED", "LAPSED") else "INACTIVE"), status


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _pairs(text: str) -> frozenset[str]:
    folded = f" {' '.join(_words(text))} "
    return frozenset(folded[i : i + 2] for i in range(len(folded) - 1))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of letter pairs that two names have in common."""
    return 2 * len(one & other) / max(1, len(one) + len(other))


def _filters(request: Request) -> dict[str, str]:
    found = {m[1]: values[0] for name, values in request.query.items() if (m := _FILTER.fullmatch(name)) and values[0]}
    known = {
        "entity.legalName",
        "entity.names",
        "fulltext",
        "entity.legalAddress.country",
        "entity.status",
        "entity.registeredAs",
        "lei",
    }
    if unknown := sorted(found.keys() - known):
        raise _Refusal(400, "Bad Request", f"Requested filter `{unknown[0]}` is not allowed.")
    return found


def _whole(request: Request, name: str, default: int) -> int:
    text = request.first(name) or str(default)
    if not text.isdecimal() or len(text) > 9:
        raise _Refusal(400, "Bad Request", f"{name} must be a whole number.")
    return int(text)


def _link(request: Request, number: int) -> str:
    query = {name: values for name, values in request.query.items() if name != "page[number]"}
    pairs = [(name, value) for name, values in query.items() for value in values]
    return f"{request.host}{quote(request.path)}?{urlencode([*pairs, ('page[number]', str(number))])}"


def _answer(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response.of_json(body, status, {"Content-Type": MEDIA_TYPE})


def _completion(request: Request, kind: str, entity: _Entity) -> dict[str, Any]:
    link = f"{request.host}{BASE}/lei-records/{entity.lei}"
    relation = {"data": {"type": "lei-records", "id": entity.lei}, "links": {"related": link}}
    return {"type": kind, "attributes": {"value": entity.name}, "relationships": {"lei-records": relation}}


def _record(request: Request, entity: _Entity) -> dict[str, Any]:
    row = entity.row
    address = {
        "language": "en",
        "addressLines": list(row.get("address_lines") or ()),
        "city": row.get("city"),
        "region": row.get("region"),
        "country": row.get("country"),
        "postalCode": row.get("postal_code"),
    }
    is_active = entity.status == "ACTIVE"
    attributes = {
        "lei": entity.lei,
        "entity": {
            "legalName": {"name": entity.name, "language": "en"},
            "otherNames": [
                {"name": name, "language": "en", "type": "TRADING_OR_OPERATING_NAME"}
                for name in row.get("other_names") or ()
            ],
            "legalAddress": address,
            "headquartersAddress": address,
            "registeredAt": {"id": "RA999999", "other": None},
            "registeredAs": row.get("registered_as"),
            "jurisdiction": row.get("jurisdiction") or row.get("country"),
            "category": "GENERAL",
            "legalForm": {"id": "8888", "other": None},
            "status": entity.status,
            "expiration": {"date": None, "reason": None if is_active else "OTHER"},
            "successorEntity": {"lei": None, "name": None},
        },
        "registration": {
            "status": entity.registration,
            "initialRegistrationDate": "2015-01-01T00:00:00Z",
            "lastUpdateDate": "2026-01-01T00:00:00Z",
            "nextRenewalDate": "2027-01-01T00:00:00Z",
            "corroborationLevel": "FULLY_CORROBORATED",
        },
        "bic": None,
        "mic": None,
    }
    link = f"{request.host}{BASE}/lei-records/{entity.lei}"
    return {"type": "lei-records", "id": entity.lei, "attributes": attributes, "links": {"self": link}}
