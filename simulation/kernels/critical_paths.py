"""The paths that decide, first: a percentile's challenger hardly ever differs from the incumbent but on paths whose cost lies near the percentile.

With those in the first block, a candidate that cannot win is known by then, three blocks earlier. The score does not
change: a percentile is the same in any order of the paths.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.objectives import select
from simulation.kernels.order_plans import BLOCK_PATHS, Floats, IntArray
from simulation.kernels.weekly_simulation import PathBlocks, aligned_rows


class OrderedPaths(NamedTuple):
    """A copy of a SKU's paths in an order of its own."""

    paths: PathBlocks
    order: IntArray
    """`(n_paths,)` where each of them stands in the original."""


@kernel
def in_original_order(paths: PathBlocks) -> OrderedPaths:
    """A copy as it is."""
    shape = paths.demand_units.shape
    n_rows = shape[0] * shape[1]
    demand, inbound, offset = aligned_rows(n_rows).reshape(shape), aligned_rows(n_rows).reshape(shape), aligned_rows(shape[0]).reshape(shape[0], shape[2])
    arrivals = aligned_rows(n_rows).view(np.int32).reshape(shape)
    demand[:], arrivals[:], inbound[:], offset[:] = paths.demand_units, paths.arrivals, paths.inbound_units, paths.return_offset
    return OrderedPaths(PathBlocks(demand, arrivals, inbound, offset, paths.longest_lead_weeks, paths.n_paths), np.arange(paths.n_paths))


@kernel
def put_critical_first(original: PathBlocks, ordered: OrderedPaths, cost: Floats, score: float) -> None:
    """Reorder the paths, and the incumbent's cost with them, by whether the cost is among the 128 nearest the score.

    Args:
        original: The SKU's paths.
        ordered: Overwritten.
        cost: `(n_blocks, BLOCK_PATHS)` the incumbent's; overwritten.
        score: The incumbent's percentile.
    """
    n_paths = original.n_paths
    flat = cost.reshape(-1)
    distance, before, costs_before = np.full(flat.shape[0], np.float32(np.inf)), ordered.order.copy(), flat.copy()
    for path in range(n_paths):
        distance[path] = abs(flat[path] - np.float32(score))
    farthest = select(distance.view(np.int32), min(BLOCK_PATHS, n_paths) - 1)
    near, far, n_near = 0, 0, 0
    for path in range(n_paths):
        n_near += 1 if distance[path] <= farthest else 0
    for path in range(n_paths):
        if distance[path] <= farthest:
            place = near
            near += 1
        else:
            place = n_near + far
            far += 1
        ordered.order[place] = before[path]
        flat[place] = costs_before[path]
    _gather(original, ordered.order, ordered.paths)


@kernel
def _gather(original: PathBlocks, order: IntArray, ordered: PathBlocks) -> None:
    n_weeks = original.demand_units.shape[1]
    for place in range(order.shape[0]):
        block, lane, from_block, from_lane = place // BLOCK_PATHS, place % BLOCK_PATHS, order[place] // BLOCK_PATHS, order[place] % BLOCK_PATHS
        ordered.return_offset[block, lane] = original.return_offset[from_block, from_lane]
        for week in range(n_weeks):
            ordered.demand_units[block, week, lane] = original.demand_units[from_block, week, from_lane]
            ordered.arrivals[block, week, lane] = original.arrivals[from_block, week, from_lane]
            ordered.inbound_units[block, week, lane] = original.inbound_units[from_block, week, from_lane]
