"""The histogram of hair calibres beside a close-up, and the cut-off that the clinic chose."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Clinic, User
from analysis.models import PhotoResult
from patients.models import Photo
from reviews.calibre_chart import calibre_chart
from tests.factories.patients import signed_in
from tests.factories.reviews import review_at


def hairs(*widths: float | None, cutoff: float = 30.0) -> dict[str, Any]:
    """A close-up's result: counted hairs of these widths, and one outside the counting frame."""
    rows = [[0.5, 0.5, 0.6, 0.5, "single", 0.9, number, True, width] for number, width in enumerate(widths)]
    rows.append([0.01, 0.5, 0.1, 0.5, "single", 0.9, 99, False, 12.0])
    field = {"frame": [0.1, 0.1, 0.9, 0.9], "frame_cm2": 0.06, "edge_um": 4.0, "warnings": []}
    return {"view": "trichoscopy", "hairs": {**field, "vellus_cutoff_um": cutoff, "hairs": rows}}


def test_counted_hairs_are_sorted_by_width_and_by_the_cut_off_stored_with_them() -> None:
    chart = calibre_chart("x", hairs(12, 31.0, 34.9, 36.0, 71.0, 130.0, None, cutoff=35.0))
    assert chart is not None
    assert [(row.words, row.hairs, row.vellus) for row in chart.bins] == [
        ("10 to 15 µm", 1, True),
        ("30 to 35 µm", 2, True),
        ("35 to 40 µm", 1, False),
        ("70 to 75 µm", 1, False),
        ("115 µm and more", 1, False),
    ]
    assert (chart.measured, chart.counted) == (6, 7)
    assert "6 hairs, 3 of them below the cut-off of 35 µm" in chart.label
    drawn = chart.spec["layer"][0]["data"]["values"]
    assert sum(row["hairs"] for row in drawn) == 6
    assert chart.spec["layer"][1]["data"]["values"][0]["at"] == 35.0


@pytest.mark.parametrize("result", [{}, {"hairs": {"not_measurable": "no_scale", "detail": ""}}, hairs(None, None)])
def test_without_a_measured_hair_there_is_no_histogram(result: dict[str, Any]) -> None:
    assert calibre_chart("x", result) is None


def test_every_cut_off_on_offer_lies_between_two_bars() -> None:
    for cutoff in Clinic.VellusCutoff.values:
        chart = calibre_chart("x", hairs(cutoff - 0.1, float(cutoff), cutoff=float(cutoff)))
        assert chart is not None
        assert [(row.hairs, row.vellus) for row in chart.bins] == [(1, True), (1, False)]


@pytest.mark.django_db(databases=["default", "keys"])
def test_the_review_page_shows_the_histogram_beside_the_close_up() -> None:
    review, actor = review_at("opened")
    assert review.analysis_id is not None
    row = PhotoResult.objects.select_related("photo__session__patient").filter(analysis_id=review.analysis_id)[0]
    Photo.objects.filter(pk=row.photo_id).update(view="trichoscopy", site="vertex")
    row.result = {**hairs(24.0, 62.0, 70.0, cutoff=40.0), "measures": {}}
    row.save()
    page = (
        signed_in(User.objects.get(pk=actor.user_id)).get(reverse("reviews:review", args=[review.pk])).content.decode()
    )
    assert f'id="calibres-{row.photo_id}"' in page
    assert "Calibre of 3 of 3 counted hairs" in page
    assert "Cut-off 40 \\u00b5m" in page
    assert "dist/charts.js" in page
