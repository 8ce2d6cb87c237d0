"""From a command's options to a workspace: which project, which store, which secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync.workspace import Workspace, open_workspace
from trueline.project import Project, load_project
from trueline.secrets import secret_reader, secret_writer

ProjectOption = Annotated[
    Path,
    typer.Option(
        "--project", "-p", envvar="TRUELINE_PROJECT", help="Folder that holds trueline.toml.", show_default="."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
HERE = Path()


def open_session(folder: Path) -> Workspace:
    """The workspace of a project folder. ConfigError or StoreError in one sentence when it cannot be opened."""
    return workspace_of(load_project(folder))


def workspace_of(project: Project) -> Workspace:
    """The workspace of a loaded project."""
    return open_workspace(
        project.store_url,
        project.settings,
        project.folder,
        secret_reader(project.folder),
        secret_writer(project.folder),
    )
