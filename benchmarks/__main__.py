"""Run the named comparisons, or all of them, each in a process of its own so that its memory is its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(wanted: list[str]) -> int:
    """Exit status 1 when one of them fails."""
    found = sorted(path.stem for path in HERE.glob("[!_]*.py"))
    failed = 0
    for name in wanted or found:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode  # noqa: S603
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
