"""What a quarter's orders were worth: their cost against a baseline's on the same demand, deliveries and returns."""

import polars as pl

from domain.governance_tables import ValueReport


def value_by_merchant(results: pl.DataFrame, *, realised: str, baseline: str) -> pl.DataFrame:
    """The value report from a game that both have played.

    Args:
        results: `backtest_results.BacktestResults` of one quarter.
        realised: Contestant that stands for the orders on record.
        baseline: Contestant they are compared with.

    Returns:
        `governance_tables.ValueReport`, sorted by merchant.
    """
    ours, theirs = (_sums(results.filter(pl.col("contestant") == name), prefix) for name, prefix in ((realised, "realised"), (baseline, "baseline")))
    saved = pl.col("baseline_cost_eur") - pl.col("realised_cost_eur")
    both = ours.join(theirs.drop("n_series"), on="merchant_id").with_columns(saved_eur=saved)
    share = pl.when(pl.col("baseline_cost_eur") > 0).then(pl.col("saved_eur") / pl.col("baseline_cost_eur"))
    return ValueReport.validate(both.with_columns(saved_share=share).select(ValueReport.column_names()).sort("merchant_id"))


def _sums(rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    demanded = pl.col("demand_units").sum()
    return rows.group_by("merchant_id").agg(
        pl.len().cast(pl.Int64).alias("n_series"),
        pl.col("cost_eur").sum().alias(f"{prefix}_cost_eur"),
        pl.col("gmv_eur").sum().alias(f"{prefix}_gmv_eur"),
        pl.when(demanded > 0).then(pl.col("sold_units").sum() / demanded).otherwise(1.0).alias(f"{prefix}_fill_rate"),
    )
