"""Trueline at work in a walk: its commands, each in a workspace of its own, some of which die in the middle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from model.changes import Associate, Change, SetField, slot_of
from model.conflicts import Answer
from model.errors import CapExceeded, ConfigError, ConnectorError, InputError, StoreError
from model.evidence import RecordKey
from sandbox.faults import Fault
from sync.conflicts import answer_conflicts
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.proof.ledger import CONSENTS, FIELDS, TABLES, plain
from tests.proof.people import VALUES, Dice, Operation, some_edit, some_of
from tests.proof.world import World

# The rule of changes that a person asked for in a walk: they answer to no other reason.
ASKED = "asked"
WRITES_ANY = r"/composite|/Soap/|batch/(update|create|archive|associate)|/merge"


class Killed(BaseException):
    """The process died here."""


def command(work: Callable[[World, Workspace, Dice], str]) -> Callable[[World, Dice], str]:
    """A step that opens a workspace, works, and says what came of it; our own errors are an answer too."""

    def run(world: World, dice: Dice) -> str:
        try:
            with world.open() as workspace:
                return work(world, workspace, dice)
        except (ConnectorError, CapExceeded, ConfigError, InputError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            world.ledger.catch_up()

    return run


def pull(world: World, workspace: Workspace, _: Dice) -> str:
    at = len(world.ledger.written)
    results = pull_all(workspace)
    if not any(result.stopped for result in results):
        world.last_pull, world.skewed = at, ""
    return " ".join(f"{one.connection}/{one.stream}: {one.stopped}" for one in results if one.stopped)


def plan(world: World, workspace: Workspace, _: Dice) -> str:
    return plan_changes(workspace).sentence


def push(world: World, workspace: Workspace, dice: Dice, **words: Any) -> str:
    report = push_stored(workspace, joins=dice.random() < 0.5, **words)
    if report.run_id:
        world.pushed.append(report.run_id)
        _check_mirror(world, workspace, report.run_id)
    return f"{report.sentence} {report.stopped or ''}"


def _check_mirror(world: World, workspace: Workspace, run_id: str) -> None:
    """The store knows what a run wrote as soon as it is written, whatever index of the remote lags."""
    last = {entry.cell: entry for entry in world.ledger.written}
    for item in workspace.store.outcomes(run_id=run_id):
        change, key = item.planned.change, item.planned.change.key
        entry = last.get((key.connection, key.stream, key.id, getattr(change, "field", "")))
        if not isinstance(change, SetField) or item.outcome.status != "applied" or item.outcome.code:
            continue
        if entry is None or not entry.is_ours:
            continue
        held = workspace.store.frame(key.stream, connections=[key.connection]).filter(pl.col("id") == key.id)
        told = [plain(value, change.field) for value in (*held[change.field], entry.after)]
        # A field that was hidden from us meanwhile is unknown, and shown as None.
        if len(told) == 2 and told[0] not in (None, told[1]):
            world.seen.append(
                ("no echo", f"{key} {change.field}: the store holds {told[0]!r} after we wrote {told[1]!r}")
            )


def sync(world: World, workspace: Workspace, dice: Dice) -> str:
    """The whole loop as it is run on a schedule."""
    told = pull(world, workspace, dice), plan(world, workspace, dice), push(world, workspace, dice)
    return " | ".join(part for part in told if part)


def ask(world: World, workspace: Workspace, dice: Dice) -> str:
    """Plan and push a few changes that somebody asked for, from what the store holds now."""
    changes: list[Change] = []
    for connection, stream in dice.sample([*FIELDS], 2):
        changes += _asked(workspace, dice, connection, stream)
    changes = list({(change.key, change.kind, getattr(change, "field", "")): change for change in changes}.values())
    if not changes:
        return "nothing to ask for"
    run_id = workspace.store.begin_run("plan", workspace.clock())
    workspace.store.save_plan(run_id, changes, workspace.clock())
    workspace.store.end_run(run_id, "done", workspace.clock(), {})
    return f"{[(str(change.key), slot_of(change)) for change in changes]}: {push(world, workspace, dice)}"


def _asked(workspace: Workspace, dice: Dice, connection: str, stream: str) -> list[Change]:
    held = workspace.store.frame(stream, connections=[connection])
    if held.is_empty():
        return []
    found: list[Change] = []
    rows = held.rows(named=True)
    for row in [some_of(dice, rows) for _ in range(dice.choice((1, 2, 3)))]:
        names = [name for name in FIELDS[connection, stream] if name in VALUES and name not in ("email", "domain")]
        name, key, seen = some_of(dice, names), RecordKey(connection, stream, row["id"]), _version(row)
        after = VALUES[name](dice)
        if name in CONSENTS and row[name]:
            after = False  # which nobody may have us do
        if after not in ("", row[name]):
            found.append(SetField(key, name, row[name], after, seen, "somebody asked for it", ASKED))
        if stream == "contacts" and dice.random() < 0.2:
            accounts = workspace.store.frame("accounts", connections=[connection])["id"].to_list()
            to = dice.choice(accounts)
            if to != row["account_id"]:
                account = RecordKey(connection, "accounts", to)
                found.append(Associate(key, account, "primary", seen, "asked for", ASKED, replaces=row["account_id"]))
    return found


def _version(row: dict[str, Any]) -> int:
    changed_at: datetime = row["changed_at"]
    return round(changed_at.timestamp() * 1_000_000)


def push_again(world: World, workspace: Workspace, dice: Dice) -> str:
    return push(world, workspace, dice)


def pull_everything(world: World, workspace: Workspace, _: Dice) -> str:
    return " ".join(one.stopped for one in pull_all(workspace, full=True) if one.stopped)


def commit_late(world: World, workspace: Workspace, dice: Dice) -> str:
    """A pull in the middle of somebody's long transaction, whose changes carry the stamp of before the pull."""
    stream = dice.choice(("accounts", "contacts", "leads"))
    ids = world.ids("sf", stream)
    if not ids:
        return "nothing to write"
    record, values = dice.choice(ids), some_edit(dice, "sf", stream)
    number = world.act("sf", "begin")
    world.act("sf", "write", transaction=number, sobject=TABLES["sf"][stream], record_id=record, **values)
    world.pass_time(dice.choice((5, 60, 300)))
    told = pull(world, workspace, dice)
    try:
        world.act("sf", "commit", transaction=number)
    except LookupError as error:
        return f"{record} refused: {error}"
    return f"{record} {values} {told}"


def push_twice(world: World, workspace: Workspace, dice: Dice) -> str:
    """A second push begins while the first one is at a write: it must say so and write nothing."""
    told: list[str] = []

    def begin_another(*_: object) -> None:
        try:
            with world.open() as second:
                push_stored(second, joins=True)
        except StoreError as error:
            told.append(str(error))
        else:
            world.seen.append(("one at a time", "a second push went on while the first was at a write"))

    desk = world.desk(dice.choice(("sf", "hs")))
    desk.add(Fault(route=WRITES_ANY, nth=1, act=begin_another))
    return f"{ask(world, workspace, dice)} {told}"


def answer(world: World, workspace: Workspace, dice: Dice) -> str:
    """A person takes one side of a conflict; the next plan carries it out."""
    waiting = [one for one in workspace.store.conflicts() if one.answer is None and one.field not in CONSENTS]
    if not waiting:
        return "nobody is asked"
    one = dice.choice(waiting)
    answer_conflicts(workspace, [one], Answer(dice.choice(("left", "right"))))
    world.answered |= {(key.connection, key.stream, key.id, one.field) for key in (one.left, one.right)}
    return f"{one.id} {one.left} {one.right} {one.field}"


def undo(world: World, workspace: Workspace, dice: Dice) -> str:
    if not world.pushed:
        return "nothing was pushed"
    run_id = dice.choice(world.pushed)
    report = undo_run(workspace, run_id, only_overwritten=dice.random() < 0.2)
    return f"{report.sentence} {push(world, workspace, dice, kind='undo')}"


def die(world: World, workspace: Workspace, dice: Dice) -> str:
    """Ask for changes and die at one of the store's transactions of the push, before or after it."""
    store: Any = workspace.store
    name, left, after = dice.choice(("journal", "record")), dice.choice((1, 1, 2, 3)), dice.random() < 0.5
    real = getattr(store, name)

    def dying(*words: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not after:
            raise Killed
        result = real(*words, **named)
        if left == 0:
            raise Killed
        return result

    setattr(store, name, dying)
    try:
        return f"lived: {ask(world, workspace, dice)}"
    except Killed:
        world.pushed += [run.id for run in workspace.store.runs() if run.kind == "push"][-1:]
        return f"died {'after' if after else 'before'} {name}"


OPERATIONS = (
    Operation("pull", 2, command(pull)),
    Operation("ask", 2.5, command(ask)),
    Operation("push-again", 0.4, command(push_again)),
    Operation("undo", 0.8, command(undo)),
    Operation("die", 0.7, command(die)),
    Operation("plan", 0.05, command(plan)),
    Operation("sync", 0.12, command(sync)),
    Operation("pull-everything", 0.2, command(pull_everything)),
    Operation("answer", 1, command(answer)),
    Operation("commit-late", 0.4, command(commit_late)),
    Operation("push-twice", 0.25, command(push_twice)),
)
