"""What goes wrong in a walk: every fault of the desks, rights that are taken away, and edits in the gap of a write."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from sandbox.faults import Fault
from sandbox.transport_faults import TRANSPORT
from sandbox.wire import Request
from tests.proof.ledger import FIELDS, TABLES
from tests.proof.people import VALUES, Dice, Operation, keyed, said, some_edit
from tests.proof.world import World

# Requests that write, where somebody else's edit is most unwelcome.
WRITES = {"sf": r"/composite|/Soap/", "hs": r"batch/(update|create|archive|associate)|/merge|associations"}
UPDATES = {"sf": r"/composite(/sobjects)?$", "hs": r"(contacts|companies)/batch/update"}
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
    # A job stops at a row, and no other call does.
    if (
        world.desk(connection).catalogue.find(name).of_rows
        and name != "salesforce.bulk.job_stops"
        and dice.random() < 0.7
    ):
        words["row_share"] = _ROW_SHARE
        words["seed"] = dice.randrange(1000)
    world.desk(connection).raise_(name, **words)
    return f"{connection} {name} {words}"


def edit_in_the_gap(world: World, dice: Dice) -> str:
    """Somebody edits, deletes or merges a record just before or after one of our writes of it arrives."""
    connection, drawn, seed = dice.choice(("sf", "hs")), dice.random(), dice.randrange(1 << 30)
    stage: Literal["before", "after"] = dice.choice(("before", "before", "after"))
    nth = dice.choice((1, 1, 2, 3))

    def strike(request: Request, _: object) -> None:
        mine, app = Dice(seed), world.apps[connection]
        stream, record, fields = some_written(connection, request, mine)
        app.clock.turn(mine.choice((0, 1, 2)))
        arguments: dict[str, Any] = dict(keyed(connection, stream, record))
        if drawn < 0.85:
            edited = some_edit(mine, connection, stream)
            same = [name for name in VALUES if FIELDS[connection, stream].get(name) in fields]
            if same and mine.random() < 0.7:
                name = mine.choice(same)
                edited = {FIELDS[connection, stream][name]: said(connection, VALUES[name](mine))}
            arguments |= edited
        elif drawn > 0.93:
            ids = [one for one in sorted(world.ledger.live(connection, stream)) if one != record]
            words = ("sobject", "master", "losers") if connection == "sf" else ("kind", "primary", "other")
            other: Any = [record] if connection == "sf" else record
            arguments = dict(zip(words, (TABLES[connection][stream], mine.choice(ids), other), strict=True))
        with suppress(LookupError):  # the record is gone by now
            app.doors["edit" if drawn < 0.85 else "delete" if drawn <= 0.93 else "merge"](**arguments)
        app.clock.turn(mine.choice((0, 1, 2)))

    world.desk(connection).add(Fault(act=strike, route=UPDATES[connection], nth=nth, stage=stage))
    return f"{connection} {stage} write {nth}"


def some_written(connection: str, request: Request, dice: Dice) -> tuple[str, str, set[str]]:
    """One record that a request updates: its stream, its id and the vendor's names of the fields it sets."""
    body, streams = request.json(), {table: stream for stream, table in TABLES[connection].items()}
    if connection == "hs":
        found = dice.choice(body["inputs"])
        return streams[request.path.split("/")[-3]], str(found["id"]), set(found["properties"])
    if "records" in body:
        found = dice.choice(body["records"])
        return streams[found["attributes"]["type"]], str(found["id"]), set(found)
    found = dice.choice(body["compositeRequest"])
    table, record = found["url"].split("/")[-2:]
    return streams[table], record, set(found["body"])


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
    """One CRM's clock goes ahead, by up to hours, or falls behind by seconds; the pulls' windows overlap by more. That
    both go wrong by as much between two pulls is no part of what is promised."""
    connection, seconds = dice.choice(("sf", "hs")), dice.choice((-2, -1, 5, 61, 3_600, 20_000))
    connection = world.skewed = world.skewed or connection
    world.apps[connection].clock.turn(seconds)
    return f"{connection} {seconds} s"


def lag(world: World, dice: Dice) -> str:
    """HubSpot's search knows of a write only after a while."""
    seconds = dice.choice((5, 30, 120))
    world.hs.set_index_lag(seconds * 1000)
    return f"{seconds} s"


def repair(world: World, _: Dice) -> str:
    world.repair()
    return ""


OPERATIONS = (
    Operation("fault", 9, fault),
    Operation("edit-in-the-gap", 6, edit_in_the_gap),
    Operation("take-a-right", 1.5, take_a_right),
    Operation("skew", 1, skew),
    Operation("lag", 1, lag),
    Operation("repair", 3, repair),
)
