"""Record ids as the vendors make them: 18 characters with a checksum, or numbers that grow in leaps."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import text
from sandbox.generator.chance import Chance, Ints

_BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_BASE32 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "CampaignMember": "00v",
    "Organization": "00D",
    "Group": "00G",
    "Campaign": "701",
    "OpportunityHistory": "008",
    "LeadStatus": "01J",
    "OpportunityStage": "01J",
    "CampaignMemberStatus": "01Y",
    "GroupMember": "011",
    "LoginHistory": "0Ya",
    "OpportunityFieldHistory": "017",
    "PackageLicense": "050",
    "Profile": "00e",
    "QueueSobject": "03g",
    "UserLicense": "100",
    "UserPackageLicense": "051",
    "UserRole": "00E",
}
_PODS = ("5g", "8d", "Kq", "3z")


def salesforce(sobject: str, n: int, org: int, *, start: int = 1, order: Ints | None = None) -> pl.Series:
    """`n` ids of one object of one org. Rows with a lower `order` (older ones) have lower ids."""
    place = np.arange(n) if order is None else ranks(order)
    # Different objects of one org, and the orgs, never share a number.
    number = place + start
    prefix = np.frombuffer(
        (PREFIXES[sobject] + _PODS[org % len(_PODS)] + str(org // len(_PODS))).encode(), dtype=np.uint8
    )
    powers = 62 ** np.arange(8, -1, -1, dtype=np.int64)
    body = _BASE62[(number[:, None] // powers[None, :]) % 62]
    fifteen = np.concatenate([np.tile(prefix, (n, 1)), body], axis=1)
    return text.from_bytes(np.concatenate([fifteen, checksum(fifteen)], axis=1)).alias("Id")


def checksum(fifteen: text.Bytes) -> text.Bytes:
    """The three characters that make 15-character ids safe where case is lost: one bit per capital letter."""
    capital = (fifteen >= ord("A")) & (fifteen <= ord("Z"))
    bits = capital.reshape(-1, 3, 5).astype(np.int64) @ np.array([1, 2, 4, 8, 16])
    return np.asarray(_BASE32[bits], dtype=np.uint8)


def hubspot(n: int, chance: Chance, *, order: Ints | None = None, start: int = 51) -> pl.Series:
    """Numeric ids of growing length: a portal's oldest records have three digits, the newest nine or more."""
    leap = chance.below(np.where(np.arange(n) < n // 20, 50, 900), n) + 1
    number = start + np.cumsum(leap) + np.where(np.arange(n) < n // 20, 0, 1_000_000)
    place = np.arange(n) if order is None else ranks(order)
    return pl.Series("id", number[place] if n else np.zeros(0, dtype=np.int64)).cast(pl.String)


def ranks(order: Ints) -> Ints:
    """Each row's place when the rows are sorted (ties in row order)."""
    out = np.empty(len(order), dtype=np.int64)
    out[np.argsort(order, kind="stable")] = np.arange(len(order))
    return out
