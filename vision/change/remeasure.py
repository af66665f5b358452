"""Measuring a changed picture again with the networks that measured it first; the networks come from outside. And what
a clinician made of that measurement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vision.change.types import ComparedPhoto, Measure
from vision.corrections import Outlines, overlaid, redraw
from vision.release import Release
from vision.segment import segment
from vision.trichoscopy import count_field
from vision.types import HairField

if TYPE_CHECKING:
    from vision.runtime import Network


def by_networks(
    segmenter: tuple[Network, Release] | None, hairs: tuple[Network, Release] | None, vellus_cutoff_um: float
) -> Measure:
    """What :func:`vision.change.compare` calls: overviews are segmented, fields counted, where the network is there."""

    def measure(photo: ComparedPhoto) -> ComparedPhoto:
        if photo.view.is_global:
            return replace(photo, scalp=None if segmenter is None else segment(photo.image, *segmenter))
        if hairs is None or photo.px_per_mm is None:
            return photo
        found = count_field(photo.image, photo.px_per_mm, *hairs, vellus_cutoff_um)
        return replace(photo, hairs=found if isinstance(found, HairField) else None)

    return measure


def corrected(photo: ComparedPhoto, outlines: Outlines) -> ComparedPhoto:
    """The same photograph as a clinician corrected its outlines; as it is where nothing was read or touched."""
    if photo.scalp is None or not outlines.says_anything:
        return photo
    redrawn = redraw(photo.scalp.labels, outlines.regions, outlines.own)
    return replace(photo, scalp=overlaid(photo.scalp, redrawn), redrawn=redrawn)
