"""``python -m vision analyse | train | evaluate``: the image science without a portal around it."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

TRAINING = {
    "scalp_segmentation": "vision.training.segmentation:main",
    "regions": "vision.training.regions:main",
    "conditions": "vision.training.conditions:main",
}
"""What can be trained: ``module:function``, called with the arguments that follow the task's name."""


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

    analyse = commands.add_parser("analyse", help="everything the shipped networks say about photos")
    analyse.add_argument("photo", type=Path, nargs="+")
    analyse.add_argument("--view", default="crown")
    analyse.add_argument("--px-per-mm", type=float)
    analyse.add_argument("--json", action="store_true", help="one JSON document in place of lines to read")

    chosen, rest = parser.parse_known_args(arguments)
    if chosen.command == "train":
        module, function = TRAINING[chosen.task].split(":")
        getattr(importlib.import_module(module), function)(rest)
        return 0
    if rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    return _evaluate(chosen, parser) if chosen.command == "evaluate" else _analyse(chosen, parser)


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
    text = json.dumps(report, indent=2)
    if chosen.json is None:
        print(text)
    else:
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _analyse(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from vision.pipeline import analyse_photo, load_networks
    from vision.types import PhotoContext, View

    if chosen.view not in list(View):
        parser.error(f"no view {chosen.view!r}; there are {', '.join(View)}")
    context = PhotoContext(View(chosen.view), chosen.px_per_mm)
    networks = load_networks()
    results = {}
    for path in chosen.photo:
        results[str(path)] = plain(analyse_photo(path.read_bytes(), context, networks))
    if chosen.json:
        print(json.dumps(results, indent=2))
        return 0
    for name, result in results.items():
        print(name)
        for metric, value in result["measures"].items():
            if "value" in value:
                print(f"  {metric}: {value['value']:.1f} {value['unit']} ({value['low']:.1f} to {value['high']:.1f})")
            else:
                print(f"  {metric}: not measurable, {value['reason']} {value['detail']}")
    return 0


def plain(value: Any) -> Any:
    """A result as JSON types; encoded pictures become their size in bytes."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


if __name__ == "__main__":
    sys.exit(main())
