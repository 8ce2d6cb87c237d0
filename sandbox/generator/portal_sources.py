"""How records came into the portal: which hand made them shows in their source."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import staff, text
from sandbox.generator.chance import Ints

FORMS = ("Contact us", "Demo request", "Newsletter", "Webinar registration")
_WORDS = {"rep": "CRM_UI", "import": "IMPORT", "form": "FORM", "sync": "INTEGRATION"}
_FIRST_IMPORT = 61_000_000
# The native connection to Salesforce, as an app of the account.
_SALESFORCE_APP = "25200"


def form_id(place: int) -> str:
    """The id of the form at that place of FORMS."""
    return f"5f0f{place:04x}-0000-4000-8000-{place:012x}"


def form_of(hand: Ints, hands: pl.DataFrame) -> Ints:
    """The form each record came by: its place in FORMS, -1 for none."""
    forms = np.flatnonzero(hands["kind"].to_numpy() == staff.HAND_KINDS.index("form"))
    place = np.full(len(hands), -1)
    place[forms] = np.arange(len(forms)) % len(FORMS)
    return place[hand]


def columns(hand: Ints, hands: pl.DataFrame, user_ids: pl.Series) -> list[pl.Series]:
    """The properties that tell the source of each record."""
    kind = hands["kind"].to_numpy()[hand]
    user = user_ids.gather(hands["user"].gather(hand))
    form = form_of(hand, hands)
    words = pl.Series([_WORDS[one] for one in staff.HAND_KINDS]).gather(kind)
    of_import = pl.Series(_FIRST_IMPORT + hand).cast(pl.String)
    by_hand = pl.select(pl.format("userId:{}", user)).to_series()
    forms, names = (pl.Series(listed) for listed in ([form_id(n) for n in range(len(FORMS))], FORMS))
    some_form = np.maximum(form, 0)
    named = pl.select(pl.format("import-{}.csv", pl.Series(hand))).to_series()
    number = _by_kind(kind, [by_hand, of_import, forms.gather(some_form), _alike(_SALESFORCE_APP, len(hand))])
    detail = _by_kind(kind, [_alike(None, len(hand)), named, names.gather(some_form), _alike("Salesforce", len(hand))])
    is_hand = kind < staff.HAND_KINDS.index("form")
    return [
        words.alias("hs_object_source"),
        words.alias("hs_object_source_label"),
        number.alias("hs_object_source_id"),
        detail.alias("hs_object_source_detail_1"),
        text.only(is_hand, user).alias("hs_object_source_user_id"),
        text.only(is_hand, user).alias("hs_created_by_user_id"),
        pl.Series("hs_was_imported", kind == staff.HAND_KINDS.index("import")),
    ]


def _by_kind(kind: Ints, columns: list[pl.Series]) -> pl.Series:
    """Of each row the column of its kind of hand."""
    code = pl.Series(kind)
    kept = [pl.when(code == place).then(column) for place, column in enumerate(columns)]
    return pl.select(pl.coalesce(kept)).to_series()


def _alike(word: str | None, n: int) -> pl.Series:
    return pl.repeat(word, n, dtype=pl.String, eager=True)
