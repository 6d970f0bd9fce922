"""The data flow, in order: one module per stage, one group per stage in the Dagster UI (tables that watch stand apart).

Not in `__init__`, so that reading a table loads no stage.
"""

from collections.abc import Mapping
from types import ModuleType

from assets import analytics, backtest, evaluation, features, forecast, policy, raw, series, vectors
from assets.declaration import INPUT_MONITORING, MONITORING

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

GROUPS: Mapping[str, str] = {
    "raw": "Rows of the source as they were accepted, by shard, and those that were rejected, with the rule.",
    "series": "Weekly demand per article, where weeks without stock say so.",
    INPUT_MONITORING: "What arrived, against its own past; broken input stops here.",
    "features": "What the models learn from and forecast with.",
    "forecast": "39 quantiles for each of 12 weeks, by the model that was best, and released only where it held.",
    "vectors": "Everything a decision needs to know of one article: one row each.",
    "policy": "Today's order of each article: simulated, optimised, cut to limits, and released.",
    "evaluation": "What a planner should look at, by the money at stake.",
    MONITORING: "How good past forecasts and orders were, and whether today's are as usual; no order depends on it.",
    "analytics": "Views and marts in DuckDB for analysts.",
    "backtest": "What other policies would have cost in past weeks; played when you ask for it.",
}
"""The groups of the UI in the order of the flow: a sentence each."""


def overview() -> str:
    """The flow in Markdown, as the UI shows it for the code location."""
    return "\n".join(["| group | what is in it |", "|---|---|", *(f"| {group} | {sentence} |" for group, sentence in GROUPS.items())])
