-- How far can the forecast be trusted, and where not? Error and coverage of the forecast of 12 weeks ago.
SELECT segment, n_series, round(wape, 3) AS wape, round(bias, 3) AS bias, round(coverage_80, 3) AS coverage_80
FROM accuracy_by_segment;
