"""Which stream a file holds and what its headings mean: exports of many tools, none of them configured."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import _files_headings as names
from connectors.files import Loaded, read_files
from model.streams import STREAMS, SYSTEM_FIELDS

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "crm"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared CRM exports are not on this machine")


def load(folder: Path, name: str, *lines: str) -> Loaded:
    path = folder / name
    path.write_text("\n".join(lines), "utf-8")
    return read_files([path])[0]


def first(loaded: Loaded) -> dict[str, object]:
    assert loaded.frame is not None
    return loaded.frame.row(0, named=True)


EXPORTS = [
    pytest.param(
        "extract.csv",
        "ID,ISDELETED,NAME,ACCOUNTID,STAGENAME,AMOUNT,CLOSEDATE,OWNERID,ISCLOSED,ISWON,LASTMODIFIEDDATE",
        "006000000000001AAA,false,Big,001000000000001AAA,Open,5000.5,2024-03-31,005x,false,false,2024-02-15T11:00:00Z",
        "deals",
        {"id": "006000000000001AAA", "amount": 500050, "account_id": "001000000000001AAA", "stage": "Open"},
        id="data-loader",
    ),
    pytest.param(
        "report1700000000.csv",
        '"Salutation","First Name","Last Name","Title","Account Name","Mailing City","Phone","Email","Account Owner"',
        '"Ms.","Ada","Aster","CTO","Acme","Springfield","555 0100","ada@example.com","Jane Roe"',
        "contacts",
        {"given_name": "Ada", "company": "Acme", "city": "Springfield", "title": "CTO"},
        id="salesforce-report",
    ),
    pytest.param(
        "hubspot-crm-exports-all-contacts.csv",
        "Record ID - Contact,First Name,Last Name,Email,Contact owner,Associated Company,Create Date,Lifecycle Stage",
        "101,Ada,Aster,ada@example.com,Jane Roe,Acme,2024-01-15 10:00,Lead",
        "contacts",
        {"id": "101", "company": "Acme", "owner_id": "Jane Roe", "lifecycle_stage": "Lead"},
        id="hubspot-contacts",
    ),
    pytest.param(
        "hubspot-crm-exports-all-companies.csv",
        "Record ID,Company name,Company Domain Name,Number of Employees,Annual Revenue,Create Date,Website URL",
        "501,Acme,acme.example,250,1000000,2024-01-15 10:00,https://acme.example",
        "accounts",
        {"id": "501", "name": "Acme", "domain": "acme.example", "employees": 250, "revenue": 100000000},
        id="hubspot-companies",
    ),
    pytest.param(
        "hubspot-crm-exports-all-deals.csv",
        "Record ID,Deal Name,Deal Stage,Close Date,Amount,Pipeline,Associated Company IDs,Is Closed Won,Currency",
        "901,Big,Appointment Scheduled,2024-03-31 12:00,5000,Sales,501;502,false,EUR",
        "deals",
        {"id": "901", "account_id": "501", "currency": "EUR", "is_won": False, "close_on": 19813},
        id="hubspot-deals",
    ),
    pytest.param(
        "data.csv",
        "id,properties.dealname,properties.dealstage,properties.amount,properties.closedate,properties.hubspot_owner_id",
        "901,Big,closedwon,5000,2024-03-31T00:00:00Z,77",
        "deals",
        {"id": "901", "name": "Big", "owner_id": "77", "is_closed": True, "is_won": True},
        id="hubspot-properties",
    ),
    pytest.param(
        "Contacts_2024.csv",
        "Record Id,Contact Owner.id,Contact Owner,First Name,Last Name,Account Name.id,Account Name,Email,Mailing Zip,"
        "Email Opt Out,Modified Time",
        "zcrm_1,zcrm_9,Jane Roe,Ada,Aster,zcrm_5,Acme,ada@example.com,62701,true,2024-02-15 11:00:00",
        "contacts",
        {"id": "zcrm_1", "owner_id": "zcrm_9", "account_id": "zcrm_5", "postal_code": "62701", "email_opt_out": True},
        id="zoho-contacts",
    ),
    pytest.param(
        "All Opportunities.csv",
        "(Do Not Modify) Opportunity,(Do Not Modify) Modified On,Topic,Potential Customer,Est. Close Date,Est. Revenue,"
        "Status,Currency,Owner",
        'o-1,2024-02-28 09:00:00,Big,Acme,3/31/2024,"$12,345.00",Won,US Dollar,Jane Roe',
        "deals",
        {"id": "o-1", "name": "Big", "account_name": "Acme", "amount": 1234500, "currency": "USD", "is_won": True},
        id="dynamics-opportunities",
    ),
    pytest.param(
        "deals-123.csv",
        "Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Organization,Deal - Stage,Deal - Status,"
        "Deal - Expected close date,Deal - Probability",
        "1,Big,5000,JPY,Acme,Qualified,lost,2024-03-31,50",
        "deals",
        {"id": "1", "name": "Big", "amount": 5000, "account_name": "Acme", "is_closed": True, "probability": 0.5},
        id="pipedrive-deals",
    ),
    pytest.param(
        "people-123.csv",
        "Person - Name,Person - Organization,Person - Email - Work,Person - Phone - Work,Person - Owner,Person - ID",
        "Ada van Aster,Acme,ada@example.com,555 0100,Jane Roe,3",
        "contacts",
        {"id": "3", "given_name": "Ada van", "family_name": "Aster", "company": "Acme", "phone": "555 0100"},
        id="pipedrive-people",
    ),
    pytest.param(
        "Kunden.csv",
        "Firma;Straße;PLZ;Ort;Land;Telefon;Branche;Umsatz;Mitarbeiter",
        "Müller GmbH;Hauptstr. 1;10115;Berlin;Deutschland;030 1;Bau;1.234.567,00 €;1.250",
        "accounts",
        {"name": "Müller GmbH", "city": "Berlin", "revenue": 123456700, "currency": "EUR", "employees": 1250},
        id="german",
    ),
    pytest.param(
        "leads.csv",
        "Lead ID,Lead Owner,First Name,Last Name,Company / Account,Email,Lead Status,Rating",
        "00Q000000000001,Jane Roe,Ada,Aster,Acme,ada@example.com,Open,Hot",
        "leads",
        {"company": "Acme", "status": "Open"},
        id="leads",
    ),
    pytest.param(
        "team.csv",
        "rep_name,team,manager,quota",
        "Jane Roe,East,Jim Poe,100000",
        "users",
        {"id": "Jane Roe", "department": "East", "manager_id": "Jim Poe"},
        id="sales-team",
    ),
    pytest.param(
        "export.csv",
        "name,company,email,phone,job title",
        "Ada Aster,Acme,ada@example.com,555 0100,CTO",
        "contacts",
        {"family_name": "Aster", "title": "CTO"},
        id="plain-words",
    ),
    pytest.param(
        "account_contact_relation.csv",
        "AccountId,ContactId,Roles,IsDirect",
        "001x,003x,Buyer,true",
        "associations",
        {"from_stream": "contacts", "from_id": "003x", "to_stream": "accounts", "to_id": "001x", "is_primary": True},
        id="links",
    ),
]


@pytest.mark.parametrize(("name", "heading", "row", "stream", "expected"), EXPORTS)
def test_export_is_recognised_without_configuration(
    tmp_path: Path, name: str, heading: str, row: str, stream: str, expected: dict[str, object]
) -> None:
    loaded = load(tmp_path, name, heading, row)
    assert loaded.stream == stream
    record = first(loaded)
    assert {field: record[field] for field in expected} == expected


@pytest.mark.parametrize(
    ("name", "heading", "row", "kind"),
    [
        pytest.param("products.csv", "product,series,sales_price", "GTX Basic,GTX,550", "products", id="products"),
        pytest.param("dictionary.csv", "Table,Field,Description", "a,b,c", "field descriptions", id="dictionary"),
        pytest.param("tasks.csv", "Subject,WhoId,WhatId,ActivityDate,Status", "Call,003x,006x,2024-01-01,Open",
                     "activities", id="tasks"),
        pytest.param("account_history.csv", "id,name,industry,website,_fivetran_start", "1,a,b,c,2024-01-01",
                     "history", id="history"),
        pytest.param("weather.csv", "day,temperature,rain", "1,20,0", "nothing known", id="something-else"),
    ],
)  # fmt: skip
def test_other_file_is_named_and_left_alone(tmp_path: Path, name: str, heading: str, row: str, kind: str) -> None:
    loaded = load(tmp_path, name, heading, row)
    assert (loaded.stream, loaded.kind, loaded.frame, loaded.rows) == (None, kind, None, 1)


def test_fields_without_a_heading_are_unknown_and_not_blank(tmp_path: Path) -> None:
    batch = next(load(tmp_path, "contacts.csv", "First Name,Last Name", "Ada,Aster").batches("x"))
    assert batch.readable == {"given_name", "family_name"}


def test_headings_that_lose_to_a_better_one_are_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, "accounts.csv", "Name,BillingCity,ShippingCity", "Acme,Springfield,Shelbyville")
    assert first(loaded)["city"] == "Springfield"
    assert "city is read from 'BillingCity'; 'ShippingCity' also fits but was not used" in loaded.notes


def test_empty_column_gives_way_to_one_with_values(tmp_path: Path) -> None:
    loaded = load(tmp_path, "accounts.csv", "Name,BillingCity,ShippingCity", "Acme,,Shelbyville")
    assert first(loaded)["city"] == "Shelbyville"


def test_doubtful_stream_is_told_with_the_runner_up(tmp_path: Path) -> None:
    loaded = load(tmp_path, "x.csv", "First Name,Last Name,Email,Phone,Company", "Ada,Aster,a@example.com,1,Acme")
    assert loaded.stream == "contacts"
    assert any("it could also be leads" in note for note in loaded.notes)


@pytest.mark.parametrize(
    ("heading", "currency", "minor"),
    [
        pytest.param("Amount (EUR)", "EUR", 150050, id="in-parentheses"),
        pytest.param("Amount in GBP", "GBP", 150050, id="in-words"),
        pytest.param("amount_USD", "USD", 150050, id="suffix"),
        pytest.param("Amount (€)", "EUR", 150050, id="sign"),
        pytest.param("Amount", "CHF", 150050, id="default"),
        pytest.param("Amount (in thousands)", "CHF", 150050000, id="thousands"),
        pytest.param("Amount ($M)", "CHF", 150050000000, id="millions"),
    ],
)
def test_heading_says_currency_and_scale(tmp_path: Path, heading: str, currency: str, minor: int) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(f"Id,Deal Name,Stage,{heading}\n1,Big,Open,1500.50\n")
    record = first(read_files([path], currency="CHF")[0])
    assert (record["currency"], record["amount"]) == (currency, minor)


def test_ids_that_repeat_are_told_apart_over_all_files(tmp_path: Path) -> None:
    one, two = tmp_path / "contacts_a.csv", tmp_path / "contacts_b.csv"
    one.write_text("Id,LastName,Email\n1,Aster,\n1,Aster,\n1~2,Birch,\n,Cedar,\n")
    two.write_text("Id,LastName,Email\n1,Dogwood,\n")
    first_file, second_file = read_files([one, two])
    assert first_file.frame is not None
    assert second_file.frame is not None
    ids = [*first_file.frame["id"], *second_file.frame["id"]]
    assert len(set(ids)) == len(ids) == 5
    assert ids[0] == "1"
    assert ids[3] == "contacts_a-4"
    assert any("repeat an id" in note for note in second_file.notes)
    assert any("1 rows have no id" in note for note in first_file.notes)


def test_version_is_the_modification_else_the_creation_else_zero(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "contacts.csv",
        "Id,LastName,CreatedDate,LastModifiedDate",
        "1,Aster,1970-01-01T00:00:01Z,1970-01-01T00:00:02Z",
        "2,Birch,1970-01-01T00:00:01Z,",
        "3,Cedar,,",
    )
    assert loaded.frame is not None
    assert loaded.frame["changed_at"].to_list() == [2_000_000, 1_000_000, 0]


def test_cells_that_cannot_be_read_are_told_with_their_lines(tmp_path: Path) -> None:
    loaded = load(tmp_path, "deals.csv", "Id,Name,StageName,Amount,CloseDate", "1,a,Open,soon,never", "2,b,Open,5,")
    assert "1 cells of 'Amount' are no amounts and were left blank (line 2)" in loaded.notes
    assert "1 cells of 'CloseDate' are no dates and were left blank (line 2)" in loaded.notes


# --- the table itself ----------------------------------------------------------------------------------------------


def test_table_names_only_streams_fields_and_known_parts() -> None:
    parts = {
        "-", "full_name", "first_name", "last_name", "street_2", "place", "owner_name", "manager_name", "outcome",
        "not is_deleted", "not is_active", "deals_id", "contacts_id", "accounts_id", "leads_id",
    }  # fmt: skip
    system = {field.name for field in SYSTEM_FIELDS}
    for stream, entries in names.spellings().items():
        if stream in STREAMS:
            assert {field for field, _ in entries.values()} <= {*STREAMS[stream].field_names, *system, *parts}, stream
        else:
            assert stream.startswith("(") and stream.endswith(")")


def test_every_field_means_itself() -> None:
    """A file that a person writes with our own field names needs no mapping."""
    made = {("deals", "pipeline_id"), ("deals", "owner_name"), ("stages", "key")}
    for stream in ("accounts", "contacts", "leads", "deals"):
        for field in STREAMS[stream].field_names:
            meant = names.meaning(stream, names.understand(field))
            assert (stream, field) in made or (meant is not None and meant[0] == field), f"{stream}.{field}"


@given(st.text(max_size=40))
def test_squashing_is_idempotent(text: str) -> None:
    once = names.squash(text)
    assert names.squash(once) in (once, names.squash(names.squash(once)))


# --- exports that exist --------------------------------------------------------------------------------------------


@needs_data
def test_real_deals_accounts_and_agents_are_all_read() -> None:
    folder = DATA / "crm_sales_opportunities"
    loaded = {Path(one.path).name: one for one in read_files(sorted(folder.glob("*.csv")))}
    streams = {name: one.stream for name, one in loaded.items()}
    assert streams == {
        "accounts.csv": "accounts",
        "data_dictionary.csv": None,
        "products.csv": None,
        "sales_pipeline.csv": "deals",
        "sales_teams.csv": "users",
    }
    deals, accounts, agents = (loaded[name].frame for name in ("sales_pipeline.csv", "accounts.csv", "sales_teams.csv"))
    assert deals is not None and accounts is not None and agents is not None
    assert (deals.height, accounts.height, agents.height) == (8800, 85, 35)
    assert deals["account_name"].null_count() == 1425
    assert deals["is_closed"].sum() == 4238 + 2473
    assert accounts["country"].null_count() == 0
    assert set(deals["owner_id"]) <= set(agents["id"])


@needs_data
@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("snowfakery_generated", {"accounts": 128, "contacts": 256, "deals": 501, "associations": 501}),
        ("fivetran_salesforce_seeds", {"accounts": 10, "contacts": 4, "leads": 1, "deals": 10, "users": 10}),
        (
            "fivetran_hubspot_seeds",
            {"accounts": 24, "contacts": 22, "deals": 44, "stages": 71, "users": 102, "associations": 13},
        ),
        ("fivetran_marketo_seeds", {"leads": 100}),
        ("fivetran_pardot_seeds", {"leads": 100, "deals": 100, "associations": 100}),
        ("fivetran_klaviyo_seeds", {"contacts": 2}),
    ],
)
def test_real_exports_give_the_records_they_hold(folder: str, expected: dict[str, int]) -> None:
    counts: dict[str, int] = {}
    for one in read_files(sorted((DATA / folder).glob("*.csv"))):
        if one.stream:
            counts[one.stream] = counts.get(one.stream, 0) + one.rows
    assert counts == expected
