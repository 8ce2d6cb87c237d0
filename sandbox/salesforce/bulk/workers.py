"""The threads that work on jobs while clients wait or ask."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context

_logger = logging.getLogger("sandbox")


class Workers:
    """One thread for each job under way; a job has one at most."""

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self.closing = threading.Event()

    def start(self, job: str, work: Callable[[], None]) -> None:
        """Begin the work unless it has begun."""
        with self._lock:
            if job in self._threads or self.closing.is_set():
                return
            # What strikes the request that began the work also strikes the rows.
            target = copy_context().run
            thread = threading.Thread(target=target, args=(self._run, job, work), name=f"bulk {job}", daemon=True)
            self._threads[job] = thread
        thread.start()

    def wait(self, job: str, seconds: float) -> None:
        """Until the work is done, so long at most; at once when there is none."""
        with self._lock:
            thread = self._threads.get(job)
        if thread is not None:
            thread.join(seconds)

    def close(self) -> None:
        """Ask all work to stop, and wait for it."""
        self.closing.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _run(self, job: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the thread's boundary: whoever asks next finds no worker and an unfinished job
            _logger.exception("The salesforce sandbox failed on bulk job %s", job)
        finally:
            with self._lock:
                self._threads.pop(job, None)
