"""The worklist tells nobody what a case that is read blind would show: not by its order, its filters or its columns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.roles import Role
from analysis import ranking
from patients.models import PhotoSession
from reviews import services
from reviews.grade import Grade
from reviews.models import CaseReading, Review
from reviews.policy import Demand, ReadingRules
from reviews.queue import QueueFilters, worklist
from reviews.queue_page import queue_lines
from reviews.visibility import hidden_sessions
from tests.factories.patients import NOW, actor_for, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import dermatologist, grade_blind, measured, submitted_session, trichologist
from vision.types import Condition, View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

GRADE = Grade(Condition.ALOPECIA, 20, 4)
SEVERE = QueueFilters(severity_from=5)


def policy(clinic, **rules):
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(**rules), now=NOW)
    services.apply_reading_policy(clinic_id=clinic.pk)


def case(clinic, name, hours, severity=None):
    """A case sent ``hours`` before :data:`NOW`."""
    sent = NOW - timedelta(hours=hours)
    session = submitted_session(make_patient(clinic, given_name=name, now=sent), views=(View.CROWN,), now=sent)
    if severity is not None:
        measured(session, severity=severity, regions=False)
    return session


def names(actor, filters=None):
    rows, _counts = worklist(actor, filters or QueueFilters(), now=NOW)
    assert len(rows) == len(list(rows))
    return [row.patient.given_name for row in rows]


def check_no_drift(clinic):
    """What the database keeps is what the rule says of somebody who has had nothing to do with any case."""
    newcomer = dermatologist(clinic)
    waiting = list(PhotoSession.objects.filter(clinic=clinic, status="submitted"))
    hidden = hidden_sessions(newcomer, waiting)
    kept = {row.pk: row.shown_rank for row in waiting}
    assert kept == {row.pk: 0 if row.pk in hidden else row.severity_rank for row in waiting}
    return hidden


def test_a_blind_reader_cannot_tell_severities_from_the_order_the_filter_or_the_column():
    clinic = make_clinic()
    case(clinic, "Mild", 5, severity=2.0)
    case(clinic, "Severe", 3, severity=8.0)
    case(clinic, "Unmeasured", 4)
    me = dermatologist(clinic)
    assert names(me) == ["Severe", "Mild", "Unmeasured"]
    assert names(me, SEVERE) == ["Severe"]
    policy(clinic, blind_first=Demand.ALWAYS)
    assert names(me) == ["Mild", "Unmeasured", "Severe"], "by age alone"
    assert names(me, SEVERE) == []
    assert names(me, QueueFilters(severity_to=5)) == []
    rows, _counts = worklist(me, QueueFilters(), now=NOW)
    assert {line.severity for line in queue_lines(rows[:], NOW)} == {""}
    policy(clinic)
    assert names(me) == ["Severe", "Mild", "Unmeasured"]


def test_who_has_graded_a_case_finds_it_by_its_severity_and_nobody_else_does():
    clinic = make_clinic()
    policy(clinic, blind_first=Demand.ALWAYS)
    case(clinic, "Mild", 5, severity=2.0)
    severe = case(clinic, "Severe", 3, severity=8.0)
    me, colleague = dermatologist(clinic), trichologist(clinic)
    review = services.claim_review(actor=me, session_id=severe.pk, now=NOW)
    assert names(me) == ["Mild", "Severe"]
    grade_blind(actor=me, review_id=review.pk, grade=GRADE, now=NOW)
    assert names(me) == ["Severe", "Mild"]
    assert names(me, SEVERE) == ["Severe"]
    assert names(colleague) == ["Mild", "Severe"]
    assert names(colleague, SEVERE) == []


def test_a_claim_that_began_blind_stays_blind_for_its_holder_when_the_policy_ends():
    clinic = make_clinic()
    policy(clinic, blind_first=Demand.ALWAYS)
    case(clinic, "Mild", 5, severity=2.0)
    severe = case(clinic, "Severe", 3, severity=8.0)
    me, colleague = dermatologist(clinic), trichologist(clinic)
    review = services.claim_review(actor=me, session_id=severe.pk, now=NOW)
    services.release_review(actor=me, review_id=review.pk, now=NOW)
    policy(clinic)
    assert names(me) == ["Mild", "Severe"]
    assert names(me, SEVERE) == []
    assert names(colleague) == ["Severe", "Mild"]
    assert names(colleague, SEVERE) == ["Severe"]


def test_what_the_order_stands_on_never_drifts_from_the_rule():
    clinic = make_clinic()
    me, colleague, doctor = dermatologist(clinic), trichologist(clinic), dermatologist(clinic)
    first = case(clinic, "First", 5, severity=7.0)
    second = case(clinic, "Second", 4, severity=6.0)
    assert check_no_drift(clinic) == set()
    open_claim = services.claim_review(actor=me, session_id=first.pk, now=NOW)
    policy(clinic, blind_first=Demand.ALWAYS)
    assert check_no_drift(clinic) == {second.pk}, "an open claim keeps the policy that it began under"
    services.hand_over(actor=me, review_id=open_claim.pk, to_id=doctor.membership_id, note="", now=NOW)
    assert check_no_drift(clinic) == {first.pk, second.pk}
    handed = services.claim_review(actor=doctor, session_id=first.pk, now=NOW)
    policy(clinic)
    assert check_no_drift(clinic) == {first.pk}, "and one that began blind stays blind"
    lapsed = NOW + timedelta(minutes=31)
    again = services.claim_review(actor=colleague, session_id=first.pk, now=lapsed)
    assert Review.objects.get(pk=handed.pk).status == "released"
    assert check_no_drift(clinic) == set()
    services.escalate_case(actor=colleague, review_id=again.pk, reason="Look.", urgency="soon", now=lapsed)
    policy(clinic, double_read=Demand.ALWAYS)
    assert check_no_drift(clinic) == {first.pk, second.pk}
    held = services.claim_review(actor=me, session_id=first.pk, now=lapsed)
    grade_blind(actor=me, review_id=held.pk, grade=GRADE, now=lapsed)
    assert CaseReading.objects.count() == 1
    policy(clinic)
    assert check_no_drift(clinic) == {first.pk}, "a second reader is still due"
    late = case(clinic, "Late", 3)
    policy(clinic, blind_first=Demand.SAMPLE, blind_percent=50)
    measured(late, severity=9.0, regions=False)
    check_no_drift(clinic)
    services.release_review(actor=me, review_id=held.pk, now=lapsed)
    check_no_drift(clinic)
    ranking.refresh(second.pk)
    check_no_drift(clinic)


def test_why_a_colleague_escalated_is_closed_to_a_blind_reader():
    clinic = make_clinic()
    policy(clinic, blind_first=Demand.ALWAYS)
    session = case(clinic, "Case", 3, severity=8.0)
    colleague = trichologist(clinic)
    review = services.claim_review(actor=colleague, session_id=session.pk, now=NOW)
    services.escalate_case(
        actor=colleague, review_id=review.pk, reason="Scarring at the vertex", urgency="soon", now=NOW
    )
    member = make_staff(Role.DERMATOLOGIST, clinic)
    page = signed_in(member.user).get("/queue/").content.decode()
    assert "Escalated by" in page
    assert "Scarring" not in page


def test_cases_that_waited_before_are_filled_as_the_rule_says():
    from importlib import import_module

    from django.apps import apps

    clinic = make_clinic()
    me = dermatologist(clinic)
    held = case(clinic, "Held", 5, severity=7.0)
    services.claim_review(actor=me, session_id=held.pk, now=NOW)
    for name in "ABC":
        case(clinic, name, 4, severity=6.0)
    policy(clinic, blind_first=Demand.SAMPLE, blind_percent=50)
    right = dict(PhotoSession.objects.values_list("pk", "shown_rank"))
    PhotoSession.objects.update(shown_rank=5)
    import_module("reviews.migrations.0006_fill_shown_ranks").fill(apps, None)
    assert dict(PhotoSession.objects.values_list("pk", "shown_rank")) == right
