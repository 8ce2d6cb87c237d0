"""What a run cost in API calls, beside what it need have cost."""

from __future__ import annotations

from dataclasses import dataclass

from sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CallBudget:
    """API calls of one connection: `made` for the work itself, the documented `minimum` for it, and those `apart`
    (logins, descriptions, counts, links) that no minimum covers; `daily_limit` where the remote tells it."""

    made: int
    minimum: int
    apart: int
    daily_limit: int | None

    @property
    def sentence(self) -> str:
        work = f"{self.made:,} for the work itself, the documented minimum is {self.minimum:,}"
        if not self.daily_limit:
            return work
        return f"{work}; {(self.made + self.apart) / self.daily_limit:.2%} of the day's {self.daily_limit:,}"


def call_budgets(workspace: Workspace) -> dict[str, CallBudget]:
    """What the calls made so far compare with, by connection that made some."""
    usages = {source.name: source.usage for source in workspace.opened() if source.usage.total}
    return {
        name: CallBudget(usage.budgeted, usage.minimum, usage.total - usage.budgeted, usage.daily_limit)
        for name, usage in usages.items()
    }


def call_counts(workspace: Workspace) -> dict[str, dict[str, int]]:
    """API calls made so far, by connection and kind."""
    return {source.name: dict(sorted(source.usage.calls.items())) for source in workspace.opened()}
