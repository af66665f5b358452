"""A changed reading policy: answered at once, and followed by the order of the queue in the background."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django_q.models import OrmQ

from accounts.roles import Role
from patients.models import PhotoSession
from reviews import services, tasks
from reviews.models import ReadingPolicy
from reviews.policy import Demand, ReadingRules
from reviews.services import shown_ranks
from tests.factories.patients import NOW, actor_for, make_clinic, make_staff, signed_in
from tests.reviews.test_queue_places import fill

pytestmark = pytest.mark.django_db(databases=["default", "keys"])
ALWAYS, OFF = ReadingRules(blind_first=Demand.ALWAYS), ReadingRules()


@pytest.fixture
def batches_of_two(monkeypatch):
    monkeypatch.setattr(shown_ranks, "BATCH", 2)
    monkeypatch.setattr(shown_ranks, "BATCHES_A_TASK", 1)


def moved(clinic):
    """How many measured cases their severity moves."""
    return PhotoSession.objects.filter(clinic=clinic, severity_rank__gt=0).exclude(shown_rank=0).count()


def test_the_order_follows_in_batches_and_the_administrator_sees_how_far_it_is(
    batches_of_two, django_capture_on_commit_callbacks
):
    clinic, elsewhere = make_clinic(), make_clinic("Hair Clinic South")
    fill(clinic, 6)
    fill(elsewhere, 6)
    member = make_staff(Role.ADMINISTRATOR, clinic)
    client = signed_in(member.user)
    with django_capture_on_commit_callbacks(execute=True):
        services.set_reading_policy(actor=actor_for(member.user), rules=ALWAYS, now=NOW)
    assert OrmQ.objects.count() == 1
    assert moved(clinic) == 4, "nothing is rewritten while the administrator waits"
    page = client.get(reverse("reviews:reading_policy")).content.decode()
    assert "0 of 6" in page
    assert "every 2s" in page

    with django_capture_on_commit_callbacks(execute=True):
        tasks.apply_reading_policy(str(clinic.pk))
    assert OrmQ.objects.count() == 2, "the next task goes on"
    assert "2 of 6" in client.get(reverse("reviews:reading_policy")).content.decode()
    answer = client.get(reverse("api-reading-policy")).json()
    assert (answer["applying"], answer["cases_done"], answer["cases_total"]) == (True, 2, 6)

    while services.apply_reading_policy(clinic_id=clinic.pk):
        pass
    assert moved(clinic) == 0
    assert moved(elsewhere) == 4
    assert "every 2s" not in client.get(reverse("reviews:reading_policy")).content.decode()
    assert services.apply_reading_policy(clinic_id=clinic.pk) is False, "a task that is delivered again finds nothing"


def test_a_second_change_begins_again_and_the_last_one_holds(batches_of_two):
    clinic = make_clinic()
    fill(clinic, 6)
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ALWAYS, now=NOW)
    services.apply_reading_policy(clinic_id=clinic.pk)
    services.apply_reading_policy(clinic_id=clinic.pk)
    services.set_reading_policy(actor=admin, rules=OFF, now=NOW)
    assert ReadingPolicy.objects.get().cases_done == 0
    tasks_of_both = 20
    for _task in range(tasks_of_both):
        services.apply_reading_policy(clinic_id=clinic.pk)
    assert moved(clinic) == 4
    assert ReadingPolicy.objects.get().applying is False


def test_a_change_whose_task_was_lost_goes_on(batches_of_two, django_capture_on_commit_callbacks):
    clinic = make_clinic()
    fill(clinic, 6)
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ALWAYS, now=NOW)
    services.apply_reading_policy(clinic_id=clinic.pk)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep()
    assert OrmQ.objects.count() == 1
    while services.apply_reading_policy(clinic_id=clinic.pk):
        pass
    assert moved(clinic) == 0
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep()
    assert OrmQ.objects.count() == 1, "nothing is left to go on with"
