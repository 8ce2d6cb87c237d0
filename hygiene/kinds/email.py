"""E-mail addresses: one lower-case form, a match key, and what kind of mailbox it is."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import polars as pl
from email_validator import EmailNotValidError, validate_email
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hygiene.data import lines, words
from hygiene.distinct import over_distinct, texts
from hygiene.kinds.domain import ascii_host
from hygiene.kinds.spelling import INVISIBLE, tidy

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# What needs no validator: plain ASCII of unsuspicious shape. The validator decides about all the rest.
_PLAIN = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z]{{2,63}}$"
_NOT_PLAIN = r"(?:@|\.)..--|\.(?:arpa|invalid|local|localhost|onion)$|[!#$%&*/=?^`{|}~]"
_MAX_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
_WRAPPED = re.compile(r"^[^<>]*<([^<>]+)>$")
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
# One keystroke away from a top-level domain that providers have.
_TLD_TYPOS = {"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "vom": "com", "xom": "com", "cpm": "com",
              "coom": "com", "cim": "com", "c0m": "com", "om": "com", "cm": "com", "como": "com", "nte": "net",
              "ent": "net"}  # fmt: skip


def _bare(text: str) -> str:
    wrapped = _WRAPPED.match(text.strip())
    bare = INVISIBLE.sub("", wrapped[1] if wrapped else text).strip()
    if bare[:7].lower() == "mailto:":
        bare = bare[7:]
    return bare.strip(" \t\r\n.,;:'\"<>()[]").lower()


def _problem(bare: str) -> str | None:
    if bare.count("@") > 1 and re.search(r"[\s,;/]", bare):
        return "holds several addresses"
    if "@" not in bare:
        return "has no @"
    if len(bare.rpartition("@")[0].encode()) > _MAX_LOCAL:
        return f"has more than {_MAX_LOCAL} characters before the @"
    try:
        validate_email(bare, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        return "is not an e-mail address: " + tidy(str(error)).rstrip(".").lower()
    except (ValueError, IndexError):  # idna tables refuse some code points with bare errors
        return "is not an e-mail address"
    return None


def canonical(text: str) -> str | None:
    """Lower-case address without wrapping (mailto:, <…>, blanks, closing punctuation); None when it is not valid."""
    bare = _bare(text)
    return bare if bare and _problem(bare) is None and _bare(bare) == bare else None


def problem(text: str) -> str | None:
    """Why a value is not one address, in words that follow "the e-mail"; None when it is, or is blank."""
    bare = _bare(text)
    return _problem(bare) if bare or text.strip() else None


def is_address(text: str) -> bool:
    """Whether a value is an address as it stands, in any case, with nothing around it to be taken off."""
    return canonical(text) == text.lower()


def _plain(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    text, lowered = pl.col("text"), pl.col("lowered")
    local = lowered.str.split_exact("@", 1).struct.field("field_0")
    is_plain = (
        lowered.str.contains(_PLAIN)
        & ~lowered.str.contains(_NOT_PLAIN)
        & ~lowered.str.contains("^'|^mailto")
        & (local.str.len_bytes() <= _MAX_LOCAL)
        & (lowered.str.len_bytes() <= 254)
        & text.str.contains(r"^[\x00-\x7f]*$")
    ).fill_null(value=False)
    asked = (
        texts(values).to_frame("text").select(text, text.str.strip_chars(" \t\r\n").str.to_lowercase().alias("lowered"))
    )
    told = asked.with_columns(is_plain.alias("is_plain"))
    return told["lowered"], told["is_plain"]


def _with_fast_path(values: pl.Series, slow: pl.Series, fast: pl.Series, is_plain: pl.Series) -> pl.Series:
    return slow.zip_with(~is_plain, fast).alias(values.name)


def normalise(values: pl.Series) -> pl.Series:
    """The canonical addresses; null where there is none."""
    lowered, is_plain = _plain(values)
    odd = over_distinct(texts(values).set(is_plain, None), canonical)
    return _with_fast_path(values, odd, lowered, is_plain)


def repaired(values: pl.Series, addresses: pl.Series) -> pl.Series:
    """The addresses, and what values that are none were meant to be: good enough to compare, not to write back."""
    odd = over_distinct(texts(values).set(addresses.is_not_null(), None), _meant)
    return addresses.zip_with(addresses.is_not_null(), odd).alias(addresses.name)


def _meant(text: str) -> str | None:
    first = re.split(r"[;,]", text.strip(" ;,"), maxsplit=1)[0]
    return canonical(re.sub(r"\.{2,}", ".", re.sub(r"\s+", "", first)))


def problems(values: pl.Series) -> pl.Series:
    """Reasons in words, null where the value is an address or blank."""
    _, is_plain = _plain(values)
    return over_distinct(texts(values).set(is_plain, None), problem)


def match_key(addresses: pl.Series) -> pl.Series:
    """What addresses of one mailbox share: no +tag, no dots at Gmail, ASCII domain. Takes normalised addresses."""
    frame = texts(addresses).alias("address").to_frame()
    parts = frame.select(
        pl.col("address").str.extract(r"^(.*)@[^@]*$").alias("local"),
        pl.col("address").str.extract(r"@([^@]*)$").alias("host"),
    )
    parts = parts.with_columns(
        pl.when(pl.col("local").str.contains(r"^[^+]+\+"))
        .then(pl.col("local").str.extract(r"^([^+]+)\+"))
        .otherwise(pl.col("local"))
    )
    hosts = parts["host"]
    foreign = ~hosts.str.contains(r"^[\x00-\x7f]*$").fill_null(value=True)
    if foreign.any():
        parts = parts.with_columns(hosts.zip_with(~foreign, over_distinct(hosts, ascii_host)).alias("host"))
    is_dotless = pl.col("host").is_in(list(_DOTLESS))
    key = pl.concat_str(
        pl.when(is_dotless & pl.col("local").str.contains("[^.]"))
        .then(pl.col("local").str.replace_all(".", "", literal=True))
        .otherwise(pl.col("local")),
        pl.lit("@"),
        pl.when(is_dotless).then(pl.lit("gmail.com")).otherwise(pl.col("host")),
    )
    return parts.select(key.alias(addresses.name)).to_series()


def domain_of(addresses: pl.Series) -> pl.Series:
    """The host part of normalised addresses."""
    return texts(addresses).str.extract(r"@([^@]*)$").alias(addresses.name)


def is_role(addresses: pl.Series) -> pl.Series:
    """True where the mailbox belongs to a function (info@, ventas@), null where there is no address."""
    local = texts(addresses).str.extract(r"^([^@+]*)").str.replace(r"[-_.]?\d+$", "")
    whole = local.is_in(list(words("role_mailboxes.txt")))
    return whole.set(texts(addresses).is_null(), None).alias(addresses.name)


def is_free(domains: pl.Series) -> pl.Series:
    """True where the domain is a mail provider open to everybody; null for null."""
    return texts(domains).is_in(list(words("free_mail.txt")))


def is_stand_in(addresses: pl.Series) -> pl.Series:
    """True for addresses typed to get past a required field (none@none.com, test@example.com); null for null."""
    return domain_of(addresses).is_in(list(words("placeholder_domains.txt")))


@cache
def _genuine() -> frozenset[str]:
    return words("free_mail.txt") | words("big_mail_providers.txt") | words("not_typos.txt")


def _tld_fixed(domain: str) -> str | None:
    stem, _, tld = domain.rpartition(".")
    fixed = f"{stem}.{_TLD_TYPOS[tld]}" if tld in _TLD_TYPOS else None
    return fixed if fixed in words("big_mail_providers.txt") else None


def suggestions(domains: pl.Series) -> pl.Series:
    """The big provider a mistyped domain was probably meant to be (gmial.com: gmail.com), else null."""
    distinct = texts(domains).drop_nulls().unique().sort()
    providers = lines("big_mail_providers.txt")
    shortest, longest = min(map(len, providers)) - 1, max(map(len, providers)) + 1
    lengths = distinct.str.len_chars()
    near = [
        domain
        for domain in distinct.filter((lengths >= shortest) & (lengths <= longest)).to_list()
        if domain not in _genuine()
    ]
    found = _nearest_providers(near, providers)
    return over_distinct(domains, lambda domain: found.get(domain))


def corrected(addresses: pl.Series) -> pl.Series:
    """Normalised addresses with mistyped domains as they were meant: for comparing, never for writing."""
    hosts = domain_of(addresses)
    meant = pl.DataFrame({"address": texts(addresses), "host": hosts, "meant": suggestions(hosts)})
    fixed = pl.concat_str(pl.col("address").str.extract(r"^(.*@)[^@]*$"), "meant")
    return meant.select(pl.coalesce(fixed, "address").alias(addresses.name)).to_series()


def _nearest_providers(domains: list[str], providers: tuple[str, ...]) -> dict[str, str]:
    """By domain, the provider one keystroke away. Short names (aol, gmx, web) have too many honest neighbours."""
    if not domains:
        return {}
    long_names = [provider for provider in providers if len(provider.partition(".")[0]) >= 5]
    distances = process.cdist(domains, long_names, scorer=OSA.distance, score_cutoff=1, dtype=np.uint8)
    found = {domains[row]: long_names[column] for row, column in zip(*np.nonzero(distances <= 1), strict=True)}
    for domain in domains:
        fixed = _tld_fixed(domain)
        if fixed is not None:
            found[domain] = fixed
    return found
