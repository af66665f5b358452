"""What the agreement page counts, per clinic and period: pairs of grades, decisions, times. No patient leaves it.

Grades are compared blind: whoever committed one had not seen what the models say. What clinicians made of the findings
beside the models is counted in :mod:`reviews.agreement.seen`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from accounts.actors import Actor
from accounts.roles import Permission
from analysis.models import Analysis, Finding
from reviews.agreement.details import DetailAgreement, Pair, detail_agreement
from reviews.agreement.figures import Estimate, Limits, TooFew, icc_of, kappa_of, limits_of, median_of, wilson
from reviews.agreement.looks import Period, graded_unseen, photos_unseen
from reviews.agreement.seen import CONDITIONS, Overrides, Seen, seen_figures
from reviews.blind_details import Details
from reviews.grade import BANDS, Grade
from reviews.models import FindingOpened, Read, Review, ReviewStatus
from reviews.payloads import needs_decision
from vault.keys import prefetch
from vision.types import Condition


@dataclass(frozen=True, slots=True)
class Agreement:
    """One comparison of two sets of judgements, with the pairs that a picture needs (conditions by their index)."""

    condition: Estimate | TooFew
    band: Estimate | TooFew
    severity: Estimate | TooFew
    share: Estimate | TooFew
    severity_limits: Limits | TooFew
    share_limits: Limits | TooFew
    severity_pairs: tuple[tuple[float, float], ...] = ()
    share_pairs: tuple[tuple[float, float], ...] = ()
    condition_pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """One condition, by the models and by readers who had not seen them: how many cases each gave it, and both."""

    condition: Condition
    by_models: int
    by_readers: int
    both: int

    @property
    def confirmed(self) -> Estimate | TooFew:
        """Of the cases that the models gave this condition, the share that the reader gave it too."""
        return wilson(self.both, self.by_models)

    @property
    def found(self) -> Estimate | TooFew:
        """Of the cases that the reader gave this condition, the share that the models gave it too."""
        return wilson(self.both, self.by_readers)


@dataclass(frozen=True, slots=True)
class Minutes:
    """Time from claim to decision, in minutes. Half of the cases lie between the quartiles ``low`` and ``high``."""

    median: Estimate
    low: float
    high: float
    spent: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page."""

    period: Period
    readers: Agreement
    details: DetailAgreement  # of the same two readers, where both recorded more than the grade
    model: Agreement
    minutes: Minutes | TooFew
    signed: int
    signed_unseen: tuple[UUID, ...]  # reviews; must be empty
    graded: int
    conditions: tuple[ConditionFigures, ...]
    seen: Seen
    adjudicated: int = 0
    graded_unseen: tuple[UUID, ...] = ()  # grades and opinions; must be empty

    @property
    def overrides(self) -> tuple[Overrides, ...]:
        """What became of the findings, by kind."""
        return self.seen.overrides


@dataclass(slots=True)
class _Pairs:
    condition: list[tuple[int, int]] = field(default_factory=list)
    band: list[tuple[int, int]] = field(default_factory=list)
    severity: list[tuple[float, float]] = field(default_factory=list)
    share: list[tuple[float, float]] = field(default_factory=list)

    def agreement(self, *, same_raters: bool) -> Agreement:
        return Agreement(
            condition=kappa_of(self.condition, len(CONDITIONS)),
            band=kappa_of(self.band, len(BANDS), quadratic=True),
            severity=icc_of(self.severity, same_raters=same_raters),
            share=icc_of(self.share, same_raters=same_raters),
            severity_limits=limits_of(self.severity),
            share_limits=limits_of(self.share),
            severity_pairs=tuple(self.severity),
            share_pairs=tuple(self.share),
            condition_pairs=tuple(self.condition),
        )


def agreement_report(actor: Actor, period: Period) -> Report:
    """The clinic's figures for a period. Raises NotAllowed for patients."""
    actor.check(Permission.READ_AGREEMENT)
    clinic_id = actor.own_clinic_id
    reads = _reads(clinic_id, period)
    signed = _signed(clinic_id, period)
    standing = list({session_id: pk for pk, session_id in signed.items()}.values())
    model = _against_model(reads)
    return Report(
        period=period,
        readers=_between_readers(reads),
        details=detail_agreement(_detail_pairs(reads)),
        model=model,
        minutes=_minutes(clinic_id, period),
        signed=len(signed),
        signed_unseen=tuple(sorted({*signed_unseen(list(signed)), *photos_unseen(list(signed))})),
        conditions=condition_figures(model.condition_pairs),
        seen=seen_figures(standing),
        graded=sum(len(rows) for rows in reads.values()),
        adjudicated=sum(any(row.role == Read.Role.ADJUDICATION for row in rows) for rows in reads.values()),
        graded_unseen=graded_unseen(clinic_id, period),
    )


def _reads(clinic_id: UUID, period: Period) -> dict[UUID, list[Read]]:
    """Grades by reading, for the readings of which a grade was committed in the period."""
    rows = Read.objects.filter(
        case__clinic_id=clinic_id, committed_at__gte=period.start, committed_at__lt=period.end
    ).select_related("case__session__patient")
    found: dict[UUID, list[Read]] = {}
    for row in rows.order_by("position"):
        found.setdefault(row.case_id, []).append(row)
    prefetch({row.sealing_key_id for rows in found.values() for row in rows})
    return found


def _between_readers(reads: Mapping[UUID, list[Read]]) -> Agreement:
    """The first two independent grades of each case; readers differ from case to case."""
    pairs = _Pairs()
    for rows in reads.values():
        independent = [Grade.from_dict(row.grade) for row in rows if row.role == Read.Role.INDEPENDENT]
        if len(independent) >= 2:
            one, other = independent[:2]
            pairs.condition.append((CONDITIONS.index(one.condition), CONDITIONS.index(other.condition)))
            pairs.band.append((one.band, other.band))
            pairs.severity.append((one.severity, other.severity))
            pairs.share.append((one.share_percent, other.share_percent))
    return pairs.agreement(same_raters=False)


def _detail_pairs(reads: Mapping[UUID, list[Read]]) -> list[Pair]:
    """The same two reads of each case, with what they recorded beside the grade."""
    found = []
    for rows in reads.values():
        independent = [row for row in rows if row.role == Read.Role.INDEPENDENT][:2]
        if len(independent) == 2:
            one, other = (Details.from_dict(row.details) for row in independent)
            found.append(Pair(rows[0].case.session.patient_id, one, other))
    return found


def _against_model(reads: Mapping[UUID, list[Read]]) -> Agreement:
    """The models' statements (first) against the reference grade: the adjudication where there is one, else the first.

    Grades were committed before the findings were seen. What the models did not state is left out.
    """
    reference = {
        rows[0].case.session_id: Grade.from_dict(
            next((row for row in rows if row.role == Read.Role.ADJUDICATION), rows[0]).grade
        )
        for rows in reads.values()
    }
    pairs = _Pairs()
    for session_id, payloads in _statements(set(reference)).items():
        grade = reference[session_id]
        condition = payloads.get(Finding.Kind.CONDITION)
        if condition and condition.get("shown") in set(CONDITIONS):
            code = CONDITIONS.index(Condition(str(condition["shown"])))
            pairs.condition.append((code, CONDITIONS.index(grade.condition)))
        severity = payloads.get(Finding.Kind.SEVERITY)
        if severity and needs_decision(severity):
            share = float(severity["affected_share"]["value"])
            pairs.severity.append((float(severity["index"]["value"]), float(grade.severity)))
            pairs.share.append((share, float(grade.share_percent)))
            model = Grade(grade.condition, min(100, max(0, round(share))), grade.severity)
            pairs.band.append((model.band, grade.band))
    return pairs.agreement(same_raters=True)


def _statements(sessions: set[UUID]) -> dict[UUID, dict[str, Mapping[str, Any]]]:
    """Condition and severity of each session's newest finished analysis, as the models stated them."""
    newest: dict[UUID, UUID] = {}
    done = Analysis.objects.filter(session__in=sessions, status=Analysis.Status.DONE).order_by("queued_at")
    for pk, session_id in done.values_list("pk", "session_id"):
        newest[session_id] = pk
    kinds = (Finding.Kind.CONDITION, Finding.Kind.SEVERITY)
    rows = Finding.objects.filter(analysis__in=newest.values(), kind__in=kinds, photo=None)
    found: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for row in rows.select_related("analysis__session__patient"):
        found.setdefault(row.analysis.session_id, {})[row.kind] = row.payload
    return found


def condition_figures(pairs: Sequence[tuple[int, int]]) -> tuple[ConditionFigures, ...]:
    """Per condition that either side gave, from pairs of indices: the models' and the reader's."""
    found = [
        ConditionFigures(
            condition,
            by_models=sum(model == code for model, _reader in pairs),
            by_readers=sum(reader == code for _model, reader in pairs),
            both=sum(model == reader == code for model, reader in pairs),
        )
        for code, condition in enumerate(CONDITIONS)
    ]
    return tuple(one for one in found if one.by_models or one.by_readers)


def _signed(clinic_id: UUID, period: Period) -> dict[UUID, UUID]:
    """Signed reviews with their sessions, the newest last: a correction comes after what it replaces."""
    rows = Review.objects.filter(
        clinic_id=clinic_id, status=ReviewStatus.SIGNED, closed_at__gte=period.start, closed_at__lt=period.end
    )
    return dict(rows.order_by("closed_at").values_list("pk", "session_id"))


def _minutes(clinic_id: UUID, period: Period) -> Minutes | TooFew:
    """Claim to decision of what was decided in the period, pauses included."""
    rows = Review.objects.filter(clinic_id=clinic_id, decided_at__gte=period.start, decided_at__lt=period.end)
    spent = [
        (decided - claimed).total_seconds() / 60 for claimed, decided in rows.values_list("claimed_at", "decided_at")
    ]
    median = median_of(spent)
    if isinstance(median, TooFew):
        return median
    low, high = np.percentile(spent, (25, 75))
    return Minutes(median, float(low), float(high), tuple(spent))


def signed_unseen(signed: list[UUID]) -> tuple[UUID, ...]:
    """Signed reviews in which a statement of the models was never opened by the reviewer. There must be none."""
    reviews = Review.objects.filter(pk__in=signed, analysis__isnull=False).values_list("pk", "analysis_id")
    of_analysis: dict[UUID, list[UUID]] = {}
    for review_id, analysis_id in reviews:
        of_analysis.setdefault(analysis_id, []).append(review_id)
    looked = set(FindingOpened.objects.filter(review__in=signed).values_list("review_id", "subject_id"))
    present = Finding.objects.filter(analysis__in=of_analysis).exclude(photo__removed_at__isnull=False)
    closed = {
        finding_id: without
        for finding_id, analysis_id in present.values_list("pk", "analysis_id")
        if (without := [pk for pk in of_analysis[analysis_id] if (pk, finding_id) not in looked])
    }
    statements = (row for row in Finding.objects.filter(pk__in=closed).only("payload") if needs_decision(row.payload))
    return tuple(sorted({review_id for row in statements for review_id in closed[row.pk]}))
