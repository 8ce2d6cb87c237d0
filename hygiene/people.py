"""People: contacts and leads of all connections as one pool, what is compared of them, and what is known of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from hygiene.decide import Rule
from hygiene.kinds import company_name, person_name
from hygiene.linkage import keys as fold
from hygiene.linkage.codes import TERM, Rows, Terms
from hygiene.linkage.comparison import Compared, Comparison
from hygiene.linkage.names import CLOSE, FITS, D, N, Names, S, parts
from hygiene.linkage.values import Mailboxes, Organisations, Phones

STREAMS = ("contacts", "leads")
_COLUMNS = ("connection", "id", "created_at", "email_key", "email_role", "email_domain", "phone", "mobile",
            "phone_norm", "mobile_norm", "given_key", "family_key", "name_key", "generation", "company_key",
            "site_key")  # fmt: skip
# So many letters of a mailbox tell whose it is.
_TELLING = 3
# A number on records of this many different names is a switchboard.
_SWITCHBOARD_NAMES, SWITCHBOARDS = 3, "switchboards"

JOB_CHANGE = "job-change"
_given, _family = pl.col("given"), pl.col("family")
_fits = _given.is_in([S, FITS, CLOSE]) & _family.is_in([S, FITS, CLOSE])
_same_name = (_given == S) & (_family == S)
_personal = pl.col("same_email") | pl.col("same_mobile")
# Another surname with the same given name is a marriage; one person's mailbox names who it belongs to.
_contradicts = (_given == D) | ((_family == D) & (_given != S))
_is_named = pl.col("mailbox_names_one") & _family.is_in([S, FITS, CLOSE])
RULES = (
    Rule("generation", pl.col("generations_differ") & (_given != D) & (_family != D), "different",
         "same name, but one is Jr and the other Sr", 0.02, parts=True),
    Rule("mailbox", pl.col("same_email") & _contradicts & ~_is_named, "unsure", "same e-mail, but contradictory names",
         0.5, parts=True),
    Rule("namesakes", _fits & pl.col("two_mailboxes") & pl.col("numbered_apart") & ~pl.col("same_mobile"), "unsure",
         "same name at one company, but two mailboxes there", 0.6, parts=True),
    Rule("profiles", _fits & pl.col("emails_differ") & pl.col("mobiles_differ"), "unsure",
         "same name, but different e-mail and mobile", 0.5, parts=True),
    Rule("family", pl.col("same_phone") & ~pl.col("same_email") & (_family == S) & (_given == D), "related",
         "same surname and phone, different given names", 0.2, parts=True),
    Rule(JOB_CHANGE, pl.col("same_mobile") & _fits & pl.col("companies_differ"), "related",
         "same name and mobile at another company: the same person in another job", parts=True),
    Rule("email-name", pl.col("same_email") & _same_name, None, "same e-mail and same name", least=0.99),
    # Colleagues and relatives share company, phone and half a name; namesakes the whole of it.
    Rule("colleagues", ~_personal & (_given.is_in([N, D]) & _family.is_in([N, D])), None, "no name in common", 0.1),
    Rule("relatives", ~_personal & (_given == D), None, "different given names", 0.2),
    Rule("colleagues", ~_personal & pl.col("two_mailboxes") & ~_fits, None, "two mailboxes at one company", 0.1),
    Rule("couple", ~pl.col("same_email") & pl.col("genders_differ"), None,
         "given names of a man and a woman, but for that alike", 0.8),
    Rule("numbers", ~_personal & ~pl.col("same_phone") & (pl.col("phones_differ") | pl.col("mobiles_differ")), None,
         "same name, but different numbers", 0.8),
    Rule("part-name", ~_personal & ~_fits, None, "only a part of the name agrees", 0.8),
    Rule("aliases", pl.col("two_mailboxes") & ~_same_name, None, "names that fit, but two mailboxes at one company",
         0.8),
    Rule("namesake", ~pl.col("is_supported") & pl.col("companies_differ"), None, "same name at different companies",
         0.2),
    Rule("name-alone", ~pl.col("is_supported"), None, "same name, and nothing else that agrees", 0.8),
)  # fmt: skip
# A keeps C apart from A's own matches where their names contradict, however well B fits both.
CHAIN = Rule("chain", _contradicts | ((_family == D) & ~_personal), "different",
             "only a chain of other records connects them, and their names contradict", 0.1, parts=True)  # fmt: skip


def with_job_changes(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, but that one person's records at two companies are the same."""
    return tuple(
        replace(rule, decision="same", least=0.99, parts=False) if rule.name == JOB_CHANGE else rule for rule in rules
    )


def pool(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All people with a row number, in the order of their keys; contacts take company and domain of their account
    where they name none themselves."""
    streams = [
        _with_account(frames[stream], frames.get("accounts"))
        .select(*_COLUMNS, "account")
        .with_columns(pl.lit(stream).alias("stream"))
        for stream in STREAMS
        if stream in frames
    ]
    if not streams:
        return pl.DataFrame()
    people = pl.concat(streams).with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key"))
    ordered = people.sort("key").with_row_index("row")
    return _named_by_mailbox(ordered).with_columns(_tests(ordered).alias("is_test"))


def _with_account(people: pl.DataFrame, accounts: pl.DataFrame | None) -> pl.DataFrame:
    if "account_id" not in people.columns:
        return people.with_columns(pl.lit(None, pl.String).alias("account"))
    people = people.with_columns(account_of("account_id"))
    if accounts is None:
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


def account_of(record: str) -> pl.Expr:
    """Column account: which account a person takes company and domain from, by the column with the account's id."""
    return pl.concat_str("connection", record, separator="/").alias("account")


def _named_by_mailbox(people: pl.DataFrame) -> pl.DataFrame:
    """The people with given and family name where one is missing and the mailbox has both: anna.bell@ of Bell is
    Anna's."""
    partly = pl.any_horizontal(pl.col("given_key", "family_key").is_null()) & pl.col("email_key").is_not_null()
    rows = people.select(partly.arg_true()).to_series()
    told = people[rows].select(
        pl.coalesce("given_key", _beside("family_key", 1)).alias("given_key"),
        pl.coalesce("family_key", _beside("given_key", _TELLING)).alias("family_key"),
    )
    return people.with_columns(people[name].scatter(rows, told[name]) for name in told.columns)


def _beside(known: str, least: int) -> pl.Expr:
    """What a mailbox of one's own has behind or in front of a name, of so many letters at least."""
    letters = pl.when(~pl.col("email_role").fill_null(value=False)).then(_letters("email_key"))
    name = pl.col(known).str.replace_all(" ", "")
    size = name.str.len_chars()
    behind = pl.when(letters.str.ends_with(name)).then(letters.str.slice(0, letters.str.len_chars() - size))
    before = pl.when(letters.str.starts_with(name)).then(letters.str.slice(size))
    rest = pl.when(size >= _TELLING).then(pl.coalesce(behind, before))
    return pl.when(rest.str.len_chars() >= least).then(rest)


def _letters(email: str) -> pl.Expr:
    """What is in front of the @, letters only."""
    return pl.col(email).str.extract(r"^([^@]*)").str.replace_all(r"[^\pL]", "")


def _tests(people: pl.DataFrame) -> pl.Series:
    """True for names of nothing but test words, and for test companies with test mailboxes."""
    names = people.select(pl.concat_str("given_key", "family_key", separator=" ", ignore_nulls=True)).to_series()
    is_test_mailbox = people["email_key"].str.contains(r"^test[\d._-]*@").fill_null(value=False)
    return person_name.is_test(names) | (company_name.is_test(people["company_key"]) & is_test_mailbox)


def counted(people: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What a model keeps beside the values of comparisons: the numbers on records of several different names."""
    numbers = pl.concat(
        [people.select(pl.col(column).alias("value"), "name_key") for column in ("phone_norm", "mobile_norm")]
    ).drop_nulls()
    names = numbers.unique().group_by("value").len("count").filter(pl.col("count") >= _SWITCHBOARD_NAMES)
    return {SWITCHBOARDS: names.cast(TERM).sort("value")}


def marked(people: pl.DataFrame, counts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The people with columns phone_shared and mobile_shared: the number is a switchboard's."""
    shared = counts[SWITCHBOARDS]["value"].implode()
    return people.with_columns(
        pl.col(f"{field}_norm").is_in(shared).fill_null(value=False).alias(f"{field}_shared")
        for field in ("phone", "mobile")
    )


def keys(people: pl.DataFrame) -> pl.DataFrame:
    """What is compared of each person, row by row; test records have nothing."""
    # A number without country is still read from behind.
    numbers = {
        field: people[f"{field}_norm"].zip_with(people[f"{field}_norm"].is_not_null(), people[field])
        for field in ("phone", "mobile")
    }
    # A shared mailbox tells the company, and no more.
    own = pl.when(~pl.col("email_role").fill_null(value=False)).then("email_key")
    letters = pl.when(own.is_not_null()).then(_letters("email_key"))
    folded = people.select(
        pl.col("given_key").alias("given"),
        pl.col("family_key").alias("family"),
        own.alias("email"),
        pl.when(letters.str.len_chars() > _TELLING).then(letters).alias("local"),
        pl.col("email_domain").alias("host"),
        pl.lit(value=False).alias("is_shared"),
        pl.col("company_key").alias("company"),
        pl.coalesce("email_domain", "site_key").str.extract(r"^([^.]+)").alias("site"),
        *(fold.phones(number).alias(field) for field, number in numbers.items()),
    ).with_columns(pl.coalesce("site", "company").str.replace_all("[ -]", "").alias("org"))
    return folded.with_columns(pl.when(~people["is_test"]).then(pl.col(pl.String)).otherwise(None))


def comparisons(folded: pl.DataFrame, terms: Terms | None) -> list[Comparison]:
    """The comparisons of `keys`; `terms` are those of a model."""
    return [Names(folded, terms), Mailboxes(folded), Organisations(folded, terms),
            Phones(folded, "phone", "mobile", terms=terms)]  # fmt: skip


def facts(people: pl.DataFrame, compared: Sequence[Compared], left: Rows, right: Rows) -> pl.DataFrame:
    """What the rules ask of each pair: given and family (levels of `names`), the others true or false."""
    organisations = compared[2]
    given, family = parts(compared[0].levels)
    one, other = people[left], people[right]

    def same(column: str) -> pl.Series:
        return (one[column] == other[column]).fill_null(value=False)

    def differ(column: str) -> pl.Series:
        return (one[column] != other[column]).fill_null(value=False)

    is_role = one["email_role"].fill_null(value=False) | other["email_role"].fill_null(value=False)
    is_far = organisations.levels == len(organisations.words) - 1
    return pl.DataFrame(
        {
            "given": given,
            "family": family,
            "genders_differ": _genders_differ(one["given_key"], other["given_key"]),
            "generations_differ": differ("generation"),
            "same_email": same("email_key") & ~is_role,
            "emails_differ": differ("email_key") & ~is_role,
            "mailbox_names_one": _names_one(one, other) & same("email_domain"),
            "two_mailboxes": differ("email_key") & same("email_domain") & ~is_role,
            "numbered_apart": _numbered_apart(one["email_key"], other["email_key"]),
            "same_mobile": same("mobile_norm") & ~one["mobile_shared"],
            "mobiles_differ": differ("mobile_norm"),
            "phones_differ": differ("phone_norm") & ~one["phone_shared"] & ~other["phone_shared"],
            "same_phone": _same_phone(one, other),
            "companies_differ": pl.Series(is_far),
            "is_supported": _supported(compared),
        }
    )


def _supported(compared: Sequence[Compared]) -> pl.Series:
    """True where something beside the name agrees."""
    agreeing = [(one.prior.m > one.prior.u)[one.levels] & (one.levels > 0) for one in compared[1:]]
    return pl.Series(np.logical_or.reduce(agreeing), dtype=pl.Boolean)


def _genders_differ(one: pl.Series, other: pl.Series) -> pl.Series:
    """True for Mario and Maria, Daniel and Daniela; not for Ann and Anna."""
    stems = [side.str.replace(r"[aeio]$", "") for side in (one, other)]
    is_feminine = [side.str.ends_with("a") for side in (one, other)]
    apart = (stems[0] == stems[1]) & (one != other) & (is_feminine[0] != is_feminine[1]) & (stems[0] != "ann")
    return apart.fill_null(value=False)


def _names_one(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """True where the mailbox of the one has the given name of one of them in it."""
    both = pl.DataFrame({"email": one["email_key"], "given": one["given_key"], "other": other["given_key"]})
    named = [
        _letters("email").str.contains(pl.col(given), literal=True) & (pl.col(given).str.len_chars() >= _TELLING)
        for given in ("given", "other")
    ]
    return both.select(pl.any_horizontal(named).fill_null(value=False).alias("named")).to_series()


def _numbered_apart(one: pl.Series, other: pl.Series) -> pl.Series:
    """True for mailboxes that only a number tells apart: the second of two namesakes gets it."""
    bases = [side.str.replace(r"[._-]?\d+@", "@") for side in (one, other)]
    return ((one != other) & (bases[0] == bases[1])).fill_null(value=False)


def _same_phone(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """True where any number of one, but a switchboard's, is one of the other."""
    hits = [
        ((one[f"{ours}_norm"] == other[f"{theirs}_norm"]) & ~one[f"{ours}_shared"]).fill_null(value=False)
        for ours in ("phone", "mobile")
        for theirs in ("phone", "mobile")
    ]
    return hits[0] | hits[1] | hits[2] | hits[3]
