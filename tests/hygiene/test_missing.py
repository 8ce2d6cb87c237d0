"""Who lacks a record where, why some get none, and whose counterpart was deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from hygiene.gone import bereft, ties
from hygiene.missing import Standing, homes, missing
from hygiene.partners import PARTNERS

KEY = ["connection", "stream", "id"]
PEOPLE = ("contacts", "leads")
PAIR = ["left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id", "decision", "rule"]


def at(hour: int) -> datetime:
    return datetime(2026, 11, 1, hour, tzinfo=UTC)


def members(*rows: str) -> pl.DataFrame:
    """Rows "entity connection/stream/id"."""
    split = [(*row.split(" ")[1].split("/"), row.split(" ")[0]) for row in rows]
    return pl.DataFrame(split, schema=dict.fromkeys([*KEY, "entity"], pl.String()), orient="row")


def pairs(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    split = [(*left.split("/"), *right.split("/"), decision, rule) for left, right, decision, rule in rows]
    return pl.DataFrame(split, schema=dict.fromkeys(PAIR, pl.String()), orient="row")


def keys(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"key": names}, schema={"key": pl.String()})


def standing(now: pl.DataFrame, **changed: Any) -> Standing:
    held: dict[str, Any] = {
        "memberships": now, "corrected": now, "ever": now, "gone": keys(), "tests": keys(), "pairs": pairs(),
        "partners": PARTNERS.to_frame(), **changed,
    }  # fmt: skip
    return Standing(**held)


def held_of(told: Standing, source: str = "sf", to: str = "hs") -> dict[str, str | None]:
    return dict(missing(told, source, to, PEOPLE).select("id", "held").iter_rows())


NOW = members("a sf/contacts/1", "a hs/contacts/1", "b sf/contacts/2", "c sf/leads/3", "d hs/contacts/4")


def test_only_who_has_no_record_there_is_missing() -> None:
    assert held_of(standing(NOW)) == {"2": None, "3": None}
    assert held_of(standing(NOW), "hs", "sf") == {"4": None}


def test_of_several_records_the_partner_stands_for_the_entity_and_without_one_none_does() -> None:
    crowded = pl.concat([NOW, members("b sf/leads/5")])
    assert held_of(standing(crowded)) == {"3": None}
    partner = pl.DataFrame([("sf", "b", "leads", "5", "r")], schema=PARTNERS, orient="row")
    assert held_of(standing(crowded, partners=partner)) == {"3": None, "5": None}


@pytest.mark.parametrize(
    ("pair", "held"),
    [
        (("sf/contacts/2", "hs/contacts/4", "unsure", "model"), "unsure"),
        (("hs/contacts/4", "sf/contacts/2", "unsure", "model"), "unsure"),
        (("sf/contacts/1", "sf/contacts/2", "unsure", "model"), "unsure"),
        (("sf/contacts/2", "hs/contacts/4", "different", "job-change"), "moved"),
        (("sf/contacts/2", "hs/contacts/4", "different", "model"), None),
    ],
)
def test_who_may_be_there_already_waits(pair: tuple[str, str, str, str], held: str | None) -> None:
    assert held_of(standing(NOW, pairs=pairs(pair)))["2"] == held


def test_of_two_that_may_be_one_and_both_are_missing_the_first_is_made() -> None:
    told = held_of(standing(NOW, pairs=pairs(("sf/contacts/2", "sf/leads/3", "unsure", "model"))))
    assert told == {"2": None, "3": "unsure"}


def test_record_that_is_gone_there_holds_every_record_that_ever_was_one_with_it() -> None:
    ever = pl.concat([NOW, members("x sf/contacts/2", "x hs/contacts/9")])
    assert held_of(standing(NOW, ever=ever, gone=keys("hs/contacts/9"))) == {"2": "gone", "3": None}
    assert held_of(standing(NOW, ever=ever)) == {"2": None, "3": None}, "matched otherwise since, but not gone"


def test_tests_and_those_that_match_once_corrected_are_not_made() -> None:
    soon = members("a sf/contacts/1", "a hs/contacts/1", "b sf/contacts/2", "c sf/leads/3", "b hs/contacts/4")
    assert held_of(standing(NOW, corrected=soon, tests=keys("sf/leads/3"))) == {"2": "matches", "3": "test"}


def test_homes_lead_from_every_account_of_a_company_to_the_one_that_stands_for_it() -> None:
    accounts = members("k sf/accounts/1", "k sf/accounts/2", "k hs/accounts/7", "l sf/accounts/3")
    assert homes(standing(accounts), "sf", "hs") == {"1": "7", "2": "7"}


def ever(*rows: tuple[str, int, int | None]) -> pl.DataFrame:
    """Memberships "entity connection/stream/id" with the hours they began and ended."""
    frame = members(*(row for row, _, _ in rows))
    times: dict[str, list[datetime | None]] = {
        "from_at": [at(begin) for _, begin, _ in rows],
        "until_at": [at(end) if end else None for _, _, end in rows],
    }
    return frame.with_columns(pl.Series(name, values, pl.Datetime("us", "UTC")) for name, values in times.items())


def tombs(*rows: tuple[str, str | None, bool]) -> pl.DataFrame:
    split = [(*key.split("/"), into, at(2), vanished) for key, into, vanished in rows]
    schema = dict.fromkeys([*KEY, "merged_into"], pl.String()) | {
        "changed_at": pl.Datetime("us", "UTC"), "vanished": pl.Boolean()
    }  # fmt: skip
    return pl.DataFrame(split, schema=schema, orient="row")


EVER = ever(("a sf/contacts/1", 1, 3), ("a hs/contacts/1", 1, None), ("a sf/contacts/2", 1, 3))


@pytest.mark.parametrize(
    ("now", "tombstones", "told"),
    [
        pytest.param(["a hs/contacts/1"], [("sf/contacts/1", None, False)], [False], id="deleted"),
        pytest.param(["a hs/contacts/1"], [("sf/contacts/1", None, True)], [], id="only-not-shown"),
        pytest.param(["a hs/contacts/1", "b sf/contacts/5"], [("sf/contacts/1", "5", False)], [], id="merged-away"),
        pytest.param(["a hs/contacts/1", "a sf/contacts/2"], [("sf/contacts/1", None, False)], [], id="another-lives"),
        pytest.param(["a hs/contacts/1"], [("sf/contacts/1", None, False), ("sf/contacts/2", "1", False)], [False],
                     id="merged-into-the-deleted"),
        pytest.param(["a hs/contacts/1"], [("sf/contacts/1", None, False), ("sf/contacts/2", "5", False)], [True],
                     id="one-of-two-lives-on-elsewhere"),
    ],
)  # fmt: skip
def test_only_what_was_really_deleted_leaves_its_counterpart_bereft(
    now: Sequence[str], tombstones: Sequence[tuple[str, str | None, bool]], told: Sequence[bool]
) -> None:
    found = bereft(members(*now), EVER, tombs(*tombstones), "sf", "hs", PEOPLE)
    assert found["is_doubtful"].to_list() == told


def test_record_that_came_to_the_entity_after_the_deletion_has_lost_nobody() -> None:
    late = ever(("a sf/contacts/1", 1, 3), ("a hs/contacts/1", 4, None))
    assert bereft(
        members("a hs/contacts/1"), late, tombs(("sf/contacts/1", None, False)), "sf", "hs", PEOPLE
    ).is_empty()


def test_ties_name_what_hangs_on_a_record_or_was_done_with_it() -> None:
    gone = members("x hs/contacts/1", "x hs/contacts/2", "x hs/contacts/3", "x hs/accounts/4").drop("entity")
    people = pl.DataFrame({"connection": ["hs"] * 3, "id": ["1", "2", "3"], "account_id": [None, "4", None],
                           "last_activity_on": [None, date(2026, 10, 30), date(2026, 1, 1)]})  # fmt: skip
    deals = pl.DataFrame({"connection": ["hs"], "id": ["d"], "account_id": [None], "contact_id": ["1"],
                          "is_closed": [False]}, schema_overrides={"account_id": pl.String()})  # fmt: skip
    links = pl.DataFrame(
        schema=dict.fromkeys(["connection", "from_stream", "from_id", "to_stream", "to_id"], pl.String())
    )
    frames = {"contacts": people, "leads": people.clear(), "accounts": people.clear(), "deals": deals,
              "associations": links}  # fmt: skip
    told = dict(ties(gone, frames, date(2026, 11, 1), 30).select("id", "tie").iter_rows())
    assert told == {"1": "it has open deals", "2": "something was done with it lately", "3": None,
                    "4": "contacts belong to it"}  # fmt: skip
