-- How far can the forecast be trusted, and where not? Error and coverage of each judged cutoff, worst merchants and categories first.
SELECT
    cutoff,
    merchant_id,
    category,
    sum(n_series) AS n_series,
    round(sum(absolute_error_units) / nullif(sum(actual_units), 0), 3) AS wape,
    round(sum(forecast_units) / nullif(sum(actual_units), 0) - 1, 3) AS bias,
    round(sum(covered_weeks) / sum(n_weeks), 3) AS coverage_80
FROM accuracy_history
GROUP BY cutoff, merchant_id, category
ORDER BY cutoff DESC, wape DESC NULLS LAST, merchant_id, category;
