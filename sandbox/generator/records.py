"""Which records stand for which persons and companies: the skeleton, before any text is written."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import staff, tables
from sandbox.generator.chance import Bools, Chance, Ints

CONTACT, LEAD, HUBSPOT = 0, 1, 2  # slots of person records
ORIGINAL, COUNTERPART, DUPLICATE, JOB_CHANGE, CONVERTED, TEST = range(6)
_ORIGINAL_ROLES = {
    # Presence of the company (none, Salesforce, HubSpot, both): choices of slots and their weights.
    0: (((LEAD,), 60), ((HUBSPOT,), 40)),
    1: (((CONTACT,), 76), ((LEAD,), 24)),
    2: (((HUBSPOT,), 100),),
    3: (((CONTACT,), 22), ((HUBSPOT,), 20), ((CONTACT, HUBSPOT), 38), ((LEAD, HUBSPOT), 12), ((LEAD,), 8)),
}
_EMEA = (
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "NL",
    "SE",
    "PL",
    "PT",
    "TR",
    "AE",
    "UA",
    "CH",
    "AT",
    "BE",
    "DK",
    "NO",
    "FI",
    "IE",
)
# Persons needed per contact wanted, with a margin; the surplus is cut off.
PERSONS_PER_CONTACT = 1.12


def companies_known(companies: pl.DataFrame, orgs: int, chance: Chance) -> pl.DataFrame:
    """presence (0 none, 1 Salesforce, 2 HubSpot, 3 both), org, and second_org (-1 for most) of each company."""
    n = len(companies)
    presence = chance.of("presence").pick([8, 32, 20, 40], n)
    iso = tables.countries()["iso2"].gather(companies["country"])
    region = iso.is_in(list(_EMEA)).to_numpy().astype(np.int64)
    org = np.where(orgs == 2, region, chance.of("org").below(orgs, n)) if orgs > 1 else np.zeros(n, dtype=np.int64)
    both = chance.of("both").hits(0.08 if orgs > 1 else 0.0, n)
    second = np.where(both, (org + 1) % orgs, -1)
    mess = np.exp(chance.of("mess").normal(n) * 0.7 - 0.245)
    return pl.DataFrame({"presence": presence, "org": org, "second_org": second, "mess": mess})


def people(persons: pl.DataFrame, known: pl.DataFrame, size: int, dirt: float, chance: Chance) -> pl.DataFrame:
    """Person records: person and company (-1 for tests), slot, org (-1 in HubSpot), relation, source (row copied), age.

    age: days since it was created. Sorted by nothing in particular; the row number is the record's name. The number
    of contacts (slots CONTACT and HUBSPOT) is `size` or a few more.
    """
    frame = _originals(persons, known, chance.of("original"))
    frame = _with_job_changes(frame, persons, known, dirt, chance.of("job"))
    frame = _with_duplicates(frame, known, dirt, chance.of("duplicate"))
    frame = _cut(frame, size)
    frame = _with_conversions(frame, chance.of("converted"))
    return _with_tests(frame, size, dirt, int(known["org"].to_numpy().max(initial=0)) + 1, chance.of("test"))


def _originals(persons: pl.DataFrame, known: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    company = persons["company"].to_numpy()
    presence = known["presence"].to_numpy()[company]
    roles = [(slots, weight, state) for state, listed in _ORIGINAL_ROLES.items() for slots, weight in listed]
    chosen = np.zeros(len(persons), dtype=np.int64)
    for state in _ORIGINAL_ROLES:
        at = np.flatnonzero(presence == state)
        weights = [weight if owner == state else 0 for _, weight, owner in roles]
        chosen[at] = chance.of(str(state)).pick(weights, len(at))
    age = (chance.of("age").random(len(persons)) ** 1.35 * 2700).astype(np.int64) + 14
    parts = []
    for slot in (CONTACT, LEAD, HUBSPOT):
        has = np.array([slot in slots for slots, _, _ in roles])[chosen]
        rows = np.flatnonzero(has)
        late = chance.of(f"late{slot}").below(120, len(rows))
        parts.append(_rows(rows, company[rows], slot, ORIGINAL, -1, np.maximum(age[rows] - late, 12), known))
    first = pl.concat(parts)
    second = _second_org(first, known, chance.of("second"))
    return pl.concat([first, second]) if len(second) else first


def _rows(
    person: Ints, company: Ints, slot: Ints | int, relation: int, source: Ints | int, age: Ints, known: pl.DataFrame
) -> pl.DataFrame:
    n = len(person)
    slots = np.broadcast_to(np.asarray(slot, dtype=np.int64), (n,))
    org = np.where(slots == HUBSPOT, -1, known["org"].to_numpy()[company])
    return pl.DataFrame(
        {
            "person": person,
            "company": company,
            "slot": slots,
            "org": org,
            "relation": np.full(n, relation),
            "source": np.broadcast_to(np.asarray(source, dtype=np.int64), (n,)),
            "age": age,
        }
    )


def _second_org(frame: pl.DataFrame, known: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """People of companies that two orgs know: half of them are in both."""
    other = known["second_org"].to_numpy()[frame["company"].to_numpy()]
    rows = np.flatnonzero((other >= 0) & (frame["slot"].to_numpy() == CONTACT))
    rows = chance.some(rows, 0.5)
    return frame[rows].with_columns(pl.Series("org", other[rows], dtype=pl.Int64))


def _with_job_changes(
    frame: pl.DataFrame, persons: pl.DataFrame, known: pl.DataFrame, dirt: float, chance: Chance
) -> pl.DataFrame:
    person, slot = frame["person"].to_numpy(), frame["slot"].to_numpy()
    later = persons["next_company"].fill_null(-1).to_numpy()[person]
    rows = chance.some(np.flatnonzero((later >= 0) & (slot != LEAD)), min(0.6 * dirt, 0.95))
    age = np.maximum((frame["age"].to_numpy()[rows] * chance.of("when").random(len(rows)) * 0.8).astype(np.int64), 10)
    return pl.concat([frame, _rows(person[rows], later[rows], slot[rows], JOB_CHANGE, rows, age, known)])


def _with_duplicates(frame: pl.DataFrame, known: pl.DataFrame, dirt: float, chance: Chance) -> pl.DataFrame:
    """Copies of records: more of them in messy companies, and copies of copies."""
    base, base_from = frame, 0
    for turn, factor in (("first", 1.0), ("again", 3.0)):
        draw = chance.of(turn)
        slot, company = base["slot"].to_numpy(), base["company"].to_numpy()
        mess = known["mess"].to_numpy()[company]
        extra = []
        for name, source_slot, target_slot, share in (
            ("contact", CONTACT, CONTACT, 0.055),
            ("contact_lead", CONTACT, LEAD, 0.05),
            ("lead", LEAD, LEAD, 0.06),
            ("hubspot", HUBSPOT, HUBSPOT, 0.055),
        ):
            p = np.minimum(share * dirt * factor * mess, 0.6) * (slot == source_slot)
            rows = np.flatnonzero(draw.of(name).hits(p, len(base)))
            age = np.maximum(
                (base["age"].to_numpy()[rows] * draw.of(f"{name}age").random(len(rows)) ** 0.7).astype(np.int64), 8
            )
            copies = _rows(
                base["person"].to_numpy()[rows], company[rows], target_slot, DUPLICATE, rows + base_from, age, known
            )
            if target_slot != HUBSPOT:
                copies = copies.with_columns(base["org"].gather(rows).alias("org"))
            extra.append(copies)
        base_from = len(frame)
        base = pl.concat(extra)
        frame = pl.concat([frame, base])
    return frame


def _cut(frame: pl.DataFrame, size: int) -> pl.DataFrame:
    """Keep the persons with the lowest numbers that together have `size` contacts."""
    counts = np.bincount(frame["person"].to_numpy(), weights=(frame["slot"].to_numpy() != LEAD).astype(np.float64))
    last = int(np.searchsorted(np.cumsum(counts), size))
    keep = frame["person"].to_numpy() <= last
    renumbered = np.concatenate([np.cumsum(keep) - 1, [-1]])
    source = renumbered[frame["source"].to_numpy()]
    return frame.with_columns(pl.Series("source", source)).filter(pl.Series(keep))


def _with_conversions(frame: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """The lead that a contact once was; it stays in Salesforce, frozen. `source` is the contact."""
    rows = np.flatnonzero((frame["slot"].to_numpy() == CONTACT) & (frame["relation"].to_numpy() == ORIGINAL))
    rows = chance.of("who").some(rows, 0.13)
    added = frame[rows].with_columns(
        pl.lit(LEAD, dtype=pl.Int64).alias("slot"),
        pl.lit(CONVERTED, dtype=pl.Int64).alias("relation"),
        pl.Series("source", rows),
        pl.Series("age", frame["age"].to_numpy()[rows] + chance.of("age").below(60, len(rows)) + 1),
    )
    return pl.concat([frame, added])


def _with_tests(frame: pl.DataFrame, size: int, dirt: float, orgs: int, chance: Chance) -> pl.DataFrame:
    n = round(size * 0.0016 * dirt)
    slot = chance.of("slot").pick([30, 30, 40], n)
    org = np.where(slot == HUBSPOT, -1, chance.of("org").below(orgs, n))
    age = (chance.of("age").random(n) * 2000).astype(np.int64) + 9
    tests = pl.DataFrame(
        {
            "person": np.full(n, -1),
            "company": np.full(n, -1),
            "slot": slot,
            "org": org,
            "relation": np.full(n, TEST),
            "source": np.full(n, -1),
            "age": age,
        }
    )
    return pl.concat([frame, tests]).with_columns(
        # The first record of a person in one system and org, if another system had them first, is its counterpart.
        pl.when((pl.col("relation") == ORIGINAL) & _is_second())
        .then(COUNTERPART)
        .otherwise("relation")
        .alias("relation")
    )


def _is_second() -> pl.Expr:
    return (pl.col("person") >= 0) & (pl.col("person").cum_count().over("person", "relation") > 1)


def accounts(companies: pl.DataFrame, known: pl.DataFrame, dirt: float, chance: Chance) -> pl.DataFrame:
    """Account records: company, org (-1 in HubSpot), relation, age; originals before their duplicates."""
    n = len(companies)
    presence = known["presence"].to_numpy()
    age = (chance.of("age").random(n) ** 1.2 * 500).astype(np.int64) + 2720
    parts = []
    in_sf, in_hs = np.flatnonzero(presence % 2 == 1), np.flatnonzero(presence >= 2)
    for name, rows, org, relation in (
        ("sf", in_sf, known["org"].to_numpy()[in_sf], ORIGINAL),
        ("second", in_sf, known["second_org"].to_numpy()[in_sf], COUNTERPART),
        ("hs", in_hs, np.full(len(in_hs), -1), -1),
    ):
        kept = rows[org >= 0] if name == "second" else rows
        at = org[org >= 0] if name == "second" else org
        state = np.where(presence[kept] == 3, COUNTERPART, ORIGINAL) if name == "hs" else np.full(len(kept), relation)
        parts.append(pl.DataFrame({"company": kept, "org": at, "relation": state, "age": age[kept]}))
    first = pl.concat(parts)
    size = np.minimum(1 + np.log10(companies["employees"].to_numpy()[first["company"].to_numpy()] + 1) / 2, 3)
    copies = []
    for turn, share in (("first", 0.06), ("again", 0.008)):
        rows = np.flatnonzero(chance.of(turn).hits(np.minimum(share * dirt * size, 0.5), len(first)))
        later = (first["age"].to_numpy()[rows] * chance.of(f"{turn}age").random(len(rows))).astype(np.int64) + 15
        copies.append(
            first[rows].with_columns(pl.lit(DUPLICATE, dtype=pl.Int64).alias("relation"), pl.Series("age", later))
        )
    return pl.concat([first, *copies])


def account_links(records: pl.DataFrame, accounts_: pl.DataFrame, chance: Chance) -> Ints:
    """For each person record, the account record of its company in its own CRM and org; -1 where there is none."""
    shift = int(accounts_["org"].to_numpy().max(initial=0)) + 2
    account_key = accounts_["company"].to_numpy() * shift + accounts_["org"].to_numpy() + 1
    order = np.argsort(account_key, kind="stable")
    ordered = account_key[order]
    wanted = records["company"].to_numpy() * shift + records["org"].to_numpy() + 1
    first = np.searchsorted(ordered, wanted, side="left")
    count = np.searchsorted(ordered, wanted, side="right") - first
    # Most hang on the oldest of several account records, the rest on any.
    spread = np.where(chance.of("oldest").hits(0.6, len(records)), 0, chance.of("any").below(count, len(records)))
    found = order[np.minimum(first + spread, len(order) - 1)] if len(order) else np.zeros(len(records), dtype=np.int64)
    return np.where((count > 0) & (records["company"].to_numpy() >= 0), found, -1)


def links_forgotten(frame: pl.DataFrame, hands: pl.DataFrame, chance: Chance) -> Bools:
    """Which records were never put under their account: more in HubSpot, where nobody has to."""
    mess = hands["mess"].to_numpy()[frame["hand"].to_numpy()]
    share = np.where(frame["slot"].to_numpy() == HUBSPOT, 0.09, 0.035)
    return chance.hits(np.clip(share * mess, 0, 0.8), len(frame))


def hands_of(records: pl.DataFrame, hands: pl.DataFrame, chance: Chance) -> Ints:
    """The hand each record came in by; duplicates come from imports and forms more often, tests from reps."""
    n = len(records)
    usual = staff.dealt(hands, n, chance.of("usual"))
    copied = staff.dealt(hands, n, chance.of("copied"), kinds=(28, 50, 18, 4))
    return np.where(records["relation"].to_numpy() == DUPLICATE, copied, usual)
