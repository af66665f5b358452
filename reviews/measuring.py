"""The numbers of a review as they follow from its corrected outlines and scales, beside what the models said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analysis.models import Finding, PhotoResult
from patients.models import Photo
from reviews.causes import Cause
from reviews.label_maps import photo_labels
from reviews.models import FindingDecision, ManualScale, Review
from reviews.own_regions import RegionNow, px_per_mm_of
from reviews.payloads import no_longer_measurable, recomputed_number, recomputed_salt, recomputed_severity
from reviews.remeasure import measure_again
from vision.codec import measurement_from_json
from vision.corrections import Outlined, Redrawn, redraw
from vision.measure import AREAS
from vision.salt import salt_of
from vision.severity import severity_of
from vision.types import Measured, Measurement, Metric, NotMeasurable, Salt, Severity, View

Verdict = FindingDecision.Verdict

NOTICEABLE = 0.05
"""Two numbers that differ by less read the same."""


@dataclass(frozen=True, slots=True)
class PhotoNumbers:
    """One photograph's numbers: the models', and as they stand now."""

    photo: Photo
    model: Mapping[Metric, Measurement]
    now: Mapping[Metric, Measurement]
    redrawn: bool
    scaled_by_hand: bool

    def changed(self, metric: Metric) -> Measured | None:
        """The number that the outlines give in place of the model's; None when they give the same."""
        before, after = self.model.get(metric), self.now.get(metric)
        if not isinstance(after, Measured):
            return None
        if isinstance(before, Measured) and abs(before.value - after.value) < NOTICEABLE:
            return None
        return after

    def lost(self, metric: Metric) -> NotMeasurable | None:
        """Why there is no number any more where the models gave one; None when there still is one."""
        before, after = self.model.get(metric), self.now.get(metric)
        return after if isinstance(before, Measured) and isinstance(after, NotMeasurable) else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything that was counted again in a review; photographs without a result are absent."""

    photos: Mapping[UUID, PhotoNumbers]
    severity: Severity | None  # only when an outline of a weighted view changed it
    salt: Salt | None = None  # the same

    def payload_for(self, finding: Finding) -> dict[str, Any] | None:
        """The payload that follows from the outlines for a number; None when nothing changed."""
        if finding.kind == Finding.Kind.SEVERITY:
            before = (finding.payload.get("index") or {}).get("value")
            if self.severity is None or before is None:
                return None
            if abs(before - self.severity.index.value) < NOTICEABLE:
                return None
            return recomputed_severity(finding.payload, self.severity)
        if finding.kind == Finding.Kind.SALT:
            before = (finding.payload.get("score") or {}).get("value")
            if self.salt is None or before is None or abs(before - self.salt.score.value) < NOTICEABLE:
                return None
            return recomputed_salt(finding.payload, self.salt)
        if finding.kind != Finding.Kind.MEASURE or finding.photo_id is None or finding.photo_id not in self.photos:
            return None
        numbers = self.photos[finding.photo_id]
        metric = Metric(finding.code) if finding.code in set(Metric) else None
        if metric is None or not numbers.redrawn or metric in AREAS:
            return None
        lost = numbers.lost(metric)
        if lost is not None and "value" in finding.payload:
            return no_longer_measurable(finding.payload, lost)
        found = numbers.changed(metric)
        return recomputed_number(finding.payload, found) if found is not None and "value" in finding.payload else None


NOTHING = Numbers({}, None)


def numbers_of(
    review: Review,
    findings: Sequence[Finding],
    decided: Mapping[UUID, FindingDecision],
    own: Sequence[RegionNow],
    scales: Mapping[UUID, ManualScale],
    results: Mapping[UUID, PhotoResult] | None = None,
) -> Numbers:
    """Count again wherever an outline was corrected, rejected or added, or a scale set.

    ``results`` saves a query when the caller has them. Label maps are read only for photographs that need them.
    """
    if review.analysis_id is None:
        return NOTHING
    outlined = outlined_of(findings, decided)
    touched = {photo_id for photo_id, regions in outlined.items() if any(region.touched for region in regions)}
    touched |= {region.photo.pk for region in own}
    if not touched and not scales:
        return NOTHING
    rows = dict(results) if results is not None else _results(review.analysis_id)
    photos = {}
    for photo_id, row in rows.items():
        stored = _stored(row)
        photo = row.photo
        if not stored or photo.repeat_of_id is not None:  # a second take is part of no number
            continue
        labels = photo_labels(review.analysis_id, photo) if photo_id in touched or photo_id in scales else None
        drawn = [region for region in own if region.photo.pk == photo_id]
        redrawn = _redrawn(labels, photo_id in touched, outlined.get(photo_id, []), drawn)
        scale = scales.get(photo_id)
        photos[photo_id] = PhotoNumbers(
            photo=photo,
            model=stored,
            now=measure_again(
                stored,
                redrawn,
                view=View(photo.view),
                size_px=(photo.width_px, photo.height_px),
                px_per_mm=px_per_mm_of(photo, scale),
                labels=labels,
            ),
            redrawn=redrawn is not None,
            scaled_by_hand=scale is not None,
        )
    return Numbers(photos, *_of_session(photos))


def _redrawn(labels: Any, touched: bool, regions: Sequence[Outlined], own: Sequence[RegionNow]) -> Redrawn | None:
    if labels is None or not touched:
        return None
    return redraw(labels, regions, [(region.kind, region.polygon) for region in own])


def outlined_of(findings: Sequence[Finding], decided: Mapping[UUID, FindingDecision]) -> dict[UUID, list[Outlined]]:
    """Per photograph the models' regions with what the clinician made of each."""
    found: dict[UUID, list[Outlined]] = {}
    for finding in findings:
        if finding.kind != Finding.Kind.REGION or finding.photo_id is None:
            continue
        decision = decided.get(finding.pk)
        corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
        found.setdefault(finding.photo_id, []).append(
            Outlined(
                kind=finding.payload["kind"],
                polygon=finding.payload["polygon"],
                touched=corrected is not None or bool(decision and decision.verdict == Verdict.REJECTED),
                kind_now=corrected["kind"] if corrected else None,
                now=corrected["polygon"] if corrected else None,
                outside=bool(decision and decision.verdict == Verdict.REJECTED and decision.cause == Cause.OUTSIDE),
            )
        )
    return found


def _results(analysis_id: UUID) -> dict[UUID, PhotoResult]:
    rows = PhotoResult.objects.filter(analysis_id=analysis_id, photo__removed_at=None)
    return {row.photo_id: row for row in rows.select_related("photo__session__patient")}


def _stored(row: PhotoResult) -> dict[Metric, Measurement]:
    known = {metric.value for metric in Metric}
    measures = (row.result or {}).get("measures", {})
    return {Metric(name): measurement_from_json(found) for name, found in measures.items() if name in known}


def _of_session(photos: Mapping[UUID, PhotoNumbers]) -> tuple[Severity | None, Salt | None]:
    """The severity index and the SALT estimate where an outline was redrawn and they can be counted again."""
    if not any(numbers.redrawn for numbers in photos.values()):
        return None, None
    shares = [
        (View(numbers.photo.view), numbers.now[Metric.AFFECTED_SHARE])
        for numbers in photos.values()
        if Metric.AFFECTED_SHARE in numbers.now
    ]
    severity, salt = severity_of(shares), salt_of(shares)
    return severity if isinstance(severity, Severity) else None, salt if isinstance(salt, Salt) else None
