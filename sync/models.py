"""The models that match: the stored ones in use, and which of those that were learned are kept."""

from __future__ import annotations

from collections.abc import Mapping

from hygiene.linkage.model import Model
from hygiene.match import KINDS
from store import Store, StoredModel

# A model that was learned from fewer records is not kept: the next match learns a better one.
LEARNABLE = 200


def stored_models(store: Store) -> dict[str, Model]:
    """By kind of entity the model in use; kinds without one, or with one of another program's making, are left out."""
    found = {}
    for kind in KINDS:
        stored = store.model(kind.name)
        try:
            if stored is not None:
                found[kind.name] = Model.parse(stored.body)
        except ValueError:
            continue
    return found


def keep_models(store: Store, models: Mapping[str, Model], at: int) -> dict[str, str]:
    """Store the models that were learned from records enough; the versions of those, by kind."""
    kept = {kind: model for kind, model in models.items() if model.terms.records >= LEARNABLE}
    for kind, model in kept.items():
        store.save_model(kind, StoredModel(model.version, at, model.body))
    return {kind: model.version for kind, model in kept.items()}
