"""All photos of a session in one call of each network: fewer calls, the same answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.vision.conftest import drawn
from vision.batching import RememberingNetwork, together
from vision.pipeline import LoadedNetwork, Networks, analyse_photo, load_networks
from vision.runtime import Network
from vision.types import Measured, Metric, PhotoContext, View

VIEWS = (View.CROWN, View.OCCIPUT, View.HAIRLINE)


class CountingNetwork:
    """Passes on, and counts the calls and the pictures in them."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.sizes: list[int] = []

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self.sizes.append(len(batch))
        return self.network.infer(batch)


def _counted(networks: Networks) -> tuple[Networks, dict[str, CountingNetwork]]:
    counting: dict[str, CountingNetwork] = {}
    changed: dict[str, LoadedNetwork] = {}
    for name in ("segmenter", "detector", "condition"):
        loaded = getattr(networks, name)
        counting[name] = CountingNetwork(loaded.network)
        changed[name] = replace(loaded, network=counting[name])
    return replace(networks, **changed), counting


def test_a_session_takes_one_call_per_network_and_gives_the_same_answers():
    networks = load_networks()
    images = [drawn(view).image for view in VIEWS]
    alone = [analyse_photo(image, PhotoContext(view), networks) for image, view in zip(images, VIEWS, strict=True)]
    counted, calls = _counted(networks)
    looked = together(images, VIEWS, counted)
    batched = [analyse_photo(image, PhotoContext(view), looked) for image, view in zip(images, VIEWS, strict=True)]
    assert {name: len(one.sizes) for name, one in calls.items()} == {"segmenter": 1, "detector": 1, "condition": 1}
    for one, other in zip(alone, batched, strict=True):
        assert one.releases == other.releases
        for metric in Metric:
            here, there = one.measures.get(metric), other.measures.get(metric)
            if isinstance(here, Measured):
                assert isinstance(there, Measured)
                assert there.value == pytest.approx(here.value, abs=0.05)
            else:
                assert there == here
        assert [(region.kind, region.polygon) for region in one.regions] == [
            (region.kind, region.polygon) for region in other.regions
        ]
        assert one.condition.shown == other.condition.shown  # type: ignore[union-attr]


def test_what_was_not_run_together_is_run_when_asked_for():
    class Doubling:
        def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
            return (batch * 2,)

    network = RememberingNetwork(Doubling())
    inputs = [np.full((rows, 3, 2, 2), rows, np.float32) for rows in (1, 2, 1)]
    network.run(inputs[:2])
    for one in inputs:
        np.testing.assert_array_equal(network.infer(one)[0], one * 2)


def test_a_session_of_trichoscopy_is_left_as_it_is():
    networks = Networks()
    image = np.zeros((64, 64, 3), np.uint8)
    assert together([image, image], [View.TRICHOSCOPY, View.TRICHOSCOPY], networks) is networks
