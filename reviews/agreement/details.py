"""Two blind readers in what they recorded beside the grade: stage, regions drawn, hairs and units counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from reviews.agreement.figures import (
    Estimate,
    Limits,
    TooFew,
    icc_of,
    kappa_of,
    limits_of,
    mean_of,
    share_of,
)
from reviews.blind_details import HIGHEST, Details, Scale, matches


@dataclass(frozen=True, slots=True)
class Pair:
    """What two readers recorded of one case. ``person``: whose case it is."""

    person: UUID
    one: Details
    other: Details


@dataclass(frozen=True, slots=True)
class StageAgreement:
    """Stages on one scale, where both readers gave one on it."""

    scale: Scale
    kappa: Estimate | TooFew  # quadratic weights
    same: Estimate | TooFew
    within_one: Estimate | TooFew
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CountAgreement:
    """Numbers counted in the same frame of the same close-ups; several close-ups of a person count together."""

    icc: Estimate | TooFew  # ICC(1,1)
    limits: Limits | TooFew
    pairs: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class DrawnAgreement:
    """Regions of cases in which both readers looked for them.

    ``matched``: of all regions that either drew, the share that the other drew as well (2 m / (a + b), the F1 of one
    reader by the other); ``overlap``: mean intersection over union of the matched ones.
    """

    cases: int
    by_first: int
    by_second: int
    found_by_both: int
    matched: Estimate | TooFew
    overlap: Estimate | TooFew


@dataclass(frozen=True, slots=True)
class DetailAgreement:
    """Everything beside the grade. ``one_gradable``: cases that one reader staged and the other called not gradable, or
    staged on another scale."""

    stages: tuple[StageAgreement, ...]
    one_gradable: int
    hairs: CountAgreement
    units: CountAgreement
    regions: DrawnAgreement


def detail_agreement(pairs: Sequence[Pair]) -> DetailAgreement:
    """The figures of these cases; a case counts in each part that both readers recorded."""
    staged = [(pair, pair.one.graded_on, pair.other.graded_on) for pair in pairs if pair.one.stage and pair.other.stage]
    apart = sum(
        (one is None) != (other is None) or (one is not None and other is not None and one[0] is not other[0])
        for _pair, one, other in staged
    )
    return DetailAgreement(
        stages=tuple(_stages(scale, pairs) for scale in Scale),
        one_gradable=apart,
        hairs=_counts(pairs, "hairs"),
        units=_counts(pairs, "units"),
        regions=_regions([pair for pair in pairs if pair.one.looked_for_regions and pair.other.looked_for_regions]),
    )


def _stages(scale: Scale, pairs: Sequence[Pair]) -> StageAgreement:
    found: list[tuple[int, int]] = []
    people: list[UUID] = []
    for pair in pairs:
        one, other = pair.one.graded_on, pair.other.graded_on
        if one and other and one[0] is other[0] is scale:
            found.append((one[1], other[1]))
            people.append(pair.person)
    codes = [(one - 1, other - 1) for one, other in found]
    return StageAgreement(
        scale,
        kappa=kappa_of(codes, HIGHEST[scale], quadratic=True, people=people),
        same=share_of([one == other for one, other in found], people),
        within_one=share_of([abs(one - other) <= 1 for one, other in found], people),
        pairs=tuple(found),
    )


def _counts(pairs: Sequence[Pair], what: str) -> CountAgreement:
    found: list[tuple[float, float]] = []
    people: list[UUID] = []
    for pair in pairs:
        theirs = {count.photo: getattr(count, what) for count in pair.other.counts}
        for count in pair.one.counts:
            mine, other = getattr(count, what), theirs.get(count.photo)
            if mine is not None and other is not None:
                found.append((float(mine), float(other)))
                people.append(pair.person)
    icc = icc_of(found, same_raters=False, people=people)
    return CountAgreement(icc, limits_of(found, people), tuple(found))


def _regions(pairs: Sequence[Pair]) -> DrawnAgreement:
    hits: list[bool] = []
    hit_people: list[UUID] = []
    overlaps: list[float] = []
    overlap_people: list[UUID] = []
    for pair in pairs:
        found = matches(pair.one.regions, pair.other.regions)
        drawn = len(pair.one.regions) + len(pair.other.regions)
        hits += [True] * (2 * len(found)) + [False] * (drawn - 2 * len(found))
        hit_people += [pair.person] * drawn
        overlaps += [shared for _mine, _theirs, shared in found]
        overlap_people += [pair.person] * len(found)
    return DrawnAgreement(
        cases=len(pairs),
        by_first=sum(len(pair.one.regions) for pair in pairs),
        by_second=sum(len(pair.other.regions) for pair in pairs),
        found_by_both=len(overlaps),
        matched=share_of(hits, hit_people),
        overlap=mean_of(overlaps, overlap_people),
    )
