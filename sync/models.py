"""The models that match: the stored ones in use, and which of those that were learned are kept."""

from __future__ import annotations

from collections.abc import Mapping

from hygiene.judge import Kind
from hygiene.linkage.model import Model
from hygiene.match import KINDS, KINDS_TOGETHER
from store import Store, StoredModel
from sync.workspace import Workspace

# A model that was learned from fewer records is not kept: the next match learns a better one.
LEARNABLE = 200
# With so many times the records it was learned from a model is out of date.
OUTGROWN = 2


def kinds_of(workspace: Workspace) -> tuple[Kind, ...]:
    """The kinds of entity as the settings want them matched."""
    return KINDS_TOGETHER if workspace.settings.match.job_changes == "together" else KINDS


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
    kept = {kind: model for kind, model in models.items() if is_enough(model.terms.records)}
    for kind, model in kept.items():
        store.save_model(kind, StoredModel(model.version, at, model.body))
    return {kind: model.version for kind, model in kept.items()}


def is_enough(records: int) -> bool:
    """Whether what is learned from so many records is worth keeping."""
    return records >= LEARNABLE


def outgrown(store: Store) -> list[str]:
    """A sentence for each kind of entity of which the store holds far more records than its model was learned from."""
    models, matched = stored_models(store), store.matched()
    return [
        f"What weighs a {kind} was learned from {model.terms.records:,} records, and there are now "
        f"{matched[kind].summary['records']:,}: `trueline relearn` shows what learning anew would change."
        for kind, model in models.items()
        if kind in matched and matched[kind].summary["records"] >= OUTGROWN * model.terms.records
    ]
