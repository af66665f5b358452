"""What the reviews API takes and gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.actors import Actor
from analysis.selectors import State as AnalysisState
from patients.api import PhotoOut
from patients.capture_protocol import RetakeReason
from patients.selectors import answers_of, photos_of, red_flags_of
from reviews import selectors
from reviews.causes import Cause
from reviews.contraindications import Weight
from reviews.diagnoses import Diagnosis
from reviews.models import FindingDecision, FormularyEntry, Review, ReviewStatus
from reviews.payloads import STAGE_CHOICES
from reviews.plan_page import PlanPage, plan_page
from reviews.reading import PullTest, Reading
from reviews.signing import intake_of
from reviews.visibility import findings_hidden
from vision.types import View


class CaseOut(serializers.Serializer[Any]):
    """One case of the worklist, most pressing first."""

    session_id = serializers.UUIDField(source="session.pk")
    review_id = serializers.UUIDField(source="review.pk", allow_null=True, default=None)
    record_number = serializers.CharField(source="patient.record_number")
    submitted_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    overdue = serializers.BooleanField()
    urgent = serializers.BooleanField()
    red_flags = serializers.ListField(child=serializers.CharField(), source="flags")
    severity = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="value, low, high")
    missing_views = serializers.ListField(child=serializers.CharField())
    analysis = serializers.ChoiceField(
        choices=[(state.value, state.name) for state in AnalysisState], source="analysis.state"
    )
    held_by = serializers.CharField(source="holder", help_text="empty when the case is free")
    mine = serializers.BooleanField()
    handed_to_me = serializers.BooleanField(help_text="by a colleague; claim it, or decline")
    handed_by = serializers.CharField(help_text="who handed the case over, while nobody has taken it")


class FinalFindingOut(serializers.Serializer[Any]):
    """A finding as it counts after the decisions, with what the model said beside it."""

    finding_id = serializers.UUIDField()
    photo_id = serializers.UUIDField(allow_null=True)
    kind = serializers.CharField()
    code = serializers.CharField()
    payload = serializers.JSONField()
    model_payload = serializers.JSONField()
    verdict = serializers.CharField(
        help_text="accepted, corrected, added (by the clinician; no release), or empty for what was not measurable"
    )
    reason = serializers.CharField()
    release = serializers.CharField()


class UnseenOut(serializers.Serializer[Any]):
    """What stands between a review and its decision."""

    photos = serializers.ListField(child=serializers.UUIDField())
    findings = serializers.ListField(child=serializers.UUIDField())
    unopened_findings = serializers.ListField(child=serializers.UUIDField())
    unexplained = serializers.ListField(child=serializers.UUIDField(), help_text="own regions without a reason")


class AlertOut(serializers.Serializer[Any]):
    """What speaks against a treatment for this patient: an absolute rule stops it, a relative one asks for a reason."""

    rule = serializers.CharField()
    weight = serializers.ChoiceField(choices=[weight.value for weight in Weight], source="weight.value")
    text = serializers.CharField()
    reference = serializers.CharField(source="source")


class EntryOut(serializers.Serializer[Any]):
    """A treatment of the formulary, held against this patient's answers."""

    id = serializers.UUIDField(source="entry.pk")
    code = serializers.CharField(source="entry.code")
    category = serializers.ChoiceField(choices=FormularyEntry.Category.choices, source="entry.category")
    name = serializers.CharField(source="entry.name")
    usual_dose = serializers.CharField(source="entry.usual_dose")
    usual_duration = serializers.CharField(source="entry.usual_duration")
    evidence_grade = serializers.CharField(source="entry.evidence_grade", help_text="A to D")
    evidence = serializers.CharField(source="grade_words")
    reference = serializers.CharField(source="entry.source")
    prescription = serializers.BooleanField(source="entry.prescription")
    monitoring = serializers.CharField(source="entry.monitoring")
    patient_text = serializers.CharField(source="entry.patient_text")
    fits_diagnosis = serializers.BooleanField(source="fits")
    in_plan = serializers.BooleanField()
    blocked = serializers.BooleanField()
    needs_reason = serializers.BooleanField()
    alerts = AlertOut(many=True)


class PlanItemOut(serializers.Serializer[Any]):
    """One treatment of a plan."""

    id = serializers.UUIDField(source="item.pk")
    code = serializers.CharField(source="entry.code")
    name = serializers.CharField(source="entry.name")
    dose = serializers.CharField(source="item.dose")
    duration = serializers.CharField(source="item.duration")
    instructions = serializers.CharField(source="item.instructions")
    override_reason = serializers.CharField(source="item.override_reason")
    alerts = AlertOut(many=True)


class PlanOut(serializers.Serializer[Any]):
    """The plan as it stands; nothing of it reaches the patient before it is signed."""

    summary = serializers.CharField()
    advice = serializers.CharField()
    follow_up_date = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()
    items = PlanItemOut(many=True)


class BlockerOut(serializers.Serializer[Any]):
    """One thing to do before the signature."""

    code = serializers.CharField()
    message = serializers.CharField()


class SigningOut(serializers.Serializer[Any]):
    """Whether the plan can be signed now, and by this person."""

    blockers = BlockerOut(many=True)
    role_may_sign = serializers.BooleanField()
    who_must_sign = serializers.CharField(help_text="why a dermatologist has to sign; empty when nobody special has to")


class ReadingIO(serializers.Serializer[Any]):
    """The clinician's own reading (R8)."""

    diagnosis_code = serializers.ChoiceField(choices=[code.value for code in Diagnosis], allow_blank=True, default="")
    diagnosis_text = serializers.CharField(allow_blank=True, default="", max_length=300)
    differential = serializers.ListField(
        child=serializers.ChoiceField(choices=[code.value for code in Diagnosis if code.is_medical]), default=list
    )
    pull_test = serializers.ChoiceField(choices=[test.value for test in PullTest], allow_blank=True, default="")
    dermoscopy = serializers.CharField(allow_blank=True, default="", max_length=4000)
    examination = serializers.CharField(allow_blank=True, default="", max_length=4000)
    tests_ordered = serializers.CharField(allow_blank=True, default="", max_length=4000)
    tests_received = serializers.CharField(allow_blank=True, default="", max_length=4000)
    reasoning = serializers.CharField(allow_blank=True, default="", max_length=4000)


class ReviewOut(serializers.Serializer[Any]):
    """A review with what counts, what is still unseen, the reading and the plan."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ReviewStatus.choices)
    outcome = serializers.CharField()
    reviewer = serializers.CharField(source="reviewer.display_name")
    lease_until = serializers.DateTimeField()
    grade_first = serializers.BooleanField(help_text="findings are closed until this person has committed a grade")
    findings = FinalFindingOut(many=True)
    unseen = UnseenOut()
    photos = PhotoOut(many=True)
    intake = serializers.DictField(allow_null=True, help_text="the patient's answers about health")
    red_flags = serializers.ListField(child=serializers.CharField())
    handover_note = serializers.CharField(help_text="what the last holder left")
    reading = ReadingIO()
    plan = PlanOut(allow_null=True)
    signing = SigningOut()


class OpenedIn(serializers.Serializer[Any]):
    """What was looked at."""

    kind = serializers.ChoiceField(choices=["photo", "finding"])
    id = serializers.UUIDField()


class DecisionIn(serializers.Serializer[Any]):
    """A decision about a finding. Which correction counts depends on the finding's kind."""

    verdict = serializers.ChoiceField(
        choices=[FindingDecision.Verdict.ACCEPTED, FindingDecision.Verdict.CORRECTED, FindingDecision.Verdict.REJECTED]
    )
    reason = serializers.CharField(allow_blank=True, default="", max_length=500)
    cause = serializers.ChoiceField(
        choices=["", *(cause.value for cause in Cause)],
        default="",
        allow_blank=True,
        help_text="one of the listed reasons; a region rejected as outside_scalp is no scalp any more",
    )
    value = serializers.FloatField(allow_null=True, default=None)
    condition = serializers.CharField(allow_blank=True, default="", max_length=20)
    stage = serializers.ChoiceField(
        choices=["", *STAGE_CHOICES], default="", allow_blank=True, help_text="Norwood stage of the clinician"
    )
    region_kind = serializers.ChoiceField(choices=["", "bald", "thinning"], default="", allow_blank=True)
    polygon = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        allow_null=True,
        default=None,
        help_text="outline in fractions 0..1 of the picture",
    )


class RetakeWishIn(serializers.Serializer[Any]):
    """One view that is needed again, and why."""

    view = serializers.ChoiceField(choices=[view.value for view in View])
    reason = serializers.ChoiceField(choices=[reason.value for reason in RetakeReason])


class RetakeIn(serializers.Serializer[Any]):
    """The views that are needed again, and words for the patient."""

    wishes = RetakeWishIn(many=True)
    message = serializers.CharField(allow_blank=True, default="", max_length=1000)


class RejectIn(serializers.Serializer[Any]):
    """Why there is no plan: the patient reads exactly this."""

    message = serializers.CharField(max_length=1000)


class HandBackIn(serializers.Serializer[Any]):
    """A note for whoever claims the case next."""

    note = serializers.CharField(allow_blank=True, default="", max_length=1000)
    for_dermatologist = serializers.BooleanField(default=False)


class PlanIn(serializers.Serializer[Any]):
    """The words and the date of the plan."""

    summary = serializers.CharField(allow_blank=True, default="", max_length=4000)
    advice = serializers.CharField(allow_blank=True, default="", max_length=4000)
    follow_up_date = serializers.DateField(allow_null=True, default=None)


class PlanItemNew(serializers.Serializer[Any]):
    """A treatment of the formulary; ``override_reason`` where something relative speaks against it."""

    entry = serializers.UUIDField()
    override_reason = serializers.CharField(allow_blank=True, default="", max_length=500)


class PlanItemIn(serializers.Serializer[Any]):
    """What is written about a treatment."""

    dose = serializers.CharField(max_length=300)
    duration = serializers.CharField(max_length=200)
    instructions = serializers.CharField(allow_blank=True, default="", max_length=1500)
    override_reason = serializers.CharField(allow_blank=True, default="", max_length=500)


def review_body(actor: Actor, review: Review) -> dict[str, Any]:
    """A review as :class:`ReviewOut` shows it; the caller has checked the scope."""
    intake = intake_of(review)
    page = plan_page(review, actor)
    hidden = findings_hidden(actor, review.session)
    waiting = selectors.unseen(review)
    return {
        "id": review.pk,
        "session_id": review.session_id,
        "status": review.status,
        "outcome": review.outcome,
        "reviewer": review.reviewer,
        "lease_until": review.lease_until,
        "grade_first": hidden,
        "findings": () if hidden else selectors.final_findings(review),
        "unseen": replace(waiting, findings=(), unopened_findings=()) if hidden else waiting,
        "photos": photos_of(review.session),
        "intake": answers_of(intake).to_dict() if intake else None,
        "red_flags": [flag.value for flag in red_flags_of(intake)] if intake else [],
        "handover_note": review.handover_note,
        "reading": Reading.from_dict(review.reading).to_dict(),
        "plan": _plan_body(page),
        "signing": page.signing,
    }


def review_answer(actor: Actor, review: Review, status: int = 200) -> Response:
    """The review as it stands."""
    return Response(ReviewOut(review_body(actor, review)).data, status=status)


def _plan_body(page: PlanPage) -> dict[str, Any] | None:
    if page.plan is None:
        return None
    return {
        "summary": page.plan.summary,
        "advice": page.plan.advice,
        "follow_up_date": page.plan.follow_up_date,
        "version": page.plan.version,
        "items": page.items,
    }
