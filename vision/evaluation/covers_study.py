"""How well the gate finds a hand, a hat or a band on a head: on men its reader has not learnt from.

Covers are laid over photographs of men held out. Their cloth and skin are cut from photographs of other men held out,
or flat, in colours that the training never draws; shapes are those of :mod:`vision.evaluation.quality_defects`, which
are others than learnt from. Two kinds were never trained on at all: headphones, and a sheet held before the head. As a
control the same shapes are filled with the head itself, shifted a little: pasted, and yet nothing lies there. All of
them are pictures put together: real hats may be found less often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.evaluation.quality_defects import HEAD_DEFECTS
from vision.evaluation.quality_study import Sample, held_out_men, overview_samples
from vision.quality import limits
from vision.quality.covers import cover_score
from vision.quality.head import look_for_head
from vision.render import HAIR_COLOURS, SKIN_TONES, draw_head
from vision.render.covers import Box, Cover, draw_cover, fill, lay_cover, size_of
from vision.training.gate_covers import Stuff, cut_stuff, scalp_box, with_itself
from vision.types import QualityCheck, RgbImage, View

LOOK_EDGE_PX: Final = 512
EVERY: Final = 3
"""Of the photographs of men held out, every third is covered: all views among them."""
DRAWN_HEADS: Final = 30

SETS: Final = {
    "norwood": "men held out",
    "clinic_tops": "tops of heads of a clinic",
    "women_views": "two women",
    "all": "all photographs",
    "drawn": "drawn heads",
    "pasted": "control: the head itself, pasted a little aside",
}

Shape = Callable[[tuple[int, int], Box, np.random.Generator], NDArray[np.float32]]


def study_covers(data: Path) -> dict[str, Any]:
    """False alarms by source, and covers found by kind."""
    cv2.setNumThreads(1)
    men = held_out_men(data)
    others = [one for one in overview_samples(data) if one.folder in ("clinic_tops", "women_views")]
    alarms = [(photo.folder, _warned(_image(photo))) for photo in (*men, *others)]
    covered = [(photo.person, _image(photo)) for photo in men[::EVERY]]
    random = np.random.default_rng(77)
    stuff = cut_stuff(data, "test")
    boxes = [scalp_box(look_for_head(image), image) for _, image in covered]
    pasted = [
        _warned(with_itself(image, box, list(Cover)[number % len(Cover)], random).image)
        for number, ((_, image), box) in enumerate(zip(covered, boxes, strict=True))
    ]
    return {
        "command": "python -m vision study covers --data ../shared/data --json docs/studies/covers.json",
        "note": "covers are laid on photographs of men held out; intervals are Wilson 95 %; a warning does not refuse",
        "limit": limits.SEEN_BY_THE_NETWORK[QualityCheck.COVERED].limit,
        "people": len({photo.person for photo in men}),
        "false_alarms": {
            **{name: _share([told for folder, told in alarms if folder == name]) for name in list(SETS)[:3]},
            "all": _share([told for _, told in alarms]),
            "drawn": _share([_warned(image) for image in drawn_heads()]),
            "pasted": _share(pasted),
        },
        "found": {
            **{
                f"{kind.value}, cloth and skin of photographs": _share(
                    [
                        _warned(draw_cover(image, box, kind, random, stuff.piece(kind, person, random)).image)
                        for (person, image), box in zip(covered, boxes, strict=True)
                    ]
                )
                for kind in Cover
            },
            **{
                f"{name}, never trained on": _share(
                    [
                        _warned(_laid(image, box, shape, stuff, person, random))
                        for (person, image), box in zip(covered, boxes, strict=True)
                    ]
                )
                for name, shape in NEVER_TRAINED.items()
            },
            **{
                f"flat {what} {size:g}": _share([_warned(spoil(image, size)) for _, image in covered])
                for what, spoil, sizes in HEAD_DEFECTS[QualityCheck.COVERED]
                for size in sizes
            },
        },
    }


def drawn_heads() -> Iterator[RgbImage]:
    """Drawn heads as the demo shows them, from seeds that no reader was fitted on."""
    views = (View.CROWN, View.PART, View.HAIRLINE, View.OCCIPUT, View.TEMPLE_LEFT, View.TEMPLE_RIGHT)
    hair, skin = list(HAIR_COLOURS), list(SKIN_TONES)
    for number in range(DRAWN_HEADS):
        view = views[number % len(views)]
        yield draw_head(
            view,
            seed=15_000 + number,
            thinning=0.05 * (number % 8),
            bald=0.04 * (number % 5),
            parting=0.03 if view is View.PART else 0.0,
            hair_colour=hair[number % len(hair)],
            skin_tone=skin[number % len(skin)],
            size=(640, 480),
        ).image


def headphones(size: tuple[int, int], scalp: Box, random: np.random.Generator) -> NDArray[np.float32]:
    """An arc over the head with a cup at either end, in any turn."""
    left, top, right, bottom = scalp
    shape = np.zeros(size, np.uint8)
    middle = (round((left + right) / 2), round((top + bottom) / 2))
    across, along = (right - left) / 2, (bottom - top) / 2 * random.uniform(0.4, 0.8)
    turn = float(random.normal(0, 20))
    arc = cv2.ellipse2Poly(middle, (max(2, round(across)), max(2, round(along))), round(turn), 180, 360, 4)
    cv2.polylines(
        shape, [arc], isClosed=False, color=1, thickness=max(3, round(random.uniform(0.06, 0.1) * across * 2))
    )
    for end in (arc[0], arc[-1]):
        cv2.circle(shape, (int(end[0]), int(end[1])), max(3, round(random.uniform(0.2, 0.3) * across)), 1, -1)
    return shape.astype(np.float32)


def sheet(size: tuple[int, int], scalp: Box, random: np.random.Generator) -> NDArray[np.float32]:
    """Paper, a telephone or a comb's box: a turned rectangle over a third of the scalp's width or more."""
    left, top, right, bottom = scalp
    middle = (float(random.uniform(left, right)), float(random.uniform(top, bottom)))
    wide = float(random.uniform(0.35, 0.6)) * (right - left)
    corners = cv2.boxPoints((middle, (wide, wide * float(random.uniform(0.6, 1.5))), float(random.uniform(0, 90))))
    shape = np.zeros(size, np.uint8)
    cv2.fillPoly(shape, [corners.round().astype(np.int32)], 1)
    return shape.astype(np.float32)


NEVER_TRAINED: Final[Mapping[str, Shape]] = {"headphones": headphones, "sheet": sheet}


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bars = [(f"nothing: {SETS[name]}", one, "#d55e00") for name, one in report["false_alarms"].items()]
    bars += [(name, one, "#0072b2") for name, one in report["found"].items()]
    figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
    values = [one["value"] for _, one, _ in bars]
    ends = [[one["value"] - one["low"] for _, one, _ in bars], [one["high"] - one["value"] for _, one, _ in bars]]
    axis.barh([name for name, _, _ in bars], values, xerr=ends, color=[colour for *_, colour in bars], capsize=2)
    axis.invert_yaxis()
    axis.set_xlim(0, 1)
    axis.set_xlabel("warned about")
    figure.savefig(file.with_suffix(".png"), dpi=110)
    plt.close(figure)
    file.with_suffix(".md").write_text("\n".join(_table(report)) + "\n", encoding="utf-8")


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    yield "# Hands, hats and bands on the head"
    yield ""
    yield f"`{report['command']}`. {report['note']}."
    yield ""
    yield "![Warned about](covers.png)"
    yield ""
    yield "| nothing on the head | warned about (false alarms) |"
    yield "|---|---|"
    for name, one in report["false_alarms"].items():
        yield f"| {SETS[name]} | {_words(one)} |"
    yield ""
    yield "| on the head | warned about |"
    yield "|---|---|"
    for name, one in report["found"].items():
        yield f"| {name} | {_words(one)} |"
    yield ""
    yield "The reader learnt from covers laid on other men. These have other shapes or other cloth and skin, but they"
    yield "are put together too: there are no photographs of real hats and hands here to try, and real ones may be"
    yield "found less often. A few hundred photographs of heads with caps, scarves, hair bands and hands, taken with"
    yield "consent, would settle it."


def _laid(image: RgbImage, box: Box, shape: Shape, stuff: Stuff, person: str, random: np.random.Generator) -> RgbImage:
    height, width = size_of(image)
    drawn = shape((height, width), box, random)
    surface = fill(stuff.piece(Cover.HAT, person, random), (width, height))
    return lay_cover(image, drawn, surface, random).image


def _warned(image: RgbImage) -> bool:
    return not limits.SEEN_BY_THE_NETWORK[QualityCheck.COVERED].passes(cover_score(look_for_head(image)))


def _image(photo: Sample) -> RgbImage:
    return decode_image(photo.path.read_bytes(), max_long_edge=LOOK_EDGE_PX)


def _share(told: list[bool]) -> dict[str, float]:
    figure = wilson(sum(told), len(told))
    return {"n": 0} if figure is None else figure.as_dict()


def _words(share: Mapping[str, float]) -> str:
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f}–{100 * share['high']:.1f}; n {share['n']})"
