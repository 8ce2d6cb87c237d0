"""Find the account of every row of a file among the rows of another, without a project or a store."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hygiene.resolve_tables import resolve_tables
from model.errors import InputError
from sync.files import File, free_name
from sync.files_answers import column_of
from sync.files_match import DIGITS


@dataclass(frozen=True, slots=True)
class ResolvedFile:
    """For each row of the people's file the row of its account (both from 0), or why there is none."""

    people: File
    accounts: File
    resolved: pl.DataFrame
    names: pl.Series

    @property
    def linked(self) -> int:
        return self.resolved["account_row"].count()

    @property
    def table(self) -> pl.DataFrame:
        """The people's rows as they are, with row, account_row, account, probability and reason in front, and the
        runner-up."""
        told = self.resolved.select(
            (pl.col("row") + 1).alias("row"),
            (pl.col("account_row") + 1).alias("account_row"),
            pl.lit(self.names).gather(pl.col("account_row")).alias("account"),
            pl.col("probability").round(DIGITS),
            pl.coalesce("abstained_because", "reason").alias("reason"),
            (pl.col("runner_up_row") + 1).alias("runner_up_row"),
            pl.lit(self.names).gather(pl.col("runner_up_row")).alias("runner_up"),
        )
        taken = self.people.frame.columns
        return pl.concat([told.rename({name: free_name(name, taken) for name in told.columns}), self.people.frame],
                         how="horizontal")  # fmt: skip


def resolve_files(people: File, accounts: File, *, key: str | None = None) -> ResolvedFile:
    """Find the accounts of people by company name, e-mail, website, phone and address.

    Accounts go by what they are called, or by their column `key`. InputError when a file has nothing of that sort.
    """
    kinds = [_kinds(file) for file in (people, accounts)]
    resolved = resolve_tables(people.frame, accounts.frame, *kinds)
    return ResolvedFile(people, accounts, resolved, _called(accounts, key))


def _kinds(file: File) -> dict[str, str]:
    """The columns that accounts are found by, the plainest of a kind first."""
    plainest_first = sorted(file.columns, key=lambda one: one.role[-1:].isdigit())
    found = {one.name: one.kind for one in plainest_first if one.is_compared}
    if not set(found.values()) & {"company_name", "email", "domain"}:
        raise InputError(
            f"{file.path} has no company name, e-mail or website to find accounts by; name a column with "
            "--column 'Heading=company_name'."
        )
    return found


def _called(accounts: File, key: str | None) -> pl.Series:
    """What each account is called."""
    if key is not None:
        return column_of(accounts.frame, key)
    name = next((one.name for one in accounts.columns if one.is_compared and one.kind == "company_name"), None)
    return accounts.frame[name or accounts.frame.columns[0]].cast(pl.String)
