-- The business in one row per merchant and category: the last 52 weeks, the stock of today, and what today's orders are expected to do.
-- date: Decision day of stock and orders.
-- merchant_id [key]: Who.
-- category [key]: Product category; "not known" where the source has none.
-- n_series: Articles with a forecast.
-- sales_units: Units sold in the last 52 weeks.
-- returned_units: Units that came back in them.
-- return_rate: Returned over sold units.
-- gmv_eur: Units sold at the week's price.
-- net_revenue_eur: Units sold less units returned, at the week's price.
-- n_series_weeks: Articles × weeks on record in the last 52 weeks.
-- n_stock_out_weeks: Those in which stock ran out.
-- stock_out_share: Their share.
-- n_stocked_out: Articles with nothing on hand today.
-- weeks_of_cover: Stock over expected demand per week, all articles together.
-- demand_units_per_week: Expected demand per week.
-- on_hand_units: Stock at the end of the day before the decision day.
-- stock_value_eur: Stock at unit cost (at unit price where the cost is not known).
-- overstock_value_eur: Value of stock and transit beyond the expected demand of the 12 weeks.
-- n_orders: Articles to order today.
-- order_value_eur: Value of today's orders.
-- n_orders_released: Those that may be placed.
-- released_value_eur: Their value.
-- n_orders_held: Orders that wait for a person's approval.
-- n_orders_outside_pilot: Orders of merchants that are not in the pilot.
-- expected_demand_units: Expected demand from today to the end of the 12th week.
-- expected_cost_eur: Expected cost over the 12 weeks with the policies.
-- expected_cost_without_order_eur: The same if nothing is ever ordered.
-- fill_rate: Expected units served over units demanded with the policies.
-- fill_rate_without_order: The same if nothing is ever ordered.
WITH last_year AS (
    SELECT
        merchant_id,
        category,
        sum(sales_units)::BIGINT AS sales_units,
        sum(returned_units)::BIGINT AS returned_units,
        exact_sum(gmv_eur) AS gmv_eur,
        exact_sum(net_revenue_eur) AS net_revenue_eur,
        sum(n_series)::BIGINT AS n_series_weeks,
        sum(n_stocked_out)::BIGINT AS n_stock_out_weeks
    FROM weekly_history
    WHERE week > (SELECT max(week) FROM weekly_history) - INTERVAL 52 WEEK
    GROUP BY merchant_id, category
),
releases AS (
    SELECT
        s.merchant_id,
        s.category,
        count(*) FILTER (r.released_units > 0) AS n_orders_released,
        exact_sum(r.released_units * v.unit_value_eur) AS released_value_eur,
        count(*) FILTER (r.status = 'held') AS n_orders_held,
        count(*) FILTER (r.status = 'not_in_pilot' AND r.recommended_units > 0) AS n_orders_outside_pilot
    FROM order_releases AS r
    JOIN stock_cover AS s USING (merchant_id, article_id)
    JOIN sku_vectors AS v USING (merchant_id, article_id)
    GROUP BY s.merchant_id, s.category
)
SELECT
    s.date,
    s.merchant_id,
    s.category,
    s.n_series,
    coalesce(y.sales_units, 0) AS sales_units,
    coalesce(y.returned_units, 0) AS returned_units,
    y.returned_units / nullif(y.sales_units, 0) AS return_rate,
    coalesce(y.gmv_eur, 0) AS gmv_eur,
    coalesce(y.net_revenue_eur, 0) AS net_revenue_eur,
    coalesce(y.n_series_weeks, 0) AS n_series_weeks,
    coalesce(y.n_stock_out_weeks, 0) AS n_stock_out_weeks,
    y.n_stock_out_weeks / y.n_series_weeks AS stock_out_share,
    s.n_stocked_out,
    s.weeks_of_cover,
    s.demand_units_per_week,
    s.on_hand_units,
    s.stock_value_eur,
    s.overstock_value_eur,
    o.n_orders,
    o.order_value_eur,
    coalesce(r.n_orders_released, 0) AS n_orders_released,
    coalesce(r.released_value_eur, 0) AS released_value_eur,
    coalesce(r.n_orders_held, 0) AS n_orders_held,
    coalesce(r.n_orders_outside_pilot, 0) AS n_orders_outside_pilot,
    o.expected_demand_units,
    o.expected_cost_eur,
    o.expected_cost_without_order_eur,
    o.fill_rate,
    o.fill_rate_without_order
FROM stock_by_category AS s
JOIN orders_history AS o USING (date, merchant_id, category)
LEFT JOIN last_year AS y USING (merchant_id, category)
LEFT JOIN releases AS r USING (merchant_id, category)
ORDER BY s.merchant_id, s.category
