"""Why two records match or do not, drawn: bars that go from the prior to the end, comparison by comparison."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from hygiene.linkage.explain import Step, Waterfall
from reports.html import page
from reports.wording import shown

_LABEL, _BAR = 38, 32


@dataclass(frozen=True, slots=True)
class Field:
    """One field as both records have it; None where it is blank."""

    name: str
    left: str | None
    right: str | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the picture. `bits` are rounded so that they add up; `start` and `end` lie between 0 and 1."""

    label: str
    words: str
    bits: float
    start: float
    end: float

    @property
    def is_for(self) -> bool:
        return self.bits > 0

    @property
    def left(self) -> float:
        return min(self.start, self.end)

    @property
    def width(self) -> float:
        return abs(self.end - self.start)


def bars(waterfall: Waterfall) -> tuple[list[Bar], float]:
    """The prior, then each comparison, then the sum, and where even odds lie between 0 and 1."""
    reached = [0.0, *(round(level, 1) + 0.0 for level in waterfall.levels)]
    low, high = min(reached), max(reached)
    span = max(high - low, 1e-9)
    places = [(level - low) / span for level in reached]
    steps = [Step("prior", "any two records that are compared", waterfall.prior), *waterfall.steps]
    drawn = [
        Bar(step.comparison, step.words, round(reached[at + 1] - reached[at], 1) + 0.0, places[at], places[at + 1])
        for at, step in enumerate(steps)
    ]
    even = (0.0 - low) / span
    return [*drawn, Bar("sum", in_percent(waterfall.probability), reached[-1], even, places[-1])], even


def in_percent(probability: float) -> str:
    """As many digits as tell it from certainty, up to a thousandth of a per cent."""
    percent = probability * 100
    for digits in range(4):
        text = f"{percent:.{digits}f}"
        if 0 < float(text) < 100:
            return f"{text} % likely the same"
    return f"{'more than 99.999' if percent > 50 else 'less than 0.001'} % likely the same"


def waterfall_lines(waterfall: Waterfall) -> list[str]:
    """The waterfall as text of at most 80 columns: + speaks for a match, - against, | marks even odds."""
    drawn, even = bars(waterfall)
    lines = [f"{'':{_LABEL}}   bits"]
    for bar in drawn:
        first, *rest = textwrap.wrap(shown(f"{bar.label}: {bar.words}"), _LABEL, subsequent_indent="  ")
        lines.append(f"{first:{_LABEL}} {bar.bits:+6.1f}  {_drawn(bar, even)}".rstrip())
        lines += rest
    return lines


def _drawn(bar: Bar, even: float) -> str:
    cells = [" "] * (_BAR + 1)
    start, end = round(bar.left * _BAR), round((bar.left + bar.width) * _BAR)
    cells[start:end] = ("+" if bar.is_for else "-") * (end - start)
    middle = round(even * _BAR)
    return "".join((*cells[:middle], "|", *cells[middle:]))


def waterfall_html(left: str, right: str, sentence: str, fields: Sequence[Field], waterfall: Waterfall | None) -> str:
    """A page by itself that shows both records and the waterfall, where a model weighed them."""
    drawn, even = bars(waterfall) if waterfall else ([], 0.0)
    return page("waterfall.html", left=left, right=right, sentence=sentence, fields=fields, bars=drawn, even=even)
