"""Jobs and the table that keeps them: what was asked, how far it has come, what it found."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.database import Database
from sandbox.salesforce.errors import not_found
from sandbox.salesforce.ids import long_id, make_id
from sandbox.salesforce.times import text_of_ms

OPEN, WAITING, RUNNING = "Open", "UploadComplete", "InProgress"
DONE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
ENDED = (DONE, FAILED, ABORTED)
UNDER_WAY = (WAITING, RUNNING)
_KEPT_MS = 7 * 24 * 3600 * 1000
_COLUMNS = "id, kind, state, created, changed, facts"


@dataclass(slots=True)
class Job:
    """One job; `facts` are its creation's words and its counts."""

    id: str
    kind: str  # query or ingest
    state: str
    created: str
    changed: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def brief(self) -> dict[str, Any]:
        """What every answer about a job begins with, and all that an answer to PATCH has."""
        shown = {name: self.facts[name] for name in ("operation", "object", "createdById")}
        body = {
            "id": self.id,
            **shown,
            "createdDate": self.created,
            "systemModstamp": self.changed,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.facts["apiVersion"]),
        }
        optional = ("externalIdFieldName", "assignmentRuleId")
        return body | {name: self.facts[name] for name in optional if self.facts.get(name)}

    def dialect(self) -> dict[str, Any]:
        return {name: self.facts[name] for name in ("lineEnding", "columnDelimiter")}


class Jobs:
    """The jobs of one org; they are rows of its database, so they are saved and restored with it."""

    def __init__(self, database: Database, clock: SandboxClock, pod: str) -> None:
        self._database = database
        self._clock = clock
        self._pod = pod
        database.execute(
            "CREATE TABLE IF NOT EXISTS _bulk_jobs (id TEXT PRIMARY KEY, kind TEXT, state TEXT, created TEXT,"
            " changed TEXT, facts TEXT)"
        )

    def add(self, kind: str, state: str, facts: dict[str, Any]) -> Job:
        """A new job; those of more than seven days ago go for good."""
        now_ms = self._clock.now_ms()
        now = text_of_ms(now_ms)
        identity = make_id("750", self._pod, self._database.next_number("750"))
        job = Job(identity, kind, state, now, now, facts)
        with self._database.transaction():
            old = (text_of_ms(now_ms - _KEPT_MS),)
            self._database.execute(
                "DELETE FROM _bulk_pieces WHERE job IN (SELECT id FROM _bulk_jobs WHERE created < ?)", old
            )
            self._database.execute("DELETE FROM _bulk_jobs WHERE created < ?", old)
            self._database.execute(
                f"INSERT INTO _bulk_jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                (job.id, kind, state, now, now, json.dumps(facts)),
            )
        return job

    def get(self, identity: str, kind: str) -> Job:
        """The job of that id; NOT_FOUND when there is none of that kind."""
        found = self.find(identity)
        if found is None or found.kind != kind:
            raise not_found()
        return found

    def find(self, identity: str) -> Job | None:
        rows = self._database.select(
            f"SELECT {_COLUMNS} FROM _bulk_jobs WHERE id = ?", (long_id(identity) or identity,)
        )
        return _job(rows[0]) if rows else None

    def move(self, identity: str, state: str, only_from: Collection[str], **facts: Any) -> Job | None:
        """The job in its new state and with more facts; None when it was in none of the states it may leave."""
        with self._database.transaction():
            job = self.find(identity)
            if job is None or job.state not in only_from:
                return None
            job.state, job.changed = state, text_of_ms(self._clock.now_ms())
            job.facts |= facts
            self._database.execute(
                "UPDATE _bulk_jobs SET state = ?, changed = ?, facts = ? WHERE id = ?",
                (job.state, job.changed, json.dumps(job.facts), job.id),
            )
            return job

    def remove(self, identity: str) -> None:
        self._database.execute("DELETE FROM _bulk_jobs WHERE id = ?", (identity,))

    def listed(self, kinds: Collection[str], start: int, most: int) -> list[Job]:
        """Jobs of these kinds in the order of their ids, `most` of them from the one numbered `start`."""
        marks = ", ".join("?" * len(kinds))
        rows = self._database.select(
            f"SELECT {_COLUMNS} FROM _bulk_jobs WHERE kind IN ({marks}) ORDER BY id LIMIT ? OFFSET ?",
            (*kinds, most, start),
        )
        return [_job(row) for row in rows]

    def of_last_day(self) -> list[Job]:
        since = text_of_ms(self._clock.now_ms() - 24 * 3600 * 1000)
        rows = self._database.select(f"SELECT {_COLUMNS} FROM _bulk_jobs WHERE created >= ?", (since,))
        return [_job(row) for row in rows]


def _job(row: tuple[Any, ...]) -> Job:
    identity, kind, state, created, changed, facts = row
    return Job(identity, kind, state, created, changed, json.loads(facts))
