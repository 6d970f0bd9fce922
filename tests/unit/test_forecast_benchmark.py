from benchmarks.forecast import run
from domain.settings import ForecastSettings


def test_the_benchmark_forecasts_every_series_and_times_each_step():
    steps: list[str] = []
    figures = run(n_series=200, n_weeks=40, settings=ForecastSettings(n_training_rows=2_000, n_trees=5, n_threads=1), on_progress=steps.append)
    assert figures["n_forecast_rows"] == 200 * 12
    assert min(figures[name] for name in ("features_seconds", "train_seconds", "predict_seconds", "peak_rss_gib")) > 0
    assert len(steps) == 3
