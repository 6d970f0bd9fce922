import polars as pl
import pytest

from domain.stage_tables import HORIZON_WEEKS
from quality.table_rules import unforecast_series


def forecast(flags: dict[str, str], *, n_rows: int = HORIZON_WEEKS) -> pl.DataFrame:
    rows = [{"merchant_id": "m", "article_id": article, "flags": flag} for article, flag in flags.items() for _ in range(n_rows)]
    return pl.DataFrame(rows, schema={"merchant_id": pl.String, "article_id": pl.String, "flags": pl.String})


@pytest.mark.parametrize(
    ("answered", "n_breaches"),
    [
        (forecast({"a": "", "b": "never_sold"}), 0),
        (forecast({"a": "", "b": "", "new": "never_sold"}), 0),
        (forecast({"a": "", "b": "", "stranger": ""}), 1),
        (forecast({"a": ""}), 1),
        (forecast({"a": "", "b": ""}, n_rows=11), 2),
    ],
    ids=["all", "one that never sold", "one nobody knows", "one missing", "a week missing"],
)
def test_every_series_is_forecast_and_only_unsold_articles_beside_them(answered: pl.DataFrame, n_breaches: int) -> None:
    history = pl.DataFrame({"merchant_id": ["m"] * 3, "article_id": ["a", "a", "b"]})
    assert unforecast_series(answered, {"series/weekly_demand": history}).n_breaches == n_breaches
