"""A day is the clinic's: what was photographed and signed late in the evening is printed with one date everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reports import presenters, services
from reports.progress.series import courses_of
from reports.services.progress import progress_of
from reviews.models import SideEffectReport
from tests.factories.reports import signed_report

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_what_is_signed_after_midnight_in_the_clinic_is_signed_on_that_day():
    late = datetime(2026, 8, 22, 22, 40, tzinfo=UTC)  # 00:40 on 23 August in Berlin
    case, _report = signed_report(now=late)
    progress = progress_of(case.patient)
    [visit] = progress.visits
    assert (visit.day, visit.content.signed_day) == (date(2026, 8, 23), date(2026, 8, 23))
    assert [course.started for course in courses_of(progress.visits)] == [date(2026, 8, 23)]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 8, 22, 21, 30, tzinfo=UTC), date(2026, 8, 22)),  # 23:30 in Berlin
        (datetime(2026, 8, 22, 22, 30, tzinfo=UTC), date(2026, 8, 23)),  # 00:30 in Berlin
    ],
)
def test_the_patients_home_and_the_progress_pages_name_one_day_on_either_side_of_midnight(at, day):
    case, _report = signed_report(now=at)
    [visit] = progress_of(case.patient).visits
    page = presenters.patient_home(case.holder, case.patient.pk, now=at)
    home = page["home"]
    assert visit.day == visit.content.signed_day == day
    assert [row.day for row in home.sessions] == [day]
    assert (home.result.signed_day, home.result.day, page["today"]) == (day, 0, day)
    later = presenters.patient_home(case.holder, case.patient.pk, now=at + timedelta(hours=2))
    assert later["home"].result.day == (date(2026, 8, 23) - day).days  # midnight in the clinic begins the next day


def test_an_answer_of_half_past_midnight_belongs_to_the_summary_that_ends_on_that_day():
    at = datetime(2026, 8, 22, 22, 30, tzinfo=UTC)  # 00:30 on 23 August in Berlin
    case, _report = signed_report(now=at)
    SideEffectReport.objects.create(
        patient=case.patient, review=case.review, answers={"answers": {}, "words": "Dry skin."},
        submitted_at=at,
    )  # fmt: skip
    told = {
        last: services.read_document_content(
            actor=case.holder, patient_id=case.patient.pk, kind="summary", first="2026-08-01", last=last, now=at
        ).answers
        for last in ("", "2026-08-23")
    }
    assert [line.day for line in told[""]] == [line.day for line in told["2026-08-23"]] == ["23 August 2026"]
