"""Why a change cannot be sent, told without a call, from what the portal said of its properties."""

from __future__ import annotations

from connectors._hubspot_fields import Fields
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_links import LINK_TYPES
from model.changes import Associate, Change, Convert, Dissociate, Merge, Restore, SetField

LONGEST_TEXT = 65_536
PRIMARY = "primary"
MOST_MERGED = 250


def change_refusal(change: Change, fields: Fields | None) -> str | None:
    """Why a change cannot be sent, or None. Without `fields` (nothing asked yet) only what is always so is told."""
    if isinstance(change, SetField):
        return field_refusal(change, fields)
    if isinstance(change, Associate | Dissociate):
        return _link_refusal(change)
    if isinstance(change, Restore):
        return "HubSpot restores deleted records on its own screens only, for 90 days; no call does."
    if isinstance(change, Convert):
        return "HubSpot has no leads that become contacts; a contact's lifecycle stage says what it is."
    if change.key.stream not in LAYOUTS:
        return f"Records of {change.key.stream} cannot be written in HubSpot."
    if isinstance(change, Merge):
        return _merge_refusal(change, fields)
    return None


def _merge_refusal(change: Merge, fields: Fields | None) -> str | None:
    if not change.losers or any(loser.stream != change.key.stream for loser in change.losers):
        return "A merge folds records of one stream into another of the same."
    if len(change.losers) >= MOST_MERGED:
        return f"HubSpot keeps at most {MOST_MERGED} records in one; merge fewer."
    return None if fields is None else value_refusal(fields, change)


def value_refusal(fields: Fields, change: Merge) -> str | None:
    """Why the survivor of a merge could not hold a value it is to have, or None."""
    wanted = (SetField(change.key, name, None, value, None, "") for name, value in change.values)
    return next(filter(None, (text_refusal(fields, one, fields.portal.currency) for one in wanted)), None)


def field_refusal(change: SetField, fields: Fields | None) -> str | None:
    layout = LAYOUTS.get(change.key.stream)
    if layout is None:
        return f"Records of {change.key.stream} cannot be written in HubSpot."
    if change.field in layout.derived:
        return f"{change.key.stream}.{change.field} is derived in HubSpot; write the association instead."
    if fields is None:
        return None
    return text_refusal(fields, change, fields.portal.currency)


def text_refusal(fields: Fields, change: SetField, currency: str | None) -> str | None:
    """Why a property cannot take a change's value, or None."""
    name = f"{change.key.stream}.{change.field}"
    if change.field in fields.layout.derived:
        return f"{name} is derived in HubSpot; write the association instead."
    prop = fields.properties.get(change.field)
    if prop is None:
        return f"{name} has no property in this portal that the token may see."
    if prop.is_read_only:
        return f"{name}: property {prop.name} is read-only."
    try:
        text = fields.text(change.field, change.after, currency)
    except (ValueError, OverflowError):
        return f"{name}: the new value is not of the type of property {prop.name}."
    if len(text) > LONGEST_TEXT:
        return f"{name}: the new value is longer than {LONGEST_TEXT:,} characters."
    if "\0" in text:
        return f"{name}: the new value holds a NUL character."
    if change.after is not None and not text:
        return f"{name}: an empty text would clear the property; plan an explicit blank."
    if prop.options is not None and text and not _are_options(text, prop.options):
        return f"{name}: the new value is not an option of property {prop.name}."
    return None


def _are_options(text: str, options: frozenset[str]) -> bool:
    """Several options of a multiple choice are joined by semicolons; a leading one would append instead of replace."""
    return text in options or all(part in options for part in text.split(";"))


def _link_refusal(change: Associate | Dissociate) -> str | None:
    pair = (change.key.stream, change.to.stream)
    types = LINK_TYPES.get(pair)
    if types is None:
        return f"HubSpot links from {pair[0]} to {pair[1]} are not written."
    if change.key.connection != change.to.connection:
        return "A link joins two records of one connection."
    if change.label == PRIMARY and types.primary is None:
        return f"Links from {pair[0]} to {pair[1]} cannot be labelled {change.label!r}."
    return None
