"""How well the gate tells the views of a head from one another: on men the reader has not learnt from.

Every photograph is tried as every view: as its own a warning is a false alarm, as any other it is what should be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import Figure, bootstrap_over_people, wilson
from vision.evaluation.quality_study import Sample, held_out_men, overview_samples
from vision.quality import limits
from vision.quality.head import look_for_head
from vision.quality.readers import VIEWS_READ, any_way_up, decided, upright

LOOK_EDGE_PX: Final = 800


SETS: Final = {"norwood": "men held out", "clinic_tops": "tops of heads of a clinic", "women_views": "two women"}


def study_views(data: Path) -> dict[str, Any]:
    """False alarms and recall by the view shown, and for each pair of views the share warned about."""
    cv2.setNumThreads(1)
    photos = held_out_men(data)
    warned = np.array([_warned(photo) for photo in photos])
    people = [photo.person for photo in photos]
    shown = np.array([VIEWS_READ.index(photo.view) for photo in photos])
    own = np.eye(len(VIEWS_READ), dtype=bool)[shown]
    others = [photo for photo in overview_samples(data) if photo.folder in ("clinic_tops", "women_views")]
    alarms = [(photo.folder, _warned(photo)[VIEWS_READ.index(photo.view)]) for photo in others]
    return {
        "command": "python -m vision study views --data ../shared/data --json docs/studies/views.json",
        "note": "every photograph tried as every view; false alarms over photographs (Wilson 95 %), views found over "
        "pairs of photograph and view asked for (people resampled)",
        "limit": limits.OTHER_VIEW.limit,
        "people": len(set(people)),
        "false_alarms": {name: _counted(warned[rows][own[rows]]) for name, rows in _rows_of(shown).items()},
        "found": {
            name: _resampled(np.where(own, np.nan, warned)[rows], [people[row] for row in rows])
            for name, rows in _rows_of(shown).items()
        },
        "warned_by_view_shown_and_asked": {
            view.value: {
                asked.value: round(float(warned[shown == number, other].mean()), 3)
                for other, asked in enumerate(VIEWS_READ)
            }
            for number, view in enumerate(VIEWS_READ)
        },
        "false_alarms_elsewhere": {
            folder: _counted(np.array([told for place, told in alarms if place == folder]))
            for folder in dict.fromkeys(place for place, _ in alarms)
        },
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    pairs = report["warned_by_view_shown_and_asked"]
    names = [view.replace("_", " ") for view in pairs]
    shares = np.array([[row[asked] for asked in pairs] for row in pairs.values()])
    figure, axis = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
    axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(shares.shape):
        dark = shares[row, column] > 0.6
        axis.text(column, row, f"{100 * shares[row, column]:.0f} %", ha="center", va="center", color="wk"[not dark])
    axis.set_xticks(range(len(names)), names, rotation=20)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("taken for")
    axis.set_ylabel("shown")
    axis.set_title("warned about; on the diagonal false alarms", fontsize=10)
    figure.savefig(file.with_suffix(".png"), dpi=110)
    plt.close(figure)
    file.with_suffix(".md").write_text("\n".join(_table(report)) + "\n", encoding="utf-8")


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    asked = list(report["warned_by_view_shown_and_asked"])
    named = [view.replace("_", " ") for view in asked]
    yield "# Another view of the head than the one asked for"
    yield ""
    yield f"`{report['command']}`. {report['note']}."
    yield ""
    yield f"{report['people']} men whom the reader has not learnt from, five views each. A warning does not refuse."
    yield ""
    yield "| shown | false alarms | other views found | " + " | ".join(f"sent as {name}" for name in named) + " |"
    yield "|---|---|---|" + "---|" * len(asked)
    for view, name in zip([*asked, "all"], [*named, "all"], strict=True):
        pairs = report["warned_by_view_shown_and_asked"].get(view, {})
        cells = " | ".join(f"{100 * pairs[other]:.0f} %" if other in pairs else "" for other in asked)
        yield f"| {name} | {_words(report['false_alarms'][view])} | {_words(report['found'][view])} | {cells} |"
    yield ""
    yield (
        "False alarms on right views elsewhere: "
        + "; ".join(f"{SETS[folder]} {_words(one)}" for folder, one in report["false_alarms_elsewhere"].items())
        + "."
    )


def _words(share: Mapping[str, float]) -> str:
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f}–{100 * share['high']:.1f}; n {share['n']})"


def _warned(photo: Sample) -> list[bool]:
    """Whether the gate warns, for each view that the photograph might have been taken for."""
    image = decode_image(photo.path.read_bytes(), max_long_edge=LOOK_EDGE_PX)
    look = look_for_head(image)
    as_it_lies, turned = upright(look), any_way_up(image, look)
    warnings = []
    for asked in VIEWS_READ:
        told = decided(as_it_lies, lambda: turned, asked)
        warnings.append(not limits.OTHER_VIEW.passes(told.certainty))
    return warnings


def _rows_of(shown: NDArray[np.int64]) -> dict[str, NDArray[np.intp]]:
    """The photographs of each view, and all."""
    rows = {view.value: np.flatnonzero(shown == number) for number, view in enumerate(VIEWS_READ)}
    return rows | {"all": np.arange(len(shown))}


def _counted(alarms: NDArray[np.bool_]) -> dict[str, float]:
    """Over photographs: few alarms want an interval that does not end at none."""
    return _as_dict(wilson(int(alarms.sum()), len(alarms)))


def _resampled(told: NDArray[np.float64], people: Sequence[str]) -> dict[str, float]:
    """Over pairs of photograph and view, each person counting as a whole in the interval."""
    return _as_dict(bootstrap_over_people(lambda rows: float(np.nanmean(told[rows])), people))


def _as_dict(figure: Figure | None) -> dict[str, float]:
    return {"n": 0} if figure is None else figure.as_dict()
