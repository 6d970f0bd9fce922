-- Does the error grow with the horizon? Forecasts of the last 12 cutoffs and the one before, over the weeks that are known by now.
-- cutoff [key]: Cutoff of the forecast; the newer it is, the fewer of its weeks can be judged.
-- horizon_week [key]: 1 = the week after the cutoff.
-- segment [key]: Demand segment.
-- n_weeks: Series judged in that week (known, not cut off by stock, no unit error).
-- actual_units: Units sold.
-- forecast_units: Expected demand.
-- absolute_error_units: Sum of |actual − median|.
-- wape: Absolute error over units sold.
-- bias: Forecast over actual units, less 1; positive = over-forecast.
-- above_q900_share: Share of the weeks above the 90 % quantile; more than 0.1 = the upper quantiles are too low.
WITH totals AS (
    SELECT
        f.cutoff,
        f.horizon_week,
        f.segment,
        count(*) AS n_weeks,
        sum(d.sales_units)::BIGINT AS actual_units,
        exact_sum(f.demand_mean_units) AS forecast_units,
        exact_sum(abs(d.sales_units - f.demand_q500)) AS absolute_error_units,
        count(*) FILTER (d.sales_units > f.demand_q900) AS n_above_q900
    FROM forecasts_history AS f
    JOIN weekly_demand AS d USING (merchant_id, article_id, week)
    WHERE d.sales_units IS NOT NULL AND NOT d.is_censored AND d.flag IS DISTINCT FROM 'unit_error'
        AND f.cutoff >= (SELECT max(cutoff) FROM forecasts) - INTERVAL 12 WEEK
    GROUP BY f.cutoff, f.horizon_week, f.segment
)
SELECT
    * EXCLUDE (n_above_q900),
    absolute_error_units / nullif(actual_units, 0) AS wape,
    forecast_units / nullif(actual_units, 0) - 1 AS bias,
    n_above_q900 / n_weeks AS above_q900_share
FROM totals
ORDER BY cutoff, horizon_week, segment
