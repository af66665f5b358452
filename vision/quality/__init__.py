"""The quality gate (C5): is this photo good enough to measure, and if not, what should change?

:func:`check_quality` asks what the pixels alone say; :func:`check_upload` asks everything, at the moment of upload. How
often either is wrong on real photographs is measured by ``python -m vision study quality`` (docs/studies/quality.json).
numpy and OpenCV only: nothing here loads a library of networks.
"""

from vision.quality.gate import check_quality, check_upload
from vision.quality.limits import THRESHOLDS, TRICHOSCOPY_THRESHOLDS, Threshold, thresholds_for
from vision.quality.pixels import WORKING_EDGE_PX

__all__ = [
    "THRESHOLDS",
    "TRICHOSCOPY_THRESHOLDS",
    "WORKING_EDGE_PX",
    "Threshold",
    "check_quality",
    "check_upload",
    "thresholds_for",
]
