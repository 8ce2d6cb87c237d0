"""From a table and the kinds of its columns to the probability of every candidate pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage import keys as fold
from hygiene.linkage.agglomerate import agglomerate
from hygiene.linkage.classes import Learned, Real, learn
from hygiene.linkage.codes import Rows, Terms
from hygiene.linkage.companies import Companies
from hygiene.linkage.comparison import Compared, Comparison
from hygiene.linkage.hashes import contents
from hygiene.linkage.loss import blocking_loss
from hygiene.linkage.model import Model
from hygiene.linkage.names import Names
from hygiene.linkage.pairs import Candidates, Part, candidate_pairs
from hygiene.linkage.values import (
    Mailboxes,
    Organisations,
    Phones,
    Values,
    date_levels,
    short_levels,
    street_levels,
    text_levels,
)
from hygiene.linkage.workers import at_once

RANDOM_PAIRS = 20_000
_FOLDED: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "given_name": fold.names, "family_name": fold.names, "company_name": fold.companies,
    "email": lambda column: fold.emails(column).to_struct(), "domain": fold.sites, "phone": fold.phones,
    "address": fold.streets, "area": fold.words_of, "date": fold.dates, "identifier": fold.identifiers,
    "text": fold.words_of,
}  # fmt: skip
KINDS = tuple(_FOLDED)
_TEXT = ("same", "alike", "one holds the other", "different")


@dataclass(frozen=True, slots=True)
class Linked:
    """Candidate pairs with their probability, the comparisons behind it and the model that weighed them.

    `blocking_loss` is the estimated share (0 to 1) of true pairs that are no candidates, as `loss.blocking_loss` has
    it: 0 where every pair was compared, None where only some were asked for.
    """

    keys: pl.DataFrame
    candidates: Candidates
    probability: Real
    compared: tuple[Compared, ...]
    learned: Learned | None  # None where there was no pair to learn from
    blocking_loss: float | None

    @property
    def left(self) -> Rows:
        return self.candidates.left

    @property
    def right(self) -> Rows:
        return self.candidates.right

    def clusters(self, threshold: float = 0.5) -> npt.NDArray[np.int64]:
        """For each record the smallest row of its cluster."""
        return agglomerate(
            len(self.keys), self.left, self.right, self.probability,
            threshold=threshold, twins=self.candidates.twins, contents=lambda rows: contents(self.keys[rows]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Partners:
    """Two tables against each other: `linked` counts the rows of the second on from `boundary`, the first's length."""

    boundary: int
    linked: Linked

    def pairs(self, threshold: float = 0.5, *, one_to_one: bool = False) -> pl.DataFrame:
        """Columns left, right (rows of each table, u32) and probability, the surest first.

        With `one_to_one` no row stands in two pairs: of those that compete the surest stays.
        """
        kept = self.linked.probability >= threshold
        right = self.linked.right[kept] - np.uint32(self.boundary)
        found = pl.DataFrame(
            {"left": self.linked.left[kept], "right": right, "probability": self.linked.probability[kept]}
        ).sort("probability", "left", "right", descending=[True, False, False])
        return found.filter(undisputed(found)) if one_to_one else found

    def best(self, threshold: float = 0.5) -> pl.DataFrame:
        """The surest partner of each row of the first table that has one; columns as for `pairs`, by left."""
        return self.pairs(threshold).unique("left", keep="first", maintain_order=True).sort("left")


def undisputed(found: pl.DataFrame) -> pl.Series:
    """Of pairs in order, those of which neither row stands in an earlier pair that was kept."""
    ours: set[int] = set()
    theirs: set[int] = set()
    kept = []
    for left, right in found.select("left", "right").iter_rows():
        is_free = left not in ours and right not in theirs
        kept.append(is_free)
        if is_free:
            ours.add(left)
            theirs.add(right)
    return pl.Series(kept, dtype=pl.Boolean)


def link(table: pl.DataFrame, kinds: Mapping[str, str], *, seed: int = 1, model: Model | None = None) -> Linked:
    """Compare the records of a table with each other, by weights learned from them or by those of a model.

    `kinds` says of each column to compare what it holds: given_name, family_name, company_name, email, domain, phone,
    address, area, date, identifier, text. ValueError for another kind, when no column is named, and for a model of
    other comparisons.
    """
    _check(kinds)
    return link_keys(*prepared(table, kinds, None if model is None else model.terms), seed=seed, model=model)


def link_between(left: pl.DataFrame, right: pl.DataFrame, kinds: Mapping[str, str], *, seed: int = 1) -> Partners:
    """Compare the records of one table with those of another; `kinds` as for `link`, of columns that both have."""
    columns = list(kinds)
    both = pl.concat([table.select(pl.col(columns).cast(pl.String)) for table in (left, right)])
    _check(kinds)
    keys, comparisons = prepared(both, kinds)
    return Partners(len(left), link_keys(keys, comparisons, seed=seed, between=len(left)))


def _check(kinds: Mapping[str, str]) -> None:
    if unknown := sorted(set(kinds.values()) - set(KINDS)):
        raise ValueError(f"there is no kind {unknown[0]!r}; kinds are {', '.join(KINDS)}")
    if not kinds:
        raise ValueError("name at least one column and what it holds")


def link_keys(
    keys: pl.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    seed: int = 1,
    between: int | None = None,
    model: Model | None = None,
    part: Part | None = None,
    keep: bool = False,
) -> Linked:
    """Compare records by keys that are folded already; with `between` only those before this row with the others.

    Given a model, nothing is learned: the comparisons must have been made with its terms. `part` says which pairs to
    compare where the records are some of many; with `keep` the block keys are kept.
    """
    skewed = None if model is None else np.array(model.skewed, np.uint64)
    candidates = candidate_pairs(keys, comparisons, skewed=skewed, between=between, part=part, keep=keep)
    left, right = candidates.left, candidates.right
    compared = tuple(at_once(lambda comparison: comparison.compare(left, right), comparisons))
    if model is not None:
        probability = model.weigh(compared)
        loss = None if part is not None else _loss(keys, comparisons, candidates, probability)
        return Linked(keys, candidates, probability, compared, model.learned, loss)
    if not len(left):
        return Linked(keys, candidates, np.zeros(0), compared, None, 0.0)
    one, other = random_pairs(candidates.order, seed, between)
    chance = [comparison.compare(one, other) for comparison in comparisons]
    larger = len(keys) if between is None else max(between, len(keys) - between)
    pairs = len(keys) * (len(keys) - 1) / 2 if between is None else between * (len(keys) - between)
    learned, probability = learn(compared, chance, larger, pairs)
    loss = _loss(keys, comparisons, candidates, probability)
    return Linked(keys, candidates, probability, compared, learned, loss)


def _loss(keys: pl.DataFrame, comparisons: Sequence[Comparison], candidates: Candidates, probability: Real) -> float:
    if candidates.is_every:
        return 0.0
    return blocking_loss(keys, comparisons, candidates.left, candidates.right, probability)


def random_pairs(order: Rows, seed: int, between: int | None = None) -> tuple[Rows, Rows]:
    """Pairs of different rows, drawn by chance; with `between` one from before this row and one from behind it.

    `order` has all rows in an order that comes from what is in them: then the same pairs are drawn from any order.
    """
    chance = np.random.default_rng(seed)
    ours, theirs = (order, order) if between is None else (order[order < between], order[order >= between])
    one, other = (rows[chance.integers(0, len(rows), RANDOM_PAIRS)] for rows in (ours, theirs))
    apart = one != other
    return one[apart], other[apart]


def prepared(
    table: pl.DataFrame, kinds: Mapping[str, str], terms: Terms | None = None
) -> tuple[pl.DataFrame, list[Comparison]]:
    """The folded keys of a table, and the comparisons its columns allow; `terms` are those of a model."""
    of: dict[str, list[str]] = {}
    for column, kind in kinds.items():
        of.setdefault(kind, []).append(column)
    folded = dict(zip(kinds, at_once(lambda column: _FOLDED[kinds[column]](table[column]), kinds), strict=True))
    columns: dict[str, pl.Series] = {}
    comparisons: list[Comparison] = []
    _names(folded, of, columns)
    for column in of.get("email", ())[:1]:
        columns |= {series.name: series for series in folded[column].struct.unnest()}
    _organisations(folded, of, columns)
    columns |= {f"phone{at}": folded[column] for at, column in enumerate(of.get("phone", ()))}
    for kind in ("address", "area", "date", "identifier", "text"):
        columns |= {f"{kind}:{column}": folded[column] for column in of.get(kind, ())}
    keys = pl.DataFrame({name: column.alias(name) for name, column in columns.items()})
    if "given" in columns:
        comparisons.append(Names(keys, terms))
    if "email" in columns:
        comparisons.append(Mailboxes(keys))
    if "company" in columns:
        comparisons.append(Organisations(keys, terms) if "given" in columns else Companies(keys, terms=terms))
    comparisons += [Phones(keys, name, terms=terms) for name in columns if name.startswith("phone")]
    comparisons += [_value(keys, name, terms) for name in columns if ":" in name]
    return keys, comparisons


def _names(folded: Mapping[str, pl.Series], of: Mapping[str, list[str]], columns: dict[str, pl.Series]) -> None:
    given, family = of.get("given_name", ()), of.get("family_name", ())
    if given or family:
        empty = pl.Series([None], dtype=pl.String).new_from_index(0, len(folded[(*given, *family)[0]]))
        columns["given"] = folded[given[0]] if given else empty
        columns["family"] = folded[family[0]] if family else empty


def _organisations(folded: Mapping[str, pl.Series], of: Mapping[str, list[str]], columns: dict[str, pl.Series]) -> None:
    companies, domains = of.get("company_name", ()), of.get("domain", ())
    if not companies and not domains:
        return
    empty = pl.Series([None], dtype=pl.String).new_from_index(0, len(folded[(*companies, *domains)[0]]))
    company = folded[companies[0]] if companies else empty
    site = folded[domains[0]] if domains else empty
    if "site" in columns:
        site = pl.select(pl.coalesce(site, columns["site"])).to_series() if domains else columns["site"]
    columns["company"], columns["site"] = company, site
    columns["org"] = pl.select(pl.coalesce(site, company.str.replace_all(" ", ""))).to_series()


def _value(keys: pl.DataFrame, name: str, terms: Terms | None) -> Comparison:
    kind, _, column = name.partition(":")
    key = pl.col(name)
    words: tuple[str, ...]
    if kind == "date":
        words = ("same date", "dates a keystroke apart", "same year or day", "different dates")
        return Values(keys, name, f"date {column}", date_levels, (0.82, 0.08, 0.05, 0.05), (4e-4, 0.03, 0.97), words,
                      coarse=(key, key.str.slice(0, 6)), terms=terms)  # fmt: skip
    if kind == "identifier":
        words = ("same identifier", "identifiers a keystroke or two apart", "different identifiers")
        return Values(keys, name, f"identifier {column}", short_levels, (0.85, 0.08, 0.07), (1e-5, 1.0), words,
                      fine=(key,), terms=terms)  # fmt: skip
    if kind == "address":
        words = ("same address", "same number, street alike", "street alike", "same number", "different addresses")
        number = key.str.extract(r"(\d+)")
        return Values(keys, name, "place", street_levels, (0.6, 0.2, 0.07, 0.05, 0.08), (1e-4, 1e-3, 0.02, 0.98), words,
                      fine=(key,), coarse=(pl.concat_str(number, key.str.extract(r"([a-z]{3})")),),
                      terms=terms)  # fmt: skip
    if kind == "area":
        words = ("same area", "areas a keystroke apart", "different areas")
        return Values(keys, name, "place", short_levels, (0.85, 0.05, 0.1), (5e-3, 1.0), words, coarse=(key,),
                      terms=terms)  # fmt: skip
    return Values(keys, name, f"text {column}", text_levels, (0.55, 0.15, 0.1, 0.2), (3e-3, 0.02, 0.98), _TEXT,
                  terms=terms)  # fmt: skip
