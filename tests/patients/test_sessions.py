"""A session: started, prepared, submitted, given back for a retake, closed or thrown away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Notification
from accounts.roles import Role
from patients import selectors, services
from patients.capture_protocol import ChecklistItem, RetakeReason, WashInterval
from patients.intake_form import Symptom
from patients.models import Intake, Photo, PhotoSession, Purpose
from patients.red_flags import RedFlag
from patients.workflow import TRANSITIONS, Gap, SessionState, SubmissionFacts, gaps
from tests.factories.patients import (
    NOW,
    actor_for,
    add_drawn_photo,
    calm_answers,
    drawn_jpeg,
    grant_all_consents,
    holder_actor,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    photo_ids,
    ready_patient,
    save_answers,
)
from vision.types import View

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=30)


def submitted(**kwargs):
    session = make_session(views=[View.CROWN, View.HAIRLINE], **kwargs)
    return services.mark_submitted(session=session, now=NOW)


def reopened(session, *views):
    wishes = [{"view": view.value, "reason": RetakeReason.BLURRED.value} for view in views]
    return services.reopen_for_retake(session=session, views=wishes, now=NOW + timedelta(days=1))


# --- start -----------------------------------------------------------------------------------------------------------


def test_a_session_needs_consent_and_answers_first():
    patient = make_patient()
    with pytest.raises(DomainError, match="consent to care"):
        services.start_session(actor=holder_actor(patient), patient_id=patient.pk, now=NOW)
    grant_all_consents(patient)
    with pytest.raises(DomainError, match="questions about your health"):
        services.start_session(actor=holder_actor(patient), patient_id=patient.pk, now=NOW)


def test_whoever_comes_back_goes_on_with_the_open_session():
    patient = ready_patient()
    first = services.start_session(actor=holder_actor(patient), patient_id=patient.pk, now=NOW)
    again = services.start_session(actor=holder_actor(patient), patient_id=patient.pk, now=NOW + timedelta(hours=3))
    assert first == again


def test_answers_of_last_month_must_be_confirmed_for_this_session():
    patient = ready_patient()
    session = services.start_session(actor=holder_actor(patient), patient_id=patient.pk, now=LATER)
    assert Gap.INTAKE in services.submission_gaps(session)
    services.confirm_intake(actor=holder_actor(patient), session_id=session.pk, now=LATER)
    session.refresh_from_db()
    assert Gap.INTAKE not in services.submission_gaps(session)


def test_answers_given_a_moment_ago_are_not_asked_twice():
    patient = ready_patient()
    session = services.start_session(
        actor=holder_actor(patient), patient_id=patient.pk, now=NOW + timedelta(minutes=10)
    )
    assert selectors.intake_is_current(session)


def test_new_answers_after_submission_make_the_confirmed_ones_old():
    session = submitted()
    assert selectors.intake_is_current(session)
    save_answers(session.patient, calm_answers(medications=("Finasteride 1 mg",)), now=LATER)
    session.refresh_from_db()
    assert not selectors.intake_is_current(session)


def test_every_version_of_the_answers_is_kept():
    patient = ready_patient()
    save_answers(patient, calm_answers(medications=()), now=LATER)
    versions = [selectors.answers_of(row).medications for row in Intake.objects.order_by("version")]
    assert versions == [("Levothyroxine 50 µg",), ()]


# --- submission ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"care_consented": False}, Gap.CONSENT),
        ({"intake_confirmed": False}, Gap.INTAKE),
        ({"checklist_saved": False}, Gap.CHECKLIST),
        ({"photos": 0}, Gap.PHOTO),
        ({"retakes_missing": 1}, Gap.RETAKE),
    ],
)
def test_each_gap_stands_in_the_way_alone(change, gap):
    whole = {
        "care_consented": True,
        "intake_confirmed": True,
        "checklist_saved": True,
        "photos": 1,
        "retakes_missing": 0,
    }
    assert gaps(SubmissionFacts(**whole)) == ()
    assert gaps(SubmissionFacts(**{**whole, **change})) == (gap,)


def test_an_incomplete_session_is_not_submitted():
    session = make_session(views=[])
    with pytest.raises(DomainError, match="at least one photo"):
        services.mark_submitted(session=session, now=NOW)
    assert PhotoSession.objects.get().status == "draft"


def test_submission_freezes_what_the_patient_said_about_ai():
    assert submitted().ai_consented
    assert not submitted(without=[Purpose.AI_ANALYSIS]).ai_consented


def test_a_red_flag_makes_the_case_urgent_and_tells_the_clinicians(django_capture_on_commit_callbacks):
    clinic = make_clinic()
    doctor = make_staff(Role.DERMATOLOGIST, clinic)
    make_staff(Role.ADMINISTRATOR, clinic)
    session = make_session(make_patient(clinic), views=[View.CROWN], answers=calm_answers(symptoms=(Symptom.PUS,)))
    services.mark_submitted(session=session, now=NOW)
    assert session.urgent
    assert selectors.red_flags_of(session.intake) == (RedFlag.PUS,)
    assert [row.recipient for row in Notification.objects.filter(kind="urgent_case")] == [doctor.user]


def test_a_calm_case_is_not_urgent_and_mails_nobody():
    session = submitted()
    assert not session.urgent
    assert not Notification.objects.exists()


def test_a_submitted_session_cannot_be_changed():
    session = submitted()
    actor = holder_actor(session.patient)
    photo = photo_ids(session)[0]
    for act in (
        lambda: add_drawn_photo(session),
        lambda: services.remove_photo(actor=actor, photo_id=photo, now=NOW),
        lambda: services.discard_session(actor=actor, session_id=session.pk, now=NOW),
        lambda: services.confirm_intake(actor=actor, session_id=session.pk, now=NOW),
        lambda: services.save_checklist(actor=actor, session_id=session.pk, done=(), wash=WashInterval.TODAY, now=NOW),
    ):
        with pytest.raises(DomainError, match="sent already"):
            act()


def test_the_checklist_keeps_an_honest_no():
    session = make_session(views=[])
    services.save_checklist(
        actor=holder_actor(session.patient),
        session_id=session.pk,
        done=[ChecklistItem.DRY],
        wash=WashInterval.TWO_DAYS,
        now=NOW,
    )
    stored = PhotoSession.objects.get().checklist
    assert (stored["dry"], stored["same_lamp"], stored["wash"]) == (True, False, "two_days")


# --- who sees it -----------------------------------------------------------------------------------------------------


def test_a_clinician_sees_a_session_only_once_it_was_submitted():
    session = make_session(views=[View.CROWN])
    doctor = actor_for(make_staff(Role.DERMATOLOGIST, session.patient.clinic).user)
    with pytest.raises(NotFound):
        selectors.session_for(doctor, session.pk)
    services.mark_submitted(session=session, now=NOW)
    assert selectors.session_for(doctor, session.pk) == session


@pytest.mark.parametrize("role", [Role.DERMATOLOGIST, Role.TRICHOLOGIST, Role.ADMINISTRATOR])
def test_another_clinic_sees_nothing(role):
    session = submitted()
    stranger = actor_for(make_staff(role, make_clinic("Elsewhere")).user)
    with pytest.raises(NotFound):
        selectors.session_for(stranger, session.pk)
    with pytest.raises(NotFound):
        selectors.photo_for(stranger, photo_ids(session)[0])


def test_an_administrator_reads_no_record_even_at_home():
    session = submitted()
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, session.patient.clinic).user)
    with pytest.raises(NotFound):
        selectors.session_for(administrator, session.pk)


# --- retake ----------------------------------------------------------------------------------------------------------


def test_a_retake_asks_for_exactly_the_views_named():
    session = reopened(submitted(), View.CROWN)
    assert session.status == "draft"
    missing = selectors.retakes_missing(session, selectors.photos_of(session))
    assert [wish["view"] for wish in missing] == ["crown"]
    assert Gap.RETAKE in services.submission_gaps(session)
    assert Gap.INTAKE in services.submission_gaps(session)  # medicines may have changed since


def test_a_good_new_photo_takes_the_place_of_the_old_one():
    session = reopened(submitted(), View.CROWN)
    kept = {photo.view: photo.pk for photo in selectors.photos_of(session)}
    new = add_drawn_photo(session, View.CROWN, now=NOW + timedelta(days=2))
    session.refresh_from_db()
    present = {photo.view: photo.pk for photo in selectors.photos_of(session)}
    assert present == {"hairline": kept["hairline"], "crown": new.pk}
    assert Photo.objects.get(pk=kept["crown"]).removed_at is not None
    assert selectors.retakes_missing(session, selectors.photos_of(session)) == []


def test_a_retaken_session_is_submitted_again():
    session = reopened(submitted(), View.CROWN)
    add_drawn_photo(session, View.CROWN, now=NOW + timedelta(days=2))
    services.confirm_intake(actor=holder_actor(session.patient), session_id=session.pk, now=NOW + timedelta(days=2))
    session = selectors.session_for(holder_actor(session.patient), session.pk)
    services.mark_submitted(session=session, now=NOW + timedelta(days=2))
    assert (session.status, session.retake_views) == ("submitted", [])


def test_the_photo_that_was_not_good_enough_is_not_taken_again():
    data = drawn_jpeg(5)
    session = make_session(views=[])
    add_drawn_photo(session, View.CROWN, data=data)
    session = selectors.session_for(holder_actor(session.patient), session.pk)
    reopened(services.mark_submitted(session=session, now=NOW), View.CROWN)
    with pytest.raises(DomainError, match="already in this session"):
        add_drawn_photo(session, View.CROWN, data=data, now=LATER)


def test_a_session_the_clinic_has_seen_is_not_thrown_away():
    session = reopened(submitted(), View.CROWN)
    with pytest.raises(DomainError, match="stays in your record"):
        services.discard_session(actor=holder_actor(session.patient), session_id=session.pk, now=LATER)


@pytest.mark.parametrize(
    "wishes", [[], [{"view": "elbow", "reason": "blurred"}], [{"view": "crown", "reason": "he looked tired"}]]
)
def test_a_retake_is_asked_in_codes_only(wishes):
    with pytest.raises(Invalid):
        services.reopen_for_retake(session=submitted(), views=wishes, now=NOW)


def test_a_closed_session_stays_closed():
    session = services.close_session(session=submitted(), now=NOW)
    assert session.closed_at == NOW
    with pytest.raises(DomainError, match="cannot be done now"):
        reopened(session, View.CROWN)


def test_the_table_knows_every_stored_state():
    assert set(PhotoSession.Status.values) == set(SessionState)
    assert {state for state, _action in TRANSITIONS} <= set(SessionState)


# --- discard ---------------------------------------------------------------------------------------------------------


def test_a_discarded_session_leaves_no_file(sealed_files, django_capture_on_commit_callbacks):
    session = make_session(views=[View.CROWN, View.PART])
    assert len(sealed_files()) == 4
    with django_capture_on_commit_callbacks(execute=True):
        services.discard_session(actor=holder_actor(session.patient), session_id=session.pk, now=NOW)
    assert sealed_files() == []
    assert not Photo.objects.exists()
    assert PhotoSession.objects.get().status == "discarded"
