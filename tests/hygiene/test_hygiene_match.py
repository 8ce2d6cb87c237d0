from __future__ import annotations

import json

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.match import match
from tests.hygiene.frames import frame, groups, keys

JOHN = {"given_name": "John", "family_name": "Smith", "email": "john@acme.com", "company": "Acme Inc"}


def test_match_joins_leads_and_contacts_of_all_connections() -> None:
    contacts = pl.concat([frame("contacts", [JOHN]), frame("contacts", [JOHN], connection="hs")])
    leads = frame("leads", [JOHN, {**JOHN, "id": "gone", "is_converted": True}], connection="sf_emea")
    found = match({"contacts": contacts, "leads": leads})
    assert groups(found.memberships) == {frozenset({"sf/contacts/1", "hs/contacts/1", "sf_emea/leads/1"})}
    assert found.findings.is_empty(), "a person in three CRMs is no duplicate in any of them"


def test_match_finds_the_surplus_records_of_each_connection_apart() -> None:
    contacts = pl.concat([frame("contacts", [JOHN]), frame("contacts", [JOHN], connection="hs")])
    leads = frame("leads", [{**JOHN, "id": "9"}])
    found = match({"contacts": contacts, "leads": leads}).findings
    assert found.select("connection", "stream", "id", "rule").rows() == [("sf", "leads", "9", "duplicate-person")]
    assert found["value"].to_list() == ["sf/contacts/1"]


def test_match_takes_company_of_a_contact_from_its_account() -> None:
    contacts = frame("contacts", [{"given_name": "Ann", "family_name": "Lee", "account_id": "1"}])
    leads = frame("leads", [{"given_name": "Ann", "family_name": "Lee", "company": "ACME Ltd"}])
    found = match({"contacts": contacts, "leads": leads, "accounts": frame("accounts", [{"name": "Acme"}])})
    assert list(keys(found.pairs).values()) == ["same"]


def test_pairs_carry_reason_and_evidence_as_numbers() -> None:
    row = match({"contacts": frame("contacts", [JOHN, JOHN])}).pairs.row(0, named=True)
    assert row["reason"] == "same e-mail and same name"
    said = {words: (similarity, bits) for similarity, words, bits in json.loads(row["evidence"])}
    similarity, bits = said["same e-mail"]
    assert similarity > 0.99
    assert bits > 10
    assert 0.9 < row["probability"] <= 1


def test_shared_mailbox_is_a_finding_and_no_merge() -> None:
    found = match({"contacts": frame("contacts", [JOHN, {**JOHN, "given_name": "Mary", "family_name": "Lee"}])})
    assert set(found.findings["rule"]) == {"shared-mailbox"}
    assert found.memberships["entity"].n_unique() == 2


def test_nameless_record_does_not_chain_two_people_together() -> None:
    rows = [JOHN, {"email": "john@acme.com"}, {**JOHN, "given_name": "Mary", "family_name": "Lee"}]
    found = match({"contacts": frame("contacts", rows)})
    split = groups(found.memberships)
    assert not any({"sf/contacts/1", "sf/contacts/3"} <= group for group in split)
    assert len(split) == 2


def test_chain_of_agreeing_pairs_is_cut_where_its_ends_contradict() -> None:
    rows = [
        {"given_name": "Ann", "family_name": "Lee", "email": "x@a.com"},
        {"email": "x@a.com", "family_name": "Lee", "phone": "+14155550132"},
        {"given_name": "Bob", "family_name": "Lee", "email": "x@a.com"},
    ]
    found = match({"contacts": frame("contacts", rows)})
    assert not any({"sf/contacts/1", "sf/contacts/3"} <= group for group in groups(found.memberships))


def test_test_records_are_found_and_kept_out() -> None:
    rows = [{"given_name": "Test", "family_name": "Test", "email": "t@acme.com"}] * 2
    found = match({"contacts": frame("contacts", rows)})
    assert set(found.findings["rule"]) == {"test-record"}
    assert found.pairs.is_empty()
    assert found.memberships["entity"].n_unique() == 2


def _verdict(left: str, right: str, answer: str, at: int = 1) -> dict[str, object]:
    sides = zip(("left", "right"), (left.split("/"), right.split("/")), strict=True)
    parts = {
        f"{side}_{name}": part
        for side, key in sides
        for name, part in zip(("connection", "stream", "id"), key, strict=True)
    }
    return {**parts, "answer": answer, "at": at}


def test_different_verdict_keeps_certain_duplicates_apart_even_by_a_chain() -> None:
    contacts = frame("contacts", [JOHN, JOHN, JOHN])
    verdicts = pl.DataFrame([_verdict("sf/contacts/1", "sf/contacts/3", "different")])
    found = match({"contacts": contacts}, verdicts)
    assert not any({"sf/contacts/1", "sf/contacts/3"} <= group for group in groups(found.memberships))
    assert "cluster-split" in set(found.findings["rule"])
    decided = [row for row in found.pairs.iter_rows(named=True) if row["rule"] == "verdict"]
    assert [(row["decision"], row["probability"]) for row in decided] == [("different", 0.0)]


def test_different_beats_same_and_the_latest_verdict_of_a_pair_counts() -> None:
    contacts = frame("contacts", [{"given_name": name, "family_name": "X"} for name in ("Ann", "Bob", "Cid")])
    verdicts = [
        _verdict("sf/contacts/1", "sf/contacts/2", "different", at=1),
        _verdict("sf/contacts/1", "sf/contacts/2", "same", at=2),
        _verdict("sf/contacts/2", "sf/contacts/3", "same"),
        _verdict("sf/contacts/3", "sf/contacts/1", "different"),
    ]
    found = groups(match({"contacts": contacts}, pl.DataFrame(verdicts)).memberships)
    assert frozenset({"sf/contacts/1", "sf/contacts/2"}) in found
    assert not any({"sf/contacts/1", "sf/contacts/3"} <= group for group in found)


def test_same_verdicts_join_what_rules_would_keep_apart() -> None:
    contacts = frame(
        "contacts", [JOHN, {"email": "john@acme.com"}, {**JOHN, "given_name": "Mary", "family_name": "Lee"}]
    )
    verdicts = [_verdict("sf/contacts/1", "sf/contacts/2", "same"), _verdict("sf/contacts/2", "sf/contacts/3", "same")]
    assert match({"contacts": contacts}, pl.DataFrame(verdicts)).memberships["entity"].n_unique() == 1


def test_cluster_over_the_cap_is_a_finding_and_not_joined() -> None:
    found = match({"contacts": frame("contacts", [JOHN] * 8)}, max_cluster=5)
    assert max(map(len, groups(found.memberships))) <= 5
    assert "cluster-too-large" in set(found.findings["rule"])


def test_block_of_hundreds_of_equal_records_is_joined_without_quadratic_pairs() -> None:
    found = match({"contacts": frame("contacts", [JOHN] * 400)}, max_cluster=1000)
    assert found.memberships["entity"].n_unique() == 1
    assert found.pairs.height < 2000


def test_entity_ids_outlive_a_run_a_newcomer_a_split_and_a_merge() -> None:
    first = match({"contacts": frame("contacts", [JOHN, JOHN])}).memberships
    entity = first["entity"][0]
    grown = match(
        {"contacts": frame("contacts", [{**JOHN, "id": "0"}, {**JOHN, "id": "1"}, {**JOHN, "id": "2"}])}, None, first
    )
    assert set(grown.memberships["entity"]) == {entity}
    parted = pl.DataFrame([_verdict("sf/contacts/1", "sf/contacts/2", "different")])
    split = match({"contacts": frame("contacts", [JOHN, JOHN])}, parted, first).memberships
    assert split["entity"].to_list()[0] == entity
    assert split["entity"].n_unique() == 2
    joined = match({"contacts": frame("contacts", [JOHN, JOHN])}, None, split).memberships
    assert set(joined["entity"]) == {entity}


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "given_name": st.sampled_from(["Ann", "Anna", "Bob", "Robert", None, "A."]),
            "family_name": st.sampled_from(["Lee", "Lee Jr", "Lee Sr", "Kim", None]),
            "email": st.sampled_from(["x@a.com", "info@a.com", "y@a.com", "z@gmail.com", None]),
            "phone": st.sampled_from(["+14155550132", "+14155550133", None]),
            "company": st.sampled_from(["Acme", "Acme Inc", "Beta", None]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(PEOPLE, st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(rows: list[dict[str, object]], chance: object) -> None:
    contacts = frame("contacts", rows)
    shuffled = contacts.sample(fraction=1, shuffle=True, seed=3)
    one, other = match({"contacts": contacts}), match({"contacts": shuffled})
    assert one.pairs.equals(other.pairs)
    assert one.memberships.equals(other.memberships)
    assert one.findings.equals(other.findings)


@settings(max_examples=15, deadline=None)
@given(PEOPLE, st.data())
def test_no_cluster_joins_records_a_person_kept_apart_and_none_exceeds_the_cap(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    contacts = frame("contacts", rows)
    index = st.integers(1, len(rows))
    chosen = data.draw(st.lists(st.tuples(index, index, st.sampled_from(["same", "different"])), max_size=4))
    verdicts = pl.DataFrame(
        [
            _verdict(f"sf/contacts/{one}", f"sf/contacts/{other}", answer, at)
            for at, (one, other, answer) in enumerate(chosen)
        ],
        schema={
            "left_connection": pl.String,
            "left_stream": pl.String,
            "left_id": pl.String,
            "right_connection": pl.String,
            "right_stream": pl.String,
            "right_id": pl.String,
            "answer": pl.String,
            "at": pl.Int64,
        },
    )
    found = groups(match({"contacts": contacts}, verdicts, max_cluster=4).memberships)
    latest = {frozenset((one, other)): answer for one, other, answer in chosen if one != other}
    for pair, answer in latest.items():
        if answer == "different":
            assert not any({f"sf/contacts/{number}" for number in pair} <= group for group in found)
    if "same" not in latest.values():
        assert max(map(len, found)) <= 4


@settings(max_examples=12, deadline=None)
@given(PEOPLE)
def test_matching_again_with_its_own_memberships_changes_nothing(rows: list[dict[str, object]]) -> None:
    contacts = frame("contacts", rows)
    once = match({"contacts": contacts})
    assert match({"contacts": contacts}, None, once.memberships).memberships.equals(once.memberships)
