"""`/__sandbox__/`: faults, the request log, an app's doors and its state, over HTTP for clients in any language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sandbox.faults import Fault, FaultDesk
from sandbox.log import RequestLog
from sandbox.wire import App, Request, Response, Routes

PREFIX = "/__sandbox__/"


@runtime_checkable
class HasDoors(Protocol):
    """An app that lets tests act as somebody else: edit, delete, hide_field, ..."""

    doors: Mapping[str, Callable[..., Any]]


@runtime_checkable
class HasState(Protocol):
    """An app whose whole state is a string of bytes; equal states give equal bytes."""

    def dump(self) -> bytes: ...

    def restore(self, state: bytes) -> None: ...


def open_door(app: App, call: str, arguments: Mapping[str, Any]) -> Any:
    """Call the app's door of that name; ValueError when it has none or the arguments do not fit."""
    doors = app.doors if isinstance(app, HasDoors) else {}
    if call not in doors:
        raise ValueError(f"The {app.system} sandbox has no door {call!r}; it has {', '.join(sorted(doors)) or 'none'}.")
    try:
        return doors[call](**arguments)
    except (TypeError, LookupError) as error:
        raise ValueError(f"The door {call!r} refused its arguments: {error}.") from error


class Control:
    """Answers the control paths of one listener."""

    def __init__(self, app: App, faults: FaultDesk, log: RequestLog, state_dir: Path | None) -> None:
        self._app = app
        self._faults = faults
        self._log = log
        self._state_dir = state_dir
        self._routes = Routes()
        self._routes.add("GET", f"{PREFIX}faults", lambda request: Response.of_json(faults.to_json()))
        self._routes.add("POST", f"{PREFIX}faults", self._add_faults)
        self._routes.add("DELETE", f"{PREFIX}faults", self._clear_faults)
        self._routes.add("GET", f"{PREFIX}requests", lambda request: Response.of_json(log.to_json()))
        self._routes.add("DELETE", f"{PREFIX}requests", self._clear_log)
        self._routes.add("POST", f"{PREFIX}doors/{{call}}", self._open_door)
        self._routes.add("GET", f"{PREFIX}state", self._dump)
        self._routes.add("PUT", f"{PREFIX}state", self._restore)
        self._routes.add("POST", f"{PREFIX}state", self._named_state)

    def handle(self, request: Request) -> Response:
        found = self._routes.match(request.method, request.path)
        if found is None:
            return _refusal("There is no such control path.", 404)
        handler, arguments = found
        try:
            return handler(request, **arguments)
        except ValueError as error:
            return _refusal(str(error), 400)

    def _add_faults(self, request: Request) -> Response:
        value = request.json()
        for fault in [Fault.from_json(item) for item in (value if isinstance(value, list) else [value])]:
            self._faults.add(fault)
        return Response.of_json(self._faults.to_json(), 201)

    def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return Response(204)

    def _clear_log(self, request: Request) -> Response:
        self._log.clear()
        return Response(204)

    def _open_door(self, request: Request, call: str) -> Response:
        arguments = request.json() if request.body else {}
        if not isinstance(arguments, dict):
            raise ValueError("A door takes a JSON object of named arguments.")
        return Response.of_json({"result": open_door(self._app, call, arguments)})

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
        wanted = request.json()
        action, name = next(iter(wanted.items())) if isinstance(wanted, dict) and len(wanted) == 1 else ("", "")
        if action not in ("save", "restore") or not re.fullmatch(r"[\w-]{1,64}", str(name)):
            raise ValueError('Send {"save": "name"} or {"restore": "name"}; a name has letters, digits, _ and -.')
        if self._state_dir is None:
            raise ValueError("This sandbox was started without a state folder.")
        path = self._state_dir / f"{self._app.system}-{name}.state"
        if action == "save":
            path.write_bytes(self._state().dump())
        elif path.is_file():
            self._state().restore(path.read_bytes())
        else:
            raise ValueError(f"There is no saved state {name!r}.")
        return Response(204)


def _refusal(message: str, status: int) -> Response:
    return Response.of_json({"error": message}, status)
