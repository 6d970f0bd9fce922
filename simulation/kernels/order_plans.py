"""Order plans: what is ordered at each decision epoch, as three numbers per epoch, whatever the policy.

A policy is a `PolicyForm`: it says which of its parameters [θ] is the kick-start quantity, the reorder point, and so
on. `plan_orders` turns form and θ into a plan, once per candidate; `decide` then writes one epoch's orders of a block
of paths. The branch on the kind of order is taken once per epoch, not per path.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel, loop

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

BLOCK_PATHS = 128
"""Paths simulated at a time."""

ABSENT = -1
"""A form's index of a parameter that the policy does not have."""

NOTHING, AT_ONCE, BELOW_POSITION, BELOW_ON_HAND, UP_TO_LEVEL = 0, 1, 2, 3, 4
"""Kinds of order: none · the quantity on every path · the quantity where the trigger is breached, position or on-hand · what is missing to a level."""


class PolicyForm(NamedTuple):
    """How a policy's parameters become orders. An index says which parameter [θ] it is, `ABSENT` = the constant holds."""

    kick_start_epoch: int
    """Index of t₀, the epoch of the first order; absent: epoch 0 where there is a kick-start quantity, else none."""
    kick_start_units: int
    """Index of Q₀; absent: reviews begin at epoch 0."""
    last_epoch: int
    """Index of t_limit; absent: the last epoch."""
    reorder_point: int
    """Index of s; absent: every review orders."""
    order_quantity: int
    """Index of Q; absent: `quantity_units`."""
    order_up_to: int
    """Index of S; absent: `level_units`."""
    level_row: int
    """Index of the row of `level_units` that holds; absent: the first."""
    uses_on_hand_trigger: bool
    """Compare s with stock on hand, and order only with nothing in transit (else: with the inventory position)."""
    quantity_units: Floats
    """`(n_weeks,)` quantity ordered at each review [Q]; negative = the order is up to a level."""
    level_units: Floats
    """`(n_rows, n_weeks)` level ordered up to at each review [S]."""


class OrderTerms(NamedTuple):
    """What the supplier and the warehouse accept, in units."""

    minimum_units: np.float32
    pack_units: np.float32
    maximum_units: np.float32
    """Largest order; infinity = no limit."""
    storage_units: np.float32
    """Most the inventory position may be after an order; infinity = no limit."""
    review_period_weeks: int
    first_decision_epoch: int
    """Nothing is ordered before this epoch: 1 = today's order was refused."""


class OrderPlan(NamedTuple):
    """Orders by epoch, `(n_weeks,)` each."""

    kind: IntArray
    trigger_units: Floats
    amount_units: Floats
    """Quantity, or the level of `UP_TO_LEVEL`."""


@kernel
def new_plan(n_weeks: int) -> OrderPlan:
    """Room for a plan."""
    return OrderPlan(np.empty(n_weeks, np.int64), np.empty(n_weeks, np.float32), np.empty(n_weeks, np.float32))


@loop
def accepted_units(quantity_units: np.float32, terms: OrderTerms) -> np.float32:
    """The order that comes of a wished quantity: whole packs, at least the minimum, at most the maximum; nothing stays nothing."""
    if not quantity_units > np.float32(0):
        return np.float32(0)
    packs = np.ceil(max(quantity_units, terms.minimum_units) / terms.pack_units)
    return np.float32(min(packs, np.floor(terms.maximum_units / terms.pack_units)) * terms.pack_units)


@loop
def in_whole_packs(terms: OrderTerms) -> bool:
    """Whether a wished quantity may have to be changed before the supplier accepts it."""
    return bool(max(terms.minimum_units, terms.pack_units) > np.float32(1) or terms.maximum_units < np.inf)


@loop
def plan_orders(form: PolicyForm, theta: IntArray, terms: OrderTerms, plan: OrderPlan) -> None:
    """Write the orders of a policy with parameters θ into `plan`."""
    kind, trigger, amount, levels, quantities = plan.kind, plan.trigger_units, plan.amount_units, form.level_units, form.quantity_units
    n_weeks, kick_start = kind.shape[0], -1
    if form.kick_start_units != ABSENT:
        kick_start = 0 if form.kick_start_epoch == ABSENT else theta[form.kick_start_epoch]
    last = n_weeks - 1 if form.last_epoch == ABSENT else theta[form.last_epoch]
    point = np.float32(np.inf) if form.reorder_point == ABSENT else np.float32(theta[form.reorder_point])
    when_breached = AT_ONCE if form.reorder_point == ABSENT else (BELOW_ON_HAND if form.uses_on_hand_trigger else BELOW_POSITION)
    row = 0 if form.level_row == ABSENT else theta[form.level_row]
    for week in range(n_weeks):
        kind[week], trigger[week], amount[week] = NOTHING, point, np.float32(0)
        if week < terms.first_decision_epoch:
            continue
        if week == kick_start:
            kind[week] = AT_ONCE
            amount[week] = accepted_units(np.float32(theta[form.kick_start_units]), terms)
        elif kick_start < week <= last and week % terms.review_period_weeks == 0:
            quantity = quantities[week] if form.order_quantity == ABSENT else np.float32(theta[form.order_quantity])
            if form.order_up_to != ABSENT or quantity < np.float32(0):
                kind[week] = UP_TO_LEVEL
                amount[week] = levels[row, week] if form.order_up_to == ABSENT else np.float32(theta[form.order_up_to])
            else:
                amount[week] = accepted_units(quantity, terms)
                kind[week] = when_breached if amount[week] > np.float32(0) else NOTHING


@loop
def decide(kind: int, trigger: np.float32, amount: np.float32, terms: OrderTerms, on_hand: Floats, position: Floats, ordered: Floats) -> None:
    """Write what is ordered at one epoch into `ordered`, path by path; position = on hand + on order, also what arrives beyond the horizon."""
    nothing = np.float32(0)
    if kind == BELOW_POSITION:
        for path in range(BLOCK_PATHS):
            ordered[path] = amount if position[path] <= trigger else nothing
    elif kind == BELOW_ON_HAND:
        for path in range(BLOCK_PATHS):
            ordered[path] = amount if (on_hand[path] <= trigger) & (position[path] == on_hand[path]) else nothing
    elif kind == UP_TO_LEVEL:
        for path in range(BLOCK_PATHS):
            ordered[path] = max(amount - position[path], nothing) if position[path] <= trigger else nothing
    else:  # at once; nothing orders an amount of 0
        for path in range(BLOCK_PATHS):
            ordered[path] = amount
    if (kind == UP_TO_LEVEL and in_whole_packs(terms)) or (kind != NOTHING and terms.storage_units < np.inf):
        accept_orders(terms, position, ordered)


@loop
def accept_orders(terms: OrderTerms, position: Floats, ordered: Floats) -> None:
    """Replace each wished quantity by the order that is placed.

    It fits the supplier (`accepted_units`) and the warehouse: cut to whole packs that raise the position to at most its
    capacity, and not placed where the minimum no longer fits.
    """
    pack, nothing = terms.pack_units, np.float32(0)
    most = np.floor(terms.maximum_units / pack) * pack
    for path in range(BLOCK_PATHS):
        whole = np.ceil(max(ordered[path], terms.minimum_units) / pack) * pack
        room = np.floor(max(terms.storage_units - position[path], nothing) / pack) * pack
        placed = min(whole, most, room)
        ordered[path] = placed if ordered[path] > nothing and placed >= terms.minimum_units else nothing
