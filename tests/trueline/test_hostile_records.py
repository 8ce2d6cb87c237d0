"""Records whose values attack whoever shows, queries or exports them, through the whole command line."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.faults import Fault
from tests.trueline.conftest import Cli, Project

HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://evil.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "O'Brien' OR Name != '",
    "back\\' slash\\",
    "Robert'); DROP TABLE contacts;--",
    "\x1b[2J\x1b]0;owned\x07 \x9b31m",
    "line one\r\nline two\ttab",
    "\u202ennA\u2066 \u200b",
    "{{ 7 * 7 }} {% raw %} ${7*7} %s %(x)s {0}",
    "[bold red]markup[/] [link=http://evil.example]x[/link]",
    "家族 Ünïcödé 👩\u200d👩\u200d👧",
    "x" * 60,
)


def test_loop_carries_hostile_values_without_obeying_them(trueline: Cli, project: Project) -> None:
    """Each value stands in a contact and an account of both CRMs, beside a phone number that the loop corrects."""
    org, portal = project.sandbox.salesforce[0].app, project.sandbox.hubspot.app
    people, firms = ([row["Id"] for row in org.rows(name)] for name in ("Contact", "Account"))
    for value, person, firm, other in zip(HOSTILE, people, firms, portal.rows("contacts"), strict=False):
        org.edit("Contact", person, LastName=value, Title=value, Phone="(415) 555-2671", MailingCountry="USA")
        org.edit("Account", firm, Name=value, Industry=value, Phone="(415) 555-2672")
        portal.edit("contacts", other["hs_object_id"] or "", lastname=value, jobtitle=value, country="USA")
    stored = {person: org.row("Contact", person)["Title"] for person in people}
    here = ("-p", str(project.folder))

    ran = trueline("sync", *here, "--apply")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"sent plan p0001: [0-9,]+ applied\.", ran.out), "every change went through"
    shown = [ran.out, trueline("push", *here, "--show", 10_000).out, trueline("review", *here).out]
    for name in ("page.html", "page.json", "page.csv", "page.xlsx", "page.parquet"):
        ran = trueline("report", *here, "--out", project.folder / name)
        assert (ran.code, ran.err) == (0, ""), name
        shown.append(ran.out)
    for text in (*shown, (project.folder / "page.json").read_text("utf-8")):
        assert not [char for char in text if not char.isprintable() and char != "\n"]
    assert not re.search(r"<(script|img)", (project.folder / "page.html").read_text("utf-8"), re.IGNORECASE)

    assert "Nothing to change" in trueline("sync", *here).out
    assert {person: org.row("Contact", person)["Title"] for person in people} == stored
    assert org.row("Contact", people[0])["Phone"] == "+14155552671"


def test_error_text_of_a_remote_is_not_repeated_with_the_data_it_quotes(trueline: Cli, project: Project) -> None:
    assert trueline("sync", "-p", project.folder).code == 0
    body = '[{"message": "Ann Lee (ann.lee@example.com) \\u001b[2J is wrong", "errorCode": "WEIRD"}]'
    for served in (project.sandbox.salesforce[0], project.sandbox.hubspot):
        served.faults.add(Fault(method="PATCH", status=400, body=body))
        served.faults.add(Fault(method="POST", route="batch|composite", status=400, body=body))
    ran = trueline("push", "-p", project.folder, "--apply")
    assert "\x1b" not in ran.out + ran.err
    assert "ann.lee@example.com" not in ran.out + ran.err
    assert "fault of its own" not in ran.err


def test_path_with_strange_characters_is_shown_and_used(trueline: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "a b'\x1b[31m\n\udcff%20"
    ran = trueline("init", folder, "--json")
    assert ran.code == 0
    assert (folder / "trueline.toml").exists()
    trueline("init", folder).failed(2, "exists already")
    trueline("runs", "-p", folder).failed(1, "there is no store")
