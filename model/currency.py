"""Money as whole minor units: how many decimal digits a currency has, and both ways between text and units."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# ISO 4217 exponents that differ from 2.
MINOR_DIGITS: dict[str, int] = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"), 0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
# 64-bit columns hold it: an amount that needs more digits is not an amount.
MAX_MINOR = 2**63 - 1


def minor_digits(currency: str | None) -> int:
    """Decimal digits of an ISO currency; 2 where it is unknown."""
    return MINOR_DIGITS.get(currency or "", 2)


def to_minor(amount: str, currency: str | None) -> int:
    """Minor units of a decimal amount, halves away from zero; ValueError when it is no number or too large."""
    try:
        number = Decimal(amount)
    except InvalidOperation as error:
        raise ValueError("not a decimal amount") from error
    if not number.is_finite() or number.adjusted() > 18:
        raise ValueError("not an amount that 64 bits of minor units hold")
    minor = int(number.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_UP))
    if abs(minor) > MAX_MINOR:
        raise ValueError("not an amount that 64 bits of minor units hold")
    return minor


def from_minor(minor: int, currency: str | None) -> str:
    """The decimal amount as plain digits, with exactly the digits of its currency: 150000 USD is "1500.00"."""
    return format(Decimal(minor).scaleb(-minor_digits(currency)), "f")
