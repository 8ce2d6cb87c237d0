"""Who may do what in an org and what that costs: roles, profiles, licences, and seats in installed packages."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import ids
from sandbox.generator.calendar import times
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.dataset import Frames
from sandbox.generator.salesforce import stamps

_DAY_MS = 86_400_000
# Name and the row of the role above.
_ROLES = (
    ("CEO", -1), ("VP Sales", 0), ("Sales Rep", 1), ("VP Customer Success", 0), ("Customer Success", 3),
    ("Marketing Team", 0), ("Operations", 0),
)  # fmt: skip
_ROLE_OF = {"Sales": 2, "Customer Success": 4, "Marketing": 5, "Operations": 6}
# Name, licence (row), administrator.
_PROFILES = (
    ("System Administrator", 0, True), ("Sales User", 0, False), ("Marketing User", 0, False),
    ("Service User", 1, False),
)  # fmt: skip
_PROFILE_OF = {"Sales": 1, "Customer Success": 3, "Marketing": 2, "Operations": 0}
# Label, definition key, seats bought beyond those used, as a share.
_LICENCES = (("Salesforce", "SFDC", 0.12), ("Salesforce Platform", "AUL", 0.5), ("Chatter Free", "CHATTER", 0.0))
# Namespace, seats for (share of active users; 0: a site licence without seats), share of seats held by leavers,
# status. Two dial, two enrich: the stack overlaps.
_PACKAGES = (
    ("dialcraft", 0.55, 0.1, "Active"),
    ("callsight", 0.3, 0.25, "Active"),
    ("enrichly", 0.0, 0.0, "Active"),
    ("leadlens", 0.2, 0.0, "Trial"),
    ("quotepilot", 0.4, 0.05, "Active"),
    ("maildrip", 0.15, 0.3, "Expired"),
)


def frames(staff: pl.DataFrame, users: pl.DataFrame, org: int, today: int, chance: Chance) -> Frames:
    """UserRole, Profile, UserLicense, PackageLicense, UserPackageLicense, and User with its role and profile."""
    admin = str(users["Id"][0])
    begun = np.full(1, (today - 2850) * _DAY_MS + 40_000_000)
    made: Frames = {"UserRole": _roles(org, begun, admin)}
    made["UserLicense"] = _licences(staff, org, today, begun)
    made["Profile"] = _profiles(made["UserLicense"]["Id"], org, begun, admin)
    department = staff["department"].to_list()
    profile = [0 if row == 0 else _PROFILE_OF[name] for row, name in enumerate(department)]
    role = [0 if row == 0 else _ROLE_OF[name] for row, name in enumerate(department)]
    made["User"] = users.with_columns(
        made["Profile"]["Id"].gather(profile).alias("ProfileId"),
        made["UserRole"]["Id"].gather(role).alias("UserRoleId"),
    )
    made["PackageLicense"], made["UserPackageLicense"] = _packages(staff, users, org, today, chance)
    return made


def _roles(org: int, begun: Ints, admin: str) -> pl.DataFrame:
    n = len(_ROLES)
    own = ids.salesforce("UserRole", n, org)
    above = [row for _, row in _ROLES]
    names = [name for name, _ in _ROLES]
    moment = times(np.repeat(begun, n))
    return pl.DataFrame(
        [
            own,
            pl.Series("Name", names),
            pl.Series("DeveloperName", [name.replace(" ", "_") for name in names]),
            pl.Series("ParentRoleId", [None if row < 0 else own[row] for row in above], dtype=pl.String),
            moment.alias("LastModifiedDate"),
            moment.alias("SystemModstamp"),
            pl.repeat(admin, n, eager=True).alias("LastModifiedById"),
        ]
    )


def _licences(staff: pl.DataFrame, org: int, today: int, begun: Ints) -> pl.DataFrame:
    """Every active user takes a seat of the licence that goes with the profile."""
    n = len(_LICENCES)
    active = staff.filter("is_active")["department"].to_list()
    used = [sum(_PROFILES[_PROFILE_OF[name]][1] == row for name in active) for row in range(n)]
    total = [count + int(count * spare) + 1 for count, (_, _, spare) in zip(used, _LICENCES, strict=True)]
    moment = times(np.repeat(begun, n))
    return pl.DataFrame(
        [
            ids.salesforce("UserLicense", n, org),
            pl.Series("Name", [name for name, _, _ in _LICENCES]),
            pl.Series("MasterLabel", [name for name, _, _ in _LICENCES]),
            pl.Series("LicenseDefinitionKey", [key for _, key, _ in _LICENCES]),
            pl.Series("Status", ["Active"] * n),
            pl.Series("TotalLicenses", total),
            pl.Series("UsedLicenses", used),
            times(np.full(n, today * _DAY_MS - 7_200_000)).alias("UsedLicensesLastUpdated"),
            moment.alias("CreatedDate"),
            moment.alias("LastModifiedDate"),
            moment.alias("SystemModstamp"),
        ]
    )


def _profiles(licence_ids: pl.Series, org: int, begun: Ints, admin: str) -> pl.DataFrame:
    n = len(_PROFILES)
    rights = ("ManageUsers", "ModifyAllData", "ViewAllData", "ViewSetup", "ConvertLeads")
    moment = np.repeat(begun, n)
    return pl.DataFrame(
        [
            ids.salesforce("Profile", n, org),
            pl.Series("Name", [name for name, _, _ in _PROFILES]),
            licence_ids.gather([licence for _, licence, _ in _PROFILES]).alias("UserLicenseId"),
            pl.Series("UserType", ["Standard"] * n),
            pl.Series("PermissionsApiEnabled", [True] * n),
            *(pl.Series(f"Permissions{right}", [admin_ for _, _, admin_ in _PROFILES]) for right in rights),
            *stamps(moment, moment, pl.repeat(admin, n, eager=True)),
        ]
    )


def _packages(
    staff: pl.DataFrame, users: pl.DataFrame, org: int, today: int, chance: Chance
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each package with its seats; some seats are held by people who have left, some are free."""
    active = staff["is_active"].to_numpy()
    here, gone = np.flatnonzero(active), np.flatnonzero(~active)
    holder, package = [], []
    for row, (name, share, left, _) in enumerate(_PACKAGES):
        if share:
            some = chance.of(name).some(here, share)
            leavers = chance.of(f"{name} left").some(gone, left)
            seats = np.concatenate([some if len(some) else here[:1], leavers])
            holder.append(seats)
            package.append(np.full(len(seats), row))
    user, of = np.concatenate(holder), np.concatenate(package)
    n, taken = len(_PACKAGES), np.bincount(of, minlength=len(_PACKAGES))
    own = ids.salesforce("PackageLicense", n, org)
    bought = [int(used * 1.2) + 1 if share else -1 for used, (_, share, _, _) in zip(taken, _PACKAGES, strict=True)]
    age = np.arange(n) * 137 + 200
    moment = times((today - age) * _DAY_MS)
    ends = [{"Active": None, "Trial": today + 20, "Expired": today - 35}[status] for *_, status in _PACKAGES]
    packages = pl.DataFrame(
        [
            own,
            pl.Series("NamespacePrefix", [name for name, *_ in _PACKAGES]),
            pl.Series("Status", [status for *_, status in _PACKAGES]),
            pl.Series("IsProvisioned", [True] * n),
            pl.Series("AllowedLicenses", bought),
            pl.Series("UsedLicenses", taken),
            times(pl.Series([None if day is None else day * _DAY_MS for day in ends])).alias("ExpirationDate"),
            moment.alias("CreatedDate"),
            moment.alias("LastModifiedDate"),
            moment.alias("SystemModstamp"),
        ]
    )
    since = np.minimum(age[of], staff["age"].to_numpy()[user])
    given = (today - since) * _DAY_MS + 36_000_000
    seats_frame = pl.DataFrame(
        [
            ids.salesforce("UserPackageLicense", len(of), org),
            own.gather(of).alias("PackageLicenseId"),
            users["Id"].gather(user).alias("UserId"),
            *stamps(given, given, pl.repeat(str(users["Id"][0]), len(of), eager=True)),
        ]
    )
    return packages, seats_frame
