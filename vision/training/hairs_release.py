"""From a training run to a release: reading, domain, export, figures on held-out people, card.

``python -m vision train trichoscopy --publish VERSION`` comes here after training.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from vision.evaluation.trichoscopy import evaluate
from vision.evaluation.trichoscopy_domain import evaluate_domain
from vision.hairs import Found, Reading, keep_distinct, read_maps
from vision.preprocess import PADDING_GREY, normalise
from vision.release import RELEASES_DIR, Release, load_release
from vision.runtime import open_network
from vision.runtime.hair_network import HAIR_POINTS_MOBILENET_V2, HairNetwork, WithDomain
from vision.training.export import export_network
from vision.training.hairs_card import card_text
from vision.training.hairs_data import HairPicture, hairs_on_side, list_hair_files, load_pictures
from vision.training.hairs_validation import KIND_NAMES, OPTIONS, SCORES, SPEC, predict_maps, score_distinct
from vision.training.publish import publish

NAME: Final = "trichoscopy-hairs"
TRAINED_ON: Final = (
    "trichoscopy: FDU/BSRL hair follicle set, Huashan Hospital (licence: none stated)",
    "mobilenet_v2_imagenet: starting weights of the encoder (Apache-2.0)",
)
LICENCE_NOTE: Final = "research use; licences of the sources vary"

DOMAIN_EVERY: Final = 3
"""Every how many-th training picture the domain is learnt from; a patient's four pictures are near-duplicates."""
SHRINKAGE: Final = 0.05
"""Share of the mean variance that is added to every direction, so that none is trusted beyond what 283 pictures say."""
REFUSED_SHARE: Final = 0.01
DISTANCE_MARGIN: Final = 1.2
"""The domain ends at this multiple of what all but :data:`REFUSED_SHARE` of the validation pictures stay within:
27 patients do not show everything that clipped hair can look like."""
BIAS_PRICE: Final = 0.5
"""How much F1 a count that is wrong in one direction may cost: half a point per point."""


def choose_reading(network: HairNetwork, pictures: Sequence[HairPicture]) -> tuple[Reading, dict[str, float]]:
    """The reading that does best on the validation people by F1 less :data:`BIAS_PRICE` x |count bias|.

    All rules at every third score first, then the best rule at every score.
    """
    maps = [predict_maps(network, picture, mirrored=bool(OPTIONS["flips"])) for picture in pictures]
    found = {share: [read_maps(one, OPTIONS["arrow_px"], share) for one in maps] for share in MIDDLE_SHARES}
    rules = [Reading(0.0, *rule) for rule in product(MIDDLE_SHARES, ALONG, ACROSS, TURN)]
    best = max(
        (_at_best_score(found[rule.middle_share], pictures, rule, SCORES[::3]) for rule in rules),
        key=lambda chosen: _worth(chosen[1]),
    )[0]
    return _at_best_score(found[best.middle_share], pictures, best, SCORES)


MIDDLE_SHARES: Final = (0.0, 0.15, 0.3)
ALONG: Final = (12.0,)
ACROSS: Final = (1.5, 2.5, 3.5)
TURN: Final = (12.0, 25.0)


def _at_best_score(
    found: Sequence[Found], pictures: Sequence[HairPicture], rule: Reading, scores: Sequence[float]
) -> tuple[Reading, dict[str, float]]:
    # Suppression goes by falling score, so what a higher score keeps is part of what a lower one keeps.
    distinct = [keep_distinct(one, replace(rule, score=min(scores))) for one in found]
    tried = []
    for score in scores:
        above = [one.chosen(one.scores >= score) for one in distinct]
        reading = replace(rule, score=score)
        tried.append((reading, score_distinct(above, pictures) | {"score": score}))
    return max(tried, key=lambda one: _worth(one[1]))


def _worth(figures: dict[str, float]) -> float:
    return figures["f1"] - BIAS_PRICE * abs(figures["count_bias"])


def with_domain(network: HairNetwork, train: Sequence[HairPicture]) -> WithDomain:
    """The network with centre and whitening of its features over the training pictures."""
    module = WithDomain(OPTIONS)
    module.network = network
    module.eval()
    features = np.concatenate([_features(module, picture) for picture in train])
    centre = features.mean(axis=0)
    covariance = np.cov(features - centre, rowvar=False)
    covariance += np.eye(len(covariance)) * SHRINKAGE * float(np.trace(covariance)) / len(covariance)
    values, vectors = np.linalg.eigh(covariance)
    module.centre.copy_(torch.from_numpy(centre.astype(np.float32)))
    module.whitening.copy_(torch.from_numpy((vectors / np.sqrt(values)).astype(np.float32)))
    return module


def _features(module: WithDomain, picture: HairPicture) -> NDArray[np.float64]:
    with torch.inference_mode():
        quarter = module.network.early(torch.from_numpy(_input_of(picture)))[1]
        return np.asarray(module.features(quarter).numpy(), np.float64)


def _input_of(picture: HairPicture) -> NDArray[np.float32]:
    canvas = np.full((SPEC.height, SPEC.width, 3), PADDING_GREY, np.uint8)
    height, width = picture.image.shape[:2]
    canvas[:height, :width] = picture.image[: SPEC.height, : SPEC.width]
    return normalise(canvas, SPEC)[None]


def publish_run(
    network: HairNetwork,
    data: Path,
    version: str,
    training: dict[str, Any],
    directory: Path = RELEASES_DIR,
) -> Release:
    """Choose the reading and the domain's limit on the validation people, export, score on the test people, write.

    ``training`` (plan, minutes, steps, counts) goes into ``metrics.json`` as it is.
    """
    files = list_hair_files(data)
    validation = load_pictures(hairs_on_side(files, "validation"))
    reading, on_validation = choose_reading(network, validation)
    module = with_domain(network, load_pictures(hairs_on_side(files, "train")[::DOMAIN_EVERY]))
    drafts = directory / ".draft"  # a release that is being used stays whole until the new one is
    folder = drafts / f"{NAME}-{version}"
    written = export_network(module, folder, (3, SPEC.height, SPEC.width))
    draft = Release(
        name=NAME,
        version=version,
        task="trichoscopy",
        architecture=HAIR_POINTS_MOBILENET_V2,
        input=SPEC,
        classes=KIND_NAMES,
        temperature=1.0,
        files={},
        trained_on=TRAINED_ON,
        licence_note=LICENCE_NOTE,
        folder=folder,
        thresholds={**asdict(reading), "distance": float("inf")},
        options=OPTIONS,
    )
    publish(replace(draft, thresholds={**draft.thresholds, "distance": 1e9}), written, {}, f"# {draft.id}")
    limit = _distance_limit(load_release(draft.id, drafts), validation)
    draft = replace(draft, thresholds={**asdict(reading), "distance": limit})
    publish(draft, written, {"training": training}, f"# {draft.id}")
    metrics = measure(load_release(draft.id, drafts), data) | {"validation": on_validation, "training": training}
    publish(draft, written, metrics, card_text(draft, metrics))
    target = directory / draft.id
    if target.exists():
        shutil.rmtree(target)
    folder.rename(target)
    if not any(drafts.iterdir()):  # others may be writing theirs
        drafts.rmdir()
    return load_release(draft.id, directory)


def _distance_limit(release: Release, validation: Sequence[HairPicture]) -> float:
    """Where the domain ends, by the exported files."""
    network = open_network(release)
    distances = [float(network.infer(_input_of(picture))[1].reshape(-1)[0]) for picture in validation]
    return round(DISTANCE_MARGIN * float(np.quantile(distances, 1 - REFUSED_SHARE)), 4)


def measure(release: Release, data: Path) -> dict[str, Any]:
    """Figures of the exported release on people that training did not see, and what it refuses."""
    network = open_network(release)
    return {
        "release": release.id,
        "split": "people held out (vision.training.split, by patient)",
        "tasks": {
            "trichoscopy": {
                **evaluate(data, network, release, split="test"),
                "command": "python -m vision evaluate trichoscopy --data ../shared/data/trichoscopy --split test",
            }
        },
        "domain": evaluate_domain(data, network, release),
    }
