"""What a write brings about in other records: mirrored relations, primary roles, statuses, last activity dates."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema

Insert = Callable[[SObject, Row, Actor], str]
# The member statuses a new campaign comes with: label, default, responded.
_STATUSES = (("Sent", 1, 0), ("Responded", 0, 1))
_ACTIVITIES = ("Task", "Event")
_LINKS = ("WhoId", "WhatId", "AccountId")


class Effects:
    """Follows up writes of the org's records; `insert` creates a row as the platform itself would."""

    def __init__(self, database: Database, schema: Schema, rules: Rules, insert: Insert) -> None:
        self._database = database
        self._schema = schema
        self._rules = rules
        self._insert = insert

    def after_write(self, declared: SObject, before: Row, after: Row, actor: Actor) -> None:
        """`before` is empty for a new record."""
        if declared.name == "Contact" and before.get("AccountId") != after.get("AccountId"):
            self.mirror(after, actor)
        elif declared.name == "AccountContactRelation" and not before:
            self._be_direct(declared, after)
        elif declared.name == "Campaign" and not before:
            self._add_statuses(after, actor)
        elif declared.name == "CampaignMemberStatus":
            self._flag_members(after)
        elif declared.name == "Opportunity":
            self._follow_deal(before, after, actor)
        elif declared.name == "OpportunityContactRole" and after.get("IsPrimary"):
            self._demote_other_roles(after)
        elif declared.name in _ACTIVITIES:
            self._date_parents([before, after], after["SystemModstamp"], lower=False)

    def after_return(self, back: Iterable[tuple[SObject, str]], actor: Actor) -> None:
        """Of the records that came out of the recycle bin together."""
        for kind, one in back:
            if kind.name == "Contact" and (row := self._database.row(kind, one)):
                self.mirror(row, actor)

    def after_removal(self, gone: Iterable[tuple[SObject, str]], now: str) -> None:
        """Of the records that went into the recycle bin or came out of it together."""
        rows = [row for kind, one in gone if kind.name in _ACTIVITIES and (row := self._database.row(kind, one))]
        self._date_parents(rows, now, lower=True)

    def mirror(self, contact: Row, actor: Actor) -> None:
        """Keep the one direct AccountContactRelation in step with the contact's account.

        A relation to the new account that was indirect becomes the direct one; the former direct one stays as an
        indirect one, or goes where the org prefers that. Without the feature there are no relations.
        """
        relation = self._schema.find("AccountContactRelation")
        if relation is None:
            return
        account, stamps = contact.get("AccountId"), relation.stamps(contact["SystemModstamp"], actor.user_id)
        for row in self._database.rows(relation, "ContactId = ? AND IsDeleted = 0", (contact["Id"],)):
            if row["AccountId"] == account:
                self._database.update(relation, row["Id"], {"IsDirect": 1, **stamps})
                account = None
            elif row["IsDirect"]:
                self._step_back(relation, row, stamps)
        if account is not None:
            values = {"AccountId": account, "ContactId": contact["Id"], "IsDirect": 1, "IsActive": 1}
            self._insert(relation, values, actor)

    def _step_back(self, relation: SObject, row: Row, stamps: Row) -> None:
        """The direct relation to an account that is the contact's own no longer."""
        gone = int(self._rules.former_account_goes)
        self._database.update(relation, row["Id"], {"IsDirect": 0, "IsDeleted": gone, **stamps})
        if gone:
            self._database.execute(
                "INSERT OR REPLACE INTO _deletions VALUES (?, ?, ?, ?)",
                (row["Id"], relation.name, stamps["SystemModstamp"], row["Id"]),
            )

    def _be_direct(self, relation: SObject, row: Row) -> None:
        """A relation to the contact's own account is the direct one, whoever made it."""
        contact = self._database.row(self._schema.get("Contact"), row["ContactId"])
        is_direct = int(contact is not None and contact["AccountId"] == row["AccountId"])
        self._database.update(relation, row["Id"], {"IsDirect": is_direct})

    def _add_statuses(self, campaign: Row, actor: Actor) -> None:
        declared = self._schema.find("CampaignMemberStatus")
        for order, (label, default, responded) in enumerate(_STATUSES if declared else (), start=1):
            values = {"CampaignId": campaign["Id"], "Label": label, "SortOrder": order, "IsDefault": default}
            self._insert(self._schema.get("CampaignMemberStatus"), {**values, "HasResponded": responded}, actor)

    def _flag_members(self, status: Row) -> None:
        """Members of this status have responded as soon as the status says so."""
        self._database.execute(
            "UPDATE CampaignMember SET HasResponded = ?, SystemModstamp = ?, FirstRespondedDate = CASE WHEN ? THEN "
            "coalesce(FirstRespondedDate, substr(?, 1, 10)) ELSE FirstRespondedDate END "
            "WHERE CampaignId = ? AND Status = ? AND HasResponded != ?",
            (
                status["HasResponded"], status["SystemModstamp"], status["HasResponded"], status["SystemModstamp"],
                status["CampaignId"], status["Label"], status["HasResponded"],
            ),
        )  # fmt: skip

    def _follow_deal(self, before: Row, after: Row, actor: Actor) -> None:
        if not before and after.get("ContactId"):
            self._add_primary_role(after, actor)
        if any(before.get(name) != after.get(name) for name in ("CampaignId", "Amount")):
            self._count_primary_source(after, actor)

    def _count_primary_source(self, deal: Row, actor: Actor) -> None:
        """In the model of the primary campaign source a deal's own campaign has all the influence.

        What anybody else put into that model goes when it is counted anew.
        """
        declared, models = (self._schema.find(f"CampaignInfluence{name}") for name in ("", "Model"))
        primary = self._database.rows(models, "IsModelLocked = 1") if declared and models else []
        if declared is None or not primary:
            return
        model = primary[0]["Id"]
        self._database.execute(
            "DELETE FROM CampaignInfluence WHERE OpportunityId = ? AND ModelId = ?", (deal["Id"], model)
        )
        if deal.get("CampaignId"):
            values = {"CampaignId": deal["CampaignId"], "OpportunityId": deal["Id"], "ModelId": model}
            self._insert(declared, {**values, "Influence": 100.0}, actor)

    def _add_primary_role(self, deal: Row, actor: Actor) -> None:
        values = {"OpportunityId": deal["Id"], "ContactId": deal["ContactId"], "IsPrimary": 1}
        self._insert(self._schema.get("OpportunityContactRole"), values, actor)

    def _demote_other_roles(self, role: Row) -> None:
        """An opportunity has one primary contact."""
        self._database.execute(
            "UPDATE OpportunityContactRole SET IsPrimary = 0, SystemModstamp = ? "
            "WHERE OpportunityId = ? AND Id != ? AND IsPrimary = 1",
            (role["SystemModstamp"], role["OpportunityId"], role["Id"]),
        )

    def _date_parents(self, activities: Iterable[Row], now: str, *, lower: bool) -> None:
        """LastActivityDate of all that the activities are about: the latest closed task or event.

        It moves SystemModstamp and nothing else. A date that came with loaded records is made earlier only by a
        removal (`lower`).
        """
        for parent in {str(row[name]) for row in activities for name in _LINKS if row.get(name)}:
            for declared in self._schema.of_id(parent):
                row = self._database.row(declared, parent) if declared.has("LastActivityDate") else None
                if row is None:
                    continue
                latest = self._latest_activity(parent)
                if not lower:
                    latest = max(filter(None, (latest, row["LastActivityDate"])), default=None)
                if latest != row["LastActivityDate"]:
                    self._database.update(declared, parent, {"LastActivityDate": latest, "SystemModstamp": now})

    def _latest_activity(self, parent: str) -> str | None:
        by_link = " UNION ALL ".join(
            f'SELECT ActivityDate FROM {kind} WHERE "{link}" = ?1 AND IsDeleted = 0{closed}'
            for kind, closed in (("Task", " AND IsClosed = 1"), ("Event", ""))
            for link in _LINKS
        )
        found = self._database.select(f"SELECT MAX(ActivityDate) FROM ({by_link})", (parent,))
        return None if found[0][0] is None else str(found[0][0])
