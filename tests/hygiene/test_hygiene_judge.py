"""What all evidence together decides about people, and what rules know better."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hygiene.match import KINDS_TOGETHER, Matches, match
from tests.hygiene.frames import frame


def crowd(count: int) -> pl.DataFrame:
    """Contacts of different people at different firms."""
    chance = np.random.default_rng(7)
    words = ["".join(word) for word in chance.choice(list("abcdefghijklmnoprstuvwy"), (3 * count, 7))]
    people = zip(words[::3], words[1::3], words[2::3], strict=True)
    rows = [
        ("sf", f"{n:05}", given, family, f"{given}.{family}@{firm}.example", firm)
        for n, (given, family, firm) in enumerate(people)
    ]
    columns = ("connection", "id", "given_name", "family_name", "email", "company")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def with_copies(table: pl.DataFrame, rows: range, **changed: str | None) -> pl.DataFrame:
    copies = table[list(rows)].with_columns(pl.format("c{}", "id").alias("id"))
    copies = copies.with_columns(pl.lit(value, pl.String).alias(name) for name, value in changed.items())
    return pl.concat([table, copies])


def decisions(found: Matches) -> set[str]:
    """What was decided about each record and its copy."""
    own = found.pairs.filter(pl.col("left_id") == pl.col("right_id").str.strip_prefix("c"))
    return set(own["decision"])


def initials(table: pl.DataFrame, rows: range) -> pl.DataFrame:
    """The table and copies of some rows with an initial for a given name and no e-mail."""
    both = with_copies(table, rows, email=None)
    initial = pl.col("given_name").str.slice(0, 1)
    return both.with_columns(
        pl.when(pl.col("id").str.starts_with("c")).then(initial).otherwise("given_name").alias("given_name")
    )


def test_initials_at_one_company_are_joined_by_all_their_evidence() -> None:
    found = match({"contacts": initials(crowd(400), range(60))})
    assert decisions(found) == {"same"}
    assert all(left == right.removeprefix("c") for left, right in found.pairs.select("left_id", "right_id").iter_rows())
    entities = dict(found.memberships.select("id", "entity").iter_rows())
    assert all(entities[f"{n:05}"] == entities[f"c{n:05}"] for n in range(60))


def test_few_records_are_judged_by_what_the_comparisons_begin_with() -> None:
    found = match({"contacts": initials(crowd(100), range(60))})
    assert decisions(found) == {"same"}
    assert len(found.pairs) == 60


def test_reason_names_what_speaks_for_a_pair_and_what_against_it() -> None:
    table = with_copies(crowd(400), range(60), email=None, company="Zeta Werke")
    reasons = match({"contacts": initials(crowd(400), range(60))}).pairs["reason"]
    assert reasons[0].startswith("99% likely: ")
    assert "given names that fit, same family name" in reasons[0]
    assert "same company" in reasons[0]
    assert set(match({"contacts": table}).pairs["decision"]) <= {"unsure"}, "a name alone joins nobody"


def test_stored_model_decides_alike_and_learns_nothing() -> None:
    contacts = initials(crowd(400), range(60))
    first = match({"contacts": contacts})
    again = match({"contacts": contacts}, models=first.models)
    assert again.pairs.equals(first.pairs)
    assert again.models["person"] is first.models["person"]
    two = contacts.filter(pl.col("id").is_in(["00007", "c00007"]))
    by_model = match({"contacts": two}, models=first.models).pairs.row(0, named=True)
    known = first.pairs.filter(pl.col("left_id") == "00007").row(0, named=True)
    assert by_model == known, "two records alone are judged as among all others"


@pytest.mark.parametrize(
    ("changed", "decision"),
    [
        pytest.param(
            {"email": "b1.g2@f1.example", "mobile": None}, "unsure", id="two-mailboxes-told-apart-by-a-number"
        ),
        pytest.param({"mobile": "+14155550132", "company": "Zeta Werke", "email": None}, "related", id="job-change"),
        pytest.param({"mobile": "+14155550199", "email": "x@y.example"}, "unsure", id="two-full-profiles"),
    ],
)
def test_rules_know_better_than_the_numbers(changed: dict[str, str | None], decision: str) -> None:
    table = crowd(400).with_columns(pl.lit(None, pl.String).alias("mobile"))
    known = {"given_name": "Anna", "family_name": "Bell", "email": "b1.g@f1.example", "company": "Acme",
             "mobile": "+14155550132"}  # fmt: skip
    rows = [{"connection": "sf", "id": name, **known, **more} for name, more in (("x", {}), ("y", changed))]
    both = pl.concat([table, pl.DataFrame(rows, schema=table.schema)])
    assert match({"contacts": both}).pairs["decision"].to_list() == [decision]


def test_job_changes_are_one_entity_where_that_is_wanted() -> None:
    rows = [
        {"given_name": "Anna", "family_name": "Bell", "mobile": "+14155550132", "company": company, "email": email}
        for company, email in (("Acme", "bell@acme.com"), ("Acme Inc", "bell@acme.com"), ("Zeta", "bell@zeta.de"))
    ]
    contacts = frame("contacts", rows)
    apart = match({"contacts": contacts})
    assert apart.memberships["entity"].n_unique() == 2
    assert "job-change" in set(apart.findings["rule"])
    assert match({"contacts": contacts}, kinds=KINDS_TOGETHER).memberships["entity"].n_unique() == 1
