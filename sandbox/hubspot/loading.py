"""Filling the portal in bulk from Polars frames, one per object type, plus owners, pipelines and associations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from sandbox.hubspot.definition import NAME, Definition, option_pairs
from sandbox.hubspot.derived import DEAL_INPUTS, OF_DEAL, PHONES, of_deal
from sandbox.hubspot.kinds import BY_NUMBER, KINDS, Kind, kind_named
from sandbox.hubspot.link_types import COUNTED, PRIMARY
from sandbox.hubspot.links import Links
from sandbox.hubspot.loading_history import load_history, wire_history, with_path
from sandbox.hubspot.loading_office import load_forms, load_logins, load_owners, load_pipelines
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rollups import with_rollups
from sandbox.hubspot.schema import group_of
from sandbox.hubspot.stage_times import ENTERED, OLD_ENTERED, slug, stage_property
from sandbox.hubspot.store import VIRTUAL
from sandbox.hubspot.wire_frames import wire_text

_SLICE = 50_000
_STAMPS = {"_created": ("createdate", "hs_createdate"), "_updated": ("lastmodifieddate", "hs_lastmodifieddate")}
Frames = Mapping[str, pl.DataFrame]


def load(portal: Portal, links: Links, frames: Frames) -> None:
    """Add the records of all frames, and what `loading_office` takes.

    A frame of records has `id` and property names as columns, `archived` and `archived_at` where there are deleted
    ones; values are typed (Datetime, Date, Boolean, numbers, String) or wire strings.
    """
    with portal.store.transaction():
        if "owners" in frames:
            load_owners(portal, frames["owners"])
        if "logins" in frames:
            load_logins(portal, frames["logins"])
        if "pipelines" in frames:
            load_pipelines(portal, frames["pipelines"])
        if "forms" in frames:
            load_forms(portal, frames["forms"], frames.get("submissions"))
        history = wire_history(frames["history"]) if "history" in frames else None
        if history is not None:
            load_history(portal, history)
        linked = _directed(links, frames["associations"]) if "associations" in frames else None
        for kind in KINDS:
            if kind.plural in frames and frames[kind.plural].height:
                frame = _with_counts(kind, _with_primary(links, kind, frames[kind.plural], linked), frames, linked)
                frame = with_rollups(kind, frame, frames, linked, portal.now())
                _load_records(portal, kind, with_path(kind, frame, history))
        if linked is not None:
            _load_links(portal, linked)
        for kind in KINDS:
            _index(portal, kind)
    portal.writes += 1


def _load_records(portal: Portal, kind: Kind, frame: pl.DataFrame) -> None:
    wire = frame.select(wire_text(frame[name]).alias(name) for name in frame.columns)
    for name in wire.columns:
        known = portal.definitions(kind)
        if name not in known and name not in ("id", "archived", "archived_at") and NAME.fullmatch(name):
            portal.define(kind, _guessed(kind, name, frame[name].dtype))
    stamps = [_first_of(wire, column, names, portal.now()) for column, names in _STAMPS.items()]
    archived = pl.col("archived").eq("true").fill_null(False).cast(pl.Int8) if "archived" in wire.columns else pl.lit(0)
    archived_at = pl.col("archived_at") if "archived_at" in wire.columns else pl.lit(None, pl.String)
    columns = [name for name in wire.columns if name in portal.definitions(kind) and name not in VIRTUAL]
    rows = wire.select(
        pl.col("id").cast(pl.Int64).alias("_id"),
        *stamps,
        archived.alias("_archived"),
        archived_at.alias("_archived_at"),
        *columns,
    ).sort("_id")
    rows = _with_times(portal, kind, _with_stage(portal, kind, _with_computed(kind, rows)))
    names = ", ".join(f'"{name}"' for name in rows.columns)
    sql = f"INSERT INTO {kind.plural} ({names}) VALUES ({','.join('?' * rows.width)})"
    for part in rows.iter_slices(_SLICE):
        portal.store.db.executemany(sql, part.rows())
    if "hs_additional_emails" in rows.columns:
        _load_addresses(portal, rows)


def _guessed(kind: Kind, name: str, dtype: pl.DataType) -> Definition:
    """A custom property for a column the schema does not have, of the type its values have."""
    made = Definition(name, name.replace("_", " ").capitalize(), group=group_of(kind), hubspot_defined=False)
    if dtype == pl.Boolean:
        options = option_pairs(("true", "Yes"), ("false", "No"))
        return replace(made, type="bool", field_type="booleancheckbox", options=options)
    if dtype.is_numeric():
        return replace(made, type="number", field_type="number")
    if dtype.is_temporal():
        return replace(made, type="date" if dtype == pl.Date else "datetime", field_type="date")
    return made


def _first_of(wire: pl.DataFrame, column: str, names: tuple[str, ...], now: str) -> pl.Expr:
    present = [pl.col(name) for name in names if name in wire.columns]
    return pl.coalesce(*present, pl.lit(now)).alias(column)


def _with_computed(kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """What HubSpot computes from an address and a phone number, where the frame does not say it."""
    rows = _with_phones(kind, rows)
    if kind.plural == "contacts" and "email" in rows.columns:
        rows = rows.with_columns(pl.col("email").str.strip_chars().str.to_lowercase())
        if "hs_email_domain" not in rows.columns:
            rows = rows.with_columns(
                pl.col("email").str.split("@").list.get(1, null_on_oob=True).alias("hs_email_domain")
            )
    return rows


def _with_stage(portal: Portal, kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """What follows for a deal from its stage, amount and currency, where the frame does not say it."""
    if kind.plural != "deals" or "dealstage" not in rows.columns:
        return rows
    inputs = [name for name in DEAL_INPUTS if name in rows.columns]
    combinations = rows.select(inputs).unique()
    found = [of_deal(portal, values) for values in combinations.to_dicts()]
    names = [name for name in OF_DEAL if name not in rows.columns]
    computed = combinations.with_columns(
        pl.Series(name, [values.get(name) for values in found], pl.String) for name in names
    )
    return rows.join(computed, on=inputs, how="left", nulls_equal=True, maintain_order="left")


def _with_phones(kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    found = [
        pl.col(name).str.replace_all(r"\D", "").str.tail(10).replace("", None).alias(searchable)
        for name, searchable in PHONES.get(kind.plural, {}).items()
        if name in rows.columns and searchable not in rows.columns
    ]
    return rows.with_columns(found)


def _with_times(portal: Portal, kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """When each record entered the stage it is in: as the frame says, else when it was made."""
    field = stage_property(kind)
    if field is None or field not in rows.columns:
        return rows
    said = [pl.col(name) for name in ("hs_v2_date_entered_current_stage",) if name in rows.columns]
    since = pl.coalesce(*said, pl.col("_created"))
    return rows.with_columns(
        pl.when(pl.col(field) == stage).then(since).alias(name.format(slug(stage)))
        for stage in portal.stage_ids(kind)
        if stage in set(rows[field].unique())
        for name in (ENTERED, OLD_ENTERED)
        if name.format(slug(stage)) not in rows.columns
    )


def _load_addresses(portal: Portal, rows: pl.DataFrame) -> None:
    pairs = (
        rows.filter(pl.col("hs_additional_emails").is_not_null())
        .select(pl.col("hs_additional_emails").str.to_lowercase().str.split(";"), "_id")
        .explode("hs_additional_emails")
    )
    portal.store.db.executemany("INSERT OR IGNORE INTO addresses VALUES (?, ?)", pairs.rows())


def _index(portal: Portal, kind: Kind) -> None:
    portal.store.index_stamps(kind)
    for definition in portal.definitions(kind).values():
        if definition.unique:
            portal.store.index(kind, definition.name)
    if kind.plural == "contacts":
        portal.store.index(kind, "email")


def _directed(links: Links, frame: pl.DataFrame) -> pl.DataFrame:
    """source, source_id, target, target_id, types: both directions of every association, its types joined.

    The types of a pair of records are gathered as bits of one number, which is many times faster than as lists.
    """
    said = {*frame["from_type"].unique(), *frame["to_type"].unique()}
    numbers = {name: kind.number for name in said if (kind := kind_named(name))}
    there = frame.select(
        pl.col("from_type").replace_strict(numbers, return_dtype=pl.Int64).alias("source"),
        pl.col("from_id").cast(pl.Int64).alias("source_id"),
        pl.col("to_type").replace_strict(numbers, return_dtype=pl.Int64).alias("target"),
        pl.col("to_id").cast(pl.Int64).alias("target_id"),
        pl.col("type_id").cast(pl.Int64).alias("type"),
    ).join(_type_bits(links), on=["source", "target", "type"], how="inner")
    back = there.select(
        pl.col("target").alias("source"),
        pl.col("target_id").alias("source_id"),
        pl.col("source").alias("target"),
        pl.col("source_id").alias("target_id"),
        pl.col("back_bits").alias("bits"),
    )
    key = ["source", "source_id", "target", "target_id"]
    both = pl.concat([there.select(*key, "bits"), back]).group_by(key).agg(pl.col("bits").bitwise_or())
    return both.join(_bit_texts(links, both), on=["source", "target", "bits"]).select(*key, "types").sort(key)


def _types_between(links: Links, source: Kind, target: Kind) -> list[int]:
    """Type ids by the place of their bit."""
    return sorted(links.types.between(source, target))


def _type_bits(links: Links) -> pl.DataFrame:
    """For every type its bits in both directions, those of the unlabelled type, which stands beside it, included."""
    rows: list[dict[str, int]] = []
    for source in KINDS:
        for target in KINDS:
            plain = links.types.unlabelled(source, target)
            if plain is None:
                continue
            there, back = _types_between(links, source, target), _types_between(links, target, source)
            for one in links.types.between(source, target).values():
                bits = 1 << there.index(one.id) | 1 << there.index(plain.id)
                back_bits = 1 << back.index(one.inverse) | 1 << back.index(plain.inverse)
                place = {"source": source.number, "target": target.number, "type": one.id}
                rows.append({**place, "bits": bits, "back_bits": back_bits})
    return pl.DataFrame(rows)


def _bit_texts(links: Links, both: pl.DataFrame) -> pl.DataFrame:
    """source, target, bits and the types these bits mean, joined."""
    found = both.select("source", "target", "bits").unique()
    texts = []
    for source, target, bits in found.iter_rows():
        types = _types_between(links, BY_NUMBER[source], BY_NUMBER[target])
        texts.append(",".join(str(one) for place, one in enumerate(types) if bits >> place & 1))
    return found.with_columns(pl.Series("types", texts, dtype=pl.String))


def _with_primary(links: Links, kind: Kind, frame: pl.DataFrame, linked: pl.DataFrame | None) -> pl.DataFrame:
    """The frame with the property that shows each record's primary company."""
    for (plural, other), (flag, name) in PRIMARY.items():
        target = kind_named(other)
        if plural != kind.plural or linked is None or target is None:
            continue
        primary = linked.filter(
            (pl.col("source") == kind.number)
            & (pl.col("target") == target.number)
            & pl.col("types").str.contains(rf"(^|,){flag}(,|$)")
        ).select(pl.col("source_id").alias("_key"), pl.col("target_id").cast(pl.String).alias(name))
        keyed = frame.drop(name, strict=False).with_columns(pl.col("id").cast(pl.Int64).alias("_key"))
        frame = keyed.join(primary.unique("_key"), on="_key", how="left").drop("_key")
    return frame


def _with_counts(kind: Kind, frame: pl.DataFrame, frames: Frames, linked: pl.DataFrame | None) -> pl.DataFrame:
    """The frame with the properties that say how many live records of another type each record is linked to."""
    for (plural, other), (flag, name) in COUNTED.items():
        target = kind_named(other)
        if plural != kind.plural or linked is None or target is None:
            continue
        mine = linked.filter((pl.col("source") == kind.number) & (pl.col("target") == target.number))
        if flag is not None:
            mine = mine.filter(pl.col("types").str.contains(rf"(^|,){flag}(,|$)"))
        if other in frames and "archived" in frames[other].columns:
            gone = frames[other].filter(pl.col("archived")).select(pl.col("id").cast(pl.Int64).alias("target_id"))
            mine = mine.join(gone, on="target_id", how="anti")
        counts = mine.group_by(pl.col("source_id").alias("_key")).agg(pl.len().cast(pl.String).alias(name))
        keyed = frame.drop(name, strict=False).with_columns(pl.col("id").cast(pl.Int64).alias("_key"))
        frame = keyed.join(counts, on="_key", how="left", maintain_order="left").drop("_key")
    return frame


def _load_links(portal: Portal, linked: pl.DataFrame) -> None:
    for part in linked.iter_slices(_SLICE):
        portal.store.db.executemany("INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?, ?)", part.rows())
