"""OpenVINO on CPU: the serving backend. OpenVINO is imported when a network is opened, never before."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.release import ONNX_FILE, Release

DEFAULT_THREADS = 2


class OpenVinoNetwork:
    """A compiled model. ``infer`` may be called from several threads; calls are taken one after another."""

    def __init__(
        self, model: Path, weights: Path | None, cache_dir: Path | None = None, threads: int = DEFAULT_THREADS
    ) -> None:
        import openvino

        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # The same photo gives the same numbers on every processor: no bfloat16 where there happens to be some.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        if cache_dir is not None:
            settings["CACHE_DIR"] = str(cache_dir)
        core = openvino.Core()
        graph = core.read_model(str(model), str(weights)) if weights else core.read_model(str(model))
        self._compiled = core.compile_model(graph, "CPU", settings)
        self._request = self._compiled.create_infer_request()
        self._lock = threading.Lock()

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """See :class:`vision.runtime.Network`."""
        with self._lock:
            self._request.infer([np.ascontiguousarray(batch, dtype=np.float32)])
            outputs = range(len(self._compiled.outputs))
            return tuple(np.array(self._request.get_output_tensor(index).data, np.float32) for index in outputs)


def open_release(release: Release, cache_dir: Path | None) -> OpenVinoNetwork:
    """The release's network, compiled and warmed.

    ``model.onnx`` holds everything; the constants of ``model.xml`` lie in ``weights.safetensors``.

    The first inference of a process prepares the binding itself, and two threads that do so at once have been seen to
    wait for each other for ever: it is made here, by whoever loads the network.
    """
    if ONNX_FILE in release.files:
        network = OpenVinoNetwork(release.path(ONNX_FILE), None, cache_dir)
    else:
        network = OpenVinoNetwork(release.path("model.xml"), release.path("weights.safetensors"), cache_dir)
    network.infer(np.zeros((1, 3, release.input.height, release.input.width), np.float32))
    return network
