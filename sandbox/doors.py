"""An app's doors: what tests do in it as somebody else, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from sandbox.wire import App

Doors = Mapping[str, Callable[..., Any]]


@runtime_checkable
class HasDoors(Protocol):
    """An app that lets tests act as somebody else: edit, delete, hide_field, ..."""

    doors: Doors


def doors_of(app: App) -> Doors:
    return app.doors if isinstance(app, HasDoors) else {}


def check_door(doors: Doors, call: str, arguments: Mapping[str, Any]) -> None:
    """ValueError when there is no door of that name or the arguments do not fit it."""
    if call not in doors:
        raise ValueError(f"There is no door {call!r}; there are {', '.join(sorted(doors)) or 'none'}.")
    try:
        inspect.signature(doors[call]).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"The door {call!r} takes other arguments: {error}.") from error


def open_door(doors: Doors, call: str, arguments: Mapping[str, Any]) -> Any:
    """Go through the door of that name; ValueError when there is none or it refuses the arguments."""
    check_door(doors, call, arguments)
    try:
        return doors[call](**arguments)
    except (TypeError, ValueError, LookupError) as error:
        raise ValueError(f"The door {call!r} refused its arguments: {error}.") from error


def doors_to_json(doors: Doors) -> list[dict[str, Any]]:
    """Each door with its arguments and a sentence; the usual value of those that need not be given."""
    told = []
    for name, door in sorted(doors.items()):
        parameters = inspect.signature(door).parameters.values()
        says = (inspect.getdoc(door) or "").partition("\n")[0]
        told.append({"name": name, "says": says, "arguments": [str(one).partition(":")[0] for one in parameters]})
    return told
