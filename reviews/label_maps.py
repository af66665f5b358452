"""The segmentation's label map of a photo, read back from the vault for measuring a clinician's outline."""

from __future__ import annotations

import io
from uuid import UUID

import numpy as np
from PIL import Image

from analysis.models import DerivedImage, Finding
from patients.models import Photo
from vault.files import read_all
from vision.types import ImageKind, LabelMap

MAX_BYTES = 16 * 1024 * 1024


def label_map(finding: Finding) -> LabelMap | None:
    """H x W of ``vision.types.ScalpClass``; None when the analysis kept no mask of the finding's photo."""
    if finding.photo is None:
        return None
    return photo_labels(finding.analysis_id, finding.photo)


def photo_labels(analysis_id: UUID | None, photo: Photo) -> LabelMap | None:
    """The label map of one photo in one analysis; None without an analysis or without a mask."""
    if analysis_id is None:
        return None
    image = DerivedImage.objects.filter(
        photo_result__analysis_id=analysis_id, photo_result__photo_id=photo.pk, kind=ImageKind.MASK.value
    ).first()
    if image is None:
        return None
    plain = read_all(key_id=photo.sealing_key_id, name=image.file_name, limit=MAX_BYTES)
    with Image.open(io.BytesIO(plain)) as picture:
        return np.asarray(picture.convert("L"), dtype=np.uint8)
