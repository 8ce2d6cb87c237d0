"""What the columns of a table hold: from their kinds to folded keys and the comparisons these allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from hygiene.linkage import keys as fold
from hygiene.linkage.codes import Terms
from hygiene.linkage.companies import Companies
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.names import Names
from hygiene.linkage.plain import plain
from hygiene.linkage.values import Mailboxes, Organisations, Phones
from hygiene.linkage.workers import at_once

# What each kind is folded to. Of names also the generation, of e-mails also the site of their host.
_FOLDED: Mapping[str, Callable[[pl.Series], Sequence[pl.Series]]] = {
    "given_name": lambda column: (fold.names(column), fold.generations(column)),
    "middle_name": lambda column: (fold.names(column),),
    "family_name": lambda column: (fold.names(column), fold.generations(column)),
    "full_name": lambda column: (*map(fold.names, fold.parts_of_name(column)), fold.generations(column)),
    "generation": lambda column: (fold.generations_alone(column),),
    "company_name": lambda column: (fold.companies(column),),
    "email": lambda column: fold.emails(column).get_columns(),
    "domain": lambda column: (fold.sites(column),),
    "phone": lambda column: (fold.phones(column),),
    "address": lambda column: (fold.streets(column),),
    "area": lambda column: (fold.areas(column),),
    "country": lambda column: (fold.countries(column),),
    "date": lambda column: (fold.dates(column),),
    "number": lambda column: (fold.numbers(column),),
    "identifier": lambda column: (fold.identifiers(column),),
    "job_title": lambda column: (fold.titles(column),),
    "text": lambda column: (fold.words_of(column),),
}  # fmt: skip
KINDS = tuple(_FOLDED)
# Of these kinds several columns hold one thing each; of the others they are as many values of one thing.
_EACH = ("area", "country", "date", "number", "identifier", "job_title", "text")
# Where so few records that name a company name a person too, the company is what the record is about.
_EMPLOYED = 0.5


def prepared(
    table: pl.DataFrame, kinds: Mapping[str, str], terms: Terms | None = None
) -> tuple[pl.DataFrame, list[Comparison]]:
    """The folded keys of a table, and the comparisons its columns allow; `terms` are those of a model."""
    folded = at_once(lambda name: _FOLDED[kinds[name]](table[name].cast(pl.String)), kinds)
    columns = _Columns(table, kinds, dict(zip(kinds, folded, strict=True)))
    _names(columns)
    for at, (*parts, _) in enumerate(columns.of("email")):
        columns.keys |= {f"{series.name}{at or ''}": series for series in parts}
    _organisations(columns)
    for kind in ("phone", "address"):
        columns.keys |= {f"{kind}{at}": key for at, (key,) in enumerate(columns.of(kind))}
    for name, kind in kinds.items():
        if kind in _EACH:
            columns.keys[f"{kind}:{name}"] = columns.folded[name][0]
    # Each in one chunk: from many, as files are read, values are gathered ten times as slowly.
    keys = pl.DataFrame({name: column.alias(name).rechunk() for name, column in columns.keys.items()})
    return keys, _comparisons(keys, terms)


@dataclass
class _Columns:
    """A table, the kinds of its columns, what these are folded to, and the keys made of that."""

    table: pl.DataFrame
    kinds: Mapping[str, str]
    folded: Mapping[str, Sequence[pl.Series]]
    keys: dict[str, pl.Series] = field(default_factory=dict)

    def of(self, kind: str) -> list[Sequence[pl.Series]]:
        """What each column of a kind is folded to."""
        return [self.folded[name] for name, its in self.kinds.items() if its == kind]

    def first(self, found: Sequence[pl.Series]) -> pl.Series:
        """Row by row the first that is something."""
        if len(found) == 1:
            return found[0]
        empty = pl.Series([None], dtype=pl.String).new_from_index(0, len(self.table))
        return pl.select(pl.coalesce(*found, empty)).to_series()


def _names(columns: _Columns) -> None:
    given, family, full = (columns.of(kind) for kind in ("given_name", "family_name", "full_name"))
    if not (given or family or full):
        return
    first = columns.first([part for part, _ in given])
    last = columns.first([part for part, _ in family])
    if full:
        # A full name stands in where there is no name in parts.
        has_parts = first.is_not_null() | last.is_not_null()
        first = columns.first([first, *(part.set(has_parts, None) for part, _, _ in full)])
        last = columns.first([last, *(part.set(has_parts, None) for _, part, _ in full)])
    if middle := columns.of("middle_name"):
        both = pl.concat_str(first, columns.first([part for (part,) in middle]), separator=" ", ignore_nulls=True)
        first = pl.select(both).to_series().set(first.is_null(), None)
    columns.keys["given"], columns.keys["family"] = first, last
    told = [part[-1] for kind in ("generation", "family_name", "given_name", "full_name") for part in columns.of(kind)]
    generation = columns.first(told)
    if generation.null_count() < len(generation):
        columns.keys["generation"] = generation


def _organisations(columns: _Columns) -> None:
    companies = [key for (key,) in columns.of("company_name")]
    domains = [key for (key,) in columns.of("domain")]
    if not companies and not domains:
        return
    site = columns.first([*domains, *(parts[-1] for parts in columns.of("email"))])
    if companies and _is_own(columns, companies):
        columns.keys |= {f"company{at or ''}": key for at, key in enumerate(companies)}
        named = [name for name, kind in columns.kinds.items() if kind == "company_name"]
        beside = fold.beside(columns.first([columns.table[name].cast(pl.String) for name in named]))
        if beside.null_count() < len(beside):
            columns.keys["beside"] = beside
        if "nature:" in columns.keys:
            site = site.set((columns.keys["nature:"] == "person").fill_null(value=False), None)
        if site.null_count() < len(site):
            columns.keys["site:"] = site
        return
    company = columns.first(companies)
    columns.keys["company"], columns.keys["site"] = company, site
    columns.keys["org"] = pl.select(pl.coalesce(site, company.str.replace_all(" ", ""))).to_series()


def _is_own(columns: _Columns, companies: Sequence[pl.Series]) -> bool:
    """Whether the companies are what the records are about, not where people work."""
    if "given" not in columns.keys:
        return True
    has_company = columns.first(companies).is_not_null()
    is_person = columns.keys["given"].is_not_null() | columns.keys["family"].is_not_null()
    if int((has_company & is_person).sum()) > _EMPLOYED * int(has_company.sum()):
        return False
    nature = pl.when(is_person).then(pl.lit("person")).when(has_company).then(pl.lit("company"))
    columns.keys["nature:"] = pl.select(nature).to_series()
    return True


def _comparisons(keys: pl.DataFrame, terms: Terms | None) -> list[Comparison]:
    def several(kind: str) -> list[str]:
        return [name for name in keys.columns if name.rstrip("0123456789") == kind]

    found: list[Comparison] = []
    if "given" in keys.columns:
        found.append(Names(keys, terms))
    if "email" in keys.columns:
        found.append(Mailboxes(keys, [name.removeprefix("email") for name in several("email")]))
    if "org" in keys.columns:
        found.append(Organisations(keys, terms))
    elif "company" in keys.columns:
        found.append(Companies(keys, several("company")[1:], several("beside"), terms))
    if several("phone"):
        found.append(Phones(keys, *several("phone"), terms=terms))
    if several("address"):
        found.append(plain(keys, "address", several("address"), terms))
    found += [plain(keys, name.partition(":")[0], [name], terms) for name in keys.columns if ":" in name]
    return found
