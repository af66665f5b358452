"""Products of matrices leave the processor to the networks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

TOLD = """
import json
import numpy as np
import threadpoolctl
from vision.quality import check_quality
from vision.types import View

def threads():
    return [one["num_threads"] for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"]

threadpoolctl.threadpool_limits(limits=2, user_api="blas")
before = threads()
check_quality(np.full((700, 700, 3), 120, np.uint8), View.CROWN)
print(json.dumps([before, threads()]))
"""


def test_the_gate_holds_products_of_matrices_to_one_thread() -> None:
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    told = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True, env=free)
    before, after = json.loads(told.stdout)
    assert before
    assert max(before) > 1
    assert set(after) == {1}
