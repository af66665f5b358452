"""The worker's run with the networks that ship, on drawn pictures: what is stored, and what is not said."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from django.core.files.storage import storages
from django.utils import timezone
from PIL import Image

from accounts.models import AuditEvent
from analysis import comparing, runner, selectors, tasks
from analysis.models import Analysis, DerivedImage, Finding, PhotoResult
from analysis.releases import register_releases
from patients.models import Photo, PhotoSession
from tests.analysis.conftest import submit
from tests.factories.patients import add_drawn_photo, make_session, ready_patient
from vault.files import delete_file, seal_file
from vision.change import PhotoComparison
from vision.change.types import LightSource
from vision.change_codec import comparison_from_json
from vision.pipeline import analyse_photo
from vision.release import list_releases
from vision.render import Scene, draw_head, draw_non_scalp, jpeg_with_exif
from vision.types import ImageKind, ScalpClass, View

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not list_releases(), reason="no network is released under vision/releases"),
]
SIZE_PX = (960, 720)


@pytest.fixture(autouse=True)
def no_renewal_comes_due(settings):
    """A lease is renewed on a connection of its own, which does not see what a test has not committed."""
    settings.ANALYSIS_LEASE_S = 3600


@cache
def head(view: View) -> bytes:
    """A drawn head with a bald and a thin part."""
    drawn = draw_head(view, seed=34, thinning=0.3, bald=0.3, size=SIZE_PX)
    return jpeg_with_exif(drawn.image)


def session_of(photos: Sequence[tuple[View, bytes]]) -> PhotoSession:
    session = make_session(views=[])
    for view, data in photos:
        add_drawn_photo(session, view, data=data)
    return session


def measure(session: PhotoSession) -> Analysis:
    """Submit, and do what the worker does."""
    register_releases(now=timezone.now())
    submit(session)
    analysis = Analysis.objects.get(session=session)
    assert tasks.run_analysis(str(analysis.pk)) == "done"
    analysis.refresh_from_db()
    return analysis


def opened(image: DerivedImage) -> Image.Image:
    picture = Image.open(io.BytesIO(b"".join(selectors.open_derived(image))))
    picture.load()
    return picture


def test_a_session_of_drawn_heads_is_measured_and_kept():
    analysis = measure(session_of([(View.CROWN, head(View.CROWN)), (View.HAIRLINE, head(View.HAIRLINE))]))
    assert (analysis.status, analysis.attempts, analysis.photos_done) == ("done", 1, 2)
    assert AuditEvent.objects.filter(action="analysis.done").count() == 1

    results = selectors.photo_results(analysis.pk)
    assert len(results) == 2
    for result in results.values():
        kinds = {image.kind for image in result.images.all()}
        assert {"overlay", "density", "mask", "denoised", "edges", "equalised"} <= kinds
        for image in result.images.all():
            picture = opened(image)
            assert picture.size == (image.width_px, image.height_px)
            assert Image.MIME[picture.format or ""] == image.media_type

    numbers = [f.payload for f in Finding.objects.filter(kind="measure") if "value" in f.payload]
    assert numbers, "a drawn head with a parting is measured"
    for number in numbers:
        most = 400 if number["metric"].startswith("hairline_") else 100  # in % of the pupils' distance
        assert 0 <= number["low"] <= number["value"] <= number["high"] <= most
        assert number["unit"] == "%"
    assert all(f.release in analysis.pipeline.releases.values() for f in Finding.objects.filter(kind="measure"))


def test_the_mask_lies_on_the_head():
    """The mask's scalp is one connected place in the upper middle, where the drawing has its head."""
    analysis = measure(session_of([(View.CROWN, head(View.CROWN))]))
    [mask] = DerivedImage.objects.filter(photo_result__analysis=analysis, kind=ImageKind.MASK.value)
    labels = np.asarray(opened(mask))
    assert set(np.unique(labels)) <= {int(label) for label in ScalpClass}
    scalp = np.isin(labels, [int(label) for label in ScalpClass.scalp()])
    assert 0.05 < scalp.mean() < 0.8
    columns = np.nonzero(scalp)[1]
    assert 0.3 < columns.mean() / labels.shape[1] < 0.7
    edge = np.concatenate([scalp[0], scalp[-1], scalp[:, 0], scalp[:, -1]])
    assert edge.mean() < 0.1, "the backdrop is no scalp"


def test_the_networks_load_once_in_a_worker():
    runner.networks_for.cache_clear()
    measure(session_of([(View.CROWN, head(View.CROWN))]))
    measure(session_of([(View.HAIRLINE, head(View.HAIRLINE))]))
    assert runner.networks_for.cache_info().misses == 1


def test_warming_loads_what_the_next_analysis_uses():
    register_releases(now=timezone.now())
    runner.networks_for.cache_clear()
    tasks.warm_networks()
    measure(session_of([(View.CROWN, head(View.CROWN))]))
    assert runner.networks_for.cache_info().misses == 1


def test_the_same_photo_gives_the_same_numbers():
    first, second = (measure(session_of([(View.CROWN, head(View.CROWN))])) for _ in range(2))
    told = [[f.payload for f in Finding.objects.filter(analysis=one).order_by("position")] for one in (first, second)]
    assert told[0] == told[1]


def test_a_photo_that_failed_the_quality_gate_is_not_measured():
    session = session_of([(View.CROWN, head(View.CROWN))])
    blurred = Image.open(io.BytesIO(head(View.OCCIPUT))).resize((40, 30)).resize(SIZE_PX, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    blurred.convert("RGB").save(buffer, "JPEG")
    poor = add_drawn_photo(session, View.OCCIPUT, data=buffer.getvalue())
    assert not poor.quality_passed
    analysis = measure(session)
    assert analysis.photos_total == 1
    assert not PhotoResult.objects.filter(photo=poor).exists()
    assert not Finding.objects.filter(photo=poor).exists()


@pytest.mark.parametrize("scene", list(Scene), ids=lambda scene: scene.value)
def test_what_is_no_scalp_gets_no_number(scene: Scene):
    """The gate may stop it before; if it does not, the networks abstain."""
    drawn = draw_non_scalp(scene, seed=3, size=SIZE_PX)
    session = session_of([(View.CROWN, head(View.CROWN))])
    photo = add_drawn_photo(session, View.OCCIPUT, data=jpeg_with_exif(drawn))
    photo.quality_passed = True
    photo.save()
    measure(session)
    findings = list(Finding.objects.filter(photo=photo))
    assert findings, "the review shows that the photo was looked at"
    for finding in findings:
        assert finding.kind == "measure", "no region on what is no scalp"
        assert "value" not in finding.payload
        assert finding.payload["reason"] in ("not_a_scalp", "too_little_scalp", "out_of_domain", "quality_failed")


def test_a_session_that_shows_no_scalp_has_no_index_and_no_condition():
    drawn = draw_non_scalp(next(iter(Scene)), seed=4, size=SIZE_PX)
    session = session_of([(View.CROWN, jpeg_with_exif(drawn))])
    session.photos.update(quality_passed=True)
    measure(session)
    severity, condition = Finding.objects.get(kind="severity"), Finding.objects.get(kind="condition")
    assert "index" not in severity.payload
    assert severity.payload["reason"]
    assert "reason" in condition.payload or condition.payload["shown"] == "unsure"


def test_an_error_in_the_middle_leaves_no_picture_behind(monkeypatch: pytest.MonkeyPatch):
    register_releases(now=timezone.now())
    session = session_of([(View.CROWN, head(View.CROWN)), (View.HAIRLINE, head(View.HAIRLINE))])
    submit(session)
    analysis = Analysis.objects.get(session=session)
    folders: list[str] = []
    looked_at: list[View] = []

    def breaks_on_the_second(data, context, networks, size_px):
        looked_at.append(context.view)
        if len(looked_at) == 2:
            raise MemoryError
        return analyse_photo(data, context, networks, size_px)

    def noted(*, key_id, source, folder):
        folders.append(folder)
        return seal_file(key_id=key_id, source=source, folder=folder)

    monkeypatch.setattr(runner, "analyse_photo", breaks_on_the_second)
    monkeypatch.setattr(runner, "seal_file", noted)
    assert tasks.run_analysis(str(analysis.pk)) == "failed"
    analysis.refresh_from_db()
    assert (analysis.status, analysis.failure_code, analysis.attempts) == ("queued", "MemoryError", 1)
    assert folders
    assert not stored_in(folders[0]), "the first photo's pictures are deleted again"


def stored_in(folder: str) -> list[str]:
    try:
        return storages["sealed"].listdir(folder)[1]
    except FileNotFoundError:
        return []


def test_a_photo_whose_file_is_gone_fails_at_once():
    register_releases(now=timezone.now())
    session = session_of([(View.CROWN, head(View.CROWN))])
    submit(session)
    delete_file(session.photos.get().file_name)
    analysis = Analysis.objects.get(session=session)
    assert tasks.run_analysis(str(analysis.pk)) == "photo unreadable"
    analysis.refresh_from_db()
    assert (analysis.status, analysis.failure_code, analysis.attempts) == ("failed", "SealedFileMissing", 1)


def test_two_visits_are_laid_over_each_other_by_the_light_of_their_cards():
    """Two photographs of one drawn head, each with its own noise; the light is what their cards say of it."""
    patient = ready_patient()
    photos = []
    for number, stops in ((1, 0.0), (2, 1.0)):
        session = make_session(patient, views=[], consent=False)
        noise = np.random.default_rng(number).normal(0, 2, (SIZE_PX[1], SIZE_PX[0], 1))
        drawn = draw_head(View.CROWN, seed=34, thinning=0.3, bald=0.3, size=SIZE_PX).image
        photo = add_drawn_photo(
            session, View.CROWN, data=jpeg_with_exif(np.clip(drawn + noise, 0, 255).astype(np.uint8))
        )
        photo.capture = {**photo.capture, "card": {"white_balance": [1.0, 1.0, 1.0], "exposure_stops": stops}}
        photo.save(update_fields=["capture"])
        measure(session)
        photos.append(Photo.objects.select_related("session").get(pk=photo.pk))
    row = comparing.ask_for(comparing.Inputs(photos[0], photos[1]), now=timezone.now())
    assert row is not None
    assert tasks.run_comparison(str(row.pk)) == "done"
    row.refresh_from_db()
    found = comparison_from_json(row.result)
    assert isinstance(found, PhotoComparison), found
    assert found.light.source is LightSource.CARD
    assert found.registration.overlap > 0.9
    assert {image.kind for image in row.images.all()} >= {"aligned"}
