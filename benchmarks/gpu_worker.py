"""What a gpu worker costs: loading the networks, a photo, a session of six, and its memory.

The ratio says what it is worth that a worker process loads its networks once and not for every session.
"""

from __future__ import annotations

import resource
import sys
import time

from vision.pipeline import analyse_photo, load_networks, newest_releases, summarise_session
from vision.render import draw_head, jpeg_with_exif
from vision.types import PhotoContext, View

OVERVIEWS = tuple(view for view in View if view.is_global)
ROUNDS = 3
SIZE_PX = (1440, 1080)


def peak_mb() -> float:
    """The most memory this process has held, in MB of 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    """Measure on drawn photographs and print the table."""
    photos = {
        view: jpeg_with_exif(draw_head(view, seed=34, thinning=0.3, bald=0.3, size=SIZE_PX).image) for view in OVERVIEWS
    }
    before = peak_mb()
    began = time.perf_counter()
    networks = load_networks()
    loading = time.perf_counter() - began
    loaded = peak_mb()

    sessions = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        summarise_session([analyse_photo(data, PhotoContext(view), networks) for view, data in photos.items()])
        sessions.append(time.perf_counter() - began)
    typical = sorted(sessions)[ROUNDS // 2]

    rows = [
        ("networks", ", ".join(sorted(newest_releases().values()))),
        ("loading them", f"{loading:.2f} s"),
        (f"a photo of {SIZE_PX[0]} x {SIZE_PX[1]} px", f"{typical / len(photos):.2f} s"),
        (f"a session of {len(photos)} photos (median of {ROUNDS})", f"{typical:.2f} s"),
        ("memory with libraries, before loading", f"{before:.0f} MB"),
        ("memory, networks loaded", f"{loaded:.0f} MB"),
        ("memory at most, while measuring", f"{peak_mb():.0f} MB"),
    ]
    sys.stdout.writelines(f"{name:<46}{value}\n" for name, value in rows)
    sys.stdout.write(f"ratio, loading for every session / loading once: {(loading + typical) / typical:.2f}\n")


if __name__ == "__main__":
    main()
