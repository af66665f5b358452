"""Running networks: one protocol, OpenVINO for serving, PyTorch for parity and CUDA. Only workers import this room."""

from vision.runtime.network import Backend, Network, best_backend, open_network

__all__ = ["Backend", "Network", "best_backend", "open_network"]
