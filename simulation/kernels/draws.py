"""Quasi-random points to futures: normals, probabilities, whole units of demand, whole weeks of lead time.

Plain polynomials instead of library calls, so that the loops become SIMD; how far they are from the exact functions is
tested (`tests/reference/test_draws.py`). The twin of the demand is `domain.quantiles.invert_quantiles`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import BLOCK_PATHS, Floats, IntArray

Words = npt.NDArray[np.uint32]
Masks = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]

_LARGEST_PROBABILITY = np.float32(1 - 2**-24)


class DrawTerms(NamedTuple):
    """What one SKU's futures are drawn from."""

    shift: Words
    """`(n_dimensions,)` the SKU's digital shift of the common points."""
    mixing: Floats
    """`(n_weeks, n_weeks)` weights [A] of independent normals in each week's normal, z = A·x."""
    quantiles: Doubles
    """`(n_weeks, 39)` demand at probability 1/40 … 39/40, units."""
    lower_edge: float
    """The quantile function at probability 0, where the first quantile is not below it, units."""
    tail_scale: Doubles
    """`(n_weeks,)` scale of the exponential tail above the last level, units."""
    lead_time: Words
    """`(n,)` P(lead time ≤ k) · 2³², k = 0, 1, …"""
    shipments: IntArray
    """`(n_weeks,)` units in transit by week of expected arrival."""
    shipment_delay: Words
    """`(n_weeks, n)` P(arrival week ≤ k) · 2³² of a shipment expected in each week."""


@kernel
def draw_paths(points: Words, terms: DrawTerms, demand: Floats, arrivals: Masks, inbound: Floats, offset: Floats) -> int:
    """Write futures block by block; see `weekly_simulation.PathBlocks`. `arrivals` and `inbound` come in as zeros.

    Args:
        points: `(n_dimensions, n_blocks, BLOCK_PATHS)`: demand, lead time, delay of shipments (n_weeks each), return offset.
        terms: The SKU.
        demand: Written.
        arrivals: Written.
        inbound: Written.
        offset: Written.

    Returns:
        The longest lead time of an order that arrives within the horizon, weeks.
    """
    longest = 0
    n_blocks, n_weeks = demand.shape[0], demand.shape[1]
    knots = np.empty(terms.quantiles.shape[1] + 2, np.float32)
    normals, total, weeks = np.empty((n_weeks, BLOCK_PATHS), np.float32), np.empty(BLOCK_PATHS, np.float32), np.empty(BLOCK_PATHS, np.int32)
    for block in range(n_blocks):
        for week in range(n_weeks):
            _normals(points[week, block], terms.shift[week], normals[week])
        for week in range(n_weeks):
            _mix(terms.mixing[week], normals, total)
            _write_knots(terms.quantiles[week], terms.lower_edge, knots)
            _demand(knots, np.float32(terms.tail_scale[week]), total, demand[block, week])
        for epoch in range(n_weeks):
            _count_weeks(points[n_weeks + epoch, block], terms.shift[n_weeks + epoch], terms.lead_time, weeks)
            for lead in range(min(n_weeks - epoch, terms.lead_time.shape[0] + 1)):
                if _mark(weeks, lead, arrivals[block, epoch + lead]):
                    longest = max(longest, lead)
        for expected in range(n_weeks):
            if terms.shipments[expected] > 0:
                delay = 2 * n_weeks + expected
                _count_weeks(points[delay, block], terms.shift[delay], terms.shipment_delay[expected], weeks)
                for week in range(n_weeks):
                    _ship(weeks, week, np.float32(terms.shipments[expected]), inbound[block, week])
        _offsets(points[3 * n_weeks, block], terms.shift[3 * n_weeks], offset[block])
    return longest


@loop
def _logarithm(value: np.float32) -> np.float32:
    """Natural logarithm of a positive normal float32: exponent plus an odd polynomial of the mantissa (Cephes logf)."""
    bits = np.float32(value).view(np.int32)
    exponent = np.float32(np.int32((bits >> 23) - 126))
    mantissa = np.int32((bits & 0x7FFFFF) | 0x3F000000).view(np.float32)
    is_small = mantissa < np.float32(0.70710678)
    exponent -= np.float32(1) if is_small else np.float32(0)
    x = mantissa + (mantissa if is_small else np.float32(0)) - np.float32(1)
    square = x * x
    poly = np.float32(7.0376836292e-2) * x - np.float32(1.1514610310e-1)
    poly = poly * x + np.float32(1.1676998740e-1)
    poly = poly * x - np.float32(1.2420140846e-1)
    poly = poly * x + np.float32(1.4249322787e-1)
    poly = poly * x - np.float32(1.6668057665e-1)
    poly = poly * x + np.float32(2.0000714765e-1)
    poly = poly * x - np.float32(2.4999993993e-1)
    poly = poly * x + np.float32(3.3333331174e-1)
    return x + (poly * x * square - np.float32(0.5) * square) + exponent * np.float32(0.6931471806)


@loop
def _normals(points: Words, shift: np.uint32, normals: Floats) -> None:
    """Standard normal quantile of shifted points (Giles 2010, single precision)."""
    for path in range(BLOCK_PATHS):
        word = np.int32(np.uint32(points[path] ^ shift) >> np.uint32(8))
        u = (np.float32(word) + np.float32(0.5)) * np.float32(2.0**-24)
        w = -_logarithm(np.float32(4) * u * (np.float32(1) - u))
        c, t = w - np.float32(2.5), np.sqrt(w) - np.float32(3)
        center = np.float32(2.81022636e-08) * c + np.float32(3.43273939e-07)
        center = center * c - np.float32(3.5233877e-06)
        center = center * c - np.float32(4.39150654e-06)
        center = center * c + np.float32(0.00021858087)
        center = center * c - np.float32(0.00125372503)
        center = center * c - np.float32(0.00417768164)
        center = center * c + np.float32(0.246640727)
        center = center * c + np.float32(1.50140941)
        tail = np.float32(-0.000200214257) * t + np.float32(0.000100950558)
        tail = tail * t + np.float32(0.00134934322)
        tail = tail * t - np.float32(0.00367342844)
        tail = tail * t + np.float32(0.00573950773)
        tail = tail * t - np.float32(0.0076224613)
        tail = tail * t + np.float32(0.00943887047)
        tail = tail * t + np.float32(1.00167406)
        tail = tail * t + np.float32(2.83297682)
        normals[path] = (center if w < np.float32(5) else tail) * (np.float32(2) * u - np.float32(1)) * np.float32(1.41421356)


@loop
def _mix(weights: Floats, normals: Floats, total: Floats) -> None:
    """`total` = Σ weight · normal, in the order of the weights."""
    for path in range(BLOCK_PATHS):
        total[path] = weights[0] * normals[0, path]
    for k in range(1, weights.shape[0]):
        for path in range(BLOCK_PATHS):
            total[path] += weights[k] * normals[k, path]


@loop
def _probability(normal: np.float32) -> np.float32:
    """Standard normal distribution function: ½ + ½ erf(z/√2), erf as a quotient of polynomials on [−4, 4] (Eigen's float32)."""
    x = min(max(normal * np.float32(0.70710678), np.float32(-4)), np.float32(4))
    y = x * x
    above = np.float32(-2.72614225801306e-10) * y + np.float32(2.77068142495902e-08)
    above = above * y - np.float32(2.10102402082508e-06)
    above = above * y - np.float32(5.69250639462346e-05)
    above = above * y - np.float32(7.34990630326855e-04)
    above = above * y - np.float32(2.95459980854025e-03)
    above = above * y - np.float32(1.60960333262415e-02)
    below = np.float32(-1.45660718464996e-05) * y - np.float32(2.13374055278905e-04)
    below = below * y - np.float32(1.68282697438203e-03)
    below = below * y - np.float32(7.37332916720468e-03)
    below = below * y - np.float32(1.42647390514189e-02)
    return np.float32(0.5) + np.float32(0.5) * (x * above / below)


@loop
def _write_knots(quantiles: Doubles, lower_edge: float, knots: Floats) -> None:
    """Quantile function at probability 0, 1/40 … 39/40, and its last value again."""
    n_levels = quantiles.shape[0]
    knots[0] = np.float32(min(lower_edge, quantiles[0]))
    for level in range(n_levels):
        knots[level + 1] = np.float32(quantiles[level])
    knots[n_levels + 1] = np.float32(quantiles[n_levels - 1])


@loop
def _demand(knots: Floats, tail_scale: np.float32, normals: Floats, units: Floats) -> None:
    """⌊q(Φ(z)) + ½⌋, never below 0 (method §2). Levels are evenly spaced: a multiplication finds a probability's interval."""
    n_levels = knots.shape[0] - 2
    per_unit, spacing = np.float32(n_levels + 1), np.float32(1.0 / (n_levels + 1))
    for path in range(BLOCK_PATHS):
        u = min(max(_probability(normals[path]), np.float32(0)), _LARGEST_PROBABILITY)
        place = u * per_unit
        interval = np.int32(place)
        below, above = knots[np.uint32(interval)], knots[np.uint32(interval + 1)]
        value = below + (above - below) * (place - np.float32(interval))
        excess = tail_scale * _logarithm(spacing / (np.float32(1) - u))
        value += excess if interval == n_levels else np.float32(0)
        units[path] = max(np.floor(value + np.float32(0.5)), np.float32(0))


@loop
def _count_weeks(points: Words, shift: np.uint32, distribution: Words, weeks: Masks) -> None:
    """Number of k with P(weeks ≤ k) ≤ u: the inverse of a distribution over whole weeks."""
    for path in range(BLOCK_PATHS):
        weeks[path] = 0
    for k in range(distribution.shape[0]):
        level = distribution[k]
        for path in range(BLOCK_PATHS):
            weeks[path] += np.int32(1) if np.uint32(points[path] ^ shift) >= level else np.int32(0)


@loop
def _mark(weeks: Masks, lead: int, arrivals: Masks) -> bool:
    """Set the bit of the lead time where it is that; whether any is."""
    bit, found = np.int32(1 << lead), np.int32(0)
    for path in range(BLOCK_PATHS):
        here = bit if weeks[path] == lead else np.int32(0)
        arrivals[path] |= here
        found |= here
    return bool(found != 0)


@loop
def _ship(weeks: Masks, week: int, units: np.float32, inbound: Floats) -> None:
    for path in range(BLOCK_PATHS):
        inbound[path] += units if weeks[path] == week else np.float32(0)


@loop
def _offsets(points: Words, shift: np.uint32, offset: Floats) -> None:
    """The points' first eight bits, in [0, 1)."""
    for path in range(BLOCK_PATHS):
        offset[path] = np.float32(np.int32(np.uint32(points[path] ^ shift) >> np.uint32(24))) * np.float32(1 / 256)
