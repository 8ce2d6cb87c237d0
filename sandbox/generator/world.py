"""The world and its records in one place, before they are rendered into CRMs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from sandbox.generator import companies, deals, dirt, ids, people, profiles, records, staff
from sandbox.generator.calendar import Calendar
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.text import put

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class World:
    """Everything that is so, and the skeleton and text of everything the CRMs hold about it.

    people and accounts: records (see `records`) with id, owner, created, modified, last_activity and account (row of
    `accounts` or -1). people_said, accounts_said: their text, row by row. soiled: the planted faults of `dirt`.
    hands: the ways in by which records came (see `staff`).
    """

    calendar: Calendar
    orgs: int
    chance: Chance
    companies: pl.DataFrame
    persons: pl.DataFrame
    users: pl.DataFrame
    known: pl.DataFrame
    people: pl.DataFrame
    people_said: pl.DataFrame
    accounts: pl.DataFrame
    accounts_said: pl.DataFrame
    deals: pl.DataFrame
    soiled: pl.DataFrame
    hands: pl.DataFrame


def build(size: int, seed: int, dirt_rate: float, as_of: date, orgs: int) -> World:
    """Make the world for about `size` contacts."""
    chance, calendar = Chance(seed, "trueline"), Calendar(as_of)
    n = int(size * records.PERSONS_PER_CONTACT) + 40
    firms = companies.found(max(24, size // 9), chance.of("companies"))
    persons = people.born(n, firms, chance.of("persons"))
    users = staff.hired(size, dirt_rate, chance.of("users"))
    hands = staff.hands(users, size, dirt_rate, chance.of("hands"))
    known = records.companies_known(firms, orgs, chance.of("known"))
    skeleton = records.people(persons, known, size, dirt_rate, chance.of("people"))
    accounts = records.accounts(firms, known, dirt_rate, chance.of("accounts"))
    skeleton = _stamped(skeleton, hands, users, calendar, chance.of("people"))
    accounts = _stamped(accounts, hands, users, calendar, chance.of("accounts"))
    link = records.account_links(skeleton, accounts, chance.of("links"))
    forgotten = records.links_forgotten(skeleton, hands, chance.of("forgotten"))
    skeleton = skeleton.with_columns(
        pl.Series("true_account", link),
        pl.Series("account", np.where(forgotten, -1, link)),
        _person_ids(skeleton, chance.of("ids")).alias("id"),
    )
    accounts = accounts.with_columns(_account_ids(accounts, chance.of("account ids")).alias("id"))
    said = profiles.of_people(skeleton, persons, firms, chance.of("said"), _gaps(skeleton, hands, dirt_rate))
    accounts_said = profiles.of_accounts(accounts, firms, chance.of("accounts said"), _gaps(accounts, hands, dirt_rate))
    soil = dirt.Soil(skeleton, accounts, persons, firms, hands, dirt_rate, chance.of("dirt"))
    said, accounts_said, soiled = dirt.spread(soil, said, accounts_said)
    skeleton = soil.people
    made = deals.made(firms, known, users, size, dirt_rate, calendar, chance.of("deals"))
    return World(
        calendar,
        orgs,
        chance.of("render"),
        firms,
        persons,
        users,
        known,
        skeleton,
        said,
        accounts,
        accounts_said,
        made,
        soiled,
        hands,
    )


def _gaps(frame: pl.DataFrame, hands: pl.DataFrame, dirt_rate: float) -> np.ndarray:
    """Factor on missing values; without dirt only half as many fields are blank as usual."""
    return np.asarray(hands["gaps"].to_numpy()[frame["hand"].to_numpy()] * min(0.4 + 0.6 * dirt_rate, 2.5))


def _stamped(
    frame: pl.DataFrame, hands: pl.DataFrame, users: pl.DataFrame, calendar: Calendar, chance: Chance
) -> pl.DataFrame:
    hand = records.hands_of(frame, hands, chance.of("hand"))
    created = calendar.moments(frame["age"].to_numpy(), chance.of("created"))
    left = np.maximum(calendar.today * _DAY_MS - created, 0)
    touched = chance.of("touched").hits(0.6, len(frame))
    modified = created + np.where(touched, (left * chance.of("modified").random(len(frame)) ** 0.6).astype(np.int64), 0)
    owner = staff.owners(hand, hands, users, chance.of("owner"))
    return frame.with_columns(
        pl.Series("hand", hand),
        pl.Series("owner", owner),
        pl.Series("created", created),
        pl.Series("modified", modified),
    )


def _person_ids(frame: pl.DataFrame, chance: Chance) -> pl.Series:
    slot, org, created = frame["slot"].to_numpy(), frame["org"].to_numpy(), frame["created"].to_numpy()
    out = pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    for code, sobject in ((records.CONTACT, "Contact"), (records.LEAD, "Lead")):
        for number in range(int(org.max()) + 1):
            rows = np.flatnonzero((slot == code) & (org == number))
            out = put(out, rows, ids.salesforce(sobject, len(rows), number, order=created[rows]))
    rows = np.flatnonzero(slot == records.HUBSPOT)
    return put(out, rows, ids.hubspot(len(rows), chance, order=created[rows]))


def _account_ids(frame: pl.DataFrame, chance: Chance) -> pl.Series:
    org, created = frame["org"].to_numpy(), frame["created"].to_numpy()
    out = pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    for number in range(int(org.max()) + 1):
        rows = np.flatnonzero(org == number)
        out = put(out, rows, ids.salesforce("Account", len(rows), number, order=created[rows]))
    rows = np.flatnonzero(org == -1)
    return put(out, rows, ids.hubspot(len(rows), chance, order=created[rows], start=90))


def last_days(rows: Ints, moment: Ints, n: int) -> pl.Series:
    """The day of the latest of the moments of each row; null where there is none."""
    latest = np.full(n, -1, dtype=np.int64)
    np.maximum.at(latest, rows, moment // _DAY_MS)
    return pl.Series("last_activity", latest).replace(-1, None)
