"""The people of the account: a user of the settings, an owner as records name one, and a record of the CRM are one
person under three ids."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.portal import Portal

Person = dict[str, Any]
# Record ids of users look like this in a portal, far from the ids of users and owners.
_FIRST_RECORD = 207_800_000_000
ROLES = (
    {"id": "100001", "name": "Super Admin", "requiresBillingWrite": True},
    {"id": "100002", "name": "Sales", "requiresBillingWrite": False},
    {"id": "100003", "name": "View only", "requiresBillingWrite": False},
)
SEATS = ("Core Seat", "Sales Seat", "Service Seat", "View-Only Seat")


class People:
    """Reads and writes users, owners and teams; the CRM's user records follow."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._documents = portal.documents

    def users(self) -> list[Person]:
        """The users of the account by id; those who were removed are not there any more."""
        return sorted(self._documents.list("users").values(), key=lambda one: int(one["id"]))

    def user(self, name: str, *, by_email: bool = False) -> Person | None:
        if not by_email:
            found: Person | None = self._documents.get("users", name)
            return found
        return next((one for one in self.users() if one["email"].lower() == name.lower()), None)

    def owners(self) -> list[Person]:
        """All owners by id, those of removed users too."""
        return sorted(self._documents.list("owners").values(), key=lambda one: int(one["id"]))

    def owner_of(self, user_id: str) -> Person | None:
        return next((one for one in self.owners() if str(one["userIdIncludingInactive"]) == user_id), None)

    def teams(self) -> list[Person]:
        """Teams with the users who are in them, for whom they are the first or a further one."""
        teams: dict[str, Person] = self._documents.list("teams")
        shown = {key: {**team, "userIds": [], "secondaryUserIds": []} for key, team in teams.items()}
        for user in self.users():
            if user.get("primaryTeamId") in shown:
                shown[user["primaryTeamId"]]["userIds"].append(user["id"])
            for key in user["secondaryTeamIds"]:
                if key in shown:
                    shown[key]["secondaryUserIds"].append(user["id"])
        return list(shown.values())

    def put(self, user: Person) -> None:
        """Keep a user, and let owner and record say the same."""
        now = self._portal.now()
        self._documents.put("users", user["id"], user)
        old = self.owner_of(user["id"]) or {"id": self._next_owner(), "createdAt": now, "type": "PERSON"}
        self._documents.put("owners", old["id"], {**old, **_as_owner(user, self._team_names()), "updatedAt": now})
        self._put_record(user, now)

    def remove(self, user: Person) -> None:
        """The user is gone, the owner archived and without a user id, the record marked as deactivated."""
        now = self._portal.now()
        self._documents.drop("users", user["id"])
        owner = self.owner_of(user["id"])
        if owner is not None:
            left: Person = {"archived": True, "userId": None, "teams": [], "updatedAt": now}
            self._documents.put("owners", owner["id"], {**owner, **left})
        kind = self._portal.kind("users")
        changes = {"hs_deactivated": "true", "_updated": now}
        self._portal.store.update(kind, record_number(int(user["id"])), changes)
        self._portal.writes += 1

    def next_user(self) -> str:
        """A user id that nobody has or had."""
        known = [int(one["userIdIncludingInactive"] or 0) for one in self.owners()]
        return str(max([9_000_000, *known]) + 1)

    def put_team(self, name: str) -> str:
        """The id of the team of that name, which is made when it is new."""
        teams: dict[str, Person] = self._documents.list("teams")
        for key, team in teams.items():
            if team["name"] == name:
                return key
        key = str(4_400_001 + len(teams))
        self._documents.put("teams", key, {"id": key, "name": name})
        return key

    def _team_names(self) -> dict[str, str]:
        return {key: team["name"] for key, team in self._documents.list("teams").items()}

    def _next_owner(self) -> str:
        return str(max([30_000_000, *(int(one["id"]) for one in self.owners())]) + 1)

    def _put_record(self, user: Person, now: str) -> None:
        kind, number = self._portal.kind("users"), record_number(int(user["id"]))
        values = record_values(user)
        if self._portal.store.rows(kind, [number], (), archived=None):
            self._portal.store.update(kind, number, {**values, "_updated": now})
        else:
            self._portal.store.insert(kind, {"_id": number, "_created": now, "_updated": now, **values})
        self._portal.writes += 1


def record_number(user_id: int) -> int:
    """The id of the CRM record of a user."""
    return _FIRST_RECORD + user_id


def record_values(user: Person) -> dict[str, str | int | None]:
    """What the CRM record says of a user of the settings."""
    return {
        "hs_internal_user_id": str(user["id"]),
        "hs_email": user["email"],
        "hs_given_name": user.get("firstName"),
        "hs_family_name": user.get("lastName"),
        "hs_deactivated": "false",
    }


def _as_owner(user: Person, teams: dict[str, str]) -> Person:
    number = int(user["id"])
    joined = [(user.get("primaryTeamId"), True), *((key, False) for key in user["secondaryTeamIds"])]
    return {
        "email": user["email"],
        "firstName": user.get("firstName"),
        "lastName": user.get("lastName"),
        "userId": number,
        "userIdIncludingInactive": number,
        "archived": False,
        "teams": [{"id": key, "name": teams[key], "primary": first} for key, first in joined if key in teams],
    }
