"""What the learned model adds to the rules for people: pairs no rule speaks of, unless something opposes them."""

from __future__ import annotations

import numpy as np
import polars as pl

from hygiene.match import Matches, match


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


def learned(found: Matches) -> pl.DataFrame:
    return found.pairs.filter(pl.col("rule") == "learned")


def initials(table: pl.DataFrame, rows: range) -> pl.DataFrame:
    """The table and copies of some rows with an initial for a given name and no e-mail."""
    both = with_copies(table, rows, email=None)
    initial = pl.col("given_name").str.slice(0, 1)
    return both.with_columns(
        pl.when(pl.col("id").str.starts_with("c")).then(initial).otherwise("given_name").alias("given_name")
    )


def test_pairs_no_rule_speaks_of_are_found_by_all_their_evidence() -> None:
    found = match({"contacts": initials(crowd(400), range(60))})
    pairs = learned(found)
    assert len(pairs) >= 55
    assert all(left == right.removeprefix("c") for left, right in pairs.select("left_id", "right_id").iter_rows())
    assert pairs["probability"].min() >= 0.5  # type: ignore[operator]
    assert pairs["reason"][0].startswith("all evidence together: ")


def test_learned_pairs_keep_their_person_in_one_entity_where_nothing_speaks_against_it() -> None:
    found = match({"contacts": initials(crowd(400), range(60))})
    sure = learned(found).filter(pl.col("decision") == "same")
    entities = dict(found.memberships.select("id", "entity").iter_rows())
    assert all(entities[left] == entities[right] for left, right in sure.select("left_id", "right_id").iter_rows())
    unsure = learned(found).filter(pl.col("decision") == "unsure")
    assert all(entities[left] != entities[right] for left, right in unsure.select("left_id", "right_id").iter_rows())


def test_another_mailbox_keeps_the_model_from_joining_by_itself() -> None:
    table = initials(crowd(400), range(60)).with_columns(
        pl.when(pl.col("id").str.starts_with("c"))
        .then(pl.format("other{}@elsewhere.example", "id"))
        .otherwise("email")
        .alias("email")
    )
    assert set(learned(match({"contacts": table}))["decision"]) <= {"unsure"}


def test_too_few_records_are_left_to_the_rules() -> None:
    assert learned(match({"contacts": initials(crowd(100), range(60))})).is_empty()
