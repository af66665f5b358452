"""A close-up gets the scale of the clinic's trichoscope, if it is a picture of that trichoscope."""

from __future__ import annotations

import io

import cv2
import pytest
from PIL import Image

from accounts.models import Trichoscope
from analysis.noise import device_of
from patients import services
from patients.services.scales import close_up_scale
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
    Trichoscope.objects.create(clinic=clinic, name="Ours", px_per_mm=233.3, width_px=width)
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
    Trichoscope.objects.create(clinic=clinic, name="Ours", px_per_mm=233.3, width_px=832, bar_mm=bar_mm)
    assert close_up(session, field_with(*bars)).px_per_mm == pytest.approx(expected, rel=0.005)


def scope(name: str, px_per_mm: float | None, width_px: int | None, bar_mm: float | None) -> Trichoscope:
    return Trichoscope(name=name, px_per_mm=px_per_mm, width_px=width_px, bar_mm=bar_mm)


def told(scopes, width_px: int, bar) -> tuple[float, str, str] | None:
    scale = close_up_scale(scopes, width_px, bar)
    if scale is None:
        return None
    return scale.px_per_mm, str(scale.told_by["by"]), str(scale.told_by.get("trichoscope", ""))


def test_several_trichoscopes_are_told_apart_by_the_width_of_their_pictures():
    near, far = scope("70x", 233.0, 1024, None), scope("20x", 66.0, 1920, None)
    assert told([near, far], 1024, {}) == (233.0, "trichoscope", "70x")
    assert told([near, far], 1920, {}) == (66.0, "trichoscope", "20x")
    assert told([near, far], 1400, {}) is None


def test_a_bar_is_as_long_as_its_own_trichoscope_says():
    near, far = scope("70x", 233.0, 1024, 0.5), scope("20x", 66.0, 1920, 2.0)
    assert told([near, far], 1024, {"length_px": 120.0}) == (240.0, "bar", "70x")
    assert told([near, far], 1920, {"length_px": 120.0}) == (60.0, "bar", "20x")


def test_the_bar_of_a_picture_of_unknown_width_counts_only_where_all_bars_are_alike():
    bar = {"length_px": 120.0}
    assert told([scope("a", None, None, 0.5), scope("b", 66.0, 1920, 0.5)], 1400, bar) == (240.0, "bar", "")
    assert told([scope("a", None, None, 0.5), scope("b", 66.0, 1920, 2.0)], 1400, bar) is None
    assert told([scope("b", 66.0, 1920, None)], 1400, bar) is None


def test_the_trichoscope_stands_with_the_photograph_after_it_was_removed(sealed_folder):
    session = make_session(views=[])
    Trichoscope.objects.create(clinic=session.patient.clinic, name="Ours, 70x", px_per_mm=233.3, width_px=832)
    photo = close_up(session, field_with())
    Trichoscope.objects.all().delete()
    photo.refresh_from_db()
    assert photo.px_per_mm == 233.3
    assert device_of(photo.capture) == "Ours, 70x"
