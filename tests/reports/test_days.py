"""A day is the clinic's: what was photographed and signed late in the evening is printed with one date everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from reports.progress.series import courses_of
from reports.services.progress import progress_of
from tests.factories.reports import signed_report

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_what_is_signed_after_midnight_in_the_clinic_is_signed_on_that_day():
    late = datetime(2026, 8, 22, 22, 40, tzinfo=UTC)  # 00:40 on 23 August in Berlin
    case, _report = signed_report(now=late)
    progress = progress_of(case.patient)
    [visit] = progress.visits
    assert (visit.day, visit.content.signed_day) == (date(2026, 8, 23), date(2026, 8, 23))
    assert [course.started for course in courses_of(progress.visits)] == [date(2026, 8, 23)]
