"""Quasi-random points to futures: normals, probabilities, whole units of demand, whole weeks of lead time.

Polynomials in lanes (`lanes.py`) instead of library calls; how far they are from the exact functions is tested
(`tests/reference/test_draws.py`). The twin of the demand is `domain.quantiles.invert_quantiles`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel, loop
from simulation.kernels.borrowing import borrowed
from simulation.kernels.lane_instructions import LANES
from simulation.kernels.lanes import (
    Lanes,
    all_bits,
    choose,
    either,
    exponent,
    floor,
    is_any,
    is_count,
    larger,
    leading_bits,
    load,
    look_up,
    mantissa,
    no_bits,
    one_more,
    scrambled,
    smaller,
    splat,
    square_root,
    store,
    times_plus,
    where,
    with_bit,
)
from simulation.kernels.order_plans import BLOCK_PATHS, Floats, IntArray

Words = npt.NDArray[np.uint32]
Masks = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]

_LARGEST_PROBABILITY = np.float32(1 - 2**-24)
_N_LEVELS, _TABLE_SIZE = 39, 48
"""Of a quantile function, and of the table of `lanes.look_up`."""


def _coefficients(*values: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(value) for value in values)


_LOGARITHM = _coefficients(
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1
)
_CENTER = _coefficients(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941)
_TAIL = _coefficients(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682)
_ABOVE = _coefficients(
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_BELOW = _coefficients(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02)


class DrawTerms(NamedTuple):
    """What one SKU's futures are drawn from."""

    dimension: IntArray
    """`(n_weeks + 3,)` which dimension of the points is the common factor, the supplier's delay, each week's own normal, the return offset."""
    shift: Words
    """`(n_dimensions,)` the SKU's digital shift of each dimension of the common points."""
    mixing: Floats
    """`(n_weeks, 1 + n_weeks)` weights [A] of the common factor and the weeks' own normals in each week's normal, z = A·x."""
    quantiles: Doubles
    """`(n_weeks, 39)` demand at probability 1/40 … 39/40, units."""
    lower_edge: float
    """The quantile function at probability 0, where the first quantile is not below it, units."""
    tail_scale: Doubles
    """`(n_weeks,)` scale of the exponential tail above the last level, units."""
    lead_time: Words
    """`(n,)` P(lead time ≤ k) · 2³², k = 0, 1, …"""
    announced_weeks: int
    """Whole weeks in which an order of today is expected."""
    punctual: IntArray
    """`(n_weeks,)` units in transit that arrive in the week expected."""
    shipments: IntArray
    """`(n_weeks,)` units in transit by week of expected arrival, when the delay is random."""
    shipment_delay: Words
    """`(n_weeks, n)` P(arrival week ≤ k) · 2³² of a shipment expected in each week."""


@kernel
def draw_paths(points: Words, terms: DrawTerms, demand: Floats, arrivals: Masks, inbound: Floats, offset: Floats) -> int:
    """Write futures block by block; see `weekly_simulation.PathBlocks`.

    Args:
        points: `(n_dimensions, n_blocks, BLOCK_PATHS)`; `terms.dimension` says what each is for.
        terms: The SKU.
        demand: Written.
        arrivals: Written.
        inbound: Written.
        offset: Written.

    Returns:
        The longest lead time of an order that arrives within the horizon, weeks.
    """
    points, terms, demand = borrowed(points), borrowed(terms), borrowed(demand)
    arrivals, inbound, offset = borrowed(arrivals), borrowed(inbound), borrowed(offset)
    n_blocks, n_weeks = demand.shape[0], demand.shape[1]
    tables, common, delay, last = _tables(terms), terms.dimension[0], terms.dimension[1], terms.dimension[n_weeks + 2]
    normals, leads = np.empty((1 + n_weeks, BLOCK_PATHS), np.float32), np.empty((n_weeks, BLOCK_PATHS), np.int32)
    lead, arrived, newest = np.empty(BLOCK_PATHS, np.int32), np.empty(BLOCK_PATHS, np.int32), np.empty(BLOCK_PATHS, np.int32)
    found = 0
    for block in range(n_blocks):
        _normals(points[common, block], terms.shift[common], normals[0])
        for week in range(n_weeks):
            _normals(points[terms.dimension[2 + week], block], terms.shift[terms.dimension[2 + week]], normals[1 + week])
            _demand(terms.mixing[week], normals, 2 + week, tables[week], np.float32(terms.tail_scale[week]), demand[block, week])
            _fill(np.float32(terms.punctual[week]), inbound[block, week])
        # One delay per path: open shipments and orders keep their sequence.
        _start_deliveries(terms.punctual, terms.announced_weeks, arrived, newest)
        for expected in range(n_weeks):
            if terms.shipments[expected] > 0:
                _count_weeks(points[delay, block], terms.shift[delay], terms.shipment_delay[expected], lead)
                _not_before(lead, expected <= terms.announced_weeks, arrived, newest)
                for week in range(n_weeks):
                    _ship(arrived, week, np.float32(terms.shipments[expected]), inbound[block, week])
        _count_weeks(points[delay, block], terms.shift[delay], terms.lead_time, lead)
        if _is_any_above(newest, lead):  # some path's order of today would overtake
            for epoch in range(n_weeks):
                _lead_of_order(lead, newest, epoch, leads[epoch])
            for week in range(n_weeks):
                found |= _arrivals(leads, week, arrivals[block, week])
        else:
            for week in range(n_weeks):
                found |= _arrivals_alike(lead, week, arrivals[block, week])
        _offsets(points[last, block], terms.shift[last], offset[block])
    return int(_highest_bit(found))


@loop
def _start_deliveries(punctual: IntArray, announced_weeks: int, arrived: Masks, newest: Masks) -> None:
    """Before any delivery: weeks of arrival of the shipment looked at last, and of the last one that an order of today stands behind."""
    before = -1
    for week in range(min(announced_weeks, punctual.shape[0] - 1) + 1):
        if punctual[week] > 0:
            before = week
    for path in range(BLOCK_PATHS):
        arrived[path], newest[path] = np.int32(-1), np.int32(before)


@loop
def _not_before(weeks: Masks, is_ahead: bool, arrived: Masks, newest: Masks) -> None:
    """A shipment arrives no earlier than the one expected before it; orders stand behind those expected no later than they are."""
    for path in range(BLOCK_PATHS):
        arrived[path] = max(arrived[path], weeks[path])
        if is_ahead:
            newest[path] = max(newest[path], arrived[path])


@loop
def _is_any_above(weeks: Masks, others: Masks) -> bool:
    is_above = np.int32(0)
    for path in range(BLOCK_PATHS):
        is_above |= np.int32(weeks[path] > others[path])
    return bool(is_above)


@loop
def _lead_of_order(lead: Masks, newest: Masks, epoch: int, weeks: Masks) -> None:
    """The supplier's delay, or longer where what stands before the order has not arrived."""
    for path in range(BLOCK_PATHS):
        weeks[path] = max(lead[path], newest[path] - np.int32(epoch))


@loop
def _tables(terms: DrawTerms) -> Floats:
    """Per week the quantile function at probability 0, 1/40 … 39/40, and how much it rises to the next `(n_weeks, 2, 48)`."""
    n_weeks = terms.quantiles.shape[0]
    tables = np.zeros((n_weeks, 2, _TABLE_SIZE), np.float32)
    for week in range(n_weeks):
        knots, rise = tables[week, 0], tables[week, 1]
        knots[0] = np.float32(min(terms.lower_edge, terms.quantiles[week, 0]))
        for level in range(_N_LEVELS):
            knots[level + 1] = np.float32(terms.quantiles[week, level])
            rise[level] = knots[level + 1] - knots[level]
    return tables


@loop
def _polynomial(x: Lanes, coefficients: tuple[np.float32, ...]) -> Lanes:
    """The highest power first."""
    total = splat(coefficients[0])
    for k in range(1, len(coefficients)):
        total = times_plus(total, x, splat(coefficients[k]))
    return total


@loop
def _logarithm(values: Lanes) -> Lanes:
    """Natural logarithm of positive normal numbers: exponent plus an odd polynomial of the mantissa (Cephes logf)."""
    power, part, one = exponent(values), mantissa(values), splat(np.float32(1))
    is_small = part < splat(np.float32(0.70710678))
    power = power - where(is_small, one)
    x = part + where(is_small, part) - one
    square = x * x
    curved = times_plus(_polynomial(x, _LOGARITHM) * x, square, splat(np.float32(-0.5)) * square)
    return times_plus(power, splat(np.float32(0.6931471806)), x + curved)


@loop
def _normals(points: Words, shift: np.uint32, normals: Floats) -> None:
    """Standard normal quantile of shifted points (Giles 2010, single precision)."""
    one, two, root_of_two = splat(np.float32(1)), splat(np.float32(2)), splat(np.float32(1.41421356))
    for first in range(0, BLOCK_PATHS, LANES):
        u = (leading_bits(scrambled(load(points, first), shift), 24) + splat(np.float32(0.5))) * splat(np.float32(2.0**-24))
        w = splat(np.float32(0)) - _logarithm(splat(np.float32(4)) * u * (one - u))
        factor = _polynomial(w - splat(np.float32(2.5)), _CENTER)
        is_tail = splat(np.float32(5)) <= w
        if is_any(is_tail):  # of 32 paths in one case of ten
            factor = choose(is_tail, _polynomial(square_root(w) - splat(np.float32(3)), _TAIL), factor)
        store(normals, first, factor * (two * u - one) * root_of_two)


@loop
def _probability(normal: Lanes) -> Lanes:
    """Standard normal distribution function: ½ + ½ erf(z/√2), erf as a quotient of polynomials on [−4, 4] (Eigen's float32)."""
    x = smaller(larger(normal * splat(np.float32(0.70710678)), splat(np.float32(-4))), splat(np.float32(4)))
    square, half = x * x, splat(np.float32(0.5))
    return times_plus(half, x * _polynomial(square, _ABOVE) / _polynomial(square, _BELOW), half)


@loop
def _demand(weights: Floats, normals: Floats, n_normals: int, table: Floats, tail_scale: np.float32, units: Floats) -> None:
    """⌊q(Φ(z)) + ½⌋ of z = Σ weight · normal over the first `n_normals`, never below 0 (method §2). Levels are evenly spaced: a multiplication finds a probability's interval."""
    nothing, one, half, per_unit = splat(np.float32(0)), splat(np.float32(1)), splat(np.float32(0.5)), splat(np.float32(_N_LEVELS + 1))
    for first in range(0, BLOCK_PATHS, LANES):
        normal = splat(weights[0]) * load(normals[0], first)
        for k in range(1, n_normals):
            normal = times_plus(splat(weights[k]), load(normals[k], first), normal)
        u = smaller(larger(_probability(normal), nothing), splat(_LARGEST_PROBABILITY))
        place = u * per_unit
        value = times_plus(look_up(table[1], place), place - floor(place), look_up(table[0], place))
        excess = splat(-tail_scale) * _logarithm((one - u) * per_unit)
        value = value + where(splat(np.float32(_N_LEVELS)) <= place, excess)
        store(units, first, larger(floor(value + half), nothing))


@loop
def _count_weeks(points: Words, shift: np.uint32, distribution: Words, weeks: Masks) -> None:
    """Number of k with P(weeks ≤ k) ≤ u: the inverse of a distribution over whole weeks."""
    for first in range(0, BLOCK_PATHS, LANES):
        words, count = scrambled(load(points, first), shift), no_bits()
        for k in range(distribution.shape[0]):
            count = one_more(count, words, distribution[k])
        store(weeks, first, count)


@loop
def _arrivals_alike(lead: Masks, week: int, arrivals: Masks) -> int:
    """Bit ℓ where all orders of a path take ℓ weeks and one was placed then; the bits set in any of the block's paths."""
    found = np.int32(0)
    for path in range(BLOCK_PATHS):
        arrivals[path] = np.int32(1) << lead[path] if lead[path] <= week else np.int32(0)
        found |= arrivals[path]
    return int(found)


@loop
def _arrivals(weeks: Masks, week: int, arrivals: Masks) -> int:
    """Bit ℓ where the order placed ℓ weeks before has that lead time; the bits set in any of the block's paths."""
    found = no_bits()
    for first in range(0, BLOCK_PATHS, LANES):
        bits = no_bits()
        for lead in range(week + 1):
            bits = with_bit(bits, is_count(load(weeks[week - lead], first), lead), 1 << lead)
        store(arrivals, first, bits)
        found = either(found, bits)
    return int(all_bits(found))


@loop
def _highest_bit(bits: int) -> int:
    """Place of the highest bit set; 0 where none is."""
    place = 0
    while bits >> (place + 1) > 0:
        place += 1
    return place


@loop
def _fill(units: np.float32, inbound: Floats) -> None:
    for first in range(0, BLOCK_PATHS, LANES):
        store(inbound, first, splat(units))


@loop
def _ship(weeks: Masks, week: int, units: np.float32, inbound: Floats) -> None:
    for first in range(0, BLOCK_PATHS, LANES):
        store(inbound, first, load(inbound, first) + where(is_count(load(weeks, first), week), splat(units)))


@loop
def _offsets(points: Words, shift: np.uint32, offset: Floats) -> None:
    """The points' first eight bits, in [0, 1)."""
    for first in range(0, BLOCK_PATHS, LANES):
        store(offset, first, leading_bits(scrambled(load(points, first), shift), 8) * splat(np.float32(1 / 256)))
