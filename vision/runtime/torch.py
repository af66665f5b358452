"""PyTorch: the backend for comparing with what is served, and for CUDA. Needs the training set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vision.release import Release
from vision.runtime.architectures import load_module


class TorchNetwork:
    """A release's architecture with ``weights.safetensors``, in float32."""

    def __init__(self, release: Release, device: str | None = None) -> None:
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.backends.cudnn.allow_tf32 = False  # the same photo gives the same numbers on a card and on a processor
        self._module = load_module(release).to(self._device)

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """See :class:`vision.runtime.Network`."""
        with torch.inference_mode():
            outputs = self._module(torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32)).to(self._device))
        tensors = (outputs,) if isinstance(outputs, torch.Tensor) else tuple(outputs)
        return tuple(output.float().cpu().numpy() for output in tensors)


def open_release(release: Release, cache_dir: Path | None) -> TorchNetwork:
    """The release's ``weights.safetensors``; there is nothing to cache."""
    return TorchNetwork(release)
