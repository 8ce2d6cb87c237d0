"""Corrections: the values records should have, each with the value it replaces, the rule and the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import polars as pl

from hygiene.kinds import country, domain, email, person_name, phone
from hygiene.known import Readable, blank, completed, live
from model.streams import STREAMS, Kind

WANTED = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "id": pl.String, "field": pl.String, "before": pl.String,
     "after": pl.String, "rule": pl.String, "reason": pl.String, "seen_at": pl.Int64}
)  # fmt: skip
RULES = ("email-form", "phone-e164", "name-case", "country-name", "domain-form", "link-account", "parent-account",
         "enrich-fill")  # fmt: skip


Styles = Mapping[tuple[str, str, str], bool]  # (connection, stream, field) -> countries are written as codes


class _Form(Protocol):
    def __call__(self, records: pl.DataFrame, field: str) -> pl.DataFrame:
        """`records` of one connection with columns after and reason; after is null where nothing is wanted."""


def wanted(
    frames: Mapping[str, pl.DataFrame],
    readable: pl.DataFrame | None = None,
    *,
    rules: Sequence[str] = RULES,
    never: Collection[str] = (),
    default_country: str | None = None,
    links: pl.DataFrame | None = None,
    belonging: pl.DataFrame | None = None,
    lookups: pl.DataFrame | None = None,
    styles: Styles | None = None,
) -> pl.DataFrame:
    """Every correction the rules propose, in the order of connection, stream, id, field.

    `never` lists stream.field no rule may touch. `links` is the frame of `resolve`, `belonging` that of
    `houses`. `lookups` has connection, stream, id, field, value (text) and reason; it only fills readable blanks.
    `styles` says by connection, stream and field whether a column of countries has codes, where the frames do not hold
    all of it. `before` and `after` are text; `seen_at` (µs) is the record's version. Nothing unknown, deleted or
    converted is touched, and no correction is a blank: applied, they leave nothing to correct.
    """
    known = Readable(readable)
    sources = {stream: completed(stream, live(stream, frame)) for stream, frame in frames.items() if stream in STREAMS}
    present = {stream: frames[stream] for stream in sources}
    told = {} if styles is None else styles
    parts = [
        part
        for stream, frame in sorted(sources.items())
        if stream in ("accounts", "contacts", "leads")
        for part in _formed(stream, frame, present[stream], _forms(rules, default_country, stream, told), known)
    ]
    if "link-account" in rules and links is not None:
        parts.append(_linked(sources, present, known, links))
    if "parent-account" in rules and belonging is not None:
        parts.append(_hung(sources, present, known, belonging))
    if "enrich-fill" in rules and lookups is not None:
        parts.extend(_filled(sources, present, known, lookups, told))
    return _gathered(parts, never)


def applied(frames: Mapping[str, pl.DataFrame], proposed: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The frames as they are once the proposed corrections (schema `WANTED`) are made; versions stay as they were."""
    result = dict(frames)
    for (stream, field), part in sorted(proposed.partition_by("stream", "field", as_dict=True).items()):
        frame, name = result[str(stream)], str(field)
        made = part.select("connection", "id", pl.col("after").alias("_after"))
        joined = frame.join(made, on=["connection", "id"], how="left", maintain_order="left")
        result[str(stream)] = joined.with_columns(pl.coalesce("_after", name).alias(name)).drop("_after")
    return result


def merged(earlier: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Two rounds of corrections as one: a value corrected twice goes from its first `before` to its last `after`."""
    slot = ["connection", "stream", "id", "field"]
    grouped = pl.concat([earlier, later]).group_by(slot, maintain_order=True)
    once = grouped.agg(
        pl.col("before").first(), pl.col("after").last(), pl.col("rule").first(),
        pl.col("reason").unique(maintain_order=True).str.join("; then "), pl.col("seen_at").first(),
    )  # fmt: skip
    real = once.filter(pl.col("before").is_null() | (pl.col("before") != pl.col("after")))
    return real.select(WANTED.names()).sort(slot)


def _gathered(parts: Iterable[pl.DataFrame], never: Collection[str]) -> pl.DataFrame:
    listed = [part.select(WANTED.names()).cast(WANTED) for part in parts]
    proposed = pl.concat([WANTED.to_frame(), *listed])
    allowed = proposed.filter(~pl.format("{}.{}", "stream", "field").is_in(sorted(never)))
    real = allowed.filter(pl.col("after").str.strip_chars().str.len_chars() > 0)
    return real.sort("connection", "stream", "id", "field").unique(
        ["connection", "stream", "id", "field"], keep="first", maintain_order=True
    )


def _forms(
    rules: Sequence[str], default_country: str | None, stream: str, styles: Styles
) -> list[tuple[str, tuple[Kind, ...], _Form]]:
    def placed(records: pl.DataFrame, field: str) -> pl.DataFrame:
        return _country(records, field, stream, styles)

    def numbered(records: pl.DataFrame, field: str) -> pl.DataFrame:
        return _phone(records, field, default_country)

    listed: list[tuple[str, tuple[Kind, ...], _Form]] = [
        ("email-form", ("email",), _email),
        ("phone-e164", ("phone",), numbered),
        ("name-case", ("given_name", "family_name"), _name),
        ("country-name", ("country",), placed),
        ("domain-form", ("domain",), _domain),
    ]
    return [(rule, kinds, form) for rule, kinds, form in listed if rule in rules]


def _formed(
    stream: str,
    frame: pl.DataFrame,
    present: pl.DataFrame,
    forms: Sequence[tuple[str, tuple[Kind, ...], _Form]],
    known: Readable,
) -> list[pl.DataFrame]:
    parts = []
    for rule, kinds, form in forms:
        for field in STREAMS[stream].fields:
            if field.kind not in kinds:
                continue
            for connection in known.connections(present, stream, field.name):
                records = frame.filter((pl.col("connection") == connection) & ~blank(frame, field.name))
                parts.append(_changed(form(records, field.name), stream, field.name, rule))
    return parts


def _changed(formed: pl.DataFrame, stream: str, field: str, rule: str) -> pl.DataFrame:
    changed = formed.filter(pl.col("after").is_not_null() & (pl.col("after") != pl.col(field)))
    return changed.select(
        "connection",
        pl.lit(stream).alias("stream"),
        "id",
        pl.lit(field).alias("field"),
        pl.col(field).alias("before"),
        "after",
        pl.lit(rule).alias("rule"),
        "reason",
        pl.col("changed_at").dt.epoch("us").alias("seen_at"),
    )


def _email(records: pl.DataFrame, field: str) -> pl.DataFrame:
    reason = pl.lit("e-mail in lower case, without blanks or wrapping")
    return records.with_columns(email.normalise(records[field]).alias("after"), reason.alias("reason"))


def _phone(records: pl.DataFrame, field: str, default_country: str | None) -> pl.DataFrame:
    regions = country.normalise(records["country"])
    formed = records.with_columns(
        dialled(records[field], regions, default_country).alias("after"), regions.alias("_region")
    )
    place = pl.coalesce(pl.col("_region"), pl.lit(default_country, dtype=pl.String))
    is_national = ~pl.col(field).str.contains("+", literal=True) & place.is_not_null()
    reason = (
        pl.when(is_national)
        .then(pl.format("E.164 form of a valid number as dialled in {}", place))
        .otherwise(pl.lit("E.164 form of a valid number"))
    )
    return formed.with_columns(reason.alias("reason"))


def dialled(values: pl.Series, regions: pl.Series, default_country: str | None) -> pl.Series:
    """Phone numbers in E.164 form, null where that is not certain; one spelt in letters says more than its digits."""
    spelt = values.str.contains(r"\p{L}{3,}\d*\s*$").fill_null(value=False)
    return phone.normalise(values, regions, default_country).set(spelt, None)


def _name(records: pl.DataFrame, field: str) -> pl.DataFrame:
    fixed = person_name.normalise(records[field], is_given=field == "given_name")
    return records.with_columns(fixed.alias("after"), pl.lit("name in name case, single blanks").alias("reason"))


def _domain(records: pl.DataFrame, field: str) -> pl.DataFrame:
    if field != "domain":
        return records.with_columns(pl.lit(None, pl.String).alias("after"), pl.lit("").alias("reason"))
    reason = pl.lit("bare lower-case host of the web address")
    # An address with @ names a mailbox, not the company's site.
    hosts = domain.normalise(records[field].set(records[field].str.contains("@").fill_null(value=False), None))
    return records.with_columns(hosts.alias("after"), reason.alias("reason"))


def _country(records: pl.DataFrame, field: str, stream: str, styles: Styles) -> pl.DataFrame:
    """Countries in the style most of the connection's column has: two-letter codes or English names."""
    in_codes = _in_codes(records, field, stream, styles)
    style = "two-letter code" if in_codes else "English name"
    return records.with_columns(
        _styled(records[field], in_codes=in_codes).alias("after"),
        pl.lit(f"{style}, as most of the column").alias("reason"),
    )


def _in_codes(records: pl.DataFrame, field: str, stream: str, styles: Styles) -> bool:
    """How one connection's column of countries is written: by `styles`, or by these records."""
    told = styles.get((str(records["connection"].first()), stream, field))
    return surplus_of_codes(records[field].drop_nulls()) > 0 if told is None else told


def surplus_of_codes(values: pl.Series, numbers: pl.Series | None = None) -> int:
    """How many more two-letter codes than other countries are among the values, each there so many times."""
    shown = values.str.strip_chars()
    told = pl.DataFrame({"shown": shown, "code": country.certain(shown)}).with_columns(
        pl.Series("number", [1] * len(values), pl.Int64) if numbers is None else numbers.alias("number")
    )
    certain = told.drop_nulls("code")
    in_codes = int(certain.filter(pl.col("shown") == pl.col("code"))["number"].sum())
    return 2 * in_codes - int(certain["number"].sum())


def _styled(values: pl.Series, *, in_codes: bool) -> pl.Series:
    """Countries as two-letter codes or as English names; null where it is not certain which country is meant."""
    codes = country.certain(values.str.strip_chars())
    if in_codes:
        return codes
    table = country.names()
    return codes.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)


def _linked(
    frames: Mapping[str, pl.DataFrame], present: Mapping[str, pl.DataFrame], known: Readable, links: pl.DataFrame
) -> pl.DataFrame:
    """Contacts whose account is readable and blank, with the account `resolve` chose. Leads have no account to set."""
    if "contacts" not in frames:
        return WANTED.to_frame()
    contacts = frames["contacts"]
    free = contacts.filter(known.where(present["contacts"], "contacts", "account_id") & blank(contacts, "account_id"))
    chosen = links.filter((pl.col("person_stream") == "contacts") & pl.col("account_id").is_not_null()).select(
        pl.col("person_connection").alias("connection"), pl.col("person_id").alias("id"),
        pl.col("account_id").alias("after"), "probability", pl.col("reason").alias("why"),
    )  # fmt: skip
    joined = free.join(chosen, on=["connection", "id"], how="inner", maintain_order="left").with_columns(
        pl.format("{} (probability {})", "why", pl.col("probability").round(2)).alias("reason"),
        pl.lit(None, dtype=pl.String).alias("account_id"),
    )
    return _changed_blank(joined, "contacts", "account_id", "link-account")


def _hung(
    frames: Mapping[str, pl.DataFrame], present: Mapping[str, pl.DataFrame], known: Readable, belonging: pl.DataFrame
) -> pl.DataFrame:
    """Accounts whose parent is readable and blank, with the account that they surely belong under."""
    if "accounts" not in frames:
        return WANTED.to_frame()
    accounts = frames["accounts"]
    free = accounts.filter(known.where(present["accounts"], "accounts", "parent_id") & blank(accounts, "parent_id"))
    sure = belonging.filter("is_sure").select("connection", "id", pl.col("house_id").alias("after"), "reason")
    joined = free.join(sure, on=["connection", "id"], how="inner", maintain_order="left")
    return _changed_blank(joined, "accounts", "parent_id", "parent-account")


def _changed_blank(joined: pl.DataFrame, stream: str, field: str, rule: str) -> pl.DataFrame:
    return joined.select(
        "connection",
        pl.lit(stream).alias("stream"),
        "id",
        pl.lit(field).alias("field"),
        pl.lit(None, dtype=pl.String).alias("before"),
        "after",
        pl.lit(rule).alias("rule"),
        "reason",
        pl.col("changed_at").dt.epoch("us").alias("seen_at"),
    )


def _filled(
    frames: Mapping[str, pl.DataFrame],
    present: Mapping[str, pl.DataFrame],
    known: Readable,
    lookups: pl.DataFrame,
    styles: Styles,
) -> list[pl.DataFrame]:
    parts = []
    for (stream, field), answers in sorted(lookups.partition_by("stream", "field", as_dict=True).items()):
        stream, field = str(stream), str(field)
        if stream not in frames or field not in frames[stream].columns:
            continue
        frame = frames[stream]
        free = frame.filter(known.where(present[stream], stream, field) & blank(frame, field))
        told = answers.select("connection", "id", pl.col("value").cast(pl.String).alias("after"), "reason")
        joined = free.join(
            told.unique(["connection", "id"], keep="first", maintain_order=True),
            on=["connection", "id"], how="inner", maintain_order="left",
        )  # fmt: skip
        if STREAMS[stream].field(field).kind == "country":
            joined = _in_column_style(joined, frame, stream, field, styles)
        parts.append(_changed_blank(joined, stream, field, "enrich-fill"))
    return parts


def _in_column_style(
    filled: pl.DataFrame, frame: pl.DataFrame, stream: str, field: str, styles: Styles
) -> pl.DataFrame:
    """`filled` with `after` written as its connection's column writes countries, so that filling leaves nothing to
    correct."""
    parts = [
        part.with_columns(
            _styled(
                part["after"],
                in_codes=_in_codes(frame.filter(pl.col("connection") == connection), field, stream, styles),
            ).alias("after")
        )
        for (connection,), part in filled.partition_by("connection", as_dict=True, maintain_order=True).items()
    ]
    return pl.concat(parts) if parts else filled
