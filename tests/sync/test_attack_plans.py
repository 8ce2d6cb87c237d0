"""Old plans, two pushes at once, changed settings, hostile text, other stores: what must hold whatever comes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from model.changes import UNDO, SetField
from model.errors import CapExceeded, ConfigError, StoreError
from model.evidence import RecordKey
from model.settings import Caps, PlanSettings
from store import Store
from sync.enrich import enrich_accounts
from sync.match import match_records
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.resolve import resolve_people
from sync.score import score_records
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.postgres import PostgresServer, postgres_server  # noqa: F401
from tests.sync.scene import Scene, change_of, outcomes, plan, pushed

BOTH = pytest.mark.parametrize("connection", ["sf", "hs"])
HOSTILE = [
    pytest.param("O'Brien \\' OR Name != '", id="soql"),
    pytest.param("@{row0.id} @{ref", id="composite-reference"),
    pytest.param("#N/A", id="data-loader-blank"),
    pytest.param("=HYPERLINK(\"http://x\";\"y\")", id="formula"),
    pytest.param("<script>alert(1)</script>&amp;", id="html"),
    pytest.param("Zoë 👩‍👩‍👧 ﷽ \u202eabc", id="unicode"),
    pytest.param("a;b;;c", id="semicolons"),
    pytest.param("null", id="null"),
    pytest.param("\\u0041 \\n %00 {0} %s", id="escapes"),
    pytest.param("x" * 128, id="as-long-as-it-may-be"),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_written_and_undone_to_the_byte(scene: Scene, connection: str, text: str) -> None:
    record, other = scene.ids(connection)[:2]
    scene.edit(connection, other, title=text)
    (scene.sf if connection == "sf" else scene.hs).clock.turn(60)
    with scene.open() as workspace:
        pull_all(workspace, [connection])
        before = scene.value(connection, record, "title")
        changes = [change_of(workspace, connection, record, "title", text),
                   change_of(workspace, connection, other, "title", "plain")]  # fmt: skip
        assert changes[1].before == text
        report, came = pushed(workspace, changes)
        assert [outcome.status for outcome in came] == ["applied", "applied"], came
        assert scene.value(connection, record, "title") == text
        back = push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
        assert back.statuses == {"applied": 2}
    assert scene.value(connection, record, "title") == before
    assert scene.value(connection, other, "title") == text


@BOTH
def test_plan_pushed_twice_is_sent_once(scene: Scene, connection: str) -> None:
    with scene.open() as workspace:
        plan_id = plan(workspace, [change_of(workspace, connection, scene.ids(connection)[0], "title", "One")])
        assert push_stored(workspace, plan_id).statuses == {"applied": 1}
        again = push_stored(workspace, plan_id)
        assert (again.run_id, again.pending) == (None, 0)


@BOTH
def test_old_plan_after_a_newer_one_overwrites_nothing(scene: Scene, connection: str) -> None:
    record = scene.ids(connection)[0]
    with scene.open() as workspace:
        old = plan(workspace, [change_of(workspace, connection, record, "title", "Old")])
        new = plan(workspace, [change_of(workspace, connection, record, "title", "New")])
        assert push_stored(workspace, new).statuses == {"applied": 1}
        assert push_stored(workspace, old).statuses == {"conflict": 1}
    assert scene.value(connection, record, "title") == "New"


@BOTH
def test_two_pushes_at_once_send_each_change_once(scene: Scene, connection: str) -> None:
    record = scene.ids(connection)[0]
    told: list[str] = []
    with scene.open() as workspace, scene.open() as rival:
        plan_id = plan(workspace, [change_of(workspace, connection, record, "title", "One")])

        def intrude() -> None:
            try:
                push_stored(rival, plan_id)
            except StoreError as error:
                told.append(str(error))

        def strike() -> None:
            thread = threading.Thread(target=intrude)
            thread.start()
            thread.join(20)

        scene.when(connection, strike)
        assert push_stored(workspace, plan_id).statuses == {"applied": 1}
        assert len(told) == 1
        assert "another push is at work" in told[0]
        assert push_stored(rival, plan_id).run_id is None, "the lock ends with the push"
    writes = "/composite" if connection == "sf" else "batch/update"
    log = (
        scene.prepared.crm.sandbox.salesforce[0] if connection == "sf" else scene.prepared.crm.sandbox.hubspot
    ).requests
    assert sum(writes in entry.path for entry in log) == 1


def test_lock_of_a_store_is_free_again_after_an_error(scene: Scene) -> None:
    with scene.open() as workspace:
        plan_id = plan(workspace, [change_of(workspace, "hs", scene.ids("hs")[0], "title", "One")])
    with scene.open(caps=Caps(max_changes=0, max_share=1.0)) as workspace, pytest.raises(CapExceeded):
        push_stored(workspace, plan_id)
    with scene.open() as workspace:
        assert push_stored(workspace, plan_id).statuses == {"applied": 1}


def test_store_that_was_copied_finds_the_other_copys_push_done(scene: Scene, tmp_path: Path) -> None:
    record = scene.ids("hs")[0]
    with scene.open() as workspace:
        plan_id = plan(workspace, [change_of(workspace, "hs", record, "title", "One")])
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "trueline.db", tmp_path / "copy" / "trueline.db")
    for folder, expected in ((tmp_path, "applied"), (tmp_path / "copy", "already")):
        with Scene(scene.prepared, folder).open() as workspace:
            assert push_stored(workspace, plan_id).statuses == {expected: 1}


def test_field_named_never_since_the_plan_was_made_is_not_written(scene: Scene) -> None:
    record = scene.ids("hs")[0]
    before = scene.value("hs", record, "title")
    with scene.open(plan=PlanSettings(never=("contacts.title",))) as workspace:
        _, (came,) = pushed(workspace, [change_of(workspace, "hs", record, "title", "One")])
        assert (came.status, came.code) == ("rejected", "REFUSED")
        assert "plan.never names contacts.title" in came.message
    assert scene.value("hs", record, "title") == before


def test_opt_out_is_never_taken_back(scene: Scene) -> None:
    record = scene.ids("sf")[0]
    scene.sf.edit("Contact", record, HasOptedOutOfEmail=True)
    with scene.open() as workspace:
        pull_all(workspace, ["sf"])
        _, (came,) = pushed(workspace, [change_of(workspace, "sf", record, "email_opt_out", False)])
        assert (came.status, came.code) == ("rejected", "REFUSED")
    assert scene.sf.row("Contact", record)["HasOptedOutOfEmail"] in (True, 1)


def test_connection_removed_since_the_plan_keeps_its_changes_waiting(scene: Scene) -> None:
    with scene.open() as workspace:
        changes = [change_of(workspace, name, scene.ids(name)[0], "title", "One") for name in ("sf", "hs")]
        plan_id = plan(workspace, changes)
        left = {name: one for name, one in workspace.settings.connections.items() if name != "sf"}
    with scene.open(connections=left) as workspace:
        report = push_stored(workspace, plan_id)
        assert report.statuses == {"applied": 1}
        assert "not a connection that can be written" in report.stopped["sf"]
    with scene.open() as workspace:
        assert push_stored(workspace, plan_id).statuses == {"applied": 1}


def test_plan_for_a_connection_there_is_not_says_so(scene: Scene) -> None:
    with (
        scene.open(plan=PlanSettings(connections=("sff",))) as workspace,
        pytest.raises(ConfigError, match="names sff"),
    ):
        plan_changes(workspace)


def test_plan_for_no_connection_plans_nothing(scene: Scene) -> None:
    with scene.open(plan=PlanSettings(connections=())) as workspace:
        assert plan_changes(workspace).rows == []


def test_api_call_cap_in_mid_push_leaves_the_rest_for_the_next(scene: Scene) -> None:
    with scene.open(caps=Caps(max_api_calls=1, max_share=1.0)) as workspace:
        person, company = scene.ids("hs")[0], scene.ids("hs", "accounts")[0]
        changes = [
            change_of(workspace, "hs", person, "title", "One"),
            change_of(workspace, "hs", company, "phone", "+12065550101", "accounts"),
        ]
        plan_id = plan(workspace, changes)
        report = push_stored(workspace, plan_id)
        assert "caps.max_api_calls is 1" in report.stopped["hs"]
        assert report.statuses == {"applied": 1}
    with scene.open() as workspace:
        assert push_stored(workspace, plan_id).statuses == {"applied": 1}


def test_clock_that_stands_still_or_goes_back_breaks_nothing(scene: Scene) -> None:
    moments = iter([5_000_000, 5_000_000, 4_000_000, 3_000_000, *([2_000_000] * 200)])
    with scene.open() as workspace:
        workspace.clock = lambda: next(moments)
        for _ in range(3):
            match_records(workspace)
            resolve_people(workspace)
        people = workspace.store.memberships()
        first = people.row(0, named=True)
        for entity in ("e-one", "e-two", "e-three"):
            moved = pl.DataFrame([{name: first[name] for name in ("connection", "stream", "id")} | {"entity": entity}])
            workspace.store.save_memberships(moved, workspace.clock())
            assert workspace.store.memberships()["entity"].to_list() == [entity]
        score_records(workspace)
        plan_changes(workspace)


def test_no_value_of_a_person_is_in_outcomes_reasons_or_run_summaries(scene: Scene) -> None:
    name, mail = "Zephyrine Quackenbush", "zephyrine.quackenbush"
    one, two, three = scene.ids("hs")[:3]
    with scene.open() as workspace:
        changes = [
            change_of(workspace, "hs", one, "email", mail),
            change_of(workspace, "hs", two, "email", str(scene.value("hs", three, "email"))),
            change_of(workspace, "sf", scene.ids("sf")[0], "email", mail),
            change_of(workspace, "sf", scene.ids("sf")[1], "title", name),
        ]
        echoes = {
            scene.ids("sf")[0]: ("INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {mail}"),
            scene.ids("sf")[1]: ("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"{name.upper()} may not, said {name[:14]}"),
        }

        def refuse(request: Any, response: Any) -> Any:
            body = json.loads(response.body)
            for asked, answer in zip(request.json()["compositeRequest"], body["compositeResponse"], strict=True):
                code, words = echoes[asked["url"].rpartition("/")[2]]
                answer |= {"httpStatusCode": 400, "body": [{"errorCode": code, "message": words}]}
            return type(response).of_json(body)

        scene.fault("sf", stage="after", act=refuse)
        report, came = pushed(workspace, changes)
        assert [outcome.status for outcome in came] == ["rejected"] * 4, came
        assert all(outcome.code for outcome in came)
        told = json.dumps([outcome.message for outcome in came] + [dict(report.reasons), report.stopped])
        told += json.dumps([dict(run.summary) for run in workspace.store.runs()])
    for word in ("zephyrine", "quackenbush", str(scene.value("hs", three, "email"))):
        assert word.lower() not in told.lower()


def worked_out(workspace: Workspace) -> dict[str, object]:
    """What hygiene makes of a store, without run ids."""
    match_records(workspace)
    resolve_people(workspace)
    enrich_accounts(workspace)
    score_records(workspace)
    plan_id = plan_changes(workspace).plan_id or ""
    store = workspace.store
    return {
        "findings": store.findings().drop("run_id", strict=False).write_json(),
        "scores": store.scores().write_json(),
        "pairs": store.pairs().write_json(),
        "memberships": store.memberships().drop("from_at").write_json(),
        "links": store.links().write_json(),
        "plan": [(planned.id, repr(planned.change)) for planned in store.plan_changes(plan_id)],
    }


def on_postgres(scene: Scene, url: str) -> Workspace:
    workspace = scene.open()
    workspace.store.close()
    workspace.store = Store.open(url)
    return workspace


def test_sqlite_and_postgresql_find_and_plan_the_same_to_the_byte(
    scene: Scene,
    postgres_server: PostgresServer,  # noqa: F811
) -> None:
    with scene.open() as one, on_postgres(scene, postgres_server.new_database()) as other:
        pull_all(one, full=True)
        pull_all(other, full=True)
        left, right = worked_out(one), worked_out(other)
        assert left["plan"]
        for name, value in left.items():
            assert value == right[name], name


def test_push_and_undo_on_postgresql(scene: Scene, postgres_server: PostgresServer) -> None:  # noqa: F811
    url = postgres_server.new_database()
    with on_postgres(scene, url) as workspace:
        pull_all(workspace)
        record = scene.ids("hs")[0]
        before = scene.value("hs", record, "title")
        report, (came,) = pushed(workspace, [change_of(workspace, "hs", record, "title", "One")])
        assert came.status == "applied"
        undone = undo_run(workspace, report.run_id or "")
        with Store.open(url) as rival, rival.alone("push"), pytest.raises(StoreError, match="another push"):
            push_stored(workspace, undone.plan.plan_id)
        assert push_stored(workspace, undone.plan.plan_id, kind="undo").statuses == {"applied": 1}
    assert scene.value("hs", record, "title") == before


SCRIPT = """
import hashlib, sys
from pathlib import Path
from model.settings import ProjectSettings
from sync.workspace import open_workspace
from tests.sync.test_attack_plans import worked_out
settings = ProjectSettings.model_validate_json(Path(sys.argv[2]).read_text())
with open_workspace(sys.argv[1], settings, Path("."), lambda _: "sandbox-secret") as workspace:
    print(hashlib.sha256(repr(worked_out(workspace)).encode()).hexdigest())
"""


def test_two_processes_with_other_hash_seeds_plan_the_same(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(scene.prepared.crm.settings.model_dump_json())
    digests = set()
    for seed, threads in (("0", "1"), ("4242", "3")):
        shutil.copy(scene.prepared.store, tmp_path / f"{seed}.db")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / f"{seed}.db"), str(tmp_path / "settings.json")],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "POLARS_MAX_THREADS": threads,
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_change_of_a_record_the_mirror_never_saw_is_a_conflict_not_a_crash(scene: Scene) -> None:
    keys = [RecordKey("sf", "contacts", "003000000000000AAA"), RecordKey("sf", "contacts", "no id; DROP"),
            RecordKey("hs", "contacts", "999999999")]  # fmt: skip
    changes = [SetField(key, "title", None, "One", None, "a reason", UNDO) for key in keys]
    with scene.open() as workspace:
        plan_id = plan(workspace, changes)
        push_stored(workspace, plan_id)
        assert {outcome.status for outcome in outcomes(workspace, plan_id)} <= {"conflict", "rejected"}
