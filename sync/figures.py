"""Which streams hold the records of a kind of entity, and the figures of what was matched of it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

OF_KIND: Mapping[str, tuple[str, ...]] = {"person": ("contacts", "leads"), "company": ("accounts",)}


def figures(kind: str, memberships: pl.DataFrame, pairs: pl.DataFrame) -> dict[str, int]:
    """Records, entities, groups (entities of more than one record) and unsure pairs of a kind."""
    own = memberships.filter(pl.col("stream").is_in(list(OF_KIND[kind])))
    sizes = own.group_by("entity").len()
    return {
        "records": own.height,
        "entities": sizes.height,
        "groups": sizes.filter(pl.col("len") > 1).height,
        "unsure": pairs.filter(pl.col("kind") == kind, pl.col("decision") == "unsure").height,
    }
