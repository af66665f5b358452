"""The protocol that every backend fulfils, and the door that opens one."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vision.linear_algebra import on_one_thread
from vision.release import Release

Backend = Literal["openvino", "torch"]


class Network(Protocol):
    """A loaded network."""

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Outputs, in the network's order, for a batch N x C x H x W that was preprocessed by the release's rule."""
        ...


def best_backend() -> Backend:
    """``torch`` where an NVIDIA card can be used, else ``openvino``; torch is imported only beside a card's driver."""
    if not Path("/dev/nvidiactl").exists() or importlib.util.find_spec("torch") is None:
        return "openvino"
    return "torch" if importlib.import_module("torch").cuda.is_available() else "openvino"


def open_network(release: Release, backend: Backend | None = "openvino", cache_dir: Path | None = None) -> Network:
    """Load a release's network. Check its files first (``load_release`` does).

    ``openvino`` runs ``model.xml`` on CPU and needs no torch; ``cache_dir`` keeps compiled models between starts.
    ``torch`` rebuilds the architecture and reads ``weights.safetensors``; it uses CUDA where there is one. None takes
    :func:`best_backend`.
    """
    on_one_thread()
    opener = importlib.import_module(f"vision.runtime.{backend or best_backend()}").open_release
    network: Network = opener(release, cache_dir)
    return network
