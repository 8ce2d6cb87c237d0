"""Associations: each is two directed rows that carry the same types, one id per direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_types import COUNTED, PRIMARY, SHOWN, LinkType, LinkTypes
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rollups import ROLLED, rollup
from sandbox.hubspot.values import ms_of, stamp

Linked = tuple[int, list[int]]  # the other record's id, the type ids
_CHUNK = 500


class Links:
    """Reads and writes associations. Writing them moves no modified date, but that of records which roll up what
    engagements they have."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._db = portal.store.db
        self.reread()

    def reread(self) -> None:
        stored = self._portal.documents.list("labels").values()
        self.types = LinkTypes([LinkType(**body) for body in stored])
        # By source, target and type id, how many a record may have.
        self._maxima: dict[tuple[str, str, int], int] = {
            (body["source"], body["target"], body["type"]): body["most"]
            for body in self._portal.documents.list("link-maxima").values()
        }

    def define(self, *link_types: LinkType) -> None:
        self._portal.is_redefined = True
        for link_type in link_types:
            self._portal.documents.put("labels", _key(link_type), asdict(link_type))
        self.reread()

    def relabel(self, link_type: LinkType, label: str, inverse: str | None) -> None:
        """New words for a label, and for the other direction where `inverse` is given."""
        back = self.types.inverse_of(link_type)
        self.define(
            replace(link_type, label=label), *([replace(back, label=inverse or back.label)] * (back != link_type))
        )

    def undefine(self, link_type: LinkType) -> None:
        """Forget a label; the associations that carry it stay without it."""
        for one in (link_type, self.types.inverse_of(link_type)):
            self._portal.documents.drop("labels", _key(one))
            self.limit(one, None)
            for key, types in self._carrying(one):
                left = ",".join(t for t in types.split(",") if t != str(one.id))
                self._db.execute("INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?, ?)", (*key, left))
        self._portal.writes += 1
        self.reread()

    def _carrying(self, link_type: LinkType) -> list[tuple[tuple[int, int, int, int], str]]:
        numbers = [self._portal.kind(name).number for name in (link_type.source, link_type.target)]
        sql = "SELECT * FROM links WHERE source = ? AND target = ? AND instr(',' || types || ',', ?)"
        return [(row[:4], row[4]) for row in self._db.execute(sql, (*numbers, f",{link_type.id},")).fetchall()]

    def limit(self, link_type: LinkType, most: int | None) -> None:
        """Let a record have at most so many associations of the type; None: as many as there may be."""
        self._portal.is_redefined = True
        place = (link_type.source, link_type.target, link_type.id)
        if most is None:
            self._maxima.pop(place, None)
            self._portal.documents.drop("link-maxima", _key(link_type))
            return
        self._maxima[place] = most
        body = {"source": link_type.source, "target": link_type.target, "type": link_type.id, "most": most}
        self._portal.documents.put("link-maxima", _key(link_type), body)

    def maxima(self) -> list[tuple[LinkType, int]]:
        """The types that have a maximum, with it."""
        found = []
        for (source, target, type_id), most in sorted(self._maxima.items()):
            types = self.types.between(self._portal.kind(source), self._portal.kind(target))
            found.append((types[type_id], most))
        return found

    def of(self, source: Kind, ids: Iterable[int], target: Kind) -> dict[int, list[Linked]]:
        """By source id, the live records it is linked to, by their ids. Ids without links are left out."""
        found: dict[int, list[Linked]] = {}
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            sql = (
                f"SELECT source_id, target_id, types FROM links WHERE source = ? AND source_id IN ({marks})"
                f" AND target = ? AND EXISTS (SELECT 1 FROM {target.plural} WHERE _id = target_id AND +_archived = 0)"
            )
            for source_id, target_id, types in self._db.execute(sql, [source.number, *part, target.number]):
                found.setdefault(source_id, []).append((target_id, [int(t) for t in types.split(",")]))
        return found

    def page(self, source: Kind, source_id: int, target: Kind, start: int, size: int) -> list[Linked]:
        """Up to `size` live records one record is linked to, by id from `start` on."""
        sql = (
            "SELECT target_id, types FROM links WHERE source = ? AND source_id = ? AND target = ? AND target_id >= ?"
            f" AND EXISTS (SELECT 1 FROM {target.plural} WHERE _id = target_id AND +_archived = 0)"
            " ORDER BY target_id LIMIT ?"
        )
        found = self._db.execute(sql, (source.number, source_id, target.number, start, size))
        return [(target_id, [int(t) for t in types.split(",")]) for target_id, types in found]

    def types_of(self, source: Kind, source_id: int, target: Kind, target_id: int) -> list[int]:
        sql = "SELECT types FROM links WHERE source = ? AND source_id = ? AND target = ? AND target_id = ?"
        row = self._db.execute(sql, (source.number, source_id, target.number, target_id)).fetchone()
        return [int(t) for t in row[0].split(",")] if row else []

    def default(self, source: Kind, source_id: int, target: Kind, target_id: int) -> tuple[int, int]:
        """Link the two without a label; the type ids there and back. The first company becomes primary."""
        unlabelled = self._unlabelled(source, target)
        now = set(self.types_of(source, source_id, target, target_id))
        primary = self._primary_pair(source, target)
        if primary and not now and not self._has_primary(source, source_id, target, target_id):
            now.add(primary[0])
        self._write(source, source_id, target, target_id, {*now, unlabelled.id})
        return unlabelled.id, unlabelled.inverse

    def label(self, source: Kind, source_id: int, target: Kind, target_id: int, types: Iterable[int]) -> list[int]:
        """Link the two with exactly these types besides the unlabelled one; the types they now have. The primary flag
        goes with the labels that are not named; the first company gets it unnamed."""
        wanted = set(types)
        known = self.types.between(source, target)
        if unknown := sorted(wanted - known.keys()):
            raise bad_request(
                f"One or more association types are not valid for {source.type_id} to {target.type_id}: {unknown}"
            )
        primary = self._primary_pair(source, target)
        if primary and primary[0] not in wanted:
            is_new = not self.types_of(source, source_id, target, target_id)
            if is_new and not self._has_primary(source, source_id, target, target_id):
                wanted.add(primary[0])
        elif primary:
            self._yield_primary(source, source_id, target, target_id, primary[0])
        wanted.add(self._unlabelled(source, target).id)
        self._write(source, source_id, target, target_id, wanted)
        return sorted(wanted)

    def add_labels(self, source: Kind, source_id: int, target: Kind, target_id: int, types: Iterable[int]) -> list[int]:
        """Link the two with these types beside those they have; the types they now have."""
        return self.label(
            source, source_id, target, target_id, {*self.types_of(source, source_id, target, target_id), *types}
        )

    def unlink(self, source: Kind, source_id: int, target: Kind, target_id: int) -> bool:
        """Remove the association with all its types; whether there was one."""
        had = bool(self.types_of(source, source_id, target, target_id))
        self._write(source, source_id, target, target_id, set())
        return had

    def unlabel(self, source: Kind, source_id: int, target: Kind, target_id: int, types: Iterable[int]) -> None:
        """Take these types away; taking the unlabelled one removes the association."""
        gone = set(types)
        left = set(self.types_of(source, source_id, target, target_id)) - gone
        if self._unlabelled(source, target).id in gone:
            left = set()
        self._write(source, source_id, target, target_id, left)

    def unite(self, kind: Kind, survivor: int, others: Sequence[int]) -> None:
        """Give the survivor of a merge the associations of the others, the first one's primary flag going first."""
        for other in others:
            rows = self._db.execute(
                "SELECT target, target_id, types FROM links WHERE source = ? AND source_id = ?", (kind.number, other)
            ).fetchall()
            for number, target_id, types in rows:
                target = self._portal.kind_numbered(number)
                self._write(kind, other, target, target_id, set())
                if target_id != survivor or target != kind:
                    self._adopt(kind, survivor, target, target_id, {int(t) for t in types.split(",")})

    def forget(self, kind: Kind, record_id: int) -> None:
        """Remove every association of a record that is erased."""
        rows = self._db.execute(
            "SELECT target, target_id FROM links WHERE source = ? AND source_id = ?", (kind.number, record_id)
        ).fetchall()
        for number, target_id in rows:
            self._write(kind, record_id, self._portal.kind_numbered(number), target_id, set())

    def refresh(self, kind: Kind, record_id: int) -> None:
        """Let the records linked to one that was deleted or restored show their associations anew."""
        rows = self._db.execute(
            "SELECT target, target_id FROM links WHERE source = ? AND source_id = ?", (kind.number, record_id)
        ).fetchall()
        for number, target_id in rows:
            self._show(self._portal.kind_numbered(number), target_id, kind)

    def _adopt(self, kind: Kind, survivor: int, target: Kind, target_id: int, types: set[int]) -> None:
        for one, one_id, other, other_id in (
            (kind, survivor, target, target_id),
            (target, target_id, kind, survivor),
        ):
            primary = PRIMARY.get((one.plural, other.plural))
            if primary and self._has_primary(one, one_id, other, other_id):
                flag = primary[0] if one is kind else self.types.between(one, other)[primary[0]].inverse
                types.discard(flag)
        self._write(kind, survivor, target, target_id, types | set(self.types_of(kind, survivor, target, target_id)))

    def _unlabelled(self, source: Kind, target: Kind) -> LinkType:
        found = self.types.unlabelled(source, target)
        if found is None:
            raise bad_request(f"No association type between {source.type_id} and {target.type_id} was found")
        return found

    def _primary_pair(self, source: Kind, target: Kind) -> tuple[int, int] | None:
        """(type there, type back) of the primary flag between the two, whichever of them has it."""
        if found := PRIMARY.get((source.plural, target.plural)):
            return found[0], self.types.between(source, target)[found[0]].inverse
        if found := PRIMARY.get((target.plural, source.plural)):
            return self.types.between(target, source)[found[0]].inverse, found[0]
        return None

    def _has_primary(self, source: Kind, source_id: int, target: Kind, target_id: int) -> bool:
        """Whether the side that has a primary already has one."""
        return self._primary_of(source, source_id, target, target_id) is not None

    def _primary_of(self, source: Kind, source_id: int, target: Kind, target_id: int) -> int | None:
        if (source.plural, target.plural) not in PRIMARY:
            source, source_id, target = target, target_id, source
        flag = PRIMARY[source.plural, target.plural][0]
        linked = self.of(source, [source_id], target).get(source_id, [])
        return next((other for other, types in linked if flag in types), None)

    def _yield_primary(self, source: Kind, source_id: int, target: Kind, target_id: int, flag: int) -> None:
        """The company that was primary until now keeps its association without the flag."""
        if (source.plural, target.plural) not in PRIMARY:
            flag = self.types.between(source, target)[flag].inverse
            source, source_id, target, target_id = target, target_id, source, source_id
        old = self._primary_of(source, source_id, target, target_id)
        if old is not None and old != target_id:
            self._write(source, source_id, target, old, set(self.types_of(source, source_id, target, old)) - {flag})

    def _write(self, source: Kind, source_id: int, target: Kind, target_id: int, types: set[int]) -> None:
        self._portal.writes += 1
        known = self.types.between(source, target)
        back = {known[t].inverse for t in types}
        if self._portal.events.wanted:
            self._note(source, source_id, target, target_id, types)
        for one, one_id, other, other_id, ids in (
            (source, source_id, target, target_id, types),
            (target, target_id, source, source_id, back),
        ):
            if self._maxima:
                self._check_maxima(one, one_id, other, other_id, ids)
            key = (one.number, one_id, other.number, other_id)
            if ids:
                text = ",".join(str(t) for t in sorted(ids))
                self._db.execute("INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?, ?)", (*key, text))
            else:
                sql = "DELETE FROM links WHERE source = ? AND source_id = ? AND target = ? AND target_id = ?"
                self._db.execute(sql, key)
        self._show(source, source_id, target)
        self._show(target, target_id, source)

    def _note(self, source: Kind, source_id: int, target: Kind, target_id: int, types: set[int]) -> None:
        """Tell both ends that they are associated now, or no longer."""
        if bool(types) == bool(self.types_of(source, source_id, target, target_id)):
            return
        primary = self._primary_pair(source, target)
        for one, one_id, other, other_id in (
            (source, source_id, target, target_id),
            (target, target_id, source, source_id),
        ):
            self._portal.events.note(
                "associationChange",
                one,
                one_id,
                associationType=f"{one.upper}_TO_{other.upper}",
                fromObjectId=one_id,
                toObjectId=other_id,
                associationRemoved=not types,
                isPrimaryAssociation=primary is not None and primary[0] in types,
            )

    def _check_maxima(self, source: Kind, source_id: int, target: Kind, target_id: int, types: set[int]) -> None:
        limited = {i: most for i in types if (most := self._maxima.get((source.plural, target.plural, i)))}
        if not limited:
            return
        others = [ids for other, ids in self.of(source, [source_id], target).get(source_id, []) if other != target_id]
        for type_id, most in limited.items():
            if sum(type_id in ids for ids in others) >= most:
                raise bad_request(
                    f"{source.upper} {source_id} has reached the limit of {most} associations of type {type_id}"
                    f" to {target.type_id}",
                    subCategory="crm.associations.LIMIT_EXCEEDED",
                )

    def _show(self, source: Kind, source_id: int, target: Kind) -> None:
        """Keep the properties that tell a record's associations true, without moving its modified date."""
        if target.is_engagement and source.plural in ROLLED:
            self._show_rollup(source, source_id)
            return
        place = (source.plural, target.plural)
        singles = [found for table in (PRIMARY, SHOWN) if (found := table.get(place))]
        counted = COUNTED.get(place)
        if not singles and not counted:
            return
        linked = self.of(source, [source_id], target).get(source_id, [])
        shown: dict[str, str | None] = {
            name: next((str(other) for other, types in linked if flag in types), None) for flag, name in singles
        }
        if counted:
            shown[counted[1]] = str(sum(counted[0] is None or counted[0] in types for _, types in linked))
        self._portal.store.update(source, source_id, shown)

    def _show_rollup(self, kind: Kind, record_id: int) -> None:
        """What the record says of its engagements; that moves its modified date, as any change of a value does."""
        now = self._portal.now()
        names = sorted(new := rollup(self._portal.store, kind, record_id, now))
        rows = self._portal.store.rows(kind, [record_id], names, archived=None)
        if rows and any(new[name] != value for name, value in zip(names, rows[0][5:], strict=True)):
            now_ms, lag_ms = self._portal.clock.now_ms(), self._portal.settings.index_lag_ms
            if lag_ms > 0:
                self._portal.store.keep_for_index(kind, [record_id], now_ms + lag_ms)
            updated = stamp(max(now_ms, ms_of(str(rows[0][2])) + 1))
            self._portal.store.update(kind, record_id, {**new, "_updated": updated})


def _key(link_type: LinkType) -> str:
    return f"{link_type.source}:{link_type.target}:{link_type.id}"
