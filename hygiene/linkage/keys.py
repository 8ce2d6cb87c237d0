"""Keys: each column of a table folded to what is compared, by its kind. Done once per distinct value."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from hygiene.data import words
from hygiene.distinct import over_distinct, texts
from hygiene.kinds import company_name, country, person_name
from hygiene.kinds.spelling import fold
from hygiene.linkage.codes import Coded

# Legal forms common enough to be cut by pattern; a name that holds anything unusual goes the careful way.
_FORMS = (
    r"(?:\s(?:inc|incorporated|llc|l\.l\.c|ltd|limited|gmbh|mbh|corp|corporation|co|company|plc|sa|s\.a|s\.p\.a|spa|"
    r"srl|s\.r\.l|bv|b\.v|nv|n\.v|ab|ag|kg|oy|as|aps|sas|sarl|pty|kk|llp|lp)\.?,?)+$"
)
_VALUE = pl.col("value")
_PLAIN = r"^[\x20-\x7e]*$"
_TELLING = r"(?i)\b(?:dba|d/b/a|t/a|und|et|og|och|the|the\s|trading as)\b|[&+@/(]|\b[a-z]\.\s?[a-z]\b"
_TELLING += f"|(?-i:{company_name.GLUED_LATIN_FORM})"


def names(column: pl.Series) -> pl.Series:
    """Folded words of given, family or full names without titles, degrees and generation."""
    return _fast(column, _VALUE.str.to_lowercase().str.strip_chars(), r"^[A-Za-z]+$", person_name.match_key_of)


def generations(column: pl.Series) -> pl.Series:
    """The jr, sr, ii, iii or iv that ends a name of several words."""
    return generations_alone(column.str.to_lowercase().str.extract(r"^.*\w.*[\s,]+([a-z]+)\.?\s*$"))


def generations_alone(column: pl.Series) -> pl.Series:
    """The jr, sr, ii, iii or iv that a text is."""
    bare = column.str.to_lowercase().str.strip_chars(" .,")
    return bare.replace_strict(dict(person_name.GENERATIONS), default=None, return_dtype=pl.String)


def parts_of_name(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Given and family name of full names."""
    given = over_distinct(column, lambda text: person_name.split(text).given or None)
    return given, over_distinct(column, lambda text: person_name.split(text).family or None)


def companies(column: pl.Series) -> pl.Series:
    """Core words of company names."""
    lowered = _VALUE.str.to_lowercase().str.strip_chars(" .,")
    core = lowered.str.replace(_FORMS, "").str.strip_chars(" .,")
    plain = pl.when(core == "").then(lowered).otherwise(core)
    spaced = plain.str.replace_all(r"['`]", "").str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    return _fast(column, spaced, r"^[A-Za-z0-9' .,-]+$", company_name.match_key_of, unless=_TELLING)


def _mapped(column: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    return Coded.of(texts(column)).mapped(function)


def _fast(
    column: pl.Series, plain: pl.Expr, shape: str, careful: Callable[[str], str | None], *, unless: str = ""
) -> pl.Series:
    """`plain` where a value has the simple shape, `careful` for all others."""

    def folded(values: pl.Series) -> pl.Series:
        is_odd = ~_VALUE.str.contains(shape)
        if unless:
            is_odd = is_odd | _VALUE.str.contains(unless)
        found = values.to_frame("value").select(plain.alias("key"), is_odd.alias("is_odd"))
        odd = found["is_odd"].arg_true()
        keys = found["key"].scatter(odd, [careful(value) for value in values.gather(odd).to_list()])
        return keys.set(keys == "", None)

    return _mapped(column, folded)


_BEFORE_TRADING = r"(?i)^(.*?\S)\s+(?:d/?b/?a|t/a|trading as|doing business as)\b"
_IN_BRACKETS = r"[(\[](?i:formerly|former|previously|fka|f/k/a|aka|a/k/a|now)?\s*([^()\[\]]{3,})[)\]]"


def beside(column: pl.Series) -> pl.Series:
    """Core words of the further name that a company name holds: in brackets, or before "doing business as"."""
    text = column.cast(pl.String)
    found = pl.select(pl.coalesce(text.str.extract(_BEFORE_TRADING), text.str.extract(_IN_BRACKETS))).to_series()
    key = companies(found)
    return key.set((key == companies(column)) | country.certain(found).is_not_null(), None)


def emails(column: pl.Series) -> pl.DataFrame:
    """Columns email, local, host (null for free mail), is_shared and site (as `sites` of the host)."""
    text = texts(column).str.to_lowercase().str.replace(r"^.*<(.*)>.*$", "$1").str.strip_chars(" <>\t\"',;")
    email = text.set(~text.str.contains(r"^[^@\s]+@[^@\s]+$"), None)
    parts = email.str.split_exact("@", 1).struct
    local, host = parts.field("field_0"), Coded.of(parts.field("field_1"))
    free, role = sorted(words("free_mail.txt")), sorted(words("role_mailboxes.txt"))
    own = host.mapped(lambda hosts: hosts.set(hosts.is_in(free), None))
    label = host.mapped(lambda hosts: _naming(hosts).set(hosts.is_in(free), None))
    bare = local.str.replace(r"[-_.]?\d+$", "")
    is_shared = bare.is_in(role).fill_null(value=False)
    return pl.DataFrame({"email": email, "local": local, "host": own, "is_shared": is_shared, "site": label})


def sites(column: pl.Series) -> pl.Series:
    """The naming label of a domain or website: acme of www.acme.co.uk."""
    return _mapped(column, _naming)


def _naming(hosts: pl.Series) -> pl.Series:
    host = (
        hosts.str.to_lowercase().str.strip_chars()
        .str.replace(r"^[a-z]+://", "").str.replace(r"^www\d?\.", "").str.replace(r"[/:?#].*$", "")
    )  # fmt: skip
    label = host.str.replace(r"\.(?:(?:co|com|org|net|gov|ac|edu)\.)?[a-z]{2,}$", "").str.extract(r"([^.]+)$")
    return label.set(label == "", None)


def phones(column: pl.Series) -> pl.Series:
    """The last ten digits, fewer where a number has no more than seven or more of them."""
    digits = column.cast(pl.String).str.replace(r"(?i)\s*(?:x|ext).*$", "").str.replace_all(r"\D", "")
    bare = digits.str.slice(-10)
    return bare.set((bare.str.len_chars() < 7) | bare.str.contains(r"^(?:0+|1+|9+|5+|1234567890?)$"), None)


def words_of(column: pl.Series) -> pl.Series:
    """Folded words of any text, joined by single blanks."""
    lowered = _VALUE.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    return _fast(column, lowered, _PLAIN, lambda text: " ".join(fold(text).split()))


_DIRECTIONS = {"north": "n", "south": "s", "east": "e", "west": "w"}
_STREET_KINDS = (
    "street", "st", "str", "avenue", "ave", "av", "road", "rd", "boulevard", "blvd", "blv", "drive", "dr", "place",
    "pl", "lane", "ln", "court", "ct", "parkway", "pkwy", "highway", "hwy", "square", "sq", "terrace", "ter", "way",
    "strasse", "circuit", "cct", "crescent", "cres", "close", "cl",
)  # fmt: skip
_ORDINALS = {
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th",
    "eighth": "8th", "ninth": "9th", "tenth": "10th", "eleventh": "11th", "twelfth": "12th",
}  # fmt: skip
_CROSSING = r"^(\d+ .*?) (?:between|btwn|near|off|at) .*$"
_UNIT_FIRST = r"^(?:suite|ste|apt|apartment|unit|room|rm|floor|fl) \w+ "
_UNIT = r"\b(?:suite|ste|apt|apartment|unit|room|rm|floor|fl|bldg|building)\b.*$"


def streets(column: pl.Series) -> pl.Series:
    """Number and name of a street: folded words without the kind of street, what crosses it and what lies within the
    house."""
    own = _VALUE.str.replace(_UNIT_FIRST, "").str.replace(_UNIT, "").str.replace(_CROSSING, "$1")
    core = (
        own.str.split(" ")
        .list.eval(pl.element().replace(_DIRECTIONS | _ORDINALS).filter(~pl.element().is_in(list(_STREET_KINDS))))
        .list.join(" ")
    )
    short = pl.when(core == "").then(_VALUE).otherwise(core)
    return _mapped(words_of(column), lambda spelt: spelt.to_frame("value").select(short).to_series())


_AREA_WORDS = {**{short: long for long, short in _DIRECTIONS.items()}, "st": "saint", "ste": "saint", "mt": "mount",
               "ft": "fort"}  # fmt: skip


def areas(column: pl.Series) -> pl.Series:
    """Folded words of towns, states and postal codes, usual abbreviations spelt out."""
    return words_of(column).str.split(" ").list.eval(pl.element().replace(_AREA_WORDS)).list.join(" ")


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Of years of two digits those up to here are of this century.
_THIS_CENTURY = 30


def dates(column: pl.Series) -> pl.Series:
    """Eight digits, year first, where a date can be read, a day that may be a month as the month; all digits of
    anything else."""
    text = column.cast(pl.String).str.to_lowercase().str.strip_chars()
    for number, month in enumerate(_MONTHS, 1):
        text = text.str.replace(rf"\b{month}[a-z]*\.?\b", f"m{number:02}")
    year_first = _parts(text, r"^(?<y>\d{4})[-/. ]?m?(?<m>\d{2})[-/. ]?(?<d>\d{2})")
    numbers = _parts(text, r"^(?<m>\d{1,2})[-/. ]+(?<d>\d{1,2})[-/. ]+(?<y>\d{4}|\d{2})(?:\b|$)")
    turned = numbers.with_columns(
        pl.when(pl.col("m") > "12").then("d").otherwise("m").alias("m"),
        pl.when(pl.col("m") > "12").then("m").otherwise("d").alias("d"),
    )
    month_first = _parts(text, r"^m(?<m>\d{2})[-/. ]*(?<d>\d{1,2})(?:st|nd|rd|th)?[-/., ]+(?<y>\d{4}|\d{2})(?:\b|$)")
    day_first = _parts(text, r"^(?<d>\d{1,2})(?:st|nd|rd|th)?[-/. ]*m(?<m>\d{2})[-/., ]+(?<y>\d{4}|\d{2})(?:\b|$)")
    read = [
        parts.select(pl.concat_str("y", "m", "d")).to_series() for parts in (year_first, turned, month_first, day_first)
    ]
    digits = text.str.replace_all(r"\D", "")
    return pl.select(pl.coalesce(*read, pl.when(digits != "").then(digits))).to_series()


def _parts(text: pl.Series, pattern: str) -> pl.DataFrame:
    """Columns y, m and d: four, two and two digits."""
    found = text.str.extract_groups(pattern).struct.unnest()
    year = pl.col("y")
    century = pl.when(year.cast(pl.Int32, strict=False) <= _THIS_CENTURY).then(pl.lit("20")).otherwise(pl.lit("19"))
    full = pl.when(year.str.len_chars() == 2).then(pl.concat_str(century, year)).otherwise(year)
    return found.select(full.alias("y"), pl.col("m").str.zfill(2), pl.col("d").str.zfill(2))


def countries(column: pl.Series) -> pl.Series:
    """ISO codes; folded words of what is no country that we know."""
    text = column.cast(pl.String)
    bare = text.str.replace(r"[\[(][^\[\]()]*[\])]\s*$", "")
    return pl.select(pl.coalesce(country.certain(text), country.certain(bare), words_of(text))).to_series()


def numbers(column: pl.Series) -> pl.Series:
    """Numbers as text without signs between their digits; null for anything else."""
    bare = column.cast(pl.String).str.replace_all(r"[\s,'$€£¥_]", "")
    read = bare.cast(pl.Float64, strict=False)
    return read.set(~read.is_finite(), None).cast(pl.String)


_TITLE_WORDS = {
    "vp": "vice president", "svp": "senior vice president", "evp": "executive vice president",
    "ceo": "chief executive officer", "cfo": "chief financial officer", "cto": "chief technology officer",
    "coo": "chief operating officer", "cmo": "chief marketing officer", "cio": "chief information officer",
    "sr": "senior", "jr": "junior", "mgr": "manager", "dir": "director", "eng": "engineer", "mktg": "marketing",
    "asst": "assistant", "exec": "executive", "it": "information technology", "hr": "human resources",
    "md": "managing director",
}  # fmt: skip


def titles(column: pl.Series) -> pl.Series:
    """Folded words of job titles, abbreviations spelt out."""
    return words_of(column).str.split(" ").list.eval(pl.element().replace(_TITLE_WORDS)).list.join(" ")


def identifiers(column: pl.Series) -> pl.Series:
    """Letters and digits in lower case."""
    bare = column.cast(pl.String).str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    return bare.set(bare == "", None)
