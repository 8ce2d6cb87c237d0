"""Writing records: checks, uniqueness, computed properties, history and the search index's lag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.hubspot.derived import INPUTS, derived
from sandbox.hubspot.errors import InvalidValues, bad_request, conflict
from sandbox.hubspot.history import remember
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rules import RULES
from sandbox.hubspot.store import CREATED, VIRTUAL
from sandbox.hubspot.tokens import Author
from sandbox.hubspot.values import BadValue, appended, as_text, ms_of, parsed, stamp

Values = dict[str, str | None]
Problem = tuple[str, str, str]
# How many writes may pass before rows that the search index no longer needs are thrown away.
_SWEEP_EVERY = 256


class Writer:
    """Changes records on behalf of an author; to be used within a transaction."""

    def __init__(self, portal: Portal, links: Links) -> None:
        self._portal = portal
        self._store = portal.store
        self._links = links

    def checked(self, kind: Kind, properties: Any) -> Values:
        """The stored form of what a client sent; InvalidValues names everything that is wrong with it."""
        if not isinstance(properties, Mapping):
            raise bad_request("Invalid input JSON: `properties` must be an object")
        values: Values = {}
        problems: list[Problem] = []
        for sent, value in properties.items():
            name = str(sent).lower()
            definition = self._portal.definition(kind, name)
            if definition is None:
                problems.append((str(sent), "PROPERTY_DOESNT_EXIST", f'Property "{sent}" does not exist'))
            elif definition.read_only:
                message = f'"{name}" is a read only property; its value cannot be set.'
                problems.append((name, "READ_ONLY_VALUE", message))
            elif isinstance(value, dict | list):
                problems.append((name, "INVALID_STRING", "A property value must be a string, number or boolean"))
            else:
                try:
                    text = as_text(value)
                    values[name] = parsed(definition, text)
                    problems += [
                        *self._unknown_owner(name, values[name]),
                        *self._broken_rules(kind, name, values[name]),
                    ]
                except BadValue as error:
                    problems.append((name, error.code, str(error)))
        if problems:
            raise InvalidValues(problems)
        return values

    def _unknown_owner(self, name: str, value: str | None) -> list[Problem]:
        if name != "hubspot_owner_id" or value is None or self._portal.owner_exists(value):
            return []
        return [(name, "INVALID_OWNER_ID", f"Owner {value} does not exist.")]

    def _broken_rules(self, kind: Kind, name: str, value: str | None) -> list[Problem]:
        now_ms = self._portal.clock.now_ms()
        return [
            (name, "INVALID_CUSTOM_PROPERTY_VALIDATION", f'"{name}" does not keep the validation rule {word}.')
            for word, rule in self._portal.rules(kind).get(name, {}).items()
            if value is not None and not RULES[word].keeps(value, rule["ruleArguments"], now_ms)
        ]

    def create(self, kind: Kind, values: Values, author: Author, *, version: str = "v3") -> int:
        """Make a record of checked values; its id. 400 for missing properties, 409 for a known e-mail address."""
        if kind.plural == "meetings" and not values.get("hs_timestamp"):
            values = {**values, "hs_timestamp": values.get("hs_meeting_start_time")}
        self._require(kind, values, version)
        values = {name: value for name, value in values.items() if value is not None}
        values |= self._default_pipeline(kind, values)
        self._check_stage(kind, values)
        self._check_unique(kind, values, None)
        now = self._portal.now()
        record_id = self._store.next_id(kind)
        origin: Values = {
            "hs_object_source": author.source_type,
            "hs_object_source_id": author.source_id,
            "hs_object_source_label": author.source_type,
            "hs_object_source_detail_1": author.label or None,
            "hs_object_source_user_id": None if author.user_id is None else str(author.user_id),
        }
        company = values.pop("associatedcompanyid", None)
        created = next((values.pop(name) for name in sorted(CREATED & values.keys())), None)
        computed = derived(self._portal, kind, {}, values, now)
        row = {name: value for name, value in {**origin, **values, **computed}.items() if name not in VIRTUAL}
        self._store.insert(kind, {"_id": record_id, "_created": created or now, "_updated": now, **row})
        self.hide_from_index(kind, [record_id])
        if company:
            self._make_primary(kind, record_id, company)
        self._portal.writes += 1
        return record_id

    def update(self, kind: Kind, record_id: int, values: Values, author: Author) -> None:
        """Set checked values on a live record. Values it already holds leave its stamps and history alone."""
        values = dict(values)
        company = values.pop("associatedcompanyid", None)
        if company:
            self._make_primary(kind, record_id, company)
        names = sorted({*values, *INPUTS.get(kind.plural, ())} - VIRTUAL)
        row = self._store.rows(kind, [record_id], names, archived=None)[0]
        old: Values = {name: None if v is None else str(v) for name, v in zip(names, row[5:], strict=True)}
        new = self._changed(kind, old, values)
        created = next((values[name] for name in sorted(CREATED & values.keys())), None)
        if not new and not created:
            return
        self._check_stage(kind, {**old, **new}, new)
        self._check_unique(kind, new, record_id)
        now = self._next_stamp(str(row[2]))
        changes = [(name, old[name], value) for name, value in new.items()]
        remember(self._store, kind, record_id, changes, now, author)
        self.keep_for_index(kind, [record_id])
        computed = derived(self._portal, kind, old, new, now)
        user: Values = {"hs_updated_by_user_id": None if author.user_id is None else str(author.user_id)}
        moved: Values = {"_updated": now, **({"_created": created} if created else {})}
        self._store.update(kind, record_id, {**new, **computed, **user, **moved})
        self._portal.writes += 1

    def archive(self, kind: Kind, record_id: int) -> None:
        """Move a live record to the recycle bin; nothing happens for any other id."""
        now = self._portal.now()
        self.keep_for_index(kind, [record_id])
        self._store.db.execute(
            f"UPDATE {kind.plural} SET _archived = 1, _archived_at = ? WHERE _id = ? AND _archived = 0",
            (now, record_id),
        )
        self._links.refresh(kind, record_id)
        self._portal.writes += 1

    def restore(self, kind: Kind, record_id: int) -> None:
        self.keep_for_index(kind, [record_id])
        self._store.db.execute(
            f"UPDATE {kind.plural} SET _archived = 0, _archived_at = NULL, _updated = ? WHERE _id = ?",
            (self._portal.now(), record_id),
        )
        self._links.refresh(kind, record_id)
        self._portal.writes += 1

    def contact_with(self, email: str) -> int | None:
        """The live contact that has the address, as its first or an additional one."""
        wanted = email.strip().lower()
        contacts = self._portal.kind("contacts")
        if found := self._store.ids_where(contacts, "email", [wanted]):
            return found[wanted]
        sql = "SELECT id FROM addresses JOIN contacts ON _id = id AND _archived = 0 WHERE addresses.email = ?"
        row = self._store.db.execute(sql, (wanted,)).fetchone()
        return None if row is None else int(row[0])

    def keep_for_index(self, kind: Kind, ids: Sequence[int]) -> None:
        """Call before a row changes: the search goes on seeing the row as it is for the length of the lag."""
        if self._portal.settings.index_lag_ms > 0:
            if self._portal.writes % _SWEEP_EVERY == 0:
                self._store.sweep_index(kind, self._portal.clock.now_ms())
            self._store.keep_for_index(kind, ids, self._portal.clock.now_ms() + self._portal.settings.index_lag_ms)

    def hide_from_index(self, kind: Kind, ids: Sequence[int]) -> None:
        if self._portal.settings.index_lag_ms > 0:
            self._store.hide_from_index(kind, ids, self._portal.clock.now_ms() + self._portal.settings.index_lag_ms)

    def _next_stamp(self, last: str) -> str:
        """Now, or just after the record's last change when that was in this very millisecond."""
        return stamp(max(self._portal.clock.now_ms(), ms_of(last) + 1))

    def _changed(self, kind: Kind, old: Values, values: Values) -> Values:
        new: Values = {}
        definitions = self._portal.definitions(kind)
        for name, value in values.items():
            if name in VIRTUAL:
                continue
            if value and value.startswith(";") and definitions[name].field_type == "checkbox":
                value = appended(old[name], value)
            if name == "lifecyclestage" and not self._is_forward(kind, old[name], value):
                continue
            if value != old[name]:
                new[name] = value
        return new

    def _is_forward(self, kind: Kind, old: str | None, new: str | None) -> bool:
        """A stage moves only forward; HubSpot leaves an earlier one unset without a word."""
        order = self._portal.definitions(kind)["lifecyclestage"].values
        if old is None or new is None or old not in order or new not in order:
            return True
        return order.index(new) >= order.index(old)

    def _require(self, kind: Kind, values: Values, version: str) -> None:
        groups = list(kind.required)
        if version >= "2026-09" and version[0].isdigit():
            groups += [(name,) for name in self._portal.settings.admin_required.get(kind.plural, ())]
        missing = [name for group in groups if not any(values.get(name) for name in group) for name in group]
        if missing:
            raise bad_request(
                f"Error creating {kind.upper}. Some required properties were not set.", context={"properties": missing}
            )

    def _default_pipeline(self, kind: Kind, values: Values) -> Values:
        """Where a stage is required, the pipeline may be left out when there is only one; elsewhere a record goes
        into the first stage of the first pipeline."""
        if kind.stage_fields is None:
            return {}
        pipeline_field, stage_field = kind.stage_fields
        needs_stage = (stage_field,) in kind.required
        pipelines = [pipeline["id"] for pipeline in self._portal.pipelines(kind.plural) if not pipeline["archived"]]
        pipeline = values.get(pipeline_field)
        if not pipeline and len(pipelines) > 1 and needs_stage:
            raise bad_request(
                f"Error creating {kind.upper}. Some required properties were not set.",
                context={"properties": [pipeline_field]},
            )
        pipeline = pipeline or next(iter(pipelines), None)
        first = next(
            (stage.id for stage in self._portal.stages(kind.plural).values() if stage.pipeline == pipeline), None
        )
        return {pipeline_field: pipeline} | ({} if needs_stage or values.get(stage_field) else {stage_field: first})

    def _check_stage(self, kind: Kind, values: Mapping[str, str | None], changed: Values | None = None) -> None:
        names = kind.stage_fields
        if names is None or (changed is not None and not changed.keys() & set(names)):
            return
        pipeline, stage = values.get(names[0]), values.get(names[1])
        stages = [s.id for s in self._portal.stages(kind.plural).values() if s.pipeline == pipeline]
        if (pipeline or stage) and stage not in stages:
            message = f"{stage} was not one of the allowed options: [{', '.join(stages)}] of pipeline {pipeline}"
            raise InvalidValues([(names[1], "INVALID_OPTION", message)])

    def _check_unique(self, kind: Kind, values: Values, record_id: int | None) -> None:
        if kind.plural == "contacts" and (email := values.get("email")):
            self._check_email(email, record_id)
        definitions = self._portal.definitions(kind)
        for name, value in values.items():
            if not value or name not in definitions or not definitions[name].unique:
                continue
            other = self._store.ids_where(kind, name, [value]).get(value)
            if other is not None and other != record_id:
                where = f"objectTypeId={kind.type_id}, propertyName={name}, value={value}"
                what = f"Cannot set PropertyValueCoordinates{{{where}}} on {record_id or 'new'}"
                message = f"{what}. {other} already has that value."
                raise InvalidValues([(name, "CONFLICTING_UNIQUE_VALUE", message)])

    def _check_email(self, email: str, record_id: int | None) -> None:
        if self._portal.documents.get("blocked", email) is not None:
            raise bad_request("This email address was deleted for privacy reasons and cannot be added again.")
        other = self.contact_with(email)
        if other is not None and other != record_id:
            raise conflict(f"Contact already exists. Existing ID: {other}")

    def _make_primary(self, kind: Kind, record_id: int, company: str) -> None:
        """Writing `associatedcompanyid` makes that company the contact's primary one."""
        companies = self._portal.kind("companies")
        number = int(company) if company.isdigit() else 0
        if not self._store.rows(companies, [number], ()):
            raise InvalidValues([("associatedcompanyid", "INVALID_OPTION", f"Company {company} does not exist.")])
        self._links.label(kind, record_id, companies, number, [1])


def identity(
    portal: Portal, writer: Writer, kind: Kind, id_property: str | None, values: Sequence[str]
) -> dict[str, int]:
    """Live records by what a client called them: ids, or values of the e-mail or a unique property; 400 for others."""
    if not id_property or str(id_property).lower() == "hs_object_id":
        return {value: int(value) for value in values if value.isdecimal() and len(value) < 19}
    if not isinstance(id_property, str):
        raise bad_request("Invalid input JSON: `idProperty` must be a string")
    name = id_property.lower()
    if kind.plural == "contacts" and name == "email":
        pairs = ((value, writer.contact_with(value)) for value in values)
        return {value: found for value, found in pairs if found is not None}
    definition = portal.definition(kind, name)
    if definition is None or not definition.unique:
        raise bad_request(f"The property {id_property} is not a unique identifier of {kind.plural}")
    return portal.store.ids_where(kind, name, list(values))
