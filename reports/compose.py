"""From a review to the draft of its report: reads only, and only what counts after the clinician's decisions.

``compose`` gives the content without its issue, and the recipe of each picture;
``reports.services.signing`` freezes both.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from patients.models import Photo, PhotoSession
from patients.selectors import first_takes, photos_of
from reports.content import FindingLine, Letterhead, Person, Picture, Reading, ReportContent, Signatory, Treatment
from reports.pictures import Outline
from reports.words import RESEARCH_STATEMENT, finding_words, view_name
from reviews import diagnoses
from reviews.decisions import FinalFinding, final_findings
from reviews.models import Plan, Review
from reviews.payloads import not_measurable_reason
from reviews.reading import PULL_TEST_LABELS, PullTest
from reviews.reading import Reading as ClinicianReading
from vision.types import ScalpClass, View

_VIEW_ORDER = {view.value: position for position, view in enumerate(View)}
_NAMESPACE = UUID("6f1d2c0e-6b0a-4c7e-9b57-2d5a4f0f8a11")


@dataclass(frozen=True, slots=True)
class PictureRecipe:
    """How a picture of the report is made: which photo, and what is outlined on it."""

    picture: Picture
    photo: Photo
    outlines: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """The report as it would be signed now."""

    content: ReportContent
    recipes: tuple[PictureRecipe, ...]


def compose(review: Review) -> Draft:
    """The draft of a decided review. The caller has checked the scope."""
    session = review.session
    photos = sorted(
        first_takes(photos_of(session)), key=lambda photo: (_VIEW_ORDER.get(photo.view, 99), photo.created_at)
    )
    findings = tuple(final_findings(review))
    sites = {photo.pk: photo.site for photo in photos}
    recipes = tuple(_recipes(review, photos, findings))
    plan = Plan.objects.filter(review=review).first()
    treatments = _treatments(plan)
    return Draft(
        ReportContent(
            clinic=_letterhead(review),
            patient=_person(session),
            session_id=str(session.pk),
            session_date=_session_date(session),
            views=tuple(dict.fromkeys(photo.view for photo in photos)),
            outcome=review.outcome,
            measured_by_models=review.analysis_id is not None,
            no_models_because="" if review.analysis_id else _no_models(session),
            findings=tuple(_line(found, sites.get(found.photo_id, "") if found.photo_id else "") for found in findings),
            reading=_reading(review.reading or {}),
            summary=plan.summary if plan else "",
            treatments=treatments,
            warnings=_warnings(plan),
            follow_up_date=plan.follow_up_date if plan else None,
            signatory=_signatory(review),
            releases=_releases(review),
            research_statement=str(RESEARCH_STATEMENT) if review.analysis_id else "",
            pictures=tuple(recipe.picture for recipe in recipes),
            language=(get_language() or "en").split("-")[0],
        ),
        recipes,
    )


def _letterhead(review: Review) -> Letterhead:
    clinic = review.clinic
    return Letterhead(
        clinic.name, clinic.address, clinic.phone, clinic.time_zone, clinic.usual_reply, paper=clinic.paper
    )


def _person(session: PhotoSession) -> Person:
    patient = session.patient
    if patient.birth_date is None:
        raise ValueError("an erased patient has no report")
    return Person(
        patient.record_number, patient.given_name, patient.family_name, patient.birth_date, str(patient.sex or "")
    )


def _session_date(session: PhotoSession) -> Any:
    zone = ZoneInfo(session.patient.clinic.time_zone)
    return (session.submitted_at or session.created_at).astimezone(zone).date()


def _signatory(review: Review) -> Signatory:
    member = review.reviewer
    return Signatory(str(member.pk), member.display_name, member.qualification, member.role)


def _no_models(session: PhotoSession) -> str:
    if session.ai_consented:
        return _("No automatic measurement was available. The clinician judged the photographs by eye.")
    return _("As you asked, no AI model looked at these photographs. The clinician judged them by eye.")


def _line(found: FinalFinding, site: str) -> FindingLine:
    payload = _frozen_payload(found.kind, found.payload, corrected=found.corrected)
    redrawn = found.payload.get("from") == "outlines"
    words = finding_words(found.kind, found.code, payload, corrected=found.corrected and not redrawn)
    return FindingLine(
        finding_id=str(found.finding_id),
        kind=found.kind,
        code=found.code,
        view=found.view,
        verdict="added" if found.added else "corrected" if found.corrected else "accepted",
        title=words.title,
        statement=_whose(found, words.statement),
        meaning=words.meaning,
        payload=payload,
        release=found.release,
        site=site,
        photo_id=str(found.photo_id or ""),
    )


def _whose(found: FinalFinding, statement: str) -> str:
    """Says what is the clinician's own: a region that no model marked, an area by a scale set by hand, a number counted
    on the outlines the clinician corrected."""
    source = found.payload.get("from")
    if found.added and source == "scale":
        return _("%(text)s, with the scale set by the clinician") % {"text": statement}
    if found.added:
        return _("%(text)s, drawn by the clinician") % {"text": statement}
    if source == "outlines":
        return _("%(text)s, measured again on the outlines of the clinician") % {"text": statement}
    return statement


_KEPT: Mapping[str, tuple[str, ...]] = {
    "measure": ("metric", "value", "low", "high", "unit", "takes", "vellus_cutoff_um", "not_in_mm", "reason"),
    "region": ("kind", "box", "polygon", "share_of_scalp", "share_low", "share_high", "position"),
    "condition": ("shown", "threshold", "reason"),
    "severity": ("index", "affected_share", "parts", "missing_views", "reason"),
    "salt": ("score", "band", "parts", "reason"),
    "norwood": ("stage", "lowest", "highest", "views", "reason"),
}


# What a correction replaces, and what the report therefore must not repeat.
_REPLACED: Mapping[str, tuple[str, ...]] = {
    "condition": ("threshold",),
    "severity": ("affected_share", "parts"),
    "salt": ("parts",),
    "norwood": ("views",),
}


def _frozen_payload(kind: str, payload: Mapping[str, Any], *, corrected: bool) -> dict[str, Any]:
    """What the report keeps of a payload: never the probability of a class that is not shown, nor what was replaced."""
    if reason := not_measurable_reason(payload):
        return {"reason": reason}
    kept = {key: payload[key] for key in _KEPT[kind] if payload.get(key) is not None}
    if corrected and payload.get("from") != "outlines":
        return {key: value for key, value in kept.items() if key not in _REPLACED.get(kind, ())}
    probability = (payload.get("probabilities") or {}).get(payload.get("shown"))
    if kind == "condition" and probability is not None:
        kept["probability"] = probability
    return kept


def _recipes(review: Review, photos: Sequence[Photo], findings: Iterable[FinalFinding]) -> Iterable[PictureRecipe]:
    outlines: dict[UUID, list[Outline]] = {}
    for found in findings:
        polygon = found.payload.get("polygon") if found.kind == "region" else None
        if polygon and found.photo_id:
            bald = str(found.payload.get("kind", found.code)).lower() == ScalpClass.BALD.name.lower()
            outline = Outline(bald, tuple((float(x), float(y)) for x, y in polygon))
            outlines.setdefault(found.photo_id, []).append(outline)
    for photo in photos:
        yield _recipe(review, photo, "photo", ())
        if drawn := outlines.get(photo.pk):
            yield _recipe(review, photo, "marked", tuple(drawn))


def _recipe(review: Review, photo: Photo, kind: str, outlines: tuple[Outline, ...]) -> PictureRecipe:
    name = view_name(photo.view)
    alt = _("Photograph: %(view)s") % {"view": name}
    if outlines:
        bald = sum(outline.bald for outline in outlines)
        alt = _("%(view)s with %(thinning)d thinning and %(bald)d bald regions outlined") % {
            "view": name,
            "thinning": len(outlines) - bald,
            "bald": bald,
        }
    picture = Picture(
        id=str(uuid.uuid5(_NAMESPACE, f"{review.pk}:{photo.pk}:{kind}")),
        photo_id=str(photo.pk),
        view=photo.view,
        kind=kind,
        alt=alt,
    )
    return PictureRecipe(picture, photo, outlines)


def _reading(stored: Mapping[str, Any]) -> Reading:
    reading = ClinicianReading.from_dict(stored)
    pull_test = PULL_TEST_LABELS[PullTest(reading.pull_test)] if reading.pull_test else ""
    examination = (
        reading.examination.strip(),
        reading.dermoscopy.strip() and _("Dermoscopy: %(text)s") % {"text": reading.dermoscopy.strip()},
        pull_test and _("Pull test: %(text)s") % {"text": pull_test},
    )
    tests = (
        reading.tests_ordered.strip() and _("Ordered: %(text)s") % {"text": reading.tests_ordered.strip()},
        reading.tests_received.strip() and _("Results: %(text)s") % {"text": reading.tests_received.strip()},
    )
    return Reading(
        diagnosis_code=reading.diagnosis_code,
        diagnosis=diagnosis_words(reading.diagnosis_code, reading.diagnosis_text),
        differential=tuple(diagnosis_words(code, "") for code in reading.differential if code),
        examination="\n".join(text for text in examination if text),
        tests="\n".join(text for text in tests if text),
        reasoning=reading.reasoning.strip(),
    )


def diagnosis_words(code: str, text: str) -> str:
    """A diagnosis as printed: code and name, the clinician's own text for "other", nothing when none was stated."""
    if not code:
        return text.strip()
    label = diagnoses.label(code)
    if code == diagnoses.Diagnosis.OTHER:
        return text.strip() or label
    return f"{label} – {text.strip()}" if text.strip() else label


def _treatments(plan: Plan | None) -> tuple[Treatment, ...]:
    if plan is None:
        return ()
    return tuple(
        Treatment(
            code=item.entry.code,
            category=item.entry.category,
            name=item.entry.name,
            dose=item.dose,
            duration=item.duration,
            instructions=item.instructions,
            about="" if item.instructions.strip() else item.entry.patient_text,
            monitoring=item.entry.monitoring,
            prescription=item.entry.prescription,
            why_despite_caution=item.override_reason,
        )
        for item in plan.items.select_related("entry").order_by("position")
    )


def _warnings(plan: Plan | None) -> tuple[str, ...]:
    """The clinician's advice, one warning a line."""
    advice = plan.advice if plan else ""
    return tuple(line.strip(" -•\t") for line in advice.splitlines() if line.strip(" -•\t"))


def _releases(review: Review) -> tuple[str, ...]:
    if review.analysis_id is None or review.analysis is None:
        return ()
    return tuple(sorted({str(name) for name in review.analysis.pipeline.releases.values() if name}))
