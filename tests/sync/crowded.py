"""A store crowded with people and companies that are hard to tell apart, and edits to it, all from one seed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from model.batch import Batch
from model.evidence import RecordKey, Verdict
from model.settings import ProjectSettings
from model.streams import Value
from store import Store
from sync.workspace import Workspace

GIVEN = ["Ana", "Anna", "Ben", "Benjamin", "Carla", "Carl", "Dora", "Doris", "Emil", "Emilia", "Finn", "Greta"]
FAMILY = ["Lee", "Leigh", "Mendes", "Mendez", "Novak", "Olsen", "Olson", "Petrov", "Quist", "Rossi", "Sand", "Tanaka"]
FIRMS = [
    "Acme",
    "Acme Tools",
    "Birch Foods",
    "Birch Food",
    "Corvo",
    "Delta Mining",
    "Elm & Ash",
    "Fjord Lines",
    "Garnet",
]
Row = dict[str, Any]


class Crowd:
    """Draws records and edits; `people` and `accounts` stand as they were last saved, by stream and id."""

    def __init__(self, seed: int, people: int, accounts: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.versions = count(1)
        self.ids = count(1)
        self.people: dict[tuple[str, str], Row] = {}
        self.accounts: dict[str, Row] = {}
        for _ in range(accounts):
            self.accounts[f"a{next(self.ids):05}"] = self.account()
        for _ in range(people):
            self.people[self.key()] = self.person()

    def one(self, values: list[Any], gap: float = 0.0) -> Any:
        return None if self.chance.random() < gap else values[int(self.chance.integers(len(values)))]

    def key(self) -> tuple[str, str]:
        return self.one(["contacts", "contacts", "leads"]), f"p{next(self.ids):05}"

    def account(self) -> Row:
        firm = self.one(FIRMS)
        domain = f"{''.join(firm.lower().split()).replace('&', '')}.example"
        number = int(self.chance.integers(900, 915))
        name = self.one([firm, f"{firm} Ltd", f"{firm} GmbH", firm.upper()])
        return {"name": name, "domain": self.one([domain], 0.4),
                "phone": self.one([f"+1 212 555 0{number}"], 0.5), "country": self.one(["US", "DE"], 0.3),
                "city": self.one(["Leeds", "Bonn"], 0.5), "is_deleted": False}  # fmt: skip

    def person(self) -> Row:
        given, family, firm = self.one(GIVEN), self.one(FAMILY), self.one(FIRMS)
        domain = f"{''.join(firm.lower().split()).replace('&', '')}.example"
        mail = self.one([f"{given}.{family}@{domain}".lower(), f"{given[0]}{family}@{domain}".lower(), f"info@{domain}",
                         f"{given}{family}@gmail.com".lower()], 0.3)  # fmt: skip
        number = int(self.chance.integers(100, 160))
        return {"given_name": self.one([given, given[0]], 0.1), "family_name": self.one([family, f"{family} Jr"], 0.02),
                "email": mail, "phone": self.one([f"+1 212 555 0{number}"], 0.5),
                "mobile": self.one([f"+1 917 555 0{number + 20}"], 0.7), "company": self.one([firm], 0.4),
                "account_id": self.one(sorted(self.accounts), 0.5), "is_deleted": False}  # fmt: skip

    def twins(self, number: int) -> None:
        same = {**self.person(), "given_name": "Tom", "family_name": "Twin", "email": None, "account_id": None,
                "company": "Garnet", "phone": None, "mobile": None}  # fmt: skip
        for _ in range(number):
            self.people[self.key()] = dict(same)

    def batches(self, people: list[tuple[str, str]], accounts: list[str]) -> Iterator[Batch]:
        rows: dict[str, dict[str, Row]] = {"contacts": {}, "leads": {}, "accounts": {}}
        for stream, record in people:
            row = dict(self.people[stream, record])
            if stream == "leads":
                del row["account_id"]
            rows[stream][record] = row
        rows["accounts"] = {record: self.accounts[record] for record in accounts}
        for stream, held in rows.items():
            if held:
                version = next(self.versions)
                fields = list(next(iter(held.values())))
                columns: dict[str, list[Value]] = {name: [row[name] for row in held.values()] for name in fields}
                columns |= {"id": [*held], "changed_at": [version] * len(held), "created_at": [version] * len(held)}
                yield Batch("sf", stream, columns, frozenset(fields) - {"is_deleted"})

    def edit(self) -> Iterator[Batch | Verdict]:
        """One thing that may happen between two matches."""
        what = int(self.chance.integers(9))
        person, account = self.one(sorted(self.people)), self.one(sorted(self.accounts))
        if what == 0:
            key = self.key()
            self.people[key] = self.person()
            yield from self.batches([key], [])
        elif what == 1:
            row = self.people[person]
            row["is_deleted"] = not row["is_deleted"]
            yield from self.batches([person], [])
        elif what in (2, 3):
            name = self.one(["given_name", "family_name", "email", "phone", "mobile", "company", "account_id"])
            self.people[person][name] = self.person()[name]
            yield from self.batches([person], [])
        elif what == 4:
            self.accounts[account] = self.account()
            yield from self.batches([], [account])
        elif what == 5:
            self.accounts[account]["is_deleted"] = not self.accounts[account]["is_deleted"]
            yield from self.batches([], [account])
        elif what == 6:
            key = self.key()
            self.people[key] = dict(self.people[self.one(sorted(self.people))])
            yield from self.batches([key], [])
        elif what == 7:
            ends = [RecordKey("sf", *self.one(sorted(self.people))) for _ in range(2)]
            if ends[0] != ends[1]:
                yield Verdict(
                    ends[0], ends[1], self.one(["same", "different", "unsure"]), "tester", next(self.versions)
                )
        else:
            contacts = [record for stream, record in sorted(self.people) if stream == "contacts"]
            link = {"from_stream": "contacts", "from_id": self.one(contacts), "to_stream": "accounts",
                    "to_id": account, "is_primary": True, "is_deleted": bool(self.chance.random() < 0.3)}  # fmt: skip
            own = {"id": f"{link['from_id']}>{account}", "changed_at": next(self.versions)}
            columns = {name: [value] for name, value in {**own, **link}.items()}
            yield Batch("sf", "associations", columns, frozenset(link) - {"is_deleted"})


def saved(store: Store, things: Iterator[Batch | Verdict]) -> None:
    for thing in things:
        if isinstance(thing, Batch):
            store.save_batch(thing)
        else:
            store.add_verdict(thing)


@contextmanager
def opened(path: Path, at: Iterator[int]) -> Iterator[Workspace]:
    with Workspace(Store.open(path), ProjectSettings(), path.parent, lambda _: "", clock=lambda: next(at)) as workspace:
        yield workspace


def copied(path: Path, name: str) -> Path:
    return Path(shutil.copy(path, path.with_name(name)))


def content(store: Store) -> Mapping[str, pl.DataFrame]:
    """What a match leaves behind that anybody reads."""
    findings = store.findings().filter(pl.col("step") == "match").drop("run_id", "position")
    return {"pairs": store.pairs(), "findings": findings,
            "memberships": store.memberships().select("connection", "stream", "id", "entity")}  # fmt: skip
