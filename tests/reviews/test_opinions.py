"""Second opinions and escalation: the case stays, or goes up; everybody sees why, and no mail says what."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.errors import DomainError, Invalid, NotAllowed
from accounts.models import AuditEvent, Notification, User
from patients.models import PhotoSession
from reviews import services
from reviews.case_page import case_page
from reviews.grade import Grade
from reviews.models import Opinion, Review
from reviews.queue import worklist
from reviews.queue_filters import QueueFilters
from reviews.queue_page import queue_lines
from reviews.signing import signing_state
from reviews.signing_policy import MedicalReason
from tests.factories.patients import make_clinic, signed_in
from tests.factories.reviews import LATER, accept_all, dermatologist, look_at_all, review_at, signable, trichologist
from vision.types import Condition

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

GRADE = Grade(Condition.PSORIASIS, 10, 2)


def ask(review, actor, colleague=None, question="Scarring?"):
    asked_of = colleague.membership_id if colleague else None
    return services.ask_opinion(actor=actor, review_id=review.pk, question=question, asked_of=asked_of, now=LATER)


def fresh(review):
    return Review.objects.select_related("session__patient__clinic", "session__intake__patient", "reviewer").get(
        pk=review.pk
    )


def test_a_named_colleague_answers_and_the_first_keeps_the_case_and_decides():
    clinic = make_clinic()
    colleague, other = trichologist(clinic), dermatologist(clinic)
    review, actor = review_at("claimed", clinic=clinic)
    opinion = ask(review, actor, colleague)
    mail = Notification.objects.get(kind="opinion_asked")
    assert (mail.recipient_id, mail.path) == (colleague.user_id, f"/opinions/{opinion.pk}/")
    accept_all(review, actor)
    with pytest.raises(Invalid) as refused:
        services.decide_review(actor=actor, review_id=review.pk, now=LATER)
    assert refused.value.code == "opinion_open"
    with pytest.raises(NotAllowed):
        services.read_opinion(actor=other, opinion_id=opinion.pk, now=LATER)
    with pytest.raises(Invalid, match="look at these photographs first"):
        services.give_opinion(actor=colleague, opinion_id=opinion.pk, answer="x", grade=GRADE, now=LATER)
    look_at_all(review.session, colleague)
    services.give_opinion(actor=colleague, opinion_id=opinion.pk, answer="No scarring.", grade=GRADE, now=LATER)
    review = fresh(review)
    assert (review.status, review.reviewer_id) == ("claimed", actor.membership_id)
    [line] = case_page(review, actor).panel.opinions
    assert (line.answer, line.answered_by) == ("No scarring.", "Tomas Lind")
    assert "Psoriasis" in line.grade
    assert services.decide_review(actor=actor, review_id=review.pk, now=LATER).status == "decided"
    assert [event.action for event in review.history.order_by("pk")] == [
        "claim", "ask_opinion", "give_opinion", "approve",
    ]  # fmt: skip
    assert AuditEvent.objects.filter(action__in=["opinion.asked", "opinion.given"]).count() == 2
    assert Notification.objects.get(kind="opinion_given").recipient_id == actor.user_id


def test_any_dermatologist_may_answer_and_only_once():
    clinic = make_clinic()
    doctor, healer = dermatologist(clinic), trichologist(clinic)
    review, actor = review_at("claimed", clinic=clinic)
    opinion = ask(review, actor)
    assert set(Notification.objects.filter(kind="opinion_asked").values_list("recipient", flat=True)) == {
        doctor.user_id
    }
    for nobody in (healer, actor):
        with pytest.raises(NotAllowed):
            services.give_opinion(actor=nobody, opinion_id=opinion.pk, answer="x", grade=GRADE, now=LATER)
    look_at_all(review.session, doctor)
    services.give_opinion(actor=doctor, opinion_id=opinion.pk, answer="Fine.", grade=GRADE, now=LATER)
    with pytest.raises(DomainError) as refused:
        services.give_opinion(actor=doctor, opinion_id=opinion.pk, answer="Other.", grade=GRADE, now=LATER)
    assert refused.value.code == "opinion_closed"


def test_a_question_needs_words_somebody_to_ask_and_can_be_taken_back():
    clinic = make_clinic()
    review, actor = review_at("claimed", clinic=clinic)
    for colleague, question, code in ((None, " ", "question_needed"), (None, "?", "nobody_to_ask")):
        with pytest.raises(Invalid) as refused:
            ask(review, actor, colleague, question)
        assert refused.value.code == code
    with pytest.raises(Invalid) as refused:
        ask(review, actor, dermatologist(make_clinic("Elsewhere")))
    assert refused.value.code == "unknown_colleague"
    opinion = ask(review, actor, dermatologist(clinic))
    services.withdraw_opinion(actor=actor, opinion_id=opinion.pk, now=LATER)
    accept_all(review, actor)
    assert services.decide_review(actor=actor, review_id=review.pk, now=LATER).status == "decided"


def whom(review, actor):
    panel = case_page(fresh(review), actor).panel
    return [name for _value, name in panel.ask_form.fields["asked_of"].choices] if panel.ask_form else panel.ask_refused


def test_any_dermatologist_is_offered_only_where_there_is_another():
    clinic = make_clinic()
    review, only = review_at("claimed", clinic=clinic)
    assert "no other clinician" in whom(review, only)
    healer = trichologist(clinic)
    assert whom(review, only) == ["Tomas Lind"]
    browser = signed_in(User.objects.get(pk=only.user_id))
    refused = browser.post(reverse("reviews:opinion_ask", args=[review.pk]), {"question": "Scarring?"})
    assert "Whom do you ask?: This field is required." in refused.content.decode()
    assert not Opinion.objects.exists()
    other, _actor = review_at("claimed", clinic=clinic, actor=healer, condition="no_finding")
    assert whom(other, healer) == ["Any dermatologist", "Dr. Ada Krause"]
    opinion = ask(other, healer)
    look_at_all(other.session, only)
    services.give_opinion(actor=only, opinion_id=opinion.pk, answer="Fine.", grade=GRADE, now=LATER)
    assert Opinion.objects.get().answered_by_id == only.membership_id


def test_an_escalated_case_is_on_top_for_dermatologists_alone_and_everybody_sees_why():
    clinic = make_clinic()
    doctor, healer, other = dermatologist(clinic), trichologist(clinic), trichologist(clinic)
    review, _actor = review_at("claimed", clinic=clinic, actor=healer, condition="no_finding")
    with pytest.raises(Invalid):
        services.escalate_case(actor=healer, review_id=review.pk, reason=" ", urgency="now", now=LATER)
    services.escalate_case(actor=healer, review_id=review.pk, reason="Pustules at the nape.", urgency="now", now=LATER)
    session = PhotoSession.objects.get(pk=review.session_id)
    assert (session.status, session.urgent, session.urgency) == ("submitted", True, 0)
    mail = Notification.objects.get(kind="case_escalated")
    assert (mail.recipient_id, "Pustules" in mail.path) == (doctor.user_id, False)
    for person in (doctor, other):
        rows, _counts = worklist(person, QueueFilters(), now=LATER)
        assert any("Pustules at the nape" in why for why in queue_lines(rows[:1], LATER)[0].why)
    with pytest.raises(NotAllowed) as refused:
        services.claim_review(actor=other, session_id=session.pk, now=LATER)
    assert refused.value.code == "needs_dermatologist"
    taken = fresh(services.claim_review(actor=doctor, session_id=session.pk, now=LATER))
    assert case_page(taken, doctor).panel.escalation["reason"] == "Pustules at the nape."
    accept_all(taken, doctor)
    services.decide_review(actor=doctor, review_id=taken.pk, now=LATER)
    state = signing_state(signable(taken, doctor), doctor)
    assert state.may_sign
    assert state.medical_reasons == (MedicalReason.ESCALATED,)
    assert not signing_state(taken, other).role_may_sign


def test_a_dermatologist_does_not_escalate():
    review, actor = review_at("claimed")
    with pytest.raises(NotAllowed):
        services.escalate_case(actor=actor, review_id=review.pk, reason="x", urgency="now", now=LATER)
