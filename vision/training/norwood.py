"""Training of the Norwood stage (A9): ``python -m vision train norwood --data DIR``.

Order: export the frozen network, read every photograph through it and through the shipped segmentation (kept in
``--runs``, so that a second run takes seconds), fit the head on the men of the training and validation sides, judge
what ships on the men held out, and the whole procedure by cross-validation on the others.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.norwood import SUBSETS, Graded, evaluate, figures
from vision.norwood import HEAD_FILE, STAGES, VIEWS, join_views, save_head, shares, turned_features
from vision.release import RELEASES_DIR, InputSpec, Release, load_release
from vision.runtime import Network, open_network
from vision.segment import segment
from vision.training.data import DEFAULT_DATA
from vision.training.export import export_network
from vision.training.norwood_card import card_text
from vision.training.norwood_fit import SHARES, Features, cross_validated_heads, fit, present_scores, scores_of
from vision.training.norwood_network import ARCHITECTURE, FEATURES, imagenet_network
from vision.training.norwood_people import Man, read_men
from vision.training.publish import publish
from vision.training.split import side_of
from vision.types import RgbImage, ScalpMap, View

SEGMENTATION = "scalp-segmentation"
SIZE_PX = 224
SPEC = InputSpec(SIZE_PX, SIZE_PX, resize="stretch")
PHOTO_TURNS = (0,)
"""Quarter turns of the photograph before it is segmented: the same head as the segmentation sees it held otherwise."""
SEEDS = (0, 1, 2)
"""Cross-validation is repeated with these, and the figures averaged."""


def read_features(men: Sequence[Man], network: Network, segmenter: Network, segmentation: Release) -> Features:
    """What is fitted on: turned and mirrored copies of every photograph, and the features as they are served."""
    size = FEATURES + SHARES
    copies = np.full((len(men), len(VIEWS), len(PHOTO_TURNS) * 8, size), np.nan)
    served = np.full((len(men), len(VIEWS), size), np.nan)
    for row, man in enumerate(men):
        for view, path in man.photos:
            image = decode_image(path.read_bytes())
            found = [
                copy for turn in PHOTO_TURNS for copy in _copies(_turned(image, turn), network, segmenter, segmentation)
            ]
            copies[row, VIEWS.index(view)] = np.stack(found)
            upright = np.stack(found[:4])  # the four turns of the photograph as it is, not mirrored
            served[row, VIEWS.index(view)] = upright.mean(axis=0)
        print(f"read {row + 1}/{len(men)} men", flush=True)
    return Features(copies, served, np.array([man.stage for man in men], dtype=np.float64))


def _copies(image: RgbImage, network: Network, segmenter: Network, segmentation: Release) -> list[NDArray[np.float64]]:
    """Features of the quarter turns of one photograph, then of its mirror image's."""
    scalp_map = segment(image, segmenter, segmentation)
    plain = turned_features(image, scalp_map, network, SPEC)
    mirrored = turned_features(_mirrored(image), _mirrored_map(scalp_map), network, SPEC)
    amounts = shares(scalp_map)
    return [np.concatenate([one, amounts]) for one in (*plain, *mirrored)]


def _turned(image: RgbImage, quarters: int) -> RgbImage:
    return np.ascontiguousarray(np.rot90(image, quarters))


def _mirrored(image: RgbImage) -> RgbImage:
    return np.ascontiguousarray(image[:, ::-1])


def _mirrored_map(scalp_map: ScalpMap) -> ScalpMap:
    return ScalpMap(scalp_map.labels[:, ::-1], scalp_map.probabilities[:, :, ::-1])


def cached_features(cache: Path, people: Sequence[str], made: str, read: Callable[[], Features]) -> Features:
    """The features in ``cache`` if they are of these people and ``made`` by the same networks, else read and kept."""
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as stored:
            if str(stored["made"]) == made and list(stored["people"]) == list(people):
                return Features(stored["copies"], stored["served"], stored["stages"])
    features = read()
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        cache,
        made=np.array(made),
        people=np.array(people),
        copies=features.copies,
        served=features.served,
        stages=features.stages,
    )
    return features


def cross_validation(features: Features, people: Sequence[str]) -> dict[str, Any]:
    """Figures on men whom neither the regressions nor the joint model had seen, over all seeds; and what is left of
    them without the network's features, and without the segmentation's shares."""
    return {
        "n_people": len(people),
        "repeats": len(SEEDS),
        "metrics": _crossed(features, people, SUBSETS),
        "network_only": _crossed(_without(features, slice(FEATURES, None)), people, _ALL_AND_CROWN),
        "shares_only": _crossed(_without(features, slice(0, FEATURES)), people, _ALL_AND_CROWN),
    }


_ALL_AND_CROWN = {name: SUBSETS[name] for name in ("all_views", "crown_only")}


def _without(features: Features, columns: slice) -> Features:
    """The features with some columns silenced; absent photos stay absent."""
    copies, served = features.copies.copy(), features.served.copy()
    for array in (copies, served):
        array[..., columns] *= 0.0
    return Features(copies, served, features.stages)


def _crossed(
    features: Features, people: Sequence[str], subsets: Mapping[str, frozenset[View]]
) -> dict[str, dict[str, dict[str, float]]]:
    report: dict[str, dict[str, dict[str, float]]] = {}
    heads = [(man, head) for seed in SEEDS for man, head in cross_validated_heads(features, seed)]
    for name, views in subsets.items():
        graded = []
        for man, head in heads:
            row = scores_of(features.of(np.array([man])), head.weight, head.bias)[0]
            scores = {view: score for view, score in present_scores(row).items() if view in views}
            if scores:
                graded.append(Graded(people[man], int(features.stages[man]), join_views(scores, head)))
        report[name] = {key: figure.as_dict() for key, figure in figures(graded).items()}
    return report


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, judge and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the research pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs/norwood"), help="folder of the features read")
    parser.add_argument("--out", type=Path, default=RELEASES_DIR / "norwood-stage-0.1")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    drafts = options.out.parent / ".draft"  # the release that serves stays whole until the new one is
    folder = drafts / options.out.name
    network_files = export_network(
        imagenet_network(options.data / "weights" / "mobilenet_v2_imagenet.safetensors"), folder, (3, SIZE_PX, SIZE_PX)
    )
    files = (*network_files, HEAD_FILE)
    segmentation = load_release(SEGMENTATION)
    draft = Release(
        name=folder.name.rpartition("-")[0],
        version=folder.name.rpartition("-")[2],
        task="norwood",
        architecture=ARCHITECTURE,
        input=SPEC,
        classes=tuple(str(stage) for stage in STAGES),
        temperature=1.0,
        files={},
        trained_on=("norwood", "mobilenet_v2_imagenet: frozen weights of the network (Apache-2.0)"),
        licence_note="Research use; photographs CC BY 4.0 (Roboflow Universe 'hair-loss').",
        folder=folder,
        options={"segmentation": segmentation.id},
    )
    network = open_network(publish(draft, network_files, {}, f"# {draft.id}"))
    men = [man for man in read_men(options.data / "norwood") if side_of(man.person) != "test"]
    people = [man.person for man in men]
    made = f"{ARCHITECTURE} {SIZE_PX} {PHOTO_TURNS} {segmentation.id}"
    features = cached_features(
        options.runs / "features.npz",
        people,
        made,
        lambda: read_features(men, network, open_network(segmentation), segmentation),
    )
    save_head(folder / HEAD_FILE, fit(features))
    release = publish(draft, files, {}, f"# {draft.id}")
    metrics = measure(release, options.data) | {
        "cross_validated": cross_validation(features, people),
        "training": {"men": len(men), "photos": sum(len(man.photos) for man in men), "segmentation": segmentation.id},
    }
    publish(draft, files, metrics, card_text(release, metrics))
    if options.out.exists():
        shutil.rmtree(options.out)
    folder.rename(options.out)
    drafts.rmdir()
    release = load_release(options.out.name, options.out.parent)
    print(f"{release.id}: {metrics['test']['metrics']['kappa_quadratic']}")


def measure(release: Release, data: Path) -> dict[str, Any]:
    """Figures of the release on the men held out."""
    report = evaluate(data / "norwood", open_network(release), release, split="test")
    return {"test": report | {"command": "python -m vision evaluate norwood --data ../shared/data --split test"}}


if __name__ == "__main__":
    main()
