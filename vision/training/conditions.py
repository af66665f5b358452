"""Training of the condition classifier (A8): ``python -m vision train conditions --data DIR``.

Order: fit (:mod:`vision.training.condition_fit`), the same on one source for the leave-one-source-out fold, half of the
way back to ImageNet's weights (:mod:`vision.training.condition_mix`), temperature and thresholds on the validation
part, export. Figures come from the exported release and the test part.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vision.condition import calibrated
from vision.evaluation.conditions import Judged, confusion, figures
from vision.release import RELEASES_DIR, InputSpec, Release
from vision.training.condition_card import card_text
from vision.training.condition_domain import Sample, strangers, subjects
from vision.training.condition_fit import SIZE_PX, Plan, Trainer, predict, read_images, truth_of
from vision.training.condition_measure import is_of_atlas, measure
from vision.training.condition_mix import HALF, mixed
from vision.training.condition_network import ARCHITECTURE, ConditionNetwork
from vision.training.condition_pictures import CLASSES, Picture, atlas_pictures, counts, stand_in_pictures
from vision.training.condition_release import calibrate, export, reference_head
from vision.training.condition_tried import tried
from vision.training.data import DEFAULT_DATA
from vision.training.publish import publish

FOLD_SOURCES = frozenset({"dermnet.com", "figaro", "norwood"})
"""The leave-one-source-out fold is trained on these: one atlas, and the collections that stand in for full hair."""
NO_ABSTENTION = {"probability": 0.0}


def publish_release(
    network: ConditionNetwork,
    pictures: Sequence[Picture],
    data: Path,
    folder: Path,
    fold: Mapping[str, Any],
    effort: Mapping[str, Any],
    ways: Sequence[Mapping[str, Any]] = (),
) -> Release:
    """Calibrate on the validation part, export, measure the exported release on the test part, write the card."""
    train, validation = ([p for p in pictures if p.part == part] for part in ("train", "validation"))
    others, strange = subjects(data), [sample for sample in strangers(data) if sample.part == "train"]
    known = {part: [sample for sample in others if sample.part == part] for part in ("train", "validation")}
    head = reference_head(
        network,
        np.concatenate([predict(network, train)[1], _pooled(network, known["train"])]),
        [picture.condition.value for picture in train] + [sample.kind for sample in known["train"]],
        _pooled(network, strange),
    )
    logits, pooled = predict(network, validation)
    clinical = np.array([is_of_atlas(picture) for picture in validation])
    calibration = calibrate(logits, truth_of(validation), pooled, head, clinical, _pooled(network, known["validation"]))
    draft = Release(
        name="scalp-condition",
        version=folder.name.rpartition("-")[2],
        task="conditions",
        architecture=ARCHITECTURE,
        input=InputSpec(SIZE_PX, SIZE_PX, resize="stretch"),
        classes=tuple(condition.value for condition in CLASSES),
        temperature=calibration.temperature,
        files={},
        trained_on=("conditions", "norwood", "scalp_regions", "clinic_tops", "hair_masks", "women_views"),
        licence_note="Research use; licences of the sources vary.",
        folder=folder,
        thresholds={
            "probability": calibration.probability,
            "distance": calibration.distance,
            "likeness": calibration.likeness,
        },
    )
    files = export(network, head, SIZE_PX, folder)
    release = publish(draft, files, {}, "")
    metrics = measure(release, data) | {
        "leave_one_source_out": dict(fold),
        "training": dict(effort),
        "tried": list(ways),
        "training_pictures": counts(train),
        "validation_pictures": counts(validation),
    }
    return publish(draft, files, metrics, card_text(release, metrics))


def _pooled(network: ConditionNetwork, samples: Sequence[Sample]) -> NDArray[np.float32]:
    return read_images(network, [sample.open() for sample in samples])[1]


def fold_report(network: ConditionNetwork, pictures: Sequence[Picture], sources: Collection[str]) -> dict[str, Any]:
    """Figures of a network trained on ``sources`` only, on every picture of the other sources."""
    unseen = [picture for picture in pictures if picture.source not in sources]
    logits, _ = predict(network, unseen)
    classes = tuple(condition.value for condition in CLASSES)
    judged = Judged(
        classes=classes,
        truth=truth_of(unseen),
        probabilities=calibrated(logits, 1.0),
        outside=np.zeros(len(unseen), dtype=np.bool_),
        sources=tuple(picture.source for picture in unseen),
        people=tuple(picture.person for picture in unseen),
    )
    found = {name: figure for name, figure in figures(judged, NO_ABSTENTION).items() if "shown" not in name}
    for source in sorted(set(judged.sources)):
        part = judged.of(np.array([one == source for one in judged.sources]))
        found |= {
            f"{name}@{source}": figure
            for name, figure in figures(part, NO_ABSTENTION).items()
            if name == "accuracy" or name.startswith("recall.")
        }
    return {
        "trained_on": sorted(sources),
        "trained_pictures": sum(picture.part == "train" and picture.source in sources for picture in pictures),
        "n_images": len(unseen),
        "metrics": {name: figure.as_dict() for name, figure in found.items()},
        "confusion": confusion(judged).tolist(),
        "classes": list(classes),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the release's network and the leave-one-source-out fold, or go on from their checkpoints, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the research pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs/conditions"), help="folder of checkpoints")
    parser.add_argument("--publish", metavar="VERSION", help="write the trained network as a release when done")
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--fold-steps", type=int, default=Plan().steps // 2)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--look-every", type=int, default=100)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    pictures = [*atlas_pictures(options.data / "conditions"), *stand_in_pictures(options.data)]
    train, validation = ([p for p in pictures if p.part == part] for part in ("train", "validation"))

    def trained(name: str, steps: int, sources: Collection[str] | None = None) -> tuple[ConditionNetwork, Trainer]:
        plan = Plan(steps=steps, seed=options.seed)
        trainer = Trainer(plan, options.runs / name, torch.device(options.device))
        trainer.resume()
        chosen, watched = ([p for p in part if sources is None or p.source in sources] for part in (train, validation))
        print(f"{name}: {len(chosen)} pictures, from step {trainer.step} of {steps}", flush=True)
        return trainer.fit(chosen, watched, options.look_every), trainer

    network, run = trained("all", options.steps)
    fold_network, fold_run = trained("dermnet_only", options.fold_steps, FOLD_SOURCES)
    if options.publish is None:
        return
    inside = ([p for p in part if p.source in FOLD_SOURCES] for part in (train, validation))
    fold = fold_report(mixed(fold_network, HALF, *inside), pictures, FOLD_SOURCES) | {"training": fold_run.story()}
    folder = RELEASES_DIR / f"scalp-condition-{options.publish}"
    ways = tried(network, fold_network, pictures, FOLD_SOURCES)
    network = mixed(network, HALF, train, validation)
    release = publish_release(network, pictures, options.data, folder, fold, run.story(), ways)
    print(f"{release.id}: balanced accuracy {release.metrics()['test']['metrics']['balanced_accuracy']}")


if __name__ == "__main__":
    main()
