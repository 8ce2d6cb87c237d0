"""What Trueline remembers: the mirror of both CRMs, what hygiene found, plans and the journal. The only SQL."""

from store.bases import BaseCell
from store.erase import Person
from store.marks import Work
from store.matches import KindMatch, Matched, MatchUpdate, StoredModel
from store.plans import Recorded
from store.resolving import LinkUpdate
from store.runs import Run
from store.scoped import ScopedStore
from store.store import Store

__all__ = [
    "BaseCell",
    "KindMatch",
    "LinkUpdate",
    "MatchUpdate",
    "Matched",
    "Person",
    "Recorded",
    "Run",
    "ScopedStore",
    "Store",
    "StoredModel",
    "Work",
]
