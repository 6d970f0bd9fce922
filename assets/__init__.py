"""The data flow, in order: one module per stage, one group per stage in the Dagster UI, one folder per stage on disk."""

from collections.abc import Mapping
from types import ModuleType

from assets import analytics, backtest, evaluation, features, forecast, policy, raw, series, vectors

STAGES: Mapping[str, ModuleType] = {
    "raw": raw,
    "series": series,
    "features": features,
    "forecast": forecast,
    "vectors": vectors,
    "policy": policy,
    "evaluation": evaluation,
    "analytics": analytics,
    "backtest": backtest,
}
"""raw → series → features → forecast → vectors → policy → evaluation → analytics → backtest."""
