"""The oracle's own history of two CRMs: every cell that ever changed, who changed it, and what was journaled then.

It reads the sandboxes' tables around each request and knows nothing of Trueline but the form of its journal: what a
request of ours changed is ours, whatever else changed is somebody else's.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot import HubspotApp
from sandbox.salesforce import SalesforceApp
from sandbox.wire import Request, Response

App = SalesforceApp | HubspotApp
Cell = tuple[str, str, str, str]  # connection, stream, record, field
Rows = dict[str, tuple[Any, ...]]

EXISTS = "exists"
# The vendors' names of what is judged field by field, by connection and stream; all else is judged record by record.
PEOPLE = {"given_name": "FirstName", "family_name": "LastName", "email": "Email", "phone": "Phone",
          "mobile": "MobilePhone", "title": "Title", "email_opt_out": "HasOptedOutOfEmail",
          "do_not_call": "DoNotCall"}  # fmt: skip
FIELDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("sf", "accounts"): {"name": "Name", "phone": "Phone", "website": "Website", "city": "BillingCity",
                         "country": "BillingCountry"},
    ("sf", "contacts"): {**PEOPLE, "city": "MailingCity", "country": "MailingCountry", "account_id": "AccountId"},
    ("sf", "leads"): {**PEOPLE, "city": "City", "country": "Country", "company": "Company"},
    ("hs", "accounts"): {"name": "name", "phone": "phone", "domain": "domain", "website": "website", "city": "city",
                         "country": "country"},
    ("hs", "contacts"): {"given_name": "firstname", "family_name": "lastname", "email": "email", "phone": "phone",
                         "mobile": "mobilephone", "title": "jobtitle", "city": "city", "country": "country",
                         "company": "company", "email_opt_out": "hs_email_optout",
                         "account_id": "associatedcompanyid"},
}  # fmt: skip
TABLES = {
    "sf": {"accounts": "Account", "contacts": "Contact", "leads": "Lead"},
    "hs": {"accounts": "companies", "contacts": "contacts"},
}
CONSENTS = ("email_opt_out", "do_not_call")
_UNFINISHED = """
SELECT c.id, c.body FROM journal j JOIN changes c ON c.id = j.change_id
WHERE j.number IN (SELECT max(number) FROM journal GROUP BY change_id) AND NOT EXISTS (
  SELECT 1 FROM outcomes o WHERE o.change_id = j.change_id AND o.journal_number >= j.number AND o.status != 'unknown')
"""


@dataclass(frozen=True, slots=True)
class Written:
    """One cell that changed. `request` numbers our request that did it; None: somebody else did. `open_changes` are
    the changes that were journaled and without outcome when the request came, by id."""

    at: int
    step: int
    request: int | None
    connection: str
    stream: str
    id: str
    field: str  # canonical, or the vendor's name where it is not judged
    before: Any
    after: Any
    open_changes: Mapping[str, Mapping[str, Any]]
    opted_out: tuple[str, ...]  # of a record that ended: the consents it had taken back

    @property
    def is_ours(self) -> bool:
        return self.request is not None

    @property
    def cell(self) -> Cell:
        return self.connection, self.stream, self.id, self.field


@dataclass(slots=True)
class _Watched:
    """One CRM as it was last seen."""

    name: str
    app: App
    database: sqlite3.Connection
    lock: threading.RLock
    changes: int = -1
    columns: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)


class Ledger:
    """Watches the CRMs; `store` is where Trueline's SQLite file lies, `step` what the walk is at."""

    def __init__(self, apps: Mapping[str, App]) -> None:
        self.written: list[Written] = []
        self.step = 0
        self.store: str | None = None
        self.requests = 0
        self._watched = {name: _Watched(name, app, _database(app), threading.RLock()) for name, app in apps.items()}
        for watched in self._watched.values():
            self._intercept(watched)

    def begin(self, store: str) -> None:
        """Forget everything; what the CRMs hold now is what they began with."""
        self.store, self.step = store, 0
        for watched in self._watched.values():
            watched.changes = -1
            watched.rows = {}
            self._catch_up(watched, None, {})
        self.written.clear()

    def catch_up(self) -> None:
        """Take in what somebody else did since."""
        for watched in self._watched.values():
            with watched.lock:
                self._catch_up(watched, None, {})

    def live(self, connection: str, stream: str) -> dict[str, dict[str, Any]]:
        """The live records as they are now, by id, with canonical names where there are any."""
        watched = self._watched[connection]
        columns = watched.columns[stream]
        found = {key: dict(zip(columns, row, strict=True)) for key, row in watched.rows[stream].items()}
        return {key: row for key, row in found.items() if row[EXISTS]}

    def row(self, connection: str, stream: str, record: str) -> dict[str, Any]:
        """A record, gone or not, with canonical names where there are any; nothing where there never was one."""
        watched = self._watched[connection]
        return dict(zip(watched.columns[stream], watched.rows[stream].get(record, ()), strict=False))

    def survivor(self, connection: str, stream: str, record: Any) -> Any:
        """The id a record lives on under."""
        if connection == "sf":
            columns, rows = self._watched["sf"].columns[stream], self._watched["sf"].rows[stream]
            place = columns.index("MasterRecordId") if "MasterRecordId" in columns else None
            while place is not None and record in rows and rows[record][place]:
                record = rows[record][place]
            return record
        database = self._watched["hs"].database
        sql = "SELECT survivor FROM aliases WHERE kind = ? AND id = ?"
        found = database.execute(sql, (TABLES["hs"][stream], int(record))).fetchone() if record else None
        return str(found[0]) if found else record

    def _intercept(self, watched: _Watched) -> None:
        handle: Callable[[Request], Response] = watched.app.handle

        def observed(request: Request) -> Response:
            with watched.lock:
                self._catch_up(watched, None, {})
                open_changes = self._open_changes() if request.method != "GET" else {}
                response = handle(request)
                self.requests += 1
                self._catch_up(watched, self.requests, open_changes)
                return response

        setattr(watched.app, "handle", observed)  # noqa: B010  the listener looks it up for every request

    def _open_changes(self) -> dict[str, dict[str, Any]]:
        if self.store is None:
            return {}
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as opened:
            found = {key: json.loads(body) for key, body in opened.execute(_UNFINISHED)}
        opened.close()
        return found

    def _catch_up(self, watched: _Watched, request: int | None, open_changes: Mapping[str, Mapping[str, Any]]) -> None:
        changes = watched.database.total_changes
        if changes == watched.changes:
            return
        watched.changes = changes
        for stream, (columns, rows) in _tables(watched).items():
            before = watched.rows.get(stream, {})
            watched.columns[stream] = columns
            watched.rows[stream] = rows
            for key in sorted(before.keys() | rows.keys()):
                old, new = before.get(key), rows.get(key)
                if old != new:
                    for name, was, now in _cells(columns, old, new):
                        self.written.append(Written(
                            len(self.written), self.step, request, watched.name, stream, key, name, was, now,
                            open_changes, _opted_out(columns, old) if old and name == EXISTS else (),
                        ))  # fmt: skip


def _opted_out(columns: list[str], row: tuple[Any, ...]) -> tuple[str, ...]:
    held = dict(zip(columns, row, strict=False))
    return tuple(name for name in CONSENTS if is_given(held.get(name)))


def is_given(consent: Any) -> bool:
    """Whether an opt-out is one, as either CRM stores it."""
    return consent in (True, 1, "true")


def plain(value: Any, field_name: str) -> Any:
    """A value as both sides tell it: blank is None, flags are flags."""
    if field_name in CONSENTS:
        return is_given(value)
    return None if value in (None, "") else str(value)


def _database(app: App) -> sqlite3.Connection:
    if isinstance(app, SalesforceApp):
        return app._org.database._connection
    return app._portal.store.db


def _tables(watched: _Watched) -> dict[str, tuple[list[str], Rows]]:
    """By stream its columns and rows, the first column saying whether the record is there."""
    found: dict[str, tuple[list[str], Rows]] = {}
    for stream, table in TABLES[watched.name].items():
        cursor = watched.database.execute(f'SELECT * FROM "{table}"')
        raw = [column[0] for column in cursor.description]
        mine = {vendor: ours for ours, vendor in FIELDS[watched.name, stream].items()}
        key, gone = (
            raw.index(name) for name in (("Id", "IsDeleted") if watched.name == "sf" else ("_id", "_archived"))
        )
        columns = [EXISTS, *(mine.get(name, name) for name in raw)]
        found[stream] = columns, {str(row[key]): (not row[gone], *row) for row in cursor}
    if watched.name == "hs":
        links = watched.database.execute(
            "SELECT source_id, target_id, types FROM links WHERE source = 1 AND target = 2"
        )
        found["links"] = [EXISTS, "types"], {f"{row[0]}>{row[1]}": (True, row[2]) for row in links}
    return found


_STAMPS = frozenset({
    "LastModifiedDate", "SystemModstamp", "LastModifiedById", "CreatedDate", "CreatedById", "LastViewedDate",
    "LastReferencedDate", "_updated", "_created", "_archived", "_archived_at", "IsDeleted", "_id", "Id",
})  # fmt: skip


def _cells(
    columns: list[str], old: tuple[Any, ...] | None, new: tuple[Any, ...] | None
) -> Iterator[tuple[str, Any, Any]]:
    """The cells of a row that differ; of one that came or went only that it did."""
    was, now = old is not None and old[0], new is not None and new[0]
    if was != now:
        yield EXISTS, None if old is None else was, now
    if old is None or new is None:
        return
    # A property that was made since has its column behind the others.
    padded = old + (None,) * (len(new) - len(old))
    for name, before, after in zip(columns[1:], padded[1:], new[1:], strict=True):
        if before != after and name not in _STAMPS:
            yield name, before, after
