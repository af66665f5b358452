"""Two people can never hold one case; a lease frees it; what was done is kept."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.models import AuditEvent
from accounts.roles import Role
from patients.selectors import photos_of
from reviews import services
from reviews.decisions import effective, unseen
from reviews.models import Review, ReviewEvent
from reviews.reading import Reading
from reviews.services.holding import LEASE
from tests.factories.patients import actor_for, holder_actor, make_clinic, make_patient, make_staff
from tests.factories.reviews import (
    LATER,
    accept_all,
    dermatologist,
    finding_of,
    measured,
    review_at,
    signable,
    submitted_session,
    trichologist,
)

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_a_claim_holds_the_case_for_half_an_hour_and_is_recorded():
    review, actor = review_at("claimed")
    assert review.lease_until == LATER + LEASE == LATER + timedelta(minutes=30)
    assert list(review.history.values_list("action", "from_status", "to_status")) == [("claim", "waiting", "claimed")]
    event = AuditEvent.objects.get(action="review.claimed")
    assert (event.actor_id, event.subject_id) == (actor.user_id, str(review.pk))


def test_a_colleague_cannot_claim_what_is_held():
    review, _actor = review_at("claimed")
    colleague = trichologist(review.clinic)
    with pytest.raises(DomainError, match="Ada Krause is reviewing this case") as refused:
        services.claim_review(actor=colleague, session_id=review.session_id, now=LATER)
    assert refused.value.code == "already_claimed"


def test_claiming_again_finds_the_same_review():
    review, actor = review_at("claimed")
    again = services.claim_review(actor=actor, session_id=review.session_id, now=LATER + timedelta(minutes=5))
    assert again.pk == review.pk
    assert again.lease_until == LATER + timedelta(minutes=35)


def test_the_database_itself_refuses_a_second_open_review():
    review, _actor = review_at("claimed")
    other = make_staff(Role.DERMATOLOGIST, review.clinic, display_name="Dr. Second")
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(
            session=review.session, clinic=review.clinic, reviewer=other, claimed_at=LATER, lease_until=LATER
        )


def test_a_lapsed_lease_frees_the_case_and_keeps_the_work():
    review, _actor = review_at("opened")
    finding = finding_of(review, "measure")
    services.decide_finding(actor=_actor, review_id=review.pk, finding_id=finding.pk, verdict="accepted", now=LATER)
    services.save_reading(actor=_actor, review_id=review.pk, reading=Reading(reasoning="Miniaturisation"), now=LATER)
    signable(review, _actor, entries=["nutrition"])
    colleague = dermatologist(review.clinic)
    taken = services.claim_review(actor=colleague, session_id=review.session_id, now=LATER + timedelta(hours=1))
    review.refresh_from_db()
    assert review.status == "released"
    lapsed = ReviewEvent.objects.get(review=review, action="lease_lapsed")
    assert lapsed.actor_id is None
    assert taken.carried_from_id == review.pk
    assert taken.reading["reasoning"] == "Miniaturisation"
    assert effective(taken)[finding.pk].decided_by_id == review.reviewer_id
    assert [item.entry.code for item in taken.plan.items.all()] == ["nutrition"]


def test_a_colleague_has_to_look_at_what_was_carried_over():
    review, actor = review_at("opened")
    accept_all(review, actor)
    services.release_review(actor=actor, review_id=review.pk, now=LATER, note="Over to you")
    colleague = dermatologist(review.clinic)
    taken = services.claim_review(actor=colleague, session_id=review.session_id, now=LATER)
    assert taken.handover_note == "Over to you"
    waiting = unseen(taken)
    assert waiting.findings == ()
    assert len(waiting.unopened_findings) == 5
    assert len(waiting.photos) == 2
    with pytest.raises(DomainError, match="2 photographs were not opened and 5 findings were not opened"):
        services.decide_review(actor=colleague, review_id=taken.pk, now=LATER)


def test_the_same_person_goes_on_where_they_stopped():
    review, actor = review_at("opened")
    accept_all(review, actor)
    services.release_review(actor=actor, review_id=review.pk, now=LATER)
    again = services.claim_review(actor=actor, session_id=review.session_id, now=LATER)
    assert again.pk != review.pk
    assert unseen(again).is_empty


def test_after_handing_back_nothing_can_be_changed():
    review, actor = review_at("released")
    with pytest.raises(DomainError, match="You no longer hold this case"):
        services.save_reading(actor=actor, review_id=review.pk, reading=Reading(), now=LATER)


def test_every_act_renews_the_lease():
    review, actor = review_at("claimed")
    later = LATER + timedelta(minutes=20)
    services.mark_opened(
        actor=actor, review_id=review.pk, kind="photo", subject_id=photos_of(review.session)[0].pk, now=later
    )
    review.refresh_from_db()
    assert review.lease_until == later + LEASE


def test_a_colleague_can_look_but_not_decide():
    review, _actor = review_at("opened")
    colleague = dermatologist(review.clinic)
    services.read_case(actor=colleague, review_id=review.pk, photo_id=None, now=LATER)
    with pytest.raises(DomainError) as refused:
        services.decide_finding(
            actor=colleague,
            review_id=review.pk,
            finding_id=finding_of(review, "measure").pk,
            verdict="accepted",
            now=LATER,
        )
    assert refused.value.code == "not_holder"


def test_another_clinic_does_not_find_the_case():
    review, _actor = review_at("claimed")
    stranger = dermatologist(make_clinic("Hair Clinic South"))
    with pytest.raises(NotFound):
        services.claim_review(actor=stranger, session_id=review.session_id, now=LATER)
    with pytest.raises(NotFound):
        services.read_case(actor=stranger, review_id=review.pk, photo_id=None, now=LATER)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ADMINISTRATOR])
def test_patients_and_administrators_do_not_review(role):
    clinic = make_clinic()
    patient = make_patient(clinic)
    session = submitted_session(patient)
    actor = holder_actor(patient) if role is Role.PATIENT else actor_for(make_staff(role, clinic).user)
    with pytest.raises(NotAllowed):
        services.claim_review(actor=actor, session_id=session.pk, now=LATER)


def test_the_models_results_join_a_review_that_began_without_them():
    clinic = make_clinic()
    session = submitted_session(make_patient(clinic))
    actor = dermatologist(clinic)
    review = services.claim_review(actor=actor, session_id=session.pk, now=LATER)
    assert review.analysis_id is None
    analysis = measured(session)
    services.read_case(actor=actor, review_id=review.pk, photo_id=None, now=LATER)
    review.refresh_from_db()
    assert review.analysis_id == analysis.pk


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_of_two_who_claim_at_the_same_moment_one_gets_the_case():
    clinic = make_clinic()
    session = submitted_session(make_patient(clinic))
    actors = [dermatologist(clinic), trichologist(clinic), dermatologist(clinic)]
    start = threading.Barrier(len(actors))
    outcomes: list[str] = []

    def claim(actor):
        try:
            start.wait(timeout=10)
            services.claim_review(actor=actor, session_id=session.pk, now=LATER)
            outcomes.append("claimed")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["already_claimed", "already_claimed", "claimed"]
    assert Review.objects.filter(session=session, status="claimed").count() == 1
