"""What a report says, gathered once and shown in any form. Plain data: no markup, no escaping."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of one connection, and what was in it. `note` says what could not be read, or from which file."""

    connection: str
    stream: str
    records: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One figure at the top of the page; `tone` is good, warn or bad."""

    title: str
    figure: str
    explanation: str
    tone: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled share, 0 to 1."""

    label: str
    share: float
    figure: str

    @property
    def tone(self) -> str:
        return "good" if self.share >= 0.9 else "warn" if self.share >= 0.6 else "bad"


@dataclass(frozen=True, slots=True)
class Example:
    """One record a finding is about: which one, what people call it, and the finding's sentence."""

    key: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one rule; `records` counts the records it is about."""

    rule: str
    title: str
    severity: str
    records: int
    advice: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Records that are one entity: what each says, and why we think so."""

    stream: str
    reason: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class StageLine:
    """The open deals of one stage. `amount` is text with its currency, or a dash when several cannot be added."""

    stage: str
    deals: int
    stale: int
    amount: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The planned changes of one rule."""

    rule: str
    changes: int
    examples: tuple[tuple[str, str, str, str], ...]  # key and field, before, after, reason


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one page shows."""

    title: str
    as_of: date
    sources: tuple[Source, ...]
    cards: tuple[Card, ...]
    completeness: tuple[tuple[str, tuple[Bar, ...]], ...]
    findings: tuple[FindingGroup, ...]
    duplicates: tuple[DuplicateGroup, ...]
    duplicate_groups: int
    stages: tuple[StageLine, ...]
    changes: tuple[ChangeGroup, ...] = ()
    story: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
