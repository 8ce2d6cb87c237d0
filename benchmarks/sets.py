"""Labelled sets: tables of text, what their columns hold, and which records are truly one.

The preparation here is the same for everybody who is measured: it joins and names columns, and changes no value.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.generated import sandbox_companies, sandbox_people
from benchmarks.labelled import LabelledSet, cleared, read_text_table

SHARED = Path(__file__).parents[1].parent / "shared"
DATA = SHARED / "data"
CONTACT = {"first": "given_name", "last": "family_name", "email": "email", "phone": "phone", "company": "company_name"}
_FAKE = {"first_name": "given_name", "surname": "family_name", "dob": "date", "city": "area", "email": "email"}
_FEBRL = {"given_name": "given_name", "surname": "family_name", "street": "address", "suburb": "area",
          "postcode": "area", "date_of_birth": "date", "soc_sec_id": "identifier"}  # fmt: skip
_SENZING = {"first": "given_name", "last": "family_name", "org": "company_name", "dob": "date", "phone": "phone",
            "email": "email", "address": "address", "postcode": "area", "passport": "identifier",
            "licence": "identifier", "ssn": "identifier", "national": "identifier"}  # fmt: skip
_SITES = {"Site name": "company_name", "Address": "address", "Zip": "area", "Phone": "phone"}
_RESTAURANT = {"name": "company_name", "address": "address", "city": "area"}
_NAME = {"name": "company_name"}
_NAMED_IN = {**_NAME, "country": "country"}


def labelled_set(name: str, kept: Path, peer: str | None) -> LabelledSet:
    """A set by its name. Generated ones are kept in a folder; the frozen generator of contacts runs in the peer's
    interpreter. LookupError for a name there is not, FileNotFoundError where its files are not on this machine."""
    stem, _, size = name.rpartition("-")
    if stem == "contacts" and size.isdecimal():
        return _contacts(int(size), kept, peer)
    if stem in ("sandbox-people", "sandbox-companies") and size.isdecimal():
        return (sandbox_people if stem == "sandbox-people" else sandbox_companies)(int(size), kept)
    return _READ[name]()


def _contacts(records: int, kept: Path, peer: str | None) -> LabelledSet:
    path = kept / f"contacts-{records}.parquet"
    if not path.exists():
        if peer is None:
            raise LookupError(f"contacts-{records} is not generated yet, and the frozen generator needs --peer")
        kept.mkdir(parents=True, exist_ok=True)
        script = str(SHARED / "bench" / "generate_contacts.py")
        # About 1.25 records come of each entity.
        subprocess.run([peer, script, str(round(records * 0.8)), str(path)], check=True)
    table = pl.read_parquet(path)
    return LabelledSet("contacts", table.select(*CONTACT, "title"), CONTACT, table["entity"])


def _fake_1000() -> LabelledSet:
    table = read_text_table(DATA / "persons" / "splink_fake_1000" / "fake_1000.csv")
    return LabelledSet("fake_1000", table, _FAKE, table["cluster"])


def _febrl(*files: str) -> LabelledSet:
    tables = [read_text_table(DATA / "persons" / "febrl" / f"dataset{file}.csv") for file in files]
    street = pl.concat_str("street_number", "address_1", separator=" ", ignore_nulls=True)
    table = pl.concat(tables).with_columns(street.alias("street"))
    boundary = len(tables[0]) if len(tables) == 2 else None
    return LabelledSet("febrl", table, _FEBRL, table["rec_id"].str.extract(r"rec-(\d+)"), boundary)


def _senzing() -> LabelledSet:
    """Persons and organisations of three sources, made by hand around what goes wrong."""
    folder = DATA / "persons" / "senzing_truthset"
    parts = [read_text_table(folder / f"{file}.csv") for file in ("customers", "reference", "watchlist")]
    raw = pl.concat(parts, how="diagonal")
    key = read_text_table(folder / "actual_truthset_key.csv")
    truth = raw.join(key, on=["DATA_SOURCE", "RECORD_ID"], how="left", maintain_order="left")["CLUSTER_ID"]
    # A full name is "Family, Given" or "Given Family".
    full = pl.col("PRIMARY_NAME_FULL")
    has_comma = full.str.contains(",", literal=True)
    given = pl.when(has_comma).then(full.str.extract(r",\s*(.*)$")).otherwise(full.str.extract(r"^(.*)\s+\S+$"))
    family = pl.when(has_comma).then(full.str.extract(r"^([^,]*),")).otherwise(full.str.extract(r"(\S+)$"))
    table = raw.select(
        pl.coalesce("PRIMARY_NAME_FIRST", given).alias("first"),
        pl.coalesce("PRIMARY_NAME_LAST", family).alias("last"),
        pl.col("PRIMARY_NAME_MIDDLE").alias("middle"),
        pl.col("PRIMARY_NAME_ORG").alias("org"),
        pl.col("DATE_OF_BIRTH").alias("dob"),
        pl.col("PHONE_NUMBER").alias("phone"),
        pl.col("EMAIL_ADDRESS").alias("email"),
        pl.coalesce(
            "ADDR_FULL",
            pl.concat_str("ADDR_LINE1", "ADDR_CITY", "ADDR_STATE", separator=" ", ignore_nulls=True),
        ).alias("address"),
        pl.col("ADDR_POSTAL_CODE").alias("postcode"),
        pl.col("PASSPORT_NUMBER").alias("passport"),
        pl.col("DRIVERS_LICENSE_NUMBER").alias("licence"),
        pl.col("SSN_NUMBER").alias("ssn"),
        pl.col("NATIONAL_ID_NUMBER").alias("national"),
    )
    return LabelledSet(
        "senzing", table.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep()), _SENZING, truth
    )


def _sites() -> LabelledSet:
    table = read_text_table(DATA / "places" / "dedupe_csv_example" / "csv_example_input_with_true_ids.csv")
    return LabelledSet("sites", table, _SITES, table["True Id"])


def _restaurants() -> LabelledSet:
    """Fodor's and Zagat's in one list, without telephones."""
    path = DATA / "places" / "restaurants" / "restaurant-nophone-training.csv"
    text = path.read_text("utf-8").replace('", ', '",').replace(", '", ",'")
    table = cleared(pl.read_csv(io.StringIO(text), infer_schema_length=0), " '\"")
    return LabelledSet("restaurants", table, _RESTAURANT, table["unique_id"])


def _two_guides() -> LabelledSet:
    folder = DATA / "places" / "restaurants"
    left, right = (read_text_table(folder / f"{file}.csv") for file in ("fodors", "zagats"))
    matches = read_text_table(folder / "matches_fodors_zagats.csv")
    named = left.join(matches, left_on="id", right_on="fodors_id", how="left", maintain_order="left")
    one = pl.coalesce("zagats_id", pl.format("fodors {}", "id"))
    truth = pl.concat([named.select(one.alias("truth"))["truth"], right["id"].alias("truth")])
    table = pl.concat([left, right]).rename({"addr": "address"})
    return LabelledSet("guides", table, {**_RESTAURANT, "phone": "phone"}, truth, boundary=len(left))


def _mannheim(other: str, part: str) -> LabelledSet:
    """Forbes against DBpedia or FullContact; what people labelled of it."""
    folder = DATA / "companies" / "mannheim_companies"
    forbes = read_text_table(folder / "forbes.csv").select(
        pl.col("forbes_url").alias("id"), pl.col("company").alias("name"), pl.col("region").alias("country")
    )
    names = ("entity_uri", "org_name", "nation") if other == "dbpedia" else (
        "Attribute_1", "Attribute_2", "Attribute_3")  # fmt: skip
    theirs = read_text_table(folder / f"{other}.csv").select(names).rename(
        dict(zip(names, ("id", "name", "country"), strict=True))
    )  # fmt: skip
    table = pl.concat([forbes, theirs])
    gold = pl.read_csv(folder / "gold" / f"forbes_2_{other}_{part}.csv", has_header=False, infer_schema_length=0,
                       new_columns=["one", "other", "same"])  # fmt: skip
    return _with_pairs("companies", table, _NAMED_IN, len(forbes), gold)


def _with_pairs(
    family: str, table: pl.DataFrame, kinds: Mapping[str, str], boundary: int, gold: pl.DataFrame
) -> LabelledSet:
    """`gold` has the ids of both sides and whether they are the same, as text."""
    rows = table.select("id").with_row_index("row").unique("id", keep="first", maintain_order=True)
    pairs = gold.join(rows, left_on="one", right_on="id").rename({"row": "left"}).join(
        rows, left_on="other", right_on="id").rename({"row": "right"})  # fmt: skip
    same = pl.col("same").str.to_lowercase().is_in(["true", "1", "1.0"])
    truth = pl.Series("truth", range(len(table)))
    return LabelledSet(family, table, kinds, truth, boundary, pairs.select("left", "right", same))


def _name_pairs(path: Path, one: str, other: str, same: str) -> LabelledSet:
    raw = cleared(pl.read_csv(path, infer_schema_length=0, encoding="utf8-lossy"))
    gold = raw.select(pl.format("left {}", one).alias("one"), pl.format("right {}", other).alias("other"),
                      pl.col(same).alias("same"))  # fmt: skip
    sides = [gold.select(pl.col(side).alias("id")).unique(maintain_order=True) for side in ("one", "other")]
    table = pl.concat(sides).with_columns(pl.col("id").str.replace(r"^(?:left|right) ", "").alias("name"))
    return _with_pairs("names", table, _NAME, len(sides[0]), gold)


def _dnb() -> LabelledSet:
    """500 names with misspellings against the names as they are; row i belongs to row i."""
    folder = DATA / "companies" / "dnb_name_matching"
    parts = [read_text_table(folder / f"{file}.csv") for file in ("adjusted_test_names", "test_names")]
    table = pl.concat([part.select(pl.col("company_name").alias("name"), "country") for part in parts])
    truth = pl.concat([pl.Series("truth", range(len(part))) for part in parts])
    return LabelledSet("misspelt", table, _NAMED_IN, truth, boundary=len(parts[0]))


_COMPANIES = DATA / "companies"
_READ: Mapping[str, Callable[[], LabelledSet]] = {
    "fake_1000": _fake_1000,
    **{f"febrl{number}": partial(_febrl, number) for number in ("1", "2", "3")},
    "febrl4": partial(_febrl, "4a", "4b"),
    "senzing_truthset": _senzing,
    "dedupe_csv_example": _sites,
    "restaurants": _restaurants,
    "fodors_zagats": _two_guides,
    **{
        f"mannheim_{other}_{part}": partial(_mannheim, other, part)
        for other in ("dbpedia", "fullcontact")
        for part in ("train", "val")
    },
    "company_name_matcher_pairs": partial(
        _name_pairs, _COMPANIES / "company_name_matcher_pairs" / "test_data.csv", "Name_x", "Name_y", "Targets"
    ),
    "emm_namepairs": partial(
        _name_pairs, _COMPANIES / "emm_namepairs" / "unittest_sample_namepairs.csv.gz", "gt_name", "name", "correct"
    ),
    "dnb_name_matching": _dnb,
}


def main() -> None:
    """Save the sets of a job (sets, kept, peer), each in a folder of its name: `python -m benchmarks.sets JSON`.

    Prints the names of those that are there."""
    job = json.loads(sys.argv[1])
    kept = Path(job["kept"])
    there = []
    for name in job["sets"]:
        try:
            labelled_set(name, kept, job["peer"]).save(kept / "sets" / name)
        except (LookupError, FileNotFoundError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            there.append(name)
    print(json.dumps({"sets": there}))


if __name__ == "__main__":
    main()
