import importlib.util

import numpy as np
import polars as pl
import pytest

from domain.errors import UsageError
from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from ml.champions.neural import _as_quantiles, neural_forecast
from ml.preprocessing import build_weekly_demand
from tests.weekly_tables import panel_tables, week

INSTALLED = importlib.util.find_spec("neuralforecast") is not None


def test_the_platform_does_not_import_it() -> None:
    import ml.champions  # noqa: PLC0415
    import ml.pipeline  # noqa: PLC0415

    assert not hasattr(ml.champions, "neural_forecast")


@pytest.mark.skipif(INSTALLED, reason="the extra `neural` is installed")
def test_without_the_extra_the_remedy_is_named() -> None:
    with pytest.raises(UsageError, match=r"neuralforecast(.|\n)*--extra neural"):
        neural_forecast(build_weekly_demand(panel_tables(n_series=2, n_weeks=20), cutoff=week(19), history_weeks=156), week(19))


def test_the_librarys_columns_become_quantiles_in_rising_order() -> None:
    numbers = np.arange(24)[:, None] + 10 * QUANTILE_LEVELS - 3
    shuffled = np.random.default_rng(1).permutation(39)
    columns = {f"NHITS-{place}": numbers[:, place] for place in shuffled}
    predicted = pl.DataFrame({"unique_id": ["m\x1fb"] * 12 + ["m\x1fa"] * 12, "ds": [week(index % 12) for index in range(24)], **columns})
    rows = _as_quantiles(predicted)
    assert rows.select("merchant_id", "article_id", "horizon_week").row(0) == ("m", "a", 1)
    np.testing.assert_array_equal(rows.filter(pl.col("article_id") == "b").select(QUANTILE_COLUMNS).to_numpy(), np.floor(np.maximum(numbers[:12], 0) + 0.5))


@pytest.mark.skipif(not INSTALLED, reason="needs the extra `neural`: uv sync --extra neural")
def test_it_answers_every_series_with_quantiles_that_do_not_cross() -> None:
    demand = build_weekly_demand(panel_tables(n_series=4, n_weeks=70), cutoff=week(69), history_weeks=156)
    rows = neural_forecast(demand, week(69), max_steps=5)
    assert rows.height == 12 * demand.select("merchant_id", "article_id").n_unique()
    assert (np.diff(rows.select(QUANTILE_COLUMNS).to_numpy(), axis=1) >= 0).all()
