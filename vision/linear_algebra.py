"""Products of matrices on one thread.

OpenBLAS, under NumPy, spreads a product over all cores, and its threads go on spinning for a while when it is done:
what comes next shares the processor with them. One small product, which tells the condition network's domain,
slowed the network that came after it. The products here are small: one thread does them as fast.
"""

from __future__ import annotations

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def on_one_thread() -> None:
    """Once per process, before the first photo; what is loaded already is held to one thread."""
    threadpool_limits(limits=1, user_api="blas")
