"""``python -m vision analyse | train | evaluate | study | card``: the image science without a portal around it."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TRAINING = {
    "scalp_segmentation": "vision.training.segmentation:main",
    "regions": "vision.training.regions:main",
    "conditions": "vision.training.conditions:main",
    "gate_covers": "vision.training.gate_covers:main",
    "gate_views": "vision.training.gate_views:main",
    "norwood": "vision.training.norwood:main",
    "trichoscopy": "vision.training.hairs:main",
}
"""What can be trained: ``module:function``, called with the arguments that follow the task's name."""

STUDIES = {
    "bar": "vision.evaluation.bar_study:study_bar",
    "change": "vision.evaluation.change_study:study_change",
    "change_map": "vision.evaluation.change_map_study:study_change_map",
    "covers": "vision.evaluation.covers_study:study_covers",
    "geometry": "vision.evaluation.geometry_study:study_geometry",
    "light": "vision.evaluation.light_study:study_light",
    "measures": "vision.evaluation.measure_study:study_measures",
    "quality": "vision.evaluation.quality_study:study_quality",
    "registration": "vision.evaluation.registration_study:study_registration",
    "repeats": "vision.evaluation.repeats_study:study_repeats",
    "scale": "vision.evaluation.scale_study:study_scale",
    "trichoscopy": "vision.evaluation.trichoscopy_study:study_trichoscopy",
    "views": "vision.evaluation.views_study:study_views",
}
"""What can be studied on the research pictures: ``module:function``, called with the data folder, gives a table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m vision", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train a network; options of the task follow its name", add_help=False)
    train.add_argument("task", choices=sorted(TRAINING))

    evaluate = commands.add_parser("evaluate", help="score a shipped release on labelled pictures")
    evaluate.add_argument("task")
    evaluate.add_argument("--data", type=Path, required=True, help="the task's folder, or the folder above it")
    evaluate.add_argument("--json", type=Path, help="file for the figures; without it they are printed")
    evaluate.add_argument("--split", choices=("all", "test"), default="all", help="test: only people held out")

    study = commands.add_parser("study", help="measure how often a rule is right on the research pictures")
    study.add_argument("name", choices=sorted(STUDIES))
    study.add_argument("--data", type=Path, required=True, help="the folder of the research pictures")
    study.add_argument("--json", type=Path, help="file for the table; without it it is printed")

    commands.add_parser("card", help="figures, text and drawn examples of a release's card", add_help=False)

    analyse = commands.add_parser("analyse", help="everything the shipped networks say about photos")
    analyse.add_argument("photo", type=Path, nargs="+")
    analyse.add_argument("--view", default="crown")
    analyse.add_argument("--kind", choices=("overview", "trichoscopy"), help="trichoscopy: the same as that view")
    analyse.add_argument("--px-per-mm", type=float, help="scale of the pictures; nothing is counted without it")
    analyse.add_argument("--json", action="store_true", help="one JSON document in place of lines to read")

    chosen, rest = parser.parse_known_args(arguments)
    if chosen.command == "train":
        module, function = TRAINING[chosen.task].split(":")
        getattr(importlib.import_module(module), function)(rest)
        return 0
    if chosen.command == "card":
        from vision.cards import main as write_cards

        return write_cards(rest)
    if rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    if chosen.command == "study":
        return _study(chosen)
    return _evaluate(chosen, parser) if chosen.command == "evaluate" else _analyse(chosen, parser)


def _study(chosen: argparse.Namespace) -> int:
    if not chosen.data.is_dir():
        print(f"no research pictures in {chosen.data}", file=sys.stderr)
        return 1
    module, function = STUDIES[chosen.name].split(":")
    found = importlib.import_module(module)
    report = getattr(found, function)(chosen.data)
    _deliver(report, chosen.json)
    if chosen.json and hasattr(found, "illustrate"):
        found.illustrate(report, chosen.json)
    return 0


def _deliver(report: Mapping[str, Any], file: Path | None) -> None:
    text = json.dumps(report, indent=2)
    if file is None:
        print(text)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")


def _evaluate(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from vision.evaluation.commands import TASKS, run_task
    from vision.release import ReleaseError
    from vision.training.data import DataMissing

    if chosen.task not in TASKS:
        parser.error(f"no task {chosen.task!r}; there are {', '.join(sorted(TASKS))}")
    try:
        report = run_task(chosen.task, chosen.data, chosen.split)
    except (DataMissing, ReleaseError) as error:
        print(error, file=sys.stderr)
        return 1
    _deliver(report, chosen.json)
    return 0


def _analyse(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from vision.codec import photo_to_json
    from vision.pipeline import analyse_photo, load_networks
    from vision.types import PhotoContext, View

    if chosen.view not in list(View):
        parser.error(f"no view {chosen.view!r}; there are {', '.join(View)}")
    if chosen.px_per_mm is not None and not chosen.px_per_mm > 0:
        parser.error("--px-per-mm must be above 0")
    view = View.TRICHOSCOPY if chosen.kind == "trichoscopy" else View(chosen.view)
    if chosen.kind == "overview" and not view.is_global:
        parser.error("a trichoscopy picture is no overview")
    context = PhotoContext(view, chosen.px_per_mm)
    networks = load_networks()
    results = {}
    for path in chosen.photo:
        results[str(path)] = photo_to_json(analyse_photo(path.read_bytes(), context, networks))
    if chosen.json:
        print(json.dumps(results, indent=2))
        return 0
    for name, result in results.items():
        print(name)
        for metric, value in result["measures"].items():
            if "value" in value:
                print(f"  {metric}: {value['value']:.1f} {value['unit']} ({value['low']:.1f} to {value['high']:.1f})")
            else:
                print(f"  {metric}: not measurable, {value['not_measurable']} {value['detail']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
