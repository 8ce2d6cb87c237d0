"""A store and a report in which every foreign text tries something."""

from __future__ import annotations

from datetime import date

import polars as pl

from model.changes import SetField
from model.evidence import RecordKey
from model.streams import Value
from reports.content import Report
from reports.gather import gather
from store import Store
from tests.reports.shelf import Key, belong, blame, finding, healthy, pair, put

ATTACKS = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "' onmouseover='document.title=\"owned\"' x='",
    "javascript:document.title='owned'",
    "</style><style>body{display:none}</style>",
    "<svg onload=document.title='owned'>",
    "</title><base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/a.css>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &#60;script&#62;",
    "safe\u202egnp.exe\u2066\u200b\u200f\ufeff",
    "bell\x07 escape\x1b[31m",
    "Z" + "\u0301" * 400,
    "=HYPERLINK(\"https://evil.example\")",
)  # fmt: skip
HUGE = "A" * 10_000_000


def fill(store: Store) -> None:
    ids = [f"{place}{attack}" for place, attack in enumerate(ATTACKS)]
    values: list[Value] = list(ATTACKS)
    people: dict[str, list[Value]] = dict.fromkeys(("given_name", "family_name", "email", "phone", "company"), values)
    put(store, "sf", "contacts", id=[*ids], **people)
    put(store, "sf", "deals", id=[*ids], name=[*values], stage=[*values], amount=[100] * len(ids), currency=[*values])
    keys: list[Key] = [("sf", "contacts", record_id) for record_id in ids]
    belong(store, dict.fromkeys(keys, "E"))
    store.save_pairs(pl.DataFrame([pair(keys[0], keys[1], 0.9, ATTACKS[0])]))
    blame(store, [finding(key, "email-invalid", message=f"is {key[2]}", value=key[2][1:]) for key in keys])
    healthy(store, {("sf", "deals", record_id): 0.5 for record_id in ids})
    changes = [
        SetField(RecordKey(*key), "phone", text, text, 1, text, text) for key, text in zip(keys, ATTACKS, strict=True)
    ]
    store.save_plan(store.begin_run("plan", 1), changes, 1)


def gathered(store: Store) -> Report:
    return gather(
        store,
        date(2026, 11, 22),
        {"contacts": ("email", "title")},
        title=ATTACKS[0],
        story=ATTACKS,
        notes=ATTACKS,
        source_notes={("sf", "contacts"): ATTACKS[1]},
    )


def hostile_report(store: Store) -> Report:
    fill(store)
    return gathered(store)
