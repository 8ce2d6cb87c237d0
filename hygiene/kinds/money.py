"""Money: decimal text to whole minor units of an ISO 4217 currency, and back."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from model.currency import minor_digits

_PLAIN = re.compile(r"^\d+(?:\.\d+)?$")
_LIMIT = 2**63 - 1


def exponent(currency: str | None) -> int:
    """Digits after the decimal point; two for a currency that is not known."""
    return minor_digits((currency or "").upper())


def _decimal(text: str) -> Decimal | None:
    """An amount as people write it: `1,234.50`, `1.234,50`, `(12)`, `€ 5`, `1 234`; None when that is ambiguous."""
    bare = re.sub(r"[\s\u00a0\u202f'’]", "", text)
    bare = re.sub(r"^[A-Z]{3}|[A-Z]{3}$|[$€£¥₹]", "", bare)
    is_negative = bare.startswith("-") or (bare.startswith("(") and bare.endswith(")"))
    bare = bare.strip("()").removeprefix("-").removeprefix("+")
    plain = _single_point(bare)
    if plain is None or not _PLAIN.match(plain) or not plain.isascii():
        return None
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return -amount if is_negative else amount


def _single_point(text: str) -> str | None:
    commas, points = text.count(","), text.count(".")
    if commas and points:
        decimal, group = (",", ".") if text.rfind(",") > text.rfind(".") else (".", ",")
        head, _, tail = text.rpartition(decimal)
        is_grouped = re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{2,3}})*", head)
        return f"{head.replace(group, '')}.{tail}" if is_grouped else None
    if commas + points > 1:
        sign = "," if commas else "."
        return text.replace(sign, "") if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{2,3}})+", text) else None
    if commas:
        head, _, tail = text.partition(",")
        # "1,234" is a thousand here and one and a quarter there; three digits after one comma are a group.
        return head + tail if len(tail) == 3 and head not in ("", "0") else f"{head}.{tail}"
    return text


def minor(amount: str | Decimal | int, currency: str | None) -> int | None:
    """Whole minor units, halves away from zero; None for text that is no amount or does not fit 64 bits."""
    value = _decimal(amount) if isinstance(amount, str) else Decimal(amount)
    if value is None or not value.is_finite() or value.adjusted() > 18:
        return None
    units = int(
        (value.scaleb(exponent(currency)) + (Decimal("0.5") if value >= 0 else Decimal("-0.5"))).to_integral_value(
            "ROUND_DOWN"
        )
    )
    return units if -_LIMIT <= units <= _LIMIT else None


def major(units: int, currency: str | None) -> Decimal:
    """The amount in the currency's main unit, with all its digits (1050 USD: 10.50)."""
    return Decimal(units).scaleb(-exponent(currency))


def in_words(units: int, currency: str | None) -> str:
    """An amount for people: `12,500.00 USD`."""
    return f"{major(units, currency):,f} {currency}" if currency else f"{major(units, currency):,f}"
