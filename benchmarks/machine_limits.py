"""How fast this processor can go at best: vector operations and loads from the first cache, measured on one core.

The kernel's limit per path-week follows from what its loop must do at least: `OPERATIONS` arithmetic operations on
`LOADS` values read from and `STORES` written to the first cache.
"""

import time
from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import BLOCK_PATHS, Floats

OPERATIONS, LOADS, STORES = 56, 21, 7
"""Per path and week with four return lags and near lead times, counted in `weekly_simulation._week`, `_add_far_arrivals` and `order_plans.decide`:
arrivals 14 tests and additions, returns 11, stock 9, position 3, cost 15, order and trigger 4."""

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
    operations = 2 * 32 * BLOCK_PATHS * _REPEATS / _best_seconds(_multiply_and_add, values)
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
    """32 multiplications and 32 additions per value read."""
    row = values[0]
    for _ in range(n_repeats):
        for path in range(BLOCK_PATHS):
            x = row[path]
            for _ in range(32):
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
