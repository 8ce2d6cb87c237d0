"""One property value, both ways: HubSpot's strings to the types of `model.streams`, and back.

HubSpot answers with a string or null for every type: times as ISO 8601 in UTC or epoch milliseconds, dates as
YYYY-MM-DD or midnight UTC in milliseconds, numbers and booleans spelt out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from model.currency import from_minor, to_minor
from model.streams import Value, ValueType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()
MICROSECOND = timedelta(microseconds=1)
DAY_US = 86_400_000_000
BOOLEANS = {"true": True, "false": False}

Convert = Callable[[str], Value]


def time_of(text: str) -> int:
    """µs since the epoch; ValueError when it is neither ISO 8601 nor epoch milliseconds."""
    if "-" in text[1:]:
        moment = datetime.fromisoformat(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    micros = int(text) * 1000
    # Keeps what follows within the years that a datetime can hold.
    if abs(micros) > 60_000 * 366 * DAY_US:
        raise ValueError("beyond the calendar")
    return micros


def day_of(text: str) -> int:
    """Days since the epoch of a `date` property."""
    if len(text) == 10 and text[4] == "-":
        return date.fromisoformat(text).toordinal() - EPOCH_DAY
    return time_of(text) // DAY_US


def local_day_of(zone: tzinfo) -> Callable[[str], int]:
    """Days since the epoch of a `datetime` property, as the portal's people see it in their time zone."""

    def convert(text: str) -> int:
        try:
            moment = EPOCH + timedelta(microseconds=time_of(text))
            return moment.astimezone(zone).toordinal() - EPOCH_DAY
        except OverflowError as error:
            raise ValueError("beyond the calendar") from error

    return convert


def midnight_of(zone: tzinfo) -> Callable[[str], int]:
    """µs of the midnight, in the portal's time zone, that a `date` property's day begins with."""
    return lambda text: midnight(day_of(text), zone)


def midnight(day: int, zone: tzinfo) -> int:
    """µs of the first moment of a day (days since the epoch) in a time zone."""
    start = datetime.combine(date.fromordinal(day + EPOCH_DAY), datetime.min.time(), tzinfo=zone)
    return (start - EPOCH) // MICROSECOND


def whole_of(text: str) -> int:
    """A whole number, also when written as 250.0; ValueError when it has a fraction or leaves 64 bits."""
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)
    number = _decimal(text)
    if number != number.to_integral_value() or abs(number) > 2**63 - 1:
        raise ValueError("not a whole number")
    return int(number)


def real_of(text: str) -> float:
    return float(_decimal(text))


def truth_of(text: str) -> bool:
    """A boolean; of a counting property (bounces) whether it counted any."""
    known = BOOLEANS.get(text.lower())
    return known if known is not None else _decimal(text) != 0


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if not number.is_finite() or abs(number.adjusted()) > 300:
        raise ValueError("not a number")
    return number


def converter(field_type: ValueType, property_type: str, zone: tzinfo) -> Convert:
    """How texts of a property become values of a field; money is not here, since it needs each record's currency."""
    by_type: dict[str, Convert] = {
        "text": lambda text: text,
        "int": whole_of,
        "real": real_of,
        "bool": truth_of,
        "time": midnight_of(zone) if property_type == "date" else time_of,
        "date": local_day_of(zone) if property_type == "datetime" else day_of,
    }
    return by_type[field_type]


def convert_all(raw: Iterable[str | None], convert: Convert) -> tuple[list[Value], list[int]]:
    """Convert a column, blank text being blank; also the rows whose text cannot be read, which have None."""
    values: list[Value] = []
    unreadable: list[int] = []
    for text in raw:
        if not text:
            values.append(None)
            continue
        try:
            values.append(convert(text))
        except ValueError:
            unreadable.append(len(values))
            values.append(None)
    return values, unreadable


def money_of(raw: Iterable[str | None], currencies: Iterable[str | None]) -> tuple[list[Value], list[int]]:
    """`convert_all` for amounts, each in its own currency."""
    values: list[Value] = []
    unreadable: list[int] = []
    for text, currency in zip(raw, currencies, strict=True):
        try:
            values.append(to_minor(text, currency) if text else None)
        except ValueError:
            unreadable.append(len(values))
            values.append(None)
    return values, unreadable


def property_text(
    value: Value, field_type: ValueType, property_type: str, currency: str | None, zone: tzinfo, like: str = ""
) -> str:
    """The text that sets a property to a value; a blank is set by the empty text. ValueError when it cannot be.

    A day put into a `datetime` property takes the hour of the text it replaces, `like`, or midnight.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field_type == "money":
        return from_minor(_whole(value), currency)
    if field_type == "time":
        moment = EPOCH + timedelta(microseconds=_whole(value))
        return moment.astimezone(zone).date().isoformat() if property_type == "date" else _time_text(moment)
    if field_type == "date":
        if property_type == "datetime":
            return _time_text(datetime.combine(_day(_whole(value)), _hour(like, zone), tzinfo=zone).astimezone(UTC))
        return _day(_whole(value)).isoformat()
    return str(value)


def _day(days: int) -> date:
    return date.fromordinal(days + EPOCH_DAY)


def _hour(text: str, zone: tzinfo) -> time:
    """The time of day that a `datetime` text shows in a time zone; midnight where it is none."""
    try:
        return (EPOCH + timedelta(microseconds=time_of(text))).astimezone(zone).time() if text else time.min
    except (ValueError, OverflowError):
        return time.min


def _whole(value: Value) -> int:
    if not isinstance(value, int):
        raise ValueError("not a whole number of units")
    return value


def _time_text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
