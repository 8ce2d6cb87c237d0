"""Names and tables to accounts where there is no CRM: the account of every row, how sure that is, or why none."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hygiene.best_accounts import best_accounts
from hygiene.candidates import named_accounts
from hygiene.choose import leading, probabilities
from hygiene.known import completed
from hygiene.linkage import keys as fold
from hygiene.linkage.company_match import name_fits
from hygiene.normalise import normalise_all
from hygiene.resolve_pool import own
from model.settings import ResolveSettings

RESOLVED = pl.Schema(
    {"row": pl.UInt32, "account_row": pl.UInt32, "probability": pl.Float64, "reason": pl.String,
     "runner_up_row": pl.UInt32, "runner_up_probability": pl.Float64, "abstained_because": pl.String}
)  # fmt: skip
# Where each kind of column stands on a contact and on an account.
_FIELDS = {
    "company_name": ("company", "name"), "email": ("email", "domain"), "domain": ("website", "website"),
    "phone": ("phone", "phone"), "country": ("country", "country"), "address": ("street", "street"),
    "area": ("city", "city"),
}  # fmt: skip
DEFAULTS = ResolveSettings()
# The least probability at which an account is chosen by its name alone.
THRESHOLD = 0.6
# What it tells that both are of one country, and that they are not.
SAME_COUNTRY, OTHER_COUNTRY = 1.0, -1.5


def resolve_names(
    names: pl.Series,
    accounts: pl.Series,
    *,
    threshold: float = THRESHOLD,
    countries: tuple[pl.Series, pl.Series] | None = None,
) -> pl.DataFrame:
    """Columns of RESOLVED, a row for each name in order: the account (row of `accounts`) that it means; `countries` are
    those of the names and of the accounts.

    Where no account is probable enough account_row is null, abstained_because says why, and the runner-up is the best
    candidate; else the runner-up is the second. `probability` is that of the best candidate, null where there is none.
    """
    ours, theirs = (None, None) if countries is None else map(fold.countries, countries)
    asked = pl.DataFrame({"name": names.cast(pl.String)}).with_columns(pl.lit(ours).alias("of")).with_row_index("row")
    listed = pl.DataFrame({"account": accounts.cast(pl.String)}).with_columns(pl.lit(theirs).alias("in"))
    fits = name_fits(asked["name"], listed["account"])
    once = asked.drop_nulls("name").unique(["name", "of"], keep="first", maintain_order=True)
    pairs = once.join(fits, on="name").join(listed.with_row_index("account_row"), on="account")
    differs = pl.when(pl.col("of") == pl.col("in")).then(SAME_COUNTRY).otherwise(OTHER_COUNTRY)
    told_apart = pl.when(pl.all_horizontal(pl.col("of", "in").is_not_null())).then(differs).otherwise(0.0)
    pairs = pairs.with_columns(pl.col("log_odds") + told_apart, pl.col("account_row").alias("house"))
    best = leading(probabilities(pairs, "row"), "row", "house", (), "account_row", ["account_row", "reason"])
    told = once.join(_judged(best, threshold), on="row").drop("row")
    judged = asked.join(told, on=["name", "of"], how="left", maintain_order="left", nulls_equal=True)
    nothing = pl.when(pl.col("name").is_null()).then(pl.lit("no company name"))
    return _resolved(judged, nothing.otherwise(pl.lit("no account has a name like it")))


def resolve_tables(
    people: pl.DataFrame,
    accounts: pl.DataFrame,
    people_kinds: Mapping[str, str],
    account_kinds: Mapping[str, str],
    *,
    default_country: str | None = None,
    settings: ResolveSettings = DEFAULTS,
) -> pl.DataFrame:
    """Columns of RESOLVED, a row for each of `people` in order: its account (row of `accounts`) by all evidence.

    The kinds say what each column holds: company_name, email, domain, phone, country, address (street) or area (city or
    postal code); other kinds are ignored. Of several columns of one kind the first is read. Tables that have only names
    and countries in common go by these alone, as `resolve_names` does, from its threshold on where none was set.
    """
    if kinds := _names_alone(people_kinds, account_kinds):
        columns = [(people[_column(people_kinds, kind)], accounts[_column(account_kinds, kind)]) for kind in kinds]
        least = settings.threshold if "threshold" in settings.model_fields_set else THRESHOLD
        return resolve_names(*columns[0], threshold=least, countries=columns[1] if len(columns) > 1 else None)
    frames = {"contacts": _as_stream(people, people_kinds, "contacts"),
              "accounts": _as_stream(accounts, account_kinds, "accounts")}  # fmt: skip
    pooled = own(normalise_all(frames, default_country), None).pooled()
    best = best_accounts(pooled, named_accounts(pooled))
    rows = best.select(
        pl.lit(pooled.people["id"]).gather(pl.col("person")).cast(pl.UInt32).alias("row"),
        *(pl.lit(pooled.accounts["id"]).gather(pl.col(f"{led}account")).cast(pl.UInt32).alias(f"{led}account_row")
          for led in ("", "next_", "twin_")),
        pl.col("^.*probability$"), "reason",
    )  # fmt: skip
    asked = pl.DataFrame({"row": pl.int_range(len(people), dtype=pl.UInt32, eager=True)})
    told = asked.join(_judged(rows, settings.threshold), on="row", how="left", maintain_order="left")
    return _resolved(told, pl.lit("no account has this domain, company name, phone or address"))


def _names_alone(people_kinds: Mapping[str, str], account_kinds: Mapping[str, str]) -> list[str]:
    """The kinds company_name and, where both have it, country, if the tables have nothing else in common."""
    ours, theirs = set(people_kinds.values()), set(account_kinds.values())
    shared = ours & theirs & _FIELDS.keys()
    is_alone = "company_name" in shared and shared <= {"company_name", "country"} and not ours & {"email", "domain"}
    return sorted(shared) if is_alone else []


def _column(kinds: Mapping[str, str], kind: str) -> str:
    """The first column of a kind."""
    return next(name for name, its in kinds.items() if its == kind)


def _as_stream(table: pl.DataFrame, kinds: Mapping[str, str], stream: str) -> pl.DataFrame:
    """The table's columns under the names of a stream's fields; the row number, padded so that it sorts, is the id."""
    row = pl.int_range(pl.len()).cast(pl.String).str.zfill(9)
    found = table.select(row.alias("id"), pl.lit("files").alias("connection"))
    for column, kind in kinds.items():
        fields = _FIELDS.get(kind)
        if fields is None:
            continue
        field = fields[stream == "accounts"]
        values = table[column].cast(pl.String)
        if kind == "area" and _is_code(values):
            field = "postal_code"
        if field not in found.columns:
            found = found.with_columns(values.alias(field))
    return completed(stream, found)


def _is_code(values: pl.Series) -> bool:
    """Whether most values hold a digit."""
    return 2 * int(values.str.contains(r"\d").sum()) > values.count()


def _judged(best: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The columns of RESOLVED from those of `leading`."""
    second = pl.coalesce("next_account_row", "twin_account_row")
    second_probability = pl.coalesce("next_probability", "twin_probability")
    near = pl.col("probability") + pl.col("next_probability").fill_null(0.0) >= threshold
    chosen = pl.col("probability") >= threshold
    return best.select(
        "row",
        pl.when(chosen).then("account_row").alias("account_row"),
        "probability",
        "reason",
        pl.when(chosen).then(second).otherwise("account_row").alias("runner_up_row"),
        pl.when(chosen).then(second_probability).otherwise("probability").alias("runner_up_probability"),
        pl.when(~chosen & near)
        .then(pl.lit("several accounts fit about equally well"))
        .when(~chosen)
        .then(pl.format("the evidence is too weak: {}", "reason"))
        .alias("abstained_because"),
    )


def _resolved(judged: pl.DataFrame, why_none: pl.Expr) -> pl.DataFrame:
    because = pl.when(pl.col("probability").is_null()).then(why_none).otherwise(pl.col("abstained_because"))
    told = judged.with_columns(because.alias("abstained_because"))
    return told.with_columns(pl.coalesce("reason", "abstained_because")).select(RESOLVED.names()).cast(RESOLVED)
