"""The data flow, in order: one module per stage. Not in `__init__`, so that reading a table loads no stage."""

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
