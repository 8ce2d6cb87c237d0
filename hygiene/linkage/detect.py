"""Which kind each column of any table holds, from its heading and from its values.

A heading proposes and the values dispose: a column called phone whose values have no digits is none. Of several columns
with one role (two cities) the one with the plainest heading is compared. What only numbers rows, names
their owners or tells when they were made is never evidence of who somebody is, so it is ignored, the label of the true
entity among it; so are columns nobody can place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from hygiene.distinct import texts
from hygiene.linkage.headings import SECOND, STRANGE, Heading, heading_words, read_heading
from hygiene.linkage.shapes import Shape, shape_of

IGNORE = "ignore"
_NAMES = ("given_name", "family_name", "full_name", "company_name")
_ROLE = {"given_name": "given", "family_name": "family", "full_name": "full", "company_name": "company",
         "email": "email", "domain": "site", "job_title": "job", "country": "country"}  # fmt: skip
_LONG_TEXT = 120
# So many rows may all be one person; more of the same value only name where the file comes from.
_REPEATED = 10
# Numbers at least as long do not merely count.
_TELLING_LENGTH = 6
# Kinds of which several columns are as many values of one thing, and how many of these are compared.
_SEVERAL = ("email", "phone", "address", "company_name", "full_name")
_MOST_VALUES = 3
# What a column loses that a tenth as many rows fill as fill another of its role.
_SPARSE = 5.0
# Values speak for a column without a telling heading from so many rows on.
_FEWEST, _FEW = 5, 0.02
_SAID = "its heading says so"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, the kind it was taken for and why; columns of one role in two tables hold the same."""

    name: str
    kind: str
    role: str
    reason: str

    @property
    def is_compared(self) -> bool:
        return self.kind != IGNORE


@dataclass(frozen=True, slots=True)
class _Seen:
    """A column as it stands; it has no shape where it is blank or its heading is foreign."""

    place: int
    name: str
    heading: Heading
    shape: Shape | None
    filled: int
    distinct: int

    @property
    def is_unique(self) -> bool:
        return self.distinct == self.filled


def detect(table: pl.DataFrame, given: Mapping[str, str] | None = None, *, is_alone: bool = True) -> tuple[Column, ...]:
    """One `Column` per column of the table, in order. What `given` says of a column (a kind, or ignore) is taken.

    A customer's or an article's number that is another in every row says nothing where the table `is_alone`; beside
    other tables it may, unless it only counts.
    """
    given = given or {}
    seen = [_look(place, table[name]) for place, name in enumerate(table.columns)]
    told = [_told(one, given[one.name]) if one.name in given else _proposed(one, is_alone=is_alone) for one in seen]
    columns = _roles(seen, _named(seen, told, table), given)
    silent = [one for one in seen if one.name not in given and not columns[one.place].is_compared]
    return tuple(_by_values(silent, columns, len(table)))


def _look(place: int, column: pl.Series) -> _Seen:
    text = texts(column)
    filled = len(text) - text.null_count()
    heading = read_heading(column.name)
    distinct = text.drop_nulls().n_unique()
    # A foreign heading settles it: its values need no look.
    shape = shape_of(text) if filled and not heading.is_foreign else None
    return _Seen(place, column.name, heading, shape, filled, distinct)


def _told(one: _Seen, kind: str) -> Column:
    role = one.heading.role if one.heading.kind == kind else _ROLE.get(kind, f"{kind} {one.name}")
    return Column(one.name, kind, role, "you said so")


def _ignored(one: _Seen, reason: str) -> Column:
    return Column(one.name, IGNORE, "", reason)


def _proposed(one: _Seen, *, is_alone: bool) -> Column:
    """What the heading says, if the values bear it out; ambiguous kinds (name, title) stay for later."""
    shape, heading = one.shape, one.heading
    if not one.filled:
        return _ignored(one, "it is blank")
    if shape is None:
        return _ignored(one, "its heading names a key or something else")
    if one.distinct == 1 and one.filled > _REPEATED:
        return _ignored(one, "all its values are the same")
    if not heading.kind:
        return _ignored(one, "its heading is not known")
    if heading.role == "numbered" and one.is_unique and (is_alone or shape.length < _TELLING_LENGTH):
        return _ignored(one, "every row has a number of its own")
    against = _contradiction(heading.kind, shape)
    if against:
        return _ignored(one, f"its heading says {heading.kind.replace('_', ' ')}, but {against}")
    return Column(one.name, heading.kind, heading.role, _SAID)


def _contradiction(kind: str, shape: Shape) -> str:
    """Why values cannot be of a kind, in words; empty when they can."""
    if shape.hashed > 0.5:
        return "its values are hashes or keys"
    if kind in (*_NAMES, "name", "job_title", "title", "text") and shape.letters < 0.5:
        return "few of its values have letters"
    if kind in (*_NAMES, "name", "area", "job_title", "title") and shape.length > _LONG_TEXT:
        return "its values are long texts"
    wanting = {
        "email": (shape.mail, "few of its values have an @"),
        "domain": (shape.host, "few of its values are web addresses"),
        "phone": (1.0 if shape.letters < 0.5 else 0.0, "its values are words"),
        "date": (1.0 if shape.date > 0.3 or shape.number > 0.5 else 0.0, "its values are no dates"),
        "number": (shape.number, "few of its values are numbers"),
    }
    share, words = wanting.get(kind, (1.0, ""))
    if share < 0.3:
        return words
    return "all lead to one site" if kind == "domain" and shape.hosts == 1 else ""


# --- names -------------------------------------------------------------------------------------------------------


def _named(seen: Sequence[_Seen], told: Sequence[Column], table: pl.DataFrame) -> list[Column]:
    """The same columns with `name` and `title` decided by what stands beside them and by their values."""
    kinds = {column.kind for column in told}
    people = bool(kinds & {"given_name", "family_name", "full_name", "job_title"} or _has_role(told, "birth"))
    named = []
    for one, column in zip(seen, told, strict=True):
        if column.kind == "family":
            named.append(_of_product(column, kinds))
        elif column.kind == "name" and one.shape is not None:
            named.append(_name(one, column, one.shape, kinds, people=people))
        elif column.kind == "full_name" and {"given_name", "family_name"} <= kinds and not _adds(one, told, table):
            named.append(_ignored(one, "it repeats the given and family names"))
        else:
            named.append(column)
    people = people or any(column.kind == "full_name" for column in named)
    return [
        _title(one, column, one.shape, people=people) if column.kind == "title" and one.shape is not None else column
        for one, column in zip(seen, named, strict=True)
    ]


def _of_product(column: Column, kinds: set[str]) -> Column:
    """A column called just family: a family name beside a given name, else one of products."""
    if "given_name" in kinds:
        return replace(column, kind="family_name", role=_ROLE["family_name"])
    return replace(column, kind=IGNORE, role="", reason="its heading is not known")


def _has_role(told: Sequence[Column], role: str) -> bool:
    return any(column.role == role for column in told)


def _adds(one: _Seen, told: Sequence[Column], table: pl.DataFrame) -> bool:
    """Whether a full name often stands where both of its parts are blank."""
    parts = [column.name for column in told if column.kind in ("given_name", "family_name")]
    alone = table.select((pl.col(one.name).is_not_null() & pl.all_horizontal(pl.col(parts).is_null())).mean())
    return bool((alone.item() or 0.0) > 0.01)


def _name(one: _Seen, column: Column, shape: Shape, kinds: set[str], *, people: bool) -> Column:
    """A column called just name: the missing half of a person's name, all of it, or what a company or thing is called.

    One that is called the name of something else ("meeting name") counts only where nothing else is named.
    """
    if "given_name" in kinds and "family_name" in kinds:
        return _ignored(one, "it repeats the given and family names")
    if "given_name" in kinds or "family_name" in kinds:
        kind = "family_name" if "given_name" in kinds else "given_name"
        return replace(column, kind=kind, role=_ROLE[kind], reason="the other half of the name stands beside it")
    is_strange = one.heading.rank >= STRANGE
    if one.heading.rank >= SECOND and "company_name" in kinds and not people:
        return replace(column, kind="company_name", role=_ROLE["company_name"], reason="another name of the company")
    if is_strange and (one.distinct * 5 < one.filled or kinds & set(_NAMES)):
        return _ignored(one, "it names something else than what a row is about")
    fits = shape.legal < 0.05 and shape.digits < 0.05 and 1.5 < shape.words < 3.5
    is_person = fits and (people or shape.given > 0.1 or "company_name" in kinds)
    kind = "full_name" if is_person else "company_name"
    reason = "its values look like names of people" if is_person else "it names what a row is about"
    return replace(column, kind=kind, role=_ROLE[kind], reason=reason)


def _title(one: _Seen, column: Column, shape: Shape, *, people: bool) -> Column:
    if shape.title > 0.5:
        return _ignored(one, "it says Mr or Ms, which tells nobody apart")
    if people:
        return replace(column, kind="job_title", role="job", reason="people stand in the same rows")
    return replace(column, kind="text", role="title")


# --- which of several --------------------------------------------------------------------------------------------


def _roles(seen: Sequence[_Seen], told: Sequence[Column], given: Mapping[str, str]) -> list[Column]:
    """Of the columns of a role the one with the plainest heading, unless hardly any row fills it. Further values of one
    thing (a second e-mail) are compared with it, and so is every identifier."""
    fullest: dict[str, int] = {}
    for one, column in zip(seen, told, strict=True):
        fullest[column.role] = max(fullest.get(column.role, 0), one.filled)
    ranked: dict[str, list[tuple[float, int]]] = {}
    for one, column in zip(seen, told, strict=True):
        rank = -1.0 if one.name in given else one.heading.rank + _SPARSE * (one.filled * 10 < fullest[column.role])
        if column.is_compared:
            ranked.setdefault(column.role, []).append((rank, one.place))
    columns = list(told)
    for role, places in ranked.items():
        best = told[min(places)[1]]
        for number, (_, place) in enumerate(sorted(places)[1:], start=2):
            is_further = told[place].name in given or _is_further(seen[place], told[place], number)
            columns[place] = (
                replace(told[place], role=f"{role} {number}")
                if is_further
                else replace(told[place], kind=IGNORE, role="", reason=f"{best.name!r} is compared instead")
            )
    return _without_state(seen, columns, given)


def _is_further(one: _Seen, column: Column, number: int) -> bool:
    """Whether a column that is not the best of its role says more of the same thing."""
    if column.kind == "identifier":
        return True
    # A second line of an address is no second address, and a second company is another one unless it is called so.
    is_line = column.kind == "address" and any(word.isdigit() for word in heading_words(one.name))
    is_other = column.kind == "company_name" and one.heading.rank < SECOND
    return column.kind in _SEVERAL and number <= _MOST_VALUES and not is_line and not is_other


def _without_state(seen: Sequence[_Seen], told: list[Column], given: Mapping[str, str]) -> list[Column]:
    """Without the state where the city or postal code stands in most of its rows: evidence must not count twice."""
    filled = {column.role: one.filled for one, column in zip(seen, told, strict=True) if column.is_compared}
    if max(filled.get("city", 0), filled.get("zip", 0)) * 2 < filled.get("state", 0):
        return told
    return [
        replace(column, kind=IGNORE, role="", reason="the city or postal code says as much")
        if column.role == "state" and {"city", "zip"} & filled.keys() and column.name not in given else column
        for column in told
    ]  # fmt: skip


def _by_values(silent: Sequence[_Seen], told: Sequence[Column], rows: int) -> list[Column]:
    """Kinds that no heading of the silent columns named, from values that speak for themselves; then any text, where
    nothing tells names."""
    columns = list(told)
    for one in silent:
        has_enough = one.distinct > 1 and one.filled >= min(_FEWEST, rows) and one.filled >= rows * _FEW
        is_open = has_enough and not one.heading.kind and not one.heading.is_foreign
        kind = _kind_of_values(one, one.shape) if one.shape is not None and is_open else ""
        is_second_name = kind in _NAMES and not one.heading.is_generic and any(c.kind in _NAMES for c in columns)
        if kind and not is_second_name and not any(other.kind == kind for other in columns):
            columns[one.place] = Column(one.name, kind, _ROLE.get(kind, f"{kind} {one.place}"), _looks(kind))
    if not any(column.kind in (*_NAMES, "text", "email", "phone") for column in columns):
        for one in silent:
            columns[one.place] = _as_text(one, columns[one.place])
    return columns


def _looks(kind: str) -> str:
    return f"its values look like {kind.replace('_', ' ')}s"


def _kind_of_values(one: _Seen, shape: Shape) -> str:
    if shape.mail > 0.8:
        return "email"
    if shape.host > 0.8 and shape.hosts > max(1, one.distinct // 20):
        return "domain"
    if shape.spaced > 0.8 and shape.date < 0.2:
        return "phone"
    if shape.legal > 0.1 and shape.letters > 0.9 and shape.length < _LONG_TEXT:
        return "company_name"
    if shape.given > 0.2 and 1.5 < shape.words < 4 and shape.legal < 0.05:
        return "full_name"
    if one.heading.is_generic:
        if shape.date > 0.8:
            return "date"
        if shape.country > 0.8:
            return "country"
        if shape.street > 0.6 and shape.words > 2:
            return "address"
    return ""


def _as_text(one: _Seen, column: Column) -> Column:
    """A column of words that are not the same again and again, where nothing better is known."""
    shape = one.shape
    if column.is_compared or shape is None or one.heading.is_foreign:
        return column
    is_text = shape.letters > 0.8 and shape.number < 0.2 and shape.date < 0.2 and shape.hashed < 0.1
    if not is_text or shape.length > _LONG_TEXT or one.distinct * 20 < one.filled or shape.words < 1.2:
        return column
    return Column(one.name, "text", f"text {one.name}", "no other column says whom or what a row is about")
