"""Figures against an oracle in plain Python, on stores filled by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.rules import RULES
from model.changes import Change, Outcome, OutcomeStatus, SetField
from model.evidence import RecordKey
from reports.content import Card, Gravity, Report
from reports.gather import gather
from store import Store
from tests.reports.shelf import NOTHING_REQUIRED, Key, belong, blame, finding, healthy, people, put

DAY = date(2026, 11, 22)
RULE_SAMPLE = ("duplicate-person", "email-invalid", "missing-field", "email-role", "family", "no-account")
KEYS: list[Key] = [
    *(("sf", "contacts", f"c{number}") for number in range(6)),
    *(("sf", "leads", f"l{number}") for number in range(3)),
    *(("hs", "contacts", f"h{number}") for number in range(5)),
]


def report_of(store: Store, required: Mapping[str, Sequence[str]] = NOTHING_REQUIRED) -> Report:
    return gather(store, DAY, required)


def card(report: Report, title: str) -> Card:
    return next(card for card in report.cards if card.title == title)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The records of KEYS and nothing said of them yet."""
    folder: Path = tmp_path_factory.mktemp("crowd")
    with Store.open(f"sqlite:///{folder / 'trueline.db'}") as opened:
        for connection, stream in dict.fromkeys((key[0], key[1]) for key in KEYS):
            people(opened, connection, *(key[2] for key in KEYS if key[:2] == (connection, stream)), stream=stream)
        yield opened


def surplus_of(entities: Mapping[Key, str]) -> set[Key]:
    """All records but the first of each entity in each connection."""
    groups: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
    for key, entity in entities.items():
        groups[(key[0], entity)].append(key)
    return {key for group in groups.values() for key in sorted(group)[1:]}


def gravity_by_hand(findings: set[tuple[Key, str]]) -> Gravity:
    worst: dict[Key, str] = {}
    for key, rule in findings:
        severity = RULES[rule].severity
        order = ("high", "medium", "low")
        if severity in order and order.index(severity) < order.index(worst.get(key, "low")) + (key not in worst):
            worst[key] = severity
    counts = [sum(value == name for value in worst.values()) for name in ("high", "medium", "low")]
    return Gravity(*counts)


clock = iter(range(2, 10_000))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    findings=st.sets(st.tuples(st.sampled_from(KEYS), st.sampled_from(RULE_SAMPLE)), max_size=25),
    entities=st.lists(st.sampled_from("EFG"), min_size=len(KEYS), max_size=len(KEYS)),
)
def test_figures_equal_those_counted_by_hand(crowd: Store, findings: set[tuple[Key, str]], entities: list[str]) -> None:
    members = dict(zip(KEYS, entities, strict=True))
    belong(crowd, members, next(clock))
    blame(crowd, [finding(key, rule) for key, rule in sorted(findings)])
    report, surplus = report_of(crowd), surplus_of(members)
    assert report.gravity == gravity_by_hand(findings)
    assert report.clean == len(KEYS) - report.gravity.records
    groups = len({(key[0], members[key]) for key in surplus})
    assert (report.duplicates.surplus, report.duplicates.groups) == (len(surplus), groups)
    shared = [entity for entity in "EFG" if len({key[0] for key in KEYS if members[key] == entity}) > 1]
    assert report.duplicates.shared == len(shared)
    for group in report.findings:
        about = {key for key, rule in findings if rule == group.rule}
        assert group.records == len(about)


def test_counterpart_in_another_connection_is_no_duplicate(store: Store) -> None:
    people(store, "sf", "1")
    people(store, "hs", "2")
    belong(store, {("sf", "contacts", "1"): "E", ("hs", "contacts", "2"): "E"})
    report = report_of(store)
    assert (report.clean, report.duplicates.surplus, report.duplicates.shared) == (2, 0, 1)
    assert report.findings == ()


def test_duplicate_of_a_record_without_entity_is_kept(store: Store) -> None:
    people(store, "sf", "1", "2")
    blame(store, [finding(("sf", "contacts", "2"), "duplicate-person")])
    assert report_of(store).gravity == Gravity(high=1)


def test_misspelt_value_counts_every_record_that_holds_it(store: Store) -> None:
    put(store, "files", "deals", id=["1", "2", "3"], name=["a", "b", "c"], product=["GTXPro", "GTX Pro", "GTXPro"])
    put(store, "other", "deals", id=["1"], name=["d"], product=["GTXPro"])
    blame(store, [finding(("files", "deals", ""), "spelling-variant", field="product", value="GTXPro")])
    report = report_of(store)
    assert [(group.records, group.findings) for group in report.findings] == [(2, 1)]
    assert (report.records, report.clean) == (4, 2)
    assert report.findings[0].examples[0].key == "files/deals"


def test_finding_about_a_whole_stream_makes_no_record_dirty(store: Store) -> None:
    people(store, "sf", "1")
    blame(store, [finding(("sf", "contacts", ""), "field-unknown", field="phone")])
    report = report_of(store)
    assert (report.clean, report.findings[0].records, report.findings[0].figure) == (1, 0, "–")


def test_converted_leads_and_deleted_records_count_nowhere(store: Store) -> None:
    put(store, "sf", "leads", id=["1", "2"], family_name=["A", "B"], is_converted=[True, False])
    put(store, "sf", "contacts", id=["3", "4"], family_name=["C", "D"], is_deleted=[True, False])
    gone = [("sf", "leads", "1"), ("sf", "contacts", "3")]
    blame(store, [finding(key, "email-invalid") for key in gone])
    report = report_of(store, {"leads": ("family_name",), "contacts": ("family_name",)})
    assert (report.records, report.clean) == (2, 2)
    assert [stream.records for stream in report.completeness] == [1, 1]


def test_findings_about_users_do_not_lower_the_clean_share(store: Store) -> None:
    put(store, "sf", "users", id=["u"], name=["Ann"])
    people(store, "sf", "1")
    blame(store, [finding(("sf", "users", "u"), "email-invalid")])
    report = report_of(store)
    assert (report.records, report.clean, report.chapters) == (1, 1, ())
    assert (report.findings[0].records, report.findings[0].examples[0].name) == (1, "Ann")


def test_completeness_counts_known_fields_and_names_the_unknown(store: Store) -> None:
    put(store, "sf", "contacts", id=["1", "2", "3", "4"], email=["a@x.example", None, "", "d@x.example"],
        family_name=["A", "B", "C", None])  # fmt: skip
    report = report_of(store, {"contacts": ("email", "family_name", "phone")})
    (stream,) = report.completeness
    assert [(bar.label, bar.share) for bar in stream.bars] == [("email", 0.5), ("family_name", 0.75)]
    assert (stream.records, stream.complete, stream.figure, stream.unknown) == (4, 1, "62%", ("phone",))
    assert card(report, "Completeness").figure == "62%"


def test_stream_whose_required_fields_are_all_unknown_has_no_share(store: Store) -> None:
    people(store, "sf", "1")
    report = report_of(store, {"contacts": ("phone",)})
    assert [(stream.figure, stream.bars, stream.complete) for stream in report.completeness] == [("–", (), 0)]
    assert [card.title for card in report.cards] == ["Clean records", "Duplicates"]


def change(record_id: str, rule: str = "phone-e164") -> Change:
    return SetField(RecordKey("sf", "contacts", record_id), "phone", "1", "+1", 1, "valid number", rule)


@pytest.mark.parametrize(
    ("statuses", "waiting"),
    [
        pytest.param({}, 3, id="nothing sent"),
        pytest.param({0: "applied", 1: "already"}, 1, id="two done"),
        pytest.param({0: "unsent", 1: "rejected"}, 2, id="unsent waits, rejected does not"),
        pytest.param({0: "applied", 1: "conflict", 2: "unknown"}, 0, id="all answered or to be read back"),
    ],
)
def test_planned_changes_are_those_a_push_would_send(
    store: Store, statuses: dict[int, OutcomeStatus], waiting: int
) -> None:
    people(store, "sf", "a", "b", "c")
    plan_id = store.save_plan(store.begin_run("plan", 1), [change("a"), change("b"), change("c")], 1)
    ids = [planned.id for planned in store.plan_changes(plan_id)]
    run_id = store.begin_run("push", 2)
    store.journal(run_id, [ids[place] for place in statuses], 2)
    store.record(run_id, [Outcome(ids[place], status) for place, status in statuses.items()], [], 3)
    report = report_of(store)
    assert sum(group.changes for group in report.changes) == waiting
    assert any(card.title == "Planned changes" for card in report.cards) == bool(waiting)


def test_only_the_newest_plan_counts(store: Store) -> None:
    store.save_plan(store.begin_run("plan", 1), [change("a"), change("b")], 1)
    store.save_plan(store.begin_run("plan", 2), [change("a")], 2)
    assert [(group.rule, group.changes) for group in report_of(store).changes] == [("phone-e164", 1)]


def test_chapters_begin_with_the_gravest(store: Store) -> None:
    people(store, "sf", "1", "2", "3")
    low = [finding(("sf", "contacts", name), "no-account") for name in "123"]
    blame(store, [*low, finding(("sf", "contacts", "1"), "consent-differs")])
    report = report_of(store)
    assert [(chapter.slug, chapter.gravity.records) for chapter in report.chapters] == [("consent", 1), ("links", 3)]
    assert report.headline == "3 of 3 records (100%) have something to fix. Start with: consent."


def test_healthy_deals_are_those_live_without_a_warning(store: Store) -> None:
    put(store, "sf", "deals", id=["1", "2"], name=["a", "b"])
    healthy(store, {("sf", "deals", "1"): 1.0, ("sf", "deals", "2"): 0.5, ("sf", "deals", "gone"): 0.5})
    assert card(report_of(store), "Healthy deals").explanation == "1 of 2 open deals without a warning"


def test_empty_store_says_that_there_is_nothing(store: Store) -> None:
    report = report_of(store, {"contacts": ("email",)})
    assert report.headline == "There are no records to judge yet."
    assert (report.findings, report.completeness, report.stages, report.sources) == ((), (), (), ())
    assert card(report, "Clean records").figure == "–"


def test_clean_store_says_so(store: Store) -> None:
    people(store, "sf", "1")
    assert report_of(store).headline == "Nothing to fix was found in 1 record."


def test_examples_are_few_and_the_rest_is_counted(store: Store) -> None:
    ids = [f"{number:03}" for number in range(30)]
    people(store, "sf", *ids)
    blame(store, [finding(("sf", "contacts", name), "email-invalid") for name in ids])
    (group,) = report_of(store).findings
    assert (len(group.examples), group.unlisted, group.examples[0].name) == (8, 22, "Name 000")
