"""SKUs to measure on: made up from a negative binomial, keyed by their number, the same on every machine."""

import datetime as dt

import numpy as np
from scipy.stats import nbinom

from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS

CUTOFF = dt.date(2026, 1, 5)


def example_vector(number: int) -> FeatureVector:
    """A SKU with seasonal, over-dispersed demand of 1 to 30 units a week, returns, and a little stock."""
    generator = np.random.Generator(np.random.Philox(key=number))
    mean = generator.uniform(1.0, 30.0) * (1 + 0.3 * np.sin(np.arange(12) + generator.uniform(0.0, 6.0)))
    quantiles = nbinom.ppf(QUANTILE_LEVELS[None, :], 2.0, 2.0 / (2.0 + mean[:, None]))
    price = float(generator.uniform(5.0, 80.0))
    return FeatureVector(
        merchant_id="merchant",
        article_id=f"article-{number:06d}",
        date=CUTOFF + dt.timedelta(days=7),
        cutoff=CUTOFF,
        demand_quantiles_units=quantiles,
        on_hand_units=int(mean[:2].sum()),
        inbound_units=np.array([0, int(mean[0])] + [0] * 10, dtype=np.int64),
        returns_due_units=np.full(12, 0.1),
        unit_price_eur=price,
        unit_cost_eur=0.5 * price,
        unit_value_eur=0.5 * price,
        holding_rate_eur_per_unit_week=0.01 * price,
        inbound_rate_eur_per_unit=0.3,
        outbound_rate_eur_per_unit=1.0,
        return_handling_rate_eur_per_unit=1.5,
        fixed_order_cost_eur=2.0,
        return_rate=0.3,
        return_lag_weights=np.array([0.1, 0.4, 0.3, 0.2]),
        observed_lead_time_cv=None,
        minimum_order_quantity_units=None,
        pack_size_units=None,
        model="example",
        segment="erratic",
        vector_hash="0" * 16,
    )
