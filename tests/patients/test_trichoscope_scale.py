"""A close-up gets the scale of the clinic's trichoscope, if it is a picture of that trichoscope."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from accounts.forms import ClinicForm
from patients import services
from tests.factories.patients import NOW, drawn_jpeg, holder_actor, make_session
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
    details = {
        "name": "A", "time_zone": "Europe/Paris", "sla_hours": 48, "urgent_sla_hours": 2, "usual_reply": "one day",
        "paper": "a4",
    }  # fmt: skip
    assert ClinicForm(details, instance=clinic).is_valid()
    both = {**details, "trichoscope_px_per_mm": "233.3", "trichoscope_width_px": "832"}
    assert ClinicForm(both, instance=clinic).is_valid()
    half = ClinicForm({**details, "trichoscope_px_per_mm": "233.3"}, instance=clinic)
    assert "needs both" in str(half.errors["trichoscope_width_px"])
    absurd = ClinicForm({**both, "trichoscope_px_per_mm": "0.1"}, instance=clinic)
    assert set(absurd.errors) == {"trichoscope_px_per_mm"}
