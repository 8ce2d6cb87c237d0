"""The state that all handlers share: records, definitions, links, pipelines, clock and settings of one account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.hubspot.admin_rules import AdminRule
from sandbox.hubspot.definition import Definition, option_pairs
from sandbox.hubspot.documents import Documents, as_json
from sandbox.hubspot.downloads import Downloads
from sandbox.hubspot.errors import HubspotError
from sandbox.hubspot.events import Events
from sandbox.hubspot.kinds import KINDS, Kind, custom_kind, kind_named
from sandbox.hubspot.schema import default_definitions, group_of
from sandbox.hubspot.stage_times import ENTERED, LIFECYCLE, slug, time_properties
from sandbox.hubspot.store import Store
from sandbox.hubspot.tokens import Author
from sandbox.hubspot.values import stamp

_SALES = {
    "appointmentscheduled": ("Appointment Scheduled", "0.2"),
    "qualifiedtobuy": ("Qualified To Buy", "0.4"),
    "presentationscheduled": ("Presentation Scheduled", "0.6"),
    "decisionmakerboughtin": ("Decision Maker Bought-In", "0.8"),
    "contractsent": ("Contract Sent", "0.9"),
    "closedwon": ("Closed Won", "1.0"),
    "closedlost": ("Closed Lost", "0.0"),
}
_SUPPORT = {"1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed"}
_PROSPECTS = {
    "new-stage-id": ("New", "IN_PROGRESS"),
    "attempting-stage-id": ("Attempting", "IN_PROGRESS"),
    "connected-stage-id": ("Connected", "IN_PROGRESS"),
    "qualified-stage-id": ("Qualified", "QUALIFIED"),
    "unqualified-stage-id": ("Disqualified", "UNQUALIFIED"),
}


@dataclass(slots=True)
class Settings:
    """Switches of the portal; fields may be set at any time.

    `index_lag_ms`: how long the search index does not know of a write. `salesforce_integration`: the native
    integration is on, so companies cannot be merged. `deal_merge_makes_new_id`: not known of a real portal.
    `oauth_v1`: the first version of OAuth still answers. `admin_rules` and whether OAuth apps' users may associate
    records hold for writes from 2026-09 on. `job_ms`: how long an import or export takes.
    """

    portal_id: int = 48_000_001
    time_zone: str = "UTC"
    currency: str = "EUR"
    more_currencies: tuple[str, ...] = ("USD", "GBP")
    index_lag_ms: int = 2000
    salesforce_integration: bool = False
    deal_merge_makes_new_id: bool = False
    admin_rules: list[AdminRule] = field(default_factory=list)
    oauth_may_associate: bool = True
    oauth_v1: bool = True
    job_ms: int = 1000


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    pipeline: str
    label: str
    is_closed: bool
    probability: float


class Portal:
    """One account. Definitions and stages are cached; what changes them goes through here."""

    def __init__(self, path: Path | None, clock: SandboxClock, settings: Settings) -> None:
        self.clock = clock
        self.settings = settings
        self.store = Store(path)
        self.documents = Documents(self.store)
        self.events = Events(clock)
        self._definitions: dict[str, dict[str, Definition]] = {}
        self._stages: dict[str, dict[str, Stage]] = {}
        self._custom: dict[str, Kind] = {}
        self._rules: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
        self.downloads = Downloads(clock)
        self.is_redefined = False  # definitions have changed since somebody set it to False
        self.writes = 0  # grows with every change, so that answers may be cached
        self.totals: dict[object, tuple[int, int]] = {}  # of searches: (writes, total)
        self._furnish()
        self.reread()

    def _furnish(self) -> None:
        with self.store.transaction():
            new = [kind for kind in KINDS if not self.documents.list(f"definitions:{kind.plural}")]
            for kind in new:
                self.documents.put_texts(f"definitions:{kind.plural}", _new_definitions(kind))
            sales = [(key, label, {"isClosed": str(key.startswith("closed")).lower(), "probability": probability})
                     for key, (label, probability) in _SALES.items()]  # fmt: skip
            support = [
                (key, label, {"isClosed": str(key == "4").lower(), "ticketState": "CLOSED" if key == "4" else "OPEN"})
                for key, label in _SUPPORT.items()
            ]
            prospects = [(key, label, {"leadState": state}) for key, (label, state) in _PROSPECTS.items()]
            for plural, pipeline_id, label, stages in (
                ("deals", "default", "Sales Pipeline", sales),
                ("tickets", "0", "Support Pipeline", support),
                ("leads", "lead-pipeline-id", "Lead pipeline", prospects),
            ):
                if any(kind.plural == plural for kind in new):
                    self.put_pipeline(plural, self.new_pipeline(pipeline_id, label, 0, stages))

    def reread(self) -> None:
        """Fill the caches from the database, and give each property its column."""
        self.writes += 1
        self._stages.clear()
        self._rules.clear()
        schemas = self.documents.list("schemas").values()
        self._custom = {kind.plural: kind for kind in map(_kind_of_schema, schemas)}
        self._definitions.clear()
        self.store.forget()
        for kind in self.kinds:
            stored = self.documents.texts(f"definitions:{kind.plural}")
            definitions = {name: _definition(text) for name, text in stored.items()}
            self._definitions[kind.plural] = definitions
            for definition in self._stage_definitions(kind):
                self._put_definition(kind, definition)
            self.store.furnish(kind, definitions)

    @contextmanager
    def transaction(self, author: Author) -> Iterator[None]:
        """All that `author` does within happens, or nothing of it."""
        with self.events.by(author), self.store.transaction():
            yield

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within a transaction: undo what happens here, and only that, when it fails."""
        with self.events.attempt(), self.store.attempt():
            yield

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """HubSpot's object types and the account's own."""
        return (*KINDS, *self._custom.values())

    def now(self) -> str:
        return stamp(self.clock.now_ms())

    def kind(self, name: str) -> Kind:
        """The object type of that name or type id; 400 when there is none."""
        kind = self.find_kind(name)
        if kind is None:
            raise HubspotError(400, f"Unable to infer object type from: {name[:200]}", "")
        return kind

    def find_kind(self, name: str) -> Kind | None:
        """A custom type goes by its type id, its name, and that after `p_` or `p<portal>_`."""
        found = kind_named(name)
        if found is not None or not self._custom:
            return found
        bare = name[2:] if name.lower().startswith("p_") else name
        return next((kind for kind in self._custom.values() if kind.is_named(bare)), None)

    def kind_numbered(self, number: int) -> Kind:
        return next(kind for kind in self.kinds if kind.number == number)

    def put_schema(self, schema: dict[str, Any]) -> Kind:
        """Keep the schema of a custom object type, with its table when it is new."""
        self.is_redefined = True
        self.documents.put("schemas", schema["fullyQualifiedName"], schema)
        kind = _kind_of_schema(schema)
        if kind.plural not in self._definitions:
            self._definitions[kind.plural] = default_definitions(kind)
            for definition in self._definitions[kind.plural].values():
                self.documents.put(f"definitions:{kind.plural}", definition.name, definition.stored())
            self.store.furnish(kind, self._definitions[kind.plural])
        self._custom[kind.plural] = kind
        return kind

    def drop_schema(self, kind: Kind) -> None:
        """Forget a custom object type and all of its records."""
        self.documents.drop("schemas", kind.plural)
        self.documents.clear(f"definitions:{kind.plural}")
        self.drop_pipelines(kind.plural)
        self.store.drop(kind)
        del self._custom[kind.plural], self._definitions[kind.plural]
        self.writes += 1

    # definitions

    def definitions(self, kind: Kind) -> dict[str, Definition]:
        """All definitions by name, archived ones too."""
        return self._definitions[kind.plural]

    def definition(self, kind: Kind, name: str) -> Definition | None:
        """The live definition; property names are matched without case."""
        found = self._definitions[kind.plural].get(name.lower())
        return None if found is None or found.archived else found

    def define(self, kind: Kind, definition: Definition) -> None:
        """Add or replace a property definition."""
        self._put_definition(kind, definition)
        self.store.add_property(kind, definition.name)
        self.is_redefined = True
        self.writes += 1
        if definition.name == LIFECYCLE:
            self._define_stages(kind)

    def _put_definition(self, kind: Kind, definition: Definition) -> None:
        if self._definitions[kind.plural].get(definition.name) != definition:
            self.documents.put(f"definitions:{kind.plural}", definition.name, definition.stored())
            self._definitions[kind.plural][definition.name] = definition

    def _define_stages(self, kind: Kind) -> None:
        for definition in self._stage_definitions(kind):
            self.define(kind, definition)

    def rules(self, kind: Kind) -> dict[str, dict[str, dict[str, Any]]]:
        """The validation rules by property and type of rule."""
        if kind.plural not in self._rules:
            self._rules[kind.plural] = self.documents.list(f"rules:{kind.plural}")
        return self._rules[kind.plural]

    def put_rules(self, kind: Kind, name: str, rules: dict[str, dict[str, Any]]) -> None:
        self.documents.put(f"rules:{kind.plural}", name, rules)
        self._rules.pop(kind.plural, None)

    # pipelines

    def new_pipeline(
        self, pipeline_id: str, label: str, order: int, stages: list[tuple[str, str, dict[str, str]]]
    ) -> dict[str, Any]:
        """A pipeline as the API tells it, from (stage id, label, metadata)."""
        now = self.now()
        common = {"createdAt": now, "updatedAt": now, "archived": False}
        return {
            "id": pipeline_id,
            "label": label,
            "displayOrder": order,
            **common,
            "stages": [
                {
                    "id": key,
                    "label": name,
                    "displayOrder": place,
                    "metadata": metadata,
                    "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                    **common,
                }
                for place, (key, name, metadata) in enumerate(stages)
            ],
        }

    def put_pipeline(self, plural: str, pipeline: dict[str, Any]) -> None:
        self.is_redefined = True
        self.documents.put(f"pipelines:{plural}", str(pipeline["id"]), pipeline)
        self._stages.pop(plural, None)
        kind = self.kind(plural)
        if plural in self._definitions:
            self._define_stages(kind)

    def drop_pipelines(self, plural: str) -> None:
        self.documents.clear(f"pipelines:{plural}")
        self._stages.pop(plural, None)

    def pipelines(self, plural: str) -> list[dict[str, Any]]:
        """The object's pipelines in display order, archived ones and archived stages included."""
        found = self.documents.list(f"pipelines:{plural}").values()
        return sorted(found, key=lambda pipeline: (pipeline["displayOrder"], pipeline["id"]))

    def stages(self, plural: str) -> dict[str, Stage]:
        """Live stages by id, in the order of the pipelines."""
        if plural not in self._stages:
            self._stages[plural] = {
                stage["id"]: Stage(
                    stage["id"],
                    pipeline["id"],
                    stage["label"],
                    str(stage["metadata"].get("isClosed", "false")).lower() == "true",
                    float(stage["metadata"].get("probability") or 0),
                )
                for pipeline in self.pipelines(plural)
                for stage in pipeline["stages"]
                if not pipeline["archived"] and not stage["archived"]
            }
        return self._stages[plural]

    def stage_ids(self, kind: Kind) -> list[str]:
        """The stages a record of the kind can be in: those of its pipelines, or of the life cycle."""
        if kind.stage_fields:
            return list(self.stages(kind.plural))
        lifecycle = self._definitions[kind.plural].get(LIFECYCLE)
        return lifecycle.values if lifecycle else []

    def _stage_definitions(self, kind: Kind) -> list[Definition]:
        """What the stages of a kind bring that is not defined yet: their times, the options of pipeline and stage."""
        known = self._definitions[kind.plural]
        times = [
            definition
            for stage_id in self.stage_ids(kind)
            if ENTERED.format(slug(stage_id)) not in known
            for definition in time_properties(stage_id, group_of(kind))
        ]
        if not kind.stage_fields:
            return times
        pipelines = option_pairs(*((p["id"], p["label"]) for p in self.pipelines(kind.plural) if not p["archived"]))
        stages = option_pairs(*((stage.id, stage.label) for stage in self.stages(kind.plural).values()))
        offered = zip(kind.stage_fields, (pipelines, stages), strict=True)
        return times + [replace(known[name], options=options) for name, options in offered]

    # owners

    def owner_exists(self, owner_id: str) -> bool:
        return self.documents.get("owners", owner_id) is not None


@cache
def _new_definitions(kind: Kind) -> dict[str, str]:
    """The definitions of a new account as they are stored, by name. Every account begins with the same ones."""
    return {name: as_json(definition.stored()) for name, definition in default_definitions(kind).items()}


@lru_cache(maxsize=8192)
def _definition(text: str) -> Definition:
    return Definition.of_stored(json.loads(text))


def _kind_of_schema(schema: dict[str, Any]) -> Kind:
    labels = schema["labels"]
    number = int(schema["objectTypeId"].partition("-")[2])
    return custom_kind(
        number,
        schema["fullyQualifiedName"],
        (labels["singular"], labels["plural"]),
        tuple(schema["requiredProperties"]),
        tuple(schema["searchableProperties"]),
    )
