"""What one review leaves to the next: reading, decisions and plan. Looking is never carried to another person."""

from __future__ import annotations

from reviews.decisions import effective
from reviews.models import FindingDecision, FindingOpened, OwnRegion, Plan, PlanItem, Review, ReviewStatus
from reviews.own_regions import own_regions


def work_to_carry(review: Review) -> Review | None:
    """The last review of the same submission that was handed on, for whoever claims the case next."""
    since = review.session.submitted_at
    rows = Review.objects.filter(session_id=review.session_id, status__in=ReviewStatus.handed_on())
    source: Review | None = rows.filter(claimed_at__gte=since).exclude(pk=review.pk).order_by("-closed_at").first()
    return source


def carry_work(*, source: Review, target: Review) -> None:
    """Copy the work of ``source`` into the review ``target``: at the claim, or once a blind reader has graded.

    What the new reviewer wrote before then stays theirs.

    Decisions are copied when both look at the same analysis, own regions always; both keep the name of who made them.
    What was opened is copied only when the same person goes on: somebody else has to look for themselves first.
    """
    target.carried_from = source
    if target.reading_saved_at is None:
        target.reading = source.reading
        target.reading_saved_at = source.reading_saved_at
    target.handover_note = source.handover_note
    target.save()
    if source.analysis_id is not None and source.analysis_id == target.analysis_id:
        for decision in effective(source).values():
            FindingDecision.objects.create(
                review=target,
                finding_id=decision.finding_id,
                verdict=decision.verdict,
                corrected=decision.corrected,
                reason=decision.reason,
                cause=decision.cause,
                decided_by_id=decision.decided_by_id,
                position=0,
                at=decision.at,
            )
    for region in own_regions(source):
        OwnRegion.objects.create(
            review=target,
            photo=region.photo,
            region_id=region.region_id,
            act=OwnRegion.Act.DRAWN,
            payload=region.payload,
            reason=region.reason,
            drawn_by_id=region.drawn_by_id,
            position=0,
            at=region.at,
        )
    if source.reviewer_id == target.reviewer_id:
        known = set(target.opened.values_list("subject_id", flat=True))
        FindingOpened.objects.bulk_create(
            FindingOpened(review=target, subject_kind=row.subject_kind, subject_id=row.subject_id, at=row.at)
            for row in source.opened.all()
            if row.subject_id not in known
        )
    plan = Plan.objects.filter(review=source).first()
    if plan is not None and not Plan.objects.filter(review=target).exists():
        _copy_plan(plan, target)


def _copy_plan(plan: Plan, target: Review) -> None:
    copy = Plan.objects.create(
        review=target,
        summary=plan.summary,
        advice=plan.advice,
        follow_up_date=plan.follow_up_date,
        changed_at=plan.changed_at,
    )
    for item in plan.items.all():
        PlanItem.objects.create(
            plan=copy,
            entry_id=item.entry_id,
            position=item.position,
            dose=item.dose,
            duration=item.duration,
            instructions=item.instructions,
            override_reason=item.override_reason,
        )
