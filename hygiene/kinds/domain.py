"""Domains: the host in a website, and the registrable domain (public suffix list) two hosts of one owner share."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import polars as pl
from publicsuffixlist import PublicSuffixList

from hygiene.data import words
from hygiene.distinct import over_distinct, texts
from hygiene.kinds.spelling import INVISIBLE

_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?/{2,}|^(?:https?|mailto|ftp):/*")
_HOST = re.compile(r"^(?:[^\s.@:/\\]{1,63}\.)+[^\s.@:/\\]{2,63}$")
_LABEL = re.compile(r"^[\w](?:[\w-]*[\w])?$")
# Hosts as they nearly always stand; everything else is read letter by letter.
_PLAIN = r"^(?:https?://)?(?:www\.)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})/?$"


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def ascii_host(host: str) -> str:
    """The host in its IDNA form; as it is where IDNA refuses it."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _stripped(text: str) -> str:
    bare = INVISIBLE.sub("", text).strip().strip("\"'<>()[],;").lower()
    bare = _SCHEME.sub("", bare)
    bare = re.split(r"[/?#\\\s]", bare, maxsplit=1)[0]
    bare = bare.rpartition("@")[2].rstrip(".").strip()
    return re.sub(r":\d*$", "", bare)


def host(text: str) -> str | None:
    """The host of a website, URL or e-mail address, lower case, without leading www; None when there is none.

    IP addresses and single words are no hosts.
    """
    bare = _stripped(text)
    while bare.startswith("www.") and bare.count(".") > 1:
        bare = bare[4:]
    if not _HOST.match(bare) or len(bare) > 253 or not all(map(_LABEL.match, bare.split("."))):
        return None
    if bare.rpartition(".")[2].isdigit() or _stripped(bare) != bare:
        return None
    return bare


@lru_cache(maxsize=32_768)
def registrable(text: str) -> str | None:
    """The registrable domain of a host, in IDNA form; None for a bare public suffix."""
    found = _suffixes().privatesuffix(ascii_host(text.lower().rstrip(".")))
    return str(found) if found else None


def _plain(values: pl.Series) -> pl.Series:
    text = pl.col("text")
    hosts = text.str.strip_chars(" \t\r\n").str.to_lowercase().str.extract(_PLAIN)
    is_plain = ~hosts.str.starts_with("www.") & (hosts.str.len_bytes() <= 253) & text.str.contains(r"^[\x00-\x7f]*$")
    return texts(values).to_frame("text").select(pl.when(is_plain).then(hosts)).to_series()


def normalise(values: pl.Series) -> pl.Series:
    """Hosts of websites, URLs, domains or e-mail addresses."""
    plain = _plain(values)
    odd = over_distinct(texts(values).set(plain.is_not_null(), None), host)
    return plain.zip_with(plain.is_not_null(), odd).alias(values.name)


def problems(values: pl.Series) -> pl.Series:
    """Reasons in words, null where the value has a host or is blank."""
    odd = texts(values).set(_plain(values).is_not_null(), None)
    return over_distinct(odd, lambda text: None if not text.strip() or host(text) else "is not a web address")


def match_key(hosts: pl.Series) -> pl.Series:
    """Registrable domains of normalised hosts; null for sites shared by many companies (linkedin.com)."""
    keys = over_distinct(hosts, registrable)
    return keys.set(keys.is_in(list(words("shared_sites.txt"))).fill_null(value=False), None)
