"""A case that is handed to a colleague is theirs to take or decline; others get it when it is declined or lapses."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.urls import reverse

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import AuditEvent, Notification
from accounts.roles import Role
from patients.intake_form import Symptom
from reviews import services
from reviews.models import Handover, Review
from reviews.queue import QueueFilters, worklist
from reviews.queue_page import queue_lines
from reviews.workload import workloads
from tests.factories.patients import actor_for, calm_answers, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import LATER, accept_all, dermatologist, review_at, submitted_session, trichologist

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def handed(*, answers=None):
    """A case that a dermatologist handed to a trichologist: the review, who gave it, who gets it, and a third."""
    review, giver = review_at("opened", answers=answers)
    receiver, third = trichologist(review.clinic), dermatologist(review.clinic)
    services.hand_over(
        actor=giver, review_id=review.pk, to_id=receiver.membership_id, note="Scarring at the vertex?", now=LATER
    )
    return review, giver, receiver, third


def first_row(actor, now=LATER):
    rows, _counts = worklist(actor, QueueFilters(), now=now)
    return rows[0]


def test_the_colleague_sees_the_case_first_with_the_note_and_gets_a_mail_without_content():
    review, giver, receiver, _third = handed()
    submitted_session(make_patient(review.clinic), answers=calm_answers(symptoms=(Symptom.PUS,)))
    rows, counts = worklist(receiver, QueueFilters(), now=LATER)
    assert rows[0].session.pk == review.session_id  # before the red flag
    assert (counts.handed, counts.mine, counts.unclaimed) == (1, 1, 1)
    line = queue_lines([rows[0]], LATER)[0]
    assert (line.handed_to_me, line.free, line.handover_note) == (True, True, "Scarring at the vertex?")
    assert "Handed to you by Dr. Ada Krause" in line.why
    assert [row.session.pk for row in worklist(receiver, QueueFilters(show="handed"), now=LATER)[0]] == [
        review.session_id
    ]
    mail = Notification.objects.get(kind="case_handed_over")
    assert (mail.recipient_id, mail.path) == (receiver.user_id, "/queue/?show=handed")
    event = AuditEvent.objects.get(action="review.handed_over")
    assert event.actor_id == giver.user_id


def test_taking_it_goes_on_with_the_work():
    review, giver = review_at("opened")
    accept_all(review, giver)
    receiver = dermatologist(review.clinic)
    services.hand_over(actor=giver, review_id=review.pk, to_id=receiver.membership_id, note="Yours", now=LATER)
    taken = services.claim_review(actor=receiver, session_id=review.session_id, now=LATER)
    assert (taken.carried_from_id, taken.handover_note) == (review.pk, "Yours")
    assert Handover.objects.get(session=review.session_id).status == "taken"


def test_nobody_else_can_claim_it_until_it_is_declined():
    review, giver, receiver, third = handed()
    with pytest.raises(DomainError, match="handed to Tomas Lind") as refused:
        services.claim_review(actor=third, session_id=review.session_id, now=LATER)
    assert refused.value.code == "handed_over"
    assert not first_row(third).free
    with pytest.raises(NotFound):
        services.decline_handover(actor=third, session_id=review.session_id, now=LATER)
    services.decline_handover(actor=receiver, session_id=review.session_id, now=LATER)
    assert Notification.objects.get(kind="handover_declined").recipient_id == giver.user_id
    assert first_row(third).free
    services.claim_review(actor=third, session_id=review.session_id, now=LATER)


def test_who_handed_it_over_may_take_it_back():
    review, giver, receiver, _third = handed()
    services.claim_review(actor=giver, session_id=review.session_id, now=LATER)
    assert Handover.objects.get(session=review.session_id).status == "withdrawn"
    with pytest.raises(NotFound):
        services.decline_handover(actor=receiver, session_id=review.session_id, now=LATER)


@pytest.mark.parametrize(
    ("symptoms", "hours"),
    [((), 24), ((Symptom.PUS,), 1)],
    ids=["a routine case after a day", "an urgent one after an hour"],
)
def test_an_offer_that_nobody_answers_lapses(symptoms, hours):
    review, _giver, _receiver, third = handed(answers=calm_answers(symptoms=symptoms))
    almost = LATER + timedelta(hours=hours, minutes=-1)
    with pytest.raises(DomainError):
        services.claim_review(actor=third, session_id=review.session_id, now=almost)
    after = LATER + timedelta(hours=hours)
    assert first_row(third, after).free
    services.claim_review(actor=third, session_id=review.session_id, now=after)
    assert Handover.objects.get(session=review.session_id).status == "lapsed"


def test_a_case_is_handed_only_to_somebody_who_may_review_it_here():
    review, giver = review_at("opened")
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, review.clinic).user)
    stranger = dermatologist(make_clinic("Hair Clinic South"))
    for receiver in (administrator, stranger, giver):
        with pytest.raises(Invalid, match="Choose a colleague"):
            services.hand_over(actor=giver, review_id=review.pk, to_id=receiver.membership_id, note="", now=LATER)
    colleague = dermatologist(review.clinic)
    with pytest.raises(DomainError, match="is reviewing this case"):
        services.hand_over(actor=colleague, review_id=review.pk, to_id=giver.membership_id, note="", now=LATER)


def test_the_workload_counts_what_is_held_handed_and_signed():
    review, giver, receiver, third = handed()
    services.claim_review(actor=third, session_id=submitted_session(make_patient(review.clinic)).pk, now=LATER)
    Review.objects.create(
        session=submitted_session(make_patient(review.clinic)),
        clinic=review.clinic,
        reviewer_id=giver.membership_id,
        status="signed",
        claimed_at=LATER - timedelta(minutes=12),
        closed_at=LATER,
        lease_until=LATER,
    )
    rows = {row.member.pk: row for row in workloads(third, now=LATER)}
    assert rows[receiver.membership_id].handed == 1
    assert rows[third.membership_id].open == 1
    assert (rows[giver.membership_id].signed_this_week, rows[giver.membership_id].median_minutes) == (1, 12)
    assert rows[third.membership_id].median_minutes is None


def test_handing_over_in_the_browser(client):
    review, giver = review_at("opened")
    receiver = trichologist(review.clinic)
    from accounts.models import User

    browser = signed_in(User.objects.get(pk=giver.user_id))
    page = browser.get(reverse("reviews:hand_over", args=[review.pk])).content.decode()
    assert "Tomas Lind · Trichologist" in page
    assert "Median, claim to signature" in page
    answer = browser.post(
        reverse("reviews:hand_over", args=[review.pk]), {"to": receiver.membership_id, "note": "Please decide."}
    )
    assert answer.status_code == 302
    theirs = signed_in(User.objects.get(pk=receiver.user_id)).get(reverse("reviews:queue")).content.decode()
    assert "Please decide." in theirs
    assert "Decline" in theirs


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_taking_declining_and_claiming_at_the_same_moment_leave_one_holder_at_most():
    review, giver, receiver, third = handed()
    acts = [
        lambda: services.claim_review(actor=receiver, session_id=review.session_id, now=LATER),
        lambda: services.claim_review(actor=giver, session_id=review.session_id, now=LATER),
        lambda: services.claim_review(actor=third, session_id=review.session_id, now=LATER),
        lambda: services.decline_handover(actor=receiver, session_id=review.session_id, now=LATER),
    ]
    start = threading.Barrier(len(acts))
    outcomes: list[str] = []

    def run(act):
        try:
            start.wait(timeout=10)
            act()
            outcomes.append("done")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == len(acts)
    assert Review.objects.filter(session=review.session_id, status="claimed").count() <= 1
    assert Handover.objects.get(session=review.session_id).status in ("taken", "withdrawn", "declined")
