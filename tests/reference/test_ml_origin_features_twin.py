"""The moving figures against a twin that walks through one series week by week."""

import math
from statistics import fmean, pstdev

import numpy as np
import pytest

from domain.settings import ForecastSettings
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows
from ml.transformation.usual_weeks import USUAL_COLUMNS, USUAL_LEVELS
from tests.weekly_tables import panel_tables, week


def twin(history: list[tuple[int | None, bool]]) -> dict[str, float]:
    """Features of the last week of a history of (sales, is_censored)."""

    def known(n_weeks: int) -> list[int]:
        return [units for units, censored in history[-n_weeks:] if units is not None and not censored]

    def mean(values: list[int]) -> float:
        return fmean(values) if values else math.nan

    observed = [units for units, _ in history[-52:] if units is not None]
    scale = (sum(observed) + 1) / (len(observed) + 1)
    out = {f"mean_{n}": mean(known(n)) / scale for n in (2, 4, 8, 13, 26, 52)}
    out |= {f"std_{n}": (pstdev(known(n)) if known(n) else math.nan) / scale for n in (13, 52)}
    out |= {f"max_{n}": max(units or 0 for units, _ in history[-n:]) / scale for n in (13, 52)}
    out |= {f"non_zero_rate_{n}": mean([int(units > 0) for units in known(n)]) for n in (8, 52)}
    out |= {f"lag_{k}": (math.nan if len(history) <= k or history[-1 - k][0] is None else history[-1 - k][0] / scale) for k in range(4)}
    sold = [index for index, (units, _) in enumerate(history) if units is not None and units > 0]
    out["weeks_since_sale"] = len(history) - 1 - (sold[-1] if sold else 0)
    out["stock_out_share_13"] = fmean([float(censored) for _, censored in history[-13:]])
    out["age_weeks"] = min(len(history) - 1, 52)
    out["scale_units"] = scale
    out["n_usual_weeks"] = len(known(52))
    out |= {name: float(np.quantile(known(52), level)) if known(52) else math.nan for name, level in zip(USUAL_COLUMNS, USUAL_LEVELS, strict=True)}
    return out


@pytest.mark.parametrize("cutoff", [3, 40, 70])
def test_features_equal_the_twin(cutoff: int):
    demand = build_weekly_demand(panel_tables(n_series=25, n_weeks=71, seed=4), cutoff=week(cutoff), history_weeks=156)
    rows = build_inference_rows(demand, cutoff=week(cutoff), settings=ForecastSettings(n_threads=1), horizon_weeks=1)
    histories = {key: list(zip(frame["sales_units"], frame["is_censored"], strict=True)) for key, frame in demand.group_by("merchant_id", "article_id")}
    for row in rows.iter_rows(named=True):
        for name, expected in twin(histories[row["merchant_id"], row["article_id"]]).items():
            assert row[name] == pytest.approx(expected, rel=1e-5, abs=1e-4, nan_ok=True), (row["article_id"], name)
