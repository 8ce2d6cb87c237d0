"""Person accounts: one person kept as an account and a contact, each showing what is written to the other."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.derived import derive, full_name
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.schema import Schema

Insert = Callable[[SObject, Row, Actor], str]
# Fields that both have under one name; all others of the person begin with Person on the account.
_SHARED = ("FirstName", "LastName", "Salutation", "OwnerId", "Phone", "Fax")


class Persons:
    """Keeps the two records of a person alike; without the feature nothing happens."""

    def __init__(self, database: Database, schema: Schema, insert: Insert) -> None:
        self._database = database
        self._schema = schema
        self._insert = insert

    def complete(self, declared: SObject, before: Row, given: Row) -> None:
        """An account with a last name is a person, and is called by the whole name."""
        if declared.name != "Account" or not declared.has("IsPersonAccount"):
            return
        after = {**before, **given}
        if after.get("LastName") and (not before or before["IsPersonAccount"]):
            given |= {"Name": full_name(after), "IsPersonAccount": 1}

    def follow(self, declared: SObject, before: Row, after: Row, actor: Actor) -> None:
        """Write what changed on one side to the other."""
        account, contact = self._schema.get("Account"), self._schema.get("Contact")
        if not after.get("IsPersonAccount") or not account.has("PersonContactId"):
            return
        pairs = _pairs(account, contact)
        if declared.name == "Account" and not before:
            values = {there: after.get(here) for here, there in pairs.items() if after.get(here) is not None}
            made = self._insert(contact, {**values, "AccountId": after["Id"], "IsPersonAccount": 1}, actor)
            self._database.update(account, after["Id"], {"PersonContactId": made})
        elif declared.name == "Account":
            self._copy(contact, after["PersonContactId"], before, after, pairs, actor)
        elif before and declared.name == "Contact":
            back = {there: here for here, there in pairs.items()}
            self._copy(account, after["AccountId"], before, after, back, actor)

    def _copy(
        self, kind: SObject, record_id: str | None, before: Row, after: Row, pairs: dict[str, str], actor: Actor
    ) -> None:
        row = self._database.row(kind, record_id) if record_id else None
        changed = {there: after[here] for here, there in pairs.items() if before.get(here) != after.get(here)}
        if row is None or not changed:
            return
        given = {**changed, **kind.stamps(after["SystemModstamp"], actor.user_id)}
        if kind.name == "Account":
            given["Name"] = full_name({**row, **given})
        self._database.update(kind, row["Id"], derive(self._database, kind.name, row, given))


def _pairs(account: SObject, contact: SObject) -> dict[str, str]:
    """Field of the account -> field of the contact."""
    own = {f.name: f.name.removeprefix("Person") for f in account.stored if f.name.startswith("Person")}
    pairs = {**{name: name for name in _SHARED}, **own}
    return {here: there for here, there in pairs.items() if contact.has(there) and account.has(here)}
