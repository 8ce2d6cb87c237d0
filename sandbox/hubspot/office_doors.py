"""Doors to the account beside its records: people who log in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.hubspot.account_activity import logged_in
from sandbox.hubspot.people import People
from sandbox.hubspot.portal import Portal


class OfficeDoors:
    """Doors of an app that act on the account itself."""

    _lock: threading.RLock
    _portal: Portal

    @property
    def office_doors(self) -> Mapping[str, Callable[..., Any]]:
        return {door.__name__: door for door in (self.log_in,)}

    def log_in(self, user_id: int, succeeded: bool = True) -> None:
        """Let a user of the account log in, or fail to."""
        with self._lock, self._portal.store.transaction():
            user = People(self._portal).user(str(user_id))
            if user is None:
                raise LookupError(f"there is no user {user_id}")
            logged_in(self._portal, user, succeeded)
