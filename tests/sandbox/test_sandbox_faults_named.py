"""Faults by name: the desk's words, what the network does, and clear refusals of what makes no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.catalogue import Entry
from sandbox.faults import Fault
from sandbox.row_faults import row_fault
from sandbox.server import Listener
from sandbox.wire import Request, Response


def teapot(request: Request, strength: int = 1) -> Response:
    return Response.of_json({"tea": strength, "path": request.path}, 418)


class Shop:
    """Sells what it is sent, row by row; its own fault is a teapot."""

    system = "shop"

    def __init__(self) -> None:
        self.sold: list[str] = []
        self.doors = {"close": self.close, "stock": self.stock}
        self.faults = [
            Entry("shop.TEAPOT", "It is a teapot.", answer=teapot),
            Entry("shop.SOLD_OUT", "There is none left.", answer=teapot, of_rows=True),
            Entry("shop.closes", "Somebody closes the shop.", Fault(call="close")),
        ]

    def close(self, hours: int = 1) -> None:
        """Close for so many hours."""
        self.sold.append(f"closed {hours}")

    def stock(self, thing: str) -> None:
        raise LookupError(f"no {thing}")

    def kind(self, request: Request) -> str:
        return "write" if request.method == "POST" else "read"

    def handle(self, request: Request) -> Response:
        rows = json.loads(request.body or b"[]")
        failed = [n for n, row in enumerate(rows, start=1) if row_fault(n, row)]
        self.sold += [row for n, row in enumerate(rows, start=1) if n not in failed]
        return Response.of_json({"failed": failed, "padding": "x" * 3000})


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def listener(shop: Shop) -> Iterator[Listener]:
    with Listener(shop) as started:
        yield started


@pytest.fixture
def client(listener: Listener) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=listener.url, verify=False) as opened:
        yield opened


def test_raise_by_name_answers_in_the_apps_place(listener: Listener, client: httpx.Client, shop: Shop) -> None:
    listener.faults.raise_("shop.TEAPOT", nth=2, strength=3)
    assert client.post("/a", json=["x"]).status_code == 200
    answer = client.post("/b", json=["y"])
    assert (answer.status_code, answer.json()) == (418, {"tea": 3, "path": "/b"})
    assert shop.sold == ["x"]
    assert [entry.fault for entry in listener.requests] == ["", "shop.TEAPOT"]


def test_raise_after_the_write_replaces_the_good_answer(listener: Listener, client: httpx.Client, shop: Shop) -> None:
    listener.faults.raise_("shop.TEAPOT", stage="after", status=503, headers={"Retry-After": "9"})
    answer = client.post("/a", json=["x"])
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["tea"]) == (503, "9", 1)
    assert shop.sold == ["x"]


def test_raise_on_a_kind_leaves_other_kinds_alone(listener: Listener, client: httpx.Client) -> None:
    listener.faults.raise_("shop.TEAPOT", of_kind="write")
    assert [client.get("/").status_code, client.post("/").status_code] == [200, 418]


@pytest.mark.parametrize(
    ("words", "failed"),
    [
        pytest.param({"rows": (2, 5)}, [2], id="by number"),
        pytest.param({"row_contains": "c"}, [3], id="by content"),
        pytest.param({"row_share": 1.0}, [1, 2, 3, 4], id="all"),
        pytest.param({"row_share": 0.0}, [], id="none"),
        pytest.param({"rows": (1, 2), "row_contains": "b"}, [2], id="by both"),
    ],
)
def test_rows_named_by_a_fault_fail_and_the_others_are_written(
    listener: Listener, client: httpx.Client, shop: Shop, words: dict[str, Any], failed: list[int]
) -> None:
    listener.faults.raise_("shop.SOLD_OUT", **words)
    assert client.post("/", json=["a", "b", "c", "d"]).json()["failed"] == failed
    assert len(shop.sold) == 4 - len(failed)


def test_rows_of_a_share_are_drawn_anew_for_each_call_and_again_with_the_same_seed() -> None:
    def drawn() -> list[list[int]]:
        with Listener(Shop()) as listener, httpx.Client(base_url=listener.url, verify=False) as client:
            listener.faults.raise_("shop.SOLD_OUT", row_share=0.5, seed=3)
            return [client.post("/", json=["a"] * 20).json()["failed"] for _ in range(2)]

    first, second = drawn()
    assert first != second
    assert 0 < len(first) < 20
    assert drawn() == [first, second]


def test_door_by_name_is_gone_through_with_its_arguments(listener: Listener, client: httpx.Client, shop: Shop) -> None:
    listener.faults.raise_("shop.closes", hours=4, nth=2)
    client.post("/", json=["a"])
    client.post("/", json=["b"])
    assert shop.sold == ["a", "closed 4", "b"]


def test_door_that_refuses_in_mid_run_answers_500_and_goes_on(listener: Listener, client: httpx.Client) -> None:
    listener.faults.add(Fault(call="stock", arguments={"thing": "tea"}, count=1))
    assert [client.get("/").status_code for _ in range(2)] == [500, 200]


def test_removed_fault_strikes_no_more(listener: Listener, client: httpx.Client) -> None:
    first = listener.faults.raise_("shop.TEAPOT")
    second = listener.faults.raise_("shop.TEAPOT", route="^/b")
    listener.faults.remove(first)
    assert [client.get(path).status_code for path in ("/a", "/b")] == [200, 418]
    assert client.delete(f"/__sandbox__/faults/{second}").status_code == 204
    assert client.get("/b").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param(
            {"name": "shop.TEPOT"}, "There is no fault called 'shop.TEPOT'; did you mean shop.TEAPOT?", id="name"
        ),
        pytest.param(
            {"name": "zzz"}, "There is no fault called 'zzz'; see the catalogue for those there are.", id="none"
        ),
        pytest.param(
            {"name": "shop.TEAPOT", "arguments": {"cups": 1}},
            "The fault shop.TEAPOT knows no 'cups'; it takes strength.",
            id="argument",
        ),
        pytest.param(
            {"name": "shop.TEAPOT", "rows": [1]},
            "The fault shop.TEAPOT befalls whole calls, no single rows.",
            id="rows",
        ),
        pytest.param({"rows": [1]}, "A fault of rows needs a name of the catalogue.", id="rows without a name"),
        pytest.param({"call": "burn"}, "There is no door 'burn'; there are close, stock.", id="door"),
        pytest.param(
            {"call": "close", "arguments": {"days": 1}},
            "The door 'close' takes other arguments: got an unexpected keyword argument 'days'.",
            id="argument of a door",
        ),
        pytest.param({"nth": 0}, "A fault's 'nth' is a whole number from 1.", id="nth"),
        pytest.param({"every": 0}, "A fault's 'every' is a whole number from 1.", id="every"),
        pytest.param({"nth": True}, "A fault's 'nth' is a whole number from 1.", id="a flag for a number"),
        pytest.param({"probability": 2}, "A fault's 'probability' is a number from 0 to 1.", id="probability"),
        pytest.param({"status": 99}, "A fault's 'status' is a status from 200 to 599.", id="status"),
        pytest.param({"delay_s": 1e9}, "A fault's 'delay_s' is a number of seconds up to 600.", id="delay"),
        pytest.param({"headers": {"X": 1}}, "A fault's 'headers' is an object of texts.", id="headers"),
        pytest.param({"rows": [0]}, "A fault's 'rows' is a list of whole numbers from 1.", id="row number"),
        pytest.param({"stage": "during"}, "A fault's 'stage' is 'before' or 'after'.", id="stage"),
        pytest.param({"drop": "yes"}, "A fault's 'drop' is true or false.", id="flag"),
        pytest.param([1], "A fault is a JSON object.", id="no object"),
    ],
)
def test_wrong_fault_is_refused_with_one_sentence(client: httpx.Client, wrong: Any, sentence: str) -> None:
    answer = client.post("/__sandbox__/faults", json=wrong)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})
    assert client.get("/__sandbox__/faults").json() == []


def test_list_of_faults_with_a_wrong_one_arms_none(client: httpx.Client) -> None:
    assert client.post("/__sandbox__/faults", json=[{"status": 500}, {"name": "nothing"}]).status_code == 400
    assert client.get("/").status_code == 200


def test_catalogue_over_http_says_what_each_fault_takes(client: httpx.Client) -> None:
    told = {entry["name"]: entry for entry in client.get("/__sandbox__/catalogue").json()}
    assert told["shop.TEAPOT"]["arguments"] == {"strength": 1}
    assert told["shop.SOLD_OUT"]["of_rows"] is True
    assert told["transport.cut_body"]["usual"] == {"cut_after": 20}
    assert all(entry["says"].endswith(".") for entry in told.values())


def test_control_index_and_doors_tell_themselves(client: httpx.Client) -> None:
    index = client.get("/__sandbox__/").json()
    assert index["system"] == "shop"
    assert {"/__sandbox__/faults", "/__sandbox__/state"} <= {path["path"] for path in index["paths"]}
    doors = client.get("/__sandbox__/doors").json()
    assert doors[0] == {"name": "close", "says": "Close for so many hours.", "arguments": ["hours"]}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "nowhere", 404, id="unknown path"),
        pytest.param("PATCH", "faults", 405, id="wrong method"),
        pytest.param("DELETE", "faults/9", 400, id="unknown number"),
        pytest.param("DELETE", "faults/x", 400, id="no number"),
        pytest.param("GET", "requests/counts?by=color", 400, id="unknown column"),
    ],
)
def test_control_wrong_call_is_refused_with_one_sentence(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, f"/__sandbox__/{path}")
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


def test_control_body_that_is_no_json_is_refused(client: httpx.Client) -> None:
    answer = client.post("/__sandbox__/faults", content=b"{")
    assert (answer.status_code, answer.json()["error"]) == (400, "The body is not JSON.")


def test_control_counts_requests_by_columns(client: httpx.Client) -> None:
    for path in ("/things/1", "/things/2"):
        client.get(path)
    client.post("/things", json=["a"])
    counts = client.get("/__sandbox__/requests/counts", params={"by": "kind,route"}).json()
    assert [(row["kind"], row["route"], row["requests"]) for row in counts] == [
        ("read", "/things/{id}", 2),
        ("write", "/things", 1),
    ]
    assert counts[1]["received"] == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("drop", httpx.RemoteProtocolError, id="drop"),
        pytest.param("lost_answer", httpx.RemoteProtocolError, id="lost answer"),
        pytest.param("reset", httpx.ReadError, id="reset"),
        pytest.param("reset_after", httpx.ReadError, id="reset after"),
        pytest.param("cut_body", httpx.RemoteProtocolError, id="cut body"),
        pytest.param("cut_chunk", httpx.RemoteProtocolError, id="cut chunk"),
        pytest.param("bad_gzip", httpx.DecodingError, id="bad gzip"),
        pytest.param("plain_gzip", httpx.DecodingError, id="plain gzip"),
    ],
)
def test_transport_fault_breaks_the_exchange(
    listener: Listener, client: httpx.Client, shop: Shop, name: str, expected: type[Exception]
) -> None:
    listener.faults.raise_(f"transport.{name}", count=1)
    with pytest.raises(expected):
        client.post("/", json=["a"])
    reached = name not in ("drop", "reset")
    assert shop.sold == (["a"] if reached else [])
    assert client.post("/", json=["b"]).status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "content"),
    [
        pytest.param("not_json", 200, "text/html;charset=UTF-8", id="not JSON"),
        pytest.param("wrong_content_type", 200, "text/html;charset=UTF-8", id="content type"),
        pytest.param("empty", 200, "application/json;charset=UTF-8", id="empty"),
        pytest.param("empty_after", 200, "application/json;charset=UTF-8", id="empty after"),
        pytest.param("cut_json", 200, "application/json;charset=UTF-8", id="cut JSON"),
        pytest.param("bad_utf8", 200, "application/json;charset=UTF-8", id="bad UTF-8"),
        pytest.param("redirect", 302, None, id="redirect"),
        pytest.param("wrong_2xx", 202, "application/json;charset=UTF-8", id="wrong 2xx"),
        pytest.param("no_content", 204, "application/json;charset=UTF-8", id="no content"),
        pytest.param("chunked", 200, "application/json;charset=UTF-8", id="chunked"),
        pytest.param("hang_up", 200, "application/json;charset=UTF-8", id="hang up"),
    ],
)
def test_transport_fault_gives_a_strange_answer(
    listener: Listener, client: httpx.Client, name: str, status: int, content: str | None
) -> None:
    listener.faults.raise_(f"transport.{name}", count=1)
    answer = client.get("/")
    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, content)
    # On a connection of its own: who goes on using one that was hung up meets the end of it, or not, by chance.
    assert httpx.get(listener.url, verify=False).status_code == 200


def test_transport_redirect_keeps_the_target_and_changes_the_host(listener: Listener, client: httpx.Client) -> None:
    listener.faults.raise_("transport.redirect", to="http://other.example/")
    assert client.get("/a?b=c").headers["Location"] == "http://other.example/a?b=c"


@pytest.mark.parametrize(("name", "sold"), [("silence", []), ("late_answer", ["a"])])
def test_transport_silence_outlasts_the_client_before_or_after_the_write(
    listener: Listener, client: httpx.Client, shop: Shop, name: str, sold: list[str]
) -> None:
    listener.faults.raise_(f"transport.{name}")
    with pytest.raises(httpx.ReadTimeout):
        client.post("/", json=["a"], timeout=0.1)
    assert shop.sold == sold


def test_transport_slow_body_takes_its_time(listener: Listener, client: httpx.Client) -> None:
    listener.faults.raise_("transport.slow_body", drip_s=0.01)
    assert len(client.get("/").json()["padding"]) == 3000
