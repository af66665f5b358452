"""Who reaches the addresses of the room ``reviews``."""

from __future__ import annotations

from typing import Any

from patients.models import Photo
from reviews.services import add_region
from tests.access.rules import (
    ADMINISTRATORS,
    ANY_CLINICIAN,
    CASES,
    CLINICIANS_OF_THE_CASE,
    OWN_ADMINISTRATORS,
    Address,
    May,
    Who,
    api,
    get,
    post,
)
from tests.access.world import World


def things(world: World) -> dict[str, Any]:
    """A region that the reviewer of the open case has added, and a photograph of each case that others read."""
    case = world.open_case
    region = add_region(
        actor=case.reviewer,
        review_id=case.review.pk,
        photo_id=world.things["region_photo"],
        kind="thinning",
        polygon=((0.1, 0.1), (0.3, 0.1), (0.3, 0.3)),
        now=world.now,
    )
    waiting = Photo.objects.filter(session_id=world.things["waiting"]).first()
    assert waiting is not None
    return {
        "own_region": region.region_id,
        "reading_photo": waiting.pk,
        "opinion_photo": world.things["photo_in_review"],
    }


OUTLINE = '{"action": "update", "id": "REGION", "type": "polygon", "polygon": [[100, 100], [300, 100], [300, 300]]}'

DRAWN = '{"action": "create", "type": "polygon", "polygon": [[100, 100], [300, 100], [300, 300]]}'

GRADE = {"condition": "alopecia", "share_percent": 20, "severity": 4}
TRICHOLOGISTS = {
    **CASES,
    Who.DERMATOLOGIST: May.FORBIDDEN,
    Who.FOREIGN_DERMATOLOGIST: May.FORBIDDEN,
    Who.TRICHOLOGIST: May.OK,
}
"""Who escalates to a dermatologist; one who does not hold the case is told so."""

STAFF_FIGURES = {**ANY_CLINICIAN, Who.ADMINISTRATOR: May.OK, Who.FOREIGN_ADMINISTRATOR: May.OK}
"""Figures without patients, for everybody who works in a clinic: their own clinic's."""

TABLE: dict[str, Address] = {
    "reviews:queue": get(ANY_CLINICIAN),
    "reviews:claim": post(CASES, "waiting"),
    "reviews:review": get(CASES, "review"),
    "reviews:photo": Address(CASES, "get", ("review", "photo_in_review"), htmx=True),
    "reviews:outlines": Address(CASES, "post", ("review", "region_photo"), body=OUTLINE),
    "reviews:regions": post(
        CASES, "review", photo="@region_photo", kind="bald", polygon="[[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]"
    ),
    "reviews:region": post(CASES, "review", "own_region", reason="Seen at the crown"),
    "reviews:region_open": post(CASES, "review", "own_region"),
    "reviews:region_remove": post(CASES, "review", "own_region"),
    "reviews:region_merge": post(CASES, "review", "own_region", other="@own_region"),
    "reviews:scale": post(CASES, "review", "region_photo", points="[[0.1, 0.1], [0.9, 0.1]]", length_mm="80"),
    "reviews:measure_again": post(CASES, "review"),
    "reviews:measuring": get(CASES, "review"),
    "reviews:measured": post(CASES, "review"),
    "reviews:undo": post(CASES, "review"),
    "reviews:redo": post(CASES, "review"),
    "reviews:compare": Address(CASES, "get", ("review", "photo_in_review"), htmx=True),
    "reviews:opened": post(CASES, "review", kind="photo", id="@photo_in_review"),
    "reviews:findings": get(CASES, "review"),
    "reviews:accept_rest": post(CASES, "review"),
    "reviews:finding": post(CASES, "review", "finding", verdict="accepted"),
    "reviews:finding_open": post(CASES, "review", "finding"),
    "reviews:finding_undo": post(CASES, "review", "finding"),
    "reviews:reading": post(CASES, "review"),
    "reviews:lease": post(CASES, "review"),
    "reviews:decide": post(CASES, "review"),
    "reviews:reopen": post(CASES, "decided"),
    "reviews:retake": post(CASES, "review"),
    "reviews:reject": post(CASES, "review", message="Please come in."),
    "reviews:hand_back": post(CASES, "review"),
    "reviews:plan": get(CASES, "decided"),
    "reviews:plan_draft": post(CASES, "decided"),
    "reviews:formulary": get(CASES, "decided"),
    "reviews:plan_item_add": post(CASES, "decided", entry="@entry"),
    "reviews:plan_item": post(CASES, "decided", "item", dose="1 ml", duration="six months"),
    "reviews:plan_item_remove": post(CASES, "decided", "item"),
    "reviews:reads": get(ANY_CLINICIAN),
    "reviews:read": get(CLINICIANS_OF_THE_CASE, "reading"),
    "reviews:read_marks": Address(CLINICIANS_OF_THE_CASE, "post", ("reading", "reading_photo"), body=DRAWN),
    "reviews:grade_marks": Address(CASES, "post", ("review", "region_photo"), body=DRAWN),
    "reviews:grade": post(CASES, "review", **GRADE),
    "reviews:opinion": get(CASES, "opinion"),
    "reviews:opinion_ask": post(CASES, "review", question="Scarring?"),
    "reviews:opinion_withdraw": post(CASES, "opinion"),
    "reviews:escalate": post(TRICHOLOGISTS, "review", reason="Pustules.", urgency="soon"),
    "reviews:reading_policy": get(ADMINISTRATORS),
    "reviews:reading_waive": post(OWN_ADMINISTRATORS, "reading", reason="Nobody else is there."),
    "reviews:agreement": get(STAFF_FIGURES),
    "reviews:agreement_csv": get(STAFF_FIGURES),
    "reviews:noise": get(STAFF_FIGURES),
    "api-reads": api(ANY_CLINICIAN, "get"),
    "api-read": api(CLINICIANS_OF_THE_CASE, "get", "reading"),
    "api-read-photos": api(CLINICIANS_OF_THE_CASE, "post", "reading", photo="@reading_photo"),
    "api-review-grade": api(CASES, "post", "review", **GRADE),
    "api-review-opinions": api(CASES, "post", "review", question="Scarring?"),
    "api-review-escalate": api(TRICHOLOGISTS, "post", "review", reason="Pustules.", urgency="soon"),
    "api-opinion": api(CASES, "get", "opinion"),
    "api-opinion-photos": api(CASES, "post", "opinion", photo="@opinion_photo"),
    "api-reading-policy": api(ADMINISTRATORS, "get"),
    "api-reading-waive": api(OWN_ADMINISTRATORS, "post", "reading", reason="Nobody else is there."),
    "api-agreement": api(STAFF_FIGURES, "get"),
    "api-noise": api(STAFF_FIGURES, "get"),
    "api-queue": api(ANY_CLINICIAN, "get"),
    "api-claim": api(CASES, "post", "waiting"),
    "api-review": api(CASES, "get", "review"),
    "api-review-opened": api(CASES, "post", "review", kind="photo", id="@photo_in_review"),
    "api-review-reading": api(CASES, "put", "review", reasoning="Lost ostia."),
    "api-review-decide": api(CASES, "post", "review"),
    "api-review-finding": api(CASES, "post", "review", "finding", verdict="accepted"),
    "api-review-accept-rest": api(CASES, "post", "review"),
    "api-review-regions": api(
        CASES, "post", "review", photo_id="@region_photo", kind="bald", polygon=[[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]
    ),
    "api-review-region": api(CASES, "put", "review", "own_region", reason="Seen at the crown"),
    "api-review-region-merge": api(CASES, "post", "review", "own_region", other="@own_region"),
    "api-review-scale": api(CASES, "put", "review", "region_photo", points=[[0.1, 0.1], [0.9, 0.1]], length_mm=80),
    "api-review-measure-again": api(CASES, "post", "review"),
    "api-review-undo": api(CASES, "post", "review"),
    "api-review-redo": api(CASES, "post", "review"),
    "api-review-comparison": api(CASES, "get", "review", "photo_in_review"),
    "api-review-lease": api(CASES, "post", "review"),
    "api-review-reopen": api(CASES, "post", "decided"),
    "api-review-retake": api(CASES, "post", "review", wishes=[{"view": "crown", "reason": "blurred"}]),
    "api-review-reject": api(CASES, "post", "review", message="Please come in."),
    "api-review-hand-back": api(CASES, "post", "review", note="The crown, please."),
    "api-plan": api(CASES, "put", "decided", summary="Words."),
    "api-plan-draft": api(CASES, "post", "decided"),
    "api-formulary": api(CASES, "get", "decided"),
    "api-plan-items": api(CASES, "post", "decided", entry="@entry"),
    "api-plan-item": api(CASES, "put", "decided", "item", dose="1 ml", duration="six months"),
}
