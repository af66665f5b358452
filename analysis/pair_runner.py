"""Comparing two claimed photographs in a worker's process, with the networks that ``analysis.runner`` holds.

As there: nothing here writes to the database, and whoever does not record the sealed pictures deletes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from analysis.results import PairResult
from analysis.runner import PhotoInput, PhotoUnreadable, networks_for, opened, seal_all
from vision.change import ComparedPhoto, Measure, compare, corrected
from vision.change.remeasure import by_networks
from vision.change.types import CardLight
from vision.change_codec import comparison_to_json
from vision.pipeline import Networks
from vision.quality import check_quality
from vision.registration import NotComparable

__all__ = ["PhotoInput", "PhotoUnreadable", "card_light", "compare_pair"]


def compare_pair(
    *,
    then: PhotoInput,
    now: PhotoInput,
    key_id: UUID,
    folder: str,
    releases: dict[str, str],
    vellus_cutoff_um: float,
    on_step: Callable[[int], None],
) -> PairResult:
    """Compare two photographs of one view. Derived pictures are sealed in ``folder``.

    Scales and outlines of clinicians (``PhotoInput.by_hand``) count before what the card and the networks say.
    ``vellus_cutoff_um`` is the clinic's. ``on_step(done)`` is called between the stages; what it raises ends the run.
    Raises :class:`PhotoUnreadable`.
    """
    measure = _measuring(networks_for(tuple(sorted(releases.items()))), vellus_cutoff_um)
    pair = []
    for done, photo in enumerate((then, now)):
        on_step(done)
        read = measure(_looked_at(photo, key_id))
        pair.append(read if photo.by_hand.outlines is None else corrected(read, photo.by_hand.outlines))
    on_step(2)
    found = compare(pair[0], pair[1], measure=measure)
    on_step(3)
    if isinstance(found, NotComparable):
        return PairResult(comparison_to_json(found), found.reason.value, ())
    return PairResult(comparison_to_json(found), "", seal_all(found.images, key_id, folder))


def card_light(card: Mapping[str, Any] | None) -> CardLight | None:
    """The light as the card gave it at intake (``patients.photo_intake.card_dict``); None without one."""
    if not card or "white_balance" not in card:
        return None
    red, green, blue = card["white_balance"]
    return CardLight((red, green, blue), card["exposure_stops"])


def _looked_at(photo: PhotoInput, key_id: UUID) -> ComparedPhoto:
    image, (width, height) = opened(photo, key_id)
    stated = photo.by_hand.px_per_mm or photo.px_per_mm
    return ComparedPhoto(
        image=image,
        scalp=None,
        view=photo.view,
        px_per_mm=None if stated is None else stated * image.shape[1] / width,
        scale_source=None if stated is None else _scale_source(photo),
        hairs=None,
        quality=check_quality(image, photo.view, min(width, height)),
        card_light=photo.card_light,
    )


def _scale_source(photo: PhotoInput) -> str:
    if photo.by_hand.px_per_mm is not None:
        return "two_points"
    return "card" if photo.view.is_global else "trichoscope"


def _measuring(networks: Networks, vellus_cutoff_um: float) -> Measure:
    """Reads scalp and hairs of a picture anew with the networks of a pipeline."""
    segmenter, hairs = networks.segmenter, networks.hairs
    return by_networks(
        None if segmenter is None else (segmenter.network, segmenter.release),
        None if hairs is None else (hairs.network, hairs.release),
        vellus_cutoff_um,
    )
