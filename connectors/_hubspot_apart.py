"""What is left to do until a merge is taken apart in HubSpot: the snapshots compared with what there is now. No calls.

The survivor's values go first, since they free what must be unique; then the losers are made anew; once they are there,
their links are made, and then the links that the survivor had from them go. Only what the merge did is taken back: what
somebody changed, linked or unlinked since stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors._hubspot_fields import SOFT_MARK
from connectors._hubspot_raw_links import RawLinks, Types
from connectors._hubspot_snapshot import EXTRA_EMAILS
from connectors._unmerge import Case
from model.snapshots import Snapshot

# Values for which a merge has rules of its own; a stage moves back only when it is cleared first.
_STAGE = "lifecyclestage"
_RULED = frozenset({_STAGE, "hs_legal_basis"})


@dataclass(frozen=True, slots=True)
class State:
    """`kind` names the object. `texts` are the property texts of the records there are, by id; `links` of these by kind
    of the linked ones; `living` leads from the id of a linked record to the one it lives on under, `formerly` from a
    loser that was made anew to the survivor it was in. `is_sent` tells whether the survivor holds, in a property, what
    we set there in the merge; `is_untouched` whether nobody has changed it since."""

    kind: str
    texts: Mapping[str, Mapping[str, str | None]]
    links: Mapping[str, RawLinks]
    living: Mapping[tuple[str, str], str]
    formerly: Mapping[tuple[str, str], str]
    is_sent: Callable[[Case, str], bool | None]
    is_untouched: Callable[[Case], bool]


@dataclass(slots=True)
class Work:
    """Steps, each with the case it belongs to."""

    updates: dict[str, tuple[Case, dict[str, str]]] = field(default_factory=dict)
    addresses: list[tuple[str, str, bool, Case]] = field(default_factory=list)  # record, address, whether it is added
    creates: list[tuple[Snapshot, Case]] = field(default_factory=list)
    links: list[tuple[str, str, str, Types, Case]] = field(default_factory=list)  # kind, record, linked one, all types
    unlabels: list[tuple[str, str, str, Types, Case]] = field(default_factory=list)
    unlinks: list[tuple[str, str, str, Types, Case]] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return not any((self.updates, self.addresses, self.creates, self.links, self.unlabels, self.unlinks))


def next_work(cases: Sequence[Case], state: State) -> Work:
    """The next steps; none when all is done. No case goes ahead of the others: a link of two survivors stands for those
    of their losers until these are made."""
    work = Work()
    for steps in ((_values, _addresses, _losers), (_loser_links, _survivor_links), (_marks,)):
        for step in steps:
            for case in cases:
                step(work, case, state)
        if work.creates or (steps[-1] is _survivor_links and not work.is_done):
            break
    return work


def _values(work: Work, case: Case, state: State) -> None:
    texts = state.texts[case.at]
    names = {name for shot in (case.survivor, *case.losers) for name in shot.values}
    names |= {name for name in texts if state.is_sent(case, name) is not None}
    for name in sorted(names - {EXTRA_EMAILS}):
        now, before = texts.get(name) or "", str(case.survivor.values.get(name) or "")
        if name not in texts or now == before or ("update", name) in case.refused:
            continue
        if not _is_ours(case, state, name, now, before):
            if state.is_sent(case, name) is not None:
                case.left[f"{name} was changed since the merge"] = None
            continue
        is_back = name == _STAGE and now and before
        work.updates.setdefault(case.at, (case, {}))[1][name] = "" if is_back else before


def _is_ours(case: Case, state: State, name: str, now: str, before: str) -> bool:
    """Whether it was the merge that left this text on the survivor."""
    theirs = {str(shot.values.get(name) or "") for shot in case.losers}
    if state.is_sent(case, name) or state.is_untouched(case):
        return True
    if name in _RULED:
        return now in theirs or not now
    return not before and now in theirs


def _addresses(work: Work, case: Case, state: State) -> None:
    """Further addresses that the survivor has from the losers."""
    own = set(listed(case.survivor.values.get(EXTRA_EMAILS)))
    theirs = {address for shot in case.losers for address in _addresses_of(shot)}
    for address in listed(state.texts[case.at].get(EXTRA_EMAILS)):
        if address in theirs - own and ("address", address) not in case.refused:
            work.addresses.append((case.at, address, False, case))
    for shot in case.losers:
        home = case.homes.get(shot.key.id, "")
        there = listed(state.texts.get(home, {}).get(EXTRA_EMAILS))
        for address in listed(shot.values.get(EXTRA_EMAILS)) if home in state.texts else ():
            if address not in there and ("address", address) not in case.refused:
                work.addresses.append((home, address, True, case))


def _addresses_of(shot: Snapshot) -> list[str]:
    return [str(shot.values.get("email") or "").lower(), *listed(shot.values.get(EXTRA_EMAILS))]


def listed(text: object) -> list[str]:
    """The parts of a property that holds several."""
    return [part.strip().lower() for part in str(text or "").split(";") if part.strip()]


def _losers(work: Work, case: Case, state: State) -> None:
    for shot in case.losers:
        if shot.key.id not in case.homes and ("create", shot.key.id) not in case.refused:
            work.creates.append((shot, case))


def _loser_links(work: Work, case: Case, state: State) -> None:
    """A link is made only where the survivor still has it: otherwise somebody removed it since. One between records of
    the merge itself went with it."""
    inside = {case.at, *case.homes.values()}
    for shot in case.losers:
        home = case.homes.get(shot.key.id)
        for one in shot.hanging if home else ():
            to = _living(state, one.kind, one.id)
            if home is None or to == home or ("link", one.kind, home, to) in case.refused:
                continue
            wanted, own = frozenset(one.labels), _types(state, one.kind, home, to)
            is_inside = one.kind == state.kind and to in inside
            if wanted - own and (own or is_inside or _stands(state, one.kind, case.at, to)):
                work.links.append((one.kind, home, to, wanted, case))
            elif own - wanted and own & wanted:
                work.unlabels.append((one.kind, home, to, own - wanted, case))


def _survivor_links(work: Work, case: Case, state: State) -> None:
    kept = {(one.kind, _living(state, one.kind, one.id)): frozenset(one.labels) for one in case.survivor.hanging}
    theirs: dict[tuple[str, str], Types] = {}
    for shot in case.losers:
        for one in shot.hanging if shot.key.id in case.homes else ():
            to = _living(state, one.kind, one.id)
            for place in {(one.kind, to), (one.kind, state.formerly.get((one.kind, to), to))}:
                theirs[place] = theirs.get(place, frozenset()) | frozenset(one.labels)
    for kind, to in sorted({*kept, *theirs}):
        own, now = kept.get((kind, to), frozenset()), _types(state, kind, case.at, to)
        extra = (now - own) & theirs.get((kind, to), frozenset())
        if not now or ("link", kind, case.at, to) in case.refused:
            continue
        if not own:
            work.unlinks.append((kind, case.at, to, now, case))
        elif own - now:
            work.links.append((kind, case.at, to, own, case))
        elif extra:
            work.unlabels.append((kind, case.at, to, extra, case))


def _marks(work: Work, case: Case, state: State) -> None:
    """Records that were merged softly are so no longer."""
    for home in case.homes.values():
        if state.texts.get(home, {}).get(SOFT_MARK) and ("update", SOFT_MARK) not in case.refused:
            work.updates[home] = (case, {SOFT_MARK: ""})


def _living(state: State, kind: str, record_id: str) -> str:
    return state.living.get((kind, record_id), record_id)


def _stands(state: State, kind: str, record_id: str, to: str) -> bool:
    """Whether a survivor has the link, if only with the record in which the linked one was."""
    return bool(
        _types(state, kind, record_id, to) or _types(state, kind, record_id, state.formerly.get((kind, to), ""))
    )


def _types(state: State, kind: str, record_id: str, to: str) -> Types:
    return state.links.get(kind, {}).get(record_id, {}).get(to, frozenset())
