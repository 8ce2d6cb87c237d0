"""Splink 5 settings by family of sets: hand-made, sensible, and improved as long as its F1 got better by it.

Never weaken them: they are what ours is measured against. They were tuned on the labelled sets themselves, which ours
is not. Each was preferred to ten or twenty others: names as Jaro-Winkler, Levenshtein, Jaccard or forename with
surname, with and without term frequency, more and fewer blocks, other training blocks, other recalls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import block_on

from benchmarks.peers import splink_columns as columns

# Where every pair can be compared, no true one is lost.
ALL_PAIRS = ("1=1",)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`prepare` makes the columns that are compared, `prior` are rules that hardly err and `recall` the share of true
    pairs they find, `train` the blocks that EM learns from."""

    prepare: Callable[[pl.DataFrame], pl.DataFrame]
    comparisons: Sequence[Any]
    blocks: Sequence[Any]
    prior: Sequence[Any]
    recall: float
    train: Sequence[Any]


def recipe_of(family: str) -> Recipe:
    """KeyError for a family there are no settings for."""
    return _RECIPES[family]()


def _tf(comparison: Any) -> Any:
    return comparison.configure(term_frequency_adjustments=True)


def _alike(column: str, *thresholds: float) -> Any:
    return _tf(cl.JaroWinklerAtThresholds(column, list(thresholds)))


def _edits(column: str, *distances: int) -> Any:
    return _tf(cl.LevenshteinAtThresholds(column, list(distances)))


def _exact(column: str) -> Any:
    return _tf(cl.ExactMatch(column))


def _mailbox() -> Any:
    levels = [
        cll.NullLevel("email"),
        cll.ExactMatchLevel("email").configure(tf_adjustment_column="email"),
        cll.ExactMatchLevel("local").configure(tf_adjustment_column="local"),
        cll.JaroWinklerLevel("email", 0.92),
        cll.JaroWinklerLevel("local", 0.88),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(output_column_name="email", comparison_levels=levels)


def _company_name() -> Any:
    levels = [
        cll.NullLevel("tight"),
        cll.ExactMatchLevel("tight").configure(tf_adjustment_column="tight"),
        cll.JaroWinklerLevel("tight", 0.96),
        cll.CustomLevel("starts_with(tight_l, tight_r) or starts_with(tight_r, tight_l)"),
        cll.JaroWinklerLevel("tight", 0.9),
        cll.JaroWinklerLevel("tight", 0.8),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(output_column_name="name", comparison_levels=levels)


_COMPANY = ("company", "substr(first_name,1,3)", "substr(last_name,1,2)")


def _contacts() -> Recipe:
    """As the shared settings, but EM learns about mailboxes and telephones from colleagues of one surname instead of
    from namesakes, whose number grows as the square of the records."""
    return Recipe(
        columns.contacts,
        [
            cl.NameComparison("first_name"), cl.NameComparison("last_name"), _mailbox(), cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("company", [0.92, 0.8]),
        ],
        [
            block_on("email"), block_on("phone"), block_on("last_name", "substr(first_name,1,1)", "company"),
            block_on("last_name", "first_name"), block_on(*_COMPANY), block_on("company", "last_name"),
        ],
        [block_on("email"), block_on("phone")],
        0.6,
        [block_on("email"), block_on("company", "last_name")],
    )  # fmt: skip


def _crm_people() -> Recipe:
    return Recipe(
        columns.crm_people,
        [
            cl.NameComparison("first_name"), cl.NameComparison("last_name"), _mailbox(), _exact("phone"),
            _exact("mobile"),
        ],
        [
            block_on("email"), block_on("phone"), block_on("mobile"), block_on("last_name", "first_name"),
            block_on("last_name", "substr(first_name,1,1)", "company"), block_on(*_COMPANY),
        ],
        [block_on("email"), block_on("mobile")],
        0.6,
        [block_on("email"), block_on("last_name", "first_name")],
    )  # fmt: skip


def _fake_1000() -> Recipe:
    birthday = cl.DateOfBirthComparison("dob", input_is_string=True)
    return Recipe(
        columns.fake_1000,
        [
            cl.NameComparison("first_name"), cl.NameComparison("surname"), birthday, _alike("city", 0.9, 0.7),
            cl.EmailComparison("email"),
        ],
        ALL_PAIRS,
        [block_on("first_name", "surname", "dob"), block_on("email")],
        0.5,
        [block_on("email"), block_on("dob")],
    )  # fmt: skip


def _febrl() -> Recipe:
    single = [block_on(name) for name in ("ssn", "dob", "surname", "given_name", "suburb", "street")]
    return Recipe(
        columns.febrl,
        [
            cl.NameComparison("given_name"), cl.NameComparison("surname"), _edits("dob", 1, 2),
            cl.LevenshteinAtThresholds("ssn", [1, 2]), _alike("street", 0.9, 0.7), _edits("number", 1),
            _edits("postcode", 1, 2), _alike("suburb", 0.9, 0.7),
        ],
        [*single, block_on("postcode", "surname"), block_on("postcode", "given_name"), block_on("postcode", "street")],
        [block_on("ssn"), block_on("given_name", "surname", "dob")],
        0.9,
        [block_on("dob"), block_on("given_name", "surname"), block_on("postcode")],
    )  # fmt: skip


def _senzing() -> Recipe:
    return Recipe(
        columns.senzing,
        [
            cl.NameComparison("first_name"), cl.NameComparison("last_name"), _alike("org", 0.92, 0.8),
            cl.DateOfBirthComparison("dob", input_is_string=True), cl.ExactMatch("phone"), cl.EmailComparison("email"),
            _alike("address", 0.9, 0.7), *(cl.ExactMatch(name) for name in ("ssn", "licence", "passport", "national")),
        ],
        ALL_PAIRS,
        [block_on("phone"), block_on("email"), block_on("last_name", "dob")],
        0.7,
        [block_on("phone"), block_on("last_name", "dob"), block_on("address")],
    )  # fmt: skip


def _sites() -> Recipe:
    return Recipe(
        columns.sites,
        [
            _tf(cl.JaccardAtThresholds("name", [0.9, 0.8, 0.65])), _edits("number", 1),
            _alike("street", 0.95, 0.88, 0.75), _exact("zip"), _exact("phone"),
        ],
        ALL_PAIRS,
        [block_on("name", "address"), block_on("phone", "name")],
        0.6,
        [block_on("number", "street"), block_on("name")],
    )  # fmt: skip


def _restaurants() -> Recipe:
    return Recipe(
        columns.restaurants,
        [cl.NameComparison("name"), _edits("number", 1), _alike("street", 0.95, 0.88, 0.75)],
        ALL_PAIRS,
        [block_on("name", "number"), block_on("number", "street")],
        0.8,
        [block_on("number", "street"), block_on("name")],
    )


def _guides() -> Recipe:
    return Recipe(
        columns.restaurants,
        [*_restaurants().comparisons, cl.ExactMatch("phone")],
        ALL_PAIRS,
        [block_on("name", "number"), block_on("phone")],
        0.5,
        [block_on("phone"), block_on("name")],
    )


def _companies() -> Recipe:
    stem = "substr(tight,1,3)"
    return Recipe(
        columns.companies,
        [_company_name(), _exact("first"), _alike("rest", 0.9), cl.ExactMatch("country")],
        [block_on("tight"), block_on("first"), block_on("substr(tight,1,4)"), block_on(stem, "country")],
        [block_on("tight")],
        0.6,
        [block_on("first"), block_on(stem, "country")],
    )


def _misspelt() -> Recipe:
    return Recipe(
        columns.companies,
        [_alike("tight", 0.95, 0.9, 0.8), cl.JaroWinklerAtThresholds("full_name", [0.95, 0.85]),
         cl.ExactMatch("country")],
        ALL_PAIRS,
        [block_on("name")],
        0.6,
        [block_on("first")],
    )  # fmt: skip


def _names() -> Recipe:
    return Recipe(
        columns.companies,
        [_alike("tight", 0.95, 0.9, 0.8), cl.JaroWinklerAtThresholds("full_name", [0.95, 0.85])],
        ALL_PAIRS,
        [block_on("name")],
        0.6,
        [block_on("last")],
    )


def _crm_companies() -> Recipe:
    return Recipe(
        columns.crm_companies,
        [
            _alike("name", 0.95, 0.9, 0.8), _exact("site"), cl.ExactMatch("phone"), _exact("country"),
            _alike("city", 0.9),
        ],
        [block_on("name"), block_on("site"), block_on("phone"), block_on("substr(tight,1,4)"), block_on("first")],
        [block_on("site", "name"), block_on("phone")],
        0.7,
        [block_on("site"), block_on("name"), block_on("phone")],
    )  # fmt: skip


_RECIPES: dict[str, Callable[[], Recipe]] = {
    "contacts": _contacts,
    "crm_people": _crm_people,
    "crm_companies": _crm_companies,
    "fake_1000": _fake_1000,
    "febrl": _febrl,
    "senzing": _senzing,
    "sites": _sites,
    "restaurants": _restaurants,
    "guides": _guides,
    "companies": _companies,
    "misspelt": _misspelt,
    "names": _names,
}
