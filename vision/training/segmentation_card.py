"""The model card of the scalp segmentation, written from its figures so that no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any

from vision.release import Release

WIDTH = 118

_FIGURES = (
    ("scalp_regions", "scalp_iou", "scalp outline, IoU (two annotators: 0.955)"),
    ("scalp_regions", "thin_or_bald_iou", "thinning or bald, IoU (two annotators: 0.79)"),
    ("scalp_regions", "bald_iou", "bald alone, IoU (two annotators: 0.45)"),
    ("scalp_regions", "affected_share_mae", "affected share, mean absolute error, points (two annotators: 3.7)"),
    ("scalp_regions", "affected_share_bias", "affected share, mean error, points"),
    ("hair_masks", "iou", "hair on faces and heads, IoU over all pixels"),
    ("hair_masks", "f1", "hair on faces and heads, F1 over all pixels"),
    ("hair_masks", "iou.figaro", "hair, Figaro alone, IoU over all pixels"),
    ("hair_masks", "f1.figaro", "hair, Figaro alone, F1 over all pixels"),
    ("hair_masks", "iou.lfw", "hair, LFW alone, IoU over all pixels"),
    ("hair_masks", "f1.lfw", "hair, LFW alone, F1 over all pixels"),
    ("hair_masks", "iou_image", "hair, mean IoU per picture"),
    ("hair_masks", "f1_image", "hair, mean F1 per picture"),
    ("region_masks", "thin_or_bald_iou", "coarse masks of others: thinning or bald inside the hull, IoU"),
    ("region_masks", "hair_iou", "coarse masks of others: hair, IoU"),
)


def card_text(release: Release, metrics: Mapping[str, Any]) -> str:
    """Markdown."""
    tasks, training, calibration = metrics["tasks"], metrics["training"], metrics["calibration"]
    domain = metrics["domain"]
    counts = "; ".join(f"{name}: {report['n_images']} of {report['n_people']}" for name, report in tasks.items())
    return f"""# Scalp segmentation {release.version}

{release.licence_note.capitalize()}. Not a medical device; a clinician looks at every outline.

Labels every pixel of an overview photograph as background, dense hair on scalp, thinning (skin clearly seen through
hair) or bald (under about 15 % cover). U-Net with an EfficientNet-Lite2 encoder, input
{release.input.width} by {release.input.height} pixels, the whole photo fitted in with its aspect kept; what it
says is the mean over the photo and its mirror image.

## Trained on
{_list(release.trained_on)}

{_training(training)}

Hair masks say hair or not, and no source tells face skin from background; the loss asks only for what a label says.
Face skin is therefore part of the background, and the class *skin* is never produced.

## How good, on people it has not seen
Photographs of people: {counts}.
95 % intervals resample people.

| figure | value | 95 % interval |
|---|---|---|
{_table(tasks)}

{_calibration(calibration)}

{_domain(domain)}

{_commands(tasks)}

## What it cannot do
- The people with outlined regions are mostly men with pattern loss and clinic patients photographed from above; the
  outlines were drawn by annotators who are not clinicians. Norwood stage 1, women's pattern loss, coily hair, darker
  skin and patchy loss (alopecia areata) are untested.
- Where thinning ends and bald begins is soft: two people agree on it only to an IoU of 0.45.
- The clinic photographs carry no patient ids beyond the file; two visits of one person may lie on both sides.
- Sides, occiput and hairline views are rare in the outlined regions; beards and eyebrows can be taken for hair.
- It sees a projection at {release.input.width} pixels: areas are shares of what is visible, never of the surface, and
  it cannot count or measure hairs. Wet hair, hats, close-ups and trichoscopy are outside its domain.
"""


def _training(training: Mapping[str, Any]) -> str:
    return fill(
        f"{training['region_photos']} photographs with outlined regions, {training['hair_photos']} with hair masks and "
        f"{training['bare_skin_photos']} of bare skin; {training['steps']} steps of "
        f"{training['plan']['batch']} pictures, "
        f"{training['minutes']:.0f} minutes on {training['device']}. {_weights(training)} A quarter of the people "
        f"never entered training or any choice; a further eighth watched the run and chose the temperature. The split "
        f"is by person. {training['note']}",
        WIDTH,
    )


def _weights(training: Mapping[str, Any]) -> str:
    plan = training["plan"]
    return (
        f"The weights are a running average over the steps. In the last {plan['final_share']:.0%} of the first "
        f"{plan['steps']} steps {training['unlabelled_photos']} photographs of training people that nobody outlined "
        f"were shown too, labelled where the running average was sure (probability 0.9). {_drawn(training)}"
    )


def _drawn(training: Mapping[str, Any]) -> str:
    """The third stage, of releases that had one."""
    plan = training["plan"]
    if not plan.get("drawn_steps"):
        return ""
    return (
        f"Then came {plan['drawn_steps']} steps of {plan['drawn_batch']} pictures, three eighths of them drawn heads "
        f"({training['drawn_heads']}, synthetic), so that it follows change on drawings, on which change is studied. "
        f"What ships lies {training['drawn_weight']:.0%} of the way from the weights before these steps to those after "
        "them, a share chosen on the validation people. "
        "No figure below counts a drawn head."
    )


def _calibration(calibration: Mapping[str, Any]) -> str:
    return fill(
        f"Calibration on the validation people: expected error {calibration['ece_before']:.3f} before and "
        f"{calibration['ece_after']:.3f} after temperature {calibration['temperature']:.2f}, which was chosen on these "
        "same people.",
        WIDTH,
    )


def _domain(domain: Mapping[str, Any]) -> str:
    return fill(
        f"A picture is measured when at least {domain['min_scalp_percent']:.0f} % of it is scalp and the scalp's "
        f"mean probability is at least {domain['min_confidence']:.2f}. By that rule "
        f"{_share(domain, 'heads_refused', 'heads')} of held-out head photographs are refused and "
        f"{_share(domain, 'others_accepted', 'others')} of pictures of "
        "bodies and faces without scalp are accepted.",
        WIDTH,
    )


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _commands(tasks: Mapping[str, Any]) -> str:
    return "\n".join(f"    {report['command']}" for report in tasks.values())


def _table(tasks: Mapping[str, Any]) -> str:
    lines = []
    for task, name, words in _FIGURES:
        figure = tasks[task]["metrics"].get(name)
        if figure is not None:
            digits = 1 if "affected" in name else 3
            value, low, high = (f"{figure[part]:.{digits}f}" for part in ("value", "low", "high"))
            lines.append(f"| {words} | {value} | {low} to {high} |")
    return "\n".join(lines)


def _share(domain: Mapping[str, Any], name: str, count: str) -> str:
    figure = domain["metrics"].get(name)
    if figure is None:
        return "an unknown share"
    return (
        f"{100 * figure['value']:.0f} % ({100 * figure['low']:.0f} to {100 * figure['high']:.0f} %, "
        f"{domain[count]} pictures)"
    )
