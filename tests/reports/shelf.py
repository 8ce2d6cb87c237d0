"""A store filled by hand, a line at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from hygiene.rules import RULES
from model.batch import Batch, Page, Watermark
from model.streams import SYSTEM_FIELDS, Value
from store import Store

Key = tuple[str, str, str]
NOTHING_REQUIRED: Mapping[str, tuple[str, ...]] = {}
_FINDING = ("connection", "stream", "id", "rule", "severity", "field", "message", "value")
_SYSTEM = {field.name for field in SYSTEM_FIELDS}


def put(store: Store, connection: str, stream: str, **columns: list[Value]) -> None:
    """Save records as one full pull; the columns given are those that could be read."""
    rows = len(columns["id"])
    readable = frozenset(columns.keys() - _SYSTEM)
    batch = Batch(connection, stream, {"changed_at": [1] * rows, **columns}, readable)
    store.save_page(store.begin_run("pull", 1), Page(batch, Watermark(1), is_full=True))


def people(store: Store, connection: str, *ids: str, stream: str = "contacts") -> None:
    names: list[Value] = [f"Name {record_id}" for record_id in ids]
    put(store, connection, stream, id=list(ids), family_name=names)


def finding(
    key: Key, rule: str, *, message: str = "is wrong", field: str | None = None, value: str | None = None
) -> dict[str, str | None]:
    connection, stream, record_id = key
    row = (connection, stream, record_id, rule, RULES[rule].severity, field, message, value)
    return dict(zip(_FINDING, row, strict=True))


def blame(store: Store, findings: Iterable[Mapping[str, str | None]]) -> None:
    frame = pl.DataFrame(list(findings), schema=dict.fromkeys(_FINDING, pl.String))
    store.replace_findings(store.begin_run("score", 1), frame)


def belong(store: Store, entities: Mapping[Key, str], at: int = 1) -> None:
    rows = [(*key, entity) for key, entity in entities.items()]
    schema = dict.fromkeys(("connection", "stream", "id", "entity"), pl.String)
    store.save_memberships(pl.DataFrame(rows, schema=schema, orient="row"), at)


def pair(left: Key, right: Key, probability: float, reason: str, decision: str = "same") -> dict[str, object]:
    sides = {f"{side}_{name}": part for side, key in (("left", left), ("right", right))
             for name, part in zip(("connection", "stream", "id"), key, strict=True)}  # fmt: skip
    return {**sides, "kind": "person", "decision": decision, "probability": probability, "rule": "name",
            "reason": reason, "evidence": "[]"}  # fmt: skip


def healthy(store: Store, shares: Mapping[Key, float]) -> None:
    rows = [(*key, "deal-health", share, "", "[]") for key, share in shares.items()]
    schema = {"connection": pl.String, "stream": pl.String, "id": pl.String, "name": pl.String, "share": pl.Float64,
              "reason": pl.String, "evidence": pl.String}  # fmt: skip
    store.replace_scores(pl.DataFrame(rows, schema=schema, orient="row"))
