"""Which plans a search has looked at: half of the candidates of a long search are plans it has seen, as other parameters or the same (measured)."""

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import AT_ONCE, NOTHING, IntArray, OrderPlan

_BITS = (1 << 62) - 1
_FACTOR, _OTHER_FACTOR = 0x1D8E4E27C47D124F, 0x27D4EB2F165667C5


@kernel
def no_plans(most: int) -> IntArray:
    """Room for that many."""
    size = 16
    while size < 2 * most:
        size *= 2
    return np.zeros(size, np.int64)


@loop
def is_new(plan: OrderPlan, seen: IntArray) -> bool:
    """Note a plan; False = it was there already. 62 bits stand for it: another plan of the same bits is never met in practice, and would only be skipped."""
    key, last = _bits(plan), seen.shape[0] - 1
    place = (((key ^ (key >> 31)) * _OTHER_FACTOR) & _BITS) >> 32 & last
    while seen[place] != 0 and seen[place] != key:
        place = (place + 1) & last
    was_there = seen[place] == key
    seen[place] = key
    return not was_there


@loop
def _bits(plan: OrderPlan) -> int:
    """A polynomial of all that matters in the plan, modulo 2⁶²; never 0."""
    kinds, triggers, amounts, bits = plan.kind, plan.trigger_units.view(np.int32), plan.amount_units.view(np.int32), 1
    for week in range(kinds.shape[0]):
        kind = int(kinds[week])
        if kind != NOTHING:
            trigger = int(triggers[week]) if kind > AT_ONCE else 0
            bits = ((bits * _FACTOR + int(amounts[week])) & _BITS) * _FACTOR + trigger & _BITS
        bits = bits * _FACTOR + kind + 1 & _BITS
    return bits | 1 << 61
