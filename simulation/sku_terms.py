"""From a feature vector and a merchant's settings to the numbers the kernels read."""

import numpy as np

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.sampling.paths import FloatArray


def sku_terms(vector: FeatureVector, settings: Settings) -> SkuTerms:
    """The SKU's stock, order terms and cost rates; the article's own order terms win over its merchant's."""
    inventory = settings.inventory
    own_minimum, own_pack = vector.minimum_order_quantity_units, vector.pack_size_units
    return SkuTerms(
        on_hand_units=float(vector.on_hand_units),
        inbound_units=vector.inbound_units.astype(np.float64),
        returns_due_units=np.ascontiguousarray(vector.returns_due_units),
        return_weights=_return_weights(vector),
        review_period_weeks=inventory.review_period_weeks,
        minimum_order_quantity_units=float(inventory.minimum_order_quantity_units if own_minimum is None else own_minimum),
        pack_size_units=float(inventory.pack_size_units if own_pack is None else own_pack),
        inbound_share_before_demand=inventory.inbound_share_before_demand,
        cost_rates_eur=_cost_rates(vector, settings),
        discount_weights=inventory.discount ** np.arange(HORIZON_WEEKS, dtype=np.float64),
    )


def _cost_rates(vector: FeatureVector, settings: Settings) -> FloatArray:
    """EUR per unit (per order for the last), in the order of `path_costs.COST_TERMS`."""
    # A unit sold at a loss is no gain when it is not sold: the margin lost is never negative.
    lost_margin = max(vector.unit_price_eur - vector.unit_cost_eur, 0.0) * (1 - vector.return_rate)
    return np.array(
        [
            vector.holding_rate_eur_per_unit_week,
            vector.inbound_rate_eur_per_unit,
            vector.outbound_rate_eur_per_unit,
            vector.return_handling_rate_eur_per_unit,
            lost_margin,
            settings.inventory.terminal_markdown_share * vector.unit_cost_eur,
            vector.fixed_order_cost_eur,
        ]
    )


def _return_weights(vector: FeatureVector) -> FloatArray:
    """Expected returns per unit sold, 1, 2, … weeks after the sale; lag 0 counts as 1, lags beyond the horizon as never."""
    weights = vector.return_lag_weights
    if vector.return_rate == 0 or weights.size == 0:
        return np.empty(0)
    by_lag = np.concatenate(([weights[:2].sum()], weights[2:HORIZON_WEEKS]))
    return vector.return_rate * by_lag
