"""Independent reads: blind first, double by policy, adjudicated by a third; nobody twice, nobody their own."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from accounts.errors import DomainError, Invalid, NotAllowed
from accounts.models import AuditEvent, Notification
from accounts.roles import Role
from patients.models import PhotoSession, Purpose
from patients.services import withdraw_consent
from reviews import services
from reviews.grade import Difference, Grade, differences
from reviews.models import CaseReading, Read, Review
from reviews.policy import Demand, ReadFacts, ReadingRules, Refusal, refusal, sampled
from reviews.reading import Reading
from reviews.second_reads import waiting_reads
from reviews.selectors import review_for
from reviews.signing import signing_state
from reviews.visibility import Sight, findings_hidden, sees_findings, sees_reads
from reviews.workflow import ReadState
from tests.factories.patients import NOW, actor_for, holder_actor, make_clinic, make_patient, make_staff
from tests.factories.reviews import (
    LATER,
    accept_all,
    dermatologist,
    finding_of,
    grade_blind,
    look_at_all,
    measured,
    review_at,
    signable,
    submitted_session,
    trichologist,
)
from vision.types import Condition

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

MILD = Grade(Condition.ALOPECIA, 15, 3)
NEAR = Grade(Condition.ALOPECIA, 25, 4)
FAR = Grade(Condition.ALOPECIA, 60, 8)


def administrator(clinic):
    return actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)


def demanding(**rules):
    """A clinic with a policy, and its administrator."""
    clinic = make_clinic()
    admin = administrator(clinic)
    services.set_reading_policy(actor=admin, rules=ReadingRules(**rules), now=NOW)
    return clinic, admin


def case_of(review):
    return CaseReading.objects.get(session=review.session)


def commit_first(clinic, grade=MILD):
    review, actor = review_at("claimed", clinic=clinic)
    grade_blind(actor=actor, review_id=review.pk, grade=grade, now=LATER)
    return Review.objects.select_related("session__patient").get(pk=review.pk), actor


# --- pure rules ------------------------------------------------------------------------------------------------------


def test_a_sample_is_the_same_every_time_and_about_as_large_as_asked():
    ids = [uuid.UUID(int=n) for n in range(2000)]
    drawn = [sampled("a", "double", pk, 20) for pk in ids]
    assert drawn == [sampled("a", "double", pk, 20) for pk in ids]
    assert 340 < sum(drawn) < 460
    assert drawn != [sampled("b", "double", pk, 20) for pk in ids]
    assert not any(sampled("a", "double", pk, 0) for pk in ids)
    assert all(sampled("a", "double", pk, 100) for pk in ids)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (Grade(Condition.ALOPECIA, 35, 5), ()),
        (Grade(Condition.ALOPECIA, 36, 5), (Difference.SHARE,)),
        (Grade(Condition.ALOPECIA, 15, 6), (Difference.SEVERITY,)),
        (Grade(Condition.UNSURE, 15, 3), (Difference.CONDITION,)),
    ],
)
def test_readers_differ_beyond_the_policy(other, found):
    assert differences(MILD, other, severity_points=2, share_points=20) == found
    assert differences(other, MILD, severity_points=2, share_points=20) == found


SIGHTS = [
    (Sight(blind=False, closed=False, committed=False), True, False),
    (Sight(blind=True, closed=False, committed=False), False, False),
    (Sight(blind=True, closed=False, committed=True), True, True),
    (Sight(blind=True, closed=True, committed=False), True, True),
    (Sight(blind=True, closed=False, committed=True, state=ReadState.SECOND_DUE), True, False),
    (Sight(blind=True, closed=False, committed=False, state=ReadState.ADJUDICATION_DUE), False, True),
    (Sight(blind=True, closed=False, committed=True, state=ReadState.SETTLED), True, True),
    (Sight(blind=True, closed=False, committed=False, state=ReadState.SETTLED), False, False),
]


@pytest.mark.parametrize(("sight", "findings", "reads"), SIGHTS)
def test_who_sees_what_of_a_case_that_is_read_blind(sight, findings, reads):
    assert sees_findings(sight) is findings
    assert sees_reads(sight) is reads


def test_who_may_read():
    facts = ReadFacts(ReadState.ADJUDICATION_DUE, {1, 2}, {3}, {4}, holder=1)
    answers = {who: refusal(facts, who) for who in range(1, 6)}
    assert answers == {
        1: Refusal.OWN_READ,
        2: Refusal.OWN_READ,
        3: Refusal.GAVE_OPINION,
        4: Refusal.SAW_FINDINGS,
        5: None,
    }


# --- blind first read ------------------------------------------------------------------------------------------------


def test_without_a_policy_findings_are_open_as_before():
    review, actor = review_at("claimed")
    assert not findings_hidden(actor, review.session)
    assert not CaseReading.objects.exists()


def test_a_blind_case_is_graded_before_anything_is_opened_decided_or_drafted():
    clinic, _admin = demanding(blind_first=Demand.ALWAYS)
    review, actor = review_at("claimed", clinic=clinic)
    finding = finding_of(review, "measure")
    common = {"actor": actor, "review_id": review.pk, "now": LATER}
    for act in (
        lambda: services.mark_opened(kind="finding", subject_id=finding.pk, **common),
        lambda: services.decide_finding(finding_id=finding.pk, verdict="accepted", **common),
        lambda: services.accept_opened(**common),
        lambda: services.decide_review(**common),
        lambda: services.draft_summary(**common),
        lambda: services.ask_opinion(question="?", asked_of=None, **common),
    ):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "grade_first"
    grade_blind(grade=MILD, **common)
    accept_all(review, actor)
    assert services.decide_review(**common).outcome == "approved"
    assert signing_state(signable(review, actor), actor).blockers == ()


def test_a_committed_grade_is_never_changed_and_never_given_twice():
    clinic, _admin = demanding(blind_first=Demand.ALWAYS)
    review, actor = commit_first(clinic)
    with pytest.raises(DomainError) as refused:
        grade_blind(actor=actor, review_id=review.pk, grade=FAR, now=LATER)
    assert refused.value.code == "own_read"
    read = Read.objects.select_related("case__session__patient").get()
    assert Grade.from_dict(read.grade) == MILD
    with pytest.raises(TypeError):
        read.save()
    assert [event.action for event in review.history.order_by("pk")] == ["claim", "commit_grade"]


def test_a_policy_holds_from_the_next_claim():
    clinic = make_clinic()
    review, actor = review_at("claimed", clinic=clinic)
    services.set_reading_policy(actor=administrator(clinic), rules=ReadingRules(blind_first=Demand.ALWAYS), now=LATER)
    assert not findings_hidden(actor, review.session)
    services.release_review(actor=actor, review_id=review.pk, now=LATER)
    colleague = dermatologist(clinic)
    taken = services.claim_review(actor=colleague, session_id=review.session_id, now=LATER)
    assert taken.blind_first
    assert findings_hidden(colleague, taken.session)


def test_what_a_colleague_left_is_carried_over_only_after_the_own_grade():
    clinic, _admin = demanding(blind_first=Demand.ALWAYS)
    review, actor = commit_first(clinic)
    accept_all(review, actor)
    services.save_reading(actor=actor, review_id=review.pk, reading=Reading(reasoning="I think so."), now=LATER)
    services.release_review(actor=actor, review_id=review.pk, now=LATER, note="Please go on.")
    colleague = dermatologist(clinic)
    with pytest.raises(DomainError, match="read blind"):
        review_for(colleague, review.pk)
    taken = services.claim_review(actor=colleague, session_id=review.session_id, now=LATER)
    assert taken.reading == {}
    assert not taken.decisions.exists()
    grade_blind(actor=colleague, review_id=taken.pk, grade=NEAR, now=LATER)
    taken = Review.objects.select_related("session__patient").get(pk=taken.pk)
    assert taken.reading["reasoning"] == "I think so."
    assert taken.decisions.exists()


# --- double read -----------------------------------------------------------------------------------------------------


def test_a_double_read_that_agrees_lets_the_case_be_signed():
    clinic, _admin = demanding(double_read=Demand.ALWAYS)
    second = trichologist(clinic)
    review, actor = commit_first(clinic)
    accept_all(review, actor)
    services.decide_review(actor=actor, review_id=review.pk, now=LATER)
    review = signable(review, actor)
    assert [blocker.code for blocker in signing_state(review, actor).blockers] == ["second_due"]
    with pytest.raises(Invalid):
        services.mark_signed(review=review, actor=actor, now=LATER)
    [waiting] = waiting_reads(second)
    assert findings_hidden(second, review.session)
    services.open_read(actor=second, case_id=waiting.case.pk, now=LATER)
    with pytest.raises(Invalid, match="look at these photographs first: Crown, Hairline") as refused:
        services.commit_read(actor=second, case_id=waiting.case.pk, grade=NEAR, now=LATER)
    assert refused.value.code == "photos_unopened"
    look_at_all(review.session, second)
    services.commit_read(actor=second, case_id=waiting.case.pk, grade=NEAR, now=LATER)
    assert case_of(review).status == "settled"
    assert waiting_reads(second) == []
    assert signing_state(review, actor).blockers == ()
    assert not findings_hidden(second, review.session)


def test_readers_that_differ_are_adjudicated_by_a_third_and_never_by_themselves():
    clinic, admin = demanding(double_read=Demand.ALWAYS)
    second, third = dermatologist(clinic), trichologist(clinic)
    review, first = commit_first(clinic)
    case = case_of(review)
    look_at_all(review.session, second, third)
    services.commit_read(actor=second, case_id=case.pk, grade=FAR, now=LATER)
    case.refresh_from_db()
    assert case.status == "adjudication_due"
    assert Notification.objects.filter(kind="read_wanted", recipient_id=third.user_id).count() == 1
    assert not Notification.objects.filter(
        kind="read_wanted", recipient_id__in=[first.user_id, second.user_id]
    ).exists()
    for reader, code in ((second, "own_read"), (first, "holds_case")):
        with pytest.raises(DomainError) as refused:
            services.commit_read(actor=reader, case_id=case.pk, grade=MILD, now=LATER)
        assert refused.value.code == code
    with pytest.raises(NotAllowed):
        services.commit_read(actor=admin, case_id=case.pk, grade=MILD, now=LATER)
    read = services.commit_read(actor=third, case_id=case.pk, grade=NEAR, now=LATER)
    assert read.role == "adjudication"
    case.refresh_from_db()
    assert case.status == "settled"
    assert AuditEvent.objects.filter(action="read.adjudicated").count() == 1


def test_who_saw_the_findings_or_gave_an_opinion_does_not_read():
    clinic = make_clinic()
    review, saw = review_at("claimed", clinic=clinic)
    services.release_review(actor=saw, review_id=review.pk, now=LATER)
    services.set_reading_policy(actor=administrator(clinic), rules=ReadingRules(double_read=Demand.ALWAYS), now=LATER)
    holder = dermatologist(clinic)
    taken = services.claim_review(actor=holder, session_id=review.session_id, now=LATER)
    grade_blind(actor=holder, review_id=taken.pk, grade=MILD, now=LATER)
    adviser = dermatologist(clinic)
    opinion = services.ask_opinion(
        actor=holder, review_id=taken.pk, question="Scarring?", asked_of=adviser.membership_id, now=LATER
    )
    look_at_all(review.session, adviser)
    services.give_opinion(actor=adviser, opinion_id=opinion.pk, answer="No.", grade=NEAR, now=LATER)
    case = case_of(taken)
    for reader, code in ((saw, "saw_findings"), (adviser, "gave_opinion")):
        with pytest.raises(DomainError) as refused:
            services.open_read(actor=reader, case_id=case.pk, now=LATER)
        assert refused.value.code == code


def test_a_clinic_with_too_few_readers_says_so_and_an_administrator_waives():
    clinic, admin = demanding(double_read=Demand.ALWAYS)
    review, actor = commit_first(clinic)
    [waiting] = waiting_reads(admin)
    assert waiting.could == 0
    assert "second clinician is needed" in waiting.missing
    with pytest.raises(Invalid):
        services.waive_reading(actor=admin, case_id=waiting.case.pk, reason=" ", now=LATER)
    with pytest.raises(NotAllowed):
        services.waive_reading(actor=actor, case_id=waiting.case.pk, reason="Alone here.", now=LATER)
    services.waive_reading(actor=admin, case_id=waiting.case.pk, reason="Alone here.", now=LATER)
    assert case_of(review).status == "waived"
    assert AuditEvent.objects.filter(action="reading.waived").count() == 1
    assert "second_due" not in [blocker.code for blocker in signing_state(review, actor).blockers]


def test_without_consent_to_share_no_second_reader_is_asked():
    clinic, _admin = demanding(double_read=Demand.ALWAYS)
    patient = make_patient(clinic)
    session = submitted_session(patient)
    measured(session)
    withdraw_consent(actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.SHARING, now=NOW)
    actor = dermatologist(clinic)
    review = services.claim_review(actor=actor, session_id=session.pk, now=LATER)
    assert review.blind_first
    grade_blind(actor=actor, review_id=review.pk, grade=MILD, now=LATER)
    assert case_of(review).status == "not_demanded"
    with pytest.raises(DomainError) as refused:
        services.ask_opinion(actor=actor, review_id=review.pk, question="?", asked_of=None, now=LATER)
    assert refused.value.code == "no_consent"


def test_new_photographs_are_read_anew():
    clinic, _admin = demanding(double_read=Demand.ALWAYS)
    review, actor = commit_first(clinic)
    again = LATER + timedelta(days=1)
    PhotoSession.objects.filter(pk=review.session_id).update(submitted_at=again)
    services.release_review(actor=actor, review_id=review.pk, now=LATER)
    taken = services.claim_review(actor=actor, session_id=review.session_id, now=again)
    assert findings_hidden(actor, PhotoSession.objects.get(pk=taken.session_id))
    grade_blind(actor=actor, review_id=taken.pk, grade=FAR, now=again)
    assert sorted(CaseReading.objects.values_list("status", flat=True)) == ["second_due", "second_due"]
