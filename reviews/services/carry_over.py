"""What one review leaves to the next: reading, decisions and plan. Looking is never carried to another person."""

from __future__ import annotations

from reviews.decisions import effective
from reviews.models import FindingDecision, FindingOpened, OwnRegion, Plan, PlanItem, Review
from reviews.own_regions import own_regions


def carry_work(*, source: Review, target: Review) -> None:
    """Copy the work of ``source`` into the fresh review ``target``.

    Decisions are copied when both look at the same analysis, own regions always; both keep the name of who made them.
    What was opened is copied only when the same person goes on: somebody else has to look for themselves first.
    """
    target.carried_from = source
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
        FindingOpened.objects.bulk_create(
            FindingOpened(review=target, subject_kind=row.subject_kind, subject_id=row.subject_id, at=row.at)
            for row in source.opened.all()
        )
    plan = Plan.objects.filter(review=source).first()
    if plan is not None:
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
