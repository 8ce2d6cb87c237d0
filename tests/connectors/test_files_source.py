"""The files connection as a source: settings, mapping, pages, restarts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.connector import Source
from connectors.files import FileSource, connect, read_files
from model.batch import Watermark
from model.errors import ConfigError, InputError
from model.settings import FilesConnection


def source(folder: Path, *files: str, page_rows: int = 2, **settings: object) -> FileSource:
    patterns = tuple(str(folder / name) for name in files)
    made = FilesConnection.model_validate({"system": "files", "files": patterns, **settings})
    return FileSource("exports", made, page_rows=page_rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    contacts = ["Id,LastName,IsDeleted,LastModifiedDate", *(f"{n},Name{n},{n == 2},2026-01-0{n}" for n in range(1, 6))]
    (tmp_path / "contacts.csv").write_text("\n".join(contacts))
    (tmp_path / "accounts.csv").write_text("Id,Name,Website\na,Acme,acme.example\n")
    (tmp_path / "products.csv").write_text("product,series,sales_price\nx,y,1\n")
    return tmp_path


def test_connect_gives_a_source_without_asking_for_secrets(folder: Path) -> None:
    settings = FilesConnection(system="files", files=(str(folder / "accounts.csv"),))
    made = connect("exports", settings, lambda _: pytest.fail("files have no secrets"))
    assert isinstance(made, Source)


def test_streams_are_those_of_the_files_in_the_order_of_references(folder: Path) -> None:
    assert source(folder, "*.csv").streams() == ("accounts", "contacts")


def test_check_says_what_each_file_was_taken_for(folder: Path) -> None:
    access = source(folder, "*.csv").check()
    assert access.identity == "3 files"
    assert access.facts == (
        "accounts.csv: accounts, 3 fields recognised",
        "contacts.csv: contacts, 4 fields recognised",
        "products.csv: not used (products)",
    )
    assert not access.problems


def test_check_tells_a_person_when_nothing_is_known(folder: Path) -> None:
    assert "mapping" in source(folder, "products.csv").check().problems[0]


def test_count_is_of_live_records(folder: Path) -> None:
    assert source(folder, "*.csv").count("contacts") == 4


def test_last_page_carries_the_newest_version_and_no_cursor(folder: Path) -> None:
    pages = list(source(folder, "*.csv").pull("contacts", Watermark()))
    assert [len(page.batch) for page in pages] == [2, 2, 1]
    assert pages[-1].watermark == Watermark(since=1_767_571_200_000_000)
    assert all(page.is_full for page in pages)


def test_files_that_changed_since_are_read_from_the_start(folder: Path) -> None:
    cursor = next(iter(source(folder, "*.csv").pull("contacts", Watermark()))).watermark
    with (folder / "contacts.csv").open("a") as file:
        file.write("\n6,Name6,False,2026-01-06")
    again = list(source(folder, "*.csv").pull("contacts", cursor))
    assert sum(len(page.batch) for page in again) == 6


def test_export_of_the_same_length_in_another_order_is_read_from_the_start(folder: Path) -> None:
    cursor = next(iter(source(folder, "contacts.csv").pull("contacts", Watermark()))).watermark
    file = folder / "contacts.csv"
    heading, *rows = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([heading, *reversed(rows)]) + "\n", "utf-8")
    os.utime(file, ns=(1, 1))
    again = list(source(folder, "contacts.csv").pull("contacts", cursor))
    shown = [record_id for page in again for record_id in page.batch.columns["id"]]
    assert sorted(shown, key=str) == ["1", "2", "3", "4", "5"]


def test_stream_over_several_files_comes_as_one(folder: Path) -> None:
    (folder / "more contacts.csv").write_text("Id,Email\n1,other@example.com\n")
    pages = list(source(folder, "*.csv").pull("contacts", Watermark()))
    ids = [record_id for page in pages for record_id in page.batch.columns["id"]]
    assert ids == ["1", "2", "3", "4", "5", "1~2"]
    assert pages[-1].batch.readable == {"email"}
    assert any("repeat an id" in gap for gap in pages[-1].gaps)


def test_notes_of_a_file_arrive_with_its_first_page(folder: Path) -> None:
    (folder / "accounts.csv").write_text("Name,Website\nAcme,acme.example\n")
    page = next(iter(source(folder, "*.csv").pull("accounts", Watermark())))
    assert page.gaps == (
        "accounts.csv: no column holds ids; records are called accounts-1, accounts-2, ... by their rows",
    )


def test_glob_that_finds_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"No file matches .*\*\.tsv"):
        source(folder, "*.tsv").streams()


def test_missing_file_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        source(folder, "none.csv").streams()


# --- mapping -------------------------------------------------------------------------------------------------------


def test_mapping_reads_headings_nobody_would_recognise(folder: Path) -> None:
    (folder / "x.csv").write_text("nr;bez;gr\n17;Acme;250\n")
    mapping = {"accounts": {"id": "nr", "name": "bez", "employees": "GR"}}
    made = source(folder, "x.csv", mapping=mapping)
    assert made.streams() == ("accounts",)
    batch = next(iter(made.pull("accounts", Watermark()))).batch
    assert (batch.columns["id"], batch.columns["name"], batch.columns["employees"]) == (["17"], ["Acme"], [250])


def test_mapping_beats_recognition(folder: Path) -> None:
    mapping = {"accounts": {"name": "Website"}}
    batch = next(iter(source(folder, "accounts.csv", mapping=mapping).pull("accounts", Watermark()))).batch
    assert batch.columns["name"] == ["acme.example"]
    assert "website" not in batch.readable


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        pytest.param({"accounts": {"name": "Nmae"}}, "the nearest is 'Name'", id="heading"),
        pytest.param({"accounts": {"nam": "Name"}}, "did you mean 'name'", id="field"),
        pytest.param({"account": {"name": "Name"}}, "did you mean 'accounts'", id="stream"),
    ],
)
def test_mapping_that_fits_nothing_is_refused_with_the_nearest(
    folder: Path, mapping: dict[str, dict[str, str]], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        source(folder, "accounts.csv", mapping=mapping).streams()
    with pytest.raises(ConfigError, match=said):
        read_files([folder / "accounts.csv"], mapping=mapping)
