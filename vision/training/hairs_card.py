"""The model card of the hair network, written from its figures so that no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any, Final

from vision.release import Release

WIDTH: Final = 118

_FIGURES: Final = (
    ("f1", "F1 of hairs (roots within 0.1 mm, axes within 20 degrees, one to one)", "0.85"),
    ("precision", "precision", ""),
    ("recall", "recall", ""),
    ("count_error", "count error, mean absolute share per picture", "0.10"),
    ("density_bias", "bias of the density, share", ""),
    ("kind_accuracy", "kind right, share of matched hairs", ""),
    ("refused", "good pictures called outside the domain, share", ""),
)


def card_text(release: Release, metrics: Mapping[str, Any]) -> str:
    """Markdown."""
    report, training, domain = metrics["tasks"]["trichoscopy"], metrics["training"], metrics["domain"]
    return f"""# Hairs in trichoscopy {release.version}

{release.licence_note.capitalize()}. Not a medical device; a clinician looks at every count.

{_what(release)}

## Trained on
{chr(10).join(f"- {source}" for source in release.trained_on)}

{_training(training)}

## How good, on people it has not seen
{_counts(report)}

| figure | value | 95 % interval | target |
|---|---|---|---|
{_table(report)}

Found, by kind as readers named it:

| kind | recall | 95 % interval |
|---|---|---|
{_kinds(report)}

    {report["command"]}

## What it refuses
{_domain(domain)}

| picture | refused | 95 % interval | pictures |
|---|---|---|---|
{_refusals(domain)}

## Where it fails, and what would help
{_failures(report, training)}

## What it cannot do
- One trichoscope, one hospital, clipped hair at 70 x, mostly dark straight hair on East Asian skin: other devices,
  light, grey, curly or unclipped hair are untested. Without a scale (px/mm) nothing is counted.
- The scale of the research pictures was read off a burned-in bar of a device that calls itself not calibrated: what is
  wrong with it is wrong with every mm here.
- Readers leave out hairs at the picture's edge, so only roots inside a frame inset by 10 % of each side are counted:
  0.065 cm2 of a research picture. One such field carries a wide interval; count several.
- Thin (vellus) hairs are missed most often, so the share of vellus hairs is a lower bound; calibres are measured only
  where a shaft lies free, which hairs of one unit that touch do not.
- Two readers of one picture mostly differ by one hair: at about nine hairs in the frame that alone is a tenth.
- How it does on drawn fields, which it never saw, and density and calibre on drawings with their hairs given:
  docs/studies/trichoscopy.md, `python -m vision study trichoscopy --data ../shared/data`.
"""


def _failures(report: Mapping[str, Any], training: Mapping[str, Any]) -> str:
    kinds, curve = report["recall_of_kind"], training["curve"]
    return fill(
        f"Of hairs that readers called thin {100 * kinds['undersize']['value']:.0f} % are found, of abnormal ones "
        f"{100 * kinds['abnormal']['value']:.0f} %; of single ones {100 * kinds['single']['value']:.0f} %. What else "
        "is lost are hairs of one unit that leave the skin at one point or cross. On the validation patients F1 went "
        f"from {curve[0]['f1']:.2f} at step {curve[0]['step']:.0f} to {curve[len(curve) // 2]['f1']:.2f} halfway and "
        f"{curve[-1]['f1']:.2f} at the end (curve.png): more steps of the same kind add little. Weighing the middle "
        "map in the score as much as the root map cost 0.1; the mean over mirror images gained 0.005. Tried and "
        "not taken: arrows read at the middles of hairs, and every pixel of the pictures (docs/adr/0028). Data that "
        "would help: a second reading of every picture (how far readers agree is not known exactly, and bounds these "
        "figures), thin hairs marked at full magnification, and hairs marked up to the picture's edge.",
        WIDTH,
    )


def _what(release: Release) -> str:
    return fill(
        "Finds every hair of a contact trichoscopy picture with clipped hair: root, tip, and whether it stands in a "
        "multi-hair unit, alone, is thin, or abnormal. MobileNetV2 to a sixteenth of the input and a light decoder to "
        "half of it; root and middle of a hair are heat maps, the arrow root to tip is read at the root. The picture "
        f"is brought to {release.options['px_per_mm']:.2f} px/mm and cut into tiles of {release.input.width} by "
        f"{release.input.height} pixels; the maps of a tile are the mean over its four mirror images.",
        WIDTH,
    )


def _training(training: Mapping[str, Any]) -> str:
    return fill(
        f"{training['train_pictures']} pictures of {training['train_people']} patients; {training['steps']} steps of "
        f"{training['plan']['batch']} pictures, {training['minutes']:.0f} minutes on one thread of a "
        f"{training['device']}; the weights are the running average at step {training['chosen_step']}. "
        f"{training['validation_pictures']} pictures of {training['validation_people']} other patients chose the "
        "checkpoint, the score above which a hair counts, when two readings are one hair, and the limit of the domain. "
        "A quarter of the patients never entered training or any choice. The split is by patient, over all of a "
        f"patient's sessions. {training['note']}".strip(),
        WIDTH,
    )


def _counts(report: Mapping[str, Any]) -> str:
    return fill(
        f"{report['n_hairs']} hairs inside the counting frame of {report['n_images']} pictures of "
        f"{report['n_people']} patients. 95 % intervals resample patients.",
        WIDTH,
    )


def _table(report: Mapping[str, Any]) -> str:
    lines = []
    for name, words, target in _FIGURES:
        figure = report["metrics"].get(name)
        if figure is not None:
            value, low, high = (f"{figure[part]:.3f}" for part in ("value", "low", "high"))
            lines.append(f"| {words} | {value} | {low} to {high} | {target} |")
    return "\n".join(lines)


def _kinds(report: Mapping[str, Any]) -> str:
    return "\n".join(
        f"| {kind} | {figure['value']:.3f} | {figure['low']:.3f} to {figure['high']:.3f} |"
        for kind, figure in report["recall_of_kind"].items()
    )


def _domain(domain: Mapping[str, Any]) -> str:
    return fill(
        f"A picture farther than {domain['limit']:.2f} from the training pictures (whitened distance of deep features; "
        "a training picture lies at about 1) is outside the domain and nothing is counted in it. The limit is a "
        "fifth beyond what 99 % of the clipped pictures of validation patients stay within; unclipped hair and wrong "
        "scales were never shown to it. A scale stated somewhat too low is not noticed: see the table.",
        WIDTH,
    )


def _refusals(domain: Mapping[str, Any]) -> str:
    rows = {"clipped, patients held out": domain["clipped_refused"]}
    rows |= {f"hair not clipped, {words}": figure for words, figure in domain["unclipped_refused"].items()}
    rows |= {f"clipped, {words}": figure for words, figure in domain["wrong_scale_refused"].items()}
    return "\n".join(
        f"| {words} | {100 * figure['value']:.0f} % | {100 * figure['low']:.0f} to {100 * figure['high']:.0f} % | "
        f"{figure['n']} |"
        for words, figure in rows.items()
        if figure is not None
    )
