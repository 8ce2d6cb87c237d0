"""Which of two edits counts as the newer one."""

from __future__ import annotations

import pytest

from hygiene.newest import newer
from hygiene.threeway import Side
from model.conflicts import Edit


@pytest.mark.parametrize(
    ("left", "right", "side"),
    [
        pytest.param(Edit(500, "a"), Edit(100, "b"), "left", id="left is newer"),
        pytest.param(Edit(100, "a"), Edit(500, "b"), "right", id="right is newer"),
        pytest.param(Edit(200, "a"), Edit(100, "b"), None, id="by no more than clocks may be wrong"),
        pytest.param(Edit(500, "a", is_exact=False), Edit(100, "b"), None, id="a latest time never wins"),
        pytest.param(Edit(100, "a", is_exact=False), Edit(500, "b"), "right", id="a latest time may lose"),
        pytest.param(None, Edit(500, "b"), None, id="one is not known"),
    ],
)
def test_the_newer_edit_counts_only_where_that_is_sure(left: Edit | None, right: Edit, side: Side | None) -> None:
    assert newer(left, right, 100) == side
