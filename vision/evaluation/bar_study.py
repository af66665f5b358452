"""How well a burned-in scale bar is found: bars of known length drawn into real close-ups, a real trichoscope's own
bars, and lines taken for a bar where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.render.scale_bar import INKS, BarDrawing, BarStyle, draw_scale_bar
from vision.scale_bar import ScaleBar, find_scale_bar
from vision.types import NotMeasurable, Reason, RgbImage

DRAWN: Final = 160
REAL: Final = 100
WITHIN: Final = 0.02
WITH_BAR: Final = "_3"
"""The third picture of each visit in the trichoscopy set carries the trichoscope's corner bar of 1.0 mm, the others
none (seen on 60 of either kind)."""

BAR_PX: Final = 233.3
"""Its length as read by eye."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One drawn bar; ``error`` relative, None where it was not read."""

    bar: BarDrawing
    clipped: bool
    error: float | None
    reason: Reason | None


def study_bar(data: Path) -> dict[str, Any]:
    """Bars read and the error of their length by style; the real bars; false findings; two bars."""
    cv2.setNumThreads(1)
    random = np.random.default_rng(11)
    clipped, unclipped = _files(data / "trichoscopy/images"), _files(data / "trichoscopy_unclipped/images")
    plain = [path for path in clipped if not path.stem.endswith(WITH_BAR)]
    marked = [path for path in clipped if path.stem.endswith(WITH_BAR)]
    trials = [_trial(number, plain, unclipped, random) for number in range(DRAWN)]
    real = [find_scale_bar(_open(path)) for path in _some(marked, REAL, random)]
    lengths = np.array([bar.length_px for bar in real if isinstance(bar, ScaleBar)])
    off = np.abs(lengths / BAR_PX - 1)
    empty = {
        "clipped": [find_scale_bar(_open(path)) for path in _some(plain, REAL, random)],
        "unclipped": [find_scale_bar(_open(path)) for path in unclipped],
    }
    return {
        "command": "python -m vision study bar --data ../shared/data --json docs/studies/bar.json",
        "drawn": {
            "conditions": "white, black, yellow or red; 1 px to 0.8 % of the width thick; 12 to 35 % of it long; "
            "upright one in five; JPEG 70 to 95; half of them over unclipped hair",
            **{name: _summary(some) for name, some in _by_style(trials).items()},
        },
        "real_bars_of_one_trichoscope": {
            "read": _share(len(lengths), len(real)),
            "within_2_percent_of_those_read": _share(int((off <= WITHIN).sum()), len(off)),
            "median_length_px": round(float(np.median(lengths)), 2),
            "read_by_eye_px": BAR_PX,
        },
        "found_where_there_is_none": {
            name: _share(sum(isinstance(one, ScaleBar) for one in found), len(found)) for name, found in empty.items()
        },
        "two_bars_of_different_length_refused": _two_bars(plain, random),
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    styles = [style.value for style in BarStyle]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    shares = [report["drawn"][style]["read"] for style in styles]
    spread = [[one["value"] - one["low"] for one in shares], [one["high"] - one["value"] for one in shares]]
    axes[0].bar(styles, [one["value"] for one in shares], yerr=spread, color="#0072b2", capsize=3)
    axes[0].set_ylim(0, 1)
    axes[0].set_title("bars read", fontsize=9)
    axes[1].bar(
        styles, [report["drawn"][style]["absolute_error_percent_95th_percentile"] for style in styles], color="#d55e00"
    )
    axes[1].axhline(100 * WITHIN, color="grey", linestyle="--")
    axes[1].set_title("error of length, 95th percentile, %", fontsize=9)
    for axis in axes:
        axis.tick_params(axis="x", labelsize=7)
    figure.savefig(file.with_suffix(".png"), dpi=110)
    plt.close(figure)
    file.with_suffix(".md").write_text(_table(report), encoding="utf-8")


def _trial(number: int, clipped: list[Path], unclipped: list[Path], random: np.random.Generator) -> Trial:
    from_clipped = number % 2 == 0
    files = clipped if from_clipped else unclipped
    image = _open(files[int(random.integers(len(files)))])
    bar = _any_bar(list(BarStyle)[number // 2 % len(BarStyle)], image, random)
    found = find_scale_bar(_coded(draw_scale_bar(image, bar), random))
    if isinstance(found, NotMeasurable):
        return Trial(bar, from_clipped, None, found.reason)
    return Trial(bar, from_clipped, found.length_px / bar.length_px - 1, None)


def _any_bar(style: BarStyle, image: RgbImage, random: np.random.Generator) -> BarDrawing:
    height, width = image.shape[:2]
    thick = int(random.integers(1, max(2, round(0.008 * width)) + 1))
    upright = style is not BarStyle.CORNER and random.random() < 0.2
    across = (0.06, 0.94)[int(random.integers(2))] if upright else float(random.uniform(0.05, 0.5))
    middle = 0.5 * (thick % 2 == 0)  # drawing programs fill whole pixels
    return BarDrawing(
        style,
        (round(across * width) + middle, round(float(random.uniform(0.85, 0.95)) * height) + middle),
        float(random.uniform(0.12, 0.35)) * width,
        thick,
        INKS[int(random.integers(len(INKS)))],
        upright,
    )


def _two_bars(files: list[Path], random: np.random.Generator) -> dict[str, float] | None:
    """Two bars, each well read when alone: the share refused, and so not chosen between."""
    refused = 0
    tried = 0
    for path in _some(files, 40, random):
        image = _open(path)
        height, width = image.shape[:2]
        long = BarDrawing(BarStyle.TICKS, (0.06 * width, round(0.92 * height)), 0.25 * width, 3, INKS[0])
        short = BarDrawing(BarStyle.TICKS, (0.6 * width, round(0.92 * height)), 0.18 * width, 3, INKS[0])
        alone = [find_scale_bar(draw_scale_bar(image, one)) for one in (long, short)]
        if all(isinstance(one, ScaleBar) for one in alone):
            tried += 1
            refused += isinstance(find_scale_bar(draw_scale_bar(draw_scale_bar(image, long), short)), NotMeasurable)
    return _share(refused, tried)


def _coded(image: RgbImage, random: np.random.Generator) -> RgbImage:
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(70, 96))])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)


def _by_style(trials: list[Trial]) -> dict[str, list[Trial]]:
    groups = {style.value: [trial for trial in trials if trial.bar.style is style] for style in BarStyle}
    return groups | {
        "over_clipped_hair": [trial for trial in trials if trial.clipped],
        "over_unclipped_hair": [trial for trial in trials if not trial.clipped],
        "all": trials,
    }


def _summary(trials: list[Trial]) -> dict[str, Any]:
    errors = np.abs([trial.error for trial in trials if trial.error is not None])
    return {
        "read": _share(len(errors), len(trials)),
        "several": _share(sum(trial.reason is Reason.SEVERAL_BARS for trial in trials), len(trials)),
        "within_2_percent_of_those_read": _share(int((errors <= WITHIN).sum()), len(errors)),
        "median_absolute_error_percent": round(100 * float(np.median(errors)), 2),
        "absolute_error_percent_95th_percentile": round(100 * float(np.percentile(errors, 95)), 2),
    }


def _table(report: Mapping[str, Any]) -> str:
    drawn = report["drawn"]
    lines = [
        "# The burned-in scale bar",
        "",
        f"`{report['command']}`. Drawn bars: {drawn['conditions']}. Wilson 95 % intervals.",
        "",
        "| drawn bars | read | within 2 % of those read | median error, % | 95th percentile, % |",
        "|---|---|---|---|---|",
    ]
    for name, one in drawn.items():
        if name != "conditions":
            errors = f"{one['median_absolute_error_percent']} | {one['absolute_error_percent_95th_percentile']}"
            within = _words(one["within_2_percent_of_those_read"])
            lines.append(f"| {name.replace('_', ' ')} | {_words(one['read'])} | {within} | {errors} |")
    real = report["real_bars_of_one_trichoscope"]
    empty = ", ".join(f"{name} {_words(one)}" for name, one in report["found_where_there_is_none"].items())
    lines += [
        "",
        f"A real trichoscope's own bars: read {_words(real['read'])}, of these within 2 %",
        f"{_words(real['within_2_percent_of_those_read'])}; median {real['median_length_px']} px against",
        f"{real['read_by_eye_px']} px by eye.",
        "",
        f"Found where there is none: {empty}.",
        f"Two bars of different length refused: {_words(report['two_bars_of_different_length_refused'])}.",
        "A bar that is not read costs nothing: the trichoscope's stated scale, or two points set by hand, stand in.",
        "",
    ]
    return "\n".join(lines)


def _words(share: Mapping[str, float] | None) -> str:
    if not share:
        return "–"
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f}–{100 * share['high']:.1f}; n {share['n']})"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp"))


def _some(files: list[Path], count: int, random: np.random.Generator) -> list[Path]:
    chosen = random.permutation(len(files))[:count]
    return [files[number] for number in sorted(chosen)]


def _open(path: Path) -> RgbImage:
    return decode_image(path.read_bytes())


def _share(hits: int, trials: int) -> dict[str, float] | None:
    found = wilson(hits, trials)
    return found.as_dict() if found else None
