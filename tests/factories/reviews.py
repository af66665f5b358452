"""Cases at a given state, with the results a worker would have left: rows and small derived pictures, no network."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from PIL import Image

from accounts.actors import Actor
from accounts.models import Clinic
from accounts.roles import Role
from analysis import ranking
from analysis.models import Analysis, DerivedImage, Finding, PhotoResult, PipelineRelease
from patients.intake_form import Answers
from patients.models import Patient, Photo, PhotoSession, Purpose
from patients.selectors import photos_of
from reviews import services
from reviews.decisions import findings_of
from reviews.formulary.seed import seed
from reviews.models import Read, Review
from reviews.payloads import needs_decision
from reviews.services import looks
from tests.factories.patients import NOW, actor_for, make_clinic, make_patient, make_session, make_staff
from vault.files import seal_file
from vision.types import ScalpClass, View

LATER = NOW + timedelta(minutes=10)
_numbers = itertools.count(1)

SQUARE = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]
"""Outline of the drawn thinning region: 16 % of the picture, which is all scalp."""

MEASURES = {
    "coverage_index": {"value": 82.4, "low": 78.0, "high": 86.1, "unit": "%"},
    "affected_share": {"value": 10.0, "low": 6.0, "high": 14.0, "unit": "%"},
    "thinning_share": {"value": 20.0, "low": 15.0, "high": 26.0, "unit": "%"},
    "bald_share": {"value": 0.0, "low": 0.0, "high": 3.0, "unit": "%"},
    "thinning_area_mm2": {"not_measurable": "no_scale", "detail": ""},
    "bald_area_mm2": {"not_measurable": "no_scale", "detail": ""},
}
"""What a worker stores of a photograph beside its findings."""


def dermatologist(clinic: Clinic) -> Actor:
    """A new dermatologist of the clinic."""
    return actor_for(make_staff(Role.DERMATOLOGIST, clinic).user)


def trichologist(clinic: Clinic) -> Actor:
    """A new trichologist of the clinic."""
    return actor_for(make_staff(Role.TRICHOLOGIST, clinic).user)


def submitted_session(
    patient: Patient | None = None,
    *,
    views: Sequence[View] = (View.CROWN, View.HAIRLINE),
    answers: Answers | None = None,
    ai: bool = True,
    now: Any = NOW,
) -> PhotoSession:
    """A case that waits for a clinician. No analysis is started: :func:`measured` adds its results."""
    from patients.services import mark_submitted

    without = () if ai else (Purpose.AI_ANALYSIS,)
    session = make_session(patient, views=views, answers=answers, without=without, now=now)
    return mark_submitted(session=session, now=now)


def measured(
    session: PhotoSession, *, regions: bool = True, condition: str = "alopecia", severity: float = 4.2
) -> Analysis:
    """A finished analysis: per photo a coverage, a number that may not exist and derived pictures.

    On the crown a region; over the session a condition and the severity index.
    """
    pipeline, _created = PipelineRelease.objects.get_or_create(
        digest="a" * 64,
        defaults={"releases": {"scalp_segmentation": "scalp-segmentation-0.1", "conditions": "conditions-0.1"}},
    )
    photos = photos_of(session)
    analysis = Analysis.objects.create(
        session=session,
        pipeline=pipeline,
        input_digest=f"{next(_numbers):064d}",
        status=Analysis.Status.DONE,
        photos_total=len(photos),
        photos_done=len(photos),
        summary={},
        queued_at=session.submitted_at or NOW,
        finished_at=session.submitted_at or NOW,
    )
    position = itertools.count()
    for photo in photos:
        _photo_findings(analysis, photo, position, regions=regions)
    _finding(analysis, None, "condition", condition, position, _condition(condition))
    _finding(analysis, None, "severity", "severity_index", position, _severity(photos, severity))
    ranking.refresh(session.pk)
    return analysis


def review_at(
    status: str,
    *,
    actor: Actor | None = None,
    clinic: Clinic | None = None,
    answers: Answers | None = None,
    ai: bool = True,
    views: Sequence[View] = (View.CROWN, View.HAIRLINE),
    condition: str = "alopecia",
) -> tuple[Review, Actor]:
    """A review and its reviewer: "claimed", "opened", "decided", "released", "retake_requested" or "rejected".

    "opened" is claimed with everything looked at and nothing decided. A decided one has every finding accepted.
    """
    clinic = clinic or make_clinic()
    actor = actor or dermatologist(clinic)
    session = submitted_session(make_patient(clinic), answers=answers, ai=ai, views=views)
    if ai:
        measured(session, condition=condition)
    review = services.claim_review(actor=actor, session_id=session.pk, now=LATER)
    match status:
        case "claimed":
            return review, actor
        case "released":
            services.release_review(actor=actor, review_id=review.pk, now=LATER, note="Please look at the crown.")
        case "retake_requested":
            wish = services.RetakeWish(View.CROWN, services.RetakeReason.BLURRED)
            services.request_retake(actor=actor, review_id=review.pk, wishes=[wish], message="", now=LATER)
        case "rejected":
            services.reject_case(actor=actor, review_id=review.pk, message="Please see us in person.", now=LATER)
        case "opened":
            open_all(review, actor)
        case "decided":
            accept_all(review, actor)
            services.decide_review(actor=actor, review_id=review.pk, now=LATER)
        case _:
            raise ValueError(f"no recipe for a review that is {status}")
    return Review.objects.select_related("session__patient").get(pk=review.pk), actor


def open_photos(review: Review, actor: Actor, now: Any = None) -> None:
    """The holder brings every photo to the stage."""
    for photo in photos_of(review.session):
        services.mark_opened(actor=actor, review_id=review.pk, kind="photo", subject_id=photo.pk, now=now or LATER)


def grade_blind(*, actor: Actor, review_id: UUID, now: Any, **given: Any) -> Read:
    """The holder's grade, as :func:`reviews.services.commit_grade`, after a look at every photo."""
    open_photos(Review.objects.select_related("session").get(pk=review_id), actor, now)
    return services.commit_grade(actor=actor, review_id=review_id, now=now, **given)


def open_all(review: Review, actor: Actor) -> None:
    """Look at every photo and finding."""
    open_photos(review, actor)
    for finding in findings_of(review):
        services.mark_opened(actor=actor, review_id=review.pk, kind="finding", subject_id=finding.pk, now=LATER)


def look_at_all(session: PhotoSession, *readers: Actor) -> None:
    """Second readers or asked colleagues bring every photograph of a case to their stage."""
    for reader in readers:
        for photo in photos_of(session):
            looks.note_look(session, reader, photo, LATER)


def accept_all(review: Review, actor: Actor) -> None:
    """Open everything and accept every statement."""
    open_all(review, actor)
    for finding in findings_of(review):
        if needs_decision(finding.payload):
            services.decide_finding(
                actor=actor, review_id=review.pk, finding_id=finding.pk, verdict="accepted", now=LATER
            )


def signable(review: Review, actor: Actor, *, entries: Sequence[str] = ()) -> Review:
    """Give a decided review a plan that can be signed: summary, follow-up and the entries."""
    from reviews.models import FormularyEntry

    seed()
    services.save_plan(
        actor=actor,
        review_id=review.pk,
        summary="Your hair is thinner at the crown. This is common and can be treated.",
        advice="Wear a hat in the sun.",
        follow_up_date=(NOW + timedelta(days=90)).date(),
        now=LATER,
    )
    for code in entries:
        entry = FormularyEntry.objects.get(code=code)
        services.add_item(actor=actor, review_id=review.pk, entry_id=entry.pk, now=LATER)
    found: Review = Review.objects.select_related("session__patient").get(pk=review.pk)
    return found


def finding_of(review: Review, kind: str, code: str = "") -> Finding:
    """The first finding of a kind that states something."""
    return next(
        finding
        for finding in findings_of(review)
        if finding.kind == kind and (not code or finding.code == code) and needs_decision(finding.payload)
    )


def _photo_findings(analysis: Analysis, photo: Photo, position: Any, *, regions: bool) -> None:
    result = PhotoResult.objects.create(analysis=analysis, photo=photo, result={"view": photo.view})
    labels = np.full((120, 160), int(ScalpClass.DENSE), np.uint8)
    labels[36:84, 48:112] = int(ScalpClass.THINNING)
    _derived(result, "mask", Image.fromarray(labels), "PNG")
    tint = np.zeros((120, 160, 4), np.uint8)
    tint[labels == ScalpClass.DENSE] = (20, 120, 110, 120)
    tint[labels == ScalpClass.THINNING] = (240, 190, 60, 170)
    _derived(result, "overlay", Image.fromarray(tint), "PNG")
    _derived(result, "density", Image.fromarray(tint[:, :, [2, 1, 0, 3]].copy()), "PNG")
    _derived(result, "attention", Image.fromarray(tint[:, ::-1].copy()), "PNG")
    coverage = {"metric": "coverage_index", "value": 82.4, "low": 78.0, "high": 86.1, "unit": "%"}
    _finding(analysis, photo, "measure", "coverage_index", position, coverage)
    unscaled = {"metric": "thinning_area_mm2", "not_measurable": "no_scale", "detail": ""}
    _finding(analysis, photo, "measure", "thinning_area_mm2", position, unscaled)
    if regions and photo.view == View.CROWN:
        region = {
            "kind": "thinning",
            "box": [0.3, 0.3, 0.7, 0.7],
            "polygon": SQUARE,
            "score": 0.81,
            "share_of_scalp": 16.2,
            "position": [0.5, 0.5],
        }
        _finding(analysis, photo, "region", "thinning", position, region)


def _finding(
    analysis: Analysis, photo: Photo | None, kind: str, code: str, position: Any, payload: dict[str, Any]
) -> None:
    release = "conditions-0.1" if kind == "condition" else "scalp-segmentation-0.1"
    Finding.objects.create(
        analysis=analysis,
        photo=photo,
        kind=kind,
        code=code,
        position=next(position),
        payload=payload,
        release=release,
    )


def _condition(shown: str) -> dict[str, Any]:
    shares = {"alopecia": 0.05, "psoriasis": 0.04, "folliculitis": 0.03, "no_finding": 0.02}
    shares[shown] = 1 - sum(share for name, share in shares.items() if name != shown)
    return {"shown": shown, "probabilities": shares, "threshold": 0.7, "abstained_because": None}


def _severity(photos: Sequence[Photo], index: float) -> dict[str, Any]:
    share = {"value": 21.0, "low": 17.0, "high": 26.0, "unit": "%"}
    return {
        "index": {"value": index, "low": index - 0.6, "high": index + 0.7, "unit": "index"},
        "affected_share": share,
        "parts": [{"view": photo.view, "weight": 1 / len(photos), "affected_share": share} for photo in photos],
        "missing_views": ["occiput"],
    }


def _derived(result: PhotoResult, kind: str, picture: Image.Image, form: str) -> None:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    sealed = seal_file(key_id=result.sealing_key_id, source=io.BytesIO(buffer.getvalue()), folder="derived")
    DerivedImage.objects.create(
        photo_result=result,
        kind=kind,
        file_name=sealed.name,
        media_type=f"image/{form.lower()}",
        width_px=picture.width,
        height_px=picture.height,
    )
