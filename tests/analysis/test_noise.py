"""A view taken twice: the second take makes no findings, and tells how much this clinic's photographs vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import log, sqrt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Clinic
from analysis import noise, services
from analysis.models import Analysis, Finding, ModelRelease
from analysis.noise import NoiseBook, clinic_book, device_of, noise_for, takes_of
from analysis.results import PhotoOutput, SessionResult
from patients import selectors
from patients.models import Patient, Photo, PhotoSession
from patients.services import choose_takes, remove_photo
from tests.analysis.conftest import submit, take
from tests.analysis.results import photo_analysis, session_result
from tests.factories.patients import add_drawn_photo, holder_actor, make_clinic, make_session, ready_patient
from vision.codec import photo_to_json
from vision.repeatability import Noise, NoiseSource, shipped_prior
from vision.types import Measured, Metric, NotMeasurable, Reason, View

pytestmark = pytest.mark.django_db
COVERAGE = Metric.COVERAGE_INDEX


def twice(patient: Patient, *views: View) -> PhotoSession:
    """A draft in which each of ``views`` was taken twice."""
    session = make_session(patient, views=(), consent=False)
    choose_takes(actor=holder_actor(patient), session_id=session.pk, twice=True, now=timezone.now())
    session.refresh_from_db()
    moment = timezone.now()
    for number, view in enumerate(view for view in views for _ in range(2)):
        add_drawn_photo(session, view, now=moment + timedelta(seconds=number))
    return session


def measure(session: PhotoSession, coverage: Mapping[tuple[View, int], float]) -> Analysis:
    """Submit, and record ``coverage`` by view and take."""
    submit(session)
    analysis = Analysis.objects.get(session=session)
    now = timezone.now()
    claim = take(analysis, now)
    outputs = []
    for photo in services.usable_photos(session):
        value = coverage[View(photo.view), photo.take]
        found = photo_analysis(View(photo.view))
        measures = {
            COVERAGE: Measured(value, value - 5, value + 5, "%"),
            Metric.AFFECTED_SHARE: Measured(100 - value, 95 - value, 105 - value, "%"),
        }
        outputs.append(PhotoOutput(photo.pk, photo_to_json(replace(found, measures=measures)), ()))
    result = SessionResult(tuple(outputs), session_result(analysis).summary)
    assert services.record_result(claim=claim, result=result, now=now)
    analysis.refresh_from_db()
    return analysis


@pytest.fixture
def clinic(network: ModelRelease) -> Clinic:
    return make_clinic()


def crown_pair(patient: Patient, first: float, second: float) -> Analysis:
    session = twice(patient, View.CROWN)
    analysis = measure(session, {(View.CROWN, 1): first, (View.CROWN, 2): second})
    PhotoSession.objects.filter(pk=session.pk).update(status=PhotoSession.Status.CLOSED)
    return analysis


def test_a_second_take_makes_no_findings_and_its_number_stands_beside_the_first(clinic: Clinic) -> None:
    analysis = crown_pair(ready_patient(clinic), 71.0, 73.0)
    photos = {photo.take: photo for photo in Photo.objects.filter(session=analysis.session)}
    assert photos[2].repeat_of_id == photos[1].pk
    assert not Finding.objects.filter(photo=photos[2]).exists()
    coverage = Finding.objects.get(photo=photos[1], code=COVERAGE)
    assert coverage.payload["value"] == 71.0
    assert coverage.payload["takes"] == [71.0, 73.0]
    assert takes_of(coverage.payload) == (Measured(72.0, 67.0, 77.0, "%"), 2)
    assert takes_of({**coverage.payload, "value": 60.0, "by": "clinician"}) == (Measured(60.0, 66.0, 76.0, "%"), 1)


def test_noise_starts_shipped_becomes_the_clinics_and_then_the_patients_own(clinic: Clinic) -> None:
    me, other = ready_patient(clinic), ready_patient(clinic)
    at_first = noise_for(me.pk, COVERAGE, View.CROWN)
    assert isinstance(at_first, Noise)
    assert at_first.source is NoiseSource.SHIPPED
    for second in (72.0, 69.0, 74.0):
        crown_pair(other, 71.0, second)
    of_clinic = noise_for(me.pk, COVERAGE, View.CROWN)
    assert isinstance(of_clinic, Noise)
    assert (of_clinic.clinic_pairs, of_clinic.own_pairs) == (3, 0)
    crown_pair(me, 60.0, 61.0)
    own = noise_for(me.pk, COVERAGE, View.CROWN)
    assert isinstance(own, Noise)
    assert (own.clinic_pairs, own.own_pairs) == (3, 1)  # own pairs are not counted among the clinic's
    assert own.weights[NoiseSource.OWN] > 0
    assert isinstance(noise_for(me.pk, Metric.THINNING_SHARE, View.CROWN), NotMeasurable)


def test_other_clinics_and_other_views_stay_apart(clinic: Clinic) -> None:
    crown_pair(ready_patient(clinic), 71.0, 75.0)
    assert clinic_book(make_clinic("South").pk).repeats == ()
    found = clinic_book(clinic.pk).pooled(COVERAGE, View.OCCIPUT)
    assert found == shipped_prior(COVERAGE, View.OCCIPUT)


def test_rejected_and_redrawn_numbers_tell_nothing(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = crown_pair(ready_patient(clinic), 71.0, 75.0)
    first = Photo.objects.get(session=analysis.session, repeat_of=None)
    assert {repeat.metric for repeat in clinic_book(clinic.pk).repeats} == {COVERAGE, Metric.AFFECTED_SHARE}
    monkeypatch.setattr(noise, "_rules", [lambda photo_ids: {first.pk: {COVERAGE.value}}])
    assert {repeat.metric for repeat in clinic_book(clinic.pk).repeats} == {Metric.AFFECTED_SHARE}
    monkeypatch.setattr(noise, "_rules", [lambda photo_ids: {first.pk: None}])
    assert clinic_book(clinic.pk).repeats == ()


def test_severity_and_salt_have_repeats_when_every_side_was_taken_twice(clinic: Clinic) -> None:
    views = (View.CROWN, View.OCCIPUT, View.TEMPLE_LEFT, View.TEMPLE_RIGHT)
    numbers = {(view, number): 70.0 + 2 * number for view in views for number in (1, 2)}
    measure(twice(ready_patient(clinic), *views), numbers)
    found = {repeat.metric: repeat for repeat in clinic_book(clinic.pk).repeats if repeat.view is None}
    assert found[Metric.SALT_ESTIMATE].first == pytest.approx(28.0)
    assert found[Metric.SALT_ESTIMATE].second == pytest.approx(26.0)
    assert found[Metric.SEVERITY_INDEX].first > found[Metric.SEVERITY_INDEX].second


def test_a_camera_with_enough_pairs_has_a_noise_of_its_own(clinic: Clinic) -> None:
    analysis = crown_pair(ready_patient(clinic), 71.0, 73.0)
    one = next(repeat for repeat in clinic_book(clinic.pk).repeats if repeat.metric is COVERAGE)
    assert one.device == ""
    steady = [replace(one, device="Phone A", second=one.first + 0.2) for _ in range(6)]
    shaky = [replace(one, device="Phone B", second=one.first + 9) for _ in range(6)]
    book = NoiseBook((*steady, *shaky, one))
    calm, rough = (book.pooled(COVERAGE, View.CROWN, device) for device in ("Phone A", "Phone B"))
    assert not isinstance(calm, NotMeasurable)
    assert not isinstance(rough, NotMeasurable)
    assert calm.sd < rough.sd
    assert book.pooled(COVERAGE, View.CROWN, "Phone C") == book.pooled(COVERAGE, View.CROWN, None)
    assert device_of({"camera_make": "Google", "camera_model": "Pixel 8"}) == "Google Pixel 8"
    assert device_of({"camera_make": "Canon", "camera_model": "Canon EOS R6"}) == "Canon EOS R6"
    assert device_of({}) == ""
    assert analysis.session.patient.clinic_id == clinic.pk


def test_more_pairs_cost_no_more_queries(clinic: Clinic) -> None:

    me = ready_patient(clinic)
    crown_pair(me, 71.0, 73.0)
    with CaptureQueriesContext(connection) as few:
        noise_for(me.pk, COVERAGE, View.CROWN)
    for patient in (me, ready_patient(clinic)):
        crown_pair(patient, 60.0, 61.0)
    with CaptureQueriesContext(connection) as more:
        noise_for(me.pk, COVERAGE, View.CROWN)
    assert len(more) <= len(few)


def test_taking_the_first_out_makes_the_second_the_first(clinic: Clinic) -> None:

    patient = ready_patient(clinic)
    session = twice(patient, View.CROWN)
    first, second = selectors.photos_of(session)
    remove_photo(actor=holder_actor(patient), photo_id=first.pk, now=timezone.now())
    assert [(photo.pk, photo.take) for photo in selectors.photos_of(session)] == [(second.pk, 1)]


def test_a_number_without_shipped_noise_waits_for_the_clinics_own(clinic: Clinic) -> None:
    crown_pair(ready_patient(clinic), 71.0, 73.0)
    one = next(repeat for repeat in clinic_book(clinic.pk).repeats if repeat.metric is COVERAGE)
    width = [
        replace(one, metric=Metric.PART_WIDTH_MM, view=View.PART, first=6.0, second=6.0 + 0.1 * number)
        for number in range(10)
    ]
    few, enough = NoiseBook(tuple(width[:9])), NoiseBook(tuple(width))
    assert isinstance(few.noise_for(None, Metric.PART_WIDTH_MM, View.PART), NotMeasurable)
    found = enough.noise_for(None, Metric.PART_WIDTH_MM, View.PART)
    assert isinstance(found, Noise)
    assert found.source is NoiseSource.CLINIC


def test_a_patients_own_repeats_suffice_where_nothing_else_is_known(clinic: Clinic) -> None:
    me = ready_patient(clinic)
    crown_pair(me, 71.0, 73.0)
    one = next(repeat for repeat in clinic_book(clinic.pk).repeats if repeat.metric is COVERAGE)
    width = [
        replace(one, metric=Metric.PART_WIDTH_MM, view=View.PART, first=6.0, second=6.0 + 0.2 * number)
        for number in range(1, 4)
    ]
    two = NoiseBook(tuple(width[:2])).noise_for(me.pk, Metric.PART_WIDTH_MM, View.PART)
    assert isinstance(two, NotMeasurable)
    assert two.reason is Reason.TOO_FEW_REPEATS
    found = NoiseBook(tuple(width)).noise_for(me.pk, Metric.PART_WIDTH_MM, View.PART)
    assert isinstance(found, Noise)
    assert (found.source, found.df) == (NoiseSource.OWN, 3.0)
    logs = [log(repeat.second / repeat.first) for repeat in width]
    assert found.sd == pytest.approx(sqrt(sum(one**2 for one in logs) / 6))
