"""Handlers for users as the settings name them: provisioning, roles, teams and seats."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import audit
from sandbox.hubspot.call import Call, id_text, texts
from sandbox.hubspot.errors import bad_request, conflict, not_found
from sandbox.hubspot.people import ROLES, SEATS, People, Person
from sandbox.hubspot.values import is_email, natural
from sandbox.wire import Response

SEATS_BOUGHT = 50
_NAMES = ("firstName", "lastName", "primaryTeamId")


def list_users(call: Call) -> Response:
    """Users of the account, by user id; removed ones are not there any more."""
    limit = call.whole("limit", 100, 1, 100)
    start = natural(call.request.first("after") or "") or 0
    found = [one for one in People(call.portal).users() if int(one["id"]) >= start]
    body: dict[str, Any] = {"results": [_shown(call, one) for one in found[:limit]]}
    if len(found) > limit:
        body["paging"] = call.next_page(str(found[limit]["id"]))
    return Response.of_json(body)


def get_user(call: Call, user_id: str) -> Response:
    return Response.of_json(_shown(call, _user(call, user_id)))


def create_user(call: Call) -> Response:
    """A user, with owner and record; 409 for an address that somebody has."""
    people, body = People(call.portal), call.body()
    email = id_text(body, "email")
    if not is_email(email):
        raise bad_request(f"Email address {email[:100]} is invalid")
    if people.user(email, by_email=True) is not None:
        raise conflict(f"A user with the email {email[:100]} already exists in this account")
    user: Person = {
        "id": people.next_user(),
        "email": email,
        "superAdmin": False,
        "secondaryTeamIds": [],
        "roleIds": [],
        "sendWelcomeEmail": body.get("sendWelcomeEmail") is True,
        "seatNames": [SEATS[0]],
    }
    people.put({**user, **_changes(call, people, body)})
    audit.secure(call, "ADD_USER", user["id"])
    return Response.of_json(_shown(call, _user(call, user["id"])), 201)


def update_user(call: Call, user_id: str) -> Response:
    people, user = People(call.portal), _user(call, user_id)
    people.put({**user, **_changes(call, people, call.body())})
    return Response.of_json(_shown(call, _user(call, user["id"], by_email=False)))


def delete_user(call: Call, user_id: str) -> Response:
    """204; what the user owned stays with the archived owner."""
    user = _user(call, user_id)
    People(call.portal).remove(user)
    audit.secure(call, "REMOVE_USER", user["id"])
    return Response(204)


def list_roles(call: Call) -> Response:
    return Response.of_json({"results": list(ROLES)})


def list_teams(call: Call) -> Response:
    return Response.of_json({"results": People(call.portal).teams()})


def list_seats(call: Call) -> Response:
    """Kinds of seats and how many of each are left; a core seat for everybody, the others as given."""
    taken = [name for user in People(call.portal).users() for name in user["seatNames"]]
    seats = [
        {
            "name": name,
            "description": f"{name} of this account",
            "remainingSeats": max(0, SEATS_BOUGHT - taken.count(name)),
        }
        for name in SEATS
    ]
    return Response.of_json({"results": seats})


def _user(call: Call, name: str, *, by_email: bool | None = None) -> Person:
    id_property = (call.request.first("idProperty") or "USER_ID").upper()
    if id_property not in ("USER_ID", "EMAIL"):
        raise bad_request("Invalid value for idProperty: expected USER_ID or EMAIL")
    found = People(call.portal).user(name, by_email=id_property == "EMAIL" if by_email is None else by_email)
    if found is None:
        raise not_found(f"User {name[:100]} does not exist")
    return found


def _changes(call: Call, people: People, body: dict[str, Any]) -> Person:
    """What a body says of names, team, role and seats; 400 for teams, roles and seats there are not."""
    found: Person = {name: str(body[name]) for name in _NAMES if body.get(name) is not None}
    if "secondaryTeamIds" in body:
        found["secondaryTeamIds"] = texts(body["secondaryTeamIds"], "secondaryTeamIds")
    if body.get("roleId") is not None:
        found["roleIds"] = [str(body["roleId"])]
    if "seatNames" in body:
        found["seatNames"] = texts(body["seatNames"], "seatNames")
    teams = {team["id"] for team in people.teams()}
    wanted = {*found.get("secondaryTeamIds", ()), *([found["primaryTeamId"]] if "primaryTeamId" in found else [])}
    for what, named, known in (
        ("Teams", wanted, teams),
        ("Roles", set(found.get("roleIds", ())), {str(role["id"]) for role in ROLES}),
        ("Seats", set(found.get("seatNames", ())), set(SEATS)),
    ):
        if unknown := sorted(named - known):
            raise bad_request(f"{what} do not exist: {', '.join(unknown)[:200]}")
    return found


def _shown(call: Call, user: Person) -> Person:
    """Seats are told by v3 and the beta, and the single role beside the list where there is one."""
    shown = {name: value for name, value in user.items() if name != "seatNames"}
    if user["roleIds"]:
        shown["roleId"] = user["roleIds"][0]
    if call.version in ("v3", "2026-09-beta"):
        shown["seatNames"] = user["seatNames"]
    return shown
