"""The model card of the Norwood stage, written from its figures so that no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vision.release import Release

_ROWS: Final = (
    ("kappa_quadratic", "quadratic kappa"),
    ("within_one", "within one stage"),
    ("exact", "exact"),
    ("in_range", "true stage in the range shown"),
    ("not_gradable", "not gradable"),
)


def card_text(release: Release, metrics: Mapping[str, Any]) -> str:
    """Markdown."""
    test, crossed, training = metrics["test"], metrics["cross_validated"], metrics["training"]
    return f"""# {release.id}

**Research use only. Not a diagnosis, not cleared as a medical device.** A clinician confirms or changes the stage.

## What it does
The overview photographs of one man in, his Norwood stage (2 to 7) out, with the probability of every stage and the
shortest range around the stage that holds 90 % of it. Each photograph gives one number: a ridge regression on 160
mean-pooled features of a frozen MobileNetV2 (ImageNet weights, up to its sixth block) over the square around the head,
averaged over its four quarter turns, and on six shares from the segmentation (bald, thinning, bald + half thinning, and
their square roots). A linear Gaussian model with correlated errors joins the numbers of whatever views there are.

Not gradable: no crown and no hairline view; views that contradict each other (squared distance beyond the 99.9 %
quantile of chi squared); a session in which the condition network shows psoriasis, folliculitis or another disease;
stage 2 where it finds nothing (stage 1 was never taught). Offered for men only. Ludwig and Sinclair are not offered:
no graded photographs of women were there to learn from.

## How good it is
{training["men"]} men ({training["photos"]} photographs) were fitted on, {test["n_people"]} held out
({test["n_images"]} photographs, segmented by {test["segmentation_release"]}); no man is on both sides. 95 % intervals
resample men; where all are right, Wilson's.
Held-out men, all views:

| figure | value |
|---|---|
{_rows(test["metrics"], "")}

The same men from fewer views, and the whole procedure (regressions and joint model fitted anew in every fold) judged by
five-fold cross-validation on the {crossed["n_people"]} others, {crossed["repeats"]} times:

| views | kappa, held out | within one, held out | kappa, cross-validated | within one, cross-validated |
|---|---|---|---|---|
{_subsets(test["metrics"], crossed["metrics"])}

Sides and back are shown to say why they are refused alone. The choices (block, ridge, weight of the shares) were made
by cross-validation on the same {crossed["n_people"]} men. There the crown alone reaches kappa
{_figure(crossed["network_only"]["crown_only"], "kappa_quadratic")} without the segmentation's shares and
{_figure(crossed["shares_only"]["crown_only"], "kappa_quadratic")} without the network's features.

    {test["command"]}

## Limits
- All men come from one collection of {training["men"] + test["n_people"]}, photographed close and upright or turned;
  another clinic's framing is untested, though the head is cut out by the segmentation first.
- Some of the men taught the segmentation too ({training["segmentation"]}): on the cross-validated men its shares are
  flattered, on the held-out men they are not, because both split by the same rule.
- Stage 1 was never seen: a head without loss would be called 2 or refused. Vertex variants (III vertex) are not told
  apart. Women, coily hair and darker skin are few or absent.
- A stage is a reading by eye: how far two clinicians agree on these men is not known.

## Training data
`norwood` (CC BY 4.0, Roboflow Universe "hair-loss"). Starting weights: ImageNet, Apache-2.0.
"""


def _rows(metrics: Mapping[str, Any], suffix: str) -> str:
    return "\n".join(f"| {words} | {_figure(metrics, name + suffix)} |" for name, words in _ROWS)


def _subsets(test: Mapping[str, Any], crossed: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, figures in crossed.items():
        suffix = "" if name == "all_views" else f"@{name}"
        cells = (
            _figure(test, f"kappa_quadratic{suffix}"),
            _figure(test, f"within_one{suffix}"),
            _figure(figures, "kappa_quadratic"),
            _figure(figures, "within_one"),
        )
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figure(metrics: Mapping[str, Any], name: str) -> str:
    found = metrics.get(name)
    return "–" if found is None else f"{found['value']:.2f} ({found['low']:.2f}–{found['high']:.2f})"
