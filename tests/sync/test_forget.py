"""Forgetting a person of a project: who that is, what is told, and that the next pull leaves them out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from model.batch import Batch
from model.changes import Outcome, SetField
from model.errors import InputError
from model.evidence import RecordKey
from model.settings import ProjectSettings
from model.streams import Value
from sync.forget import forget_person
from sync.pull import pull_all
from sync.undo import inverse_changes
from sync.workspace import Workspace, open_workspace

CSV = "Contact ID,First Name,Last Name,Email\n1,Ann,Lee,ann@x.example\n2,Bo,Lee,bo@x.example\n3,Cy,Lee,info@x.example\n"


def batch(connection: str, stream: str, **columns: list[Value]) -> Batch:
    readable = frozenset(columns.keys() - {"id", "is_deleted", "merged_into"})
    return Batch(connection, stream, {"changed_at": [1] * len(columns["id"]), **columns}, readable)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Workspace]:
    """A contact in hs, its twin in sf (one entity), a lead converted to the twin, a record merged into it, the account
    half of its person account; and another person with whom it shares one of two addresses."""
    settings = {"connections": {"f": {"system": "files", "files": ["contacts.csv"]}}}
    (tmp_path / "contacts.csv").write_text(CSV)
    (tmp_path / "report.html").write_text("about Ann")
    project = ProjectSettings.model_validate(settings)
    with open_workspace(f"sqlite:///{tmp_path}/trueline.db", project, tmp_path, str) as opened:
        store = opened.store
        store.save_batch(batch("hs", "contacts", id=["h1", "h9"], email=["Ann@X.example", "info@x.example"],
                               extra_emails=["info@x.example", None]))  # fmt: skip
        store.save_batch(batch("sf", "contacts", id=["s1", "s0"], email=["ann.old@x.example", None],
                               merged_into=[None, "s1"], is_deleted=[False, True], account_id=["half", None],
                               is_person_account=[True, False]))  # fmt: skip
        store.save_batch(batch("sf", "leads", id=["l1"], email=[None], converted_contact_id=["s1"]))
        store.save_batch(batch("sf", "accounts", id=["half", "acme"], name=["Ann Lee", "Acme"]))
        members = [("hs", "contacts", "h1", "ann"), ("sf", "contacts", "s1", "ann"), ("hs", "contacts", "h9", "info"),
                   ("sf", "accounts", "acme", "firm")]  # fmt: skip
        store.save_memberships(pl.DataFrame(members, schema=["connection", "stream", "id", "entity"], orient="row"), 1)
        yield opened


ALL = ("hs/contacts/h1", "sf/accounts/half", "sf/contacts/s0", "sf/contacts/s1", "sf/leads/l1")


@pytest.mark.parametrize("whom", ["ann", "sf/leads/l1", "hs/contacts/h1", "ANN@x.example", "ann.old@x.example"])
def test_person_is_all_their_records_however_they_are_named(project: Workspace, whom: str) -> None:
    told = forget_person(project, whom)
    assert tuple(sorted(told.records)) == ALL
    assert (told.run_id, told.addresses, told.shared, told.files) == (None, 3, 1, ("contacts.csv", "report.html"))
    assert told.rows == {"accounts": 1, "contacts": 3, "leads": 1, "memberships": 2}
    assert project.store.runs() == []


def test_forgotten_person_is_gone_and_a_shared_address_stays(project: Workspace) -> None:
    told = forget_person(project, "ann", apply=True)
    store = project.store
    assert [store.frame(name, deleted=True)["id"].to_list() for name in ("contacts", "leads", "accounts")] == [
        ["h9"], [], ["acme"],
    ]  # fmt: skip
    assert store.memberships()["entity"].to_list() == ["info", "firm"]
    assert (store.runs()[-1].id, store.runs()[-1].kind) == (told.run_id, "forget")


def test_next_full_pull_leaves_the_person_out_and_says_so(project: Workspace) -> None:
    forget_person(project, "ann", apply=True)
    contacts = next(one for one in pull_all(project, full=True) if one.stream == "contacts")
    assert (contacts.rows, contacts.forgotten, contacts.stopped) == (3, 1, None)
    assert contacts.gaps == ["1 records of people who were forgotten were not stored"]
    assert project.store.frame("contacts", connections=["f"])["email"].to_list() == ["bo@x.example", "info@x.example"]


def test_address_that_no_record_has_is_kept_out_all_the_same(project: Workspace) -> None:
    assert forget_person(project, "bo@x.example", apply=True).records == ()
    pull_all(project)
    assert "bo@x.example" not in project.store.frame("contacts")["email"]


@pytest.mark.parametrize("whom", ["sf/contacts/nobody", "firm", "sf/accounts/acme", "ann lee"])
def test_who_is_no_person_of_the_store_is_refused_in_one_sentence(project: Workspace, whom: str) -> None:
    with pytest.raises(InputError, match="is no person that the store knows"):
        forget_person(project, whom, apply=True)


def test_undo_says_what_it_cannot_put_back_for_somebody_forgotten(project: Workspace) -> None:
    store = project.store
    run_id = store.begin_run("push", 1)
    key = RecordKey("hs", "contacts", "h1")
    plan_id = store.save_plan(run_id, [SetField(key, "title", None, "Ms", 1, "why")], 1)
    change_id = store.plan_changes(plan_id)[0].id
    store.journal(run_id, [change_id], 2)
    store.record(run_id, [Outcome(change_id, "applied")], [], 3)
    forget_person(project, "ann", apply=True)
    assert inverse_changes(store, run_id) == ([], ["a set-field: the person it was made to was forgotten"])
