"""Who reaches the addresses of the room ``reviews``."""

from __future__ import annotations

from tests.access.rules import (
    ANY_CLINICIAN,
    CASES,
    Address,
    api,
    get,
    post,
)

OUTLINE = '{"action": "update", "id": "REGION", "type": "polygon", "polygon": [[100, 100], [300, 100], [300, 300]]}'

TABLE: dict[str, Address] = {
    "reviews:queue": get(ANY_CLINICIAN),
    "reviews:claim": post(CASES, "waiting"),
    "reviews:review": get(CASES, "review"),
    "reviews:photo": Address(CASES, "get", ("review", "photo_in_review"), htmx=True),
    "reviews:outlines": Address(CASES, "post", ("review", "region_photo"), body=OUTLINE),
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
    "api-queue": api(ANY_CLINICIAN, "get"),
    "api-claim": api(CASES, "post", "waiting"),
    "api-review": api(CASES, "get", "review"),
    "api-review-opened": api(CASES, "post", "review", kind="photo", id="@photo_in_review"),
    "api-review-reading": api(CASES, "put", "review", reasoning="Lost ostia."),
    "api-review-decide": api(CASES, "post", "review"),
    "api-review-finding": api(CASES, "post", "review", "finding", verdict="accepted"),
    "api-review-accept-rest": api(CASES, "post", "review"),
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
