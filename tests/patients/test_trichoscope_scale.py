"""A close-up gets the scale of the clinic's trichoscope, if it is a picture of that trichoscope."""

from __future__ import annotations

import io

import cv2
import pytest
from django.forms.models import model_to_dict
from PIL import Image

from accounts.forms import ClinicForm
from patients import services
from tests.factories.patients import NOW, drawn_jpeg, holder_actor, make_session
from vision.render import draw_trichoscopy
from vision.render.scale_bar import BarDrawing, BarStyle, draw_scale_bar
from vision.types import View

pytestmark = pytest.mark.django_db

WIDTH = Image.open(io.BytesIO(drawn_jpeg(4))).width


@pytest.mark.parametrize(
    ("view", "site", "width", "expected"),
    [
        (View.TRICHOSCOPY, "vertex", WIDTH, 233.3),
        (View.TRICHOSCOPY, "vertex", WIDTH + 1, None),  # another device, or cropped
        (View.CROWN, "", WIDTH, None),
    ],
)
def test_only_pictures_of_the_clinics_trichoscope_get_its_scale(sealed_folder, view, site, width, expected):
    session = make_session(views=[])
    clinic = session.patient.clinic
    clinic.trichoscope_px_per_mm, clinic.trichoscope_width_px = 233.3, width
    clinic.save()
    photo = services.add_photo(
        actor=holder_actor(session.patient),
        session_id=session.pk,
        view=view,
        site=site,
        upload=io.BytesIO(drawn_jpeg(4)),
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=NOW,
    )
    assert photo.px_per_mm == expected


def test_a_trichoscope_needs_its_scale_and_its_width(sealed_folder):
    clinic = make_session(views=[]).patient.clinic
    stored = model_to_dict(clinic, ClinicForm.Meta.fields)
    details = {name: value for name, value in stored.items() if value is not None}
    assert ClinicForm(details, instance=clinic).is_valid()
    both = {**details, "trichoscope_px_per_mm": "233.3", "trichoscope_width_px": "832"}
    assert ClinicForm(both, instance=clinic).is_valid()
    half = ClinicForm({**details, "trichoscope_px_per_mm": "233.3"}, instance=clinic)
    assert "needs both" in str(half.errors["trichoscope_width_px"])
    absurd = ClinicForm({**both, "trichoscope_px_per_mm": "0.1"}, instance=clinic)
    assert set(absurd.errors) == {"trichoscope_px_per_mm"}


def field_with(*bars: BarDrawing) -> bytes:
    image = draw_trichoscopy(seed=11, size=(832, 666)).image
    for bar in bars:
        image = draw_scale_bar(image, bar)
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def close_up(session, data: bytes):
    return services.add_photo(
        actor=holder_actor(session.patient),
        session_id=session.pk,
        view=View.TRICHOSCOPY,
        site="vertex",
        upload=io.BytesIO(data),
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=NOW,
    )


BAR = BarDrawing(BarStyle.CORNER, (40, 600), 180.0, 2, (255, 255, 255), label="")
OTHER = BarDrawing(BarStyle.PLAIN, (420, 620), 120.0, 3, (255, 255, 255), label="")


@pytest.mark.parametrize(
    ("bars", "bar_mm", "expected"),
    [
        ((BAR,), 0.9, 200.0),  # the bar before the trichoscope's stated scale
        ((BAR,), None, 233.3),  # the clinic does not say what its bar stands for
        ((BAR, OTHER), 0.9, 233.3),  # two lines could be it: neither is
        ((), 0.9, 233.3),
        ((BAR,), 2.0, 233.3),  # contradicts the trichoscope: something else was found
    ],
)
def test_a_bar_in_the_picture_gives_the_scale_and_the_trichoscope_stands_in(sealed_folder, bars, bar_mm, expected):
    session = make_session(views=[])
    clinic = session.patient.clinic
    clinic.trichoscope_px_per_mm, clinic.trichoscope_width_px = 233.3, 832
    clinic.trichoscope_bar_mm = bar_mm
    clinic.save()
    assert close_up(session, field_with(*bars)).px_per_mm == pytest.approx(expected, rel=0.005)
