"""Every verb as a new user tries it: its help, its text in a pipe, its JSON, its exit code."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.trueline.conftest import COMMAND, Cli, Project, Ran, environment, process
from trueline.verbs import VERBS

IN_PROJECT = [
    "check",
    "pull",
    "match",
    "resolve",
    "enrich",
    "score",
    "plan",
    "push",
    "sync",
    "report",
    "review",
    "runs",
]


def arguments(verb: str, project: Project) -> list[str]:
    out = ["--out", str(project.folder / "page.html")] if verb == "report" else []
    return [verb, "-p", str(project.folder), *out]


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_ends_with_an_example_that_names_it(trueline: Cli, verb: str) -> None:
    ran = trueline(verb, "--help")
    assert ran.code == 0
    assert not ran.err
    assert ran.out.rstrip().splitlines()[-1].strip().startswith(f"Example: trueline {verb}")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_help_lists_every_verb_on_one_line_of_80_columns(trueline: Cli) -> None:
    ran = trueline("--help")
    assert ran.code == 0
    for verb, (_, line) in VERBS.items():
        assert re.search(rf"^│ {verb} +{re.escape(line)} *│$", ran.out, re.MULTILINE), verb
    assert ran.out.rstrip().splitlines()[-1].strip() == "Example: trueline audit exports/*.csv"


def test_verb_in_the_list_is_a_verb_of_its_module_and_no_other_is(trueline: Cli) -> None:
    assert trueline("nosuch", "--json").document == {"error": "No such command 'nosuch'; see `trueline --help`."}
    assert "Did you mean 'pull'?" in trueline("pul").err


@pytest.mark.parametrize("options", [["--help"], ["--version"], ["init", "--help"], ["--show-completion", "bash"]])
def test_quick_answers_import_no_frames_database_or_sandbox(options: list[str]) -> None:
    code = (
        "import sys; from trueline.cli import run; run(sys.argv[1:]); "
        "slow = {'polars', 'sqlalchemy', 'sandbox', 'sync', 'requests', 'hubspot', 'scipy'} & set(sys.modules); "
        "sys.exit(f'imported {slow}' if slow else 0)"
    )
    done = subprocess.run([COMMAND[0], "-c", code, *options], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_version_is_one_line(trueline: Cli) -> None:
    ran = trueline("--version")
    assert ran.code == 0
    assert ran.out.startswith("trueline")
    assert ran.out.count("\n") == 1


def test_shell_completes_verbs_and_options() -> None:
    script = process("--show-completion", "bash")
    assert script.code == 0
    assert "_TRUELINE_COMPLETE=complete_bash" in script.out
    asked = {"_TRUELINE_COMPLETE": "complete_bash", "COMP_CWORD": "1", "COMP_WORDS": "trueline p"}
    done = subprocess.run([COMMAND[0], "-c", "from trueline.cli import main; main()"], env=environment(**asked),
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.split() == ["pull", "plan", "push"]


@pytest.mark.parametrize("verb", IN_PROJECT)
def test_json_is_one_document_and_nothing_else(trueline: Cli, pulled: Project, verb: str) -> None:
    ran = trueline(*arguments(verb, pulled), "--json")
    assert ran.code == 0, ran
    assert not ran.err
    assert isinstance(ran.document, (dict, list))
    assert "error" not in ran.document


@pytest.mark.parametrize("verb", [verb for verb in IN_PROJECT if verb != "sync"])
def test_text_in_a_pipe_has_no_escape_code_and_no_trailing_blank(trueline: Cli, pulled: Project, verb: str) -> None:
    ran = trueline(*arguments(verb, pulled))
    assert ran.code == 0, ran
    assert not ran.err
    assert ran.out.strip()
    assert "\x1b" not in ran.out
    assert all(line == line.rstrip() for line in ran.out.splitlines())


@pytest.mark.parametrize("verb", [verb for verb in IN_PROJECT if verb not in ("check", "pull", "sync")])
def test_verb_before_the_first_pull_says_to_pull_and_makes_no_store(trueline: Cli, tmp_path: Path, verb: str) -> None:
    (tmp_path / "trueline.toml").write_text("")
    ran = trueline(verb, "-p", tmp_path, "--json")
    ran.failed(1, "there is no store at", "pull first")
    assert "pull first" in ran.document["error"]
    assert [path.name for path in tmp_path.iterdir()] == ["trueline.toml"]


@pytest.mark.parametrize("verb", IN_PROJECT)
def test_verb_without_a_project_says_how_to_make_one(trueline: Cli, tmp_path: Path, verb: str) -> None:
    ran = trueline(verb, "-p", tmp_path / "nowhere", "--json")
    ran.failed(2, "There is no", "nowhere/trueline.toml", "trueline init")
    assert list(ran.document) == ["error"]


@pytest.mark.parametrize("verb", ["check", "pull", "sync"])
def test_verb_that_connects_says_when_nothing_is_configured(trueline: Cli, tmp_path: Path, verb: str) -> None:
    assert trueline("init", tmp_path).code == 0
    trueline(verb, "-p", tmp_path).failed(2, "No connection is configured yet", "trueline.toml")


def test_sync_answers_with_pull_plan_and_push_in_one_document(trueline: Cli, project: Project) -> None:
    document = trueline("sync", "-p", project.folder, "--apply", "--json").document
    assert {stream["connection"] for stream in document["pull"]["streams"]} == {"sf", "hs"}
    assert document["plan"]["rows"]
    assert document["push"]["statuses"] == {"applied": len(document["plan"]["rows"])}
    again = trueline("sync", "-p", project.folder, "--apply", "--json").document
    assert again["plan"]["rows"] == []
    assert again["push"] is None


def test_sync_over_a_cap_still_answers_with_what_it_pulled_and_planned(trueline: Cli, project: Project) -> None:
    project.write("max_changes = 3\n")
    ran = trueline("sync", "-p", project.folder, "--apply", "--json")
    ran.failed(1, "caps.max_changes is 3", "nothing was written")
    assert ran.document["plan"]["rows"]
    assert ran.document["push"] is None
    assert "caps.max_changes" in ran.document["error"]


def test_long_keys_and_reasons_stay_on_one_line_in_a_pipe(trueline: Cli, pulled: Project) -> None:
    reasons = {row["reason"] for row in trueline("plan", "-p", pulled.folder, "--json").document["rows"]}
    text = trueline("plan", "-p", pulled.folder, "--show", 10_000).out
    assert max(map(len, reasons)) > 80
    assert all(f"    {reason}\n" in text for reason in reasons)


def test_show_limits_what_is_printed_and_says_how_much_is_left(trueline: Cli, pulled: Project) -> None:
    total = len(trueline("plan", "-p", pulled.folder, "--json").document["rows"])
    assert f"... and {total - 2} more" in trueline("plan", "-p", pulled.folder, "--show", 2).out
    assert trueline("plan", "-p", pulled.folder, "--show", -1).code == 2
    planned = trueline("runs", "-p", pulled.folder).out.splitlines()[-1]
    assert "  plan p" in planned and "changes " in planned
    assert "settings" not in planned, "what Trueline notes for itself is no figure"


def test_explain_and_review_take_records_as_the_list_prints_them(trueline: Cli, pulled: Project) -> None:
    here = ("-p", str(pulled.folder))
    pair = trueline("review", *here, "--json").document[0]
    assert trueline("explain", pair["left"], pair["right"], *here, "--json").document["decision"] == "unsure"
    decided = trueline("review", pair["left"], pair["right"], "different", "--note", "two sites", *here)
    assert decided.out.startswith(f"Noted: {pair['left']} and {pair['right']} are different.")
    trueline("match", *here)
    assert pair not in trueline("review", *here, "--json").document
    assert trueline("explain", pair["left"], pair["right"], *here, "--json").document["decision"] == "different"


WRONG_ARGUMENTS = [
    pytest.param(["explain", "one", "other"], 2, "'one' is not a record", id="explain-no-key"),
    pytest.param(["explain", "sf/nosuch/1", "sf/nosuch/2"], 2, "no stream 'nosuch'", id="explain-no-stream"),
    pytest.param(["explain", "sf/contacts/1", "sf/contacts/2"], 2, "The store has no record", id="explain-no-record"),
    pytest.param(["review", "sf/contacts/1"], 2, "Name two records and the answer", id="review-one-record"),
    pytest.param(["review", "sf/contacts/1", "sf/contacts/2", "maybe"], 2, "same|different|unsure", id="review-answer"),
    pytest.param(["push", "p9999"], 2, "p9999", id="push-no-plan"),
    pytest.param(["push", "--apply", "p9999"], 2, "p9999", id="push-apply-no-plan"),
    pytest.param(["undo", "r9999"], 2, "There is no run r9999", id="undo-no-run"),
    pytest.param(["undo", "r0001"], 2, "Run r0001 changed nothing", id="undo-a-pull"),
    pytest.param(["undo"], 2, "Missing argument", id="undo-nothing"),
    pytest.param(["pull", "salesforce"], 2, "There is no connection 'salesforce'", id="pull-no-connection"),
    pytest.param(["report", "--out", "x.pdf"], 2, "must end in", id="report-ending"),
    pytest.param(["report", "--as-of", "yesterday"], 2, "yesterday", id="report-day"),
    pytest.param(["plan", "--nope"], 2, "No such option: --nope", id="option"),
    pytest.param(["plan", "--show", "many"], 2, "'--show'", id="option-type"),
]


@pytest.mark.parametrize(("given", "code", "sentence"), WRONG_ARGUMENTS)
def test_wrong_argument_gets_one_sentence(
    trueline: Cli, pulled_once: Project, given: list[str], code: int, sentence: str
) -> None:
    ran = trueline(*given, "-p", pulled_once.folder, "--json")
    ran.failed(code, sentence)
    assert sentence in ran.document["error"]


def on_terminal(folder: Path, *given: str, columns: int = 80) -> Ran:
    """Run a command line on a terminal of its own; what it shows is `out`."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(
        [*COMMAND, *given], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment(TERM="xterm")
    )
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return Ran(child.wait(60), shown.decode().replace("\r\n", "\n"), "")


def test_terminal_of_80_columns_gets_a_bar_and_lines_that_fit(pulled: Project) -> None:
    ran = on_terminal(pulled.folder, "sync", "--show", "100")
    assert ran.code == 0, ran
    assert "\x1b[" in ran.out  # the bar
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ran.out).rpartition("\r")[2]
    assert len(text.splitlines()) > 20
    assert all(len(line) <= 80 for line in text.splitlines()), text
