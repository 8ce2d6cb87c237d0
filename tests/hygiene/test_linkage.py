"""Linkage without labels: what it finds in data whose truth is known, and the laws it keeps on any data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.judge import judged_pairs
from benchmarks.sets import labelled_set
from hygiene.linkage.agglomerate import agglomerate
from hygiene.linkage.link import link, link_between
from tests.hygiene.truth import Score, read_text_table, score_of

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled data sets are not on this machine")
PERSON = {"given": "given_name", "family": "family_name", "email": "email", "company": "company_name"}


def people(count: int, copies: int, seed: int = 1) -> pl.DataFrame:
    """`count` people, each `copies` times; a copy has a typo in one column and lacks another."""
    chance = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    rows: list[tuple[object, ...]] = []
    for entity in range(count):
        given, family, firm = ("".join(chance.choice(letters, size)) for size in (6, 8, 9))
        row = [given, family, f"{given}.{family}@{firm}.example", firm]
        for copy in range(copies):
            shown: list[str | None] = list(row)
            if copy:
                at = int(chance.integers(0, 4))
                shown[at] = row[at][:3] + row[at][4:]
                shown[(at + 1) % 4] = None
            rows.append((entity, *shown))
    table = pl.DataFrame(rows, schema=["entity", *PERSON], orient="row")
    return table.sample(fraction=1.0, shuffle=True, seed=seed)


def found(table: pl.DataFrame) -> Score:
    return score_of(link(table, PERSON).clusters(), table["entity"])


@pytest.mark.parametrize("copies", [2, 3])
@pytest.mark.parametrize("count", [50, 1_200])
def test_copies_with_typos_and_gaps_are_found(count: int, copies: int) -> None:
    score = found(people(count, copies))
    assert score.precision > 0.99
    assert score.recall > 0.95


@pytest.mark.parametrize("count", [2, 100, 2_000])
def test_where_nobody_is_double_nobody_is_joined(count: int) -> None:
    table = people(count, 1)
    assert len(set(link(table, PERSON).clusters().tolist())) == len(table)


def test_order_of_the_records_does_not_matter() -> None:
    table = people(900, 2)
    turned = table.reverse()
    straight, reverse = (
        pl.DataFrame({"entity": one["entity"], "given": one["given"], "root": link(one, PERSON).clusters()})
        for one in (table, turned)
    )

    def groups(frame: pl.DataFrame) -> set[tuple[int, ...]]:
        return {tuple(sorted(group["entity"].to_list())) for _, group in frame.group_by("root")}

    assert groups(straight) == groups(reverse)


def test_same_table_gives_the_same_probabilities() -> None:
    table = people(900, 2)
    assert np.array_equal(link(table, PERSON).probability, link(table, PERSON).probability)


def test_table_without_any_pair_in_common_is_left_as_it_is() -> None:
    table = pl.DataFrame({"email": [f"{number}@a.example" for number in range(2_000)]})
    assert link(table, {"email": "email"}).clusters().tolist() == list(range(2_000))


@pytest.mark.parametrize(
    ("kinds", "words"), [({"email": "mail"}, "there is no kind 'mail'"), ({}, "name at least one column")]
)
def test_senseless_kinds_are_refused(kinds: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        link(people(3, 1), kinds)


def test_one_bridge_does_not_join_two_groups_that_speak_against_each_other() -> None:
    """0-1 and 2-3 belong together; 1-2 looks alike, but 0-2, 0-3 and 1-3 do not."""
    left, right = np.array([0, 2, 1, 0, 0, 1], np.uint32), np.array([1, 3, 2, 2, 3, 3], np.uint32)
    probability = np.array([0.99, 0.99, 0.9, 0.01, 0.01, 0.01])
    assert agglomerate(4, left, right, probability, threshold=0.5).tolist() == [0, 0, 2, 2]


def test_group_that_agrees_throughout_is_joined() -> None:
    left, right = np.array([0, 0, 1], np.uint32), np.array([1, 2, 2], np.uint32)
    assert agglomerate(4, left, right, np.array([0.9, 0.8, 0.7]), threshold=0.5).tolist() == [0, 0, 0, 3]


@pytest.mark.parametrize("count", [300, 2_000])
def test_two_tables_find_each_others_records(count: int) -> None:
    table = people(count, 2).with_row_index("row")
    first = table.unique("entity", keep="first", maintain_order=True)
    second = table.join(first, on="row", how="anti").head(count // 2)
    pairs = link_between(first, second, PERSON).pairs(one_to_one=True)
    same = first["entity"].gather(pairs["left"]) == second["entity"].gather(pairs["right"])
    assert same.sum() > 0.99 * len(pairs)
    assert len(pairs) > 0.95 * len(second)


def test_copies_within_one_table_do_not_come_between_two() -> None:
    table = people(800, 2)
    linked = link_between(table, table.head(10), PERSON)
    assert (linked.linked.left < len(table)).all()
    assert (linked.linked.right >= len(table)).all()
    best = linked.best()
    assert table["entity"].gather(best["left"]).to_list() == table["entity"].gather(best["right"]).to_list()
    assert len(best) == 20
    assert len(linked.pairs(one_to_one=True)) == 10


def test_rows_that_compete_keep_the_surest_unless_a_table_repeats_itself() -> None:
    table = people(400, 1)
    other = table.head(200).with_columns(email=pl.lit(None, pl.String))
    alike = other.head(1).with_columns(pl.col("family") + "x")
    once = link_between(table, pl.concat([other, alike]), PERSON)
    assert len(once.pairs(one_to_one=False)) == 201
    assert once.pairs()["left"].is_unique().all()
    twice = link_between(table, pl.concat([other, other.head(20)]), PERSON)
    assert len(twice.pairs()) == len(twice.pairs(one_to_one=False)) == len(twice.pairs(one_to_one=True)) + 20


def test_what_stands_beside_a_name_is_learned_from_equal_names() -> None:
    """Of the pairs by name, one set is always of one country, in the other the country says nothing."""
    names = [f"{chr(97 + at // 26 % 26) * 3}{chr(97 + at % 26) * 4} {at}" for at in range(400)]
    lands = ["France", "Spain", "Italy", "Norway"]
    left = pl.DataFrame({"name": names, "country": [lands[at % 4] for at in range(400)]})
    kinds = {"name": "company_name", "country": "country"}
    shares = []
    for right in (left, left.with_columns(pl.col("country").shift(1, fill_value="France"))):
        learned = link_between(left, right, kinds).linked.learned
        assert learned is not None
        shares.append(float(learned.tables[1][-1, 0]))
    assert shares[0] < 0.05 < 0.5 < shares[1]


@needs_data
def test_probabilities_are_calibrated_on_labelled_people() -> None:
    table = read_text_table(DATA / "persons" / "splink_fake_1000" / "fake_1000.csv")
    kinds = {"first_name": "given_name", "surname": "family_name", "dob": "date", "city": "area", "email": "email"}
    linked = link(table, kinds)
    truth = table["cluster"].to_numpy()
    same = truth[linked.left] == truth[linked.right]
    sure = linked.probability >= 0.9
    assert 0.9 <= same[sure].mean() <= 1.0
    assert same[linked.probability < 0.1].mean() < 0.01


@needs_data
@pytest.mark.parametrize(
    ("path", "entity", "kinds", "least"),
    [
        pytest.param(
            "persons/splink_fake_1000/fake_1000.csv",
            "cluster",
            {"first_name": "given_name", "surname": "family_name", "dob": "date", "city": "area", "email": "email"},
            0.955,
            id="fake_1000",
        ),
        pytest.param(
            "places/dedupe_csv_example/csv_example_input_with_true_ids.csv",
            "True Id",
            {"Site name": "company_name", "Address": "address", "Zip": "area", "Phone": "phone"},
            0.92,
            id="dedupe_csv_example",
        ),
        pytest.param(
            "persons/splink_fake_1000/fake_1000.csv",
            "cluster",
            {"first_name": "given_name", "surname": "family_name", "email": "email"},
            0.78,
            id="fake_1000 by name and e-mail",
        ),
        pytest.param(
            "persons/febrl/dataset3.csv",
            "rec_id",
            {"given_name": "given_name", "surname": "family_name", "address_1": "address", "suburb": "area",
             "postcode": "area", "date_of_birth": "date", "soc_sec_id": "identifier"},
            0.99,
            id="febrl3",
        ),
    ],
)  # fmt: skip
def test_labelled_sets_are_matched_at_the_default_threshold(
    path: str, entity: str, kinds: dict[str, str], least: float
) -> None:
    table = read_text_table(DATA / path)
    truth = table[entity].str.extract(r"^(?:rec-)?(\w+)")
    assert score_of(link(table, kinds).clusters(), truth).f1 >= least


@needs_data
@pytest.mark.parametrize(
    ("fields", "least"), [(["city"], 0.94), (["address"], 0.96), (["phone"], 0.96), (["address", "phone"], 0.97)]
)
def test_two_lists_of_firms_are_matched_by_whichever_columns_they_have(fields: list[str], least: float) -> None:
    one = labelled_set("fodors_zagats", Path(), None)
    assert one.boundary is not None
    partners = link_between(
        one.table[: one.boundary], one.table[one.boundary :], {name: one.kinds[name] for name in ("name", *fields)}
    )
    found = partners.pairs().with_columns(pl.col("right") + one.boundary)
    assert judged_pairs(one, found)["pairs"]["f1"] > least


def colleagues(firms: int, staff: int, seed: int = 1) -> pl.DataFrame:
    """Firms whose staff share a switchboard, a host and a company name; each person once, one in ten twice."""
    chance = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz")

    def word(size: int) -> str:
        return "".join(chance.choice(letters, size))

    rows: list[tuple[object, ...]] = []
    for firm in range(firms):
        company, phone = word(9), f"{2_000_000_000 + 7919 * firm}"
        for member in range(staff):
            given, family = word(6), word(8)
            row = (firm * staff + member, given, family, f"{given}.{family}@{company}.example", company, phone)
            rows += [row, (*row[:3], None, *row[4:])] if member % 10 == 0 else [row]
    schema = ["entity", "given", "family", "email", "company", "phone"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_colleagues_at_one_switchboard_stay_apart() -> None:
    table = colleagues(firms=150, staff=20)
    score = score_of(link(table, {**PERSON, "phone": "phone"}).clusters(), table["entity"])
    assert score.precision > 0.99
    assert score.recall > 0.99


def test_where_nobody_is_double_colleagues_of_one_given_name_stay_apart() -> None:
    table = colleagues(firms=150, staff=20, seed=3).unique("entity", keep="first", maintain_order=True)
    names = ["ann", "bert", "carla", "dieter", "emma", "francesco", "gina", "hakan"]
    given = pl.Series([names[at % 7 * at % len(names)] for at in range(len(table))])
    joined = link(table.with_columns(given=given), {**PERSON, "phone": "phone"}).clusters()
    assert len(set(joined.tolist())) > 0.99 * len(table)
