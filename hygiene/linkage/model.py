"""A model by itself: all that is needed to weigh a pair, whichever other records are there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from hygiene.linkage.classes import Learned, Real, weigh
from hygiene.linkage.codes import TERM, Terms
from hygiene.linkage.comparison import Compared, Comparison, Prior

# Of what `to_bytes` writes; a body of another format is not read.
FORMAT = 1


class OtherComparisons(ValueError):
    """The model was learned with other comparisons than those at hand."""


@dataclass(frozen=True)
class Model:
    """Class shares and tables, of each comparison the words of its levels and what learning began with, how often
    values occur, and the block keys (sorted u64) that are split because too many records share them."""

    learned: Learned
    words: tuple[tuple[str, ...], ...]
    priors: tuple[Prior, ...]
    terms: Terms
    skewed: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        learned: Learned,
        compared: Sequence[Compared],
        comparisons: Sequence[Comparison],
        records: int,
        skewed: Sequence[int] = (),
        counts: Mapping[str, pl.DataFrame] | None = None,
    ) -> Model:
        """What was learned from `records` records by these comparisons; `counts` are kept beside theirs."""
        columns = {coded.name: coded.repeated() for one in comparisons for coded in one.counted()} | dict(counts or {})
        kept = {name: columns[name].filter(~pl.col("value").str.contains("\n")) for name in sorted(columns)}
        terms = Terms(records, kept)
        words, priors = tuple(one.words for one in compared), tuple(one.prior for one in compared)
        return cls(learned, words, priors, terms, tuple(sorted(skewed)))

    @cached_property
    def body(self) -> bytes:
        """The whole model as JSON; the same model is always the same bytes."""
        # A list of very many texts takes long to read back, one long text does not.
        terms = {
            name: {"values": "\n".join(frame["value"]), "counts": frame["count"].to_list()}
            for name, frame in self.terms.counts.items()
        }
        document = {
            "format": FORMAT,
            "records": self.terms.records,
            "families": self.learned.families,
            "share": self.learned.share.tolist(),
            "tables": [table.tolist() for table in self.learned.tables],
            "words": self.words,
            "priors": [[prior.m.tolist(), prior.u.tolist()] for prior in self.priors],
            "terms": terms,
            "skewed": self.skewed,
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @cached_property
    def version(self) -> str:
        """Sixteen letters and digits made from all of the model."""
        return _digest(self.body)

    @classmethod
    def parse(cls, body: bytes) -> Model:
        """Inverse of `body`; ValueError for another format."""
        document: dict[str, Any] = json.loads(body)
        if document.get("format") != FORMAT:
            raise ValueError(f"a model of format {document.get('format')} cannot be read, only one of {FORMAT}")
        tables = tuple(np.array(table) for table in document["tables"])
        learned = Learned(tuple(document["families"]), np.array(document["share"]), tables)
        counts = {name: _term(**held) for name, held in document["terms"].items()}
        words = tuple(tuple(one) for one in document["words"])
        priors = tuple(Prior(np.array(m), np.array(u)) for m, u in document["priors"])
        found = cls(learned, words, priors, Terms(document["records"], counts), tuple(document["skewed"]))
        # To write a model of many terms only to name it takes longer than to read it.
        vars(found)["version"] = _digest(body)
        return found

    def weigh(self, compared: Sequence[Compared]) -> Real:
        """Each pair's probability of matching; OtherComparisons when it was not learned with these."""
        self.check(compared)
        return weigh(self.learned, compared)

    def informed(self, compared: Sequence[Compared]) -> list[Compared]:
        """The comparisons with the priors of those it was learned with; theirs are of the records at hand."""
        self.check(compared)
        return [replace(one, prior=prior) for one, prior in zip(compared, self.priors, strict=True)]

    def check(self, compared: Sequence[Compared]) -> None:
        """OtherComparisons when these are not the comparisons it was learned with."""
        families, words = tuple(one.family for one in compared), tuple(one.words for one in compared)
        if families != self.learned.families or words != self.words:
            raise OtherComparisons("the model was learned with other comparisons; learn it again")


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=8).hexdigest()


def _term(values: str, counts: list[int]) -> pl.DataFrame:
    listed = pl.Series([values] if counts else [], dtype=pl.String).str.split("\n").explode()
    return pl.DataFrame({"value": listed, "count": counts}, schema=TERM)
