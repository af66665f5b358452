"""Comparisons keep the manners of analyses: one row per pair, one holder, three attempts, nothing without consent."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from analysis import comparing
from analysis.by_hand import ByHand
from analysis.comparing import Inputs
from analysis.leases import Claim
from analysis.models import Comparison, ComparisonImage
from analysis.results import DerivedFile, PairResult
from analysis.storage import discard_unrecorded, folder_of
from patients.models import Purpose
from patients.selectors import photos_of
from patients.services import withdraw_consent
from tests.analysis.conftest import submit
from tests.factories.patients import holder_actor, make_patient, make_session
from vault.errors import SealedFileMissing
from vault.files import read_all, seal_file
from vision.types import View

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=settings.ANALYSIS_LEASE_S)


@pytest.fixture
def row(network) -> Comparison:
    """A queued comparison of the crowns of two sessions of one patient."""
    patient = make_patient()
    crowns = [photos_of(submit(make_session(patient, views=[View.CROWN])))[0] for _ in range(2)]
    asked = comparing.ask_for(Inputs(crowns[0], crowns[1]), now=timezone.now())
    assert asked is not None
    return asked


def result(row: Comparison, claimed: Claim) -> PairResult:
    stored = seal_file(key_id=row.sealing_key_id, source=io.BytesIO(b"aligned"), folder=folder_of(claimed.holder))
    return PairResult({"format": 1}, "", (DerivedFile("aligned", "image/jpeg", 64, 48, stored.name),))


def test_a_pair_is_asked_for_once_and_held_by_one_worker(row):
    now = timezone.now()
    again = comparing.ask_for(Inputs(row.photo_then, row.photo_now), now=now)
    assert again == row
    assert comparing.claim(comparison_id=row.pk, now=now) is not None
    assert comparing.claim(comparison_id=row.pk, now=now) is None


def test_two_views_are_no_pair(row):
    other = photos_of(submit(make_session(row.photo_now.session.patient, views=[View.HAIRLINE])))[0]
    assert comparing.ask_for(Inputs(row.photo_then, other), now=timezone.now()) is None


def test_who_lost_the_lease_writes_nothing_and_leaves_no_picture(row):
    now = timezone.now()
    first = comparing.claim(comparison_id=row.pk, now=now)
    second = comparing.claim(comparison_id=row.pk, now=now + LEASE + timedelta(seconds=1))
    late, made = result(row, first), result(row, second)
    assert not comparing.heartbeat(first, now)
    assert not comparing.record_result(claimed=first, result=late, now=now)
    discard_unrecorded(late.images)
    assert comparing.record_result(claimed=second, result=made, now=now)
    discard_unrecorded(made.images)
    kept = ComparisonImage.objects.get()
    assert read_all(key_id=row.sealing_key_id, name=kept.file_name, limit=100) == b"aligned"
    with pytest.raises(SealedFileMissing):
        read_all(key_id=row.sealing_key_id, name=late.images[0].file_name, limit=100)


def test_what_fails_three_times_is_parked_and_tried_again_a_day_later(row):
    now = timezone.now()
    for _ in range(settings.ANALYSIS_MAX_ATTEMPTS):
        claimed = comparing.claim(comparison_id=row.pk, now=now)
        comparing.record_failure(claimed=claimed, code="Broke", now=now)
    row.refresh_from_db()
    assert (row.status, row.failure_code) == ("failed", "Broke")
    assert comparing.claim(comparison_id=row.pk, now=now) is None
    pair = Inputs(row.photo_then, row.photo_now)
    assert comparing.ask_for(pair, now=now).status == "failed"
    assert comparing.ask_for(pair, now=now + timedelta(days=2)).status == "queued"


def test_the_sweep_requeues_what_a_dead_worker_left(row):
    now = timezone.now()
    comparing.claim(comparison_id=row.pk, now=now)
    assert comparing.sweep(now=now + LEASE / 2) == 0
    assert comparing.sweep(now=now + LEASE + timedelta(seconds=1)) == 1
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("queued", 1)


def test_withdrawn_consent_stops_a_comparison(row):
    patient = row.photo_now.session.patient
    withdraw_consent(
        actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.AI_ANALYSIS, now=timezone.now()
    )  # fmt: skip
    assert comparing.claim(comparison_id=row.pk, now=timezone.now()) is None
    row.refresh_from_db()
    assert row.status == "cancelled"
    assert comparing.ask_for(Inputs(row.photo_then, row.photo_now), now=timezone.now()) is None


def test_a_scale_set_by_hand_makes_the_comparison_out_of_date_and_a_new_one(row):
    now = timezone.now()
    claimed = comparing.claim(comparison_id=row.pk, now=now)
    comparing.record_result(claimed=claimed, result=result(row, claimed), now=now)
    before = Inputs(row.photo_then, row.photo_now)
    after = Inputs(row.photo_then, row.photo_now, hand_now=ByHand(px_per_mm=11.5))
    assert comparing.newest_of([before]) == {before.pair: row}
    assert comparing.newest_of([after]) == {}
    again = comparing.ask_for(after, now=now)
    assert (again.status, again.by_hand) == ("queued", {"now": {"px_per_mm": 11.5}})
    assert comparing.newest_of([after]) == {after.pair: again}
