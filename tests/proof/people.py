"""What other people do in the CRMs while Trueline is at work: small operations, drawn by seeded dice."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.proof.ledger import EXISTS, FIELDS, TABLES
from tests.proof.world import World

Dice = random.Random
Thing = TypeVar("Thing")
Act = Callable[[World, Dice], str | None]

GIVEN = ("Ana", "Ben", "Carla", "Dora", "Emil", "Finn", "Greta", "Hugo")
FAMILY = ("Lee", "Mendes", "Novak", "Olsen", "Petrov", "Quist", "Rossi", "Sand")
FIRMS = ("Acme Tools", "Birch Foods", "Corvo", "Delta Mining", "Elm and Ash", "Fjord Lines")
PHONES = ("+1 212 555 0{:03}", "(212) 555-0{:03}", "212.555.0{:03}", "+12125550{:03}")
VALUES: dict[str, Callable[[Dice], Any]] = {
    "given_name": lambda dice: dice.choice((*GIVEN, "ANNA", "otto")),
    "family_name": lambda dice: dice.choice((*FAMILY, "SMITH", "von berg")),
    "email": lambda dice: f"{dice.choice(GIVEN)}.{dice.choice(FAMILY)}{dice.randrange(90)}@corvo.example".lower(),
    "phone": lambda dice: dice.choice(PHONES).format(dice.randrange(100, 200)),
    "mobile": lambda dice: dice.choice(PHONES).format(dice.randrange(100, 200)),
    "title": lambda dice: dice.choice(("Buyer", "CFO", "Head of Sales", "", "Engineer  II", "Clerk")),
    "city": lambda dice: dice.choice(("Bonn", "LEEDS", "Paris", "", "Turin")),
    "country": lambda dice: dice.choice(("Germany", "DE", "United States", "USA", "", "France")),
    "company": lambda dice: dice.choice(FIRMS),
    "name": lambda dice: f"{dice.choice(FIRMS)} {dice.choice(('Ltd', 'GmbH', 'Inc', ''))}".strip(),
    "website": lambda dice: dice.choice(("https://www.corvo.example", "WWW.BIRCH.EXAMPLE", "acme.example", "")),
    "domain": lambda dice: dice.choice(("corvo.example", "www.birch.example", "ACME.example")),
    "email_opt_out": lambda dice: True,
    "do_not_call": lambda dice: True,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of step: how often it is drawn beside the others, and what it does; None: nothing was there to do."""

    name: str
    weight: float
    act: Act


def some_of(dice: Dice, things: Sequence[Thing]) -> Thing:
    """One of them; the first few come far more often, so that hands meet on them."""
    return dice.choice(things[:4] if dice.random() < 0.6 else things)


def some_place(dice: Dice) -> tuple[str, str]:
    return dice.choice([*FIELDS])


def some_record(world: World, dice: Dice) -> tuple[str, str, str] | None:
    connection, stream = some_place(dice)
    ids = world.ids(connection, stream)
    return (connection, stream, some_of(dice, ids)) if ids else None


def keyed(connection: str, stream: str, record: str) -> dict[str, str]:
    """What names a record to a door."""
    word = "sobject" if connection == "sf" else "kind"
    return {word: TABLES[connection][stream], "record_id": record}


def some_edit(dice: Dice, connection: str, stream: str) -> dict[str, Any]:
    """A vendor's field and its new value; now and then two of them. Opt-outs are only ever given."""
    names = [name for name in FIELDS[connection, stream] if name in VALUES]
    quiet = [name for name in names if not isinstance(VALUES[name](Dice(0)), bool)]
    chosen = {some_of(dice, quiet) for _ in range(dice.choice((1, 1, 2)))}
    if dice.random() < 0.06:
        chosen = {name for name in names if name not in quiet} or chosen
    return {FIELDS[connection, stream][name]: said(connection, VALUES[name](dice)) for name in sorted(chosen)}


def said(connection: str, value: Any) -> Any:
    """A value as that CRM's door takes it."""
    if connection == "hs":
        return "true" if value is True else value
    return value if value != "" else None


def edit(world: World, dice: Dice) -> str | None:
    found = some_record(world, dice)
    if found is None:
        return None
    values = some_edit(dice, *found[:2])
    try:
        world.act(found[0], "edit", **keyed(*found), **values)
    except LookupError as error:  # a converted lead, an e-mail address that somebody else has
        return f"{found} refused: {error}"
    return f"{found} {values}"


def create(world: World, dice: Dice) -> str | None:
    """A new record; now and then one that somebody has already, in this CRM or the other."""
    connection, stream = some_place(dice)
    values: dict[str, Any] = {}
    if dice.random() < 0.5:
        other = dice.choice([place for place in FIELDS if place[1] != "accounts" or stream == "accounts"])
        ids = world.ids(*other)
        row = world.ledger.live(*other)[dice.choice(ids)] if ids else {}
        values = {name: row[name] for name in FIELDS[connection, stream] if row.get(name) and name in VALUES}
    names = [
        name for name in FIELDS[connection, stream] if name in VALUES and name not in ("email_opt_out", "do_not_call")
    ]
    values = {**{name: VALUES[name](dice) for name in names}, **{k: v for k, v in values.items() if k in names}}
    given = {FIELDS[connection, stream][name]: said(connection, value) for name, value in values.items()}
    word = "sobject" if connection == "sf" else "kind"
    try:
        made = world.act(connection, "create", **{word: TABLES[connection][stream]}, **given)
    except LookupError as error:
        return f"{connection} {stream} refused: {error}"
    return f"{connection} {stream} {made} {given}"


def delete(world: World, dice: Dice) -> str | None:
    found = some_record(world, dice)
    if found is None:
        return None
    try:
        world.act(found[0], "delete", **keyed(*found))
    except LookupError as error:  # children forbid it
        return f"{found} refused: {error}"
    return f"{found}"


def restore(world: World, dice: Dice) -> str | None:
    """Take back a deletion that somebody else made."""
    live = {(*place, key) for place in FIELDS for key in world.ids(*place)}
    ended = [one for one in world.ledger.written if one.field == EXISTS and not one.after and one.stream != "links"]
    gone = [one.cell[:3] for one in ended if not one.is_ours]
    gone = [key for key in dict.fromkeys(gone) if key not in live]
    if not gone:
        return None
    found = dice.choice(gone)
    try:
        world.act(found[0], "undelete" if found[0] == "sf" else "restore_record", **keyed(*found))
    except LookupError as error:  # it was merged away, or the address is another's by now
        return f"{found} refused: {error}"
    return f"{found}"


def merge(world: World, dice: Dice) -> str | None:
    connection, stream = some_place(dice)
    ids = world.ids(connection, stream)
    if len(ids) < 12:
        return None
    one, other = dice.sample(ids, 2)
    try:
        if connection == "sf":
            world.act("sf", "merge", sobject=TABLES["sf"][stream], master=one, losers=[other])
        else:
            world.act("hs", "merge", kind=TABLES["hs"][stream], primary=one, other=other)
    except LookupError as error:
        return f"{connection} {stream} {one} {other} refused: {error}"
    return f"{connection} {stream} {other} into {one}"


def convert(world: World, dice: Dice) -> str | None:
    leads = world.ids("sf", "leads")
    open_leads = [key for key in leads if not world.ledger.live("sf", "leads")[key]["IsConverted"]]
    if not open_leads:
        return None
    lead = dice.choice(open_leads)
    try:
        world.act("sf", "convert", lead=lead)
    except LookupError as error:
        return f"{lead} refused: {error}"
    return lead


def link(world: World, dice: Dice) -> str | None:
    """Move a person to another account, or away from one."""
    connection = dice.choice(("sf", "hs"))
    people, accounts = world.ids(connection, "contacts"), world.ids(connection, "accounts")
    if not people or not accounts:
        return None
    person, account = dice.choice(people), dice.choice(accounts)
    if connection == "sf":
        to = account if dice.random() < 0.8 else None
        world.act("sf", "edit", **keyed("sf", "contacts", person), AccountId=to)
    else:
        door, types = dice.choice((("associate", {"types": [1]}), ("associate", {}), ("dissociate", {})))
        ends = {"kind": "contacts", "record_id": person, "target": "companies", "target_id": account}
        try:
            world.act("hs", door, **ends, **types)
        except LookupError as error:
            return f"refused: {error}"
    return f"{connection} {person} {account}"


def pass_time(world: World, dice: Dice) -> str:
    """Time passes, and not in both CRMs alike: the clock that has gone wrong since the last pull is the fast one."""
    seconds, gained = dice.choice((1, 20, 400, 4_000)), dice.choice((0, 0, 3, 90))
    world.pass_time(seconds)
    world.skewed = world.skewed or dice.choice(("sf", "hs"))
    world.apps[world.skewed].clock.turn(gained)
    return f"{seconds} s"


OPERATIONS = (
    Operation("edit", 60, edit),
    Operation("create", 5, create),
    Operation("delete", 3, delete),
    Operation("restore", 2, restore),
    Operation("merge", 2, merge),
    Operation("convert", 0.5, convert),
    Operation("link", 4, link),
    Operation("pass-time", 8, pass_time),
)
