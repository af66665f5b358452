"""The condition classifier half-way between ImageNet's weights and the trained ones.

Training moves features towards what tells the sources apart. Weights on the way between both (WiSE-FT, Wortsman et al.
2022) know more of pictures from elsewhere and lose little on pictures from the same sources. Mixed weights change what
the batch normalisations see and what the linear layer is given, so that both are fitted again.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import torch
from torch import nn

from vision.evaluation.conditions import balanced_accuracy
from vision.training.condition_fit import BATCH_SEEN, SIZE_PX, as_batch, load_pictures, predict, truth_of
from vision.training.condition_network import ConditionNetwork
from vision.training.condition_pictures import CLASSES, Picture
from vision.training.imagenet import load_lite

HALF: Final = 0.5
"""Taken as it is, not searched for: the pictures that could choose it are those that the figures are told on."""

STATISTICS_OF: Final = 256
"""Training pictures from which batch statistics are taken again."""
STRENGTHS: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Of the linear layer (inverse of its regularisation); the validation pictures choose."""
NEVER: Final = -20.0
"""Logit of a class that was not there to learn from."""


def mixed(
    network: ConditionNetwork, share: float, train: Sequence[Picture], validation: Sequence[Picture]
) -> ConditionNetwork:
    """A network with its backbone ``share`` of the way from ImageNet's weights (0) to those of ``network`` (1)."""
    found = copy.deepcopy(network)
    load_lite(found.backbone, 0)
    own = network.backbone.state_dict()
    with torch.no_grad():
        for name, value in found.backbone.state_dict().items():
            if value.is_floating_point():
                value.lerp_(own[name], share)
    _take_statistics(found, train)
    _fit_layer(found, train, validation)
    return found.eval()


def _take_statistics(network: ConditionNetwork, pictures: Sequence[Picture]) -> None:
    """Mean and variance of every batch normalisation, from training pictures as they are served."""
    for norm in network.backbone.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.reset_running_stats()
            norm.momentum = None  # the mean of all batches
    chosen = np.random.default_rng(7).permutation(len(pictures))[:STATISTICS_OF]
    images = [
        np.asarray(cv2.resize(image, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA), np.uint8)
        for image in load_pictures([pictures[index] for index in chosen])
    ]
    network.train()
    with torch.no_grad():
        for start in range(0, len(images) - BATCH_SEEN + 1, BATCH_SEEN):
            network(as_batch(images[start : start + BATCH_SEEN]))
    network.eval()


def _fit_layer(network: ConditionNetwork, train: Sequence[Picture], validation: Sequence[Picture]) -> None:
    """Logistic regression on the pooled features, classes weighing alike; into the network's own linear layer."""
    from sklearn.linear_model import LogisticRegression

    features, watched = (predict(network, pictures)[1] for pictures in (train, validation))
    labels, truth = truth_of(train), truth_of(validation)
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    best = -1.0
    for strength in STRENGTHS:
        layer = LogisticRegression(C=strength, class_weight="balanced", max_iter=500, random_state=7)
        layer.fit((features - mean) / spread, labels)
        weight = np.zeros((len(CLASSES), features.shape[1]), np.float32)
        bias = np.full(len(CLASSES), NEVER, np.float32)
        weight[layer.classes_] = layer.coef_ / spread
        bias[layer.classes_] = layer.intercept_ - weight[layer.classes_] @ mean
        score = balanced_accuracy(truth, (watched @ weight.T + bias).argmax(axis=1)) or 0.0
        if score > best:
            best = score
            with torch.no_grad():
                network.head.weight.copy_(torch.from_numpy(weight))
                network.head.bias.copy_(torch.from_numpy(bias))
