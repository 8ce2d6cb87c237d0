"""Forgetting a person: nothing is left in any table or byte, others keep theirs, and no pull brings them back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from model.batch import Batch, CustomColumn, Page, Watermark
from model.changes import FORGOTTEN, Merge, Outcome, SetField
from model.errors import InputError
from model.evidence import RecordKey, Verdict
from model.streams import Value
from store import KindMatch, LinkUpdate, Matched, MatchUpdate, Person, Store, StoredModel
from store.mirror import MIRROR
from store.plans import CHANGES
from store.tables import METADATA

ANN, TWIN, LEAD = (RecordKey("sf", stream, f"ID-ANN-{stream}-{n}") for stream, n in
                   (("contacts", 1), ("contacts", 2), ("leads", 3)))  # fmt: skip
BO = RecordKey("sf", "contacts", "ID-BO")
EMAIL, OTHER = "ann.secret@x.example", "joann.secret@x.example.org"
PERSON = Person((ANN, TWIN, LEAD), (EMAIL,))
SECRETS = ("ann.secret@x.example\0", "ID-ANN", "Anneliese", "Contains Anneliese's words")
KEY = {"connection": pl.String, "stream": pl.String, "id": pl.String}
# Tables that hold no record's key and no text of a record.
IMPERSONAL = {
    "counters", "runs", "watermarks", "readable", "plans", "journal", "outcomes", "forgotten", "hash_keys",
    "changes", "lookups", "models", "matched", "block_keys", "planned", "scored", "resolved",
    "resolved_parts",
}  # fmt: skip


def page(stream: str, full: bool = False, cursor: str | None = None, **columns: list[Value]) -> Page:
    rows = len(columns["id"])
    custom = {
        "shoe__c": CustomColumn("text", ["Anneliese's 41" if "ANN" in str(one) else "43" for one in columns["id"]])
    }
    readable = frozenset(columns.keys() - {"id", "changed_at", "is_deleted"})
    batch = Batch("sf", stream, {"changed_at": [1] * rows, **columns}, readable, custom)
    return Page(batch, Watermark(1, cursor), is_full=full)


def pull(store: Store) -> list[int]:
    """Everything once more; how many rows of each page were left out."""
    ids: list[Value] = [ANN.id, TWIN.id, BO.id]
    pages = (
        page("contacts", full=True, id=ids, given_name=["Anneliese", "Anneliese", "Bo"],
             email=[EMAIL.upper(), None, OTHER], extra_emails=[None, f"a@y.example;{EMAIL}", None]),
        page("leads", id=[LEAD.id], email=[EMAIL], converted_contact_id=[ANN.id]),
        page("activities", id=["a1", "a2"], subject=["Anneliese called", "Bo called"], contact_id=[ANN.id, BO.id]),
        page("associations", id=["ID-ANN-l1", "l2"], from_stream=["contacts"] * 2, from_id=[ANN.id, BO.id],
             to_stream=["accounts"] * 2, to_id=["acme"] * 2),
        page("campaign_members", id=["m1", "m2"], contact_id=[None, BO.id], email=[EMAIL, OTHER]),
        page("deals", id=["d1", "d2"], name=["D1", "D2"], contact_id=[TWIN.id, BO.id]),
    )  # fmt: skip
    run_id = store.begin_run("pull", 1)
    return [store.save_page(run_id, one) for one in pages]


def keyed(*keys: RecordKey) -> pl.DataFrame:
    return pl.DataFrame([(key.connection, key.stream, key.id) for key in keys], schema=KEY, orient="row")


def change(key: RecordKey, after: str) -> SetField:
    return SetField(key, "email", "Anneliese before", after, 1, "Anneliese said so", "fix")


def derive(store: Store) -> None:
    """Whatever hygiene works out about Ann and Bo."""
    run_id, everybody = store.begin_run("match", 1), keyed(ANN, TWIN, BO)
    told = everybody.with_columns(rule=pl.lit("r"), severity=pl.lit("low"), message=pl.lit("m"))
    mention = keyed(BO).with_columns(rule=pl.lit("r"), severity=pl.lit("low"), message=pl.lit(f"resembles {ANN}"))
    sides = [f"{side}_{part}" for side in ("left", "right") for part in KEY]
    pair = pl.DataFrame([("sf", *ANN_BO[0], "sf", *ANN_BO[1], "person", "unsure", "r", "Anneliese")],
                        schema=[*sides, "kind", "decision", "rule", "reason"], orient="row")  # fmt: skip
    members = everybody.with_columns(entity=pl.Series(["ID-ANN entity", "ID-ANN entity", "bo"]))
    kinds = {"person": KindMatch(Matched("v", "s", 0, {}), {"records": b"ID-ANN"})}
    store.save_match(run_id, MatchUpdate(kinds, pair, members, told), 5)
    store.save_model("person", StoredModel("v", 1, EMAIL.encode()))
    store.replace_findings(run_id, pl.concat([told, mention]))
    store.replace_scores(everybody.with_columns(name=pl.lit("n"), reason=pl.lit("r")))
    mentioned = everybody.with_columns(phone=pl.lit(EMAIL))
    links = LinkUpdate(everybody.with_columns(reason=pl.lit("r")), parts={"people": mentioned}, settings="s")
    store.save_links(run_id, links)
    store.add_verdict(Verdict(ANN, BO, "different", "me", 1, "Contains Anneliese's words"))
    store.add_verdict(Verdict(BO, RecordKey("sf", "contacts", "x"), "same", "me", 1, f"not {EMAIL}"))
    store.save_lookup("register", "ann", 1, {"email": EMAIL})
    store.save_lookup("register", "joann", 1, {"email": OTHER})


ANN_BO = (("contacts", ANN.id), ("contacts", BO.id))


def push(store: Store) -> tuple[str, str]:
    """A plan of which two changes were written, one of them Bo's, and two are pending; its run and id."""
    run_id = store.begin_run("push", 1)
    merge = Merge(BO, (TWIN,), (("given_name", "Anneliese"),), 1, "Anneliese", "r")
    plan_id = store.save_plan(run_id, [change(ANN, EMAIL), change(BO, "x"), change(BO, OTHER), merge], 2)
    sent = [planned.id for planned in store.plan_changes(plan_id)][:2]
    store.journal(run_id, sent, 3)
    found = [Outcome(one, "applied", "CODE", "Anneliese's message", 4, "Anneliese found", ANN.id) for one in sent[:1]]
    store.record(run_id, [*found, Outcome(sent[1], "applied")], [], 4)
    return run_id, plan_id


def everything(store: Store) -> str:
    """All values of all tables as one text; each ends with a NUL."""
    with store._database.read() as opened:
        tables = [table for table in METADATA.tables.values() if table is not CHANGES]
        rows = [row for table in tables for row in opened.execute(select(table))]
        # What is left of Bo's change keeps Bo's values; those of Ann's are looked at one by one.
        rows += opened.execute(select(CHANGES).where(CHANGES.c.record_id != BO.id)).all()
    return "".join(f"{value}\0" for row in rows for value in row)


@pytest.fixture
def filled(store: Store) -> Store:
    assert pull(store) == [0] * 6
    derive(store)
    return store


def test_forget_leaves_no_word_of_the_person_in_any_table(filled: Store) -> None:
    push(filled)
    assert all(secret.strip("\0") in everything(filled) for secret in SECRETS)
    counts = filled.forget(PERSON, 9, apply=True)
    left = everything(filled)
    assert [secret for secret in SECRETS if secret in left] == []
    assert {"contacts": 2, "leads": 1, "activities": 1, "deals": 1, "changes": 2}.items() <= counts.items()


def test_forget_leaves_what_is_about_others(filled: Store) -> None:
    filled.forget(PERSON, 9, apply=True)
    assert filled.frame("contacts", columns=["email"], custom=["shoe__c"]).rows() == [("sf", BO.id, OTHER, "43")]
    for stream, name in (("activities", "a2"), ("associations", "l2"), ("campaign_members", "m2")):
        assert filled.frame(stream)["id"].to_list() == [name]
    assert filled.frame("deals").select("id", "contact_id").rows() == [("d1", None), ("d2", BO.id)]
    assert filled.memberships()["entity"].to_list() == ["bo"]
    assert filled.findings().select("step", "id").rows() == [("match", BO.id), ("score", BO.id)]
    assert filled.scores()["id"].to_list() == filled.links()["id"].to_list() == [BO.id]
    assert filled.lookup("register", "joann")
    assert (filled.model("person"), filled.matched()) == (None, {})


def test_forget_without_apply_counts_the_same_and_changes_nothing(filled: Store) -> None:
    push(filled)
    before = everything(filled)
    counts = filled.forget(PERSON, 9, apply=False)
    assert everything(filled) == before
    assert filled.forget(PERSON, 9, apply=True) == counts
    assert filled.forget(PERSON, 10, apply=True) == {}


def test_change_that_was_written_stays_without_values_and_pending_ones_go(filled: Store) -> None:
    run_id, plan_id = push(filled)
    filled.forget(PERSON, 9, apply=True)
    first, *others = (planned.change for planned in filled.plan_changes(plan_id))
    assert first == SetField(RecordKey("sf", "contacts", FORGOTTEN), "email", None, None, 1, FORGOTTEN, FORGOTTEN)
    assert others == [change(BO, "x"), change(BO, OTHER)]
    done = filled.outcomes(run_id=run_id)[0].outcome
    assert (done.status, done.code, done.message, done.found, done.made) == ("applied", "CODE", "", None, None)


def test_change_of_unknown_end_is_settled_before_its_person_is_forgotten(filled: Store) -> None:
    run_id = filled.begin_run("push", 1)
    plan_id = filled.save_plan(run_id, [change(ANN, EMAIL)], 2)
    filled.journal(run_id, [planned.id for planned in filled.plan_changes(plan_id)], 3)
    before = everything(filled)
    with pytest.raises(InputError, match="no known end"):
        filled.forget(PERSON, 9, apply=True)
    assert everything(filled) == before


def test_pull_leaves_out_who_was_forgotten_whatever_the_record(filled: Store) -> None:
    filled.forget(PERSON, 9, apply=True)
    assert pull(filled) == [2, 1, 1, 1, 1, 0]
    assert (filled.shown("sf", "contacts"), filled.vanished("sf", "contacts")) == (3, 0)
    assert filled.save_page("r", page("contacts", id=["new", "else"], email=[f" {EMAIL.upper()} ", "b@x.example"])) == 1
    filled.save_batch(page("contacts", id=[ANN.id], title=["back"]).batch)
    assert filled.frame("contacts")["id"].to_list() == [BO.id, "else"]
    assert filled.frame("deals")["contact_id"].to_list() == [None, BO.id]
    assert [secret for secret in SECRETS if secret in everything(filled)] == []


def test_full_pull_counts_who_was_left_out_page_by_page_and_anew_each_time(filled: Store) -> None:
    filled.forget(PERSON, 9, apply=True)
    run_id = filled.begin_run("pull", 1)
    for _ in range(2):
        filled.save_page(run_id, page("contacts", full=True, cursor="2", id=[ANN.id, BO.id], is_deleted=[False] * 2))
        filled.save_page(run_id, page("contacts", full=True, id=[TWIN.id, "gone"], is_deleted=[True, True]))
        assert filled.shown("sf", "contacts") == 2


def test_hashes_of_two_stores_differ(store: Store, tmp_path: Path) -> None:
    hashes = []
    with Store.open(tmp_path / "other.db") as other:
        for one in (store, other):
            one.forget(PERSON, 9, apply=True)
            with one._database.read() as opened:
                hashes.append(set(opened.execute(select(METADATA.tables["forgotten"].c.hash)).scalars()))
    assert len(hashes[0]) == len(hashes[1]) == 4
    assert not hashes[0] & hashes[1]


def test_forget_leaves_no_byte_of_the_person_in_the_files(tmp_path: Path) -> None:
    with Store.open(tmp_path / "trueline.db") as store:
        pull(store)
        derive(store)
        push(store)
        store.save_links(
            "r9", LinkUpdate(keyed(BO).with_columns(reason=pl.lit("r")))
        )  # what was replaced lies in free space
        assert any(EMAIL.encode() in path.read_bytes() for path in tmp_path.iterdir())
        store.forget(PERSON, 9, apply=True)
        held = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert OTHER.encode() in held
    held = held.replace(OTHER.encode(), b"").lower()
    # Bo's change keeps the words that the test put there.
    assert [secret for secret in (EMAIL, "ID-ANN") if secret.lower().encode() in held] == []


def test_every_table_is_erased_by_its_columns_or_holds_no_record() -> None:
    names = {table.name for table in METADATA.tables.values()} - MIRROR.keys()
    keyed_tables = {
        name
        for name in names
        if any({f"{side}connection", f"{side}stream", f"{side}id"} <= {*METADATA.tables[name].c.keys()}
               for side in ("", "left_"))
    }  # fmt: skip
    assert names - (keyed_tables - {"changes"}) == IMPERSONAL
