"""A released network, submitted sessions and measured ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from django.utils import timezone

from analysis import services
from analysis.leases import Claim
from analysis.models import Analysis, DerivedImage, ModelRelease
from patients.models import PhotoSession
from tests.analysis.results import session_result
from tests.factories.patients import holder_actor, make_session
from vision.types import View


@pytest.fixture
def network() -> ModelRelease:
    """A segmentation that is switched on."""
    return ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9.9", digest="d" * 64)


def submit(session: PhotoSession) -> PhotoSession:
    """Hand the session to the clinic as its patient."""
    return services.submit_session(actor=holder_actor(session.patient), session_id=session.pk, now=timezone.now())


def take(analysis: Analysis, now: datetime) -> Claim:
    """Claim the analysis, which must be free."""
    claim = services.claim(analysis_id=analysis.pk, now=now)
    assert claim is not None, "the analysis is free"
    return claim


@pytest.fixture
def analysis(network: ModelRelease) -> Analysis:
    """A queued analysis of two photos."""
    submit(make_session(views=[View.CROWN, View.OCCIPUT]))
    return Analysis.objects.get()


@dataclass(frozen=True)
class Measured:
    """A session with its findings."""

    session: PhotoSession
    analysis: Analysis
    image: DerivedImage


@pytest.fixture
def measured(analysis: Analysis) -> Measured:
    """The analysis done."""
    now = timezone.now()
    claim = take(analysis, now)
    assert services.record_result(claim=claim, result=session_result(analysis), now=now)
    analysis.refresh_from_db()
    return Measured(analysis.session, analysis, DerivedImage.objects.all()[0])
