"""Results as a worker would hand them over, built by hand: under test is how they are kept, not the networks."""

from __future__ import annotations

import io
from uuid import UUID

from analysis.models import Analysis
from analysis.results import DerivedFile, PhotoOutput, SessionResult
from analysis.services import usable_photos
from vault.files import seal_file
from vision.codec import photo_to_json, session_to_json
from vision.types import (
    Box,
    CheckResult,
    Condition,
    ConditionReading,
    ImageKind,
    Measured,
    Metric,
    NotMeasurable,
    PhotoAnalysis,
    PhotoContext,
    QualityCheck,
    QualityReport,
    Reason,
    Region,
    ScalpClass,
    SessionAnalysis,
    Severity,
    SeverityPart,
    View,
)

READING = ConditionReading(
    probabilities={Condition.ALOPECIA: 0.9, Condition.PSORIASIS: 0.1}, shown=Condition.ALOPECIA, threshold=0.6
)
REGION = Region(
    kind=ScalpClass.BALD,
    box=Box(0.4, 0.4, 0.6, 0.6),
    polygon=((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)),
    score=0.91,
    share_of_scalp=7.5,
    position=(0.5, 0.5),
)


def photo_analysis(view: View) -> PhotoAnalysis:
    return PhotoAnalysis(
        context=PhotoContext(view),
        width_px=1600,
        height_px=1200,
        quality=QualityReport((CheckResult(QualityCheck.BLUR, 90.0, 20.0, True),)),
        measures={
            Metric.COVERAGE_INDEX: Measured(71.0, 66.0, 76.0, "%"),
            Metric.SCALP_VISIBILITY: NotMeasurable(Reason.TOO_LITTLE_SCALP, "scalp 3 % of frame"),
            Metric.AFFECTED_SHARE: Measured(29.0, 24.0, 34.0, "%"),
        },
        regions=(REGION,),
        condition=READING,
        images=(),
        releases=("scalp-segmentation-9.9",),
    )


def session_result(analysis: Analysis) -> SessionResult:
    """A result for every usable photo of the session, with one sealed overlay each."""
    key_id = analysis.session.patient.key_id
    outputs = []
    for photo in usable_photos(analysis.session):
        found = photo_analysis(View(photo.view))
        stored = seal_file(key_id=key_id, source=io.BytesIO(b"overlay of " + photo.pk.bytes), folder="derived")
        overlay = DerivedFile(ImageKind.OVERLAY.value, "image/webp", 1280, 960, stored.name)
        outputs.append(PhotoOutput(photo.pk, photo_to_json(found), (overlay,)))
    share = Measured(29.0, 24.0, 34.0, "%")
    severity = Severity(
        index=Measured(4.9, 4.4, 5.4, "index"),
        affected_share=share,
        parts=(SeverityPart(View.CROWN, 1.0, share),),
        missing_views=(View.OCCIPUT,),
    )
    session = SessionAnalysis(severity=severity, condition=READING)
    return SessionResult(tuple(outputs), session_to_json(session))


def photo_ids(result: SessionResult) -> set[UUID]:
    return {output.photo_id for output in result.photos}
