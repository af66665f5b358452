"""Signing: freeze what was read, under a secret typed again, in one transaction (R5)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify, stepup, webhooks
from accounts.actors import Actor
from accounts.background import enqueue
from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.models import User
from accounts.roles import Permission
from patients.selectors import open_photo, users_of
from reports import fhir
from reports.codes import new_code
from reports.compose import Draft, PictureRecipe, compose
from reports.content import Issue, Picture, ReportContent, content_hash, to_dict
from reports.models import Amendment, Report, ReportImage, ReportResource
from reports.pictures import Jpeg, readable_copy
from reports.services.progress import ask_for_comparisons
from reviews.models import Review
from reviews.services import mark_signed
from reviews.signing import signing_state
from reviews.visibility import check_findings_open
from vault import files

FOLDER = "reports"


def sign_and_issue(
    *,
    actor: Actor,
    review_id: UUID,
    now: datetime,
    secret: str = "",
    key: Mapping[str, Any] | None = None,
    read_hash: str = "",
) -> Report:
    """Sign the review's plan and issue its report, under a secret typed again or the answer of a security key.

    ``read_hash`` is the hash of the draft that the signatory had before their eyes; when the document has changed
    since, nothing is signed. Raises NotAllowed, NotFound, Invalid (wrong secret or key) and DomainError, each with a
    sentence.
    """
    actor.check(Permission.SIGN_COSMETIC_PLAN)
    check_may_sign(actor, review_in_scope(actor, review_id))
    proof = stepup.verify(user=User.objects.get(pk=actor.user_id), secret=secret, key=key, now=now)
    sealed: list[str] = []
    try:
        with transaction.atomic():
            review = review_in_scope(actor, review_id, lock=True)
            check_may_sign(actor, review)
            draft = compose(review)
            if read_hash and content_hash(draft.content) != read_hash:
                raise DomainError(
                    "document_changed", _("The document changed after you opened it. Read it again, then sign.")
                )
            report = _issue(review, draft, actor=actor, method=proof.method.value, now=now, sealed=sealed)
    except BaseException:
        for name in sealed:
            files.delete_file(name)
        raise
    return report


def check_may_sign(actor: Actor, review: Review) -> None:
    """All rules of signing but the secret. Raises NotAllowed (who may) and DomainError (what is missing)."""
    actor.check(Permission.SIGN_COSMETIC_PLAN)
    if review.reviewer_id != actor.membership_id:
        raise NotAllowed(_("A colleague holds this case. Only who reviewed it can sign it."), code="not_the_reviewer")
    state = signing_state(review, actor)
    if not state.role_may_sign:
        raise NotAllowed(state.who_must_sign, code="needs_dermatologist")
    for blocker in state.blockers:
        raise DomainError(blocker.code, blocker.message)


def review_in_scope(actor: Actor, review_id: UUID, *, lock: bool = False) -> Review:
    """The review with all that its report is composed from; NotFound out of scope, ``grade_first`` for who reads it
    blind and has not graded it."""
    rows = Review.objects.visible_to(actor).select_related(
        "session__patient__clinic", "session__intake", "clinic", "reviewer", "analysis__pipeline"
    )
    if lock:
        rows = rows.select_for_update(of=("self",))
    review: Review | None = rows.filter(pk=review_id).first()
    if review is None:
        raise NotFound
    check_findings_open(actor, review)
    return review


def draft_picture(*, actor: Actor, review_id: UUID, picture_id: UUID) -> Jpeg:
    """One picture of the draft, drawn as it will be when it is signed. The sign page that shows it is audited."""
    actor.check(Permission.SIGN_COSMETIC_PLAN)
    review = review_in_scope(actor, review_id)
    recipe = next((item for item in compose(review).recipes if item.picture.id == str(picture_id)), None)
    if recipe is None:
        raise NotFound
    with open_photo(recipe.photo) as stream:
        return readable_copy(stream.read(), recipe.outlines)


@transaction.atomic
def read_draft(*, actor: Actor, review_id: UUID, now: datetime) -> tuple[Review, Draft]:
    """The draft for the sign page, with the event that its photographs were shown."""
    actor.check(Permission.SIGN_COSMETIC_PLAN)
    review = review_in_scope(actor, review_id)
    draft = compose(review)
    audit.record(
        action="report.draft_read",
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
        detail={"photos": sorted({str(recipe.photo.pk) for recipe in draft.recipes})},
    )
    return review, draft


def as_dict(draft: Draft) -> dict[str, Any]:
    """The draft's content as JSON."""
    return to_dict(draft.content)


def draft_hash(draft: Draft) -> str:
    """The hash that says which draft was read."""
    return content_hash(draft.content)


def _issue(review: Review, draft: Draft, *, actor: Actor, method: str, now: datetime, sealed: list[str]) -> Report:
    session = review.session
    previous, reason = _superseded(review)
    report_id = uuid.uuid4()
    pictures, images = _freeze_pictures(draft.recipes, report_id, session.patient.key_id, sealed)
    issue = Issue(
        report_id=str(report_id),
        signed_at=now,
        verification_code=new_code(),
        step_up=method,
        supersedes_code=previous.verification_code if previous else "",
        amendment_reason=reason,
    )
    content = draft.content.issued(issue, pictures)
    report = Report.objects.create(
        id=report_id,
        clinic=review.clinic,
        patient=session.patient,
        session=session,
        review=review,
        content=to_dict(content),
        content_hash=content_hash(content),
        signed_by=review.reviewer,
        signed_at=now,
        verification_code=issue.verification_code,
        supersedes=previous,
    )
    ReportImage.objects.bulk_create(images)
    _index_resources(report, content)
    mark_signed(review=review, actor=actor, now=now)
    audit.record(
        action="report.signed",
        now=now,
        actor=actor,
        patient_id=session.patient_id,
        subject_kind="report",
        subject_id=report.pk,
        detail={
            "content_hash": report.content_hash,
            "step_up": method,
            "supersedes": str(previous.pk) if previous else "",
        },
    )
    notify.notify(
        recipients=users_of(session.patient_id),
        kind=notify.Kind.REPORT_SIGNED,
        clinic_id=review.clinic_id,
        path=reverse("reports:report", args=[report.pk]),
        dedupe_key=f"report:{report.pk}",
        now=now,
    )
    webhooks.announce(
        clinic_id=review.clinic_id,
        event=webhooks.Event.REPORT_SIGNED,
        ids={
            "patient": session.patient_id,
            "session": session.pk,
            "report": report.pk,
            "supersedes": previous.pk if previous else None,
        },
        now=now,
    )
    enqueue("reports.tasks.render_report", report.pk)
    ask_for_comparisons(report, now=now)
    return report


def _index_resources(report: Report, content: ReportContent) -> None:
    """Which FHIR resources this report becomes, so that each is found by its id."""
    facts = fhir.ReportFacts(content=content, content_hash=report.content_hash)
    kinds = set(ReportResource.Kind.values)
    made = [item for item in fhir.report_resources(str(report.patient_id), facts) if item["resourceType"] in kinds]
    ReportResource.objects.bulk_create(
        ReportResource(id=UUID(item["id"]), report=report, kind=item["resourceType"], position=position)
        for position, item in enumerate(made)
    )


def _superseded(review: Review) -> tuple[Report | None, str]:
    """The valid report that this one replaces, and why. Raises DomainError when somebody else replaced it already."""
    amendment = Amendment.objects.filter(review=review).select_related("report").first()
    if amendment is None:
        return None, ""
    if Report.objects.filter(supersedes=amendment.report).exists():
        raise DomainError(
            "already_superseded", _("The report was corrected by someone else meanwhile. Open the newest one.")
        )
    return amendment.report, amendment.reason


def _freeze_pictures(
    recipes: Iterable[PictureRecipe], report_id: UUID, key_id: UUID, sealed: list[str]
) -> tuple[tuple[Picture, ...], list[ReportImage]]:
    """Seal a copy of each picture as the patient will see it. ``sealed`` collects names, to be deleted on failure."""
    pictures, images = [], []
    for position, recipe in enumerate(recipes):
        with open_photo(recipe.photo) as stream:
            jpeg = readable_copy(stream.read(), recipe.outlines)
        stored = files.seal_file(key_id=key_id, source=io.BytesIO(jpeg.data), folder=FOLDER)
        sealed.append(stored.name)
        pictures.append(replace(recipe.picture, sha256=jpeg.sha256, width_px=jpeg.width_px, height_px=jpeg.height_px))
        images.append(
            ReportImage(
                id=UUID(recipe.picture.id),
                report_id=report_id,
                view=recipe.picture.view,
                kind=recipe.picture.kind,
                file_name=stored.name,
                media_type="image/jpeg",
                sha256=jpeg.sha256,
                width_px=jpeg.width_px,
                height_px=jpeg.height_px,
                position=position,
            )
        )
    return tuple(pictures), images
