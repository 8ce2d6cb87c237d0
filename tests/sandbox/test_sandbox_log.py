"""The request log counts everything and keeps only so much."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest

from sandbox.log import OTHER_ROUTES, Logged, RequestLog, Total, route_of


def logged(path: str = "/a", kind: str = "read", status: int = 200, received: int = 0, sent: int = 0) -> Logged:
    return Logged("GET", path, path, status, kind, "", received=received, sent=sent)


def log_of(entries: Sequence[Logged], kept: int = 100) -> RequestLog:
    log = RequestLog(kept)
    for entry in entries:
        log.append(entry)
    return log


@pytest.mark.parametrize(
    ("path", "route"),
    [
        pytest.param("/", "/", id="the root"),
        pytest.param("/crm/v3/objects/contacts/123", "/crm/v3/objects/contacts/{id}", id="a number"),
        pytest.param("/services/data/v60.0/sobjects/Contact/003S10000000001AAA/", None, id="18 characters"),
        pytest.param("/services/data/v60.0/sobjects/Contact/003S10000000001", None, id="15 characters"),
        pytest.param("/services/data/v60.0/query/01gS10000000001AAA-2000", None, id="a locator"),
        pytest.param("/services/data/v60.0/sobjects/Opportunity", None, id="an object's name"),
        pytest.param("/services/data/v60.0/sobjects/OpportunityHistory", None, id="a name of 18 letters"),
    ],
)
def test_route_leaves_ids_out(path: str, route: str | None) -> None:
    found = route_of(path)
    if route is not None:
        assert found == route
    elif "Opp" in path:
        assert found == path
    else:
        assert found == path.rstrip("/").rpartition("/")[0] + "/{id}"


def test_log_totals_count_requests_and_bytes_by_column() -> None:
    log = log_of([logged(sent=5), logged(sent=7, status=404), logged(kind="write", received=3)])
    assert log.totals("kind") == {("read",): Total(2, 0, 12), ("write",): Total(1, 3, 0)}
    assert log.totals("kind", "status")[("read", 404)] == Total(1, 0, 7)
    assert log.totals() == {(): Total(3, 3, 12)}
    assert log.count("read", status=404) == 1
    assert log.count(route="/a") == 3
    assert log.counts_to_json(["kind"])[0] == {"kind": "read", "requests": 2, "received": 0, "sent": 12}


def test_log_since_counts_what_came_later() -> None:
    log = log_of([logged()])
    before = log.kinds()
    log.append(logged())
    log.append(logged(kind="write"))
    assert log.since(before) == {"read": 1, "write": 1}


def test_log_unknown_column_is_named() -> None:
    with pytest.raises(ValueError, match="no column 'color'; it has kind, method, route, status, fault"):
        RequestLog().totals("color")


def test_log_of_many_requests_keeps_the_last_and_counts_all() -> None:
    log = log_of([logged(f"/things/{n}/{'x' * (n % 7)}") for n in range(500)], kept=10)
    assert len(log) == 500
    assert [entry.path.split("/")[2] for entry in log] == [str(n) for n in range(490, 500)]


def test_log_memory_does_not_grow_with_the_requests() -> None:
    log = log_of([logged(f"/w{n}", status=n % 5) for n in range(5_000)], kept=100)
    tracemalloc.start()
    try:
        for n in range(5_000, 10_000):
            log.append(logged(f"/w{n}", status=n % 5))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(log) == 10_000
    assert log.count(route=OTHER_ROUTES) == 9_000
    assert grown < 1_000_000  # the entries alone would take three times as much
