"""Days and weeks of the desk are those of the clinic's clock, also around midnight."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reviews.agreement.page import period_of
from reviews.models import Review
from reviews.workload import workloads
from tests.factories.reviews import review_at
from vision.types import View

EVENING = datetime(2026, 8, 23, 21, 30, tzinfo=UTC)  # Sunday 23:30 in Berlin
NIGHT = datetime(2026, 8, 23, 22, 30, tzinfo=UTC)  # Monday 00:30 in Berlin
MORNING = datetime(2026, 8, 24, 7, 0, tzinfo=UTC)


def test_figures_of_agreement_reach_to_the_end_of_the_clinics_day():
    assert period_of("", "", now=EVENING, zone="Europe/Berlin").end == datetime(2026, 8, 23, 22, 0, tzinfo=UTC)
    assert period_of("", "", now=NIGHT, zone="Europe/Berlin").end == datetime(2026, 8, 24, 22, 0, tzinfo=UTC)


@pytest.mark.django_db(databases=["default", "keys"])
@pytest.mark.parametrize(("closed_at", "this_week"), [(EVENING, 0), (NIGHT, 1)])
def test_a_week_of_work_begins_at_midnight_in_the_clinic(closed_at, this_week):
    review, actor = review_at("decided", views=(View.CROWN,))
    Review.objects.filter(pk=review.pk).update(status="signed", claimed_at=EVENING, closed_at=closed_at)
    assert [row.signed_this_week for row in workloads(actor, now=MORNING)] == [this_week]
