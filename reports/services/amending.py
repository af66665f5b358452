"""Correcting a signed report: nothing of it changes; a new review opens whose report supersedes it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission
from reports.models import Amendment, Report
from reviews.models import Review
from reviews.services import open_correction


@transaction.atomic
def amend_signed(*, actor: Actor, report_id: UUID, reason: str, now: datetime) -> Review:
    """Open a correction: a claimed review with the signed decisions, reading and plan.

    ``reason`` is what the new report says. Raises NotFound, NotAllowed, Invalid ``reason_needed``, DomainError
    ``already_superseded`` and ``already_claimed``.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    report: Report | None = (
        Report.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("patient", "clinic")
        .filter(pk=report_id)
        .first()
    )
    if report is None:
        raise NotFound
    if not reason.strip():
        raise Invalid("reason_needed", _("Write why the report is corrected: the reason stands in the new report."))
    if Report.objects.filter(supersedes=report).exists():
        raise DomainError("already_superseded", _("This report was corrected already. Correct the newest one."))
    if report.review is None:
        raise DomainError("review_gone", _("The review of this report no longer exists, so it cannot be corrected."))
    review = open_correction(actor=actor, source=report.review, now=now)
    Amendment.objects.create(review=review, report=report, reason=reason.strip(), opened_at=now)
    audit.record(
        action="report.correction_opened",
        now=now,
        actor=actor,
        patient_id=report.patient_id,
        subject_kind="report",
        subject_id=report.pk,
        detail={"review": str(review.pk)},
    )
    return review
