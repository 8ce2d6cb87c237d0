"""`trueline forget` as somebody uses it who was asked to erase a person."""

from __future__ import annotations

from store import Store
from tests.trueline.conftest import Cli, Project


def test_forget_tells_first_and_erases_with_apply(trueline: Cli, pulled: Project) -> None:
    folder = str(pulled.folder)
    with Store.open(pulled.folder / "trueline.db") as store:
        contacts = store.frame("contacts", columns=["email"]).drop_nulls("email").unique("email", keep="none")
        record = "/".join((contacts["connection"][0], "contacts", contacts["id"][0]))
    told = trueline("forget", record, "-p", folder)
    assert told.code == 0, told
    assert told.out.splitlines()[-1] == "Nothing was erased; add --apply to erase."
    done = trueline("forget", record, "-p", folder, "--apply", "--json")
    assert done.code == 0, done
    assert record in done.document["records"]
    assert record in told.out
    trueline("forget", record, "-p", folder).failed(2, "is no person that the store knows")
    with Store.open(pulled.folder / "trueline.db") as store:
        assert contacts["email"][0] not in store.frame("contacts", deleted=True)["email"]
        assert store.runs()[-1].kind == "forget"
