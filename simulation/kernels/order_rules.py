"""Order rules: what each policy orders at one decision epoch, on all paths at once.

A rule is a number, so that the simulation is compiled once for all policies; the branch on it is taken once per epoch,
not per path. A rule says what it would like; `round_to_order` then makes it an order the supplier accepts.
"""

import math

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ORDER_NOTHING, EXTENDED_POSITION, EXTENDED_ON_HAND, BASE_STOCK = 0, 1, 2, 3
"""Rules and their parameters [θ]: nothing () · extended (t₀, Q₀, s, Q, t_limit), two triggers · base-stock (S,)."""


def round_to_order(quantity_units: float, minimum_order_quantity_units: float, pack_size_units: float) -> float:
    """Whole packs, at least the minimum order; nothing stays nothing."""
    if quantity_units > 0.0:
        return float(math.ceil(max(quantity_units, minimum_order_quantity_units) / pack_size_units) * pack_size_units)
    return 0.0


_round_to_order = kernel(round_to_order)


@kernel
def decide(rule: int, theta: IntArray, epoch: int, is_review: bool, on_hand: FloatArray, on_order: FloatArray, quantity: FloatArray) -> bool:
    """Write what the rule orders before week `epoch` into `quantity`; False = no path orders, nothing is written.

    Args:
        rule: One of the rules of this module.
        theta: Its parameters.
        epoch: Decision epoch j; 0 = now.
        is_review: Whether the epoch is one of 0, R, 2R, …
        on_hand: `(n_paths,)` stock left by the week before, units.
        on_order: `(n_paths,)` units ordered and not yet arrived, also those that arrive beyond the horizon.
        quantity: `(n_paths,)` units, written.
    """
    if rule in (EXTENDED_POSITION, EXTENDED_ON_HAND):
        return _extended(rule, theta, epoch, is_review, on_hand, on_order, quantity)
    if rule == BASE_STOCK and is_review:
        level = float(theta[0])
        for path in range(quantity.shape[0]):
            quantity[path] = max(level - (on_hand[path] + on_order[path]), 0.0)
        return True
    return False


@kernel
def _extended(rule: int, theta: IntArray, epoch: int, is_review: bool, on_hand: FloatArray, on_order: FloatArray, quantity: FloatArray) -> bool:
    """(R, s, Q) with a kick-start: Q₀ at t₀; Q when the trigger is breached at reviews after t₀ up to t_limit (method §4)."""
    kick_start_epoch, kick_start_units, last_epoch = theta[0], float(theta[1]), theta[4]
    reorder_point, order_units = float(theta[2]), float(theta[3])
    if epoch == kick_start_epoch:
        for path in range(quantity.shape[0]):
            quantity[path] = kick_start_units
        return kick_start_units > 0.0
    if epoch < kick_start_epoch or epoch > last_epoch or not is_review or order_units <= 0.0:
        return False
    if rule == EXTENDED_POSITION:
        for path in range(quantity.shape[0]):
            quantity[path] = order_units if on_hand[path] + on_order[path] <= reorder_point else 0.0
    else:
        for path in range(quantity.shape[0]):
            quantity[path] = order_units if on_hand[path] <= reorder_point and on_order[path] == 0.0 else 0.0
    return True


@kernel
def accept_orders(quantity: FloatArray, minimum_order_quantity_units: float, pack_size_units: float) -> None:
    """Replace each wished quantity by the order the supplier accepts."""
    if max(minimum_order_quantity_units, pack_size_units) <= 1.0:
        return  # any whole quantity is accepted
    for path in range(quantity.shape[0]):
        quantity[path] = _round_to_order(quantity[path], minimum_order_quantity_units, pack_size_units)
