"""One call of each network for all photos of a session, with the same answers as one call per photo.

:func:`together` runs every network once over the photos that it will be asked about and returns networks that remember
what came out. The pipeline then works photo by photo as ever: whoever asks for an input that was already run gets the
remembered output, byte for byte the same input, and anything else is run when it is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vision.pipeline import LoadedNetwork, Networks
from vision.preprocess import Placement, preprocess
from vision.release import Release
from vision.runtime import Network
from vision.segment import network_input
from vision.types import RgbImage, View

Outputs = tuple[NDArray[np.float32], ...]

LARGEST_BATCH = 8
"""Photos per call: beyond it a CPU gains nothing, and memory grows."""


class RememberingNetwork:
    """A network that gives back what it has already computed for an input, once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._known: dict[bytes, Outputs] = {}

    def run(self, inputs: Sequence[NDArray[np.float32]]) -> None:
        """Compute the outputs of inputs n x C x H x W, in calls of :data:`LARGEST_BATCH` inputs, and keep them."""
        for first in range(0, len(inputs), LARGEST_BATCH):
            part = inputs[first : first + LARGEST_BATCH]
            outputs = self._network.infer(np.concatenate(part))
            ends = np.cumsum([len(one) for one in part])
            for one, end in zip(part, ends, strict=True):
                self._known[_key(one)] = tuple(output[end - len(one) : end] for output in outputs)

    def infer(self, batch: NDArray[np.float32]) -> Outputs:
        """See :class:`vision.runtime.Network`."""
        known = self._known.pop(_key(batch), None)
        return self._network.infer(batch) if known is None else known


def together(images: Sequence[RgbImage], views: Sequence[View], networks: Networks) -> Networks:
    """Networks that have already looked at the overview photos among ``images``, each in one batch."""
    overviews = [image for image, view in zip(images, views, strict=True) if view.is_global]
    if len(overviews) < 2:
        return networks
    return replace(
        networks,
        segmenter=_looked(networks.segmenter, overviews, network_input),
        detector=_looked(networks.detector, overviews, _plain_input),
        condition=_looked(networks.condition, overviews, _plain_input),
    )


def _plain_input(image: RgbImage, release: Release) -> tuple[NDArray[np.float32], Placement]:
    return preprocess(image, release.input)


def _looked(
    loaded: LoadedNetwork | None,
    images: Sequence[RgbImage],
    input_of: Callable[[RgbImage, Release], tuple[NDArray[np.float32], Placement]],
) -> LoadedNetwork | None:
    if loaded is None:
        return None
    network = RememberingNetwork(loaded.network)
    network.run([input_of(image, loaded.release)[0] for image in images])
    return replace(loaded, network=network)


def _key(batch: NDArray[np.float32]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(batch).tobytes(), digest_size=16).digest()
