"""Two readers at the same moment, in real threads with real transactions, on both databases."""

from __future__ import annotations

import pytest

from accounts.errors import DomainError
from patients.models import Purpose
from patients.selectors import has_consent
from reviews import services
from reviews.models import CaseReading, Read
from reviews.policy import Demand
from tests.factories.reviews import LATER, dermatologist, look_at_all
from tests.patients.test_at_once import at_once
from tests.reviews.test_reads import FAR, MILD, commit_first, demanding

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])


def due_for_a_second_read():
    clinic, _admin = demanding(double_read=Demand.ALWAYS)
    review, first = commit_first(clinic, MILD)
    assert has_consent(review.session.patient_id, Purpose.SHARING)
    return clinic, first, CaseReading.objects.get(session=review.session)


def outcomes_of(found):
    return sorted(one.code if isinstance(one, DomainError) else one.role for one in found)


def test_nobody_adjudicates_their_own_read_even_when_it_is_sent_twice_at_once():
    clinic, first, case = due_for_a_second_read()
    second = dermatologist(clinic)
    look_at_all(case.session, second)
    sent = at_once(
        *[lambda: services.commit_read(actor=second, case_id=case.pk, grade=FAR, now=LATER)] * 3,
    )
    assert outcomes_of(sent) == ["independent", "own_read", "own_read"]
    case.refresh_from_db()
    assert case.status == "adjudication_due"
    for reader in (second, first):
        with pytest.raises(DomainError):
            services.commit_read(actor=reader, case_id=case.pk, grade=MILD, now=LATER)
    assert not Read.objects.filter(role="adjudication").exists()


def test_of_two_second_readers_at_once_one_is_the_second_and_the_other_is_no_adjudicator_unawares():
    clinic, _first, case = due_for_a_second_read()
    readers = [dermatologist(clinic), dermatologist(clinic)]
    look_at_all(case.session, *readers)
    sent = at_once(
        *(
            lambda reader=reader: services.commit_read(
                actor=reader, case_id=case.pk, grade=FAR, due="second_due", now=LATER
            )
            for reader in readers
        )
    )
    assert outcomes_of(sent) == ["independent", "read_moved_on"]
    left = next(reader for reader, one in zip(readers, sent, strict=True) if isinstance(one, DomainError))
    services.open_read(actor=left, case_id=case.pk, now=LATER)
    read = services.commit_read(actor=left, case_id=case.pk, grade=MILD, due="adjudication_due", now=LATER)
    assert read.role == "adjudication"
    case.refresh_from_db()
    assert case.status == "settled"
