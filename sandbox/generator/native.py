"""The traces that HubSpot's own Salesforce integration leaves on the portal's records: the ids of their counterparts.

It finds a contact's counterpart by e-mail, and of several takes the one that was changed last; a company follows its
contacts, as an account has one company only; deals it made itself.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from sandbox.generator.dataset import Dataset


def linked(dataset: Dataset) -> Dataset:
    """The same data with a portal whose integration is connected to the first Salesforce org."""
    contacts = _contacts(dataset)
    portal = dataset.hubspot | {
        "contacts": contacts,
        "companies": _companies(dataset, contacts),
        "deals": _deals(dataset),
    }
    return replace(dataset, hubspot=portal)


def _contacts(dataset: Dataset) -> pl.DataFrame:
    org, contacts = dataset.salesforce[0], dataset.hubspot["contacts"]
    kinds = {"Contact": "salesforcecontactid", "Lead": "salesforceleadid"}
    people = pl.concat(
        org[kind]
        .filter(~pl.col("IsDeleted") & pl.col("Email").is_not_null())
        .select(
            _address("Email"),
            "SystemModstamp",
            pl.col("Id").alias("_id"),
            pl.lit(name).alias("_kind"),
            pl.col("AccountId") if kind == "Contact" else pl.lit(None, pl.String).alias("AccountId"),
        )
        for kind, name in kinds.items()
    )
    newest = people.sort("SystemModstamp", "_id", descending=True).unique("_address", keep="first")
    joined = contacts.with_columns(_address("email")).join(newest, on="_address", how="left", maintain_order="left")
    ids = [pl.when(pl.col("_kind") == name).then("_id").alias(name) for name in kinds.values()]
    stamp = pl.when(pl.col("_id").is_not_null()).then("lastmodifieddate").alias("salesforcelastsynctime")
    return joined.select(*contacts.columns, *ids, pl.col("AccountId").alias("salesforceaccountid"), stamp)


def _address(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase().alias("_address")


def _companies(dataset: Dataset, contacts: pl.DataFrame) -> pl.DataFrame:
    pair = ["associatedcompanyid", "salesforceaccountid"]
    counted = contacts.drop_nulls(pair).group_by(pair).len().sort("len", *pair, descending=[True, False, False])
    once = counted.unique(pair[1], keep="first", maintain_order=True).unique(pair[0], keep="first", maintain_order=True)
    ids = once.select(pl.col(pair[0]).cast(pl.String).alias("id"), pair[1])
    return dataset.hubspot["companies"].join(ids, on="id", how="left", maintain_order="left")


def _deals(dataset: Dataset) -> pl.DataFrame:
    records = dataset.truth["records"]
    ours = records.filter((pl.col("object") == "Opportunity") & (pl.col("org") == 0))
    ours = ours.sort("id").unique("entity", keep="first").select("entity", pl.col("id").alias("_theirs"))
    theirs = records.filter(pl.col("object") == "deals").join(ours, on="entity")
    ids = theirs.select("id", pl.col("_theirs").alias("hs_salesforceopportunityid"))
    return dataset.hubspot["deals"].join(ids.unique("id"), on="id", how="left", maintain_order="left")
