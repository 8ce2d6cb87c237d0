"""Canonical forms and match keys beside every record: the columns all later steps read."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hygiene.data import words
from hygiene.kinds import country, domain, email, person_name, phone
from hygiene.known import completed, live
from hygiene.linkage import keys as fold

_MARK = "country_norm"


def _places(frame: pl.DataFrame, default_country: str | None) -> list[pl.Series]:
    region = country.normalise(frame["country"]).alias("country_norm")
    fields = [field for field in ("phone", "mobile") if field in frame.columns]
    # Read together: each country's numbers are looked at once.
    stacked = pl.concat([frame[field].cast(pl.String).alias("number") for field in fields])
    numbers = phone.normalise(stacked, pl.concat([region] * len(fields)), default_country)
    return [region] + [
        numbers.slice(at * len(frame), len(frame)).alias(f"{field}_norm") for at, field in enumerate(fields)
    ]


def _told(values: pl.Series) -> pl.Series:
    """The column without stand-ins such as n/a."""
    value = pl.col(values.name)
    stands_in = value.str.strip_chars().str.to_lowercase().is_in(sorted(words("no_values.txt")))
    return values.to_frame().select(pl.when(~stands_in).then(value)).to_series()


def _site_key(values: pl.Series) -> pl.Series:
    """Registrable domain of a website; null for open mail providers and sites of many companies."""
    keys = domain.match_key(domain.normalise(values))
    return keys.set(email.is_free(keys).fill_null(value=False), None)


def _people(frame: pl.DataFrame, default_country: str | None) -> list[pl.Series]:
    address = email.normalise(frame["email"]).alias("email_norm")
    readable = email.repaired(frame["email"], address)
    usable = readable.set(email.is_stand_in(readable).fill_null(value=False), None)
    meant = email.corrected(usable)
    host_key = domain.match_key(email.domain_of(meant))
    is_free = email.is_free(email.domain_of(meant)).fill_null(value=False)
    given_name, family_name = person_name.parted(frame["given_name"], frame["family_name"])
    given = fold.names(_told(given_name)).alias("given_key")
    family = fold.names(_told(family_name)).alias("family_key")
    return [
        *_places(frame, default_country),
        address,
        email.match_key(meant).alias("email_key"),
        email.is_role(readable).alias("email_role"),
        host_key.set(is_free, None).alias("email_domain"),
        is_free.alias("email_free"),
        given,
        family,
        _full_name(given, family),
        _generations(frame["family_name"]),
        fold.companies(_told(frame["company"])).alias("company_key"),
        _site_key(frame["website"]).alias("site_key"),
    ]


def _generations(families: pl.Series) -> pl.Series:
    from_name = families.str.to_lowercase().str.extract(r"[\s,](jr|junior|sr|senior|ii|iii|iv)\.?\s*$")
    return from_name.replace({"junior": "jr", "senior": "sr"}).alias("generation")


def _full_name(given: pl.Series, family: pl.Series) -> pl.Series:
    joined = pl.select(pl.concat_str(given, pl.lit(" "), family)).to_series()
    return joined.alias("name_key")


def site_of_account(frame: pl.DataFrame) -> pl.Series:
    """The registrable domain of each account's own site; null for open mail providers and sites of many companies."""
    declared = _site_key(frame["domain"])
    return declared.zip_with(declared.is_not_null(), _site_key(frame["website"])).alias("domain_key")


def _accounts(frame: pl.DataFrame, default_country: str | None) -> list[pl.Series]:
    return [
        *_places(frame, default_country),
        fold.companies(_told(frame["name"])).alias("name_key"),
        fold.companies(_told(frame["legal_name"])).alias("legal_key"),
        site_of_account(frame),
    ]


def normalise(stream: str, frame: pl.DataFrame, default_country: str | None = None) -> pl.DataFrame:
    """The frame with its keys; unchanged when it already has them or the stream has none.

    accounts: name_key, legal_key, domain_key. contacts and leads: email_norm, email_key, email_role, email_domain (null
    for open mail providers), email_free, given_key, family_key, name_key, generation, company_key, site_key. All three:
    country_norm (ISO), phone_norm and mobile_norm (E.164). Missing fields of the stream are added as nulls.
    """
    if stream not in ("accounts", "contacts", "leads") or _MARK in frame.columns:
        return frame
    full = completed(stream, frame)
    columns = _accounts(full, default_country) if stream == "accounts" else _people(full, default_country)
    return full.with_columns(columns)


def normalise_all(frames: Mapping[str, pl.DataFrame], default_country: str | None = None) -> dict[str, pl.DataFrame]:
    """Every frame normalised, deleted records and converted leads left out."""
    return {stream: normalise(stream, live(stream, frame), default_country) for stream, frame in frames.items()}
