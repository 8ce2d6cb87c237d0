"""Changes of whole records on their way: made, merged, converted, deleted, restored, put into roles.

None of these has a conditional request. So each unit is read directly before it is sent, what moved since the plan is
left alone, and what was accepted is read back, with the field history where it tells whose values were replaced.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from connectors._http import redacted
from connectors._salesforce_client import Client
from connectors._salesforce_faults import LOCK, error_code
from connectors.connector import Sent
from model.batch import Batch
from model.changes import Outcome, OutcomeStatus, Planned
from model.errors import AuthFailed, ConnectorError, NotPermitted, QuotaSpent, RateLimited, Rejected, Unavailable
from model.streams import Value

LOCK_TRIES = 4
PARTLY = "PARTLY"  # of an applied change of which a part was refused


class Deeds:
    """One unit of changes of one kind and stream: collects exactly one outcome per change.

    `accepted` holds those Salesforce took, with the id of what was left behind; they are settled when read back.
    """

    def __init__(self, batch: Sequence[Planned]) -> None:
        self.batch = batch
        self.stream = batch[0].change.key.stream
        self.accepted: dict[str, str | None] = {}
        self._outcomes: dict[str, Outcome] = {}

    def settle(
        self,
        planned: Planned,
        status: OutcomeStatus,
        code: str = "",
        message: str = "",
        *,
        version: int | None = None,
        found: Value = None,
        made: str | None = None,
    ) -> None:
        """Give a change its outcome; one that has one already keeps it."""
        self._outcomes.setdefault(planned.id, Outcome(planned.id, status, code, message, version, found, made))

    def refuse(self, planned: Planned, errors: Sequence[Mapping[str, Any]]) -> bool:
        """Reject with the remote's reason, unless it is a lock: then True, and the change may be sent again."""
        first = errors[0] if errors else {}
        code = error_code(first) or "UNKNOWN"
        if code == LOCK:
            return True
        self.settle(planned, "rejected", code, redacted(str(first.get("message", ""))) or "Salesforce gave no reason")
        return False

    @property
    def open(self) -> list[Planned]:
        """The changes that have no outcome and were not accepted yet."""
        return [one for one in self.batch if one.id not in self._outcomes and one.id not in self.accepted]

    @property
    def unproved(self) -> list[Planned]:
        """The accepted changes that have no outcome yet."""
        return [one for one in self.batch if one.id in self.accepted and one.id not in self._outcomes]

    def sent(self, records: Sequence[Batch] = ()) -> Sent:
        return Sent(tuple(self._outcomes[one.id] for one in self.batch), tuple(records))


class Kind(Protocol):
    """What one kind of change does. A unit is one call's worth."""

    def guard(self, deeds: Deeds) -> None:
        """Read what the changes are about, and settle those that need not or may not be sent."""

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        """Send some changes in one call, note what was accepted and refused; those that met a lock are returned."""

    def prove(self, deeds: Deeds, started_us: int) -> Sequence[Batch]:
        """Read back what was accepted since then (µs by the remote's clock), settle it, and give the records."""


def carry_out(
    client: Client, kind: Kind, batch: Sequence[Planned], *, jitter: Callable[[], float] = random.random
) -> Sent:
    """Send one unit. Raises AuthFailed, QuotaSpent or Unavailable, and only with nothing sent."""
    deeds = Deeds(batch)
    try:
        kind.guard(deeds)
    except (Unavailable, RateLimited) as error:
        raise Unavailable(str(error), connection=client.name, sent=False) from error
    except (NotPermitted, Rejected) as error:
        for planned in deeds.open:
            deeds.settle(planned, "rejected", type(error).__name__, str(error))
    started_us = client.server_time
    _send(client, kind, deeds, jitter)
    return deeds.sent(_proved(kind, deeds, started_us) if deeds.unproved else ())


def _send(client: Client, kind: Kind, deeds: Deeds, jitter: Callable[[], float]) -> None:
    """Send what is open, and again what met a lock, after a short random wait each time."""
    for attempt in range(LOCK_TRIES):
        some = deeds.open
        if not some:
            return
        if attempt:
            client.clocks.sleep((0.2 + jitter()) * attempt)
        try:
            locked = kind.call(deeds, some)
        except (Unavailable, AuthFailed, QuotaSpent, RateLimited) as error:
            was_lost = isinstance(error, Unavailable) and error.sent
            if not was_lost and not attempt:
                raise _unsent(client, error) from error
            for planned in deeds.open:
                deeds.settle(planned, "unknown" if was_lost else "unsent", type(error).__name__, str(error))
            return
        except ConnectorError as error:
            for planned in deeds.open:
                deeds.settle(planned, "rejected", getattr(error, "code", "") or type(error).__name__, str(error))
            return
        for planned in deeds.open:
            if planned not in locked:
                deeds.settle(planned, "unknown", "NO_ANSWER", "Salesforce did not say what became of it")
    for planned in deeds.open:
        deeds.settle(planned, "rejected", LOCK, f"the record stayed locked through {LOCK_TRIES} tries")


def _proved(kind: Kind, deeds: Deeds, started_us: int) -> Sequence[Batch]:
    try:
        return kind.prove(deeds, started_us)
    except ConnectorError as error:
        for planned in deeds.unproved:
            text = "accepted; it could not be read back"
            deeds.settle(planned, "applied", type(error).__name__, text, made=deeds.accepted[planned.id])
        return ()


def _unsent(client: Client, error: ConnectorError) -> ConnectorError:
    if isinstance(error, RateLimited):
        return Unavailable(str(error), connection=client.name, sent=False)
    return error
