"""Products of matrices on one thread.

OpenBLAS, under NumPy, spreads a product over all cores, and its threads go on spinning for tens of milliseconds when it
is done, so that whatever comes next has half of the processor: after the condition network's domain was told by one
small product, the next network took half as long again. The products here are small; one thread does them as fast.
"""

from __future__ import annotations

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def on_one_thread() -> None:
    """Once per process, before the first photo; what is loaded already is held to one thread."""
    threadpool_limits(limits=1, user_api="blas")
