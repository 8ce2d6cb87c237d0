"""The listener: keep-alive, bodies, the request log, control paths and what happens when an app breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.server import Listener
from sandbox.wire import Request, Response


class EchoApp:
    """Answers with what it was asked; keeps the bodies it was given as its state."""

    system = "echo"

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.expired = 0
        self.doors = {"remember": self.remember}

    def remember(self, text: str) -> int:
        self.seen.append(text)
        return len(self.seen)

    def expire_tokens(self) -> None:
        self.expired += 1

    def kind(self, request: Request) -> str:
        return "write" if request.method == "POST" else "read"

    def dump(self) -> bytes:
        return json.dumps(self.seen).encode()

    def restore(self, state: bytes) -> None:
        self.seen = json.loads(state)

    def handle(self, request: Request) -> Response:
        if request.path == "/broken":
            raise RuntimeError("a defect")
        if request.path == "/empty":
            return Response(204)
        if request.method == "POST":
            self.remember(request.body.decode())
        return Response.of_json({"path": request.path, "q": request.first("q"), "body": request.body.decode("latin-1")})


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with Listener(EchoApp(), state_dir=tmp_path) as started:
        yield started


@pytest.fixture
def client(listener: Listener) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=listener.url, verify=False) as opened:
        yield opened


def app_of(listener: Listener) -> EchoApp:
    assert isinstance(listener.app, EchoApp)
    return listener.app


def test_listener_get_decodes_path_and_query(client: httpx.Client) -> None:
    answer = client.get("/a%20b", params={"q": "x=1&y"}).json()
    assert (answer["path"], answer["q"]) == ("/a b", "x=1&y")


def test_listener_chunked_body_arrives_whole(client: httpx.Client) -> None:
    answer = client.post("/a", content=iter([b"one,", b"two"])).json()
    assert answer["body"] == "one,two"


def test_listener_keeps_the_connection_for_many_calls(listener: Listener, client: httpx.Client) -> None:
    with client.stream("GET", "/a") as first:
        first.read()
        before = first.extensions["network_stream"].get_extra_info("client_addr")
    with client.stream("GET", "/empty") as second:
        second.read()
        after = second.extensions["network_stream"].get_extra_info("client_addr")
    assert before == after


def test_listener_head_sends_no_body(client: httpx.Client) -> None:
    assert client.head("/a").content == b""
    assert client.get("/a").status_code == 200


def test_listener_broken_app_answers_500_and_goes_on(client: httpx.Client) -> None:
    assert client.get("/broken").status_code == 500
    assert client.get("/a").status_code == 200


def test_listener_stop_twice_is_harmless(listener: Listener) -> None:
    httpx.get(listener.url + "/a")
    listener.stop()
    listener.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(listener.url + "/a")


def test_request_log_counts_by_kind_and_leaves_control_paths_out(listener: Listener, client: httpx.Client) -> None:
    client.get("/a")
    client.post("/a", content=b"x")
    entries = client.get("/__sandbox__/requests").json()
    assert [(e["method"], e["path"], e["status"], e["kind"]) for e in entries] == [
        ("GET", "/a", 200, "read"),
        ("POST", "/a", 200, "write"),
    ]
    assert listener.requests.count("write") == 1
    assert listener.requests.kinds() == {"read": 1, "write": 1}
    client.delete("/__sandbox__/requests")
    assert len(listener.requests) == 0


def test_control_state_saved_and_restored_is_equal_byte_by_byte(listener: Listener, client: httpx.Client) -> None:
    client.post("/a", content=b"first")
    assert client.post("/__sandbox__/state", json={"save": "one"}).status_code == 204
    before = client.get("/__sandbox__/state").content
    client.post("/a", content=b"second")
    assert client.get("/__sandbox__/state").content != before
    assert client.post("/__sandbox__/state", json={"restore": "one"}).status_code == 204
    assert client.get("/__sandbox__/state").content == before
    assert app_of(listener).seen == ["first"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("state", {"save": "../../etc"}, id="a name that leaves the folder"),
        pytest.param("state", {"restore": "missing"}, id="a state never saved"),
        pytest.param("faults", {"statsu": 500}, id="an unknown word in a fault"),
        pytest.param("faults", {"route": "("}, id="a route that is no expression"),
        pytest.param("doors/nowhere", {}, id="an unknown door"),
        pytest.param("doors/remember", {"words": 1}, id="a door with wrong arguments"),
    ],
)
def test_control_wrong_input_answers_400_with_a_sentence(client: httpx.Client, path: str, body: object) -> None:
    answer = client.post(f"/__sandbox__/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_control_door_acts_on_the_app(listener: Listener, client: httpx.Client) -> None:
    assert client.post("/__sandbox__/doors/remember", json={"text": "x"}).json() == {"result": 1}
    assert app_of(listener).seen == ["x"]


def test_control_faults_over_http_strike_and_clear(client: httpx.Client) -> None:
    assert client.post("/__sandbox__/faults", json={"route": "^/a$", "status": 503, "count": 1}).status_code == 201
    assert [client.get("/a").status_code for _ in range(2)] == [503, 200]
    assert client.get("/__sandbox__/faults").json()[0]["struck"] == 1
    client.delete("/__sandbox__/faults")
    assert client.get("/__sandbox__/faults").json() == []


def test_listener_fault_expires_tokens_of_the_app(listener: Listener, client: httpx.Client) -> None:
    listener.faults.add(Fault(nth=2, expire=True))
    for _ in range(3):
        client.get("/a")
    assert app_of(listener).expired == 1
