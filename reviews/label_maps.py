"""The segmentation's label map of a photo, read back from the vault for measuring a clinician's outline."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from analysis.models import DerivedImage, Finding
from vault.files import read_all
from vision.types import ImageKind, LabelMap

MAX_BYTES = 16 * 1024 * 1024


def label_map(finding: Finding) -> LabelMap | None:
    """H x W of ``vision.types.ScalpClass``; None when the analysis kept no mask of the finding's photo."""
    if finding.photo_id is None:
        return None
    image = DerivedImage.objects.filter(
        photo_result__analysis_id=finding.analysis_id,
        photo_result__photo_id=finding.photo_id,
        kind=ImageKind.MASK.value,
    ).first()
    if image is None:
        return None
    plain = read_all(key_id=finding.sealing_key_id, name=image.file_name, limit=MAX_BYTES)
    with Image.open(io.BytesIO(plain)) as picture:
        return np.asarray(picture.convert("L"), dtype=np.uint8)
