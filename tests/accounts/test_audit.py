"""The audit chain: what was committed can neither be altered nor removed without being seen."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts import audit, services
from accounts.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    clinic = services.create_clinic(name="Clinic", time_zone="Europe/Berlin", now=timezone.now())
    for number in range(5):
        audit.record(action="photo.read", now=timezone.now(), clinic_id=clinic.pk, detail={"photos": [str(number)]})
    assert audit.seal_clinic(clinic.pk) == 5
    return clinic


def test_an_untouched_chain_holds(clinic):
    assert audit.verify_chain(clinic.pk) is None
    assert audit.sealed_count(clinic.pk) == 5


def test_sealing_again_seals_nothing_twice(clinic):
    assert audit.seal_clinic(clinic.pk) == 0
    assert audit.verify_chain(clinic.pk) is None


def test_an_altered_row_breaks_the_chain_where_it_stands(clinic):
    AuditEvent.objects.filter(clinic=clinic, sequence=3).update(action="photo.changed")
    assert audit.verify_chain(clinic.pk) == 3


def test_a_removed_row_breaks_the_chain(clinic):
    AuditEvent.objects.filter(clinic=clinic, sequence=2).delete()
    assert audit.verify_chain(clinic.pk) == 2


def test_two_swapped_rows_break_the_chain(clinic):
    first, second = AuditEvent.objects.filter(clinic=clinic, sequence__in=(4, 5)).order_by("sequence")
    AuditEvent.objects.filter(pk=first.pk).update(detail=second.detail)
    AuditEvent.objects.filter(pk=second.pk).update(detail=first.detail)
    assert audit.verify_chain(clinic.pk) == 4


def test_rows_of_another_clinic_are_chained_apart(clinic):
    other = services.create_clinic(name="Other", time_zone="Europe/Berlin", now=timezone.now())
    audit.record(action="photo.read", now=timezone.now(), clinic_id=other.pk)
    assert audit.seal_clinic(other.pk) == 1
    assert AuditEvent.objects.get(clinic=other).sequence == 1
