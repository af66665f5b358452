"""At least once becomes exactly once: claims, leases, attempts, and what a withdrawn consent stops."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEvent
from analysis import releases, selectors, services, tasks
from analysis.leases import LOST_TASK_AFTER
from analysis.models import Analysis, DerivedImage, Finding, ModelRelease, PhotoResult, PipelineRelease
from analysis.storage import clear_attempt, discard_unrecorded, folder_of
from patients.models import PhotoSession, Purpose
from patients.services import withdraw_consent
from tests.analysis.conftest import submit, take
from tests.analysis.results import session_result
from tests.factories.patients import holder_actor, make_session, ready_patient
from vault.errors import SealedFileMissing
from vault.files import read_all, seal_file
from vision.types import View

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=settings.ANALYSIS_LEASE_S)


def test_submitting_queues_one_analysis_of_the_usable_photos(analysis):
    assert (analysis.status, analysis.photos_total, analysis.attempts) == ("queued", 2, 0)


def test_the_same_photos_are_measured_once(analysis):
    again = services.queue_analysis(session=analysis.session, now=timezone.now())
    assert again is not None
    assert again.pk == analysis.pk
    assert Analysis.objects.count() == 1


def test_without_consent_nothing_is_queued_and_the_case_still_goes_to_the_clinic(network):
    session = submit(make_session(views=[View.CROWN], without=[Purpose.AI_ANALYSIS]))
    assert not Analysis.objects.exists()
    assert session.status == "submitted"
    assert selectors.analysis_state(session).state is selectors.State.NOT_CONSENTED


def test_without_a_network_the_case_goes_to_the_clinic_unmeasured():
    session = submit(make_session(views=[View.CROWN]))
    assert selectors.analysis_state(session).state is selectors.State.OFF


def test_two_workers_cannot_hold_one_analysis(analysis):
    now = timezone.now()
    assert services.claim(analysis_id=analysis.pk, now=now) is not None
    assert services.claim(analysis_id=analysis.pk, now=now) is None


def test_a_lapsed_lease_is_taken_over_and_the_first_holder_can_write_nothing(analysis):
    now = timezone.now()
    first = take(analysis, now)
    second = take(analysis, now + LEASE + timedelta(seconds=1))
    assert services.heartbeat(claim=first, photos_done=1, now=now) is False
    late = session_result(analysis)
    assert services.record_result(claim=first, result=late, now=now) is False
    assert services.record_result(claim=second, result=session_result(analysis), now=now) is True
    assert PhotoResult.objects.count() == 2, "exactly one result per photo is visible"


def test_a_heartbeat_keeps_the_lease_and_shows_progress(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    assert services.heartbeat(claim=claim, photos_done=1, now=now + LEASE / 2)
    assert services.claim(analysis_id=analysis.pk, now=now + LEASE + timedelta(seconds=1)) is None
    assert selectors.analysis_state(analysis.session).photos_done == 1


def test_a_delivered_result_is_not_computed_again(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    services.record_result(claim=claim, result=session_result(analysis), now=now)
    assert services.claim(analysis_id=analysis.pk, now=now + 10 * LEASE) is None


def test_a_result_becomes_findings_in_the_order_of_the_review(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    services.record_result(claim=claim, result=session_result(analysis), now=now)
    kinds = [(finding.kind, finding.code) for finding in Finding.objects.filter(analysis=analysis).order_by("position")]
    per_photo = [("measure", "coverage_index"), ("measure", "scalp_visibility"), ("region", "bald")]
    of_session = [("condition", "alopecia"), ("severity", "severity_index"), ("salt", "salt_estimate")]
    assert kinds == [*per_photo, *per_photo, *of_session, ("norwood", "norwood_stage")]
    coverage = Finding.objects.filter(code="coverage_index")[0]
    assert coverage.payload == {"metric": "coverage_index", "value": 71.0, "low": 66.0, "high": 76.0, "unit": "%"}
    assert coverage.release == "scalp-segmentation-9.9"
    assert Finding.objects.filter(code="scalp_visibility")[0].payload["reason"] == "too_little_scalp"
    assert AuditEvent.objects.filter(action="analysis.done", patient_id=analysis.session.patient_id).count() == 1


def test_an_error_is_tried_again_and_parked_after_the_third_time(analysis):
    now = timezone.now()
    for _attempt in (1, 2, 3):
        claim = take(analysis, now)
        services.record_failure(claim=claim, code="RuntimeError", now=now)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.failure_code, analysis.attempts) == ("failed", "RuntimeError", 3)
    assert services.claim(analysis_id=analysis.pk, now=now + 10 * LEASE) is None


def test_the_sweep_gives_back_what_a_dead_worker_held_and_parks_it_in_the_end(analysis):
    now = timezone.now()
    for _ in range(settings.ANALYSIS_MAX_ATTEMPTS):
        assert services.claim(analysis_id=analysis.pk, now=now) is not None
        assert services.sweep(now=now) == 0, "a living lease is left alone"
        now += LEASE + timedelta(seconds=1)
        assert services.sweep(now=now) == 1
    analysis.refresh_from_db()
    assert (analysis.status, analysis.failure_code) == ("failed", "worker_lost")


def test_a_lost_task_is_delivered_again(analysis, django_capture_on_commit_callbacks):
    later = timezone.now() + LOST_TASK_AFTER + timedelta(seconds=1)
    with django_capture_on_commit_callbacks() as delivered:
        assert services.sweep(now=later) == 1
    assert len(delivered) == 1
    assert services.sweep(now=later) == 0, "not every minute"


def test_consent_withdrawn_before_the_claim_stops_the_work(analysis):
    patient = analysis.session.patient
    withdraw_consent(
        actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.AI_ANALYSIS, now=timezone.now()
    )
    assert services.claim(analysis_id=analysis.pk, now=timezone.now()) is None
    assert selectors.analysis_state(analysis.session).state is selectors.State.CANCELLED


def test_consent_withdrawn_while_computing_keeps_nothing(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    result = session_result(analysis)
    patient = analysis.session.patient
    withdraw_consent(actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.AI_ANALYSIS, now=now)
    assert services.record_result(claim=claim, result=result, now=now) is False
    discard_unrecorded(result.images())
    assert not PhotoResult.objects.exists()
    with pytest.raises(SealedFileMissing):
        read_all(key_id=patient.key_id, name=result.photos[0].images[0].file_name, limit=1000)


def test_a_switched_off_network_takes_the_next_session_out_of_ai(analysis, network):
    network.enabled = False
    network.save()
    session = submit(make_session(ready_patient(), views=[View.CROWN], consent=False))
    assert not Analysis.objects.filter(session=session).exists()
    assert releases.current_pipeline(now=timezone.now()) is None


def current_pipeline() -> PipelineRelease:
    pipeline = releases.current_pipeline(now=timezone.now())
    assert pipeline is not None
    return pipeline


def test_a_newer_release_makes_another_pipeline(analysis, network):
    before = current_pipeline()
    ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9.10", digest="e" * 64)
    after = current_pipeline()
    assert after.pk != before.pk
    assert after.releases == {"segmentation": "scalp-segmentation-9.10"}


def test_derived_pictures_open_under_the_patients_key(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    services.record_result(claim=claim, result=session_result(analysis), now=now)
    image = DerivedImage.objects.all()[0]
    assert b"".join(selectors.open_derived(image)).startswith(b"overlay of ")


def test_a_recorded_result_keeps_its_pictures_when_the_answer_of_the_commit_was_lost(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    result = session_result(analysis)
    services.record_result(claim=claim, result=result, now=now)
    assert services.record_result(claim=claim, result=result, now=now) is False, "tried again, nothing is written twice"
    discard_unrecorded(result.images())
    image = DerivedImage.objects.all()[0]
    assert b"".join(selectors.open_derived(image)).startswith(b"overlay of ")


def test_work_given_back_by_a_stopping_worker_is_no_attempt(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    assert services.give_back(claim=claim, now=now)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempts, analysis.holder) == ("queued", 0, None)
    assert services.heartbeat(claim=claim, photos_done=1, now=now) is False


STALLED = timedelta(seconds=settings.ANALYSIS_STALLED_S + 1)


def test_analyses_that_nobody_takes_are_noticed_even_while_tasks_are_delivered_again(analysis):
    now = timezone.now()
    assert services.stalled_since(now=now) is None, "not yet"
    services.sweep(now=now + STALLED - timedelta(seconds=10))
    assert services.stalled_since(now=now + STALLED) == analysis.session.submitted_at


def test_a_worker_that_computes_is_no_stalled_worker(analysis):
    now = timezone.now()
    submit(make_session(views=[View.CROWN]))
    services.claim(analysis_id=analysis.pk, now=now + STALLED)
    assert services.stalled_since(now=now + STALLED + timedelta(seconds=5)) is None, "one waits while another is taken"
    assert services.stalled_since(now=now + 3 * STALLED) is not None


def test_readyz_says_that_the_workers_have_stopped(analysis, client):
    assert client.get("/readyz").json()["status"] == "ok"
    PhotoSession.objects.update(submitted_at=timezone.now() - STALLED)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded"), "pages still work"
    assert answer.json()["parts"]["analysis"] == "waiting cases are not taken"


def test_the_sweep_writes_a_line_when_the_workers_have_stopped(analysis, caplog):
    PhotoSession.objects.update(submitted_at=timezone.now() - STALLED)
    tasks.sweep_analyses()
    assert [record.code for record in caplog.records if record.levelname == "ERROR"] == ["gpu_workers_stalled"]


def test_what_a_dead_worker_sealed_is_deleted_and_what_a_late_one_recorded_is_kept(analysis):
    now = timezone.now()
    claim = take(analysis, now)
    key_id = analysis.session.patient.key_id
    kept, left = (
        seal_file(key_id=key_id, source=io.BytesIO(b"picture"), folder=folder_of(claim.holder)).name for _ in range(2)
    )
    result = session_result(analysis)
    image = replace(result.photos[0].images[0], file_name=kept)
    photos = (replace(result.photos[0], images=(image,)), *result.photos[1:])
    assert services.record_result(claim=claim, result=replace(result, photos=photos), now=now)
    assert clear_attempt(claim.holder) == 1
    assert read_all(key_id=key_id, name=kept, limit=100) == b"picture"
    with pytest.raises(SealedFileMissing):
        read_all(key_id=key_id, name=left, limit=100)


@pytest.mark.parametrize("taken_by", ["sweep", "next claim"])
def test_taking_over_a_lapsed_claim_clears_what_it_sealed(analysis, taken_by, django_capture_on_commit_callbacks):
    now = timezone.now()
    claim = take(analysis, now)
    key_id = analysis.session.patient.key_id
    left = seal_file(key_id=key_id, source=io.BytesIO(b"picture"), folder=folder_of(claim.holder)).name
    later = now + LEASE + timedelta(seconds=1)
    with django_capture_on_commit_callbacks(execute=True):
        if taken_by == "sweep":
            services.sweep(now=later)
        else:
            take(analysis, later)
    with pytest.raises(SealedFileMissing):
        read_all(key_id=key_id, name=left, limit=100)
