"""`trueline conflicts`: the queue as a person sees and answers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.conflicts import Answer, Conflict
from model.evidence import RecordKey
from model.streams import Value
from store import Store
from tests.trueline.conftest import Cli

SETTINGS = """
[connections.sf]
system = "salesforce"
host = "acme.my.salesforce.com"
client_id = "x"
secret = "env:SF"
[connections.hs]
system = "hubspot"
secret = "env:HS"
[sync]
between = ["sf", "hs"]
[sync.contacts.fields]
title = "two-way"
lead_source = { authority = "two-way", values = { "Web" = "ORGANIC" } }
"""


def conflict(field: str, left: Value = "CFO", right: Value = "CEO") -> Conflict:
    keys = RecordKey("sf", "contacts", "003A"), RecordKey("hs", "contacts", "17")
    return Conflict(*keys, field, left, right, "Buyer", True, "changed on both sides since they agreed",
                    left_at=1_800_000_000_000_000, right_by="user 7")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trueline.toml").write_text(SETTINGS, "utf-8")
    with Store.open(f"sqlite:///{tmp_path}/trueline.db") as store:
        store.keep_conflicts([conflict("title"), conflict("lead_source"), conflict("email_opt_out", True, False)], 5)
    return tmp_path


def answers(folder: Path) -> list[Answer | None]:
    with Store.open(f"sqlite:///{folder}/trueline.db") as store:
        return [one.answer for one in store.conflicts()]


def test_conflicts_are_listed_with_both_values_and_what_was_agreed(trueline: Cli, folder: Path) -> None:
    shown = trueline("conflicts", "-p", folder).out
    assert "3 conflicts wait for a person." in shown
    assert "c0001  contacts.title: changed on both sides since they agreed" in shown
    assert "agreed on  'Buyer'" in shown
    assert "hs/contacts/17  'CEO' by user 7" in shown
    assert len(trueline("conflicts", "-p", folder, "--json").document) == 3


def test_one_is_answered_by_a_side_a_value_or_left(trueline: Cli, folder: Path) -> None:
    assert "Noted for 1 conflict." in trueline("conflicts", "c0001", "--value", "COO", "-p", folder).out
    trueline("conflicts", "c0002", "--take", "hs", "-p", folder)
    trueline("conflicts", "c0003", "--leave", "-p", folder)
    assert answers(folder) == [Answer("value", "COO"), Answer("right"), Answer("leave")]
    assert "said value" in trueline("conflicts", "-p", folder).out


def test_all_about_a_field_are_answered_at_once(trueline: Cli, folder: Path) -> None:
    trueline("conflicts", "--field", "contacts.title", "--take", "sf", "-p", folder)
    assert answers(folder) == [Answer("left"), None, None]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("c0009", "--leave"), "no open conflict c0009"),
        (("c0001", "--leave", "--take", "sf"), "one of --take, --value and --leave"),
        (("--leave",), "Name conflicts or one --field"),
        (("c0001", "--take", "crm"), "take sf or hs"),
        (("c0002", "--value", "x"), "take one side instead"),
        (("c0003", "--take", "hs"), "never takes back"),
        (("c0003", "--value", "perhaps"), "is no bool"),
        (("--field", "contacts.phone", "--leave"), "No conflict is open about contacts.phone"),
    ],
)
def test_wrong_answers_get_a_sentence_and_nothing_is_noted(
    trueline: Cli, folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    trueline("conflicts", *arguments, "-p", folder).failed(2, sentence)
    assert answers(folder) == [None, None, None]
