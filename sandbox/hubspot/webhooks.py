"""Webhooks: what happened is sent to those who subscribed, signed, in batches, again when it fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from sandbox.hubspot.events import Event
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.subscriptions import OBJECTS, SETTINGS, is_loopback

BATCH_MAX = 99
MAX_RETRIES = 10
TIMEOUT_S = 5.0
_FIRST_EVENT = 100_000_000
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one app."""

    app_id: int
    payload: Payload
    attempt: int = 0


@dataclass(slots=True)
class Webhooks:
    """Deliveries wait in memory until `send`. `lock` is the app's: it is never held while something is sent."""

    portal: Portal
    secret: str
    lock: threading.RLock
    ring: Callable[[], None] | None = None  # called when there is something to send
    _waiting: list[Delivery] = field(default_factory=list)
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(_FIRST_EVENT))

    def __post_init__(self) -> None:
        self.portal.events.kept = self.collect
        self.reread()

    def reread(self) -> None:
        """Let events be noted when somebody has subscribed to any."""
        self.portal.events.wanted = any(one["active"] for _, one in self._subscriptions())

    def collect(self, events: Iterable[Event]) -> None:
        """Turn what happened into deliveries to those who have subscribed by now; the lock is held."""
        subscriptions = [(app_id, one) for app_id, one in self._subscriptions() if one["active"]]
        self._waiting += [
            Delivery(app_id, self._payload(event, app_id, one))
            for event in events
            for app_id, one in subscriptions
            if _is_meant(one, event)
        ]
        if self._waiting and self.ring is not None:
            self.ring()

    def send(self, *, shuffled: bool = False, doubled: bool = False, seed: int = 0) -> dict[str, int]:
        """Deliver what waits, once; how many events were taken, refused and given up. What is refused waits for the
        next call, ten times at most. Receivers must expect any order and repetitions: `shuffled`, `doubled`."""
        with self._sending:
            with self.lock:
                waiting, self._waiting = self._waiting, []
                targets = {
                    int(app_id): one["targetUrl"] for app_id, one in self.portal.documents.list(SETTINGS).items()
                }
            if shuffled:
                random.Random(seed).shuffle(waiting)
            counts = {"delivered": 0, "refused": 0, "given_up": 0}
            for app_id in dict.fromkeys(one.app_id for one in waiting):
                mine = [one for one in waiting if one.app_id == app_id]
                for start in range(0, len(mine), BATCH_MAX):
                    self._deliver(targets.get(app_id, ""), mine[start : start + BATCH_MAX], counts, 1 + doubled)
            return counts

    def _deliver(self, target: str, batch: list[Delivery], counts: dict[str, int], times: int) -> None:
        taken = [self._post(target, batch) for _ in range(times)]
        if all(taken):
            counts["delivered"] += len(batch)
            return
        again = [replace(one, attempt=one.attempt + 1) for one in batch if one.attempt < MAX_RETRIES]
        counts["refused"] += len(batch)
        counts["given_up"] += len(batch) - len(again)
        with self.lock:
            self._waiting += again

    def _post(self, target: str, batch: list[Delivery]) -> bool:
        if not is_loopback(target):
            return False
        body = json.dumps([{**one.payload, "attemptNumber": one.attempt} for one in batch], separators=(",", ":"))
        parts = urlsplit(target)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body.encode(), self._headers(target, body))
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _headers(self, target: str, body: str) -> dict[str, str]:
        now = str(self.portal.clock.now_ms())
        signed = hmac.new(self.secret.encode(), f"POST{target}{body}{now}".encode(), hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "X-HubSpot-Signature-v3": base64.b64encode(signed.digest()).decode(),
            "X-HubSpot-Request-Timestamp": now,
            "X-HubSpot-Signature": hashlib.sha256(f"{self.secret}{body}".encode()).hexdigest(),
            "X-HubSpot-Signature-Version": "v1",
        }

    def _subscriptions(self) -> list[tuple[int, Payload]]:
        """All subscriptions with the id of their app."""
        sql = "SELECT shelf, body FROM documents WHERE shelf LIKE 'webhooks:%' ORDER BY shelf, key"
        rows = self.portal.store.db.execute(sql).fetchall()
        return [(int(shelf.partition(":")[2]), json.loads(body)) for shelf, body in rows]

    def _payload(self, event: Event, app_id: int, subscription: Payload) -> Payload:
        told: Payload = {} if event.name == "associationChange" else {"objectId": event.object_id}
        if subscription["eventType"].startswith("object."):
            told["objectTypeId"] = event.kind.type_id
        return {
            **told,
            **event.more,
            "changeSource": event.author.source_type,
            "sourceId": event.author.source_id,
            "eventId": next(self._numbers),
            "subscriptionId": int(subscription["id"]),
            "portalId": self.portal.settings.portal_id,
            "appId": app_id,
            "occurredAt": event.at_ms,
            "subscriptionType": subscription["eventType"],
        }


class Courier:
    """Sends what waits from a thread of its own, soon after it happened, until `stop`."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._rung = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="hubspot-webhooks", daemon=True)
        webhooks.ring = self._rung.set
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is sending; what still waits is not sent."""
        self._webhooks.ring = None
        self._stopped = True
        self._rung.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            if self._stopped:
                return
            self._webhooks.send()


def _is_meant(subscription: Payload, event: Event) -> bool:
    one, _, name = subscription["eventType"].partition(".")
    if name != event.name:
        return False
    if name == "propertyChange" and subscription["propertyName"] != event.more["propertyName"]:
        return False
    if one == "object":
        return event.kind.is_named(str(subscription["objectTypeId"]))
    return one == event.kind.singular and one in OBJECTS
