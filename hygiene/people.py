"""People: contacts and leads of all connections as one pool, their candidate pairs, comparisons and rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from hygiene import levels
from hygiene.decide import Clause, Comparison
from hygiene.kinds import company_name, person_name
from hygiene.levels import CLOSE, DIFFERENT, FITTING, NOTHING, SAME

STREAMS = ("contacts", "leads")
_COLUMNS = ("connection", "id", "created_at", "email_key", "email_role", "email_domain", "phone_norm", "mobile_norm",
            "given_key", "family_key", "name_key", "generation", "company_key", "site_key")  # fmt: skip
# A mailbox of a function carries this level beside SAME for a personal one.
SHARED = 2

_NAME_WORDS = ("", "contradictory names", "names a keystroke apart", "names that fit", "same name")
_SIMILAR = (None, 0.0, 0.8, 0.9, 1.0)
COMPARISONS = (
    Comparison("email", ("", "different e-mail", "same shared mailbox", "", "same e-mail"),
               (None, 0.0, 0.5, None, 1.0)),
    Comparison("name", _NAME_WORDS, _SIMILAR),
    Comparison("phone", ("", "different phone", "", "", "same phone"), (None, 0.0, None, None, 1.0)),
    Comparison("company", ("", "different company", "companies a keystroke apart", "companies that fit",
                           "same company"), _SIMILAR),
    Comparison("domain", ("", "different company domain", "", "", "same company domain"), (None, 0.0, None, None, 1.0)),
    Comparison("generation", ("", "Jr against Sr", "", "", "same generation"), (None, 0.0, None, None, 1.0)),
)  # fmt: skip

_email, _name, _phone = pl.col("email"), pl.col("name"), pl.col("phone")
_same_company = (pl.col("company") >= FITTING) | (pl.col("domain") == SAME)
CLAUSES = (
    Clause("generation", (pl.col("generation") == DIFFERENT) & (_name >= CLOSE), "different", 0.02,
           "same name, but one is Jr and the other Sr", parts=True),
    Clause("email-name", (_email == SAME) & (_name == SAME), "same", 0.99, "same e-mail and same name"),
    Clause("email-fitting", (_email == SAME) & (_name >= CLOSE), "same", 0.97, "same e-mail and names that fit"),
    Clause("email", (_email == SAME) & (_name == NOTHING), "same", 0.95, "same e-mail; no name to compare"),
    Clause("mailbox", (_email == SAME) & (_name == DIFFERENT), "unsure", 0.3,
           "same e-mail, but contradictory names", parts=True),
    Clause("phone-name", (_phone == SAME) & (_name == SAME), "same", 0.94, "same phone and same name"),
    Clause("role-name", (_email == SHARED) & (_name == SAME), "same", 0.93, "same shared mailbox and same name"),
    Clause("phone-fitting", (_phone == SAME) & (_name == FITTING) & (pl.col("family") >= FITTING), "same", 0.9,
           "same phone and names that fit"),
    Clause("family", (_phone == SAME) & (pl.col("family") == SAME) & (pl.col("given") == DIFFERENT), "related", 0.03,
           "same surname and phone, different given names", parts=True),
    Clause("phone-close", (_phone == SAME) & (_name == CLOSE), "unsure", 0.5,
           "same phone, names a keystroke apart"),
    Clause("name-mailboxes", (_name == SAME) & _same_company & (_email == DIFFERENT) & pl.col("same_host"), "unsure",
           0.6, "same name at one company, but two mailboxes there"),
    Clause("name-company", (_name == SAME) & _same_company & (pl.col("given") > NOTHING), "same", 0.9,
           "same full name at the same company"),
    Clause("role-fitting", (_email == SHARED) & (_name >= CLOSE), "unsure", 0.5,
           "same shared mailbox and names that fit"),
)  # fmt: skip


def pool(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All people with a row number, in the order of their keys; contacts take company and domain of their account
    where they name none themselves."""
    parts = [
        _with_account(frames[stream], frames.get("accounts"))
        .select(*_COLUMNS)
        .with_columns(pl.lit(stream).alias("stream"))
        for stream in STREAMS
        if stream in frames
    ]
    if not parts:
        return pl.DataFrame()
    people = pl.concat(parts).with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key"))
    ordered = people.sort("key").with_row_index("row")
    return ordered.with_columns(_tests(ordered).alias("is_test"))


def _with_account(people: pl.DataFrame, accounts: pl.DataFrame | None) -> pl.DataFrame:
    if accounts is None or "account_id" not in people.columns:
        return people
    known = accounts.select(
        "connection",
        pl.col("id").alias("account_id"),
        pl.col("name_key").alias("_name"),
        pl.col("domain_key").alias("_site"),
    ).unique(["connection", "account_id"], keep="first", maintain_order=True)
    joined = people.join(known, on=["connection", "account_id"], how="left", maintain_order="left")
    return joined.with_columns(
        pl.coalesce("company_key", "_name").alias("company_key"), pl.coalesce("site_key", "_site").alias("site_key")
    )


def _tests(people: pl.DataFrame) -> pl.Series:
    """True for names of nothing but test words, and for test companies with test mailboxes."""
    names = people.select(pl.concat_str("given_key", "family_key", separator=" ", ignore_nulls=True)).to_series()
    is_test_mailbox = people["email_key"].str.contains(r"^test[\d._-]*@").fill_null(value=False)
    return _among(names, person_name.is_test) | (_among(people["company_key"], company_name.is_test) & is_test_mailbox)


def _among(keys: pl.Series, is_wanted: Callable[[str], bool]) -> pl.Series:
    wanted = [key for key in keys.drop_nulls().unique().to_list() if is_wanted(key)]
    return keys.is_in(wanted).fill_null(value=False)


def block_keys(people: pl.DataFrame) -> pl.DataFrame:
    """Block keys (row, key, finer): mailbox, phone, full name with company or with its domain."""
    real = people.filter(~pl.col("is_test"))
    named = pl.col("given_key").is_not_null() & pl.col("family_key").is_not_null()
    ordered = pl.when(pl.col("given_key") <= pl.col("family_key"))
    name = ordered.then(pl.concat_str("given_key", pl.lit(" "), "family_key")).otherwise(
        pl.concat_str("family_key", pl.lit(" "), "given_key")
    )
    site = pl.coalesce("email_domain", "site_key")
    # A shared mailbox is compared within one name only: its blocks are as big as the company.
    mailbox = (
        pl.when("email_role")
        .then(pl.format("role {} {}", "email_key", name))
        .otherwise(pl.format("mail {}", "email_key"))
    )
    keys = (
        (mailbox, "name_key"),
        (pl.format("phone {}", "phone_norm"), "family_key"),
        (pl.format("phone {}", "mobile_norm"), "family_key"),
        (pl.when(named).then(pl.format("company {} {}", name, "company_key")), "email_key"),
        (pl.when(named).then(pl.format("site {} {}", name, site)), "email_key"),
    )
    return pl.concat([real.select("row", key.alias("key"), pl.col(finer).alias("finer")) for key, finer in keys])


def compare(people: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with one level column per comparison, and `same_host`: both have a mailbox in one company domain."""
    left, right = people[pairs["left"]], people[pairs["right"]]
    given = levels.given_names(left["given_key"], right["given_key"])
    family = levels.family_names(left["family_key"], right["family_key"])
    swapped = (left["given_key"] == right["family_key"]) & (left["family_key"] == right["given_key"])
    return pairs.with_columns(
        _mailboxes(left, right).alias("email"),
        given.alias("given"),
        family.alias("family"),
        levels.full_names(given, family, swapped).alias("name"),
        _phones(left, right).alias("phone"),
        levels.company_names(left["company_key"], right["company_key"]).alias("company"),
        levels.equality(_sites(left), _sites(right)).alias("domain"),
        levels.equality(left["generation"], right["generation"]).alias("generation"),
        (left["email_domain"] == right["email_domain"]).fill_null(value=False).alias("same_host"),
    )


def _sites(people: pl.DataFrame) -> pl.Series:
    return people.select(pl.coalesce("email_domain", "site_key")).to_series()


def _mailboxes(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    found = levels.equality(left["email_key"], right["email_key"])
    is_shared = (found == SAME) & left["email_role"].fill_null(value=False)
    return found.set(is_shared, SHARED)


def _phones(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    """SAME when any phone of one is any phone of the other."""
    both = pl.DataFrame(
        {"a": left["phone_norm"], "b": left["mobile_norm"], "c": right["phone_norm"], "d": right["mobile_norm"]}
    )
    hits = [(pl.col(ours) == pl.col(theirs)).fill_null(value=False) for ours in "ab" for theirs in "cd"]
    is_unknown = pl.coalesce("a", "b").is_null() | pl.coalesce("c", "d").is_null()
    return both.select(
        pl.when(is_unknown).then(NOTHING).when(pl.any_horizontal(hits)).then(SAME).otherwise(DIFFERENT).cast(pl.Int8)
    ).to_series()
