"""Which of two edits counts as the newer one."""

from __future__ import annotations

import pytest

from hygiene.newest import Seen, newer
from hygiene.threeway import Side
from model.conflicts import Edit

STEADY = (Seen(0, 0, 0), Seen(900, 0, 0))
DAY = 86_400_000_000


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
    assert newer(left, right, 100, STEADY) == side


@pytest.mark.parametrize(
    ("seen", "side"),
    [
        pytest.param([Seen(0, 0, 0), Seen(900, 0, 0)], "left", id="right all the time"),
        pytest.param([Seen(-900, -7, 293), Seen(900, -7, 293)], "left", id="apart, and always by as much"),
        pytest.param([Seen(-900, 350, 0), Seen(900, 350, 0)], None, id="ahead, so that both are set at once"),
        pytest.param([Seen(-900, 600, 0), Seen(900, 600, 0)], "right", id="so far ahead that it is the older"),
        pytest.param([Seen(0, 350, 0), Seen(900, 0, 0)], None, id="ahead before, right now"),
        pytest.param([Seen(0, 0, 0), Seen(900, 350, 0)], None, id="right before, ahead now"),
        pytest.param([Seen(0, 0, 0), Seen(600, 350, 0), Seen(900, 0, 0)], None, id="ahead between"),
        pytest.param([Seen(0, 10, 0), Seen(900, 0, 10)], "left", id="a little unsteady"),
        pytest.param([Seen(150, 0, 0), Seen(900, 0, 0)], None, id="not seen before the edits"),
        pytest.param([Seen(900, 0, 0)], None, id="seen only now"),
        pytest.param([], None, id="never seen"),
        pytest.param([Seen(-3 * DAY, 350, 0), Seen(-2 * DAY, 0, 0), Seen(900, 0, 0)], "left", id="ahead long ago"),
    ],
)
def test_the_newer_edit_is_so_however_the_clocks_stood(seen: list[Seen], side: Side | None) -> None:
    assert newer(Edit(500, "a"), Edit(100, "b"), 100, seen) == side
