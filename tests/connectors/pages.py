"""What came of a pull."""

from __future__ import annotations

from collections.abc import Iterable

from model.batch import Page
from model.errors import ConnectorError


def read(pages: Iterable[Page]) -> tuple[list[Page], ConnectorError | None]:
    """The pages that came, and the error that ended them."""
    found: list[Page] = []
    try:
        found.extend(pages)
    except ConnectorError as error:
        return found, error
    return found, None


def ids(pages: list[Page]) -> set[str]:
    return {str(one) for page in pages for one in page.batch.columns["id"]}
