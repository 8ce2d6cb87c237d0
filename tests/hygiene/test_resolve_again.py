"""Resolving those whom a change concerns leaves what resolving everybody leaves, of the same names' meanings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.candidates import named_accounts
from hygiene.known import completed
from hygiene.normalise import normalise_all
from hygiene.resolve import LINKS, chosen, lines
from hygiene.resolve_again import Kept, Resolution, resolve_again, resolve_all
from hygiene.resolve_pool import own
from model.settings import ResolveSettings

KEY = ["connection", "stream", "id"]
FIRMS = ["Acme", "Acme Tools", "Birch Foods", "Birch Food", "Corvo", "Delta Mining", "Elm & Ash", "Fjord Lines",
         "Garnet", "Garnet Group", "Heron Hotels", "Iris", "Jasper Partners", "Krill Systems", "Lumen"]  # fmt: skip
Place = tuple[str, str, str]


class Town:
    """Firms and people of two CRMs, drawn from one seed: `rows` by connection, stream and id, and who is who."""

    def __init__(self, seed: int, accounts: int, people: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.rows: dict[Place, dict[str, Any]] = {}
        self.entities: dict[Place, str] = {}
        self.number = 0
        for _ in range(accounts):
            self.put("accounts")
        for _ in range(people):
            self.put(self.one(["contacts", "contacts", "leads"]))
        for _ in range(accounts // 2):
            self.put("deals")

    def one(self, values: list[Any], gap: float = 0.0) -> Any:
        return None if self.chance.random() < gap else values[int(self.chance.integers(len(values)))]

    def places(self, stream: str) -> list[Place]:
        return [place for place in self.rows if place[1] == stream]

    def put(self, stream: str, place: Place | None = None) -> Place:
        self.number += 1
        place = place or (self.one(["hs", "sf"]), stream, f"{stream[0]}{self.number:04}")
        self.rows[place] = {"accounts": self.account, "deals": self.deal}.get(stream, self.person)(place[0])
        if stream != "deals":
            self.entities[place] = f"{stream}{int(self.chance.integers(60))}"
        return place

    def beside(self, connection: str, gap: float) -> str | None:
        ids = [record for name, _, record in self.places("accounts") if name == connection]
        return self.one(ids, gap) if ids else None

    def domain(self, firm: str) -> str:
        site = "".join(letter for letter in firm.lower() if letter.isalpha())
        return f"{site[int(self.chance.random() < 0.3) :]}.example"

    def account(self, connection: str) -> dict[str, Any]:
        firm = self.one(FIRMS)
        made = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=int(self.chance.integers(9)))
        return {"name": self.one([firm, f"{firm} Ltd"]), "legal_name": self.one([f"{firm} Inc"], 0.8),
                "domain": self.one([self.domain(firm)], 0.4), "country": self.one(["US", "DE"], 0.3),
                "phone": self.one([f"+1 212 555 {100 + FIRMS.index(firm):04}"], 0.5), "city": self.one(["Leeds"], 0.5),
                "parent_id": self.beside(connection, 0.7), "created_at": made}  # fmt: skip

    def deal(self, connection: str) -> dict[str, Any]:
        return {"account_id": self.beside(connection, 0.1), "is_closed": self.one([True, False])}

    def person(self, connection: str) -> dict[str, Any]:
        firm = self.one(FIRMS)
        return {"email": self.one([f"p{self.number}@{self.domain(firm)}", f"p{self.number}@gmail.com"], 0.3),
                "phone": self.one([f"+1 212 555 {100 + FIRMS.index(firm):04}"], 0.6), "company": self.one([firm], 0.3),
                "mobile": None, "country": self.one(["US", "DE"], 0.6), "city": self.one(["Leeds", "Bonn"], 0.6),
                "account_id": self.beside(connection, 0.5)}  # fmt: skip

    def edit(self) -> set[Place]:
        """One thing that may happen, and the records that it happened to."""
        what = int(self.chance.integers(6))
        stream = self.one(["accounts", "contacts", "contacts", "leads", "deals"])
        if what == 0:
            return {self.put(stream)}
        place = self.one(self.places(stream))
        if what == 1:
            del self.rows[place]
        elif what == 2 and stream != "deals":
            self.entities[place] = f"{stream}{int(self.chance.integers(60))}"
        else:
            fresh = {"accounts": self.account, "deals": self.deal}.get(stream, self.person)(place[0])
            names = sorted(fresh) if what == 3 else [self.one(sorted(fresh))]
            self.rows[place] |= {name: fresh[name] for name in names}
        return {place}

    def frames(self, among: Collection[Place] | None = None) -> dict[str, pl.DataFrame]:
        held = {stream: [{"connection": place[0], "id": place[2], **row} for place, row in self.rows.items()
                         if place[1] == stream and (among is None or place in among)]
                for stream in ("accounts", "contacts", "leads", "deals")}  # fmt: skip
        frames = {}
        for stream, rows in held.items():
            whole = completed(stream, pl.DataFrame())
            found = pl.DataFrame(rows, schema_overrides=whole.schema, infer_schema_length=None)
            frames[stream] = completed(stream, found).select(whole.columns).sort("connection", "id")
        return frames

    def memberships(self) -> pl.DataFrame:
        rows = [(*place, entity) for place, entity in self.entities.items()]
        return pl.DataFrame(rows, schema=dict.fromkeys((*KEY, "entity"), pl.String), orient="row")


def again(town: Town, kept: Kept, changed: set[Place], settings: ResolveSettings) -> Resolution:
    keys = pl.DataFrame(sorted(changed), schema=dict.fromkeys(KEY, pl.String), orient="row")
    return resolve_again(kept, town.frames(changed), town.memberships(), keys, "US", settings)


_RULES = [("same-country", "open-deals", "most-contacts"), ("parent", "oldest")]


@pytest.mark.parametrize(
    ("seed", "names"),
    [
        (1, _RULES[0]),
        (2, _RULES[1]),
        *(pytest.param(seed, names, marks=pytest.mark.soak) for seed in range(3, 20) for names in _RULES),
    ],
)
def test_what_changed_resolved_by_itself_leaves_what_resolving_all_leaves(seed: int, names: tuple[Any, ...]) -> None:
    settings, town = ResolveSettings(tie_breaks=names, threshold=0.6), Town(seed, 40, 160)
    first = resolve_all(town.frames(), town.memberships(), "US", settings)
    kept, links = first.kept, first.links
    assert not kept.settled.is_empty()
    looked_at = 0
    for _ in range(10):
        changed = set().union(*(town.edit() for _ in range(int(town.chance.integers(1, 4)))))
        found = again(town, kept, changed, settings)
        assert found.only is not None
        person = {name: f"person_{name}" for name in KEY}
        left = links.join(found.only.rename(person), on=list(person.values()), how="anti")
        links, kept = pl.concat([left, found.links]).sort(*person.values()), found.kept
        said = own(normalise_all(town.frames(), "US"), town.memberships())
        for one, other in zip((said.people, said.accounts, said.deals),
                              (kept.own.people, kept.own.accounts, kept.own.deals), strict=True):  # fmt: skip
            assert_frame_equal(one, other)
        pooled = said.pooled()
        told = chosen(pooled, named_accounts(pooled, kept.fits), settings)
        assert_frame_equal(lines(pooled, told), links)
        looked_at += found.links.height
    assert looked_at < 10 * links.height


def test_nothing_is_looked_up_where_no_name_changed() -> None:
    town, settings = Town(5, 40, 160), ResolveSettings()
    kept = resolve_all(town.frames(), town.memberships(), "US", settings).kept
    place = town.places("contacts")[0]
    town.rows[place]["city"] = "Elsewhere"
    found = again(town, kept, {place}, settings)
    assert found.asked.is_empty()
    assert found.kept.fits.equals(kept.fits)


def test_company_names_mean_what_they_do_when_all_are_looked_up() -> None:
    """What is kept of names drifts with how common words are, and hardly tells."""
    town, settings = Town(6, 60, 240), ResolveSettings()
    kept = resolve_all(town.frames(), town.memberships(), "US", settings).kept
    for _ in range(20):
        kept = again(town, kept, town.edit(), settings).kept
    every = resolve_all(town.frames(), town.memberships(), "US", settings)
    pooled = kept.own.pooled()
    links = lines(pooled, chosen(pooled, named_accounts(pooled, kept.fits), settings))
    same = links["account_id"].eq_missing(every.links["account_id"])
    assert LINKS.names() == links.columns
    assert same.mean() >= 0.98  # type: ignore[operator]
