"""Findings about single fields: what cannot be read, what is suspicious, what it was probably meant to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from hygiene.findings import found, gathered
from hygiene.kinds import company_name, country, dates, domain, email, person_name, phone
from hygiene.known import blank, live
from hygiene.normalise import normalise
from model.streams import STREAMS, Field

_ANYTHING = pl.col("problem").is_not_null()
_FAR_DAYS = 3653


def check(frames: Mapping[str, pl.DataFrame], as_of: date, default_country: str | None = None) -> pl.DataFrame:
    """Field findings of all live records; null fields, unknown or blank, have none.

    Messages name no value; the value stands in its own column.
    """
    parts = []
    for stream, frame in sorted(frames.items()):
        if stream not in STREAMS or frame.is_empty():
            continue
        records = normalise(stream, live(stream, frame), default_country)
        for field in STREAMS[stream].fields:
            if field.name in frame.columns:
                parts.extend(_checked(records, stream, field, as_of, default_country))
    return gathered(parts)


def _checked(
    records: pl.DataFrame, stream: str, field: Field, as_of: date, default_country: str | None
) -> list[pl.DataFrame]:
    match field.kind:
        case "email":
            return _emails(records, stream, field.name)
        case "phone":
            return _phones(records, stream, field.name, default_country)
        case "domain":
            return _domains(records, stream, field.name)
        case "country":
            return [_problems(records, country.problems(records[field.name]), "country-unknown", stream, field.name)]
        case "given_name" | "family_name":
            return [_problems(records, person_name.problems(records[field.name]), "name-stand-in", stream, field.name)]
        case "company_name":
            return [_problems(records, company_name.problems(records[field.name]), "name-stand-in", stream, field.name)]
        case "date":
            return [_days(records, stream, field.name, as_of)]
        case _:
            return []


def _problems(records: pl.DataFrame, problems: pl.Series, rule: str, stream: str, field: str) -> pl.DataFrame:
    told = records.select("connection", "id", pl.col(field).alias("value")).with_columns(problems.alias("problem"))
    message = pl.format(f"{field} {{}}", "problem")
    return found(told.filter(_ANYTHING), rule, message, stream=stream, field=field, value=pl.col("value"))


def _emails(records: pl.DataFrame, stream: str, field: str) -> list[pl.DataFrame]:
    values = records[field]
    address = (
        email.normalise(values) if field != "email" or "email_norm" not in records.columns else records["email_norm"]
    )
    told = records.select("connection", "id", values.alias("value")).with_columns(
        email.suggestions(email.domain_of(address)).alias("meant"),
        email.is_role(address).alias("is_role"),
        email.is_stand_in(address).alias("is_stand_in"),
    )
    meant = told.drop_nulls("meant")
    roles = told.filter(pl.col("is_role").fill_null(value=False) & pl.lit(stream != "users"))
    suggestion = pl.col("value").str.strip_chars().str.replace("@.*$", "@") + pl.col("meant")
    return [
        _problems(records, email.problems(values), "email-invalid", stream, field),
        found(meant, "email-typo-domain", pl.format("domain is probably meant to be {}", "meant"), stream=stream,
              field=field, value=suggestion),
        found(told.filter(pl.col("is_stand_in").fill_null(value=False)), "email-stand-in",
              pl.lit("stands in for a missing address"), stream=stream, field=field, value=pl.col("value")),
        found(roles, "email-role", pl.lit("is a mailbox of a function, not of a person"), stream=stream, field=field,
              value=pl.col("value")),
    ]  # fmt: skip


def _phones(records: pl.DataFrame, stream: str, field: str, default_country: str | None) -> list[pl.DataFrame]:
    read = phone.readings(records[field], records["country_norm"], default_country)
    told = records.select("connection", "id", pl.col(field).alias("value")).with_columns(
        read["problem"], read["is_unplaced"]
    )
    bad = told.filter(_ANYTHING)
    return [
        found(part, rule, pl.format(f"{field} {{}}", "problem"), stream=stream, field=field, value=pl.col("value"))
        for rule, part in (
            ("phone-invalid", bad.filter(~pl.col("is_unplaced"))),
            ("phone-unplaced", bad.filter("is_unplaced")),
        )
    ]


def _domains(records: pl.DataFrame, stream: str, field: str) -> list[pl.DataFrame]:
    values = records[field]
    told = records.select("connection", "id", values.alias("value")).with_columns(
        email.is_free(domain.match_key(domain.normalise(values))).fill_null(value=False).alias("is_free")
    )
    free = told.filter("is_free") if stream == "accounts" else told.clear()
    message = pl.lit("is the domain of an open mail provider, so it identifies no company")
    return [
        _problems(records, domain.problems(values), "domain-invalid", stream, field),
        found(free, "domain-free-mail", message, stream=stream, field=field, value=pl.col("value")),
    ]


def _days(records: pl.DataFrame, stream: str, field: str, as_of: date) -> pl.DataFrame:
    ahead = (pl.col(field) - pl.lit(as_of)).dt.total_days() > _FAR_DAYS
    odd = records.filter(~blank(records, field) & ((pl.col(field) < pl.lit(dates.EARLIEST)) | ahead))
    message = pl.format(f"{field} {{}} lies before 1970 or more than ten years ahead", field)
    return found(odd, "date-implausible", message, stream=stream, field=field, value=pl.col(field))
