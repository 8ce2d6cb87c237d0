"""Work that takes the account a while: imports and exports wait on a shelf until the clock says they are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.hubspot.portal import Portal

_SHELF = "jobs"
NEVER_MS = 10**14


def put_off(portal: Portal, name: str, job_id: str, due_ms: int) -> None:
    """Let the work `name` (import, export) be done at `due_ms`."""
    portal.documents.put(_SHELF, f"{due_ms:015d}:{name}:{job_id}", {"name": name, "id": job_id})


def call_off(portal: Portal, job_id: str) -> None:
    for key, job in portal.documents.list(_SHELF).items():
        if job["id"] == job_id:
            portal.documents.drop(_SHELF, key)


def run_due(portal: Portal, workers: Mapping[str, Callable[[str], None]], *, until_ms: int | None = None) -> None:
    """Do what is due, in its order; each worker is given the id of its job and sees to its own transaction."""
    if not portal.documents.any(_SHELF):
        return
    now_ms = portal.clock.now_ms() if until_ms is None else until_ms
    for key, job in portal.documents.list(_SHELF).items():
        if int(key.partition(":")[0]) <= now_ms:
            portal.documents.drop(_SHELF, key)
            workers[job["name"]](job["id"])
