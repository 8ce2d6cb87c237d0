"""What a report says, gathered once and shown in any form. Plain data: no markup, no escaping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of one connection, and what was in it. `note` says what could not be read, or from which file."""

    connection: str
    stream: str
    records: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One figure at the top of the page; `share` (0 to 1) is drawn where the figure is one."""

    title: str
    figure: str
    explanation: str
    tone: Tone
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Gravity:
    """Records by the gravest finding about each: every record counts once."""

    high: int = 0
    medium: int = 0
    low: int = 0

    @property
    def records(self) -> int:
        return self.high + self.medium + self.low


@dataclass(frozen=True, slots=True)
class Chapter:
    """Findings of one kind of trouble: how many records have it, and what to do about it."""

    slug: str
    title: str
    gravity: Gravity
    advice: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled share, 0 to 1."""

    label: str
    share: float
    figure: str

    @property
    def tone(self) -> Tone:
        return "good" if self.share >= 0.9 else "warn" if self.share >= 0.6 else "bad"


@dataclass(frozen=True, slots=True)
class StreamCompleteness:
    """One stream of one connection: how many of its records lack nothing, the share filled (mean over records), its
    fields with the worst first, and the required fields that could not be read."""

    connection: str
    stream: str
    records: int
    complete: int
    figure: str
    bars: tuple[Bar, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One record a finding is about: which one, what people call it, and the finding's sentence."""

    key: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one rule. `records` counts the records they are about, each once: 0 where a finding is about a
    whole stream."""

    rule: str
    title: str
    severity: str
    chapter: str
    records: int
    findings: int
    examples: tuple[Example, ...]

    @property
    def figure(self) -> str:
        return f"{self.records:,}" if self.records else "–"

    @property
    def unlisted(self) -> int:
        return self.findings - len(self.examples)


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Records of one connection that are one entity: what the first of them say, and why we think so."""

    connection: str
    kind: str
    records: int
    reason: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def unlisted(self) -> int:
        return self.records - len(self.rows)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """How many groups there are within the connections, how many records are surplus in them, the largest groups, and
    how many entities stand in several connections (which is a link, not a duplicate)."""

    groups: int
    surplus: int
    shown: tuple[DuplicateGroup, ...]
    shared: int


@dataclass(frozen=True, slots=True)
class StageLine:
    """The open deals of one stage; `stale` are those with a warning. Amounts are text, by currency, never added up."""

    stage: str
    deals: int
    stale: int
    amount: str
    stale_amount: str


@dataclass(frozen=True, slots=True)
class ChangeExample:
    """One planned change; `field` is the slot it writes."""

    key: str
    field: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The planned changes of one rule."""

    rule: str
    title: str
    changes: int
    examples: tuple[ChangeExample, ...]


@dataclass(frozen=True, slots=True)
class JoinLine:
    """One field of records that are to be joined: what each holds, which of them give the value that survives, that
    value, and why."""

    field: str
    cells: tuple[str, ...]
    kept: tuple[bool, ...]
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Join:
    """A planned merge or conversion side by side: the record that stays first. `records` are the headings of its
    columns, `others` how many records have none."""

    kind: str
    key: str
    reason: str
    records: tuple[str, ...]
    lines: tuple[JoinLine, ...]
    others: int = 0


@dataclass(frozen=True, slots=True)
class Joins:
    """How many merges and conversions wait, and the first of them side by side."""

    merges: int = 0
    conversions: int = 0
    shown: tuple[Join, ...] = ()

    @property
    def total(self) -> int:
        return self.merges + self.conversions


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one page shows. `stages` ends with the total where there are several."""

    title: str
    as_of: date
    headline: str
    records: int
    gravity: Gravity
    sources: tuple[Source, ...]
    cards: tuple[Card, ...]
    chapters: tuple[Chapter, ...]
    findings: tuple[FindingGroup, ...]
    duplicates: Duplicates
    stages: tuple[StageLine, ...]
    completeness: tuple[StreamCompleteness, ...]
    changes: tuple[ChangeGroup, ...] = ()
    joins: Joins = Joins()
    story: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def clean(self) -> int:
        return self.records - self.gravity.records
