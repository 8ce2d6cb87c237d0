"""The settings of a project: what `trueline.toml` may say, checked once, with every default in one place.

Secrets are never values here, only where to find them: `env:NAME`, `keyring:NAME` or `file:PATH` (mode 0600).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from model.streams import STREAMS
from model.sync_settings import BY_SYSTEM, SyncSettings
from model.tables import Table

SecretRef = Annotated[str, Field(pattern=r"^(env|keyring|file):.+$")]


class StoreSettings(Table):
    """`url` is sqlite:///PATH (relative to the settings file) or postgresql://…"""

    url: str = "sqlite:///trueline.db"


class _Remote(Table):
    base_url: str | None = None  # only for a sandbox: plain http is accepted on loopback alone
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    daily_share: float = Field(default=0.25, gt=0, le=1)  # of the remote's daily API allowance, per run
    streams: tuple[str, ...] | None = None  # None: all it has
    fields: dict[str, dict[str, str]] = Field(default_factory=dict)  # stream -> canonical field -> remote field


class SalesforceConnection(_Remote):
    """`host` is the My Domain host, for instance acme.my.salesforce.com."""

    system: Literal["salesforce"]
    host: str
    auth: Literal["client-credentials", "jwt", "refresh-token"] = "client-credentials"
    client_id: str
    secret: SecretRef  # client secret, private key (jwt) or refresh token
    client_secret: SecretRef | None = None  # with auth = "refresh-token", where the app has one
    username: str | None = None  # jwt only
    api_version: str = Field(default="65.0", pattern=r"^\d{2}\.0$")
    currency: str | None = Field(
        default=None, pattern=r"^[A-Z]{3}$"
    )  # of a single-currency org, which does not tell it
    # A read of more rows than this is a Bulk API 2.0 job. By pages of 2,000 so many take ten calls; a job takes about
    # six: making it, three questions, a page of results and its removal.
    bulk_from: int = Field(default=20_000, ge=1)
    # The text field, an External ID with unique values, that records made by us carry; an administrator makes it.
    external_id: str = Field(default="Trueline_Id__c", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")


class HubspotConnection(_Remote):
    """`secret` holds a service key or private-app token."""

    system: Literal["hubspot"]
    secret: SecretRef
    tier: Literal["free", "professional", "enterprise"] = "professional"
    # The unique property that records made by us carry; made when it is first needed.
    external_id: str = Field(default="trueline_id", pattern=r"^[a-z][a-z0-9_]{0,79}$")


class FilesConnection(Table):
    """Exports of any CRM. `files` are paths or globs relative to the settings file; `mapping` says per stream which
    heading holds which field, where headings are not recognised by themselves."""

    system: Literal["files"]
    files: tuple[str, ...]
    mapping: dict[str, dict[str, str]] = Field(default_factory=dict)  # stream -> canonical field -> heading
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class GleifConnection(Table):
    """Keyless lookup of legal entities."""

    system: Literal["gleif"]
    base_url: str | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    calls_per_minute: int = Field(default=60, gt=0)
    max_lookups: int = Field(default=500, gt=0)


ConnectionSettings = Annotated[
    SalesforceConnection | HubspotConnection | FilesConnection | GleifConnection, Field(discriminator="system")
]

REQUIRED_FIELDS: dict[str, tuple[str, ...]] = {
    "accounts": ("name", "domain", "industry", "country", "phone", "owner_id"),
    "contacts": ("given_name", "family_name", "email", "phone", "title", "account_id", "owner_id"),
    "leads": ("family_name", "email", "company", "status", "lead_source", "owner_id"),
    "deals": ("name", "account_id", "stage", "amount", "close_on", "next_step", "owner_id"),
}


class CompletenessSettings(Table):
    """Which fields a record of each stream must have; a stream that is not named keeps its default."""

    required: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(REQUIRED_FIELDS))

    @field_validator("required")
    @classmethod
    def _names_are_known(cls, required: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for stream, fields in required.items():
            for field in fields:
                check_field(stream, field)
        return {**REQUIRED_FIELDS, **required}


def check_field(stream: str, field: str) -> None:
    """ValueError, in words, unless the canonical stream has that field."""
    if stream not in STREAMS:
        raise ValueError(f"there is no stream {stream!r}; streams are {', '.join(STREAMS)}")
    if field not in STREAMS[stream].field_names:
        raise ValueError(f"{stream} have no field {field!r}; fields are {', '.join(STREAMS[stream].field_names)}")


class StalenessSettings(Table):
    """Days after which an open deal is called stale in its stage, idle, or too often pushed."""

    stage_days: int = Field(default=30, gt=0)
    by_stage: dict[str, int] = Field(default_factory=dict)  # stage key or name -> days
    idle_days: int = Field(default=30, gt=0)
    max_pushes: int = Field(default=3, ge=0)


Rule = Literal[
    "email-form", "phone-e164", "name-case", "country-name", "domain-form", "link-account", "parent-account",
    "enrich-fill",
]  # fmt: skip
RULES: tuple[Rule, ...] = get_args(Rule)


# How one of several values of a field is chosen, and which of several records comes first.
FieldRule = Literal[
    "survivor", "most-recent", "most-complete", "most-frequent", "system-order", "longest", "opt-out", "furthest",
    "min", "max", "sum", "union",
]  # fmt: skip
RecordRule = Literal[
    "partner", "in-both", "most-related", "owner-active", "most-complete", "most-recently-active", "oldest"
]
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesacceptedlead", "salesqualifiedlead", "opportunity",
          "customer", "evangelist")  # fmt: skip


class SurviveSettings(Table):
    """Which record of one person or company comes first (`records`, a rule after the other), and which value of a
    field survives: `fields` gives per stream and field one rule or several, each deciding what those before left
    open. `connections` is the order of trust for `system-order`, by default that of the connections; `stages` that of
    `furthest`."""

    records: tuple[RecordRule, ...] = get_args(RecordRule)
    connections: tuple[str, ...] | None = None
    stages: tuple[str, ...] = STAGES
    fields: dict[str, dict[str, tuple[FieldRule, ...]]] = Field(default_factory=dict)

    @field_validator("fields", mode="before")
    @classmethod
    def _one_rule_is_a_chain(cls, fields: object) -> object:
        if not isinstance(fields, dict):
            return fields
        return {
            stream: {name: [rule] if isinstance(rule, str) else rule for name, rule in chosen.items()}
            if isinstance(chosen, dict)
            else chosen
            for stream, chosen in fields.items()
        }

    @field_validator("fields")
    @classmethod
    def _fields_are_known(
        cls, fields: dict[str, dict[str, tuple[FieldRule, ...]]]
    ) -> dict[str, dict[str, tuple[FieldRule, ...]]]:
        for stream, chosen in fields.items():
            for name, chain in chosen.items():
                check_field(stream, name)
                check_chain(stream, name, chain)
        return fields


def check_chain(stream: str, name: str, chain: Sequence[FieldRule]) -> None:
    """ValueError, in words, unless the rules can be applied to that field, one after the other."""
    field = STREAMS[stream].field(name)
    if not chain:
        raise ValueError(f"{stream}.{name} needs at least one rule")
    if field.kind == "consent" and chain[0] != "opt-out":
        raise ValueError(f"{stream}.{name} is a consent, and there an opt-out always wins")
    for rule, types in {"sum": ("int", "real"), "union": ("text",), "opt-out": ("bool",)}.items():
        if rule not in chain:
            continue
        if field.type not in types:
            raise ValueError(f"{stream}.{name} holds {field.type}, for which there is no rule {rule!r}")
        if rule != "opt-out" and len(chain) > 1:
            raise ValueError(f"{stream}.{name}: {rule!r} leaves nothing to decide and stands alone")


class PlanSettings(Table):
    """Which rules may propose changes, and for which connections. `never` lists stream.field that no rule may write.
    `merges` says whether merges of sure duplicates are proposed; `merge_from` is how sure (0 to 1) every pair must be;
    `merge_job_changes` says whether records of one person at two companies are merged too. A converted lead gets
    `convert_status`, the system's first converted one where none is named; with `convert_deal` a deal is made of it.
    """

    rules: tuple[Rule, ...] = RULES
    connections: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    default_country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")  # for phones of records without country
    merges: Literal["off", "propose"] = "propose"
    merge_from: float = Field(default=0.95, gt=0.5, le=1)
    merge_job_changes: bool = False
    convert_status: str | None = Field(default=None, min_length=1)
    convert_deal: bool = False

    @field_validator("never")
    @classmethod
    def _never_names_fields(cls, never: tuple[str, ...]) -> tuple[str, ...]:
        for name in never:
            stream, _, field = name.partition(".")
            check_field(stream, field)
        return never


class MatchSettings(Table):
    """What becomes of one person's records at two companies: linked and kept `apart`, or taken `together`."""

    job_changes: Literal["apart", "together"] = "apart"


TieBreakName = Literal["exact-name", "same-country", "parent", "child", "open-deals", "most-contacts", "oldest"]


class ResolveSettings(Table):
    """From which probability on a person is linked to an account, and which of a company's accounts is taken."""

    threshold: float = Field(default=0.9, ge=0.5, le=1)
    tie_breaks: tuple[TieBreakName, ...] = ("exact-name", "same-country", "open-deals", "most-contacts", "oldest")

    @field_validator("tie_breaks", mode="before")
    @classmethod
    def _tie_breaks_are_known(cls, names: object) -> object:
        known = get_args(TieBreakName)
        for name in names if isinstance(names, list | tuple) else ():
            if name not in known:
                raise ValueError(f"there is no tie-break {name!r}; tie-breaks are {', '.join(known)}")
        return names


class Caps(Table):
    """What one run may do at most; over a cap it stops before its first write."""

    max_changes: int = Field(default=10_000, ge=0)
    max_merges: int = Field(default=200, ge=0)
    max_creates: int = Field(default=1_000, ge=0)
    max_deletes: int = Field(default=100, ge=0)
    max_cluster: int = Field(default=20, ge=2)
    max_share: float = Field(default=0.5, gt=0, le=1)  # of a connection's records of one stream
    max_api_calls: int = Field(default=50_000, ge=1)
    max_vanished_share: float = Field(default=0.2, ge=0, le=1)  # of a stream that a full pull no longer shows


class ProjectSettings(Table):
    """A whole `trueline.toml`."""

    store: StoreSettings = StoreSettings()
    connections: dict[str, ConnectionSettings] = Field(default_factory=dict)
    completeness: CompletenessSettings = CompletenessSettings()
    staleness: StalenessSettings = StalenessSettings()
    survive: SurviveSettings = SurviveSettings()
    match: MatchSettings = MatchSettings()
    plan: PlanSettings = PlanSettings()
    resolve: ResolveSettings = ResolveSettings()
    sync: SyncSettings = SyncSettings()
    caps: Caps = Caps()

    @field_validator("connections")
    @classmethod
    def _names_are_plain(cls, connections: dict[str, ConnectionSettings]) -> dict[str, ConnectionSettings]:
        for name in connections:
            if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
                raise ValueError(f"connection name {name!r} may hold only letters, digits, '-' and '_'")
        return connections

    @model_validator(mode="after")
    def _sync_names_connections(self) -> ProjectSettings:
        sync = self.sync
        streams = {"accounts": sync.accounts, "contacts": sync.contacts}
        if sync.between is None:
            if any(stream.fields or stream.create for stream in streams.values()):
                raise ValueError('sync.between must name two connections, such as ["sf", "hs"]')
            return self
        for name in sync.between:
            if getattr(self.connections.get(name), "system", "") not in ("salesforce", "hubspot"):
                raise ValueError(f"sync.between names {name!r}, which is no Salesforce or HubSpot connection")
        if sync.between[0] == sync.between[1]:
            raise ValueError("sync.between names one connection twice")
        for stream, told in streams.items():
            for field, how in told.fields.items():
                self.leader(how.authority, f"sync.{stream}.fields.{field}")
            for name in told.create:
                if name not in sync.between:
                    raise ValueError(f"sync.{stream}.create names {name!r}, which is none of sync.between")
        return self

    def leader(self, authority: str, key: str = "authority") -> str | None:
        """The connection that an authority names, by itself or by its system; None where it names none. ValueError
        where that is not one of the two."""
        between: tuple[str, ...] = self.sync.between or ()
        if by_system := BY_SYSTEM.match(authority):
            names = [name for name in between if self.connections[name].system == by_system[2]]
            if len(names) != 1:
                raise ValueError(
                    f"{key}: {authority!r} fits {len(names)} connections of sync.between; name one, as in "
                    f'"{by_system[1]}:{between[0]}{by_system[3] or ""}"'
                )
            return names[0]
        if authority.startswith(("always:", "prefer:")):
            name = authority.partition(":")[2].removesuffix("-unless-blank")
            if name not in between:
                raise ValueError(f"{key} names {name!r}, which is none of sync.between")
            return name
        return None
