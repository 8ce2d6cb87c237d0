"""GLEIF as a lookup: legal name, country, LEI and registration number of companies, without key or login.

Source: GLEIF API v1 (JSON:API), CC0; at most 60 calls a minute. An entity is taken only where its name and country fit
clearly better than any other's; entities that are inactive, or whose LEI has lapsed or was merged, only by their LEI.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import httpx

from connectors._gleif_entities import Entity, choose, confirm, entities
from connectors._gleif_names import company_name, country_code, without_form
from connectors._http import (
    Answer,
    Origins,
    fault,
    is_bare,
    is_loopback,
    new_client,
    parsed_json,
    send,
    unreadable,
    url_parts,
)
from connectors._pace import Pacer
from connectors._retry import READ, retrying
from connectors.connector import Access, Found, Usage
from model.errors import ConfigError
from model.settings import GleifConnection
from model.streams import Value

SYSTEM = "gleif"
PUBLIC = "https://api.gleif.org"
FILLS = ("legal_name", "country", "lei", "registration_number")
PAGE_SIZE = 200  # the documented maximum
# A name that more entities share the words of than this many pages hold is too common to tell which one is meant.
MAX_PAGES = 3
_PREFIX = "/api/v1"
_MAX_QUERY = 200
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


def connect(name: str, settings: GleifConnection, secret: Callable[[str], str]) -> GleifLookup:
    """The lookup of a `gleif` connection; it has no secrets. ConfigError when its address is not to be trusted."""
    return GleifLookup(name, settings)


class GleifLookup:
    """One connection to GLEIF. Not for use by several threads at once."""

    system = SYSTEM
    fills: tuple[str, ...] = FILLS

    def __init__(
        self,
        name: str,
        settings: GleifConnection,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.usage = Usage()
        self._settings = settings
        self._base = _base(name, settings.base_url)
        self._origins = Origins(name, [self._base])
        self._pacer = Pacer(settings.calls_per_minute, 60.0, clock=clock, sleep=sleep)
        self._sleep = sleep

    @cached_property
    def _client(self) -> httpx.Client:
        """Made when first asked: to read the certificates takes a while, and few commands look anything up."""
        return new_client(self.name, self._base, self._settings.timeout_s)

    def check(self) -> Access:
        """Whether GLEIF answers, how many entities it has and how fresh they are."""
        body = self._get("check", "/lei-records", {"page[size]": "1"})
        meta = body.get("meta") if isinstance(body, dict) else None
        total = _inside(meta, "pagination", "total")
        published = _inside(meta, "goldenCopy", "publishDate")
        facts = [
            f"at most {self._settings.calls_per_minute} calls a minute, {self._settings.max_lookups} lookups a run"
        ]
        if isinstance(total, int):
            facts.insert(0, f"{total:,} legal entities")
        if isinstance(published, str) and (day := _DATE.match(published)):
            facts.append(f"data of {day[0]}")
        return Access("GLEIF, no login needed", tuple(facts))

    def look_up(self, known: Mapping[str, Value]) -> Found | None:
        """The legal entity an account is: by its LEI, else by name within its country; None in doubt.

        One or two calls, up to four for a common name; none where neither LEI nor name is known. `max_lookups` is for
        the caller to keep.
        """
        lei = _lei(known)
        if lei is None and _name(known) is None:
            return None
        if lei is not None:
            entity = self._by_lei(lei)
            return confirm(entity, known) if entity else None
        found = self._named(known)
        if found is None:
            return None
        answer = choose(found, known)
        # A name that the register knows exactly needs no second call; a word in between may hide it from the first.
        if answer is not None and answer.similarity >= 1.0:
            return answer
        # GLEIF puts what fits the full text best first, so one page of it is enough.
        return choose([*found, *self._entities(self._page("filter[fulltext]", known, 1))], known)

    def close(self) -> None:
        if "_client" in vars(self):
            self._client.close()

    def _by_lei(self, lei: str) -> Entity | None:
        body = self._get("read", f"/lei-records/{lei}", {}, absent_is_none=True)
        if body is None:
            return None
        found = self._entities(body)
        if [entity.lei for entity in found] != [lei]:
            raise unreadable(self.name, "it is about another entity than the one asked for")
        return found[0]

    def _named(self, known: Mapping[str, Value]) -> list[Entity] | None:
        """All entities whose legal name has the words, in whatever order GLEIF has them: the one that fits as well as
        the best may be the last. None where there are too many to read."""
        found: dict[str, Entity] = {}
        rows = 0
        for number in range(1, MAX_PAGES + 1):
            body = self._page("filter[entity.legalName]", known, number)
            page = self._entities(body)
            rows += len(page)
            before = len(found)
            found |= {entity.lei: entity for entity in page}
            if number > 1 and len(found) == before:
                raise unreadable(self.name, "it gives the same next page again")
            if not _inside(body, "links", "next"):
                total = _inside(body, "meta", "pagination", "total")
                if isinstance(total, int) and rows < total:
                    raise unreadable(self.name, f"it gives {rows} of {total} entities")
                return list(found.values())
        return None

    def _page(self, criterion: str, known: Mapping[str, Value], number: int) -> Any:
        """One page for a criterion. Its number is all that is taken over: links are never followed."""
        query = {criterion: _name(known) or "", "filter[entity.status]": "ACTIVE"}
        country = country_code(str(known.get("country") or ""))
        if country:
            query["filter[entity.legalAddress.country]"] = country
        query["page[size]"] = str(PAGE_SIZE)
        if number > 1:
            query["page[number]"] = str(number)
        return self._get("search", "/lei-records", query)

    def _entities(self, body: Any) -> list[Entity]:
        try:
            return entities(body)
        except ValueError as error:
            raise unreadable(self.name, str(error)) from None

    def _get(self, kind: str, path: str, query: Mapping[str, str], *, absent_is_none: bool = False) -> Any:
        """The JSON of one paced call, repeated while it fails for a passing reason; None for an absent record."""
        return retrying(READ, sleep=self._sleep)(self._get_once, kind, path, query, absent_is_none=absent_is_none)

    def _get_once(self, kind: str, path: str, query: Mapping[str, str], *, absent_is_none: bool) -> Any:
        self._pacer.wait()
        self.usage.count(kind)
        request = self._client.build_request(
            "GET", self._base + _PREFIX + path, params=dict(query), headers={"Accept": "application/vnd.api+json"}
        )
        answer: Answer = send(self._client, request, connection=self.name, origins=self._origins)
        if absent_is_none and answer.status == 404:
            return None
        error = fault(self.name, answer)
        if error is not None:
            raise error
        return parsed_json(self.name, answer)


def _base(name: str, base_url: str | None) -> str:
    """The origin that calls go to, without the API's own prefix; https, or anything on loopback."""
    url = (base_url or PUBLIC).rstrip("/").removesuffix(_PREFIX)
    parts = url_parts(url)
    host = (parts.hostname if parts else None) or ""
    safe = parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    if parts is None or not (safe and host and is_bare(parts)):
        raise ConfigError(
            f"connections.{name}.base_url must begin with https:// (plain http is for this machine alone) and name "
            "nothing but a host; correct it or remove the key."
        )
    return url


def _lei(known: Mapping[str, Value]) -> str | None:
    """The account's LEI where it is one: 20 characters whose ISO 7064 check digits are right."""
    text = str(known.get("lei") or "").strip().upper()
    if not _LEI.fullmatch(text):
        return None
    return text if int("".join(str(int(char, 36)) for char in text)) % 97 == 1 else None


def _name(known: Mapping[str, Value]) -> str | None:
    """The words to search by: those of the legal name where it is known, without the legal form."""
    for field in ("legal_name", "name"):
        value = known.get(field)
        if isinstance(value, str) and not company_name(value).is_blank:
            return without_form(" ".join("".join(c if c.isprintable() else " " for c in value).split())[:_MAX_QUERY])
    return None


def _inside(meta: Any, *path: str) -> Any:
    for step in path:
        meta = meta.get(step) if isinstance(meta, dict) else None
    return meta
