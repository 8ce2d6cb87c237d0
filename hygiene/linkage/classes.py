"""Learning without labels: a latent class model on counts of level patterns.

One class is the pairs that match. The others are why strangers became candidates: namesakes, colleagues, neighbours,
one class per family of evidence, so that evidence which goes together among strangers is not counted twice; of people
one more, those who share a firm or a household with all that belongs to it, but no name; of firms one more,
branches and namesakes, which share a name and perhaps a phone, but no address. The model begins with Fellegi-Sunter
weights from the starting m and u of each comparison and is refined by EM with a prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hygiene.linkage.comparison import Compared

Real = npt.NDArray[np.float64]
Levelled = npt.NDArray[np.int64]
_STEPS, _STILL = 300, 1e-5
_ANCHORED_STEPS = 4
_MOST_KEYS = 2**62
# Fewer bits than this of what is personal are no more than a given name in common.
_HALF_A_NAME = 3.0
# Of fewer records only the share of matches is learned: the weights are what each comparison begins with.
FEW = 200
# So many pairs' worth of belief in what each comparison starts with; more where no person is named: lists of firms and
# places have fewer matches to learn from, and they vary more.
BELIEF, BELIEF_OF_FIRMS = 20.0, 60.0
# Of what stands beside a family that tells records apart alone, the m is learned from pairs as sure as this, against so
# many pairs' worth of belief.
SURE, BELIEF_BESIDE = 0.7, 100.0
# With fewer bits than this beside the strongest family, EM would learn what the families have in common with chance. It
# does so sooner where no person is named, unless so many pairs match.
LEARNABLE, LEARNABLE_OF_FIRMS = 4.0, 24.0
LEARNABLE_FROM_MANY, MANY = 8.0, 500
# Levels that speak for a match by this factor count as agreement, and strangers show it in so many pairs at most.
AGREEING, MOST_AGREEING = 8.0, 0.3
# What tells one person from another, strangers share at most this much more often than random pairs do; a company, its
# phone and its host they may well share together.
PERSONAL, MORE_THAN_CHANCE = ("name", "date", "identifier"), 100.0
# What names a record, however few there are; all else its neighbours may share with it.
TELLING = (*PERSONAL, "company", "email")
# So little belief in the starting u of what neighbours may share.
DOUBT = 0.01
# A record is in so many pairs that match at most, on the average.
MOST_MATCHES = 5.0
# All that speaks against a match speaks no louder than so many bits, as long as nothing is learned: of twenty columns
# some will be of no use.
MOST_AGAINST = -10.0
# Levels that pairs which match show as seldom as this stay what they are: another generation of one name.
NEVER = 1e-5
# For so many pairs of firms that match one pair of strangers has the same right to its name: branches of a chain, firms
# of a group, namesakes.
NAMESAKES = 0.04
# What random strangers have in common as often as this is a town or a country, no address or phone.
WIDE = 0.01
# Pairs that match agree in half a name only, and disagree, at most by these factors more often than their comparison
# begins with.
MOST_DOUBTFUL, MOST_APART = 8.0, 24.0


@dataclass(frozen=True, slots=True)
class Learned:
    """`share` of candidate pairs by class, the match class first; per comparison the probability of each level by
    class, shape (levels, classes)."""

    families: tuple[str, ...]
    share: Real
    tables: tuple[Real, ...]


def learn(compared: Sequence[Compared], chance: Sequence[Compared], records: int, pairs: float) -> tuple[Learned, Real]:
    """The model, and each pair's probability of matching. `chance` is the same comparisons of random pairs out of all
    `pairs`; a record has a match among about five `records`."""
    patterns, place, counts = _patterns(compared)
    unknown = 1.0 - _matching([one.prior.u for one in chance], chance, [one.levels for one in chance], records)
    strangers = [_strangers(one, unknown) for one in chance]
    power = _power(compared, strangers)
    beside = sum(power.values()) - max(power.values())
    if records < FEW or beside < (LEARNABLE if _has_kin(compared) else LEARNABLE_OF_FIRMS):
        believed = _believed(compared, strangers, chance, records)
        model, match = _anchored(compared, believed, patterns, counts, records, pairs, place)
        is_much = beside >= LEARNABLE_FROM_MANY and (match > 0.5).sum() >= MANY
        if records < FEW or _has_kin(compared) or not is_much:
            return model, match
    start = _start(compared, strangers, patterns, records)
    shown = _columns(patterns)
    beliefs = _beliefs(compared, strangers, learned=True)
    model = _fitted(compared, strangers, shown, counts, start, beliefs, MOST_MATCHES * records)
    return model, _responsibilities(model, shown)[:, 0][place]


def weigh(model: Learned, compared: Sequence[Compared]) -> Real:
    """Each pair's probability of matching by a model that was learned before, whatever other pairs there are."""
    if not len(compared[0].levels):
        return np.zeros(0)
    patterns, place, _ = _patterns(compared)
    return _responsibilities(model, _columns(patterns))[:, 0][place]


def _columns(patterns: Levelled) -> list[Levelled]:
    """The level of each pattern, by comparison."""
    return [np.ascontiguousarray(column) for column in patterns.T]


def _counted(levels: Levelled, weights: Real, size: int) -> Real:
    """The weights (patterns, classes) summed by level; nothing to compare counts for nothing."""
    found = np.stack([np.bincount(levels, column, size) for column in weights.T], axis=1)
    found[0] = 0.0
    return np.asarray(found)


def _matching(
    strangers: Sequence[Real], compared: Sequence[Compared], levels: Sequence[npt.NDArray[Any]], records: int
) -> Real:
    """Each pair's probability of matching by the starting weights."""
    speaks_for, against = np.zeros(len(levels[0])), np.zeros(len(levels[0]))
    for one, u, shown in zip(compared, strangers, levels, strict=True):
        bits = _bits(one, u)[shown]
        speaks_for, against = speaks_for + np.maximum(bits, 0.0), against + np.minimum(bits, 0.0)
    total = np.log2(0.2 / max(records, 2)) + speaks_for + np.maximum(against, MOST_AGAINST)
    return np.asarray(1.0 / (1.0 + 2.0 ** -np.clip(total, -60, 60)))


def _strangers(one: Compared, weights: Real) -> Real:
    """How often strangers show each level; what the sample is too small to show is taken from the prior."""
    counts = np.bincount(one.levels, weights=weights, minlength=len(one.words))
    seen = counts[1:].sum()
    found = (counts + 1.0) / (seen + 1.0 / np.maximum(one.prior.u, 1e-12))
    found[0] = 0.0
    return np.asarray(found / found.sum())


def _has_kin(compared: Sequence[Compared]) -> bool:
    return any(one.family == "name" for one in compared)


def _has_branches(compared: Sequence[Compared]) -> bool:
    return not _has_kin(compared) and any(one.family == "company" for one in compared)


def _size(compared: Sequence[Compared]) -> int:
    """How many classes there are: matches, one per family, those who share all but the name or nothing but it, the
    rest."""
    return len({one.family for one in compared}) + 2 + (_has_kin(compared) or _has_branches(compared))


def _beliefs(compared: Sequence[Compared], strangers: Sequence[Real], *, learned: bool) -> list[Real]:
    """Pseudo-counts (levels, classes) of each comparison: pairs that match show its m, strangers its u. The class of
    strangers who are candidates because of this very family agree in it, but more seldom in its rarer comparisons."""
    families = list(dict.fromkeys(one.family for one in compared))
    trust = BELIEF if _has_kin(compared) else BELIEF_OF_FIRMS
    common = [float(u[one.prior.m > u].sum()) for one, u in zip(compared, strangers, strict=True)]
    beliefs = []
    for one, u, chance in zip(compared, strangers, common, strict=True):
        told = one.prior.kin if one.family.startswith(PERSONAL) or not learned else None
        kin = u if told is None else told
        table = np.repeat((trust * kin)[:, None], _size(compared), axis=1)
        table[:, 0], table[:, -1] = trust * one.prior.m, trust * u
        agreeing = np.where(one.prior.m > u, u, 0.0)
        agreeing *= trust / max(agreeing.sum(), 1e-12)
        most = max(share for other, share in zip(compared, common, strict=True) if other.family == one.family)
        because = chance / max(most, 1e-12) if learned else 1.0
        table[:, 1 + families.index(one.family)] = because * agreeing + (1.0 - because) * trust * u
        if _has_kin(compared) and not one.family.startswith(PERSONAL):
            table[:, -2] = 0.5 * agreeing + 0.5 * trust * u
        if _has_branches(compared):
            table[:, -2] = trust * _of_branches(one, u, learned=learned)
        beliefs.append(table)
    return beliefs


def _of_branches(one: Compared, u: Real, *, learned: bool) -> Real:
    """How often firms with the same right to a name show each level: their names agree, town and country do as often as
    those of firms that match, and a phone may where that can be learned; never an address."""
    speaks_for = one.prior.m > u
    agreeing = np.where(speaks_for, one.prior.m, 0.0) / max(float(one.prior.m[speaks_for].sum()), 1e-12)
    if one.family == "company":
        return np.asarray(agreeing)
    if u[speaks_for].sum() > WIDE:
        return one.prior.m
    return np.asarray(0.5 * agreeing + 0.5 * u) if learned and one.family != "place" else u


def _patterns(compared: Sequence[Compared]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Real]:
    key, size = np.zeros(len(compared[0].levels), np.int64), 1
    for one in compared:
        if size * len(one.words) > _MOST_KEYS:
            seen, key = np.unique(key, return_inverse=True)
            size = len(seen)
        key, size = key * len(one.words) + one.levels, size * len(one.words)
    _, first, place, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return np.stack([one.levels[first].astype(np.int64) for one in compared], axis=1), place, counts.astype(float)


def _start(
    compared: Sequence[Compared], strangers: Sequence[Real], patterns: npt.NDArray[np.int64], records: int
) -> Real:
    """Responsibilities (patterns, classes) by the starting weights: pairs that match, and why the others agree."""
    weights = [_bits(one, u) for one, u in zip(compared, strangers, strict=True)]
    bits = np.stack([weights[at][patterns[:, at]] for at in range(len(compared))], axis=1)
    match = _matching(strangers, compared, list(patterns.T), records)
    families = list(dict.fromkeys(one.family for one in compared))
    classes = np.full((len(patterns), _size(compared)), 0.01)
    strongest = bits.argmax(axis=1)
    why = np.array([1 + families.index(compared[at].family) for at in strongest])
    why[bits.max(axis=1) <= 0] = classes.shape[1] - 1
    if _has_kin(compared):
        is_personal = np.array([one.family.startswith(PERSONAL) for one in compared])
        shared = (bits[:, ~is_personal] > 1.0).sum(axis=1) >= 2
        why[shared & (bits[:, is_personal].max(axis=1) < _HALF_A_NAME)] = classes.shape[1] - 2
    if _has_branches(compared) and "place" in families:
        named, placed = (np.array([one.family == family for one in compared]) for family in ("company", "place"))
        is_branch = (bits[:, named].max(axis=1) > _HALF_A_NAME) & (bits[:, placed].min(axis=1) < -1.0)
        why[is_branch] = classes.shape[1] - 2
    classes[np.arange(len(patterns)), why] += 1 - match
    classes[:, 0] = match
    return np.asarray(classes / classes.sum(axis=1, keepdims=True))


def _bits(one: Compared, u: Real) -> Real:
    bits = np.log2(np.maximum(one.prior.m, 1e-9) / np.maximum(u, 1e-9))
    bits[0] = 0.0
    return np.clip(bits, -8, 24)


def _fitted(
    compared: Sequence[Compared],
    strangers: Sequence[Real],
    shown: Sequence[Levelled],
    counts: Real,
    start: Real,
    beliefs: Sequence[Real],
    most: float,
) -> Learned:
    responsible = start
    for _ in range(_STEPS):
        model = _maximised(compared, strangers, shown, responsible * counts[:, None], beliefs, most)
        following = _responsibilities(model, shown)
        moved = float(np.abs(following - responsible).max())
        responsible = following
        if moved < _STILL:
            break
    return model


def _power(compared: Sequence[Compared], strangers: Sequence[Real]) -> dict[str, float]:
    """By family the bits that a pair that matches may expect of it; EM learns from all but the strongest."""
    power: dict[str, float] = {}
    for one, u in zip(compared, strangers, strict=True):
        agreeing = one.prior.m > AGREEING * one.prior.u
        m, chance = one.prior.m[agreeing].sum(), max(u[agreeing].sum(), 1e-9)
        power[one.family] = max(power.get(one.family, 0.0), float(m * np.log2(max(m / chance, 1.0))))
    return power


def _anchored(
    compared: Sequence[Compared],
    believed: Sequence[Real],
    patterns: npt.NDArray[np.int64],
    counts: Real,
    records: int,
    pairs: float,
    place: npt.NDArray[np.int64],
) -> tuple[Learned, Real]:
    """Of few records, and where one family alone tells them apart, strangers stay as they are believed to be, and so do
    matches in that family. The share of matches is learned, and, of more than a few records, the other families' m."""
    tables, shared = _anchors(compared, believed)
    power = _power(compared, believed)
    beside = [records >= FEW and power[one.family] < max(power.values()) for one in compared]
    shown = _columns(patterns)
    share = 0.2 / max(records, FEW)
    for _ in range(_ANCHORED_STEPS):
        kin = [0.1 * float(shared.max())] if _has_kin(compared) else [NAMESAKES * share] * _has_branches(compared)
        classes = np.array([share, *shared, *kin, 1.0])
        model = Learned(tuple(one.family for one in compared), classes / classes.sum(), tuple(tables))
        match = _responsibilities(model, shown)[:, 0]
        share = min(max(share, float((counts * match)[match > 0.5].sum()) / pairs), 0.9)
        sure = counts * np.where(match > SURE, match, 0.0)
        tables = [
            _with_matches(table, levels, sure, BELIEF_BESIDE * one.prior.m) if is_beside else table
            for one, table, levels, is_beside in zip(compared, tables, shown, beside, strict=True)
        ]
    return model, match[place]


def _anchors(compared: Sequence[Compared], believed: Sequence[Real]) -> tuple[list[Real], Real]:
    """The tables as they are believed to be, and by family how large a share of strangers agrees in it."""
    families = list(dict.fromkeys(one.family for one in compared))
    tables, shared = [], np.zeros(len(families))
    for one, u, belief in zip(compared, believed, _beliefs(compared, believed, learned=False), strict=True):
        table = belief / belief.sum(axis=0, keepdims=True)
        at = families.index(one.family)
        if [other.family for other in compared].count(one.family) > 1:
            table[:, 1 + at] = 0.5 * table[:, 1 + at] + 0.5 * u
        tables.append(table)
        shared[at] = max(shared[at], 0.25 * u[one.prior.m > u].sum())
    return tables, shared


def _with_matches(table: Real, levels: Levelled, sure: Real, belief: Real) -> Real:
    """The table with its match class as the levels of these pairs, so many each, and the belief have it."""
    counted = _counted(levels, sure[:, None], len(belief))[:, 0] + belief
    table = table.copy()
    table[:, 0] = counted / counted.sum()
    return table


def _believed(
    compared: Sequence[Compared], strangers: Sequence[Real], chance: Sequence[Compared], records: int
) -> list[Real]:
    """By comparison how often strangers show each level. Levels that speak for a match keep their starting u, because a
    small sample shows matches there; but a town, a firm or a phone that those share whom all else holds apart is
    shared by strangers."""
    found = []
    for at, (one, u) in enumerate(zip(compared, strangers, strict=True)):
        agreeing = one.prior.m > AGREEING * one.prior.u
        start = one.prior.u
        others = [other for other in range(len(chance)) if chance[other].family != one.family]
        if others and not one.family.startswith(TELLING):
            match = _matching([compared[other].prior.u for other in others], [chance[other] for other in others],
                              [chance[other].levels for other in others], records)  # fmt: skip
            counts = np.bincount(chance[at].levels, weights=1.0 - match, minlength=len(start))
            shown = (counts + DOUBT) / (counts[1:].sum() + DOUBT / np.maximum(start, 1e-12))
            start = np.maximum(start, shown)
        table = np.where(agreeing, start, u)
        found.append(np.asarray(table / table.sum()))
    return found


def _maximised(
    compared: Sequence[Compared],
    strangers: Sequence[Real],
    shown: Sequence[Levelled],
    weights: Real,
    beliefs: Sequence[Real],
    most: float,
) -> Learned:
    share = weights.sum(axis=0) + 1.0
    share[0] = min(share[0], most)
    tables = [_counted(levels, weights, len(belief)) + belief for levels, belief in zip(shown, beliefs, strict=True)]
    scaled = [table / np.maximum(table.sum(axis=0, keepdims=True), 1e-12) for table in tables]
    families = list(dict.fromkeys(one.family for one in compared))
    held = [
        _held(table, one, u, 1 + families.index(one.family), has_more=_has_kin(compared) or _has_branches(compared))
        for table, one, u in zip(scaled, compared, strangers, strict=True)
    ]
    for table, one, u in zip(held, compared, strangers, strict=True):
        if _has_branches(compared) and one.family == "place":
            table[:, -2] = _of_branches(one, u, learned=True)
    return Learned(tuple(one.family for one in compared), share / share.sum(), tuple(held))


def _held(table: Real, one: Compared, u: Real, own: int, *, has_more: bool) -> Real:
    """Each class within what its name means, so that none can take the place of another: strangers seldom agree in a
    family that is not why they became candidates, and pairs that match seldom disagree in what tells people apart."""
    agreeing = one.prior.m > AGREEING * one.prior.u
    for at in range(1, table.shape[1]):
        is_kin = has_more and at == table.shape[1] - 2
        if at != own:
            if one.family.startswith(PERSONAL):
                table[agreeing, at] = np.minimum(table[agreeing, at], MORE_THAN_CHANCE * u[agreeing])
                table[:, at] /= table[:, at].sum()
            if not is_kin or one.family.startswith(PERSONAL):
                _cap(table[:, at], agreeing, MOST_AGREEING)
    if one.family.startswith(PERSONAL):
        doubtful = one.prior.m < AGREEING * one.prior.u
        _cap(table[:, 0], doubtful, MOST_DOUBTFUL * float(one.prior.m[doubtful].sum()))
    apart = one.prior.m < one.prior.u
    _cap(table[:, 0], apart, MOST_APART * float(one.prior.m[apart].sum()))
    never = apart & (one.prior.m < NEVER)
    table[never, 0] = one.prior.m[never]
    return table


def _cap(column: Real, levels: npt.NDArray[np.bool_], most: float) -> None:
    """Let these levels have no more than so much of the column; the others share what that frees."""
    mass, rest = column[levels].sum(), column[~levels].sum()
    if mass > most and rest > 0:
        column[levels] *= most / mass
        column[~levels] *= (1 - most) / rest


def _responsibilities(model: Learned, shown: Sequence[Levelled]) -> Real:
    logs = np.log(model.share)[None, :].repeat(len(shown[0]), axis=0)
    for table, levels in zip(model.tables, shown, strict=True):
        told = np.log(np.maximum(table, 1e-12))
        told[0] = 0.0  # nothing to compare says nothing
        logs += told[levels]
    logs -= logs.max(axis=1, keepdims=True)
    odds = np.exp(logs)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
