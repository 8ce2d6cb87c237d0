"""Writing records: checks, uniqueness, computed properties, history and the search index's lag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.hubspot.derived import derived, inputs
from sandbox.hubspot.errors import InvalidValues, bad_request, conflict, not_found
from sandbox.hubspot.history import remember
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.required import check_required, check_rules, check_stage, default_pipeline, ruled_properties
from sandbox.hubspot.rules import RULES
from sandbox.hubspot.store import CREATED, VIRTUAL
from sandbox.hubspot.tokens import Author
from sandbox.hubspot.values import BadValue, appended, as_text, ms_of, natural, parsed, stamp

Values = dict[str, str | None]
Problem = tuple[str, str, str]
# How long a deleted record can be restored.
RECYCLED_MS = 90 * 86_400_000
# Whom the history names for a value that follows from others.
CALCULATED = Author("CALCULATED", "")
# How many writes may pass before rows that the search index no longer needs are thrown away.
_SWEEP_EVERY = 256


class Writer:
    """Changes records on behalf of an author; to be used within a transaction."""

    def __init__(self, portal: Portal, links: Links) -> None:
        self._portal = portal
        self._store = portal.store
        self._links = links

    def checked(self, kind: Kind, properties: Any, *, is_trusted: bool = False) -> Values:
        """The stored form of what a client sent; InvalidValues names everything that is wrong with it. Who is trusted
        may set read-only properties."""
        if not isinstance(properties, Mapping):
            raise bad_request("Invalid input JSON: `properties` must be an object")
        values: Values = {}
        problems: list[Problem] = []
        for sent, value in properties.items():
            name = str(sent).lower()
            definition = self._portal.definition(kind, name)
            if definition is None:
                problems.append((str(sent), "PROPERTY_DOESNT_EXIST", f'Property "{sent}" does not exist'))
            elif definition.read_only and not is_trusted:
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
        check_required(self._portal, kind, values, version)
        values = {name: value for name, value in values.items() if value is not None}
        values |= default_pipeline(self._portal, kind, values)
        check_stage(self._portal, kind, values)
        check_rules(self._portal, kind, values, values, version)
        self._check_unique(kind, values, None)
        now = self._portal.now()
        record_id = self._store.next_id(kind)
        company = values.pop("associatedcompanyid", None)
        created = next((values.pop(name) for name in sorted(CREATED & values.keys())), None)
        values |= derived(self._portal, kind, {}, values, now)
        row = {name: value for name, value in {**_origin(author), **values}.items() if name not in VIRTUAL}
        self._store.insert(kind, {"_id": record_id, "_created": created or now, "_updated": now, **row})
        self.hide_from_index(kind, [record_id])
        self._portal.events.note("creation", kind, record_id)
        self._note_changes(kind, record_id, {name: value for name, value in values.items() if value is not None})
        if company:
            self._make_primary(kind, record_id, company)
        self._portal.writes += 1
        return record_id

    def update(self, kind: Kind, record_id: int, values: Values, author: Author, *, version: str = "v3") -> None:
        """Set checked values on a live record. Values it already holds leave its stamps and history alone."""
        values = dict(values)
        company = values.pop("associatedcompanyid", None)
        if company:
            self._make_primary(kind, record_id, company)
        read = inputs(self._portal, kind, values) | ruled_properties(self._portal, kind, version)
        names = sorted({*values, *read} - VIRTUAL)
        row = self._store.rows(kind, [record_id], names, archived=None)[0]
        old: Values = {name: None if v is None else str(v) for name, v in zip(names, row[5:], strict=True)}
        new = self._changed(kind, old, values)
        created = next((values[name] for name in sorted(CREATED & values.keys())), None)
        check_rules(self._portal, kind, {**old, **new}, values, version)
        if not new and not created:
            return
        if new.keys() & set(kind.stage_fields or ()):
            check_stage(self._portal, kind, {**old, **new})
        self._check_unique(kind, new, record_id)
        now = self._next_stamp(str(row[2]))
        computed = derived(self._portal, kind, old, new, now)
        if kind.plural == "contacts" and new.get("email"):
            computed |= self._without_address(record_id, str(new["email"]))
        self._remember(kind, record_id, old, new, author, now)
        self._remember(kind, record_id, self._values(kind, record_id, computed), computed, CALCULATED, now)
        self.keep_for_index(kind, [record_id])
        user: Values = {"hs_updated_by_user_id": None if author.user_id is None else str(author.user_id)}
        moved: Values = {"_updated": now, **({"_created": created} if created else {})}
        self._store.update(kind, record_id, {**new, **computed, **user, **moved})
        if kind.is_engagement and new.keys() & {"hs_timestamp", "hs_task_status"}:
            self._links.refresh(kind, record_id)
        self._portal.writes += 1

    def archive(self, kind: Kind, record_id: int) -> None:
        """Move a live record to the recycle bin; nothing happens for any other id."""
        if self._store.rows(kind, [record_id], ()):
            self._portal.events.note("deletion", kind, record_id)
            self._move(kind, record_id, "_archived = 1, _archived_at = ?")

    def restore(self, kind: Kind, record_id: int) -> None:
        """Take a record out of the recycle bin; 404 when it has been there for too long, 409 or 400 where another one
        holds its e-mail address or a unique value by now."""
        deleted = self._store.rows(kind, [record_id], (), archived=True)
        if not deleted:
            return
        if self._portal.clock.now_ms() - ms_of(str(deleted[0][4])) > RECYCLED_MS:
            raise not_found()
        definitions = self._portal.definitions(kind).values()
        names = [one.name for one in definitions if one.unique or one.name == "email"]
        self._check_unique(kind, self._values(kind, record_id, names), record_id)
        self._portal.events.note("restore", kind, record_id)
        self._move(kind, record_id, "_archived = 0, _archived_at = NULL, _updated = ?")

    def _move(self, kind: Kind, record_id: int, how: str) -> None:
        self.keep_for_index(kind, [record_id])
        self._store.db.execute(f"UPDATE {kind.plural} SET {how} WHERE _id = ?", (self._portal.now(), record_id))
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

    def _values(self, kind: Kind, record_id: int, names: Iterable[str]) -> Values:
        listed = sorted(names)
        row = self._store.rows(kind, [record_id], listed, archived=None)[0] if listed else ()
        return {name: None if v is None else str(v) for name, v in zip(listed, row[5:], strict=True)}

    def _remember(self, kind: Kind, record_id: int, old: Values, new: Values, author: Author, now: str) -> None:
        changes = [(name, old[name], value) for name, value in new.items() if value != old[name]]
        if changes:
            remember(self._store, kind, record_id, changes, now, author)
            self._note_changes(kind, record_id, {name: value for name, _, value in changes})

    def _note_changes(self, kind: Kind, record_id: int, values: Values) -> None:
        if self._portal.events.wanted:
            for name, value in values.items():
                self._portal.events.note(
                    "propertyChange", kind, record_id, propertyName=name, propertyValue=value or ""
                )

    def _without_address(self, record_id: int, email: str) -> Values:
        """An additional address that becomes the first one is additional no longer."""
        found = self._store.db.execute("DELETE FROM addresses WHERE id = ? AND email = ?", (record_id, email))
        if not found.rowcount:
            return {}
        left = [str(row[0]) for row in self._store.db.execute("SELECT email FROM addresses WHERE id = ?", (record_id,))]
        return {"hs_additional_emails": ";".join(left) or None}

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
        number = natural(company) or 0
        if not self._store.rows(companies, [number], ()):
            raise InvalidValues([("associatedcompanyid", "INVALID_OPTION", f"Company {company} does not exist.")])
        self._links.add_labels(kind, record_id, companies, number, [1])


def _origin(author: Author) -> Values:
    """Who made a record, as the record itself tells it."""
    user = None if author.user_id is None else str(author.user_id)
    return {
        "hs_object_source": author.source_type,
        "hs_object_source_id": author.source_id,
        "hs_object_source_label": author.source_type,
        "hs_object_source_detail_1": author.label or None,
        "hs_object_source_user_id": user,
        "hs_created_by_user_id": user,
        "hs_updated_by_user_id": user,
    }


def identity(
    portal: Portal, writer: Writer, kind: Kind, id_property: str | None, values: Sequence[str]
) -> dict[str, int]:
    """Live records by what a client called them: ids, or values of the e-mail or a unique property; 400 for others."""
    if not id_property or str(id_property).lower() == "hs_object_id":
        return {value: found for value in values if (found := natural(value)) is not None}
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
