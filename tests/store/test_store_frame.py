"""Frames hold what was saved: every type, every connection, in code-point order, alike on both databases."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.batch import Batch
from model.errors import StoreError
from model.streams import STREAMS, SYSTEM_FIELDS, Field, Value
from store import Store, sqlite

INT64 = st.integers(-(2**63), 2**63 - 1)
# Times a frame can show as they are: polars keeps any, Python's datetime only the years 1 to 9999.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", "\\N", "\\.", "a\n\\.\nb", '"', '""', "a,b", "\t", "\r\n", "\\", "\\\\n", "NULL", "null", "'", "t", "f", "0",
     "=1+1", "Müller", "Zoë\u0301", "李", "\U0001f600", "\x1f", "\x7f", "\ufeff", " ", "a" * 5000]
)  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "text": TEXT,
    "int": INT64,
    "money": INT64,
    "time": INT64,
    "date": st.integers(-(2**31), 2**31 - 1),
    "bool": st.booleans(),
    "real": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53).map(float),
}


@st.composite
def batches(draw: st.DrawFn, stream: str) -> Batch:
    """A batch of the stream with some of its fields, ids distinct."""
    fields = draw(st.lists(st.sampled_from(STREAMS[stream].fields), unique=True))
    ids: list[Value] = draw(st.lists(TEXT.filter(bool), unique=True, max_size=4))
    columns: dict[str, list[Value]] = {"id": ids}
    for field in (*SYSTEM_FIELDS[1:], *fields):
        values = VALUES[field.type] if field.name in ("changed_at", "is_deleted") else st.none() | VALUES[field.type]
        columns[field.name] = draw(st.lists(values, min_size=len(ids), max_size=len(ids)))
    return Batch("sf", stream, columns, frozenset(field.name for field in fields))


def physical(frame: pl.DataFrame) -> pl.DataFrame:
    """Times and dates as the numbers they are: some lie beyond Python's calendar."""
    return frame.with_columns(
        pl.col(pl.Datetime).to_physical(),
        pl.col(pl.Date).to_physical(),
    )


def kept(store: Store, stream: str, columns: list[str]) -> dict[str, list[Any]]:
    return physical(store.frame(stream, columns=columns, deleted=True)).drop("connection").to_dict(as_series=False)


@pytest.mark.parametrize("direct_rows", [pytest.param(5_000, id="few rows"), pytest.param(0, id="many rows")])
@pytest.mark.parametrize("stream", ["contacts", "deals", "stages"])
def test_store_returns_what_it_was_given(
    store: Store, stream: str, direct_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "DIRECT_ROWS", direct_rows)
    monkeypatch.setattr(sqlite, "CHUNK_ROWS", 2)

    @settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(batch=batches(stream))
    def law(batch: Batch) -> None:
        with store._database.write() as opened:
            opened.exec_driver_sql(f"DELETE FROM {stream}")
        store.save_batch(batch)
        order = sorted(range(len(batch)), key=lambda row: str(batch.columns["id"][row]).encode())
        expected = {name: [values[row] for row in order] for name, values in batch.columns.items()}
        assert kept(store, stream, list(expected)) == expected

    law()


def test_frame_has_declared_types_also_when_empty_or_null(store: Store) -> None:
    wanted = {"text": pl.String, "int": pl.Int64, "money": pl.Int64, "real": pl.Float64, "bool": pl.Boolean,
              "time": pl.Datetime("us", "UTC"), "date": pl.Date}  # fmt: skip
    schema = {"connection": pl.String} | {
        field.name: wanted[field.type]
        for field in (*SYSTEM_FIELDS, *STREAMS["deals"].fields)
        if field.name != "payload"
    }
    assert dict(store.frame("deals").schema) == schema
    store.save_batch(Batch("sf", "deals", {"id": ["a"], "changed_at": [1]}, frozenset()))
    assert dict(store.frame("deals").schema) == schema


def test_frame_is_sorted_by_code_point(store: Store) -> None:
    ids: list[Value] = ["b", "B", "a", "Z", "é", "z", "10", "9", "\U0001f600", "\uffee", "_", "-"]
    for connection in ("sf", "hs", "SF", "sf_b", "sf-b"):
        store.save_batch(Batch(connection, "users", {"id": ids, "changed_at": [1] * len(ids)}, frozenset()))
    frame = store.frame("users", columns=[])
    assert frame.rows() == sorted(frame.rows())
    assert frame.columns == ["connection", "id"]
    assert len(frame) == 5 * len(ids)


def test_frame_picks_columns_and_connections(store: Store) -> None:
    for connection in ("sf", "hs"):
        store.save_batch(
            Batch(connection, "users", {"id": ["1"], "changed_at": [1], "name": [connection]}, frozenset({"name"}))
        )
    assert store.frame("users", columns=["name", "id"], connections=["hs"]).rows() == [("hs", "1", "hs")]
    assert store.frame("users", columns=["name"], connections=[]).is_empty()
    with pytest.raises(StoreError, match="no column nickname"):
        store.frame("users", columns=["nickname"])


def test_frame_leaves_payload_out_until_asked(store: Store) -> None:
    store.save_batch(Batch("sf", "users", {"id": ["1"], "changed_at": [1], "payload": ['{"a": 1}']}, frozenset()))
    assert "payload" not in store.frame("users").columns
    assert store.frame("users", columns=["payload"])["payload"].to_list() == ['{"a": 1}']


def test_large_frame_keeps_hostile_texts_and_late_values(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "CHUNK_ROWS", 3_000)
    rows = 12_000
    late: list[Value] = [None] * (rows - 1)
    hostile: list[Value] = ['"', 'a\n"b",\n', "", None, "\\.", "x\n\\.\ny", ",", "\\N", "\r", "plain", "'"]
    columns: dict[str, list[Value]] = {
        "id": [f"{row:06d}" for row in range(rows)],
        "changed_at": list(range(rows)),
        "email": [*late, "x@y.example"],
        "street": [hostile[row % len(hostile)] for row in range(rows)],
        "email_opt_out": [*late, True],
        "last_activity_on": [*late, 19_000],
    }
    store.save_batch(Batch("sf", "contacts", columns, frozenset(columns.keys() - {"id", "changed_at"})))
    frame = physical(store.frame("contacts", columns=list(columns)))
    assert frame.drop("connection").to_dict(as_series=False) == columns


def test_large_frame_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "DIRECT_ROWS", 0)
    with Store.open(tmp_path / "trueline.db") as store:
        store.save_batch(Batch("sf", "users", {"id": ["1"], "changed_at": [1]}, frozenset()))
        assert len(store.frame("users")) == 1
        assert {path.name for path in tmp_path.iterdir()} <= {"trueline.db", "trueline.db-wal", "trueline.db-shm"}


def test_copy_left_by_a_killed_process_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "DIRECT_ROWS", 0)
    with subprocess.Popen(["true"]) as gone:
        pass
    left, other = tmp_path / f".a.db-read-{gone.pid}-x", tmp_path / f".a.db-read-{os.getpid()}-y"
    for folder in (left, other):
        folder.mkdir()
        (folder / "copied.db").touch()
    with Store.open(tmp_path / "a.db") as store:
        store.save_batch(Batch("sf", "users", {"id": ["1"], "changed_at": [1]}, frozenset()))
        assert len(store.frame("users")) == 1
    assert (left.exists(), other.exists()) == (False, True)


def _types(fields: tuple[Field, ...]) -> set[str]:
    return {field.type for field in fields}


def test_streams_under_test_cover_every_value_type() -> None:
    tested = [STREAMS[name].fields for name in ("contacts", "deals", "stages")]
    assert set().union(*map(_types, tested)) == VALUES.keys()
