"""Running networks: one protocol, OpenVINO for serving, PyTorch for parity and CUDA. Only workers import this room."""

from vision.runtime.network import Backend, Network, open_network

__all__ = ["Backend", "Network", "open_network"]
