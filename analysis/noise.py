"""How much this clinic's and this patient's photographs vary by themselves (C8), from views taken twice in one sitting.

A pair is one metric of a first take and of its repeat, measured by one analysis. It does not count where a clinician
rejected or corrected the number, or drew the outlines it follows: such a pair would tell how far the models were off,
not how much photographs vary. A room above says where that is so (:func:`register`); ``analysis`` knows no reviews.

Everything here is numbers without people; the caller of :func:`noise_for` has found the patient in its scope.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np

from analysis.models import Analysis, PhotoResult
from patients.models import Patient
from patients.querysets import SENT
from vault.keys import prefetch
from vision.codec import measurement_from_json
from vision.repeatability import (
    RULES,
    Noise,
    Pair,
    Prior,
    Scale,
    clinic_alone,
    clinic_prior,
    patient_alone,
    patient_noise,
    shipped_prior,
)
from vision.salt import salt_of
from vision.severity import SALT_WEIGHTS, severity_of
from vision.types import Measured, Measurement, Metric, NotMeasurable, Salt, Severity, View

MAX_PAIRS: Final = 300
"""The clinic's newest pairs of photographs that are read: what cameras and habits are like now, in bounded time."""

MIN_OF_DEVICE: Final = 5
"""Pairs of one camera from which on it has a noise of its own; with fewer, all cameras are taken together."""

Distrusted = Mapping[UUID, Collection[str] | None]
"""Photographs whose numbers a clinician did not take over: the codes of the metrics, or None for all of them."""
Rule = Callable[[Collection[UUID]], Distrusted]
"""Which of these photographs' numbers were rejected or corrected in a signed or open review."""

_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Add a rule, once; called when the room above gets ready."""
    if rule not in _rules:
        _rules.append(rule)


@dataclass(frozen=True, slots=True)
class Repeat:
    """One metric of one view taken twice. ``view`` None: a number of the whole session."""

    patient_id: UUID
    metric: Metric
    view: View | None
    device: str  # make and model as the camera wrote them; "" where it did not
    first: float
    second: float
    taken_at: datetime

    @property
    def pair(self) -> Pair:
        """For ``vision``, which only needs to know what belongs to one person."""
        return Pair(self.first, self.second, str(self.patient_id))


@dataclass(frozen=True, slots=True)
class NoiseBook:
    """The repeats of one clinic, read once: ask it for as many noises as a page needs."""

    repeats: tuple[Repeat, ...]

    def noise_for(
        self, patient_id: UUID | None, metric: Metric, view: View | None, device: str | None = None
    ) -> Noise | NotMeasurable:
        """The noise of a patient's number (None: of somebody who has no repeats yet).

        Starts from what is shipped, moves to the clinic's own pairs, then to the patient's. Of a number that nothing
        was shipped for (lengths along the head) the clinic's pairs have to be enough, or the patient's own.
        NotMeasurable where they are not yet, or a change of the number says nothing.
        """
        prior = self.pooled(metric, view, device, without=patient_id)
        own = [repeat.pair for repeat in self.of(metric, view, device, patient_id=patient_id)] if patient_id else []
        if isinstance(prior, NotMeasurable):
            return patient_alone(metric, own) if own else prior
        return patient_noise(prior, own)

    def pooled(
        self, metric: Metric, view: View | None, device: str | None = None, *, without: UUID | None = None
    ) -> Prior | NotMeasurable:
        """The clinic's noise; ``without`` a patient whose pairs come in later."""
        shipped = shipped_prior(metric, view)
        others = [repeat for repeat in self.of(metric, view, None) if repeat.patient_id != without]
        pairs = [repeat.pair for repeat in _of_device(others, device, MIN_OF_DEVICE)]
        return clinic_alone(metric, pairs) if isinstance(shipped, NotMeasurable) else clinic_prior(shipped, pairs)

    def of(
        self, metric: Metric, view: View | None, device: str | None = None, *, patient_id: UUID | None = None
    ) -> list[Repeat]:
        """Pairs of a metric and view, oldest first; of ``device`` where there is any."""
        found = [
            repeat
            for repeat in self.repeats
            if (repeat.metric, repeat.view) == (metric, view) and patient_id in (None, repeat.patient_id)
        ]
        return _of_device(found, device, 1)


def noise_for(patient_id: UUID, metric: Metric, view: View | None, device: str | None = None) -> Noise | NotMeasurable:
    """The noise of one number of a patient, whose scope the caller has checked. For several: :func:`noise_book`."""
    return noise_book(patient_id).noise_for(patient_id, metric, view, device)


def noise_book(patient_id: UUID) -> NoiseBook:
    """The patient's own repeats, all of them, and the newest of their clinic. A fixed number of queries."""
    clinic_id = Patient.objects.values_list("clinic_id", flat=True).get(pk=patient_id)
    return NoiseBook(_repeats(clinic_id, patient_id))


def clinic_book(clinic_id: UUID) -> NoiseBook:
    """The newest repeats of a clinic, for its own page."""
    return NoiseBook(_repeats(clinic_id, None))


def device_of(capture: Mapping[str, Any]) -> str:
    """The trichoscope that gave the scale, else make and model of the camera, as stored with a photo; the make is not
    said twice."""
    if trichoscope := (capture.get("scale") or {}).get("trichoscope"):
        return str(trichoscope)
    make, model = str(capture.get("camera_make") or ""), str(capture.get("camera_model") or "")
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def takes_of(payload: Mapping[str, Any]) -> tuple[Measured, int] | None:
    """A number for a verdict: the mean of all takes of a sitting, and how many they were; None where there is none.

    ``payload`` is a finding's. The interval keeps its width about the mean: most of it is the models' error, which all
    takes share. What a clinician counted or typed ("by") stands on the photograph it was counted on alone. On the log
    scale the mean is the geometric one, as the noise is.
    """
    if "value" not in payload:
        return None
    value, low, high = (float(payload[name]) for name in ("value", "low", "high"))
    single = Measured(value, low, high, str(payload.get("unit", "")))
    takes = [float(take) for take in payload.get("takes", ())]
    if len(takes) < 2 or "by" in payload or takes[0] != value:
        return single, 1
    metric = Metric(payload["metric"]) if payload.get("metric") in set(Metric) else None
    rule = RULES.get(metric) if metric else None
    of_log = rule is not None and rule.scale is Scale.LOG and min(takes) > 0
    mean = float(np.exp(np.mean(np.log(takes)))) if of_log else float(np.mean(takes))
    moved = mean - value
    return Measured(mean, max(0.0, low + moved), high + moved, single.unit), len(takes)


def _of_device(found: Sequence[Repeat], device: str | None, least: int) -> list[Repeat]:
    same = [repeat for repeat in found if repeat.device == device] if device else []
    return same if len(same) >= least else list(found)


def _repeats(clinic_id: UUID, patient_id: UUID | None) -> tuple[Repeat, ...]:
    seconds = _seconds(clinic_id)[:MAX_PAIRS]
    rows = {row.pk: row for row in seconds}
    if patient_id is not None:
        rows |= {row.pk: row for row in _seconds(clinic_id).filter(photo__session__patient_id=patient_id)}
    newest: dict[UUID, PhotoResult] = {}
    for row in sorted(rows.values(), key=lambda row: row.analysis.queued_at):
        newest[row.photo_id] = row
    firsts = {
        (row.analysis_id, row.photo_id): row
        for row in PhotoResult.objects.filter(
            analysis__in={row.analysis_id for row in newest.values()}, photo__repeat_of=None, photo__removed_at=None
        ).select_related("photo__session__patient")
    }
    prefetch({row.photo.session.patient.key_id for row in newest.values()})
    distrusted = _distrusted({pk for row in newest.values() for pk in (row.photo_id, row.photo.repeat_of_id) if pk})
    found: list[Repeat] = []
    by_session: dict[UUID, list[PhotoResult]] = {}
    for second in newest.values():
        first = firsts.get((second.analysis_id, second.photo.repeat_of_id)) if second.photo.repeat_of_id else None
        if first is not None:
            found += _of_photo(first, second, distrusted)
            by_session.setdefault(second.analysis_id, []).append(second)
    for analysis_id, again in by_session.items():
        sitting = [row for (of, _), row in firsts.items() if of == analysis_id]
        found += _of_session(sitting, again, distrusted)
    return tuple(sorted(found, key=lambda repeat: repeat.taken_at))


def _seconds(clinic_id: UUID) -> Any:
    """Results of second takes that passed the gate with their first, of cases that were sent, newest first."""
    return (
        PhotoResult.objects.filter(
            photo__repeat_of__removed_at=None,
            photo__repeat_of__quality_passed=True,
            photo__repeat_of__isnull=False,
            photo__removed_at=None,
            photo__session__patient__clinic_id=clinic_id,
            photo__session__patient__erased_at=None,
            photo__session__status__in=SENT,
            analysis__status=Analysis.Status.DONE,
        )
        .select_related("analysis", "photo__session__patient")
        .order_by("-photo__created_at", "-pk")
    )


def _distrusted(photo_ids: Collection[UUID]) -> dict[UUID, set[str] | None]:
    found: dict[UUID, set[str] | None] = {}
    for rule in _rules if photo_ids else ():
        for photo_id, codes in rule(photo_ids).items():
            held = found.get(photo_id, set())
            found[photo_id] = None if codes is None or held is None else held | set(codes)
    return found


def _of_photo(first: PhotoResult, second: PhotoResult, distrusted: Mapping[UUID, set[str] | None]) -> Iterable[Repeat]:
    then, again = _measures(first), _measures(second)
    photo = second.photo
    device = device_of(photo.capture or {})
    for metric in RULES:
        one, other = then.get(metric), again.get(metric)
        if not (isinstance(one, Measured) and isinstance(other, Measured)):
            continue
        if any(_is_distrusted(row.photo_id, metric, distrusted) for row in (first, second)):
            continue
        view = View(photo.view)
        yield Repeat(photo.session.patient_id, metric, view, device, one.value, other.value, photo.created_at)


def _of_session(
    sitting: Sequence[PhotoResult], again: Sequence[PhotoResult], distrusted: Mapping[UUID, set[str] | None]
) -> Iterable[Repeat]:
    """Severity and SALT of the first and of the second takes, where every view with weight was taken twice."""
    if any(distrusted.get(row.photo_id, set()) is None for row in sitting):
        return
    repeated = {row.photo.repeat_of_id for row in again}
    first = _shares([row for row in sitting if row.photo_id in repeated])
    second = _shares(again)
    if not set(SALT_WEIGHTS) <= {view for view, _ in first} & {view for view, _ in second}:
        return
    photo = again[0].photo
    severities, salts = (severity_of(first), severity_of(second)), (salt_of(first), salt_of(second))
    if isinstance(severities[0], Severity) and isinstance(severities[1], Severity):
        values = severities[0].index.value, severities[1].index.value
        yield Repeat(photo.session.patient_id, Metric.SEVERITY_INDEX, None, "", *values, photo.created_at)
    if isinstance(salts[0], Salt) and isinstance(salts[1], Salt):
        values = salts[0].score.value, salts[1].score.value
        yield Repeat(photo.session.patient_id, Metric.SALT_ESTIMATE, None, "", *values, photo.created_at)


def _is_distrusted(photo_id: UUID, metric: Metric, distrusted: Mapping[UUID, set[str] | None]) -> bool:
    codes = distrusted.get(photo_id, set())
    return codes is None or metric.value in codes


def _shares(rows: Sequence[PhotoResult]) -> list[tuple[View, Measurement]]:
    measured = [(View(row.photo.view), _measures(row).get(Metric.AFFECTED_SHARE)) for row in rows]
    return [(view, share) for view, share in measured if isinstance(share, Measured)]


def _measures(row: PhotoResult) -> dict[Metric, Measurement]:
    known = set(Metric)
    found = (row.result or {}).get("measures", {})
    return {Metric(name): measurement_from_json(value) for name, value in found.items() if name in known}
