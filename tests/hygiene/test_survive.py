"""Survivorship: its laws, and each rule by example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.survive import survive, usual_rules
from model.settings import FieldRule, SurviveSettings
from model.streams import STREAMS

FIELDS = {"name": pl.String, "street": pl.String, "city": pl.String, "country": pl.String, "size": pl.Int64,
          "email_opt_out": pl.Boolean, "stage": pl.String, "tags": pl.String}  # fmt: skip
ORDERINGS: tuple[FieldRule, ...] = ("survivor", "most-recent", "most-complete", "most-frequent", "system-order",
                                    "longest", "min", "max", "furthest")  # fmt: skip
STAGES = ("lead", "customer")
FRAME = {"group": pl.String, "key": pl.String, "rank": pl.Int64, "connection": pl.String, "at": pl.Int64}

texts = st.sampled_from([None, "", " ", "Ann", "ann ", "Bo", "Bonn", "DE", "Germany", "lead", "Customer"])
record = st.fixed_dictionaries(
    {
        "group": st.sampled_from("ab"),
        "connection": st.sampled_from(["sf", "hs"]),
        "at": st.integers(0, 3),
        **{name: texts for name, kind in FIELDS.items() if kind == pl.String and name != "tags"},
        "size": st.sampled_from([None, 0, 1, 5]),
        "email_opt_out": st.sampled_from([None, True, False]),
        "tags": st.sampled_from([None, "", "x", "x;y", "Y; z", ";"]),
    }
)
records = st.lists(record, min_size=1, max_size=7)
chains = st.lists(st.sampled_from(ORDERINGS), min_size=1, max_size=3)


def table(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    numbered = [{**row, "key": f"k{place}", "rank": place} for place, row in enumerate(rows)]
    return pl.DataFrame(numbered, schema={**FRAME, **FIELDS}, orient="row").with_columns(
        pl.int_range(pl.len()).over("group").alias("rank")
    )


def rules_with(chain: Sequence[FieldRule]) -> dict[str, Sequence[FieldRule]]:
    own: dict[str, Sequence[FieldRule]] = {"email_opt_out": ("opt-out",), "tags": ("union",)}
    return {field: own.get(field, chain) for field in FIELDS}


def survived(frame: pl.DataFrame, chain: Sequence[FieldRule]) -> pl.DataFrame:
    return survive(frame, rules_with(chain), order=("sf", "hs"), stages=STAGES).values


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(" ;"))


@settings(max_examples=25, deadline=None)
@given(records, chains, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(
    rows: list[dict[str, Any]], chain: list[FieldRule], luck: Any
) -> None:
    frame = table(rows)
    places = list(range(frame.height))
    luck.shuffle(places)
    rules = rules_with(chain)
    one, other = (survive(part, rules, order=("sf",), stages=STAGES) for part in (frame, frame[places]))
    assert one.values.equals(other.values)
    assert one.sources.equals(other.sources)


@settings(max_examples=25, deadline=None)
@given(records, chains)
def test_surviving_again_changes_nothing_with_the_losers_there_or_gone(
    rows: list[dict[str, Any]], chain: list[FieldRule]
) -> None:
    frame = table(rows)
    once = survived(frame, chain)
    first = frame.filter(pl.col("rank") == 0).drop(FIELDS).join(once, on="group").select(frame.columns)
    assert survived(first, chain).equals(once)
    assert survived(pl.concat([first, frame.filter(pl.col("rank") > 0)]), chain).equals(once)


@settings(max_examples=25, deadline=None)
@given(records, chains)
def test_a_blank_never_replaces_a_value_and_no_opt_out_is_lost(
    rows: list[dict[str, Any]], chain: list[FieldRule]
) -> None:
    frame = table(rows)
    for values in survived(frame, chain).iter_rows(named=True):
        members = frame.filter(pl.col("group") == values["group"]).sort("rank").to_dicts()
        assert (values["email_opt_out"] is True) == any(row["email_opt_out"] is True for row in members)
        for field in FIELDS:
            if not is_blank(members[0][field]):
                assert not is_blank(values[field]), field
            if field not in ("street", "city", "country") and not all(is_blank(row[field]) for row in members):
                assert not is_blank(values[field]), field


@settings(max_examples=25, deadline=None)
@given(records, chains)
def test_every_value_stands_in_the_record_it_is_said_to_come_from(
    rows: list[dict[str, Any]], chain: list[FieldRule]
) -> None:
    frame = table(rows)
    result = survive(frame, rules_with(chain), order=("sf", "hs"), stages=STAGES)
    by_key = {row["key"]: row for row in frame.to_dicts()}
    values = {row["group"]: row for row in result.values.to_dicts()}
    for group, field, source, rule, reason in result.sources.iter_rows():
        assert reason
        if source is None:
            assert rule == "union"
        elif rule != "union":
            assert by_key[source][field] == values[group][field]


BASE: dict[str, object] = {"group": "a", "connection": "sf", "at": 1}
NEW_YEAR = 1_767_225_600_000_000


@pytest.mark.parametrize(
    ("rule", "rows", "value", "reason"),
    [
        pytest.param("survivor", [{"name": None}, {"name": "Ann"}], "Ann", "the only value", id="only value"),
        pytest.param("survivor", [{"name": "Bo"}, {"name": "Ann"}], "Bo", "the survivor's", id="survivor"),
        pytest.param("most-recent", [{"name": "Bo"}, {"name": "Ann", "at": NEW_YEAR}], "Ann",
                     "the newest, of 2026-01-01", id="most recent"),
        pytest.param("most-frequent", [{"name": "Bo"}, {"name": "Ann"}, {"name": " ANN"}], "Ann",
                     "held by 2 of 3 records", id="most frequent"),
        pytest.param("longest", [{"name": "Bo"}, {"name": "Robert"}], "Robert", "the longest", id="longest"),
        pytest.param("system-order", [{"name": "Bo", "connection": "hs"}, {"name": "Ann"}], "Ann",
                     "from sf, which comes first", id="system order"),
        pytest.param("most-complete", [{"name": "Bo"}, {"name": "Ann", "size": 3, "stage": "lead"}], "Ann",
                     "of the fullest record", id="most complete"),
        pytest.param("max", [{"name": "Ann"}, {"name": "Bo"}], "Bo", "the greatest", id="max"),
        pytest.param("most-recent", [{"name": "Bo"}, {"name": "Ann"}], "Bo", "the survivor's",
                     id="a tie is the survivor's"),
        pytest.param("longest", [{"name": "Ann"}, {"name": "ann"}], "Ann", "all agree", id="agreed"),
    ],
)  # fmt: skip
def test_rule_chooses_a_value_and_says_why(
    rule: FieldRule, rows: list[dict[str, object]], value: str, reason: str
) -> None:
    result = survive(table([{**BASE, **row} for row in rows]), {"name": (rule,)}, order=("sf", "hs"))
    assert result.values["name"].to_list() == [value]
    assert result.sources["reason"].to_list() == [reason]


def test_next_rule_decides_what_the_first_leaves_open() -> None:
    rows = [{**BASE, "name": "Ann", "at": 1}, {**BASE, "name": "Bo", "at": 2}]
    result = survive(table(rows), {"name": ("most-frequent", "most-recent")})
    assert result.sources.select("source", "rule").rows() == [("k1", "most-recent")]


def test_invalid_address_gives_way_to_a_valid_one_whatever_the_rule() -> None:
    rows = pl.DataFrame({"group": "a", "key": ["k0", "k1"], "rank": [0, 1], "connection": "sf", "at": 1,
                         "email": ["ann@@x", "ann@x.example"]})  # fmt: skip
    result = survive(rows, {"email": ("survivor",)})
    assert result.values["email"].item() == "ann@x.example"
    assert result.sources["reason"].item() == "the only one that is valid"


def test_furthest_stage_is_known_in_any_spelling_and_an_unknown_one_is_behind_all() -> None:
    rows = [{**BASE, "stage": stage} for stage in ("Lead", "sales-qualified lead", "partner")]
    result = survive(table(rows), {"stage": ("furthest",)}, stages=("lead", "salesqualifiedlead"))
    assert result.values["stage"].item() == "sales-qualified lead"


def test_sum_and_union_take_part_of_every_record_and_have_no_one_source() -> None:
    rows = [{**BASE, "size": 2, "tags": "x; y"}, {**BASE, "size": None}, {**BASE, "size": 3, "tags": "Y;z"}]
    result = survive(table(rows), {"size": ("sum",), "tags": ("union",)})
    assert result.values.row(0) == ("a", 5, "x;y;z")
    assert result.sources["source"].to_list() == [None, None]


ADDRESSES = [
    {**BASE, "city": "Bonn", "country": "DE"},
    {**BASE, "street": "Main 1", "city": "York", "country": "GB", "at": 2},
    {**BASE, "street": "Ring 2", "city": "bonn", "country": "DE"},
]


@pytest.mark.parametrize(
    ("rule", "rows", "address"),
    [
        pytest.param("survivor", ADDRESSES, ("Ring 2", "bonn", "DE"), id="the fullest that says the same"),
        pytest.param("survivor", ADDRESSES[:2], (None, "Bonn", "DE"), id="never of two places"),
        pytest.param("survivor", [{**BASE}, *ADDRESSES[1:]], ("Main 1", "York", "GB"), id="none of its own"),
        pytest.param("most-recent", ADDRESSES, ("Main 1", "York", "GB"), id="another place whole"),
    ],
)
def test_an_address_comes_from_one_record_and_loses_no_part(
    rule: FieldRule, rows: list[dict[str, object]], address: tuple[str, ...]
) -> None:
    result = survive(table(rows), dict.fromkeys(("street", "city", "country"), (rule,)))
    assert result.values.row(0)[1:] == address


def test_history_tells_which_value_is_the_newest_whatever_the_record_says() -> None:
    rows = [{**BASE, "name": "Ann", "at": 5}, {**BASE, "name": "Bo", "at": 9}]
    history = {"key": ["k0", "k1"], "field": ["name", None], "at": [7, 3]}
    schema = {"key": pl.String, "field": pl.String, "at": pl.Int64}
    result = survive(table(rows), {"name": ("most-recent",)}, history=pl.DataFrame(history, schema=schema))
    assert result.values["name"].item() == "Ann"


def test_every_field_has_a_usual_rule_and_consents_have_one_only() -> None:
    for stream in ("accounts", "contacts", "leads"):
        for field in STREAMS[stream].fields:
            assert usual_rules(field)
            assert (usual_rules(field) == ("opt-out",)) == (field.kind == "consent")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"contacts": {"email_opt_out": "most-recent"}}, "an opt-out always wins", id="consent"),
        pytest.param({"accounts": {"name": ["sum"]}}, "no rule 'sum'", id="sum of text"),
        pytest.param({"contacts": {"extra_emails": ["union", "longest"]}}, "stands alone", id="union and more"),
        pytest.param({"contacts": {"phone": []}}, "at least one rule", id="no rule"),
        pytest.param({"contacts": {"nose": "longest"}}, "no field 'nose'", id="unknown field"),
    ],
)
def test_settings_refuse_rules_that_make_no_sense(fields: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SurviveSettings.model_validate({"fields": fields})


def test_one_rule_may_be_written_without_a_list() -> None:
    settings = SurviveSettings.model_validate({"fields": {"contacts": {"title": "longest"}}})
    assert settings.fields["contacts"]["title"] == ("longest",)
