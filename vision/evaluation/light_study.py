"""How warm a lamp has to be to be told from warm skin: casts found against false alarms, split by person.

Photographs are coloured in linear light, then spoilt as cameras do it (exposure, a shoulder in the lights, JPEG), so
that it is not the colouring itself that is found. The limit is chosen on men whom no other figure counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.decode import decode_image
from vision.evaluation.covers_study import drawn_heads
from vision.evaluation.intervals import wilson
from vision.evaluation.quality_study import Sample, held_out_men, men_trained_on, overview_samples
from vision.quality.colour import WARMTH_OF_HEADS, warmth
from vision.quality.head import look_for_head
from vision.quality.limits import CAST
from vision.quality.pixels import GAMMA, Mask, reduced
from vision.types import RgbImage

LOOK_EDGE_PX: Final = 640
EVERY: Final = 2
"""Of the photographs of men trained on, so-manieth is looked at for the limit."""
ALARMS: Final = (0.005, 0.01, 0.02, 0.05)
COMMAND: Final = "python -m vision study light --data ../shared/data --json docs/studies/light.json"
SETS: Final = {
    "norwood": "men held out",
    "clinic_tops": "tops of heads of a clinic",
    "scalp_regions": "patches and heads of other clinics",
    "women_views": "two women",
    "drawn": "drawn heads",
}


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp taken for daylight: red over blue in stops, exposure in stops, and whether the camera bends its lights."""

    stops: float
    exposure: float = 0.0
    shoulder: bool = False


LAMPS: Final[Mapping[str, Lamp]] = {
    "as taken": Lamp(0.0),
    "1 stop": Lamp(1.0),
    "1.5 stops": Lamp(1.5),
    "2 stops": Lamp(2.0),
    "2 stops, under-exposed": Lamp(2.0, -0.7),
    "2 stops, lights bent": Lamp(2.0, 0.3, shoulder=True),
    "3 stops": Lamp(3.0),
}

Seen = tuple[str, str, dict[str, float]]  # folder, person, warmth under each lamp


def study_light(data: Path) -> dict[str, Any]:
    """``limits``: for each share of false alarms allowed, the limit and what it finds; ``shipped``: that in use."""
    cv2.setNumThreads(1)
    chosen_on = [values["as taken"] for _, _, values in _looked_at(men_trained_on(data)[::EVERY], only=("as taken",))]
    men = held_out_men(data)
    others = [one for one in overview_samples(data) if one.folder != "norwood"]
    seen = [*_looked_at([*men, *others]), *_drawn()]
    limits = {f"{share:g}": float(np.quantile(chosen_on, 1 - share)) for share in ALARMS}
    shipped = WARMTH_OF_HEADS + CAST.limit
    return {
        "command": COMMAND,
        "note": "lamps are laid over photographs; intervals are Wilson 95 % of photographs; a warning does not refuse",
        "chosen_on_photographs": len(chosen_on),
        "people_held_out": len({one.person for one in men}),
        "shipped_limit_stops": shipped,
        "shipped": _row(seen, shipped),
        "people_with_an_alarm": len(
            {person for folder, person, at in seen if folder == "norwood" and at["as taken"] > shipped}
        ),
        "limits": {share: {"limit_stops": limit, **_row(seen, limit)} for share, limit in limits.items()},
    }


def under(image: RgbImage, lamp: Lamp) -> RgbImage:
    """The photograph under a warm lamp, stored as a camera stores it."""
    gains = np.array([2 ** (lamp.stops / 2), 1, 2 ** (-lamp.stops / 2)], np.float32) * 2**lamp.exposure
    light = (image.astype(np.float32) / 255) ** GAMMA * gains
    if lamp.shoulder:
        light = 1 - np.exp(-1.25 * light)
    stored = (np.clip(light, 0, 1) ** (1 / GAMMA) * 255).round().astype(np.uint8)
    _, file = cv2.imencode(".jpg", cv2.cvtColor(stored, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    return np.asarray(cv2.cvtColor(cv2.imdecode(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def _looked_at(photos: Iterable[Sample], only: tuple[str, ...] = tuple(LAMPS)) -> Iterator[Seen]:
    for photo in photos:
        image = reduced(decode_image(photo.path.read_bytes(), max_long_edge=LOOK_EDGE_PX))
        yield photo.folder, photo.person, _values(image, _scalp(image), only)


def _drawn() -> Iterator[Seen]:
    for image in drawn_heads():
        yield "drawn", "", _values(image, _scalp(image), tuple(LAMPS))


def _scalp(image: RgbImage) -> Mask:
    """As the gate finds it on the photograph as taken: the network is not asked what a lamp does to it."""
    return look_for_head(image).mask(image.shape[1], image.shape[0])


def _values(image: RgbImage, scalp: Mask, lamps: tuple[str, ...]) -> dict[str, float]:
    spoilt = {name: image if name == "as taken" else under(image, LAMPS[name]) for name in lamps}
    return {name: warmth(picture, scalp) for name, picture in spoilt.items()}


def _row(seen: list[Seen], limit: float) -> dict[str, Any]:
    return {
        folder: {lamp: _share([values[lamp] > limit for where, _, values in seen if where == folder]) for lamp in LAMPS}
        for folder in SETS
    }


def _share(told: list[bool]) -> dict[str, float]:
    figure = wilson(sum(told), len(told))
    return {"n": 0} if figure is None else figure.as_dict()


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    rows = list(report["limits"].values())
    for lamp in ("1 stop", "1.5 stops", "2 stops", "2 stops, lights bent", "3 stops"):
        alarms = [row["norwood"]["as taken"]["value"] for row in rows]
        axis.plot(alarms, [row["norwood"][lamp]["value"] for row in rows], marker="o", label=lamp)
    axis.set_xlabel("false alarms on men held out")
    axis.set_ylabel("casts told")
    axis.set_ylim(0, 1.02)
    axis.set_xlim(left=0)
    axis.legend(title="warmer than white light by")
    figure.savefig(file.with_suffix(".png"), dpi=110)
    plt.close(figure)
    file.with_suffix(".md").write_text("\n".join(_table(report)) + "\n", encoding="utf-8")


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    yield "# Warm light told from warm skin"
    yield ""
    yield f"`{report['command']}`. {report['note']}."
    yield ""
    yield "![Casts told against false alarms](light.png)"
    yield ""
    yield f"The gate's limit is {report['shipped_limit_stops']:.2f} stops of red over blue, the mean of three witnesses"
    yield f"(`vision.quality.colour.warmth`), chosen on {report['chosen_on_photographs']} photographs of men whom no"
    yield f"figure here counts. “As taken” are alarms without a lamp laid over: on {report['people_with_an_alarm']} of"
    yield f"{report['people_held_out']} men held out. Looked at, white walls and bedding are yellow on them:"
    yield "most of these alarms are warm lamps rather than mistakes."
    yield ""
    yield "| warmer by | " + " | ".join(SETS.values()) + " |"
    yield "|---|" + "---|" * len(SETS)
    for lamp in LAMPS:
        yield f"| {lamp} | " + " | ".join(_words(report["shipped"][folder][lamp]) for folder in SETS) + " |"
    yield ""
    yield "## Other limits, men held out"
    yield ""
    yield "| alarms allowed where chosen | limit, stops | " + " | ".join(LAMPS) + " |"
    yield "|---|---|" + "---|" * len(LAMPS)
    for share, row in report["limits"].items():
        found = " | ".join(_words(row["norwood"][lamp]) for lamp in LAMPS)
        yield f"| {100 * float(share):g} % | {row['limit_stops']:.2f} | {found} |"
    yield ""
    yield "No photograph here was really taken under a known lamp: cameras put most of a lamp right by themselves, and"
    yield "what they leave is what counts. Where the camera bends the lights so that they go white, less is found. A"
    yield "calibration card in the picture settles it without any of this; and two visits under different lamps are"
    yield "told when their photographs are compared (`vision.change.light`): the difference is taken out, and said."


def _words(share: Mapping[str, float]) -> str:
    if not share.get("n"):
        return "–"
    return f"{100 * share['value']:.0f} % ({100 * share['low']:.0f}–{100 * share['high']:.0f})"
