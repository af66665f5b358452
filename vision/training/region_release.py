"""From a trained detector to its release: export, operating threshold, figures on people it has not seen, card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.evaluation.intervals import bootstrap_over_people, wilson
from vision.evaluation.region_truth import true_regions
from vision.evaluation.regions import (
    LOWEST_SCORE,
    PhotoCount,
    average_precision,
    count_photo,
    detector_scores,
    precision,
    precision_recall_curve,
    recall,
)
from vision.regions import detections
from vision.release import InputSpec, Release
from vision.runtime import Network, open_network
from vision.training.publish import publish
from vision.training.region_pictures import KINDS, OutlinedPhoto, outlined_photos
from vision.types import ScalpClass

ARCHITECTURE = "yolo11-seg-mobilenet_v2"
TARGET_PRECISION = 0.75
"""Wanted on validation: the segmentation carries the areas, so a region that is listed should be one."""
FALLBACK_THRESHOLD = 0.5


def publish_release(checkpoint: Path, data: Path, folder: Path, size_px: int, epochs: int) -> Release:
    """Export ``checkpoint``, choose the threshold on validation people, measure on test people, write the card."""
    files = export(checkpoint, size_px, folder)
    draft = Release(
        name="scalp-regions",
        version=folder.name.rpartition("-")[2],
        task="regions",
        architecture=ARCHITECTURE,
        input=InputSpec(size_px, size_px, resize="letterbox", scale=(255.0,) * 3, shift=(0.0,) * 3),
        classes=tuple(kind.name.lower() for kind in KINDS),
        temperature=1.0,
        files={},
        trained_on=("scalp_regions", "hair_masks (Figaro heads, part with composited patches)"),
        licence_note="Research use; licences of the sources vary. Network and trainer: ultralytics, AGPL-3.0.",
        folder=folder,
        thresholds={"score": FALLBACK_THRESHOLD},
    )
    release = publish(draft, files, {}, "")
    network = open_network(release)
    photos = outlined_photos(data / "scalp_regions")
    validation = count_photos([photo for photo in photos if photo.side == "validation"], network, release)
    draft = replace(draft, thresholds={"score": choose_threshold(validation)})
    release = publish(draft, files, {}, "")
    metrics = measure([photo for photo in photos if photo.side == "test"], network, release)
    metrics["validation"] = {
        "n_images": len(validation),
        "curve": precision_recall_curve(validation),
        "note": "the operating threshold was chosen here",
    }
    metrics["training"] = {"epochs": epochs, "n_images": sum(photo.side == "train" for photo in photos)}
    return publish(draft, files, metrics, card_text(metrics, release))


def export(checkpoint: Path, size_px: int, folder: Path) -> tuple[str, ...]:
    """Write the network as OpenVINO, float16 weights: outputs are anchor columns and mask prototypes."""
    import openvino as ov
    import torch
    from ultralytics import YOLO
    from ultralytics.nn.modules.head import Detect

    network = YOLO(str(checkpoint)).model.float().fuse(verbose=False).eval()
    for module in network.modules():
        if isinstance(module, Detect):
            module.export, module.dynamic, module.format = True, False, "openvino"
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    example = torch.zeros(1, 3, size_px, size_px)
    network(example)  # fixes the anchors for this size
    model = ov.convert_model(network, example_input=example, input=[1, 3, size_px, size_px])
    folder.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, str(folder / "model.xml"), compress_to_fp16=True)
    return "model.xml", "model.bin"


def count_photos(
    photos: Sequence[OutlinedPhoto], network: Network, release: Release, kind: ScalpClass | None = None
) -> list[PhotoCount]:
    """Detections of every photo against its truth."""
    return [
        count_photo(
            detections(photo.image(), network, release, LOWEST_SCORE),
            true_regions(photo.labels()),
            release,
            photo.person,
            kind,
        )
        for photo in photos
    ]


def choose_threshold(counts: Sequence[PhotoCount]) -> float:
    """Lowest score from 0.2 on whose precision on validation reaches the target; a fixed one when none does."""
    for step in range(20, 90):
        found = precision(counts, step / 100)
        if found is not None and found >= TARGET_PRECISION and (recall(counts, step / 100) or 0.0) > 0:
            return step / 100
    return FALLBACK_THRESHOLD


def measure(photos: Sequence[OutlinedPhoto], network: Network, release: Release) -> dict[str, Any]:
    """Figures at the operating threshold and the curve, on the given photos."""
    people = [photo.person for photo in photos]
    figures = detector_scores(
        (photo.image() for photo in photos), (photo.labels() for photo in photos), network, release, people
    )
    by_view = count_photos(photos, network, release)
    for view in sorted({photo.view for photo in photos}):
        chosen = [count for count, photo in zip(by_view, photos, strict=True) if photo.view == view]
        hits = sum(int(count.hits[count.scores >= release.thresholds["score"]].sum()) for count in chosen)
        seen = wilson(hits, sum(count.truths for count in chosen))
        if seen is not None:
            figures[f"recall@{view}"] = seen
    metrics: dict[str, Any] = {}
    for name, kind in (("all", None), *((kind.name.lower(), kind) for kind in KINDS)):
        counts = count_photos(photos, network, release, kind)
        found = bootstrap_over_people(partial(_average_precision_of, counts), people)
        if found is not None:
            figures[f"average_precision.{name}"] = found
        metrics[f"curve_{name}"] = precision_recall_curve(counts)
        metrics[f"regions_{name}"] = sum(count.truths for count in counts)
    return {
        "test": {
            "task": "regions",
            "n_images": len(photos),
            "n_people": len(set(people)),
            "match": "mask IoU at least 0.5",
            "metrics": {name: figure.as_dict() for name, figure in figures.items()},
            **metrics,
        }
    }


def _average_precision_of(counts: Sequence[PhotoCount], rows: NDArray[np.int64]) -> float | None:
    return average_precision([counts[row] for row in rows])


def card_text(metrics: Mapping[str, Any], release: Release) -> str:
    """Markdown card around the measured figures."""
    test = metrics["test"]
    figures: Mapping[str, Mapping[str, float]] = test["metrics"]

    def shown(name: str) -> str:
        if name not in figures:
            return "none"
        figure = figures[name]
        return f"{figure['value']:.2f} ({figure['low']:.2f}–{figure['high']:.2f})"

    rows = "\n".join(
        f"| {label} | {test[f'regions_{key}']} | {shown('precision' + suffix)} | {shown('recall' + suffix)} "
        f"| {shown('average_precision.' + key)} |"
        for label, key, suffix in (
            ("thinning or bald, kind disregarded", "all", ""),
            ("thinning", "thinning", ".thinning"),
            ("bald", "bald", ".bald"),
        )
    )
    return f"""# {release.id}

**Research use only. Not a diagnosis, not cleared as a medical device.**

## What it does
Outlines thinning and bald regions on an overview photograph. A thinning region reaches over what is bald inside it; a
bald core is listed as a region of its own, so shares of regions must not be added up. Areas and coverage come from the
scalp segmentation, not from this detector. YOLO11 segmentation head and a small neck (ultralytics, AGPL-3.0) on a
MobileNetV2 backbone with ImageNet weights (Apache-2.0), {release.input.width} x {release.input.height} letterboxed RGB,
trained for {metrics["training"]["epochs"]} epochs on {metrics["training"]["n_images"]} outlined photographs.

## How good it is
{test["n_images"]} photographs of {test["n_people"]} people that training never saw. A detection is right when its mask
overlaps a region outlined by eye by at least one half (intersection over union). Score threshold
{release.thresholds["score"]}, chosen on validation people for precision of at least {TARGET_PRECISION}; 95 % intervals
resample people and are never narrower than Wilson's.

| kind | regions | precision | recall | average precision |
|---|---|---|---|---|
{rows}

The threshold was chosen on {metrics["validation"]["n_images"]} photographs only, so the precision to expect is the one
in this table, not the one aimed at. {_verdict(figures)} The whole precision–recall curve is in `metrics.json`.

## What to know
- The truth was outlined by eye by annotators who are not clinicians; two readings agree to an overlap of 0.79 for
  thinning-or-bald and 0.45 for bald alone, so an overlap of one half is hard to reach for bald cores.
- Training pictures: photographs of `scalp_regions` (men of `norwood`, tops of `clinic_tops`), and heads of `hair_masks`
  (Figaro): some as they are, as pictures without a region, and some **composited**, with patches of skin laid into the
  hair. Composited pictures are in training only. Split by person.
- It works best on the top of the head (recall {shown("recall@top_down")}); of regions on front views it finds
  {shown("recall@front")}, so receding temples are mostly missed.
- Patchy loss (alopecia areata), women with diffuse loss, coily hair, darker skin, wet hair, and children are few or
  absent: untested. Long partings may be taken for thinning.
- Research use; licences of the sources vary.
"""


def _verdict(figures: Mapping[str, Mapping[str, float]]) -> str:
    found, right = figures.get("recall", {}).get("value", 0.0), figures.get("precision", {}).get("value", 0.0)
    if right < 0.6 or found < 0.4:
        return "**This is a weak detector:** regions it does not list may well be there, and a clinician must look."
    return "Regions it does not list may well be there; a clinician must look."
