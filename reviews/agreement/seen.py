"""Models against clinicians, finding by finding, in signed cases: regions, outlines, numbers, stages and conditions.

Every clinician here had the model's statement before their eyes. What somebody leaves standing counts as agreement, so
these figures are anchored: they flatter the models. What was judged blind is in :mod:`reviews.agreement.report`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from analysis.models import Finding
from reviews.agreement.figures import Estimate, Limits, TooFew, kappa_of, limits_of, mean_of, share_of
from reviews.decisions import Verdict, stacks
from reviews.models import FindingDecision, OwnRegion, Review
from reviews.outlines import overlap
from reviews.own_regions import region_stacks
from vault.keys import prefetch
from vision.types import Condition

BOTH: Final = ""
KINDS: Final = ("bald", "thinning", BOTH)
STAGES: Final = tuple(range(1, 8))
CONDITIONS: Final = tuple(Condition)
NUMBERS: Final = (Finding.Kind.MEASURE, Finding.Kind.SEVERITY, Finding.Kind.SALT)
_PART: Final = {Finding.Kind.SEVERITY: "index", Finding.Kind.SALT: "score"}

Pairs = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Overrides:
    """What clinicians did with one kind of finding; of a measure, with one metric (``code``)."""

    kind: str
    code: str
    accepted: int
    corrected: int
    rejected: int
    rate: Estimate | TooFew  # share that was corrected or rejected

    @property
    def total(self) -> int:
        """Findings that were decided."""
        return self.accepted + self.corrected + self.rejected


@dataclass(frozen=True, slots=True)
class RegionFigures:
    """Regions of one kind. ``redrawn`` kept the kind that the models gave, ``renamed`` did not; ``added`` were missed.

    ``overlap`` and ``share`` are of outlines that a clinician redrew: intersection over union with the models', and the
    difference of the shares of visible scalp (models minus clinician, percentage points).
    """

    kind: str  # "bald", "thinning", or BOTH
    accepted: int
    redrawn: int
    renamed: int
    rejected: int
    added: int
    seen: int  # as clinicians see them: what stands of the models' that is of this kind now, and their own
    confirmed: Estimate | TooFew  # of the models' regions: accepted or redrawn, of the kind they gave
    missed: Estimate | TooFew  # of the clinicians' regions: those the models had not drawn at all
    overlap: Estimate | TooFew
    share: Limits | TooFew
    overlaps: tuple[float, ...]

    @property
    def shown(self) -> int:
        """Regions of the models that a clinician decided about."""
        return self.accepted + self.redrawn + self.renamed + self.rejected


@dataclass(frozen=True, slots=True)
class NumberFigures:
    """One number of the models: how often a clinician typed another one, and how far apart the two were then."""

    kind: str
    code: str
    unit: str
    judged: int
    typed: int
    limits: Limits | TooFew  # models minus clinician, where another number was typed
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Norwood stages: what the models said, and what stood in the end."""

    kappa: Estimate | TooFew  # quadratic weights
    same: Estimate | TooFew
    within_one: Estimate | TooFew
    pairs: tuple[tuple[int, int], ...]  # stages 1..7, the models' first
    ungradable: int  # the clinician said that the head cannot be graded
    rejected: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that clinicians made of the models' findings."""

    overrides: tuple[Overrides, ...]
    regions: tuple[RegionFigures, ...]
    numbers: tuple[NumberFigures, ...]
    stages: StageFigures
    condition: Estimate | TooFew  # kappa
    people: int


@dataclass(slots=True)
class _Regions:
    """One entry per region, with whose it is."""

    counts: dict[str, int] = field(default_factory=dict)
    confirmed: list[bool] = field(default_factory=list)
    shown_to: list[UUID] = field(default_factory=list)
    missed: list[bool] = field(default_factory=list)
    seen_by: list[UUID] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)
    redrawn_of: list[UUID] = field(default_factory=list)
    shares: list[tuple[float, float]] = field(default_factory=list)
    shares_of: list[UUID] = field(default_factory=list)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def figures(self, kind: str) -> RegionFigures:
        return RegionFigures(
            kind,
            accepted=self.counts.get("accepted", 0),
            redrawn=self.counts.get("redrawn", 0),
            renamed=self.counts.get("renamed", 0),
            rejected=self.counts.get("rejected", 0),
            added=self.counts.get("added", 0),
            seen=len(self.missed),
            confirmed=share_of(self.confirmed, self.shown_to),
            missed=share_of(self.missed, self.seen_by),
            overlap=mean_of(self.overlaps, self.redrawn_of),
            share=limits_of(self.shares, self.shares_of),
            overlaps=tuple(self.overlaps),
        )


@dataclass(slots=True)
class _Numbers:
    unit: str = ""
    judged: int = 0
    pairs: list[tuple[float, float]] = field(default_factory=list)
    people: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A finding with the decision that counts, and whose it is."""

    person: UUID
    finding: Finding
    decision: FindingDecision


def seen_figures(reviews: Sequence[UUID]) -> Seen:
    """Figures of signed reviews, of which no two belong to one case."""
    rows = Review.objects.filter(pk__in=reviews).values_list("pk", "session__patient_id", "session__patient__key_id")
    people = {review_id: patient_id for review_id, patient_id, _key_id in rows}
    prefetch({key_id for _review_id, _patient_id, key_id in rows})
    decided = list(_decided(people))
    conditions = [found for found in decided if found.finding.kind == Finding.Kind.CONDITION]
    return Seen(
        overrides=_overrides(decided),
        regions=_regions([found for found in decided if found.finding.kind == Finding.Kind.REGION], people),
        numbers=_numbers([found for found in decided if found.finding.kind in NUMBERS]),
        stages=_stages([found for found in decided if found.finding.kind == Finding.Kind.NORWOOD]),
        condition=_conditions([found for found in conditions if found.decision.verdict != Verdict.REJECTED]),
        people=len(set(people.values())),
    )


def _decided(people: Mapping[UUID, UUID]) -> Iterator[_Decided]:
    """What counts after all decisions about findings of photographs that are still there. ``people`` by review."""
    rows = FindingDecision.objects.filter(review__in=people).exclude(finding__photo__removed_at__isnull=False)
    by_review: dict[UUID, list[FindingDecision]] = {}
    for row in rows.select_related("finding").order_by("position"):
        by_review.setdefault(row.review_id, []).append(row)
    for review_id, group in by_review.items():
        for stack in stacks(group).values():
            if stack:
                yield _Decided(people[review_id], stack[-1].finding, stack[-1])


def _overrides(decided: Sequence[_Decided]) -> tuple[Overrides, ...]:
    """Verdicts by kind of finding, and by metric of a measure."""
    found: dict[tuple[str, str], list[tuple[str, UUID]]] = {}
    for one in decided:
        code = one.finding.code if one.finding.kind == Finding.Kind.MEASURE else ""
        found.setdefault((one.finding.kind, code), []).append((one.decision.verdict, one.person))
    return tuple(
        _overridden(kind, code, [verdict for verdict, _person in group], [person for _verdict, person in group])
        for (kind, code), group in sorted(found.items())
    )


def _overridden(kind: str, code: str, verdicts: Sequence[str], people: Sequence[UUID]) -> Overrides:
    return Overrides(
        kind,
        code,
        accepted=verdicts.count(Verdict.ACCEPTED),
        corrected=verdicts.count(Verdict.CORRECTED),
        rejected=verdicts.count(Verdict.REJECTED),
        rate=share_of([verdict != Verdict.ACCEPTED for verdict in verdicts], people),
    )


def _regions(decided: Sequence[_Decided], people: Mapping[UUID, UUID]) -> tuple[RegionFigures, ...]:
    """Per kind and together. A region that was given the other kind was shown as one kind, and seen as the other."""
    found = {kind: _Regions() for kind in KINDS}
    for one in decided:
        kind, corrected = one.finding.code, one.decision.corrected
        verdict = one.decision.verdict
        now = str(corrected["kind"]) if corrected else kind
        outcome = verdict if corrected is None else "redrawn" if now == kind else "renamed"
        for group in (found[kind], found[BOTH]):
            group.count(outcome)
            group.confirmed.append(outcome in (Verdict.ACCEPTED, "redrawn"))
            group.shown_to.append(one.person)
        if verdict != Verdict.REJECTED:
            for group in (found[now], found[BOTH]):
                group.missed.append(False)
                group.seen_by.append(one.person)
        if corrected is not None:
            _outline((found[kind], found[BOTH]), one, corrected)
    for person, kind in _own(people):
        for group in (found[kind], found[BOTH]):
            group.count("added")
            group.missed.append(True)
            group.seen_by.append(person)
    return tuple(group.figures(kind) for kind, group in found.items())


def _outline(groups: Sequence[_Regions], one: _Decided, corrected: Mapping[str, Any]) -> None:
    """How far the outline moved, where it did."""
    model = one.finding.payload
    if corrected["polygon"] == model["polygon"]:
        return
    shared = overlap(model["polygon"], corrected["polygon"])
    before, after = model.get("share_of_scalp"), corrected.get("share_of_scalp")
    for group in groups:
        group.overlaps.append(shared)
        group.redrawn_of.append(one.person)
        if before is not None and after is not None:
            group.shares.append((float(before), float(after)))
            group.shares_of.append(one.person)


def _own(people: Mapping[UUID, UUID]) -> Iterator[tuple[UUID, str]]:
    """Regions that clinicians added where models had looked: person and kind."""
    rows = OwnRegion.objects.filter(review__in=people, review__analysis__isnull=False, photo__removed_at=None)
    for stack in region_stacks(rows.order_by("position", "at")).values():
        if stack and stack[-1].act != OwnRegion.Act.REMOVED:
            yield people[stack[-1].review_id], str((stack[-1].payload or {})["kind"])


def _numbers(decided: Sequence[_Decided]) -> tuple[NumberFigures, ...]:
    """Per number. One that only followed redrawn outlines was accepted: its outlines are judged, not the number."""
    found: dict[tuple[str, str], _Numbers] = {}
    for one in decided:
        numbers = found.setdefault((one.finding.kind, one.finding.code), _Numbers())
        numbers.judged += 1
        corrected = one.decision.corrected
        if corrected is None:
            continue
        (model, unit), (clinician, _unit) = (
            _amount(one.finding.kind, part) for part in (one.finding.payload, corrected)
        )
        numbers.unit = unit
        numbers.pairs.append((model, clinician))
        numbers.people.append(one.person)
    return tuple(
        NumberFigures(
            kind,
            code,
            numbers.unit,
            judged=numbers.judged,
            typed=len(numbers.pairs),
            limits=limits_of(numbers.pairs, numbers.people),
            pairs=tuple(numbers.pairs),
        )
        for (kind, code), numbers in sorted(found.items())
    )


def _amount(kind: str, payload: Mapping[str, Any]) -> tuple[float, str]:
    part = payload[_PART[Finding.Kind(kind)]] if kind in _PART else payload
    return float(part["value"]), str(part.get("unit", ""))


def _stages(decided: Sequence[_Decided]) -> StageFigures:
    pairs: list[tuple[int, int]] = []
    people: list[UUID] = []
    rejected = ungradable = 0
    for one in decided:
        now = one.decision.corrected if one.decision.corrected is not None else one.finding.payload
        if one.decision.verdict == Verdict.REJECTED:
            rejected += 1
        elif "stage" not in now:
            ungradable += 1
        else:
            pairs.append((int(one.finding.payload["stage"]), int(now["stage"])))
            people.append(one.person)
    codes = [(STAGES.index(model), STAGES.index(clinician)) for model, clinician in pairs]
    return StageFigures(
        kappa=kappa_of(codes, len(STAGES), quadratic=True, people=people),
        same=share_of([model == clinician for model, clinician in pairs], people),
        within_one=share_of([abs(model - clinician) <= 1 for model, clinician in pairs], people),
        pairs=tuple(pairs),
        ungradable=ungradable,
        rejected=rejected,
    )


def _conditions(decided: Sequence[_Decided]) -> Estimate | TooFew:
    pairs = []
    for one in decided:
        now = one.decision.corrected if one.decision.corrected is not None else one.finding.payload
        pairs.append((_shown(one.finding.payload), _shown(now)))
    return kappa_of(pairs, len(CONDITIONS), people=[one.person for one in decided])


def _shown(payload: Mapping[str, Any]) -> int:
    return CONDITIONS.index(Condition(str(payload["shown"])))
