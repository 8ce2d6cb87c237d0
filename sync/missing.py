"""Missing records: which are to be made in the other CRM, in which order and how many at a time.

They are made in waves. Accounts go first; a Salesforce contact waits until its account is there, and a HubSpot contact
is linked to its account by the plan after the one that makes it. So a change never names a record that is not there
yet, and a wave that was cut short is simply planned again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from hygiene.known import Readable
from hygiene.missing import HELD, Standing, homes, missing, partner_of
from hygiene.owners import same_owners
from model.changes import Change, Create
from model.errors import ConfigError, NotPermitted
from model.evidence import RecordKey
from model.streams import STREAMS, Value
from store import Recorded, Store
from sync.figures import OF_KIND
from sync.held import Held
from sync.joins import Corrected
from sync.made import made_before, refused_creates, unlinked
from sync.making import Drawn, Row, Target, external_id, settable
from sync.standing import standing_of
from sync.workspace import Workspace

# Records are looked at so many at a time, until there are enough.
_AT_ONCE = 500
_PEOPLE, _COMPANIES = OF_KIND["person"], OF_KIND["company"]
_KEY = ["connection", "stream", "id"]
_STREAMS = {"accounts": _COMPANIES, "contacts": _PEOPLE}
# Why nothing was made, where that is no news to people.
_QUIET = {"test": "test records", "gone": "once were there", "matches": "match once corrected", "unsure": "unsure",
          "moved": "there in another job", "made": "made before", "account": "wait for their account",
          "where": "not chosen by where", "native": "left to the native integration",
          "lacking": "cannot be made"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """How far accounts, or people, are alike: `linked` entities have a record in both connections, None where not all
    were looked at; `create` are made in `to` by this plan, `waiting` by a later one, `held` are not, by reason."""

    stream: str
    source: str
    to: str
    linked: int | None
    create: int = 0
    waiting: int = 0
    held: Mapping[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        told = [] if self.linked is None else [f"{self.linked:,} linked"]
        told += [f"{self.create:,} to be made"]
        told += [f"{self.waiting:,} more wait"] if self.waiting else []
        told += [f"{number:,} {_QUIET[why]}" for why, number in self.held.items()]
        return f"{self.stream} of {self.source} in {self.to}: {', '.join(told)}."


@dataclass(frozen=True, slots=True)
class Missing:
    """What is to be made and linked, how far the first sync is, and what stands in the way; `again` are records that
    the next plan is to look at: what they wait for need not be a change of theirs."""

    changes: tuple[Change, ...] = ()
    stages: tuple[Stage, ...] = ()
    findings: tuple[Held, ...] = ()
    again: frozenset[RecordKey] = frozenset()


def planned_creates(
    workspace: Workspace,
    corrected: Corrected,
    recorded: Sequence[Recorded],
    limit: int | None = None,
    part: pl.DataFrame | None = None,
) -> Missing:
    """The records to be made, at most `limit` and `caps.max_creates`, and the links of those made before; of a `part`
    of the records (connection, stream, id) where the workspace shows no others."""
    between = workspace.settings.sync.between
    if between is None:
        return Missing()
    if not any(workspace.settings.sync.stream(stream).create for stream in _STREAMS):
        memberships = workspace.store.memberships()
        linked = () if part is not None else tuple(_linked(memberships, stream, *between) for stream in _STREAMS)
        return Missing(stages=linked)
    most = workspace.settings.caps.max_creates
    standing = standing_of(workspace, corrected, part)
    if part is not None:
        recorded = [*recorded, *_creates_of(workspace, standing, between)]
    work = _Work(workspace, corrected, recorded, most if limit is None else min(limit, most), standing, part)
    stages = [work.stage(stream, source, to) for stream in _STREAMS for source, to in (between, between[::-1])]
    links = unlinked(corrected.stored, work.standing, recorded, Readable(workspace.store.readable()))
    return Missing((*work.changes, *links), tuple(stages), tuple(work.findings), frozenset(work.again))


def _creates_of(workspace: Workspace, standing: Standing, between: tuple[str, str]) -> list[Recorded]:
    """What came of making records of these entities."""
    ids = [(to, external_id(entity, to)) for entity in standing.memberships["entity"].unique() for to in between]
    keys = {RecordKey(to, stream, made) for to, made in ids for stream in (*_COMPANIES, *_PEOPLE)}
    return workspace.everything.outcomes_of(keys)


def _linked(memberships: pl.DataFrame, stream: str, source: str, to: str) -> Stage:
    """How many are in both connections, where nothing is made in either."""
    own = memberships.filter(pl.col("stream").is_in(list(_STREAMS[stream])))
    here, there = (own.filter(pl.col("connection") == name).select("entity").unique() for name in (source, to))
    return Stage(stream, source, to, here.join(there, on="entity", how="semi").height)


class _Work:
    """One plan's creates, as far as they are worked out."""

    def __init__(
        self,
        workspace: Workspace,
        corrected: Corrected,
        recorded: Sequence[Recorded],
        most: int,
        standing: Standing,
        part: pl.DataFrame | None,
    ) -> None:
        self.changes: list[Create] = []
        self.findings: list[Held] = []
        self.again: set[RecordKey] = set()
        self.standing, self._part = standing, part
        self._workspace, self._corrected, self._most = workspace, corrected, most
        self._made = made_before(workspace.store, recorded)
        self._settings = workspace.settings.sync
        self._addresses: dict[str, set[str]] = {}
        self._refusals = refused_creates(recorded)
        # By connection the companies that get an account there, or may have one.
        self._coming: dict[str, set[str]] = {}
        self._writable = workspace.settings.plan.connections or tuple(workspace.sinks())
        self._native = set(corrected.kept.records["stream"].unique())

    def stage(self, stream: str, source: str, to: str) -> Stage:
        told = self._settings.stream(stream)
        makes = to in told.create and to in self._writable
        people = self._settings.contacts.create
        if not makes and (stream != "accounts" or to not in people):
            return _linked(self.standing.memberships, stream, source, to)
        every = missing(self.standing, source, to, _STREAMS[stream])
        lacking = every if self._part is None else every.join(self._part, on=_KEY, how="semi", maintain_order="left")
        linked = None if self._part is not None else self._present(source, stream) - lacking.height
        if stream == "accounts":
            doubted = lacking.filter(pl.col("held").is_in(["unsure", "matches"]))
            self._coming[to] = set(doubted["entity"])
        if not makes:
            return Stage(stream, source, to, linked)
        if stream in self._native:
            return Stage(stream, source, to, linked, held={"native": lacking.height} if lacking.height else {})
        return self._made_stage(stream, to, lacking, Stage(stream, source, to, linked))

    def _present(self, source: str, stream: str) -> int:
        return partner_of(self.standing, source, _STREAMS[stream]).height

    def _made_stage(self, stream: str, to: str, lacking: pl.DataFrame, stage: Stage) -> Stage:
        chosen = self._chosen(lacking, self._settings.stream(stream).where)
        held = Counter(lacking.filter(pl.col("held").is_not_null())["held"].to_list())
        held["where"] = lacking.filter(pl.col("held").is_null()).height - chosen.height
        made = pl.Series([external_id(entity, to) in self._made for entity in chosen["entity"]], dtype=pl.Boolean)
        held["made"] = int(made.sum())
        self.again |= {RecordKey(*row) for row in lacking.filter(pl.col("held") == "matches").select(_KEY).rows()}
        self._tell(lacking.filter(pl.col("held").is_in(["unsure", "moved"])), to)
        self._tell_apart(chosen.filter(made), to)
        open_ones = chosen.filter(~made)
        if stream == "accounts":
            self._coming[to] |= set(open_ones["entity"])
        before = len(self.changes)
        try:
            waiting = self._draw(open_ones, stream, to, held)
        except NotPermitted as error:
            raise ConfigError(f"{error} [sync.{stream}] create names {to}, where nothing can be made so.") from error
        counted = {why: held[why] for why in _QUIET if held[why]}
        return replace(stage, create=len(self.changes) - before, waiting=waiting, held=counted)

    def _chosen(self, lacking: pl.DataFrame, where: Mapping[str, Sequence[str]]) -> pl.DataFrame:
        """Those against which nothing stands, of which the settings want a record."""
        ready = lacking.filter(pl.col("held").is_null())
        if not where:
            return ready
        kept = []
        for (stream,), part in ready.partition_by("stream", as_dict=True).items():
            records = self._corrected.stored[str(stream)]
            wanted = [
                pl.col(name).is_in(list(values)) if name in records.columns else pl.lit(value=False)
                for name, values in where.items()
            ]
            kept.append(part.join(records.filter(*wanted), on=["connection", "id"], how="semi"))
        return pl.concat([ready.clear(), *kept]).sort("connection", "stream", "id")

    def _draw(self, lacking: pl.DataFrame, stream: str, to: str, held: Counter[str]) -> int:
        """Draw up records until there are enough; how many more there would be."""
        if lacking.is_empty():
            return 0
        makers = self._makers(stream, str(lacking["connection"][0]), to)
        seen = 0
        for part in lacking.iter_slices(_AT_ONCE):
            for entity, key, now, later in self._rows(part):
                if len(self.changes) >= self._most:
                    return lacking.height - seen
                seen += 1
                self._draw_one(makers, entity, key, now, later, held)
        return 0

    def _draw_one(self, makers: _Makers, entity: str, key: RecordKey, now: Row, later: Row, held: Counter[str]) -> None:
        target, later = makers.target(later)
        if target is None:
            held["account"] += 1
            self.again.add(key)
            return
        drawn = target.drawn(key, external_id(entity, target.sink.name), now, later)
        if drawn.change is not None and (why := self._refused(drawn.change) or self._taken(target, drawn.change)):
            drawn = Drawn(None, why)
        self.findings += [Held(key, name, f"not in the record made in {target.sink.name}: {why}")
                          for name, why in drawn.left_out]  # fmt: skip
        if drawn.change is None:
            held["lacking"] += 1
            self.again |= set() if drawn.by_itself else {key}
            self._coming.get(target.sink.name, set()).discard(entity)
            self.findings.append(Held(key, None, f"not made in {target.sink.name}: {drawn.why_not}"))
            return
        self.changes.append(drawn.change)

    def _refused(self, change: Create) -> str:
        """What the remote said when it refused just these values before; blank where it did not."""
        values, message = self._refusals.get(change.key, ((), ""))
        return f"{change.key.connection} refused it: {message}" if values == change.values else ""

    def _taken(self, target: Target, change: Create) -> str:
        """Why nobody else may have this address there: HubSpot refuses it, in Salesforce it would be a duplicate."""
        to, address = target.sink.name, str(dict(change.values).get("email") or "").casefold()
        if not address:
            return ""
        if to not in self._addresses:
            self._addresses[to] = _addresses_in(self._workspace.everything, to)
        if address in self._addresses[to]:
            return "somebody else there has its e-mail address; review whether they are the same"
        self._addresses[to].add(address)
        return ""

    def _rows(self, part: pl.DataFrame) -> Iterable[tuple[str, RecordKey, Row, Row]]:
        """Entity, record, and what it holds now and once corrected, in order."""
        found: dict[tuple[str, str, str], list[Row]] = {}
        for frames in (self._corrected.stored, self._corrected.frames):
            for stream in part["stream"].unique():
                names = [*STREAMS[stream].field_names]
                records = frames[stream].select("connection", "id", *names).with_columns(
                    pl.selectors.temporal().to_physical()
                )  # fmt: skip
                own = records.join(part.filter(pl.col("stream") == stream), on=["connection", "id"], how="semi")
                for row in own.iter_rows(named=True):
                    found.setdefault((row["connection"], stream, row["id"]), []).append(row)
        for entity, connection, stream, record in part.select("entity", "connection", "stream", "id").iter_rows():
            now, later = found[connection, stream, record]
            yield entity, RecordKey(connection, stream, record), now, later

    def _tell(self, lacking: pl.DataFrame, to: str) -> None:
        for connection, stream, record, why, other in lacking.select(
            "connection", "stream", "id", "held", "other"
        ).iter_rows():
            key = RecordKey(connection, stream, record)
            self.findings.append(Held(key, None, f"not made in {to}: {HELD[why].format(other)}"))

    def _tell_apart(self, made: pl.DataFrame, to: str) -> None:
        """Of records that were made, and are there, but count as somebody else."""
        there = set(self.standing.memberships.filter(pl.col("connection") == to).select("stream", "id").iter_rows())
        for entity, connection, stream, record in made.select("entity", "connection", "stream", "id").iter_rows():
            twin = self._made[external_id(entity, to)]
            if twin is not None and (twin.stream, twin.id) in there:
                message = f"it was made in {to} as {twin}, and the two are held to be different"
                self.findings.append(Held(RecordKey(connection, stream, record), None, message))

    def _makers(self, stream: str, source: str, to: str) -> _Makers:
        sink, between = self._workspace.sinks()[to], self._settings.between or ("", "")
        fields = self._settings.stream(stream).fields
        owners = {}
        if "owner_id" in fields and fields["owner_id"].authority != "dont-sync":
            users = self._workspace.store.frame("users", columns=["email", "is_active"])
            owners["owner_id"] = dict(same_owners(users, (source, to)).select("left", "right").iter_rows())
        never = self._workspace.settings.plan.never

        def target(at: str, references: Mapping[str, Mapping[str, str]]) -> Target:
            return Target(sink, at, fields, to == between[1], settable(sink, at, never), {**owners, **references})

        if stream == "accounts" or sink.system != "salesforce":
            return _Makers(target(stream, {}), None, {}, {}, frozenset())
        there = homes(self.standing, source, to)
        names = dict(
            self._corrected.frames["accounts"].filter(pl.col("connection") == source).select("id", "name").rows()
        )
        companies = self._companies(source)
        coming = frozenset(one for one, entity in companies.items() if entity in self._coming.get(to, set()))
        return _Makers(target("contacts", {"account_id": there}), target("leads", {}), there, names, coming)

    def _companies(self, source: str) -> dict[str, str]:
        own = self.standing.memberships.filter((pl.col("connection") == source) & (pl.col("stream") == "accounts"))
        return dict(own.select("id", "entity").rows())


@dataclass(frozen=True, slots=True)
class _Makers:
    """How records of one stream are made. Where `lead` is given, a person becomes a contact of the account that stands
    for theirs (`homes`), waits while that one is `coming`, and is a lead of the company's name otherwise."""

    plain: Target
    lead: Target | None
    homes: Mapping[str, str]
    names: Mapping[str, str | None]
    coming: frozenset[str]

    def target(self, row: Row) -> tuple[Target | None, Row]:
        """How this record is made, or None while its account is to be made first; and the record."""
        account: Value = row.get("account_id")
        if self.lead is None or (isinstance(account, str) and account in self.homes):
            return self.plain, row
        if account in self.coming:
            return None, row
        return self.lead, {**row, "company": row.get("company") or self.names.get(str(account))}


def _addresses_in(store: Store, connection: str) -> set[str]:
    """The e-mail addresses, in small letters, of the people in a connection."""
    found: set[str] = set()
    for stream in _PEOPLE:
        names = [name for name in ("email", "extra_emails") if name in STREAMS[stream].field_names]
        records = store.frame(stream, columns=names, connections=[connection])
        for name in names:
            texts = records[name].drop_nulls().str.to_lowercase().str.split(";").explode()
            found |= {text.strip() for text in texts if text and text.strip()}
    return found
