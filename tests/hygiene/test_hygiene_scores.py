"""Completeness, staleness, consent and field checks: three states, words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import polars as pl
import pytest

from hygiene.checks import check
from hygiene.completeness import completeness
from hygiene.consent import consent
from hygiene.findings import SCHEMA
from hygiene.match import match
from hygiene.rules import RULES
from hygiene.staleness import Limits, staleness
from tests.hygiene.frames import frame

AS_OF = date(2025, 6, 30)
REQUIRED = {"contacts": ("given_name", "email", "phone", "title")}


def test_completeness_is_filled_over_required() -> None:
    contacts = frame("contacts", [{"given_name": "Ann", "email": "a@b.com"}, dict.fromkeys(REQUIRED["contacts"], "x")])
    found = completeness({"contacts": contacts}, REQUIRED)
    assert found.scores["share"].to_list() == [0.5, 1.0]
    assert found.streams.select("records", "complete", "share").rows() == [(2, 1, 0.75)]
    assert found.findings["message"].to_list() == ["2 of 4 required fields blank: phone, title"]


def test_blank_text_counts_as_blank_and_false_as_a_value() -> None:
    contacts = frame("contacts", [{"given_name": "  ", "email_opt_out": False}])
    scores = completeness({"contacts": contacts}, {"contacts": ("given_name", "email_opt_out")}).scores
    assert scores["share"].to_list() == [0.5]


def test_unknown_field_is_left_out_and_reported_never_blank() -> None:
    contacts = frame("contacts", [{"given_name": "Ann", "email": "a@b.com", "phone": "1"}])
    readable = pl.DataFrame(
        [("sf", "contacts", field, field != "title") for field in REQUIRED["contacts"]],
        schema=["connection", "stream", "field", "readable"],
        orient="row",
    )
    found = completeness({"contacts": contacts}, REQUIRED, readable)
    assert found.scores["share"].to_list() == [1.0]
    assert found.findings.select("id", "rule", "field").rows() == [("", "field-unknown", "title")]
    assert "not readable: title" in found.scores["reason"][0]
    assert found.fields.filter(pl.col("field") == "title").select("blank", "is_known").rows() == [(None, False)]


def test_completeness_of_no_known_field_is_not_defined() -> None:
    found = completeness({"contacts": frame("contacts", [{}]).select("connection", "id")}, REQUIRED)
    assert found.scores["share"].to_list() == [None]
    assert found.streams["share"].to_list() == [None]


def test_converted_leads_are_not_scored() -> None:
    leads = frame("leads", [{"is_converted": True}, {}])
    assert completeness({"leads": leads}, {"leads": ("email",)}).scores["id"].to_list() == ["2"]


GOOD: dict[str, object] = {
    "name": "Big",
    "account_id": "a",
    "owner_id": "u",
    "stage": "prospect",
    "amount": 100,
    "currency": "USD",
    "opened_on": date(2025, 6, 1),
    "close_on": date(2025, 7, 31),
    "next_step": "call",
    "is_closed": False,
    "stage_changed_at": datetime(2025, 6, 20, tzinfo=UTC),
    "last_activity_on": date(2025, 6, 25),
    "pushes": 0,
}
STAGES: list[dict[str, object]] = [
    {"key": "prospect", "name": "Prospecting"},
    {"key": "won", "name": "Won", "is_closed": True},
]
USERS: list[dict[str, object]] = [{"id": "u", "is_active": True}, {"id": "gone", "is_active": False}]


def _stale(deal: Mapping[str, object], limits: Limits | None = None) -> dict[str, str]:
    frames = {
        "deals": frame("deals", [{**GOOD, **deal}]),
        "stages": frame("stages", STAGES),
        "users": frame("users", USERS),
    }
    return dict(staleness(frames, AS_OF, limits).findings.select("rule", "message").iter_rows())


@pytest.mark.parametrize(
    ("deal", "rule", "words"),
    [
        pytest.param(
            {"stage_changed_at": datetime(2025, 5, 1, tzinfo=UTC)},
            "deal-stale-stage",
            '60 days in stage "Prospecting"; the limit is 30',
            id="stage",
        ),
        pytest.param(
            {"last_activity_on": date(2025, 1, 1), "stage_changed_at": None},
            "deal-idle",
            "nothing happened for 180 days",
            id="idle",
        ),
        pytest.param({"close_on": date(2025, 6, 1)}, "deal-close-past", "2025-06-01, 29 days ago", id="past"),
        pytest.param({"pushes": 4}, "deal-pushed", "moved 4 times; the limit is 3", id="pushed"),
        pytest.param({"next_step": " "}, "deal-no-next-step", "has no next step", id="next-step"),
        pytest.param({"owner_id": "gone"}, "deal-owner-inactive", "no longer active", id="owner-inactive"),
        pytest.param({"owner_id": None}, "deal-no-owner", "no owner", id="no-owner"),
        pytest.param({"account_id": None}, "deal-no-account", "no account", id="no-account"),
        pytest.param({"amount": None}, "deal-no-amount", "no amount", id="no-amount"),
        pytest.param({"close_on": None}, "deal-no-close-date", "no close date", id="no-close-date"),
        pytest.param({"stage": "odd"}, "deal-stage-unknown", 'stage "odd"', id="stage-unknown"),
    ],
)
def test_staleness_says_what_is_wrong_in_words_and_numbers(deal: Mapping[str, object], rule: str, words: str) -> None:
    found = _stale(deal)
    assert rule in found
    assert words in found[rule]


def test_healthy_deal_has_no_finding_and_full_score() -> None:
    frames = {"deals": frame("deals", [GOOD]), "stages": frame("stages", STAGES), "users": frame("users", USERS)}
    found = staleness(frames, AS_OF)
    assert found.findings.is_empty()
    assert found.scores["share"].to_list() == [1.0]


def test_limit_of_a_stage_is_found_by_key_or_name() -> None:
    old = {"stage_changed_at": datetime(2025, 5, 1, tzinfo=UTC)}
    assert "deal-stale-stage" not in _stale(old, Limits(by_stage={"Prospecting": 90}))
    assert "deal-stale-stage" not in _stale(old, Limits(by_stage={"prospect": 90}))
    assert "deal-stale-stage" in _stale(old, Limits(by_stage={"won": 90}))


def test_exactly_the_limit_is_not_over_it() -> None:
    assert "deal-stale-stage" not in _stale({"stage_changed_at": datetime(2025, 5, 31, tzinfo=UTC)})
    assert "deal-pushed" not in _stale({"pushes": 3})
    assert "deal-close-past" not in _stale({"close_on": AS_OF})


@pytest.mark.parametrize(
    "deal", [{"stage": "won", "is_closed": None}, {"is_closed": True}, {"stage": "Closed Lost", "is_closed": None}]
)
def test_closed_deals_are_not_stale(deal: Mapping[str, object]) -> None:
    assert set(_stale({"close_on": date(2020, 1, 1), "next_step": None, **deal})) <= {"deal-stage-unknown"}


def test_unknown_columns_raise_no_alarm() -> None:
    deals = frame("deals", [GOOD]).select("connection", "id", "stage", "opened_on")
    found = staleness({"deals": deals}, date(2025, 6, 2))
    assert found.findings.is_empty()
    assert staleness({}, AS_OF).findings.schema == SCHEMA


def test_opt_out_on_one_record_of_a_person_is_found_on_the_others() -> None:
    john = {"given_name": "John", "family_name": "Smith", "email": "j@acme.com", "email_opt_out": False}
    contacts = pl.concat([frame("contacts", [{**john, "email_opt_out": True}]), frame("contacts", [john], "hs")])
    found = consent({"contacts": contacts}, match({"contacts": contacts}).memberships)
    assert found.select("connection", "rule", "field", "value").rows() == [
        ("hs", "consent-differs", "email_opt_out", "sf/contacts/1")
    ]


def test_unknown_consent_is_no_missing_consent() -> None:
    john = {"given_name": "John", "family_name": "Smith", "email": "j@acme.com"}
    contacts = pl.concat([frame("contacts", [{**john, "email_opt_out": True}]), frame("contacts", [john], "hs")])
    readable = pl.DataFrame(
        [("hs", "contacts", "email_opt_out", False)], schema=["connection", "stream", "field", "readable"], orient="row"
    )
    assert consent({"contacts": contacts}, match({"contacts": contacts}).memberships, readable).is_empty()


@pytest.mark.parametrize(
    ("row", "rule", "value"),
    [
        ({"email": "john@"}, "email-invalid", "john@"),
        ({"email": "j@gmial.com"}, "email-typo-domain", "j@gmail.com"),
        ({"email": "info@acme.com"}, "email-role", "info@acme.com"),
        ({"email": "none@none.com"}, "email-stand-in", "none@none.com"),
        ({"phone": "12", "country": "US"}, "phone-invalid", "12"),
        ({"phone": "01614960000"}, "phone-unplaced", "01614960000"),
        ({"website": "n o"}, "domain-invalid", "n o"),
        ({"country": "Xland"}, "country-unknown", "Xland"),
        ({"family_name": "n/a"}, "name-stand-in", "n/a"),
        ({"last_activity_on": date(2090, 1, 1)}, "date-implausible", "2090-01-01"),
    ],
)
def test_check_finds_what_cannot_be_right_and_names_no_value_in_its_message(
    row: Mapping[str, object], rule: str, value: str
) -> None:
    found = check({"contacts": frame("contacts", [row])}, AS_OF)
    assert found.select("rule", "value").rows() == [(rule, value)]
    assert value not in found["message"][0] or rule == "date-implausible"


def test_free_mail_domain_of_an_account_is_found() -> None:
    found = check({"accounts": frame("accounts", [{"domain": "gmail.com"}])}, AS_OF)
    assert found["rule"].to_list() == ["domain-free-mail"]


def test_every_rule_in_the_catalogue_has_words_and_its_own_slug() -> None:
    assert all(slug == rule.slug and rule.description.endswith(".") for slug, rule in RULES.items())
    assert len({rule.description for rule in RULES.values()}) == len(RULES)
