"""How fast this processor can go at best: vector operations and loads from the first cache, measured on one core.

The kernel's limit per path-week follows from what its loop must do at least: `OPERATIONS` arithmetic operations on
`LOADS` values read from and `STORES` written to the first cache.
"""

import time
from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import BLOCK_PATHS, Floats

OPERATIONS, LOADS, STORES = 55, 20, 6
"""Per path and week with near lead times and up to four return lags, counted in `weekly_simulation._week` and `order_plans.decide`:
arrivals 16, returns 11, stock 9, position 3, cost 14, decision 2; a masked load does its selection for nothing."""

_REPEATS = 20_000


class MachineLimits(NamedTuple):
    """Of one core."""

    operations_per_second: float
    loads_per_second: float

    def path_weeks_per_second(self) -> float:
        """The nearer limit: arithmetic, or loads."""
        return min(self.operations_per_second / OPERATIONS, self.loads_per_second / LOADS)


def measure() -> MachineLimits:
    """Best of ten rounds, in processor seconds."""
    values = np.ones((16, BLOCK_PATHS), np.float32)
    operations = 2 * 8 * BLOCK_PATHS * _REPEATS / _best_seconds(_multiply_and_add, values)
    loads = 16 * BLOCK_PATHS * _REPEATS / _best_seconds(_add_rows, values)
    return MachineLimits(operations, loads)


def _best_seconds(work: "object", values: Floats) -> float:
    seconds = []
    for _ in range(10):
        started = time.thread_time()
        work(values, _REPEATS)  # type: ignore[operator]
        seconds.append(time.thread_time() - started)
    return min(seconds)


@kernel
def _multiply_and_add(values: Floats, n_repeats: int) -> None:
    """Eight multiplications and eight additions per value read: long enough to hide the reading, short enough to overlap."""
    row = values[0]
    for _ in range(n_repeats):
        for path in range(BLOCK_PATHS):
            x = row[path]
            for _ in range(8):
                x = x * np.float32(0.5) + np.float32(0.5)
            row[path] = x


@kernel
def _add_rows(values: Floats, n_repeats: int) -> None:
    """Sixteen loads per value written."""
    out = np.empty(BLOCK_PATHS, np.float32)
    for _ in range(n_repeats):
        for path in range(BLOCK_PATHS):
            pairs = (values[0, path] + values[1, path]) + (values[2, path] + values[3, path])
            pairs += (values[4, path] + values[5, path]) + (values[6, path] + values[7, path])
            pairs += (values[8, path] + values[9, path]) + (values[10, path] + values[11, path])
            out[path] = pairs + (values[12, path] + values[13, path]) + (values[14, path] + values[15, path])
        values[0, 0] = out[0]
