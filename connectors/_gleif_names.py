"""Company names as they are compared with a register: without case, accents and punctuation, legal form apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import pycountry
from rapidfuzz import fuzz

# Forms that mean the same stand together; the longest spelling at the end of a name is taken off.
_FORMS = (
    "inc|incorporated",
    "corp|corporation",
    "co|company",
    "llc|limited liability company|l l c",
    "lp|limited partnership",
    "llp|limited liability partnership",
    "ltd|limited|private limited|pvt ltd|pte ltd|pty ltd|pty limited|proprietary limited|co ltd|company limited",
    "kk|kabushiki kaisha",
    "plc|public limited company",
    "gmbh|gesellschaft mit beschrankter haftung|mbh",
    "gmbh and co kg|gmbh and co kgaa|gmbh co kg",
    "ag|aktiengesellschaft",
    "kg|kommanditgesellschaft",
    "ohg|ug|ug haftungsbeschrankt",
    "se|societas europaea",
    "ev|eingetragener verein",
    "sa|societe anonyme|sociedad anonima|sociedade anonima",
    "sas|societe par actions simplifiee",
    "sarl|societe a responsabilite limitee",
    "srl|societa a responsabilita limitata",
    "spa|societa per azioni",
    "sl|slu|sociedad limitada",
    "lda|limitada|ltda",
    "bv|besloten vennootschap|bvba",
    "nv|naamloze vennootschap",
    "ab|aktiebolag",
    "hb|handelsbolag",
    "dac|designated activity company",
    "as|aksjeselskap|asa|aktieselskab",
    "aps|anpartsselskab",
    "oy|oyj|osakeyhtio",
    "sp z o o|sp z oo|sp zoo|spolka z ograniczona odpowiedzialnoscia",
    "spolka akcyjna",
    "sro|spol s r o|s r o",
    "kft|zrt|nyrt",
    "doo|dd|ood|eood|ad",
    "sa de cv|s a de c v|sapi de cv",
    "sdn bhd|bhd|berhad",
    "na|national association",
    "me|eireli|mei",
    "ua|cooperatie ua|cooperatie",
    "eurl|entreprise unipersonnelle a responsabilite limitee",
    "sasu|snc|scs|sci",
    "anonim sirketi|a s",
    "ltd sti|limited sirketi",
    "ooo|oao|pao|zao|jsc|pjsc",
    "gk|godo kaisha|yk",
    "eg|eingetragene genossenschaft",
    "tbk|pt tbk",
)
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "&": " and ", "+": " and ", ".": "", "'": "", "’": ""}
)

# "Acme GmbH dba Zap": what comes before is the name a register has.
_TRADING_AS = re.compile(r"(?<=\S)\s+(?:d/?b/?a|t/a|trading as|doing business as)\s+(?=\S)", re.IGNORECASE)
# Names of countries in their own languages, and everyday ones, that ISO 3166 has not.
_COUNTRIES = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "great britain": "GB", "u.s.": "US", "u.s.a.": "US",
    "america": "US", "russia": "RU", "deutschland": "DE", "österreich": "AT", "schweiz": "CH", "suisse": "CH",
    "svizzera": "CH", "danmark": "DK", "norge": "NO", "sverige": "SE", "suomi": "FI", "nederland": "NL",
    "holland": "NL", "belgique": "BE", "belgië": "BE", "belgie": "BE", "españa": "ES",
    "espana": "ES", "italia": "IT", "polska": "PL",
    "brasil": "BR", "méxico": "MX", "česko": "CZ", "magyarország": "HU", "türkiye": "TR", "turkey": "TR",
    "ireland": "IE", "éire": "IE", "south korea": "KR", "korea": "KR", "日本": "JP", "中国": "CN",
}  # fmt: skip
_FILLERS = frozenset(
    ("and", "of", "the", "for", "und", "et", "y", "e", "de", "des", "du", "der", "die", "la", "le", "di")
)
# Names shorter than this are compared for equality alone.
SHORT = 5
# What is left of a likeness of names ...
ONE_FORM = 0.95  # ... of which only one says its legal form
OTHER_FORM = 0.90  # ... whose legal forms differ
OTHER_WORDS = 0.85  # ... at most, where one has a word or a number the other has not
TYPO = 10  # points of a hundred by which a whole name may be more alike than its least alike words


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A name for comparison: its words without the legal form, and the form (a number of `_FORMS`), if it has one."""

    stem: str
    form: int | None

    @property
    def is_blank(self) -> bool:
        return not self.stem


def company_name(text: str | None) -> CompanyName:
    """The compared form of a name, without what it trades as; blank for one that says nothing but a legal form."""
    official = _TRADING_AS.split(text or "", maxsplit=1)[0]
    plain = unicodedata.normalize("NFKD", official.casefold().translate(_LETTERS))
    spaced = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    tokens = spaced.split()
    if len(tokens) > 1 and tokens[0] == "the":
        tokens = tokens[1:]
    for length in range(min(5, len(tokens) - 1), 0, -1):
        form = _forms().get(" ".join(tokens[-length:]))
        if form is not None:
            return CompanyName(" ".join(tokens[:-length]).removesuffix(" and"), form)
    stem = " ".join(tokens)
    return CompanyName("" if stem in _forms() else stem, None)


def without_form(text: str) -> str:
    """The name as it is written, without its legal form: what a search for words should ask, since a register may spell
    the form out."""
    words = text.split()
    stem = company_name(text).stem
    for end in range(1, len(words)):
        start = " ".join(words[:end])
        if company_name(start) == CompanyName(stem, None):
            return start.rstrip(" ,.&")
    return text


@cache
def _forms() -> dict[str, int]:
    return {spelling: number for number, row in enumerate(_FORMS) for spelling in row.split("|")}


def similarity(left: CompanyName, right: CompanyName) -> float:
    """0 to 1: how alike the words are, in any order; less where a legal form differs or only one names one.

    0 where either is blank: nothing is like nothing. Short names are alike only when they are equal.
    """
    if left.is_blank or right.is_blank:
        return 0.0
    if left.stem.replace(" ", "") == right.stem.replace(" ", ""):
        alike = 1.0
    elif min(len(left.stem), len(right.stem)) < SHORT:
        return 0.0
    else:
        alike = _words_alike(_telling(left.stem), _telling(right.stem))
    if left.form == right.form:
        return alike
    return alike * (OTHER_FORM if forms_differ(left, right) else ONE_FORM)


def forms_differ(left: CompanyName, right: CompanyName) -> bool:
    """True when both names say a legal form and it is not the same."""
    return None not in (left.form, right.form) and left.form != right.form


def _telling(stem: str) -> list[str]:
    return [word for word in stem.split() if word not in _FILLERS] or stem.split()


def _words_alike(left: list[str], right: list[str]) -> float:
    """Alike by spelling, but no more than the worst pair of words nearly is: Deutsche Bahn is not Deutsche Bank."""
    alike = max(
        fuzz.ratio(" ".join(left), " ".join(right)), fuzz.ratio(" ".join(sorted(left)), " ".join(sorted(right)))
    )
    if len(left) != len(right) or _numbers(left) != _numbers(right):
        # A word more, or another number, makes another company of the same group.
        return min(alike / 100, OTHER_WORDS)
    worst = max(
        min(fuzz.ratio(one, other) for one, other in pairs)
        for pairs in (
            list(zip(left, right, strict=True)),
            list(zip(sorted(left), sorted(right), strict=True)),
        )
    )
    return min(alike, worst + TYPO) / 100


def _numbers(words: list[str]) -> list[str]:
    """Figures, Roman ones and single letters, which count the members of a family of companies."""
    return sorted(word for word in words if word.isdigit() or len(word) == 1 or not word.strip("ivx"))


@cache
def country_code(text: str | None) -> str | None:
    """ISO 3166 two-letter code of a code or an English name; None where it is neither."""
    if not text or not text.strip():
        return None
    plain = _COUNTRIES.get(text.strip().casefold(), text.strip())
    try:
        return str(pycountry.countries.lookup(plain).alpha_2)
    except LookupError:
        return None
