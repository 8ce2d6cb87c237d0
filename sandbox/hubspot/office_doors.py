"""Doors to the account beside its records: people who log in, forms that visitors fill in."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.hubspot.account_activity import logged_in
from sandbox.hubspot.errors import HubspotError
from sandbox.hubspot.exports import run_export
from sandbox.hubspot.forms import SHELF, form_named, new_form
from sandbox.hubspot.imports import run_import
from sandbox.hubspot.jobs import NEVER_MS, run_due
from sandbox.hubspot.limits import Limiter
from sandbox.hubspot.links import Links
from sandbox.hubspot.people import People
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.submissions import Submitter, author_of
from sandbox.hubspot.writing import Writer


class OfficeDoors:
    """Doors of an app that act on the account itself."""

    _lock: threading.RLock
    _portal: Portal
    _links: Links
    _writer: Writer
    _limiter: Limiter

    @property
    def office_doors(self) -> Mapping[str, Callable[..., Any]]:
        return {door.__name__: door for door in (self.log_in, self.make_form, self.submit_form, self.finish_jobs)}

    def run_jobs(self, *, until_ms: int | None = None) -> None:
        """Do the imports and exports that are due, now or until a moment to come."""
        portal, links = self._portal, self._links
        workers = {
            "import": lambda job: run_import(portal, links, self._writer, job),
            "export": lambda job: run_export(portal, links, self._limiter.local_zone(), job),
        }
        run_due(portal, workers, until_ms=until_ms)

    def finish_jobs(self) -> None:
        """Let all imports and exports that are under way be done now."""
        with self._lock:
            self.run_jobs(until_ms=NEVER_MS)

    def log_in(self, user_id: int, succeeded: bool = True) -> None:
        """Let a user of the account log in, or fail to."""
        with self._lock, self._portal.store.transaction():
            user = People(self._portal).user(str(user_id))
            if user is None:
                raise LookupError(f"there is no user {user_id}")
            logged_in(self._portal, user, succeeded)

    def make_form(self, name: str, form_id: str = "") -> str:
        """Make a form that asks for an e-mail address; its id."""
        with self._lock, self._portal.store.transaction():
            form = new_form(form_id or str(uuid.uuid4()), name, self._portal.now())
            self._portal.documents.put(SHELF, form["id"], form)
            return str(form["id"])

    def submit_form(self, form_id: str, page: str = "https://www.example.com/contact", **fields: str) -> str | None:
        """Fill a form in as a visitor does; the id of the contact, who may be new. None without an e-mail address."""
        with self._lock:
            try:
                form = form_named(self._portal, form_id)
                with self._portal.transaction(author_of(form)):
                    submitter = Submitter(self._portal, self._links, self._writer)
                    contact = submitter.submit(form, fields, page=page, title="Contact")
            except HubspotError as error:
                raise LookupError(error.message) from error
        return None if contact is None else str(contact)
