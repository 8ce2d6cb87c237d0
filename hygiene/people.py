"""People: contacts and leads of all connections as one pool, their candidate pairs, comparisons and rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hygiene import levels
from hygiene.decide import Clause, Comparison
from hygiene.kinds import company_name, person_name
from hygiene.levels import CLOSE, DIFFERENT, FITTING, NOTHING, SAME
from hygiene.linkage.link import link_keys
from hygiene.linkage.names import Names
from hygiene.linkage.values import Mailboxes, Organisations, Phones

STREAMS = ("contacts", "leads")
_COLUMNS = ("connection", "id", "created_at", "email_key", "email_role", "email_domain", "phone_norm", "mobile_norm",
            "given_key", "family_key", "name_key", "generation", "company_key", "site_key")  # fmt: skip
# A mailbox of a function, or the number of a switchboard, carries this level beside SAME for a personal one.
SHARED = 2
# A number on records of this many different names is a switchboard.
_SWITCHBOARD_NAMES = 3

# From so many records on a model is learned; below, its weights would be our guesses.
LEARNABLE = 200
# What the model calls this likely is worth a person's look.
UNSURE = 0.5

_NAME_WORDS = ("", "contradictory names", "names a keystroke apart", "names that fit", "same name")
_SIMILAR = (None, 0.0, 0.8, 0.9, 1.0)
COMPARISONS = (
    Comparison("email", ("", "different e-mail", "same shared mailbox", "", "same e-mail"),
               (None, 0.0, 0.5, None, 1.0)),
    Comparison("name", _NAME_WORDS, _SIMILAR),
    Comparison("phone", ("", "different phone", "same switchboard", "", "same phone"), (None, 0.0, 0.5, None, 1.0)),
    Comparison("mobile", ("", "different mobile", "", "", "same mobile"), (None, 0.0, None, None, 1.0)),
    Comparison("company", ("", "different company", "companies a keystroke apart", "companies that fit",
                           "same company"), _SIMILAR),
    Comparison("domain", ("", "different company domain", "", "", "same company domain"), (None, 0.0, None, None, 1.0)),
    Comparison("generation", ("", "Jr against Sr", "", "", "same generation"), (None, 0.0, None, None, 1.0)),
)  # fmt: skip

_email, _name, _phone = pl.col("email"), pl.col("name"), pl.col("phone")
_near = (pl.col("company") >= FITTING) | (pl.col("domain") == SAME) | (_phone >= SHARED)
_same_company = (pl.col("company") >= FITTING) | (pl.col("domain") == SAME)
# Both names are there and fit, and no mailbox or mobile speaks against it: only then does the model join by itself.
UNOPPOSED = (
    (pl.col("given") > NOTHING) & (pl.col("family") > NOTHING) & (_email != DIFFERENT) & (pl.col("mobile") != DIFFERENT)
)
CLAUSES = (
    Clause("generation", (pl.col("generation") == DIFFERENT) & (_name >= CLOSE), "different", 0.02,
           "same name, but one is Jr and the other Sr", parts=True),
    Clause("email-name", (_email == SAME) & (_name == SAME), "same", 0.99, "same e-mail and same name"),
    Clause("email-fitting", (_email == SAME) & (_name >= CLOSE), "same", 0.97, "same e-mail and names that fit"),
    Clause("email", (_email == SAME) & (_name == NOTHING), "same", 0.95, "same e-mail; no name to compare"),
    Clause("mailbox", (_email == SAME) & (_name == DIFFERENT), "unsure", 0.3,
           "same e-mail, but contradictory names", parts=True),
    Clause("mobile-name", (pl.col("mobile") == SAME) & (_name == SAME), "same", 0.95, "same mobile and same name"),
    Clause("namesakes", (_name == SAME) & (_email == DIFFERENT) & pl.col("same_host"), "unsure", 0.4,
           "same name at one company, but two mailboxes there", parts=True),
    Clause("profiles", (_name == SAME) & (_email == DIFFERENT) & (pl.col("mobile") == DIFFERENT) & _near, "unsure", 0.4,
           "same name and company, but different e-mail and mobile"),
    Clause("phone-name", (_phone >= SHARED) & (_name == SAME), "same", 0.94, "same phone and same name"),
    Clause("role-name", (_email == SHARED) & (_name == SAME), "same", 0.93, "same shared mailbox and same name"),
    Clause("phone-fitting", (_phone == SAME) & (_name == FITTING) & (pl.col("family") >= FITTING), "same", 0.9,
           "same phone and names that fit"),
    Clause("family", (_phone == SAME) & (pl.col("family") == SAME) & (pl.col("given") == DIFFERENT), "related", 0.03,
           "same surname and phone, different given names", parts=True),
    Clause("phone-close", (_phone == SAME) & (_name == CLOSE), "unsure", 0.5,
           "same phone, names a keystroke apart"),
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
    return ordered.with_columns(_tests(ordered).alias("is_test"), *_switchboards(ordered))


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
    return person_name.is_test(names) | (company_name.is_test(people["company_key"]) & is_test_mailbox)


def _switchboards(people: pl.DataFrame) -> list[pl.Expr]:
    """Columns phone_shared and mobile_shared: the number stands on records of several different names."""
    numbers = pl.concat(
        [people.select(pl.col(column).alias("number"), "name_key") for column in ("phone_norm", "mobile_norm")]
    ).drop_nulls()
    names = numbers.unique().group_by("number").len()
    shared = names.filter(pl.col("len") >= _SWITCHBOARD_NAMES)["number"].sort()
    return [
        pl.col(f"{field}_norm").is_in(shared.to_list()).fill_null(value=False).alias(f"{field}_shared")
        for field in ("phone", "mobile")
    ]


def learned(people: pl.DataFrame) -> pl.DataFrame:
    """Pairs (left, right, learned: their probability) by a model that is learned from these very records, without
    labels; none where there are too few records to learn from."""
    real = people.filter(~pl.col("is_test"))
    if len(real) < LEARNABLE:
        return pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32, "learned": pl.Float64})
    keys = real.select(
        pl.col("given_key").alias("given"),
        pl.col("family_key").alias("family"),
        pl.col("email_key").alias("email"),
        pl.col("email_key").str.extract(r"^([^@]*)").alias("local"),
        pl.col("email_domain").alias("host"),
        pl.col("email_role").fill_null(value=False).alias("is_shared"),
        pl.col("company_key").alias("company"),
        pl.coalesce("email_domain", "site_key").str.extract(r"^([^.]+)").alias("site"),
        pl.coalesce("mobile_norm", "phone_norm").str.replace_all(r"\D", "").str.slice(-10).alias("phone"),
    ).with_columns(pl.coalesce("site", pl.col("company").str.replace_all(" ", "")).alias("org"))
    linked = link_keys(keys, [Names(keys), Mailboxes(keys), Organisations(keys), Phones(keys)])
    rows = real["row"].to_numpy()
    likely = linked.probability >= UNSURE
    return pl.DataFrame(
        {"left": rows[linked.left[likely]], "right": rows[linked.right[likely]], "learned": linked.probability[likely]},
        schema={"left": pl.UInt32, "right": pl.UInt32, "learned": pl.Float64},
    )


def block_keys(people: pl.DataFrame) -> pl.DataFrame:
    """Block keys (row, key, finer): mailbox, phone, full name with company or with its domain."""
    real = people.filter(~pl.col("is_test"))
    named = pl.col("given_key").is_not_null() & pl.col("family_key").is_not_null()
    ordered = pl.when(pl.col("given_key") <= pl.col("family_key"))
    name = ordered.then(pl.concat_str("given_key", pl.lit(" "), "family_key")).otherwise(
        pl.concat_str("family_key", pl.lit(" "), "given_key")
    )
    site = pl.coalesce("email_domain", "site_key")
    # A switchboard number stands on a whole company; only surnames that may fit are compared.
    initial = pl.col("family_key").str.slice(0, 1)
    # A shared mailbox is compared within one name only: its blocks are as big as the company.
    mailbox = (
        pl.when("email_role")
        .then(pl.format("role {} {}", "email_key", name))
        .otherwise(pl.format("mail {}", "email_key"))
    )
    keys = (
        (mailbox, "name_key"),
        (pl.format("phone {} {}", "phone_norm", initial), "name_key"),
        (pl.format("phone {} {}", "mobile_norm", initial), "name_key"),
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
        _phones(left, right),
        levels.equality(left["mobile_norm"], right["mobile_norm"]).alias("mobile"),
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
    """SAME when any phone of one is any phone of the other, SHARED when that is a switchboard's only."""
    both = left.select(
        pl.col("phone_norm", "mobile_norm", "phone_shared", "mobile_shared").name.prefix("left_")
    ).hstack(right.select(pl.col("phone_norm", "mobile_norm").name.prefix("right_")))
    fields = ("phone", "mobile")
    hits = {
        (ours, theirs): (pl.col(f"left_{ours}_norm") == pl.col(f"right_{theirs}_norm")).fill_null(value=False)
        for ours in fields
        for theirs in fields
    }
    personal = [hit & ~pl.col(f"left_{ours}_shared") for (ours, _), hit in hits.items()]
    is_unknown = pl.any_horizontal(
        pl.all_horizontal(pl.col(f"{side}_{field}_norm").is_null() for field in fields) for side in ("left", "right")
    )
    return both.select(
        pl.when(is_unknown)
        .then(NOTHING)
        .when(pl.any_horizontal(personal))
        .then(SAME)
        .when(pl.any_horizontal(hits.values()))
        .then(SHARED)
        .otherwise(DIFFERENT)
        .cast(pl.Int8)
        .alias("phone")
    ).to_series()
