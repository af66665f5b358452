"""What the worklist shows, in which order, and through which filters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict

from accounts.errors import Invalid, NotAllowed
from accounts.models import User
from accounts.roles import Role
from patients.intake_form import Symptom
from patients.models import PhotoSession
from reviews import services
from reviews.queue import QueueFilters, worklist
from reviews.queue_page import queue_lines
from tests.factories.patients import NOW, actor_for, calm_answers, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import dermatologist, measured, submitted_session, trichologist
from vision.types import View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

ALL = QueueFilters()


def case(clinic, name, hours, *, severity=None, **more):
    """A case sent ``hours`` before :data:`NOW`, measured when a severity is given."""
    sent = NOW - timedelta(hours=hours)
    patient = make_patient(clinic, given_name=name, now=sent)
    session = submitted_session(patient, views=(View.CROWN,), now=sent, **more)
    if severity is not None:
        measured(session, severity=severity)
    return session


def initials(rows):
    return [row.patient.given_name for row in rows]


def test_red_flags_come_first_then_what_is_overdue_then_the_more_severe_then_the_older():
    clinic = make_clinic()
    case(clinic, "Mild", 5, severity=2.0)
    case(clinic, "Severe", 3, severity=7.0)
    case(clinic, "Overdue", 80)
    case(clinic, "Soon", 2, answers=calm_answers(symptoms=(Symptom.SHEDDING_OVER_3_MONTHS,)))
    case(clinic, "Pus", 1, answers=calm_answers(symptoms=(Symptom.PUS,)))
    case(clinic, "Older", 8, ai=False)
    case(clinic, "Newer", 4, ai=False)
    rows, counts = worklist(dermatologist(clinic), ALL, now=NOW)
    assert initials(rows) == ["Pus", "Soon", "Overdue", "Severe", "Mild", "Older", "Newer"]
    assert (counts.all, counts.urgent, counts.unclaimed, counts.mine) == (7, 2, 7, 0)
    lines = queue_lines(rows, NOW)
    assert lines[0].why == ("Pus or crusts on the scalp",)
    assert (lines[2].overdue, lines[2].due) == (True, "8 hours overdue")
    assert (lines[3].severity, lines[3].severity_range) == ("7", "6.4–7.7")
    assert lines[5].analysis_label == "Without AI"


def test_filters_by_holder_urgency_and_state_of_the_models():
    clinic = make_clinic()
    me, colleague = dermatologist(clinic), trichologist(clinic)
    mine, theirs = case(clinic, "Mine", 1, severity=2.0), case(clinic, "Theirs", 2, ai=False)
    case(clinic, "Free", 3, answers=calm_answers(symptoms=(Symptom.PAIN,)), ai=False)
    services.claim_review(actor=me, session_id=mine.pk, now=NOW)
    services.claim_review(actor=colleague, session_id=theirs.pk, now=NOW)

    def shown(**query):
        return set(initials(worklist(me, QueueFilters.from_query(query), now=NOW)[0]))

    assert shown() == {"Mine", "Theirs", "Free"}
    assert shown(show="mine") == {"Mine"}
    assert shown(show="unclaimed") == {"Free"}
    assert shown(urgent="1") == {"Free"}
    assert shown(analysis="done") == {"Mine"}
    assert shown(analysis="not_consented", show="unclaimed") == {"Free"}
    assert shown(show="nonsense", analysis="nonsense") == {"Mine", "Theirs", "Free"}


def test_a_lapsed_lease_shows_the_case_as_free_to_others_but_still_as_ones_own():
    clinic = make_clinic()
    me, colleague = dermatologist(clinic), trichologist(clinic)
    session = case(clinic, "Held", 1)
    services.claim_review(actor=me, session_id=session.pk, now=NOW)
    (row,), _counts = worklist(colleague, ALL, now=NOW)
    assert (row.free, row.holder) == (False, "Dr. Ada Krause")
    later = NOW + timedelta(minutes=31)
    (row,), _counts = worklist(colleague, ALL, now=later)
    assert row.free
    (row,), _counts = worklist(me, ALL, now=later)
    assert row.mine


def test_closed_cases_drafts_and_other_clinics_are_absent():
    clinic, other = make_clinic(), make_clinic("Hair Clinic South")
    me = dermatologist(clinic)
    rejected = case(clinic, "Rejected", 2)
    review = services.claim_review(actor=me, session_id=rejected.pk, now=NOW)
    services.reject_case(actor=me, review_id=review.pk, message="Please come in person.", now=NOW)
    case(other, "Elsewhere", 2)
    assert list(worklist(me, ALL, now=NOW)[0]) == []


def test_a_handover_shows_its_note_and_that_a_dermatologist_is_needed():
    clinic = make_clinic()
    colleague = trichologist(clinic)
    session = case(clinic, "Handed", 1)
    review = services.claim_review(actor=colleague, session_id=session.pk, now=NOW)
    services.release_review(
        actor=colleague, review_id=review.pk, note="Scarring at the vertex?", for_dermatologist=True, now=NOW
    )
    rows, _counts = worklist(dermatologist(clinic), ALL, now=NOW)
    (line,) = queue_lines(rows, NOW)
    assert line.why == ("Handed over: needs a dermatologist",)
    assert line.handover_note == "Scarring at the vertex?"


def test_the_queue_is_for_clinicians():
    clinic = make_clinic()
    with pytest.raises(NotAllowed):
        worklist(actor_for(make_staff(Role.ADMINISTRATOR, clinic).user), ALL, now=NOW)


def test_more_filters_by_severity_waiting_deadline_holder_and_role():
    clinic = make_clinic()
    me, colleague = dermatologist(clinic), trichologist(clinic)
    case(clinic, "Mild", 5, severity=2.0)
    severe = case(clinic, "Severe", 30, severity=7.0)
    case(clinic, "Overdue", 80)
    pus = case(clinic, "Pus", 6, answers=calm_answers(symptoms=(Symptom.PUS,)))
    case(clinic, "Soon", 2, answers=calm_answers(symptoms=(Symptom.SHEDDING_OVER_3_MONTHS,)))
    services.claim_review(actor=colleague, session_id=severe.pk, now=NOW)
    review = services.claim_review(actor=colleague, session_id=pus.pk, now=NOW)
    services.release_review(actor=colleague, review_id=review.pk, for_dermatologist=True, now=NOW)

    def shown(**query):
        filters = QueueFilters.from_query(query)
        rows, _counts = worklist(me, filters, now=NOW)
        assert len(rows) == len(list(rows))
        again = QueueFilters.from_query(QueryDict(filters.query()))
        assert again == filters, "the address alone shows the same"
        return initials(rows)

    assert shown(severity_from="5") == ["Severe"]
    assert shown(severity_to="5") == ["Mild"]
    assert shown(waiting="24") == ["Overdue", "Severe"]
    assert shown(overdue="1") == ["Pus", "Overdue"]
    assert shown(urgent="pressing") == ["Pus"]
    assert shown(urgent="1") == ["Pus", "Soon"]
    assert shown(holder=str(colleague.membership_id)) == ["Severe"]
    assert shown(dermatologist="1") == ["Pus"]
    assert shown(severity_from="no", waiting="-3", holder="nobody") == shown()


def test_pages_cut_the_list_anywhere_without_a_gap_or_a_repetition():
    clinic = make_clinic()
    for number in range(3):
        case(clinic, f"Late{number}", 80 + number, severity=3.0 + number)
        case(clinic, f"New{number}", 3 + number, severity=3.0 + number)
        case(clinic, f"Flag{number}", 1 + number, answers=calm_answers(symptoms=(Symptom.PAIN,)))
    rows, _counts = worklist(dermatologist(clinic), ALL, now=NOW)
    whole = initials(rows)
    assert len(whole) == len(rows) == 9
    for size in (1, 2, 4):
        pages = [initials(rows[start : start + size]) for start in range(0, 9, size)]
        assert [name for page in pages for name in page] == whole


def test_a_named_set_of_filters_is_private_or_shared_and_its_address_shows_the_same():
    clinic = make_clinic()
    me, colleague = dermatologist(clinic), trichologist(clinic)
    stranger = dermatologist(make_clinic("Hair Clinic South"))
    case(clinic, "Severe", 3, severity=7.0)
    case(clinic, "Mild", 3, severity=2.0)
    filters = QueueFilters(severity_from=6, overdue=False)
    private = services.save_view(actor=me, name="Severe", filters=filters, shared=False, now=NOW)
    assert [view.name for view in services.views_of(me)] == ["Severe"]
    assert services.views_of(colleague) == []
    services.save_view(actor=me, name="Severe", filters=filters, shared=True, now=NOW)
    (theirs,) = services.views_of(colleague)
    assert (theirs.pk, theirs.owner_id) == (private.pk, me.membership_id)
    assert services.views_of(stranger) == []
    browser = signed_in(User.objects.get(pk=colleague.user_id))
    page = browser.get(f"/queue/?{theirs.query}").content.decode()
    assert "S. S." in page
    assert "M. S." not in page
    assert "Shared by Dr. Ada Krause" in page
    with pytest.raises(NotAllowed):
        services.remove_view(actor=colleague, view_id=private.pk)
    with pytest.raises(Invalid, match="whole queue"):
        services.save_view(actor=me, name="Everything", filters=ALL, shared=False, now=NOW)
    services.remove_view(actor=me, view_id=private.pk)
    assert services.views_of(me) == []


def test_needs_a_dermatologist_is_what_the_last_holder_said_of_this_submission():
    clinic = make_clinic()
    me, colleague = dermatologist(clinic), trichologist(clinic)
    handed, escalated = case(clinic, "Handed", 4), case(clinic, "Escalated", 5)
    case(clinic, "Other", 6)
    review = services.claim_review(actor=colleague, session_id=handed.pk, now=NOW)
    services.release_review(actor=colleague, review_id=review.pk, for_dermatologist=True, now=NOW)
    review = services.claim_review(actor=colleague, session_id=escalated.pk, now=NOW)
    services.escalate_case(actor=colleague, review_id=review.pk, reason="Scarring", urgency="soon", now=NOW)

    def shown():
        return set(initials(worklist(me, QueueFilters(dermatologist=True), now=NOW)[0]))

    assert shown() == {"Handed", "Escalated"}
    review = services.claim_review(actor=me, session_id=handed.pk, now=NOW)
    assert shown() == {"Handed", "Escalated"}
    services.release_review(actor=me, review_id=review.pk, now=NOW + timedelta(minutes=1))
    assert shown() == {"Escalated"}

    from importlib import import_module

    from django.apps import apps

    PhotoSession.objects.update(for_dermatologist=False)
    import_module("reviews.migrations.0009_fill_for_dermatologist").fill(apps, None)
    assert shown() == {"Escalated"}, "cases that waited before the column came"
