"""From a command's options to a workspace: which project, which store, which secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from model.errors import ConfigError
from sync.workspace import Workspace, open_workspace
from trueline.project import FILE_NAME, Project, load_project
from trueline.secrets import secret_reader, secret_writer

ProjectOption = Annotated[
    Path,
    typer.Option(
        "--project", "-p", envvar="TRUELINE_PROJECT", help=f"Folder that holds {FILE_NAME}.", show_default="."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
HERE = Path()


def open_session(folder: Path) -> Workspace:
    """A look at a project folder that was pulled before. ConfigError or StoreError when it cannot be opened."""
    return workspace_of(load_project(folder), create=False)


@contextmanager
def working_session(folder: Path, *, first: bool = False) -> Iterator[Workspace]:
    """A workspace on whose store no other command works meanwhile; with `first` it is made where there is none.

    Two commands at once could send one change twice. StoreError while another one is at work, and says which.
    """
    project = connected_project(folder) if first else load_project(folder)
    with workspace_of(project, create=first) as workspace, workspace.store.alone("command"):
        yield workspace


def connected_project(folder: Path) -> Project:
    """A project with connections; ConfigError while none is configured."""
    project = load_project(folder)
    if not project.settings.connections:
        raise ConfigError(f"No connection is configured yet; add one to {folder / FILE_NAME}.")
    return project


def workspace_of(project: Project, *, create: bool = True) -> Workspace:
    """The workspace of a loaded project."""
    return open_workspace(
        project.store_url,
        project.settings,
        project.folder,
        secret_reader(project.folder),
        secret_writer(project.folder),
        create=create,
    )
