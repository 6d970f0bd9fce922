"""Quantiles of demand added up over weeks, on the paths: what policies start their search from."""

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import BLOCK_PATHS, Floats, IntArray
from simulation.kernels.weekly_simulation import Doubles, PathBlocks


@kernel
def total_quantiles(paths: PathBlocks, first_week: IntArray, n_weeks: int, levels: Doubles) -> IntArray:
    """Quantiles over paths of the total demand of windows of weeks, whole units `(n_levels, n_windows)`.

    A quantile is the smallest total that more than a share `level` of the paths keep to; the largest total at level 1.

    Args:
        paths: The futures.
        first_week: `(n_windows,)`
        n_weeks: Length of the windows; weeks beyond the horizon are left out.
        levels: `(n_levels,)` in [0, 1].
    """
    found, total = np.empty((levels.shape[0], first_week.shape[0]), np.int64), np.empty((paths.demand_units.shape[0], BLOCK_PATHS), np.float32)
    for window in range(first_week.shape[0]):
        last = min(first_week[window] + n_weeks, paths.demand_units.shape[1])
        for block in range(total.shape[0]):
            _add_up(paths.demand_units[block], first_week[window], last, total[block])
        flat = total.reshape(-1)[: paths.n_paths]
        largest = _largest(flat)
        for k in range(levels.shape[0]):
            smallest = found[k - 1, window] if k > 0 and levels[k] >= levels[k - 1] else 0
            likely = found[k, window - 1] if window > 0 else (smallest + largest) // 2
            rank = min(int(levels[k] * paths.n_paths), paths.n_paths - 1)
            found[k, window] = _quantile(flat, rank, smallest, largest, likely) if rank < paths.n_paths - 1 else largest
    return found


@kernel
def total_demand(paths: PathBlocks) -> float:
    """Units demanded on all paths in all weeks together."""
    total = 0.0
    for block in range(paths.demand_units.shape[0]):
        n_here = min(BLOCK_PATHS, paths.n_paths - block * BLOCK_PATHS)
        for week in range(paths.demand_units.shape[1]):
            here = np.int64(0)
            for path in range(n_here):
                here += np.int64(paths.demand_units[block, week, path])
            total += here
    return total


@kernel
def weekly_demand(paths: PathBlocks) -> Doubles:
    """Mean demand by week `(n_weeks,)`, units."""
    n_weeks = paths.demand_units.shape[1]
    mean = np.zeros(n_weeks)
    for block in range(paths.demand_units.shape[0]):
        n_here = min(BLOCK_PATHS, paths.n_paths - block * BLOCK_PATHS)
        for week in range(n_weeks):
            here = np.int64(0)
            for path in range(n_here):
                here += np.int64(paths.demand_units[block, week, path])
            mean[week] += here
    return mean / paths.n_paths


@loop
def _add_up(demand: Floats, first: int, last: int, total: Floats) -> None:
    for path in range(BLOCK_PATHS):
        total[path] = np.float32(0)
    for week in range(first, last):
        for path in range(BLOCK_PATHS):
            total[path] += demand[week, path]


@loop
def _largest(values: Floats) -> int:
    """Of non-negative numbers, by their bits: so it becomes SIMD."""
    bits, largest = values.view(np.int32), np.int32(0)
    for path in range(bits.shape[0]):
        largest = max(largest, bits[path])
    return int(np.int32(largest).view(np.float32))


@loop
def _quantile(values: Floats, rank: int, smallest: int, largest: int, likely: int) -> int:
    """The value of the given rank among whole numbers between two bounds, by counting: from the likely value in doubling steps until it is passed, then halving."""
    low, high, probe, step, is_above, is_below = smallest, largest, likely, max(likely // 32, 1), False, False
    while low < high:
        probe, n_upto = min(max(probe, low), high - 1), np.int32(0)
        for path in range(values.shape[0]):
            n_upto = np.int32(n_upto + (1 if values[path] <= np.float32(probe) else 0))
        if n_upto > rank:
            high, is_above = probe, True
        else:
            low, is_below = probe + 1, True
        if is_above and is_below:
            probe = (low + high) // 2
        else:
            probe += -step if is_above else step
            step *= 2
    return low
