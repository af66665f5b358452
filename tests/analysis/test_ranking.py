"""What the worklist orders by says what the sealed truth says, whatever happens to the case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analysis import ranking
from analysis.models import Analysis
from analysis.services import submit_session, sweep
from patients.intake_form import Symptom
from patients.models import Measuring, PhotoSession, Urgency
from reviews import services as reviews
from tests.factories.patients import NOW, calm_answers, holder_actor, make_clinic, make_patient, make_session
from tests.factories.reviews import dermatologist, measured, submitted_session
from vision.types import View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def ranks(session: PhotoSession) -> tuple[object, ...]:
    row = PhotoSession.objects.get(pk=session.pk)
    return row.clinic_id, Urgency(row.urgency), Measuring(row.measuring), row.severity_rank


def test_a_case_carries_its_urgency_its_measuring_and_its_index_in_tenths():
    clinic = make_clinic()
    session = submitted_session(make_patient(clinic), answers=calm_answers(symptoms=(Symptom.PUS,)))
    assert ranks(session) == (clinic.pk, Urgency.PRESSING, Measuring.NONE, 0)
    measured(session, severity=6.4)
    assert ranks(session) == (clinic.pk, Urgency.PRESSING, Measuring.DONE, 64)


def test_new_photographs_take_the_old_index_away():
    clinic = make_clinic()
    patient = make_patient(clinic)
    session = submitted_session(patient, views=(View.CROWN,))
    measured(session, severity=6.4)
    actor = dermatologist(clinic)
    review = reviews.claim_review(actor=actor, session_id=session.pk, now=NOW)
    wish = reviews.RetakeWish(View.CROWN, reviews.RetakeReason.BLURRED)
    reviews.request_retake(actor=actor, review_id=review.pk, wishes=[wish], message="", now=NOW)
    later = NOW + timedelta(hours=1)
    from patients.services import confirm_intake
    from tests.factories.patients import add_drawn_photo

    add_drawn_photo(session, View.CROWN, now=later)
    confirm_intake(actor=holder_actor(patient), session_id=session.pk, now=later)
    submit_session(actor=holder_actor(patient), session_id=session.pk, now=later)
    assert ranks(session)[2] in (Measuring.NONE, Measuring.PENDING)
    assert ranks(session)[3] == 0


def test_an_analysis_that_waits_or_failed_shows():
    patient = make_patient()
    session = make_session(patient, views=(View.CROWN,))
    submit_session(actor=holder_actor(patient), session_id=session.pk, now=NOW)
    analysis = Analysis.objects.filter(session=session).first()
    if analysis is None:
        pytest.skip("no network is released here")
    assert ranks(session)[2] is Measuring.PENDING
    Analysis.objects.filter(pk=analysis.pk).update(status=Analysis.Status.FAILED)
    ranking.refresh(session.pk)
    assert ranks(session)[2] is Measuring.FAILED


def test_the_sweep_ranks_cases_that_waited_before_ranks_existed():
    session = submitted_session(make_patient(), answers=calm_answers(symptoms=(Symptom.PAIN,)))
    measured(session, severity=3.0)
    before = ranks(session)
    PhotoSession.objects.filter(pk=session.pk).update(measuring="", urgency=1, severity_rank=0)
    assert sweep(now=NOW) == 1
    assert ranks(session) == before
    assert sweep(now=NOW) == 0
