"""The camera's hints say what the quality gate will say: the same light and sharpness, computed in the browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.quality import check_quality
from vision.render import draw_head
from vision.types import QualityCheck, RgbImage, View

ROOT = Path(__file__).resolve().parents[2]
NODE: str | None = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")

SCRIPT = """
import {{ greyOf, lightOf, sharpnessOf, tiltFrom }} from {module};
import {{ readFileSync }} from "node:fs";
const [width, height, file] = [Number(process.argv[1]), Number(process.argv[2]), process.argv[3]];
const grey = greyOf(readFileSync(file), width, height);
const poses = {poses}.map(([beta, gamma, pose]) => tiltFrom(beta, gamma, pose));
console.log(JSON.stringify({{ ...lightOf(grey), sharp: sharpnessOf(grey), poses }}));
"""


def in_the_browser(image: RgbImage, folder: Path, poses: list[list[object]] | None = None) -> dict[str, object]:
    """What the script of the camera computes for this frame."""
    height, width = image.shape[:2]
    frame = folder / "frame.rgba"
    frame.write_bytes(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA).tobytes())
    module = json.dumps((ROOT / "static" / "js" / "frame_checks.js").as_uri())
    script = SCRIPT.format(module=module, poses=json.dumps(poses or []))
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script, str(width), str(height), str(frame)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def head() -> RgbImage:
    drawn = draw_head(View.CROWN, seed=3, thinning=0.3, size=(640, 480)).image
    return np.asarray(cv2.resize(drawn, (320, 240), interpolation=cv2.INTER_AREA), dtype=np.uint8)


@pytest.mark.parametrize("change", ["as it is", "blurred", "dark", "bright"])
def test_a_frame_is_judged_as_the_gate_would(head: RgbImage, change: str, tmp_path: Path) -> None:
    frame = {
        "as it is": head,
        "blurred": np.asarray(cv2.GaussianBlur(head, (0, 0), 3), np.uint8),
        "dark": (head * 0.25).astype(np.uint8),
        "bright": np.clip(head.astype(np.int32) * 3, 0, 255).astype(np.uint8),
    }[change]
    found = in_the_browser(frame, tmp_path)
    gate = {check.check: check for check in check_quality(frame, View.CROWN).checks}
    assert found["bright"] == pytest.approx(gate[QualityCheck.TOO_DARK].value, abs=2)
    assert found["burntShare"] == pytest.approx(gate[QualityCheck.BURNT_OUT].value, abs=0.01)
    assert found["sharp"] == pytest.approx(gate[QualityCheck.BLUR].value, rel=0.05)


def test_the_level_knows_how_each_view_is_held(head: RgbImage, tmp_path: Path) -> None:
    held = [[0, 0, "down"], [20, 0, "down"], [90, 0, "upright"], [0, 90, "upright"], [70, 0, "upright"]]
    poses = in_the_browser(head, tmp_path, held)["poses"]
    assert poses == pytest.approx([0, 20, 0, 0, 20], abs=0.5)
