"""SKUs to measure on: seven families of scenarios, keyed by their number, the same on every machine.

Means run from 0.2 to 200 units a week. Each family is a case that makes replenishment hard in its own way: steady, intermittent, launch, decay,
seasonal peak, long lead time, lumpy minimum orders.
"""

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import nbinom

from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS

CUTOFF = dt.date(2026, 1, 5)
FAMILIES = ("steady", "intermittent", "launch", "decay", "seasonal_peak", "long_lead_time", "lumpy_minimum")
MERCHANTS_PER_FAMILY = 4
_WEEKS = np.arange(12)


class Scenario(NamedTuple):
    """A SKU and the settings of its merchant."""

    family: str
    vector: FeatureVector
    inventory: dict[str, Any]
    """Inventory settings of its merchant."""


def scenario(number: int, *, seed: int = 0) -> Scenario:
    """SKU `number`; its family is number modulo 7."""
    family, merchant = FAMILIES[number % len(FAMILIES)], number // len(FAMILIES) % MERCHANTS_PER_FAMILY
    generator = np.random.Generator(np.random.Philox(key=seed * 1_000_003 + number))
    level = float(np.exp(generator.uniform(np.log(0.2), np.log(2.0 if family == "intermittent" else 200.0))))
    mean = level * _shape(family, generator)
    own = _order_terms(family, level, generator)
    vector = _vector(number, mean, _dispersion(family, generator), own, generator)._replace(merchant_id=f"{family}-{merchant}")
    return Scenario(family, vector, _inventory(family, np.random.Generator(np.random.Philox(key=seed * 1_000_003 + merchant))))


def _shape(family: str, generator: np.random.Generator) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Mean demand by week over its level."""
    if family == "launch":
        return np.asarray(2.0 / (1 + np.exp(-(_WEEKS - generator.uniform(2, 6)))))
    if family == "decay":
        return np.asarray(2.0 * np.exp(-_WEEKS / generator.uniform(2, 6)))
    if family == "seasonal_peak":
        return np.asarray(0.6 + 3.0 * np.exp(-(((_WEEKS - generator.uniform(3, 9)) / 1.5) ** 2)))
    return np.asarray(1 + 0.15 * np.sin(_WEEKS + generator.uniform(0, 6)))


def _dispersion(family: str, generator: np.random.Generator) -> float:
    """Size of the negative binomial: small = erratic."""
    return float(generator.uniform(0.2, 0.8) if family == "intermittent" else generator.uniform(1.0, 8.0))


def _inventory(family: str, generator: np.random.Generator) -> dict[str, Any]:
    """Settings of a merchant."""
    return {"lead_time_weeks": float(generator.uniform(4.0, 8.0) if family == "long_lead_time" else generator.uniform(0.5, 3.0))}


def _order_terms(family: str, level: float, generator: np.random.Generator) -> dict[str, Any]:
    """Order terms of an article."""
    if family != "lumpy_minimum":
        return {"pack_size_units": None, "minimum_order_quantity_units": None}
    pack = int(generator.choice([6, 12, 24]))
    return {"pack_size_units": pack, "minimum_order_quantity_units": pack * int(1 + level * generator.uniform(1, 4) // pack)}


def _vector(number: int, mean: Any, size: float, own: dict[str, Any], generator: np.random.Generator) -> FeatureVector:
    price = float(np.exp(generator.uniform(np.log(5.0), np.log(100.0))))
    return_rate = float(generator.choice([0.0, 0.1, 0.3, 0.5]))
    return FeatureVector(
        merchant_id="merchant",
        article_id=f"scenario-{number:06d}",
        date=CUTOFF + dt.timedelta(days=7),
        cutoff=CUTOFF,
        demand_quantiles_units=nbinom.ppf(QUANTILE_LEVELS[None, :], size, size / (size + mean[:, None])),
        on_hand_units=int(generator.uniform(0, 3) * mean[:3].mean()),
        inbound_units=np.array([0, int(generator.choice([0, 1]) * mean[1])] + [0] * 10, dtype=np.int64),
        returns_due_units=np.full(12, 0.05 * return_rate * mean[0]),
        unit_price_eur=price,
        unit_cost_eur=price * float(generator.uniform(0.4, 0.8)),
        unit_value_eur=0.5 * price,
        holding_rate_eur_per_unit_week=price * float(generator.uniform(0.003, 0.02)),
        inbound_rate_eur_per_unit=float(generator.uniform(0.0, 0.5)),
        outbound_rate_eur_per_unit=float(generator.uniform(0.5, 4.0)),
        return_handling_rate_eur_per_unit=2.0,
        fixed_order_cost_eur=float(generator.choice([0.0, 2.0, 10.0])),
        return_rate=return_rate,
        return_lag_weights=np.array([0.0, 0.4, 0.3, 0.2, 0.1]),
        observed_lead_time_cv=None,
        model="scenario",
        segment="erratic",
        vector_hash="0" * 16,
        **own,
    )
