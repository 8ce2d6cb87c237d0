"""`/__sandbox__/`: faults, the request log, an app's doors and its state, over HTTP for clients in any language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sandbox.desk import FaultDesk
from sandbox.doors import doors_of, doors_to_json, open_door
from sandbox.faults import Fault
from sandbox.log import COLUMNS, RequestLog
from sandbox.state import differences
from sandbox.wire import App, Request, Response, Routes

PREFIX = "/__sandbox__/"
MOST_DIFFERENCES = 200  # told one by one; the count has all
_STATE_NAME = re.compile(r"[\w-]{1,64}")
Handler = Callable[..., Response]


@runtime_checkable
class HasState(Protocol):
    """An app whose whole state is a string of bytes; equal states give equal bytes."""

    def dump(self) -> bytes: ...

    def restore(self, state: bytes) -> None: ...


class Control:
    """Answers the control paths of one listener."""

    def __init__(self, app: App, faults: FaultDesk, log: RequestLog, state_dir: Path | None) -> None:
        self._app = app
        self._faults = faults
        self._log = log
        self._state_dir = state_dir
        self._routes = Routes()
        self._told: list[dict[str, str]] = []
        self._add("GET", "", "This list.", self._index)
        self._add("GET", "catalogue", "All faults by name, with a sentence and their arguments.", self._catalogue)
        self._add("GET", "faults", "The faults in force, with the calls each has seen and struck.", self._list_faults)
        self._add("POST", "faults", "Put a fault, or a list of them, in force.", self._add_faults)
        self._add("DELETE", "faults", "Take all faults off the desk.", self._clear_faults)
        self._add("DELETE", "faults/{number}", "Take one fault off the desk.", self._remove_fault)
        self._add("GET", "requests", "The last requests in order; bodies are not kept.", self._list_requests)
        self._add("GET", "requests/counts", f"Requests and bytes; ?by={','.join(COLUMNS)}.", self._count_requests)
        self._add("DELETE", "requests", "Forget all requests.", self._clear_requests)
        self._add("GET", "doors", "What can be done as somebody else, with arguments.", self._list_doors)
        self._add("POST", "doors/{call}", "Do it; the body has the arguments by name.", self._open_door)
        self._add("GET", "state", "The whole stored state; equal states give equal bytes.", self._dump)
        self._add("PUT", "state", "Put a state in the place of the present one.", self._restore)
        says = "What the present state has otherwise than one kept by name (?since=name), or than the one in the body."
        self._add("GET", "state/differences", says, self._differences)
        self._add("POST", "state/differences", says, self._differences)
        self._add("POST", "state", 'Keep or take back a state by name: {"save": "name"}.', self._named_state)

    def handle(self, request: Request) -> Response:
        found = self._routes.match(request.method, request.path)
        if found is None:
            methods = self._routes.methods(request.path)
            if methods:
                return _refusal(f"This control path takes {' and '.join(methods)}.", 405)
            return _refusal(f"There is no such control path; GET {PREFIX} lists them.", 404)
        handler, arguments = found
        try:
            return handler(request, **arguments)
        except ValueError as error:
            return _refusal(str(error), 400)

    def _add(self, method: str, tail: str, says: str, handler: Handler) -> None:
        self._routes.add(method, f"{PREFIX}{tail}".rstrip("/") if not tail else f"{PREFIX}{tail}", handler)
        self._told.append({"method": method, "path": f"{PREFIX}{tail}", "says": says})

    def _index(self, request: Request) -> Response:
        return Response.of_json({"system": self._app.system, "paths": self._told})

    # faults

    def _catalogue(self, request: Request) -> Response:
        return Response.of_json([entry.to_json() for entry in self._faults.catalogue.values()])

    def _list_faults(self, request: Request) -> Response:
        return Response.of_json(self._faults.to_json())

    def _add_faults(self, request: Request) -> Response:
        value = _json(request)
        self._faults.add_all([Fault.from_json(item) for item in (value if isinstance(value, list) else [value])])
        return Response.of_json(self._faults.to_json(), 201)

    def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return Response(204)

    def _remove_fault(self, request: Request, number: str) -> Response:
        if not number.isdecimal():
            raise ValueError("A fault is removed by its number.")
        self._faults.remove(int(number))
        return Response(204)

    # the request log

    def _list_requests(self, request: Request) -> Response:
        return Response.of_json(self._log.to_json())

    def _count_requests(self, request: Request) -> Response:
        by = [name for name in (request.first("by") or "").split(",") if name]
        return Response.of_json(self._log.counts_to_json(by))

    def _clear_requests(self, request: Request) -> Response:
        self._log.clear()
        return Response(204)

    # doors

    def _list_doors(self, request: Request) -> Response:
        return Response.of_json(doors_to_json(doors_of(self._app)))

    def _open_door(self, request: Request, call: str) -> Response:
        arguments = _json(request) if request.body else {}
        if not isinstance(arguments, Mapping):
            raise ValueError("A door takes a JSON object of named arguments.")
        return Response.of_json({"result": open_door(doors_of(self._app), call, arguments)})

    # state

    def _state(self) -> HasState:
        if not isinstance(self._app, HasState):
            raise ValueError(f"The {self._app.system} sandbox cannot save its state.")
        return self._app

    def _dump(self, request: Request) -> Response:
        return Response(200, self._state().dump(), {"Content-Type": "application/octet-stream"})

    def _restore(self, request: Request) -> Response:
        self._state().restore(request.body)
        return Response(204)

    def _named_state(self, request: Request) -> Response:
        """`{"save": name}` or `{"restore": name}`, in a file of the state folder."""
        wanted = _json(request)
        action, name = next(iter(wanted.items())) if isinstance(wanted, dict) and len(wanted) == 1 else ("", "")
        if action == "save":
            self._path(name).write_bytes(self._state().dump())
        elif action == "restore":
            self._state().restore(self._saved(name))
        else:
            raise ValueError('Send {"save": "name"} or {"restore": "name"}.')
        return Response(204)

    def _differences(self, request: Request) -> Response:
        before = request.body if request.method == "POST" else self._saved(request.first("since") or "")
        found = differences(before, self._state().dump())
        told = [{**asdict(one), "says": str(one)} for one in found[:MOST_DIFFERENCES]]
        return Response.of_json({"same": not found, "count": len(found), "differences": told})

    def _path(self, name: object) -> Path:
        if not isinstance(name, str) or not _STATE_NAME.fullmatch(name):
            raise ValueError("The name of a state has letters, digits, _ and -, 64 at most.")
        if self._state_dir is None:
            raise ValueError("This sandbox was started without a state folder.")
        return self._state_dir / f"{self._app.system}-{name}.state"

    def _saved(self, name: object) -> bytes:
        path = self._path(name)
        if not path.is_file():
            raise ValueError(f"There is no saved state {name!r}.")
        return path.read_bytes()


def _json(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise ValueError("The body is not JSON.") from None


def _refusal(message: str, status: int) -> Response:
    return Response.of_json({"error": message}, status)
