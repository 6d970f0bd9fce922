-- What was to be ordered on each decision day, and what was expected of it: one row per day, merchant and category.
-- date [key]: Decision day.
-- merchant_id [key]: Who orders.
-- category [key]: Product category; "not known" where the source has none.
-- n_series: Articles with a policy.
-- n_orders: Articles to order that day.
-- order_units: Units to order, after MOQ, pack size and budget.
-- order_value_eur: Their value.
-- order_before_budget_units: Units to order if money were no limit.
-- expected_demand_units: Expected demand from that day to the end of the 12th week.
-- expected_cost_eur: Expected cost over the 12 weeks with the policies.
-- expected_cost_without_order_eur: The same if nothing is ever ordered.
-- fill_rate: Expected units served over units demanded, weighted by demand, with the policies.
-- fill_rate_without_order: The same if nothing is ever ordered.
SELECT
    p.date,
    p.merchant_id,
    coalesce(a.category, 'not known') AS category,
    count(*) AS n_series,
    count(*) FILTER (p.order_now_units > 0) AS n_orders,
    sum(p.order_now_units)::BIGINT AS order_units,
    exact_sum(p.order_now_value_eur) AS order_value_eur,
    sum(p.order_before_budget_units)::BIGINT AS order_before_budget_units,
    exact_sum(p.expected_demand_units) AS expected_demand_units,
    exact_sum(p.expected_cost_eur) AS expected_cost_eur,
    exact_sum(p.expected_cost_without_order_eur) AS expected_cost_without_order_eur,
    exact_sum(p.fill_rate * p.expected_demand_units) / nullif(exact_sum(p.expected_demand_units), 0) AS fill_rate,
    exact_sum(p.fill_rate_without_order * p.expected_demand_units) / nullif(exact_sum(p.expected_demand_units), 0) AS fill_rate_without_order
FROM policies_history AS p
LEFT JOIN articles AS a USING (merchant_id, article_id)
GROUP BY p.date, p.merchant_id, coalesce(a.category, 'not known')
ORDER BY p.date, p.merchant_id, coalesce(a.category, 'not known')
