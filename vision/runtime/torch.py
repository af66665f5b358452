"""PyTorch: the backend for comparing with what is served, and for CUDA. Needs the training set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from vision.release import Release, ReleaseError
from vision.runtime.unet import UNET_MOBILENET_V2, build_unet, fold_batch_norms


class TorchNetwork:
    """A release's architecture with ``weights.safetensors``, in float32."""

    def __init__(self, release: Release, device: str | None = None) -> None:
        if release.architecture != UNET_MOBILENET_V2:
            raise ReleaseError(f"{release.id}: the torch backend does not build {release.architecture!r}")
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        module = fold_batch_norms(build_unet(release.options, len(release.classes)))
        weights = load_file(release.path("weights.safetensors"))
        module.load_state_dict(
            {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
        )
        self._module = module.eval().to(self._device)

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """See :class:`vision.runtime.Network`."""
        with torch.inference_mode():
            output = self._module(torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32)).to(self._device))
        return (output.float().cpu().numpy(),)


def open_release(release: Release, cache_dir: Path | None) -> TorchNetwork:
    """The release's ``weights.safetensors``; there is nothing to cache."""
    return TorchNetwork(release)
