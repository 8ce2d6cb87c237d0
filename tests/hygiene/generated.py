"""Labelled CRMs of the sandbox's generator as the frames that hygiene reads, without the way over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from hygiene.known import completed
from sandbox.generator import generate
from sandbox.generator.dataset import Dataset

_PERSON = {"given_name": "FirstName", "family_name": "LastName", "email": "Email", "phone": "Phone",
           "mobile": "MobilePhone", "title": "Title"}  # fmt: skip
_SALESFORCE = {
    "accounts": ("Account", {
        "id": "Id", "name": "Name", "legal_name": "Legal_Name__c", "lei": "LEI__c", "parent_id": "ParentId",
        "registration_number": "Registration_Number__c", "website": "Website", "phone": "Phone",
        "street": "BillingStreet", "city": "BillingCity", "postal_code": "BillingPostalCode",
        "country": "BillingCountry", "created_at": "CreatedDate",
    }),
    "contacts": ("Contact", {
        "id": "Id", **_PERSON, "account_id": "AccountId", "street": "MailingStreet", "city": "MailingCity",
        "postal_code": "MailingPostalCode", "country": "MailingCountry", "created_at": "CreatedDate",
    }),
    "leads": ("Lead", {
        "id": "Id", **_PERSON, "company": "Company", "website": "Website", "street": "Street", "city": "City",
        "postal_code": "PostalCode", "country": "Country", "is_converted": "IsConverted", "created_at": "CreatedDate",
        "converted_account_id": "ConvertedAccountId",
    }),
    "deals": ("Opportunity", {"id": "Id", "account_id": "AccountId", "is_closed": "IsClosed",
                              "created_at": "CreatedDate"}),
}  # fmt: skip
_HUBSPOT = {
    "accounts": ("companies", {
        "id": "id", "name": "name", "legal_name": "legal_name", "lei": "lei", "parent_id": "hs_parent_company_id",
        "registration_number": "registration_number", "domain": "domain", "website": "website", "phone": "phone",
        "street": "address", "city": "city", "postal_code": "zip", "country": "country", "created_at": "createdate",
    }),
    "contacts": ("contacts", {
        "id": "id", "given_name": "firstname", "family_name": "lastname", "email": "email", "phone": "phone",
        "mobile": "mobilephone", "title": "jobtitle", "company": "company", "website": "website",
        "account_id": "associatedcompanyid", "street": "address", "city": "city", "postal_code": "zip",
        "country": "country", "created_at": "createdate",
    }),
}  # fmt: skip
_OURS = {"Account": "accounts", "companies": "accounts", "Contact": "contacts", "contacts": "contacts",
         "Lead": "leads"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Generated:
    """`frames` by stream of the connections sf (sf1, … for further orgs) and hs.

    `entities` (connection, stream, id, entity, relation) says what every record stands for and why it is there,
    `account_of` (connection, stream,
    id, account) of which company a person's record is, where it has one.
    """

    frames: dict[str, pl.DataFrame]
    entities: pl.DataFrame
    account_of: pl.DataFrame


def generated(contacts: int, seed: int = 1, dirt: float = 1.0) -> Generated:
    made = generate(contacts, seed=seed, dirt=dirt, as_of=date(2026, 11, 22))
    parts = [_read(made.salesforce[0], _SALESFORCE, "sf"), _read(made.hubspot, _HUBSPOT, "hs")]
    streams = sorted({stream for part in parts for stream in part})
    frames = {
        stream: pl.concat([part[stream] for part in parts if stream in part], how="diagonal") for stream in streams
    }
    records = _named(made, "records").select("connection", "stream", "id", "entity", "relation")
    people = _named(made, "account_of").select("connection", "stream", "id", pl.col("account_entity").alias("account"))
    return Generated({name: completed(name, frame) for name, frame in frames.items()}, records, people)


def _named(made: Dataset, table: str) -> pl.DataFrame:
    known = made.truth[table].filter(pl.col("object").is_in(list(_OURS)))
    connection = pl.when(pl.col("system") == "hubspot").then(pl.lit("hs")).otherwise(pl.lit("sf"))
    return known.with_columns(connection.alias("connection"), pl.col("object").replace_strict(_OURS).alias("stream"))


def _read(
    tables: Mapping[str, pl.DataFrame], columns: Mapping[str, tuple[str, Mapping[str, str]]], connection: str
) -> dict[str, pl.DataFrame]:
    found = {}
    for stream, (table, names) in columns.items():
        frame = tables[table].select(pl.col(theirs).alias(ours) for ours, theirs in names.items())
        found[stream] = frame.with_columns(pl.lit(connection).alias("connection"))
    return found
