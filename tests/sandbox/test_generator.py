"""The generated data set: repeatable, complete, and within the vendors' own rules."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import phonenumbers
import polars as pl
import pytest
from email_validator import validate_email
from polars.testing import assert_frame_equal

from sandbox.generator import Dataset, generate, write

ROOT = Path(__file__).parents[2]
AS_OF = date(2026, 11, 22)
SIZE = 6000
SALT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Task": "00T",
    "Event": "00U",
    "User": "005",
    "Campaign": "701",
    "CampaignMember": "00v",
    "Organization": "00D",
    "Group": "00G",
    "OpportunityHistory": "008",
    "OpportunityStage": "01J",
    "LeadStatus": "01J",
    "CampaignMemberStatus": "01Y",
    "GroupMember": "011",
    "LoginHistory": "0Ya",
    "OpportunityFieldHistory": "017",
    "PackageLicense": "050",
    "Profile": "00e",
    "QueueSobject": "03g",
    "UserLicense": "100",
    "UserPackageLicense": "051",
    "UserRole": "00E",
}
REQUIRED = {
    "Account": ["Name"],
    "Contact": ["LastName"],
    "Lead": ["LastName", "Company", "Status"],
    "Opportunity": ["Name", "StageName", "CloseDate"],
    "OpportunityContactRole": ["OpportunityId", "ContactId"],
    "CampaignMember": ["CampaignId"],
    "Task": ["Status", "Priority"],
    "User": ["Username", "LastName", "Email"],
}
LENGTHS = {
    "Account": {
        "Name": 255,
        "Website": 255,
        "Phone": 40,
        "BillingStreet": 255,
        "BillingCity": 40,
        "BillingState": 80,
        "BillingPostalCode": 20,
        "BillingCountry": 80,
    },
    "Contact": {
        "FirstName": 40,
        "LastName": 80,
        "Email": 80,
        "Phone": 40,
        "MobilePhone": 40,
        "Title": 128,
        "Department": 80,
        "MailingCity": 40,
        "MailingCountry": 80,
        "Name": 121,
    },
    "Lead": {"FirstName": 40, "LastName": 80, "Company": 255, "Email": 80, "Phone": 40, "MobilePhone": 40, "City": 40},
    "Opportunity": {"Name": 120, "NextStep": 255},
    "Campaign": {"Name": 80},
    "User": {"Username": 80},
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return generate(SIZE, seed=3, dirt=1.0, as_of=AS_OF)


@pytest.fixture(scope="module")
def two_orgs() -> Dataset:
    return generate(3000, seed=5, as_of=AS_OF, orgs=2)


def frames(dataset: Dataset) -> dict[str, pl.DataFrame]:
    """All frames of a data set by a name of their own."""
    found = {
        f"sf{number}/{name}": frame for number, org in enumerate(dataset.salesforce) for name, frame in org.items()
    }
    found |= {f"hs/{name}": frame for name, frame in dataset.hubspot.items()}
    return found | {"gleif": dataset.gleif} | {f"truth/{name}": frame for name, frame in dataset.truth.items()}


def test_generate_with_the_same_arguments_gives_the_same_frames(data: Dataset) -> None:
    again = frames(generate(SIZE, seed=3, dirt=1.0, as_of=AS_OF))
    assert list(frames(data)) == list(again)
    for name, frame in frames(data).items():
        assert_frame_equal(frame, again[name])


def test_generate_in_other_processes_writes_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for salt in ("1", "2"):
        folder = tmp_path / salt
        command = [
            sys.executable,
            "-m",
            "sandbox.generator",
            "300",
            str(folder),
            "--seed",
            "7",
            "--as-of",
            "2026-11-22",
        ]
        environment = {**os.environ, "PYTHONHASHSEED": salt, "POLARS_MAX_THREADS": salt}
        subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
        digests.append({file.relative_to(folder): file.read_bytes() for file in sorted(folder.rglob("*.parquet"))})
    assert digests[0] == digests[1]


def test_generate_with_another_seed_gives_other_people(data: Dataset) -> None:
    other = generate(300, seed=4, as_of=AS_OF).salesforce[0]["Contact"]
    assert not other["Name"].equals(generate(300, seed=5, as_of=AS_OF).salesforce[0]["Contact"]["Name"])


@pytest.mark.parametrize("size", [1, 2, 17])
def test_generate_tiny_sizes_gives_every_frame(size: int, data: Dataset) -> None:
    tiny = frames(generate(size, as_of=AS_OF))
    assert {name: frame.schema for name, frame in tiny.items()} == {n: f.schema for n, f in frames(data).items()}


@pytest.mark.parametrize("wrong", [{"size": 0}, {"dirt": -0.1}, {"orgs": 0}], ids=["no size", "dirt below 0", "no org"])
def test_generate_refuses_impossible_arguments(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least"):
        generate(**{"size": 10, "as_of": AS_OF, **wrong})  # type: ignore[arg-type]


def test_size_counts_contacts_of_both_systems(data: Dataset) -> None:
    tests = data.truth["records"].filter(pl.col("relation") == "test", pl.col("object") != "Lead").height
    contacts = len(data.salesforce[0]["Contact"]) + len(data.hubspot["contacts"]) - tests
    assert SIZE <= contacts <= SIZE + 10


def test_generating_20_000_contacts_takes_seconds() -> None:
    generate(100, as_of=AS_OF)  # reads the tables
    start = time.process_time()
    generate(20_000, as_of=AS_OF)
    assert time.process_time() - start < 15


def test_salesforce_ids_have_prefix_and_checksum(data: Dataset) -> None:
    for sobject, frame in data.salesforce[0].items():
        assert frame["Id"].is_unique().all(), sobject
        for value in frame["Id"].head(300):
            assert value[:3] == PREFIXES[sobject]
            blocks = (value[start : start + 5] for start in (0, 5, 10))
            sums = (sum(1 << place for place, sign in enumerate(block) if sign.isupper()) for block in blocks)
            assert value[15:] == "".join(SALT[number] for number in sums)


def test_salesforce_ids_of_two_orgs_differ(two_orgs: Dataset) -> None:
    first, second = two_orgs.salesforce
    for sobject in first:
        assert not set(first[sobject]["Id"]) & set(second[sobject]["Id"]), sobject
    assert len(second["Contact"]) > 100


def test_salesforce_required_fields_are_there_and_lengths_hold(data: Dataset) -> None:
    for sobject, names in REQUIRED.items():
        for name in names:
            column = data.salesforce[0][sobject][name]
            assert column.null_count() == 0, (sobject, name)
            assert column.dtype != pl.String or (column.str.strip_chars() != "").all()
    for sobject, limits in LENGTHS.items():
        for name, limit in limits.items():
            assert (data.salesforce[0][sobject][name].drop_nulls().str.len_chars() <= limit).all(), (sobject, name)


def test_salesforce_references_lead_to_records(two_orgs: Dataset) -> None:
    for org in two_orgs.salesforce:
        for sobject, name, targets in (
            ("Account", "ParentId", ["Account"]),
            ("Account", "OwnerId", ["User"]),
            ("Contact", "AccountId", ["Account"]),
            ("Contact", "OwnerId", ["User"]),
            ("Lead", "OwnerId", ["User", "Group"]),
            ("Lead", "ConvertedContactId", ["Contact"]),
            ("Lead", "ConvertedAccountId", ["Account"]),
            ("Opportunity", "AccountId", ["Account"]),
            ("Opportunity", "OwnerId", ["User"]),
            ("Opportunity", "CampaignId", ["Campaign"]),
            ("OpportunityHistory", "OpportunityId", ["Opportunity"]),
            ("OpportunityContactRole", "ContactId", ["Contact"]),
            ("CampaignMember", "LeadOrContactId", ["Contact", "Lead"]),
            ("CampaignMember", "CampaignId", ["Campaign"]),
            ("Task", "WhoId", ["Contact", "Lead"]),
            ("Task", "WhatId", ["Account", "Opportunity"]),
            ("Event", "WhoId", ["Contact", "Lead"]),
        ):
            there = pl.concat([org[target]["Id"] for target in targets])
            values = org[sobject][name].drop_nulls()
            assert len(values), (sobject, name)
            assert values.is_in(there.implode()).all(), (sobject, name)


def test_converted_leads_have_account_contact_and_status(data: Dataset) -> None:
    leads = data.salesforce[0]["Lead"]
    for name in ("ConvertedContactId", "ConvertedAccountId", "ConvertedDate"):
        assert (leads[name].is_not_null() == leads["IsConverted"]).all()
    assert ((leads["Status"] == "Closed - Converted") == leads["IsConverted"]).all()
    assert leads["IsConverted"].sum() > 0


def test_some_leads_belong_to_queues_and_some_records_to_leavers(data: Dataset) -> None:
    org = data.salesforce[0]
    assert 0.01 < org["Lead"]["OwnerId"].str.starts_with("00G").mean() < 0.15  # type: ignore[operator]
    leavers = org["User"].filter(~pl.col("IsActive"))["Id"]
    assert 0.01 < org["Contact"]["OwnerId"].is_in(leavers.implode()).mean() < 0.3  # type: ignore[operator]


def test_campaign_members_are_in_a_campaign_once(data: Dataset) -> None:
    members = data.salesforce[0]["CampaignMember"]
    assert members.select(pl.struct("CampaignId", "LeadOrContactId").is_unique().all()).item()
    assert (members["LeadId"].is_null() != members["ContactId"].is_null()).all()
    assert (members["HasResponded"] == members["FirstRespondedDate"].is_not_null()).all()


def test_opportunity_history_leads_to_the_opportunity_as_it_is(data: Dataset) -> None:
    org = data.salesforce[0]
    history = org["OpportunityHistory"].sort("OpportunityId", "CreatedDate", "Id")
    told = history.group_by("OpportunityId", maintain_order=True).agg(
        pl.col("StageName").last().alias("last"),
        pl.col("CloseDate").last().alias("close"),
        pl.col("CreatedDate").first().alias("start"),
        ((pl.col("CloseDate") > pl.col("CloseDate").shift(1)).sum()).alias("pushes"),
    )
    both = org["Opportunity"].join(told, left_on="Id", right_on="OpportunityId", how="left")
    assert both["last"].equals(both["StageName"], check_names=False)
    assert both["close"].equals(both["CloseDate"], check_names=False)
    assert both["start"].equals(both["CreatedDate"], check_names=False)
    assert both["pushes"].cast(pl.Int64).equals(both["PushCount"], check_names=False)


def test_stages_of_opportunities_are_active_stages_with_their_flags(data: Dataset) -> None:
    org = data.salesforce[0]
    both = org["Opportunity"].join(org["OpportunityStage"], left_on="StageName", right_on="ApiName", how="left")
    assert both["IsActive"].all()
    assert (both["IsClosed"] == both["IsClosed_right"]).all()
    assert (both["IsWon"] == both["IsWon_right"]).all()
    assert (both["Probability"] == both["DefaultProbability"]).all()


def test_stamps_lie_in_order_and_not_in_the_future(data: Dataset) -> None:
    end = datetime(2026, 11, 23, tzinfo=UTC)
    for sobject, frame in data.salesforce[0].items():
        if {"LastModifiedDate", "CreatedDate"} <= set(frame.columns):
            assert (frame["CreatedDate"] <= frame["LastModifiedDate"]).all(), sobject
            assert (frame["SystemModstamp"] < end).all(), sobject
            assert frame["CreatedDate"].dtype == pl.Datetime("ms", "UTC")
    for name, stamp in (
        ("contacts", "lastmodifieddate"),
        ("companies", "hs_lastmodifieddate"),
        ("deals", "hs_lastmodifieddate"),
    ):
        frame = data.hubspot[name]
        assert (frame["createdate"] <= frame[stamp]).all()
        assert (frame[stamp] < end).all()


def test_hubspot_ids_are_numeric_and_of_several_lengths(data: Dataset) -> None:
    for name in ("contacts", "companies", "deals", "calls", "emails", "meetings", "notes", "tasks", "owners"):
        ids = data.hubspot[name]["id"]
        assert ids.is_unique().all()
        assert ids.str.contains(r"^[1-9]\d*$").all()
        assert ids.cast(pl.Int64).is_sorted()
    assert data.hubspot["contacts"]["id"].str.len_chars().n_unique() > 2


def test_hubspot_addresses_are_valid_lower_case_and_unique(data: Dataset) -> None:
    contacts = data.hubspot["contacts"]
    mails = contacts["email"].drop_nulls()
    assert mails.str.to_lowercase().is_unique().all()
    assert (mails == mails.str.to_lowercase()).all()
    for mail in mails:
        validate_email(mail, check_deliverability=False, test_environment=True)
    assert contacts.select(pl.any_horizontal(pl.col("email", "firstname", "lastname").is_not_null()).all()).item()


def test_hubspot_required_values_and_enumerations_hold(data: Dataset) -> None:
    hubspot = data.hubspot
    assert hubspot["companies"].select(pl.any_horizontal(pl.col("name", "domain").is_not_null()).all()).item()
    assert hubspot["deals"]["dealstage"].is_in(hubspot["pipelines"]["id"].implode()).all()
    assert hubspot["deals"]["dealname"].null_count() == 0
    owners = hubspot["owners"]["id"].implode()
    for name in ("contacts", "companies", "deals", "calls", "emails", "meetings", "notes", "tasks"):
        assert hubspot[name]["hubspot_owner_id"].is_in(owners).all()
    for name in ("calls", "emails", "meetings", "notes", "tasks"):
        assert hubspot[name]["hs_timestamp"].null_count() == 0


def test_associations_go_both_ways_with_the_right_types(data: Dataset) -> None:
    links = data.hubspot["associations"]
    pairs = {(279, 280), (1, 2), (3, 4), (341, 342), (5, 6), (13, 14)}
    pairs |= {(there, there + 1) for there in (*range(193, 205, 2), *range(181, 193, 2), *range(205, 217, 2))}
    inverse = dict([*pairs, *((back, there) for there, back in pairs)])
    turned = links.select(
        pl.col("to_type").alias("from_type"),
        pl.col("to_id").alias("from_id"),
        pl.col("from_type").alias("to_type"),
        pl.col("from_id").alias("to_id"),
        pl.col("type_id").replace_strict(inverse),
        "category",
    )
    assert links.is_unique().all()
    assert_frame_equal(links, turned, check_row_order=False)
    for kind in links["from_type"].unique():
        ids = data.hubspot[kind]["id"].implode()
        assert links.filter(pl.col("from_type") == kind)["from_id"].is_in(ids).all()


def test_primary_company_of_a_contact_is_its_associatedcompanyid(data: Dataset) -> None:
    primary = data.hubspot["associations"].filter(pl.col("type_id") == 1).select(pl.col("from_id").alias("id"), "to_id")
    assert primary["id"].is_unique().all()
    both = data.hubspot["contacts"].join(primary, on="id", how="left")
    assert both["associatedcompanyid"].equals(both["to_id"], check_names=False)
    assert both["to_id"].null_count() not in (0, len(both))


def test_gleif_entries_have_valid_and_distinct_identifiers(data: Dataset) -> None:
    assert data.gleif["lei"].is_unique().all()
    assert data.gleif["country"].str.contains("^[A-Z]{2}$").all()
    for lei in data.gleif["lei"].head(300):
        assert int("".join(str(int(sign, 36)) for sign in lei)) % 97 == 1
    known = data.truth["companies"].join(data.gleif, on="lei")
    assert 0.3 < len(known) / len(data.truth["companies"]) < 0.8
    assert len(data.gleif) > len(known)


def test_numbers_of_the_truth_are_valid_in_their_country(data: Dataset) -> None:
    people = data.truth["people"].filter(pl.col("phone").is_not_null()).head(1500)
    for row in people.iter_rows(named=True):
        for name in ("phone", "mobile"):
            assert phonenumbers.is_valid_number(phonenumbers.parse(row[name])), (row["country"], row[name])


def test_write_puts_every_frame_beside_its_truth(data: Dataset, tmp_path: Path) -> None:
    files = write(data, tmp_path)
    assert len(files) == len(frames(data))
    assert_frame_equal(pl.read_parquet(tmp_path / "salesforce" / "Contact.parquet"), data.salesforce[0]["Contact"])
    assert_frame_equal(pl.read_parquet(tmp_path / "truth" / "records.parquet"), data.truth["records"])
