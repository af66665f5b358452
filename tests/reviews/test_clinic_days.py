"""Days are the clinic's: late in its evening, when UTC has the next day, everything still counts today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts import audit
from accounts.errors import Invalid
from accounts.models import User
from accounts.roles import Role
from accounts.selectors import search_audit
from patients.models import PatientAccess
from patients.services import PatientDetails, register_patient
from reports.models import Report
from reports.verification import look_up
from reviews import services
from reviews.models import FollowUpTask
from reviews.services.follow_up import plan_follow_up
from reviews.services.plan_templates import Template, TemplateItem
from tests.factories.patients import actor_for, holder_actor, make_clinic, make_staff, make_user, signed_in
from tests.factories.reports import signed_report
from tests.factories.reviews import LATER, review_at, signable

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

TODAY = date(2026, 11, 21)
EVENING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
"""23:30 of the 21st in Honolulu, ten hours behind UTC, where it is the 22nd."""


def clinic_far_from_utc():
    clinic = make_clinic()
    clinic.time_zone = "Pacific/Honolulu"
    clinic.save(update_fields=["time_zone"])
    return clinic


def signed_far_from_utc():
    """A signed case of a clinic that has moved to Honolulu, its actors as they are now."""
    case, report = signed_report()
    case.clinic.time_zone = "Pacific/Honolulu"
    case.clinic.save(update_fields=["time_zone"])
    return case, report


def test_a_follow_up_may_lie_tomorrow_at_the_clinic():
    review, actor = review_at("decided", clinic=clinic_far_from_utc())
    signable(review, actor)
    kept = {"actor": actor, "review_id": review.pk, "summary": "Well.", "advice": "", "now": EVENING}
    assert services.save_plan(**kept, follow_up_date=TODAY + timedelta(days=1)).follow_up_date == date(2026, 11, 22)
    with pytest.raises(Invalid, match="after today"):
        services.save_plan(**kept, follow_up_date=TODAY)


def test_a_template_counts_its_days_from_the_clinics_today():
    review, actor = review_at("opened", clinic=clinic_far_from_utc())
    source, _actor = review_at("decided", clinic=review.clinic, actor=actor)
    signable(source, actor, entries=["nutrition"])
    template = services.make_template(actor=actor, review_id=source.pk, name="Usual", now=EVENING)
    assert Template.from_dict(template.content).follow_up_days == (date(2027, 2, 19) - TODAY).days
    content = Template("", 30, (TemplateItem("nutrition", "daily", "3 months"),))
    services.save_template(actor=actor, template_id=template.pk, name="Usual", content=content, now=EVENING)
    services.apply_template(actor=actor, review_id=review.pk, template_id=template.pk, now=EVENING)
    assert review.plan.follow_up_date == TODAY + timedelta(days=30)


def test_tasks_fall_on_the_clinics_days_and_mails_go_out_by_day_there():
    case, _report = signed_far_from_utc()
    case.review.refresh_from_db()
    tasks = plan_follow_up(review=case.review, actor=case.reviewer, now=EVENING)
    check = next(task for task in tasks if task.kind == "side_effects")
    assert check.due_date == TODAY + timedelta(weeks=4)
    services.postpone_task(actor=case.reviewer, task_id=check.pk, until=TODAY + timedelta(days=1), note="", now=EVENING)
    assert services.remind(now=EVENING) == 0, "it is due tomorrow"
    assert services.remind(now=EVENING + timedelta(hours=1)) == 0, "half past midnight is no time for a mail"
    assert services.remind(now=EVENING + timedelta(hours=10)) == 1


def test_the_list_of_what_is_due_asks_for_the_clinics_day_on_the_page_and_over_the_api(monkeypatch):
    case, _report = signed_far_from_utc()
    task = FollowUpTask.objects.filter(patient=case.patient, kind="follow_up").get()
    FollowUpTask.objects.filter(pk=task.pk).update(due_date=TODAY + timedelta(days=1))
    monkeypatch.setattr("django.utils.timezone.now", lambda: EVENING)
    doctor = signed_in(User.objects.get(pk=case.reviewer.user_id))
    assert doctor.get(reverse("api-follow-ups")).json()["count"] == 0
    page = doctor.get(reverse("reviews:follow_up"), {"show": "week"}).content.decode()
    assert "in 1 day" in page


def test_a_red_answer_is_put_before_the_clinicians_today():
    case, _report = signed_far_from_utc()
    holder = holder_actor(case.patient)
    questions = services.checklist_of(holder, case.patient.pk).questions
    answers = {question.code: "much" for question in questions}
    services.answer_side_effects(actor=holder, patient_id=case.patient.pk, answers=answers, words="", now=EVENING)
    assert FollowUpTask.objects.get(kind="urgent_answer").due_date == TODAY


def test_somebody_whose_birthday_is_tomorrow_is_still_a_minor():
    clinic = clinic_far_from_utc()
    details = PatientDetails("Lea", "Moana", date(2008, 11, 22))
    with pytest.raises(Invalid, match="parent or guardian"):
        register_patient(
            user=make_user(), clinic=clinic, details=details, relation=PatientAccess.Relation.SELF, now=EVENING
        )


def test_the_audit_is_searched_and_a_report_verified_by_the_clinics_days():
    case, report = signed_far_from_utc()
    Report.objects.filter(pk=report.pk).update(signed_at=EVENING)
    verdict = look_up(report.verification_code)
    assert verdict is not None
    assert verdict.day == TODAY
    admin = actor_for(make_staff(Role.ADMINISTRATOR, case.clinic, now=LATER).user)
    audit.record(action="follow_up.read", now=EVENING, actor=admin, subject_kind="follow_up")
    mine = {"action": "follow_up.read", "person": str(admin.user_id)}
    assert search_audit(admin, since=TODAY, until=TODAY, **mine).count() == 1
    assert search_audit(admin, since=TODAY + timedelta(days=1), **mine).count() == 0
