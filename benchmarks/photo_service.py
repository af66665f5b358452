"""A 12-megapixel photo from its sealed file to its sealed result, as a worker does it, and the same work done plainly.

Sealed JPEG in; quality, segmentation, condition, regions, measures, derived pictures; result and pictures sealed again.
HEIC is timed apart, because a decoder of its own is most of it. What the networks cost is compared with the ordinary
way to run the same networks: ultralytics' predict, segmentation_models_pytorch and timm in eager PyTorch, and
grad-cam's backward pass, from the same pixels, with the answers compared.

``python -m benchmarks photo_service`` (``make bench`` among others) writes the figures to docs/studies/benchmark.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vision.types import RgbImage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

SIZE_PX = (4032, 3024)
SMALLER_PX = ((1280, 960), (2016, 1512), (4032, 3024))
ROUNDS = 9
FOLDER = "benchmark"


def machine() -> dict[str, Any]:
    """What the figures were taken on: CPU model, cores a process may use, load when it began, and versions."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "load_1_min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).is_file() else []


def photograph(size_px: tuple[int, int], form: str = "JPEG") -> bytes:
    """A drawn head at this size with the grain of a sensor, as a file of a phone."""
    from PIL import Image

    from vision.render import draw_head
    from vision.types import View

    drawn = draw_head(View.CROWN, seed=34, thinning=0.2, bald=0.2, size=(1440, 1080)).image
    large = cv2.resize(drawn, size_px, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(1).normal(0, 4, large.shape[:2])[..., None]
    buffer = io.BytesIO()
    Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8)).save(buffer, form, quality=90)
    return buffer.getvalue()


def heic_photograph(size_px: tuple[int, int]) -> bytes:
    """The same as HEIC."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    return photograph(size_px, "HEIF")


def median_ms(work: Callable[[], Any], rounds: int = ROUNDS) -> dict[str, float]:
    """Median and quartiles of the wall clock, and the median of CPU time, in ms, after one call that warms."""
    work()
    spent, computed = [], []
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        work()
        spent.append((time.perf_counter() - began) * 1000)
        computed.append((time.process_time() - busy) * 1000)
    low, middle, high = (round(float(np.percentile(spent, part)), 1) for part in (25, 50, 75))
    return {"median": middle, "q1": low, "q3": high, "cpu": round(float(np.median(computed)), 1)}


class Vault:
    """A key and a store of sealed files in a temporary folder."""

    def __init__(self) -> None:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", database="keys", verbosity=0)
        from vault import keys

        self.key = keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=datetime.now(UTC))

    def seal(self, data: bytes) -> str:
        """Name of a new sealed file."""
        from vault.files import seal_file

        return seal_file(key_id=self.key, source=io.BytesIO(data), folder=FOLDER).name

    def open(self, name: str) -> bytes:
        """Its bytes."""
        from vault.files import read_all

        return read_all(key_id=self.key, name=name, limit=1 << 28)


def serve(vault: Vault, name: str, networks: Any) -> dict[str, float]:
    """What a worker does with one photo; milliseconds per stage, of the whole, and of processor time."""
    from vault.files import delete_file
    from vision.codec import photo_to_json
    from vision.pipeline import analyse_photo
    from vision.types import PhotoContext, View

    began, busy = time.perf_counter(), time.process_time()
    data = vault.open(name)
    opened = time.perf_counter()
    analysis = analyse_photo(data, PhotoContext(View.CROWN), networks)
    analysed = time.perf_counter()
    sealed = [vault.seal(image.data) for image in analysis.images]
    sealed.append(vault.seal(json.dumps(photo_to_json(analysis)).encode()))
    done, computed = time.perf_counter(), time.process_time() - busy
    for one in sealed:
        delete_file(one)
    stages = {"open": (opened - began) * 1000, **analysis.timings_ms, "seal": (done - analysed) * 1000}
    return {**stages, "whole": (done - began) * 1000, "processor": computed * 1000}


def stages_of(vault: Vault, data: bytes, networks: Any, rounds: int = ROUNDS) -> dict[str, float]:
    """Median milliseconds per stage and of the whole."""
    name = vault.seal(data)
    serve(vault, name, networks)
    seen = [serve(vault, name, networks) for _ in range(rounds)]
    return {stage: round(float(np.median([one[stage] for one in seen])), 1) for stage in seen[0]}


def peak_mb() -> float:
    """The most memory this process has held, in MB of 10^6 bytes."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


def work_alone(photos: int) -> None:
    """A worker process: load, warm, wait for a line, serve ``photos`` photos, print seconds and memory."""
    from vision.pipeline import load_networks

    vault = Vault()
    networks = load_networks()
    name = vault.seal(photograph(SIZE_PX))
    serve(vault, name, networks)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for _ in range(photos):
        serve(vault, name, networks)
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_mb": peak_mb()}), flush=True)


def workers(count: int, photos: int) -> dict[str, float]:
    """Photos per second of ``count`` worker processes that start together, and the memory of the largest."""
    command = [sys.executable, "-m", "benchmarks.photo_service", "--worker", str(photos)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.communicate()[0]) for process in running]
    slowest = max(one["seconds"] for one in told)
    return {
        "photos_per_second": round(count * photos / slowest, 2),
        "memory_mb": max(one["peak_mb"] for one in told),
    }


def compare(image: RgbImage, networks: Any) -> dict[str, Any]:
    """The four networks of an overview and the attention map, as they are served and the ordinary way."""
    from benchmarks._ordinary import Ordinary
    from vision.condition import read_condition
    from vision.norwood import turned_features
    from vision.regions import detections
    from vision.segment import segment

    segmenter, detector, condition = networks.segmenter, networks.detector, networks.condition
    grader = networks.norwood
    scalp = segment(image, segmenter.network, segmenter.release)

    def served() -> tuple[Any, Any, Any, Any]:
        return (
            segment(image, segmenter.network, segmenter.release),
            detections(image, detector.network, detector.release, 0.02),
            read_condition(image, condition.network, condition.release),
            turned_features(image, scalp, grader.network, grader.release.input),
        )

    ordinary = Ordinary(networks)
    agreement = ordinary.compare(served(), ordinary.run(image, scalp))
    fast, slow = median_ms(served), median_ms(lambda: ordinary.run(image, scalp))
    return {
        "served_ms": fast,
        "ordinary_ms": slow,
        "times_faster": round(slow["median"] / fast["median"], 2),
        "times_less_cpu": round(slow["cpu"] / max(fast["cpu"], 0.1), 2),
        "agreement": agreement,
    }


def measure(rounds: int) -> dict[str, Any]:
    """Every figure."""
    from vision.decode import decode_image
    from vision.pipeline import load_networks
    from vision.runtime import best_backend

    cv2.setNumThreads(2)
    vault = Vault()
    report: dict[str, Any] = {"machine": machine(), "backend": best_backend(), "photo_px": list(SIZE_PX)}
    before = peak_mb()
    networks = load_networks()
    report["releases"] = list(networks.release_ids)
    data = photograph(SIZE_PX)
    report["photo_bytes"] = len(data)
    report["stages_ms"] = stages_of(vault, data, networks, rounds)
    report["memory_mb"] = {"libraries": before, "peak": peak_mb()}
    report["heic_stages_ms"] = stages_of(vault, heic_photograph(SIZE_PX), networks, max(3, rounds // 2))
    report["by_size_ms"] = {
        f"{width}x{height}": stages_of(vault, photograph((width, height)), networks, max(3, rounds // 2))["whole"]
        for width, height in SMALLER_PX
    }
    report["workers"] = {str(count): workers(count, rounds) for count in (1, 2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report["same_networks"] = compare(decode_image(data, max_long_edge=1280), networks)
    return report


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure on a drawn photograph, print the figures and keep them."""
    parser = argparse.ArgumentParser(prog="benchmarks.photo_service", description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("docs/studies/benchmark.json"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.worker:
        work_alone(chosen.worker)
        return
    report = measure(chosen.rounds)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    whole, same = report["stages_ms"]["whole"], report["same_networks"]
    sys.stdout.write(f"whole photo, median: {whole:.0f} ms\n")
    sys.stdout.write(f"ratio, the ordinary way / as served: {same['times_faster']:.2f}\n")


if __name__ == "__main__":
    main()
