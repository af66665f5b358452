"""What a clinician is asked about a trichoscopy picture."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pytest

from analysis.findings import draft_findings
from reviews.wording import METRICS, OVERLAYS, REASONS, count_facts, title
from vision.calibre import Calibre
from vision.codec import photo_to_json, session_to_json
from vision.hairs import Found
from vision.trichoscopy import assemble_field, measure_field
from vision.types import (
    HairField,
    HairKind,
    ImageKind,
    Metric,
    NotMeasurable,
    PhotoAnalysis,
    PhotoContext,
    QualityReport,
    Reason,
    SessionAnalysis,
    View,
)

GOOD = QualityReport(())
RELEASES = {"segmentation": "scalp-segmentation-0.1", "trichoscopy": "trichoscopy-hairs-0.1"}


def counted_field() -> HairField:
    """Six single hairs, one of them vellus, one unmeasured."""
    roots = [(150, 150), (300, 200), (450, 350), (600, 450), (200, 500), (500, 120)]
    found = Found(
        np.array([(x, y, x + 80, y) for x, y in roots], np.float32),
        np.full(6, 0.8, np.float32),
        np.tile(np.eye(4, dtype=np.float32)[1], (6, 1)),
    )
    widths = [60.0, 70.0, 25.0, 80.0, 65.0, None]
    calibres = [None if width is None else Calibre(width, 4.0, 6) for width in widths]
    return assemble_field(found, calibres, np.zeros((666, 832, 3), np.uint8), 233.3, tuple(HairKind))


def findings_of(field: HairField | NotMeasurable, px_per_mm: float | None):
    """The drafts of a session with one trichoscopy picture."""
    photo = PhotoAnalysis(
        context=PhotoContext(View.TRICHOSCOPY, px_per_mm),
        width_px=832,
        height_px=666,
        quality=GOOD,
        measures=measure_field(field, GOOD, px_per_mm),
        regions=(),
        condition=NotMeasurable(Reason.VIEW_NOT_SUPPORTED),
        images=(),
        releases=tuple(RELEASES.values()),
        hairs=field,
    )
    nothing = SessionAnalysis(NotMeasurable(Reason.VIEWS_MISSING), NotMeasurable(Reason.VIEWS_MISSING))
    drafts = draft_findings([(uuid4(), photo_to_json(photo))], session_to_json(nothing), RELEASES)
    return [draft for draft in drafts if draft.photo_id is not None]


def test_a_counted_field_gives_density_units_calibre_vellus_and_thickness() -> None:
    drafts = {draft.code: draft for draft in findings_of(counted_field(), 233.3)}
    assert set(drafts) == {
        "hair_density", "follicular_unit_density", "calibre_mean", "vellus_share", "cumulative_thickness",
    }  # fmt: skip
    assert {draft.release for draft in drafts.values()} == {"trichoscopy-hairs-0.1"}
    density = drafts["hair_density"].payload
    assert density["low"] < density["value"] < density["high"]
    assert density["value"] == pytest.approx(6 / 0.0652, rel=1e-2)
    shown = dict(count_facts(drafts["vellus_share"].payload))
    assert shown["Cut-off"] == "30 µm"
    assert shown["Terminal : vellus"] == "4 : 1"
    assert shown["Counted area"] == "0.065 cm²"
    assert "small" in shown["Beware"]


@pytest.mark.parametrize(
    ("reason", "scale"), [(Reason.NO_SCALE, None), (Reason.OUT_OF_DOMAIN, 180.0), (Reason.MODEL_OFF, 233.3)]
)
def test_a_field_that_was_not_counted_is_one_finding_with_its_reason(reason: Reason, scale: float | None) -> None:
    (only,) = findings_of(NotMeasurable(reason), scale)
    assert (only.code, only.payload["reason"]) == ("hair_density", reason.value)


def test_every_count_reason_and_picture_has_words() -> None:
    for metric in (Metric.HAIR_DENSITY, Metric.CALIBRE_MEAN, Metric.VELLUS_SHARE, Metric.CUMULATIVE_THICKNESS):
        assert str(METRICS[metric][0]) in str(title("measure", metric.value, {"metric": metric.value}))
    assert {Reason.TOO_COARSE, Reason.NOT_SHARP, Reason.TOO_FEW_HAIRS} <= set(REASONS)
    assert ImageKind.HAIRS in OVERLAYS
