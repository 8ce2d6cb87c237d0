"""What goes wrong in a walk: every fault of the desks, rights that are taken away, and edits in the gap of a write."""

from __future__ import annotations

from typing import Any

from sandbox.faults import Fault
from sandbox.transport_faults import TRANSPORT
from tests.proof.ledger import FIELDS, TABLES
from tests.proof.people import Dice, Operation, keyed, some_edit
from tests.proof.world import World

# Requests that write, where somebody else's edit is most unwelcome.
WRITES = {"sf": r"/composite|/Soap/", "hs": r"batch/(update|create|archive|associate)|/merge|associations"}
# A client that waits for nothing: the same as a lost answer, but slow.
_SILENT = frozenset({"transport.silence", "transport.late_answer", "transport.slow_body"})
# What the walk does by doors of its own, with records that are there.
_OF_WORLD = ("created", "edited", "deleted", "undeleted", "restored", "merged", "converted", "associated",
             "dissociated", "field_hidden", "field_locked", "scope_revoked", "clock_skew")  # fmt: skip
_ROW_SHARE = 0.5


def names_of(world: World, connection: str) -> list[str]:
    """The faults of the network and of that CRM, by name, that a walk may raise as they are."""
    own = [entry.name for entry in world.apps[connection].faults]
    every = [*(entry.name for entry in TRANSPORT if entry.name not in _SILENT), *own]
    return [name for name in every if name.partition(".")[2] not in _OF_WORLD]


def fault(world: World, dice: Dice) -> str:
    connection = dice.choice(("sf", "hs"))
    name = dice.choice(names_of(world, connection))
    words: dict[str, Any] = {"after": dice.choice((0, 0, 1, 3, 8)), "count": dice.choice((1, 1, 2, 4))}
    if dice.random() < 0.6:
        words["route"] = WRITES[connection]
    if world.desk(connection).catalogue.find(name).of_rows and dice.random() < 0.7:
        words["row_share"] = _ROW_SHARE
        words["seed"] = dice.randrange(1000)
    world.desk(connection).raise_(name, **words)
    return f"{connection} {name} {words}"


def edit_in_the_gap(world: World, dice: Dice) -> str | None:
    """Somebody edits, deletes or merges a record just before or after one of our writes arrives."""
    connection, stream = dice.choice([*FIELDS])
    ids = world.ids(connection, stream)
    if len(ids) < 12:
        return None
    one, other = dice.sample(ids, 2)
    if (drawn := dice.random()) < 0.8:
        door, arguments = "edit", {**keyed(connection, stream, one), **some_edit(dice, connection, stream)}
    elif drawn < 0.9:
        door, arguments = "delete", dict(keyed(connection, stream, one))
    elif connection == "sf":
        door, arguments = "merge", {"sobject": TABLES["sf"][stream], "master": one, "losers": [other]}
    else:
        door, arguments = "merge", {"kind": TABLES["hs"][stream], "primary": one, "other": other}
    stage = dice.choice(("before", "before", "after"))
    what: dict[str, Any] = {"route": WRITES[connection], "nth": dice.choice((1, 1, 2, 3)), "stage": stage}

    def strike(*_: object) -> None:
        app = world.apps[connection]
        app.clock.turn(dice.choice((0, 1, 2)))
        try:
            app.doors[door](**arguments)
        except LookupError:
            return  # the record is gone by now
        app.clock.turn(dice.choice((0, 1, 2)))

    world.desk(connection).add(Fault(act=strike, **what))
    return f"{connection} {door} {arguments} {what}"


def take_a_right(world: World, dice: Dice) -> str:
    if dice.random() < 0.3:
        scope = f"crm.objects.{dice.choice(('contacts', 'companies'))}.{dice.choice(('read', 'write'))}"
        world.act("hs", "revoke_scope", scope=scope)
        return scope
    stream = dice.choice([*TABLES["sf"]])
    table, drawn = TABLES["sf"][stream], dice.random()
    if drawn < 0.7:
        door, name = dice.choice(("hide_field", "lock_field")), dice.choice([*FIELDS["sf", stream].values()])
        try:
            world.act("sf", door, sobject=table, field=name)
        except LookupError as error:
            return f"{table}.{name} refused: {error}"
        return f"{door} {table}.{name}"
    ids = world.ids("sf", stream)
    if drawn < 0.85 or not ids:
        world.act("sf", "deny", sobject=table, operation="update")
        return f"no update of {table}"
    record = dice.choice(ids)
    world.act("sf", "lock_record", record_id=record)
    return f"lock {record}"


def skew(world: World, dice: Dice) -> str:
    """One CRM's clock goes ahead, by up to hours, or falls behind by seconds; the pulls' windows overlap by more."""
    connection, seconds = dice.choice(("sf", "hs")), dice.choice((-2, -1, 5, 61, 3_600, 20_000))
    world.apps[connection].clock.turn(seconds)
    return f"{connection} {seconds} s"


def repair(world: World, _: Dice) -> str:
    world.repair()
    return ""


OPERATIONS = (
    Operation("fault", 9, fault),
    Operation("edit-in-the-gap", 6, edit_in_the_gap),
    Operation("take-a-right", 1.5, take_a_right),
    Operation("skew", 1, skew),
    Operation("repair", 3, repair),
)
