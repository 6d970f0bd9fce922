-- How each judged forecast fared: one row per cutoff, merchant, category, segment and model. Add up the sums before dividing.
-- cutoff [key]: Cutoff of the forecast that is judged, 12 weeks after it was made.
-- merchant_id [key]: Who sells.
-- category [key]: Product category; "not known" where the source has none.
-- segment [key]: Demand segment.
-- model [key]: Model of the forecast.
-- n_series: Series judged.
-- n_weeks: Series × weeks judged (known and not cut off by stock).
-- actual_units: Units sold in them.
-- forecast_units: Expected demand in them.
-- absolute_error_units: Sum of |actual − median|.
-- pinball_loss_units: Sum over weeks of the mean pinball loss over 39 levels.
-- covered_weeks: Weeks within the 80 % interval, each by the share of its randomised PIT in 0.1 … 0.9.
-- wape: Absolute error over units sold.
-- bias: Forecast over actual units, less 1; positive = over-forecast.
-- coverage_80: Covered weeks over weeks judged; 0.8 is right.
WITH totals AS (
    SELECT
        f.cutoff,
        f.merchant_id,
        coalesce(a.category, 'not known') AS category,
        f.segment,
        f.model,
        count(*) AS n_series,
        sum(f.n_weeks)::BIGINT AS n_weeks,
        sum(f.actual_units)::BIGINT AS actual_units,
        exact_sum(f.forecast_units) AS forecast_units,
        exact_sum(f.absolute_error_units) AS absolute_error_units,
        exact_sum(f.pinball_loss_units) AS pinball_loss_units,
        exact_sum(f.covered_weeks) AS covered_weeks
    FROM forecast_accuracy_history AS f
    LEFT JOIN articles AS a USING (merchant_id, article_id)
    WHERE f.n_weeks > 0
    GROUP BY f.cutoff, f.merchant_id, coalesce(a.category, 'not known'), f.segment, f.model
)
SELECT
    *,
    absolute_error_units / nullif(actual_units, 0) AS wape,
    forecast_units / nullif(actual_units, 0) - 1 AS bias,
    covered_weeks / n_weeks AS coverage_80
FROM totals
ORDER BY cutoff, merchant_id, category, segment, model
