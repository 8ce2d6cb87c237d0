"""What columns are taken for: headings of many systems and languages, values that contradict them, real files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from connectors.files import read_tables
from hygiene.linkage.detect import IGNORE, detect
from hygiene.linkage.headings import heading_words, read_heading

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled data sets are not on this machine")

HEADINGS = [
    ("FirstName", "given_name", "given"),
    ("first name", "given_name", "given"),
    ("property_firstname", "given_name", "given"),
    ("Vorname", "given_name", "given"),
    ("Prénom", "given_name", "given"),
    ("PRIMARY_NAME_FIRST", "given_name", "given"),
    ("PRIMARY_NAME_MIDDLE", "middle_name", "middle"),
    ("Name Suffix", "generation", "generation"),
    ("Surname", "family_name", "family"),
    ("Nom de famille", "family_name", "family"),
    ("Apellidos", "family_name", "family"),
    ("姓", "family_name", "family"),
    ("Contact Name", "full_name", "full"),
    ("Company / Account", "company_name", "company"),
    ("Account Name: Account Name", "company_name", "company"),
    ("Organization 1 - Name", "company_name", "company"),
    ("Raison sociale", "company_name", "company"),
    ("Site name", "company_name", "company"),
    ("E-mail 1 - Value", "email", "email"),
    ("emailaddress1", "email", "email"),
    ("E-Mail-Adresse", "email", "email"),
    ("Company Domain Name", "domain", "site"),
    ("Website URL", "domain", "site"),
    ("Mobile Phone Number", "phone", "mobile"),
    ("homephone", "phone", "phone"),
    ("Téléphone portable", "phone", "mobile"),
    ("Telefonnummer", "phone", "phone"),
    ("MailingStreet", "address", "street"),
    ("Straße", "address", "street"),
    ("ltable_addr", "address", "street"),
    ("BillingPostalCode", "area", "zip"),
    ("Mailing Zip/Postal Code", "area", "zip"),
    ("PLZ", "area", "zip"),
    ("Mailing State/Province (text only)", "area", "state"),
    ("Country/Region", "country", "country"),
    ("billing_country_code", "country", "country"),
    ("suburb", "area", "city"),
    ("Ort", "area", "city"),
    ("date_of_birth", "date", "birth"),
    ("Geburtsdatum", "date", "birth"),
    ("soc_sec_id", "identifier", "ssn"),
    ("USt-IdNr.", "identifier", "tax"),
    ("D-U-N-S Number", "identifier", "duns"),
    ("LEI__c", "identifier", "lei"),
    ("Job Title", "job_title", "job"),
    ("E-mail 2 Address", "email", "email"),
    ("Handynummer", "phone", "mobile"),
    ("Geb.-Datum", "date", "birth"),
    ("STCEG", "identifier", "tax"),
    ("Hausnr.", "house", "house"),
]
NO_EVIDENCE = [
    "Id", "True Id", "unique_id", "rec_id", "cluster", "AccountId", "OwnerId", "Associated Company IDs", "Owner Email",
    "Contact owner", "Parent Account", "CreatedDate", "Last Activity Date", "Phone Type", "ADDR_TYPE", "username",
    "PASSPORT_COUNTRY", "Number of Employees", "Executive Director", "IDHS Provider ID", "partner_rep_email_c",
    "Record ID - Contact", "LinkedIn URL", "photo_url", "source", "label", "Lead Source", "BillingLatitude",
    "entity", "row",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "role"), HEADINGS, ids=[heading[0] for heading in HEADINGS])
def test_heading_says_what_its_column_holds(text: str, kind: str, role: str) -> None:
    heading = read_heading(text)
    assert (heading.kind, heading.role) == (kind, role)


@pytest.mark.parametrize("text", NO_EVIDENCE)
def test_heading_of_a_key_a_label_or_something_else_says_nothing(text: str) -> None:
    assert read_heading(text).kind == ""


def test_plainer_heading_has_the_lower_rank() -> None:
    ranks = [read_heading(text).rank for text in ("Email", "Home Email", "Secondary Email")]
    assert ranks == sorted(ranks)
    assert ranks[0] < ranks[-1]


@pytest.mark.parametrize("text", ["", "__c", "___", "1", "é", "🙂", "=cmd()", "a" * 200])
def test_odd_heading_is_read_without_complaint(text: str) -> None:
    assert read_heading(text).kind == ""


def test_words_of_a_heading_are_told_apart_however_they_are_joined() -> None:
    shapes = (
        "BillingPostalCode",
        "billing_postal_code",
        "billingpostalcode",
        "Billing Postal Code",
        "billing-postal-code__c",
    )
    assert {heading_words(text) for text in shapes} == {("billing", "postal", "code")}


def kinds(columns: Mapping[str, Sequence[str | None]]) -> dict[str, str]:
    return {column.name: column.kind for column in detect(pl.DataFrame(columns)) if column.is_compared}


def reason(columns: Mapping[str, Sequence[str | None]], name: str) -> str:
    return next(column.reason for column in detect(pl.DataFrame(columns)) if column.name == name)


COMPANIES: list[str | None] = [
    f"{word} {form}" for word in ("Acme", "Borealis", "Cirrus", "Dune") for form in ("Inc", "GmbH", "Ltd")
]
PEOPLE: list[str | None] = [
    f"{given} {family}" for given in ("Anna", "Robert", "Kate") for family in ("Stone", "Vogt", "Reed", "Lund")
]


def test_name_beside_nothing_is_told_by_its_values() -> None:
    assert kinds({"Name": COMPANIES}) == {"Name": "company_name"}
    assert kinds({"Name": PEOPLE}) == {"Name": "full_name"}


def test_name_beside_half_of_a_name_is_the_other_half() -> None:
    assert kinds({"Vorname": ["Anna", "Ben"], "Name": ["Stein", "Vogt"]})["Name"] == "family_name"
    assert kinds({"Nome": ["Anna", "Bea"], "Cognome": ["Verdi", "Rossi"]})["Nome"] == "given_name"


def test_name_beside_both_halves_repeats_them() -> None:
    table: dict[str, list[str | None]] = {"First Name": ["Anna"], "Last Name": ["Stein"], "Name": ["Anna Stein"]}
    assert "Name" not in kinds(table)


def test_name_of_people_beside_a_company_is_a_person() -> None:
    assert kinds({"Name": PEOPLE, "Company": COMPANIES}) == {"Name": "full_name", "Company": "company_name"}


def test_title_is_a_job_beside_people_and_a_text_beside_things() -> None:
    assert kinds({"Name": PEOPLE, "Title": ["Buyer"] * 6 + ["Clerk"] * 6})["Title"] == "job_title"
    assert kinds({"Title": ["A first book", "Another one"], "Price": ["3", "4"]})["Title"] == "text"
    assert "Title" not in kinds({"Name": PEOPLE, "Title": ["Mr"] * 6 + ["Ms"] * 6})


@pytest.mark.parametrize(
    ("heading", "values", "words"),
    [
        pytest.param("Phone", ["n/a", "ask her", "none"], "its values are words", id="phone-of-words"),
        pytest.param("Email", ["a", "b", "c"], "few of its values have an @", id="mail-without-sign"),
        pytest.param("Email", [f"{at:032x}" for at in range(3)], "its values are hashes or keys", id="hashes"),
        pytest.param("Company", ["1", "2", "3"], "few of its values have letters", id="company-numbers"),
        pytest.param("Url", ["https://a.example/1", "https://a.example/2", "https://a.example/3"],
                     "all lead to one site", id="one-site"),
        pytest.param("Account Number", ["1", "2", "3"], "every row has a number of its own", id="unique-number"),
        pytest.param("Company", [None, None, None], "it is blank", id="blank"),
        pytest.param("City", ["Bonn"] * 30, "all its values are the same", id="constant"),
    ],
)  # fmt: skip
def test_values_that_contradict_their_heading_win(heading: str, values: list[str | None], words: str) -> None:
    assert words in reason({heading: values, "Name": (COMPANIES * 3)[: len(values)]}, heading)


def test_people_in_a_column_of_another_heading_are_not_who_the_rows_are_about() -> None:
    assert kinds({"Site name": COMPANIES, "Fund": PEOPLE}) == {"Site name": "company_name"}


def test_values_speak_where_the_heading_is_none() -> None:
    table: dict[str, list[str | None]] = {
        "column 1": [f"key_{at}" for at in range(12)],
        "column 2": COMPANIES,
        "column 3": [f"info{at}@mail{at}.example" for at in range(12)],
        "column 4": [f"+49 30 555 01{at:02}" for at in range(12)],
        "column 5": ["Germany", "France", "Italy"] * 4,
        "column 6": [f"19{at + 60}-01-0{at % 9 + 1}" for at in range(12)],
        "column 7": [str(at) for at in range(12)],
    }
    assert kinds(table) == {
        "column 2": "company_name", "column 3": "email", "column 4": "phone", "column 5": "country", "column 6": "date",
    }  # fmt: skip


def test_further_values_of_one_thing_are_compared_and_every_identifier() -> None:
    mail: list[str | None] = [f"a{at}@x.example" for at in range(12)]
    taken = kinds({"Work Email": mail, "Other Email": mail, "DUNS": mail[::-1], "Passport No": mail, "Name": PEOPLE})
    assert taken["Work Email"] == taken["Other Email"] == "email"
    assert taken["DUNS"] == taken["Passport No"] == "identifier"


def test_legal_and_trading_name_of_a_company_are_compared_with_its_name() -> None:
    assert set(kinds({"Name": COMPANIES, "Legal Name": COMPANIES, "DBA": COMPANIES}).values()) == {"company_name"}


def test_column_called_family_is_a_name_only_beside_a_given_name() -> None:
    assert kinds({"given": ["Anna"] * 3, "family": ["Stein", "Vogt", "Reed"]})["family"] == "family_name"
    assert "Family" not in kinds({"Product Name": PEOPLE, "Family": ["Tools", "Toys"] * 6})


def test_number_that_every_row_has_is_compared_with_other_tables_only_where_it_is_long() -> None:
    table = pl.DataFrame({"Name": COMPANIES, "Part No": [f"KX-{at:05}" for at in range(12)], "Member No": range(12)})
    for is_alone, expected in ((True, {"Name"}), (False, {"Name", "Part No"})):
        assert {one.name for one in detect(table, is_alone=is_alone) if one.is_compared} == expected


def test_fuller_column_of_a_role_is_compared() -> None:
    sparse: list[str | None] = [None] * 40
    sparse[0] = "a@x.example"
    full: list[str | None] = [f"a{at}@x.example" for at in range(40)]
    assert kinds({"City": sparse, "Contact City": full, "Name": full}) == {
        "Contact City": "area",
        "Name": "company_name",
    }


def test_second_city_and_second_line_of_an_address_are_left_out() -> None:
    text: list[str | None] = [f"Harbour Road {at}" for at in range(12)]
    table = {"Name": COMPANIES, "Address 1": text, "Address 2": text, "Shipping Street": text, "City": text,
             "Shipping City": text, "State": text}  # fmt: skip
    assert list(kinds(table)) == ["Name", "Address 1", "Shipping Street", "City"]
    assert reason(table, "State") == "the city or postal code says as much"


def test_what_a_person_said_is_taken() -> None:
    table = pl.DataFrame({"Email": ["a@x.example", "b@x.example"], "Firma?": ["A", "B"], "Blank": [None, None]})
    said = {column.name: column for column in detect(table, {"Firma?": "company_name", "Email": IGNORE})}
    assert said["Firma?"].kind == "company_name"
    assert said["Firma?"].reason == "you said so"
    assert not said["Email"].is_compared


def test_column_that_a_person_ignores_is_not_taken_up_by_its_values() -> None:
    table = pl.DataFrame({"What": [f"a thing of sort {at}" for at in range(12)], "Mail": ["a@x.example"] * 12})
    assert [one.name for one in detect(table) if one.is_compared] == ["What"]
    assert not any(one.is_compared for one in detect(table, {"What": IGNORE}))


def test_numbers_of_rows_are_never_compared_whatever_they_are_called() -> None:
    table = pl.DataFrame({"nr": range(50), "x": range(50, 100), "Firm": [f"Firm {at}" for at in range(50)]})
    assert [column.name for column in detect(table) if column.is_compared] == ["Firm"]


def test_same_table_is_always_taken_for_the_same() -> None:
    table = pl.DataFrame(
        {"c1": [f"firm {at} gmbh" for at in range(5_000)], "c2": [f"a{at}@b.de" for at in range(5_000)]}
    )
    assert detect(table) == detect(table)


@needs_data
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("persons/splink_fake_1000/fake_1000.csv",
                     "first_name=given_name surname=family_name dob=date city=area email=email", id="fake_1000"),
        pytest.param("persons/febrl/dataset3.csv",
                     "given_name=given_name surname=family_name street_number=house address_1=address suburb=area "
                     "postcode=area date_of_birth=date soc_sec_id=identifier", id="febrl"),
        pytest.param("places/restaurants/fodors.csv", "name=company_name addr=address city=area phone=phone",
                     id="fodors"),
        pytest.param("companies/mannheim_companies/forbes.csv", "company=company_name region=area", id="forbes"),
        pytest.param("companies/mannheim_companies/dbpedia.csv",
                     "org_name=company_name established=date nation=country headquarters=area", id="dbpedia"),
        pytest.param("companies/mannheim_companies/fullcontact.csv",
                     "Attribute_2=company_name Attribute_3=country Attribute_5=full_name Attribute_6=date",
                     id="fullcontact"),
        pytest.param("crm/snowfakery_generated/Contact.csv", "Firstname=given_name Lastname=family_name",
                     id="snowfakery"),
    ],
)  # fmt: skip
def test_real_columns_are_recognised(path: str, expected: str) -> None:
    (table,) = read_tables(DATA / path)
    assert " ".join(f"{c.name}={c.kind}" for c in detect(table.frame) if c.is_compared) == expected


@needs_data
@pytest.mark.parametrize("folder", ["persons", "places", "companies", "crm"])
def test_no_key_and_no_label_of_real_files_is_compared(folder: str) -> None:
    """Not one column that numbers rows, links records or tells the truth, in any of the files."""
    keys = {"id", "ids", "cluster", "uid", "vid", "guid", "uuid", "rec", "unique", "true", "gold", "correct"}
    for path in sorted((DATA / folder).rglob("*.csv")):
        for table in read_tables(path, max_rows=60):
            for column in detect(table.frame):
                words = set(heading_words(column.name))
                told = column.kind == "identifier" and words & {"ssn", "sec", "national", "tax", "cik"}
                assert not column.is_compared or told or not words & keys, f"{path.name}: {column}"
