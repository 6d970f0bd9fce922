-- How the forecast of 12 weeks ago fared, by demand segment; empty until one can be judged.
-- segment [key]: Demand segment.
-- n_series: Series judged.
-- n_weeks: Series × weeks judged (known and not cut off by stock).
-- actual_units: Units sold in them.
-- forecast_units: Expected demand in them.
-- wape: Absolute error of the median over units sold.
-- bias: Forecast over actual units, less 1; positive = over-forecast.
-- coverage_80: Share of weeks within the 80 % interval (randomised PIT in 0.1 … 0.9); 0.8 is right.
SELECT
    segment,
    sum(n_series)::BIGINT AS n_series,
    sum(n_weeks)::BIGINT AS n_weeks,
    sum(actual_units)::BIGINT AS actual_units,
    exact_sum(forecast_units) AS forecast_units,
    exact_sum(absolute_error_units) / nullif(sum(actual_units), 0) AS wape,
    exact_sum(forecast_units) / nullif(sum(actual_units), 0) - 1 AS bias,
    exact_sum(covered_weeks) / sum(n_weeks) AS coverage_80
FROM accuracy_history
WHERE cutoff = (SELECT max(cutoff) FROM accuracy_history)
GROUP BY segment
ORDER BY n_weeks DESC, segment
