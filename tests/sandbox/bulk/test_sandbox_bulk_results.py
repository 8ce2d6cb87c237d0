"""The results of query jobs: their text, their pages and their headers."""

from __future__ import annotations

import gzip
import zlib

import pytest

from sandbox.faults import Fault
from sandbox.salesforce.bulk.pieces import Piece, gzipped
from tests.sandbox.bulk.client import Jobs, rows
from tests.sandbox.salesforce_org import Org

HOSTILE = 'say "hi",\r\nnext; line\n|`^\ttab Zoë \u2028 end'


@pytest.fixture
def five(org: Org, queries: Jobs) -> str:
    """A complete job with five rows."""
    for number in range(5):
        org.app.create("Account", Name=f"A{number}")
    return queries.select("SELECT Name FROM Account ORDER BY Name DESC")


def test_values_are_quoted_and_typed_as_csv_has_them(org: Org, queries: Jobs) -> None:
    account = org.app.create("Account", Name="A", AnnualRevenue=1000, NumberOfEmployees=7)
    contact = org.app.create("Contact", LastName="Zoë", AccountId=account, Birthdate="2000-02-29", Title="")
    org.app.edit("Contact", contact, CreatedDate="2026-01-02T03:04:05.678+0000")
    soql = (
        "SELECT id, account.name, Account.AnnualRevenue, Account.NumberOfEmployees, lastname, Birthdate, CreatedDate, "
        "DoNotCall, Phone, Title, ReportsTo.DoNotCall FROM Contact"
    )
    answer = queries.get(f"{queries.select(soql)}/results")
    header, row = answer.content.decode().splitlines()
    assert header == (
        '"Id","Account.Name","Account.AnnualRevenue","Account.NumberOfEmployees","LastName","Birthdate","CreatedDate",'
        '"DoNotCall","Phone","Title","ReportsTo.DoNotCall"'
    )
    assert row == (f'"{contact}","A","1000.0","7","Zoë","2000-02-29","2026-01-02T03:04:05.000Z","false","","",""')
    assert answer.headers["Content-Type"] == "text/csv"


@pytest.mark.parametrize(
    ("word", "delimiter"),
    [("BACKQUOTE", "`"), ("CARET", "^"), ("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("TAB", "\t")],
)
@pytest.mark.parametrize(("ending", "end"), [("LF", b"\n"), ("CRLF", b"\r\n")])
def test_every_delimiter_and_line_ending_carries_any_text(
    org: Org, queries: Jobs, word: str, delimiter: str, ending: str, end: bytes
) -> None:
    org.app.create("Account", Name="A", Description=HOSTILE)
    job = queries.select("SELECT Name, Description FROM Account", columnDelimiter=word, lineEnding=ending)
    answer = queries.get(f"{job}/results")
    assert rows(answer, delimiter)[1:] == [["A", HOSTILE]]
    assert answer.content.startswith(f'"Name"{delimiter}"Description"'.encode() + end)
    assert answer.content.endswith(b'"' + end)


def test_pages_follow_the_locator_and_each_has_a_header(five: str, queries: Jobs) -> None:
    page, found, locator = [], [], None
    while locator != "null":
        answer = queries.get(f"{five}/results", maxRecords=2, **({"locator": locator} if locator else {}))
        header, *values = rows(answer)
        assert (header, len(values)) == (["Name"], int(answer.headers["Sforce-NumberOfRecords"]))
        page.append(len(values))
        found += [value for (value,) in values]
        locator = answer.headers["Sforce-Locator"]
    assert (page, found) == ([2, 2, 1], ["A4", "A3", "A2", "A1", "A0"])


def test_last_page_that_is_full_has_the_locator_null(five: str, queries: Jobs) -> None:
    assert queries.get(f"{five}/results", maxRecords=5).headers["Sforce-Locator"] == "null"


def test_locator_gives_the_same_rows_each_time(org: Org, five: str, queries: Jobs) -> None:
    locator = queries.get(f"{five}/results", maxRecords=2).headers["Sforce-Locator"]
    first = queries.get(f"{five}/results", locator=locator)
    org.app.edit("Account", org.app.rows("Account")[0]["Id"], Name="changed")
    org.app.create("Account", Name="A9")
    assert queries.get(f"{five}/results", locator=locator).content == first.content


def test_server_decides_how_much_a_page_holds(org: Org, five: str, queries: Jobs) -> None:
    org.app.settings.bulk_page = 3
    assert queries.get(f"{five}/results").headers["Sforce-NumberOfRecords"] == "3"


@pytest.mark.parametrize("query", [{"locator": "NQ"}, {"locator": "x"}, {"locator": "LTE"}, {"maxRecords": "0"}])
def test_page_that_does_not_exist_is_refused(five: str, queries: Jobs, query: dict[str, str]) -> None:
    assert queries.get(f"{five}/results", **query).status_code == 400


def test_job_without_rows_has_a_header_and_no_locator(queries: Jobs) -> None:
    answer = queries.get(f"{queries.select('SELECT Id, Name FROM Account')}/results")
    assert answer.content == b'"Id","Name"\n'
    assert (answer.headers["Sforce-NumberOfRecords"], answer.headers["Sforce-Locator"]) == ("0", "null")


def test_results_through_another_version_answer_409(org: Org, five: str) -> None:
    for path in ("results", "resultPages"):
        assert org.client.get(f"/services/data/v61.0/jobs/query/{five}/{path}").status_code == 409


def test_columns_come_by_name_up_to_version_49(org: Org) -> None:
    for version, names in ((49, ["Id", "Name", "Owner.Name"]), (50, ["Owner.Name", "Name", "Id"])):
        old = Jobs(org, "query", f"/services/data/v{version}.0/jobs")
        job = old.select("SELECT Owner.Name, Name, Id FROM Account")
        assert rows(old.get(f"{job}/results"))[0] == names


def test_parallel_links_cover_every_row_once(org: Org, five: str, queries: Jobs) -> None:
    org.app.create("Account", Name="A5")
    org.app.settings.bulk_page = 1
    job = queries.select("SELECT Name FROM Account")
    listed = queries.get(f"{job}/resultPages").json()
    links = [page["resultUrl"] for page in listed["resultPages"]]
    assert (len(links), listed["done"]) == (5, False)
    listed = org.client.get(listed["nextRecordsUrl"]).json()
    links += [page["resultUrl"] for page in listed["resultPages"]]
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    names = [rows(org.client.get(link))[1:] for link in links]
    assert sorted(name for [[name]] in names) == [f"A{number}" for number in range(6)]


def test_parallel_links_exist_from_version_58_on(org: Org) -> None:
    old = Jobs(org, "query", "/services/data/v57.0/jobs")
    assert old.get(f"{old.select('SELECT Id FROM User')}/resultPages").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "zipped"), [("gzip, deflate", True), ("identity", False), ("br, gzip;q=0", False), ("br", False)]
)
def test_results_are_zipped_only_when_asked_for(org: Org, five: str, accepted: str, *, zipped: bool) -> None:
    url = f"/services/data/v60.0/jobs/query/{five}/results"
    with org.client.stream("GET", url, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers.get("Content-Encoding") == ("gzip" if zipped else None)
    assert (gzip.decompress(raw) if zipped else raw).startswith(b'"Name"\n"A4"\n')


def test_results_that_a_fault_replaces_are_not_zipped(org: Org, five: str, queries: Jobs) -> None:
    org.listener.faults.add(Fault(route="/results", body="<html>gone</html>", stage="after"))
    assert queries.get(f"{five}/results").text == "<html>gone</html>"


def test_joined_pieces_are_one_gzip_member_with_its_checksum() -> None:
    parts = [b"", b"one\n", b"two\n" * 5000, b"\xff"]
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert reader.decompress(gzipped([Piece.of(part) for part in parts])) == b"".join(parts)
    assert (reader.eof, reader.unused_data) == (True, b"")


def test_rows_beyond_one_piece_come_in_order(org: Org, queries: Jobs) -> None:
    with org.app._org.database.transaction():
        for number in range(2100):
            org.app.create("Account", Name=f"A{number:04}")
    job = queries.select("SELECT Name FROM Account ORDER BY Name DESC")
    whole = rows(queries.get(f"{job}/results"))
    assert [name for (name,) in whole[1:]] == [f"A{number:04}" for number in range(2099, -1, -1)]
    cut = rows(queries.get(f"{job}/results", locator="MTk5OQ", maxRecords=3))
    assert cut == [["Name"], ["A0100"], ["A0099"], ["A0098"]]
