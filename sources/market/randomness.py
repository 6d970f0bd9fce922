"""Keyed random streams of the market: what is drawn depends on what it is for, never on chunks, threads or other merchants."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from domain.randomness import stable_hash

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Purpose = Literal["world", "merchant", "trend", "assortment", "demand", "people", "returns", "events", "faults"]

_STEPS = np.array([0.7548776662466927, 0.5698402909980532])
"""Steps of an additive sequence that fills the unit square evenly, whatever its length (powers of the plastic number)."""
_KIND_STEPS = np.array([0.414213562373095, 0.2360679774997896])


def generator(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """The stream of one purpose of one merchant (and buyer)."""
    return np.random.Generator(np.random.Philox(key=stable_hash("market", purpose, seed, *key)))


def even_spread(seed: int, number: int, kind: int) -> tuple[float, float]:
    """Two numbers in [0, 1) that spread evenly over the merchants 0, 1, 2, … of a kind: small markets are varied, large ones alike."""
    point = (generator(seed, "world").random(2) + number * _STEPS + kind * _KIND_STEPS) % 1.0
    return float(point[0]), float(point[1])


def autoregression(stream: np.random.Generator, *, shape: tuple[int, int], persistence: float, deviation: float) -> FloatArray:
    """Stationary first-order autoregressions along the second axis, mean 0 and the given standard deviation."""
    shocks = stream.standard_normal(shape) * (deviation * np.sqrt(1 - persistence**2))
    shocks[:, 0] /= np.sqrt(1 - persistence**2)
    return np.asarray(lfilter([1.0], [1.0, -persistence], shocks, axis=1), dtype=np.float64)
