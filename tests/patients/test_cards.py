"""The printed card: its page, the check of its print, and what it does for a photo."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pikepdf
import pytest
from django.urls import reverse

from accounts.errors import Invalid
from patients import services
from patients.models import Photo
from tests.factories.patients import NOW, holder_actor, holder_of, make_session, signed_in
from vision.calibration_card import CARD_MM
from vision.render import draw_head
from vision.render.card import CardPose, lay_card
from vision.types import View

pytestmark = pytest.mark.django_db

POSE = CardPose(focal_px=1500)


@pytest.fixture(scope="module")
def with_card() -> bytes:
    head = draw_head(View.CROWN, seed=8, thinning=0.3, size=(1600, 1200)).image
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(lay_card(head, POSE), cv2.COLOR_RGB2BGR))
    return coded.tobytes()


def add(session, data: bytes) -> Photo:
    return services.add_photo(
        actor=holder_actor(session.patient),
        session_id=session.pk,
        view=View.CROWN,
        site="",
        upload=io.BytesIO(data),
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=NOW,
    )


def check(session, ruler_mm: float) -> None:
    services.check_card(actor=holder_actor(session.patient), patient_id=session.patient_id, ruler_mm=ruler_mm, now=NOW)


def test_a_checked_card_gives_the_photo_its_scale(with_card: bytes, sealed_folder) -> None:
    session = make_session(views=[])
    check(session, 100)
    assert add(session, with_card).px_per_mm == pytest.approx(POSE.px_per_mm, rel=0.02)


def test_an_unchecked_card_gives_none_until_it_is_checked(with_card: bytes, sealed_folder) -> None:
    session = make_session(views=[])
    photo = add(session, with_card)
    assert photo.px_per_mm is None
    client = signed_in(holder_of(session.patient))
    page = client.get(reverse("patients:capture", args=[session.pk]), {"view": "crown"}).content.decode()
    assert "its print is not checked yet" in page
    answer = client.post(
        reverse("patients:card", args=[session.patient_id]), {"covered": "on", "ruler_mm": "97"}, follow=True
    )
    assert "Your card is checked" in answer.content.decode()
    photo.refresh_from_db()
    assert photo.px_per_mm == pytest.approx(POSE.px_per_mm / 0.97, rel=0.02), "a small print is put right"
    page = client.get(reverse("patients:capture", args=[session.pk]), {"view": "crown"}).content.decode()
    assert "Calibration card read" in page


def test_a_mirror_image_is_refused_where_the_card_shows_it(with_card: bytes, sealed_folder) -> None:
    session = make_session(views=[])
    picture = cv2.imdecode(np.frombuffer(with_card, np.uint8), cv2.IMREAD_COLOR)
    _, coded = cv2.imencode(".jpg", cv2.flip(picture, 1))
    photo = add(session, coded.tobytes())
    assert not photo.quality_passed, "kept, never measured"
    client = signed_in(holder_of(session.patient))
    page = client.get(reverse("patients:capture", args=[session.pk]), {"view": "crown"}).content.decode()
    assert page.count("The photo is a mirror image: left and right are exchanged.") == 1
    assert "rear camera" in page
    assert add(session, with_card).quality_passed


def test_a_print_that_was_fitted_to_the_page_is_refused(sealed_folder) -> None:
    session = make_session(views=[])
    with pytest.raises(Invalid, match="100 %"):
        check(session, 93)
    client = signed_in(holder_of(session.patient))
    answer = client.post(reverse("patients:card", args=[session.patient_id]), {"ruler_mm": "93"})
    assert answer.status_code == 422
    assert "the print was scaled" in answer.content.decode()


@pytest.mark.parametrize(("paper", "size_mm"), [("a4", (210, 297)), ("letter", (215.9, 279.4))])
def test_the_sheet_holds_the_card_in_true_size(paper: str, size_mm: tuple[float, float], sealed_folder) -> None:
    session = make_session(views=[])
    answer = signed_in(holder_of(session.patient)).get(reverse("patients:card_sheet", args=[paper]))
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert len(pdf.pages) == 1
        box = [float(side) / 72 * 25.4 for side in pdf.pages[0].mediabox]
        assert box[2:] == pytest.approx(size_mm, abs=0.2)
        drawn = pdf.pages[0].Contents.read_bytes().decode("latin-1")
    widest = max(float(line.split()[-3]) for line in drawn.splitlines() if line.endswith(" re") or " re " in line)
    assert widest <= CARD_MM[0] * 72 / 25.4
