"""Letters and blanks: what all kinds do to text before they look at it."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from hygiene.data import words

# Letters that Unicode does not decompose into a base letter and a mark.
LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i", "ħ": "h", "ŧ": "t",
     "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"}
)  # fmt: skip
# Folded letters as they are mostly written in Latin ones.
_ROMAN = (
    "аa бb вv гg дd ђdj еe жzh зz иi јj кk лl љlj мm нn њnj оo пp рr сs тt ћc уu фf хkh цts чch џdz шsh щshch ъ ыy ь "
    "эe юyu яya іi єye ґg "
    "αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo"
)
ROMAN = str.maketrans({pair[0]: pair[1:] for pair in _ROMAN.split()})
# Words with one of the first letters are Ukrainian or Belarusian.
_THEIRS, _SPOKEN = frozenset("ієґ"), str.maketrans({"г": "h", "и": "y"})
# Zero-width characters, byte order mark, soft hyphen, directional marks.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def tidy(text: str) -> str:
    """Without invisible characters and outer blanks; inner runs of blanks become one space."""
    return " ".join(INVISIBLE.sub("", CONTROL.sub(" ", text)).split())


def fold(text: str) -> str:
    """Case and diacritics removed: what two spellings of one word have in common."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", bare.translate(LETTERS)).casefold()


def romanised(text: str) -> str:
    """Folded Cyrillic and Greek in Latin letters, all else as it is."""
    if text.isascii():
        return text
    spoken = text if _THEIRS.isdisjoint(text) else text.translate(_SPOKEN)
    return spoken.replace("ου", "ou").translate(ROMAN)


def is_no_value(text: str) -> bool:
    """True for what people type to get past a required field ("n/a", "unknown", "-")."""
    return tidy(text).casefold() in words("no_values.txt")


def filled(column: str) -> pl.Expr:
    """True where the text column holds something other than blanks; false for null."""
    return (pl.col(column).cast(pl.String).str.strip_chars() != "").fill_null(value=False)
