"""Two requests at the same moment, in real threads with real transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from accounts.errors import DomainError
from patients import services
from patients.models import Photo, PhotoSession
from tests.factories.patients import NOW, add_drawn_photo, drawn_jpeg, holder_actor, make_session, ready_patient
from vision.types import View

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run each in its own thread; what each returned, or the expected error it met."""

    def run(act):
        try:
            return act()
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_different_photos_at_once_are_all_kept(sealed_files):
    session = make_session(views=[])
    at_once(*(lambda seed=seed: add_drawn_photo(session, View.CROWN, data=drawn_jpeg(seed)) for seed in (41, 42, 43)))
    assert Photo.objects.count() == 3
    assert len(sealed_files()) == 6


def test_the_same_photo_at_once_is_kept_once(sealed_files):
    session = make_session(views=[])
    outcomes = at_once(*[lambda: add_drawn_photo(session, View.CROWN, data=drawn_jpeg(44))] * 3)
    assert Photo.objects.count() == 1
    assert sum(isinstance(outcome, DomainError) for outcome in outcomes) == 2
    assert len(sealed_files()) == 2


def test_two_tabs_that_start_a_session_share_it():
    patient = ready_patient()
    actor = holder_actor(patient)
    at_once(*[lambda: services.start_session(actor=actor, patient_id=patient.pk, now=NOW)] * 3)
    assert PhotoSession.objects.count() == 1
