-- Sales, returns and stock-outs week by week, by merchant and category.
-- week [key]: Monday of the week.
-- merchant_id [key]: Who sells.
-- category [key]: Product category; "not known" where the source has none.
-- n_series: Articles on record in the week.
-- n_stocked_out: Articles whose stock ran out in it: their demand was at least their sales, or is unknown.
-- stock_out_share: Their share of the articles.
-- sales_units: Units sold; weeks that are not known count as none.
-- returned_units: Units that came back.
-- gmv_eur: Units sold at the week's price.
-- net_revenue_eur: Units sold less units returned, at the week's price.
SELECT
    d.week,
    d.merchant_id,
    coalesce(a.category, 'not known') AS category,
    count(*) AS n_series,
    count(*) FILTER (d.is_censored) AS n_stocked_out,
    count(*) FILTER (d.is_censored) / count(*) AS stock_out_share,
    coalesce(sum(d.sales_units), 0)::BIGINT AS sales_units,
    sum(d.returned_units)::BIGINT AS returned_units,
    coalesce(exact_sum(d.sales_units * d.unit_price_eur), 0) AS gmv_eur,
    coalesce(exact_sum((coalesce(d.sales_units, 0) - d.returned_units) * d.unit_price_eur), 0) AS net_revenue_eur
FROM weekly_demand AS d
LEFT JOIN articles AS a USING (merchant_id, article_id)
GROUP BY d.week, d.merchant_id, coalesce(a.category, 'not known')
ORDER BY d.week, d.merchant_id, coalesce(a.category, 'not known')
