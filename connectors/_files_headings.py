"""Which heading means which field: the table in `_files_headings.tsv`, read once.

A row of it is a stream, a field and its headings, best first. Beside canonical and system fields it names parts that a
field is made from (`full_name`, `owner_name`, `place`, ...), opposites (`not is_deleted`), `-` for headings that only
tell what a file is about, and `(file)` for words of file names. A stream in parentheses is a kind of file that is
recognised in order to be left alone (products, activities, ...).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from model.streams import STREAMS

# Streams a file can hold; what it holds beside them is named and left alone.
FILE_STREAMS = {
    name: STREAMS[name] for name in ("users", "stages", "accounts", "contacts", "leads", "deals", "associations")
}
FILE_WORDS, EVIDENCE_ONLY = "(file)", "-"
# Exports that join several objects name the object first: "Deal - Title", "Account: Industry", "Contact.Email".
_OBJECTS = {
    "deal": "deals", "opportunity": "deals", "person": "contacts", "contact": "contacts", "lead": "leads",
    "organization": "accounts", "organisation": "accounts", "account": "accounts", "company": "accounts",
    "user": "users", "owner": "users", "stage": "stages",
}  # fmt: skip
_OBJECT = re.compile(rf"^({'|'.join(_OBJECTS)})s?\s*(?: - |: |\.|::)\s*(?=\S)", re.IGNORECASE)
_WRAPPING = re.compile(r"^(?:propert(?:y|ies)[_.]|attributes\.|fields\.)", re.IGNORECASE)
_CURRENCY = re.compile(r"[\s_(\[]+(?:in )?([A-Z]{3})[)\]]?$|[(\[]([€£$¥])[)\]]$")
_SCALE = re.compile(
    r"[\s_(\[,]+(?:in )?[$€£]? ?(?:(k|thousands?|000s?|'000)|(m|mm|mn|mio|millions?)|(bn|billions?))[)\]]?$",
    re.IGNORECASE,
)
# Codes common enough in CRM headings that three capitals are taken for a currency.
_CODES = frozenset((
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "CNY", "HKD", "SGD", "INR", "BRL", "MXN", "SEK", "NOK",
    "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "ILS", "ZAR", "AED", "SAR", "KRW", "TWD", "THB", "IDR", "MYR",
    "PHP", "VND", "RUB", "UAH", "CLP", "COP", "ARS", "PEN", "KWD", "BHD", "OMR", "QAR", "EGP", "NGN", "KES",
))  # fmt: skip
_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and what it says by itself: its compared form, its currency and the power of ten it counts in."""

    text: str
    key: str
    currency: str | None = None
    scale: int = 0


def squash(text: str) -> str:
    """The form headings are compared in: letters and digits alone, without case, accents or export wrapping.

    Idempotent for what it returns; "Account ID", "account_id", "ACCOUNTID" and "property_account_id" are one.
    """
    plain = unicodedata.normalize("NFKD", _WRAPPING.sub("", text.strip())).casefold()
    return "".join(char for char in plain if char.isalnum())


def words(text: str) -> list[str]:
    """Lower-case words of a file or sheet name: "sf_OpportunityContactRole-2024" is sf, opportunity, contact, ..."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return re.findall(r"[^\W\d_]+|\d+", spaced.casefold())


def understand(text: str) -> Heading:
    """A heading with its currency ("Amount (EUR)") and scale ("Revenue in millions") taken apart."""
    rest, scale, currency = text, 0, None
    found = _SCALE.search(rest)
    if found and found.start():
        rest = rest[: found.start()]
        scale = 3 if found[1] else 6 if found[2] else 9
    found = _CURRENCY.search(rest)
    if found and found.start() and (found[2] or found[1] in _CODES):
        rest = rest[: found.start()]
        currency = _SYMBOLS.get(found[2]) or found[1]
    return Heading(text, squash(rest), currency, scale)


@cache
def spellings() -> dict[str, dict[str, tuple[str, int]]]:
    """Stream -> compared heading -> (field, rank); rank 0 is the best heading of its field."""
    table: dict[str, dict[str, tuple[str, int]]] = {}
    for stream, field, names in _rows():
        if field == FILE_WORDS:
            continue
        entries = table.setdefault(stream, {})
        for rank, name in enumerate(names):
            key = squash(name)
            known = entries.get(key)
            # A heading that stands for two fields of a stream means the one that ranks it higher.
            if known is None or known[0] == EVIDENCE_ONLY or (field != EVIDENCE_ONLY and rank < known[1]):
                entries[key] = (field, rank)
    for name, known_stream in FILE_STREAMS.items():
        for own in known_stream.field_names:
            # Whoever writes our own field names means them.
            table[name].setdefault(squash(own), (own, 0))
    return table


@cache
def commonness() -> dict[str, int]:
    """In how many streams and other kinds each heading occurs: what all have tells nothing."""
    counts: dict[str, int] = {}
    for entries in spellings().values():
        for key in entries:
            counts[key] = counts.get(key, 0) + 1
    return counts


@cache
def file_words() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Stream -> the phrases, as tuples of words, that its files are called."""
    return {
        stream: tuple(tuple(words(name)) for name in names) for stream, field, names in _rows() if field == FILE_WORDS
    }


def meaning(stream: str, heading: Heading) -> tuple[str, int] | None:
    """The field a heading means in a file of this stream, and its rank there."""
    entries = spellings().get(stream, {})
    for key in (squash(heading.text), heading.key):
        if key in entries:
            return entries[key]
    found = _OBJECT.match(heading.text)
    if found and _OBJECTS[found[1].lower()] == stream:
        return entries.get(understand(heading.text[found.end() :]).key)
    return None


def named_object(heading: str) -> str | None:
    """The stream a heading's own prefix names: "Deal - Title" names deals."""
    found = _OBJECT.match(heading)
    return _OBJECTS[found[1].lower()] if found else None


@cache
def _rows() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    text = files("connectors").joinpath("_files_headings.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:] if line]
    return tuple((stream, field, tuple(names.split("; "))) for stream, field, names in rows)
