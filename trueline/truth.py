"""How well a run agrees with what the sandbox planted: the demo prints it, and nothing else can know it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sandbox.generator import Dataset

# The connection and stream of each system and object of the demo.
_STREAMS = pl.DataFrame(
    [("salesforce", "Contact", "sf", "contacts"), ("salesforce", "Lead", "sf", "leads"),
     ("salesforce", "Account", "sf", "accounts"), ("hubspot", "contacts", "hs", "contacts"),
     ("hubspot", "companies", "hs", "accounts")],
    schema=["system", "object", "connection", "stream"], orient="row",
)  # fmt: skip
_KEY = ("connection", "stream", "id")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of pairs of records: joined and truly one, joined, truly one."""

    right: int
    joined: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0


@dataclass(frozen=True, slots=True)
class LinkAgreement:
    """Of people without account: linked to a true account, linked at all, and those who have one."""

    right: int
    linked: int
    possible: int
    reached: int

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 1.0

    @property
    def coverage(self) -> float:
        """Of those whose true account exists, how many were linked."""
        return self.reached / self.possible if self.possible else 1.0


def matched_truly(memberships: pl.DataFrame, dataset: Dataset) -> dict[str, Agreement]:
    """How memberships (connection, stream, id, entity) agree with the planted entities of people and companies.

    Records of people at an earlier or later employer are left out: they are linked, not merged.
    """
    placed = _placed(dataset.truth["records"]).filter(pl.col("relation") != "job_change")
    planted = placed.select(*_KEY, pl.col("entity").alias("truth"))
    both = memberships.select(*_KEY, "entity").join(planted, on=_KEY, how="inner")
    is_company = pl.col("stream") == "accounts"
    return {"people": _agreement(both.filter(~is_company)), "companies": _agreement(both.filter(is_company))}


def linked_truly(links: pl.DataFrame, dataset: Dataset) -> LinkAgreement:
    """How links (connection, stream, id, account_id, null where none was chosen) agree with the planted accounts."""
    planted = _placed(dataset.truth["account_of"]).select(*_KEY, "account_ids")
    both = links.select(*_KEY, "account_id").join(planted, on=_KEY, how="left")
    exists = pl.col("account_ids").list.len().fill_null(0) > 0
    linked = pl.col("account_id").is_not_null()
    right = pl.col("account_ids").list.contains(pl.col("account_id")).fill_null(value=False)
    counts = both.select(right.sum(), linked.sum().alias("linked"), exists.sum().alias("possible"),
                         (exists & linked).sum().alias("reached")).row(0)  # fmt: skip
    return LinkAgreement(*counts)


def _placed(truth: pl.DataFrame) -> pl.DataFrame:
    return truth.join(_STREAMS, on=["system", "object"], how="inner")


def _agreement(records: pl.DataFrame) -> Agreement:
    def pairs(*by: str) -> int:
        size = pl.col("len").cast(pl.Int64)
        return int(records.group_by(by).len().select((size * (size - 1) // 2).sum()).item())

    return Agreement(pairs("entity", "truth"), pairs("entity"), pairs("truth"))
