"""How a review ends: retake, rejection, reopening, signature."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.errors import DomainError, Invalid, NotAllowed
from accounts.models import Notification
from accounts.roles import Role
from patients.intake_form import SexAtBirth, Symptom
from patients.models import PhotoSession
from reviews import services
from reviews.models import Review
from reviews.reading import Reading
from reviews.selectors import message_for_patient
from reviews.services import RetakeReason, RetakeWish
from reviews.signing import signing_state
from reviews.signing_policy import MedicalReason, SigningFacts, can_sign, needs_dermatologist
from tests.factories.patients import NOW, calm_answers, make_clinic, save_answers
from tests.factories.reviews import LATER, dermatologist, finding_of, review_at, signable, trichologist
from vision.types import View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def sign(review, actor):
    with transaction.atomic():
        locked = Review.objects.select_for_update().select_related("session__patient").get(pk=review.pk)
        services.mark_signed(review=locked, actor=actor, now=LATER)
    return locked


def test_a_retake_sends_the_session_back_with_views_reasons_and_message():
    review, actor = review_at("claimed")
    wishes = [RetakeWish(View.CROWN, RetakeReason.BLURRED), RetakeWish(View.OCCIPUT, RetakeReason.MISSING)]
    services.request_retake(actor=actor, review_id=review.pk, wishes=wishes, message="By daylight, please.", now=LATER)
    session = PhotoSession.objects.get(pk=review.session_id)
    assert session.status == "draft"
    assert [(wish["view"], wish["reason"]) for wish in session.retake_views] == [
        ("crown", "blurred"),
        ("occiput", "missing"),
    ]
    assert message_for_patient(session.pk) == "By daylight, please."
    mail = Notification.objects.get(kind="retake_requested")
    assert mail.path == f"/sessions/{session.pk}/capture/"


def test_a_retake_needs_a_view():
    review, actor = review_at("claimed")
    with pytest.raises(Invalid) as refused:
        services.request_retake(actor=actor, review_id=review.pk, wishes=[], message="", now=LATER)
    assert refused.value.code == "views_needed"


def test_a_rejection_closes_the_case_with_a_message_for_the_patient():
    review, actor = review_at("claimed")
    with pytest.raises(Invalid):
        services.reject_case(actor=actor, review_id=review.pk, message="  ", now=LATER)
    services.reject_case(actor=actor, review_id=review.pk, message="Please come in person.", now=LATER)
    assert PhotoSession.objects.get(pk=review.session_id).status == "closed"
    assert message_for_patient(review.session_id) == "Please come in person."
    assert Notification.objects.filter(kind="case_rejected").count() == 1


def test_a_note_to_a_colleague_never_reaches_the_patient():
    review, _actor = review_at("released")
    assert message_for_patient(review.session_id) == ""


def test_a_decided_case_can_be_reopened_and_nothing_else_changed():
    review, actor = review_at("decided")
    finding = finding_of(review, "measure")
    with pytest.raises(DomainError, match="Reopen it"):
        services.decide_finding(
            actor=actor, review_id=review.pk, finding_id=finding.pk, verdict="rejected", reason="Glare", now=LATER
        )
    services.reopen(actor=actor, review_id=review.pk, now=LATER)
    services.decide_finding(
        actor=actor, review_id=review.pk, finding_id=finding.pk, verdict="rejected", reason="Glare", now=LATER
    )


def test_words_typed_just_before_the_decision_are_kept_until_the_signature():
    review, actor = review_at("decided")
    services.save_reading(actor=actor, review_id=review.pk, reading=Reading(reasoning="typed late"), now=LATER)
    review.refresh_from_db()
    assert review.reading["reasoning"] == "typed late"
    signed = sign(signable(review, actor), actor)
    with pytest.raises(DomainError):
        services.save_reading(actor=actor, review_id=signed.pk, reading=Reading(reasoning="too late"), now=LATER)


def test_a_complete_case_is_signed_and_the_session_closes():
    review, actor = review_at("decided")
    signed = sign(signable(review, actor), actor)
    assert signed.status == "signed"
    assert PhotoSession.objects.get(pk=review.session_id).status == "closed"


def test_what_is_missing_is_named_and_blocks_the_signature():
    review, actor = review_at("claimed")
    codes = [blocker.code for blocker in signing_state(review, actor).blockers]
    assert codes == ["not_decided", "unseen", "summary_needed", "follow_up_needed"]
    with pytest.raises(Invalid) as refused:
        sign(review, actor)
    assert refused.value.code == "not_decided"


def test_a_newer_intake_blocks_the_signature_until_it_is_reconfirmed():
    review, actor = review_at("decided")
    signable(review, actor)
    save_answers(review.session.patient, calm_answers(medications=("Warfarin",)), now=LATER + timedelta(minutes=1))
    with pytest.raises(Invalid) as refused:
        sign(review, actor)
    assert refused.value.code == "intake_not_confirmed"


def test_only_the_holder_signs():
    review, actor = review_at("decided")
    signable(review, actor)
    with pytest.raises(DomainError) as refused:
        sign(review, dermatologist(review.clinic))
    assert refused.value.code == "not_holder"


POLICY = [
    (SigningFacts(), ()),
    (SigningFacts(diagnosis_code="none"), ()),
    (SigningFacts(condition="no_finding"), ()),
    (SigningFacts(condition="unsure"), ()),
    (SigningFacts(diagnosis_code="L64"), (MedicalReason.DIAGNOSIS,)),
    (SigningFacts(diagnosis_code="other"), (MedicalReason.DIAGNOSIS,)),
    (SigningFacts(condition="psoriasis"), (MedicalReason.CONDITION,)),
    (SigningFacts(prescriptions=("Finasteride",)), (MedicalReason.PRESCRIPTION,)),
    (SigningFacts(red_flags=("pus",)), (MedicalReason.RED_FLAG,)),
    (
        SigningFacts("L63", "alopecia", ("Baricitinib",), ("pus",)),
        (MedicalReason.DIAGNOSIS, MedicalReason.CONDITION, MedicalReason.PRESCRIPTION, MedicalReason.RED_FLAG),
    ),
]


@pytest.mark.parametrize(("facts", "reasons"), POLICY)
def test_who_may_sign_what(facts, reasons):
    assert needs_dermatologist(facts) == reasons
    assert can_sign(Role.DERMATOLOGIST, facts)
    assert can_sign(Role.TRICHOLOGIST, facts) is not bool(reasons)
    assert not can_sign(Role.PATIENT, facts)
    assert not can_sign(Role.ADMINISTRATOR, facts)


def test_a_trichologist_signs_a_lifestyle_plan():
    clinic = make_clinic()
    review, actor = review_at("decided", clinic=clinic, actor=trichologist(clinic), condition="no_finding")
    assert sign(signable(review, actor, entries=["nutrition", "gentle-care"]), actor).status == "signed"


def test_a_trichologist_cannot_sign_a_prescription():
    clinic = make_clinic()
    answers = calm_answers(sex_at_birth=SexAtBirth.MALE)
    review, actor = review_at(
        "decided", clinic=clinic, actor=trichologist(clinic), condition="no_finding", answers=answers
    )
    signable(review, actor, entries=["clobetasol"])
    with pytest.raises(NotAllowed, match="the plan contains a prescription item"):
        sign(review, actor)


def test_a_trichologist_cannot_sign_a_condition_but_may_reject_it():
    clinic = make_clinic()
    review, actor = review_at("decided", clinic=clinic, actor=trichologist(clinic))
    signable(review, actor)
    with pytest.raises(NotAllowed, match="names a skin condition"):
        sign(review, actor)
    services.reopen(actor=actor, review_id=review.pk, now=LATER)
    services.decide_finding(
        actor=actor,
        review_id=review.pk,
        finding_id=finding_of(review, "condition").pk,
        verdict="rejected",
        reason="Cosmetic question only",
        now=LATER,
    )
    services.decide_review(actor=actor, review_id=review.pk, now=LATER)
    assert sign(review, actor).outcome == "amended"


def test_a_red_flag_case_goes_to_a_dermatologist_with_the_work_kept():
    clinic = make_clinic()
    flagged = calm_answers(symptoms=(Symptom.PUS,))
    review, actor = review_at(
        "decided", clinic=clinic, actor=trichologist(clinic), answers=flagged, condition="no_finding"
    )
    signable(review, actor)
    with pytest.raises(NotAllowed, match="the intake raised a red flag"):
        sign(review, actor)
    services.release_review(actor=actor, review_id=review.pk, now=LATER, note="Pustules?", for_dermatologist=True)
    doctor = dermatologist(clinic)
    taken = services.claim_review(actor=doctor, session_id=review.session_id, now=LATER)
    assert taken.plan.summary.startswith("Your hair is thinner")


def test_a_signed_case_is_corrected_by_a_new_review_with_the_work_kept():
    review, actor = review_at("decided")
    signed = sign(signable(review, actor, entries=["nutrition"]), actor)
    correction = services.open_correction(actor=actor, source=signed, now=LATER + timedelta(days=1))
    assert correction.status == "claimed"
    assert [item.entry.code for item in correction.plan.items.all()] == ["nutrition"]
    with pytest.raises(DomainError, match="corrects a signed report"):
        services.reject_case(actor=actor, review_id=correction.pk, message="x", now=LATER)
    services.decide_review(actor=actor, review_id=correction.pk, now=LATER)
    assert sign(correction, actor).status == "signed"
    assert Review.objects.get(pk=signed.pk).status == "signed"


def test_the_follow_up_lies_in_the_future():
    review, actor = review_at("claimed")
    with pytest.raises(Invalid) as refused:
        services.save_plan(
            actor=actor, review_id=review.pk, summary="", advice="", follow_up_date=NOW.date(), now=LATER
        )
    assert refused.value.code == "follow_up_past"
