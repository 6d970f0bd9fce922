-- The business in one line per merchant: the last 52 weeks, the stock of today, today's orders against the budget, what to look at.
-- date: Decision day of stock and orders.
-- merchant_id [key]: Who.
-- name: Display name, where known.
-- n_series: Articles with a forecast.
-- sales_units: Units sold in the last 52 weeks.
-- return_rate: Returned over sold units in them.
-- gmv_eur: Units sold at the week's price.
-- net_revenue_eur: Units sold less units returned, at the week's price.
-- stock_out_share: Share of the articles × weeks in which stock ran out.
-- n_stocked_out: Articles with nothing on hand today.
-- weeks_of_cover: Stock over expected demand per week, all articles together.
-- stock_value_eur: Stock at unit cost (at unit price where the cost is not known).
-- overstock_value_eur: Value of stock and transit beyond the expected demand of the 12 weeks.
-- n_orders: Articles to order today.
-- order_value_eur: Value of today's orders.
-- n_orders_released: Those that may be placed.
-- released_value_eur: Their value.
-- n_orders_held: Orders that wait for a person's approval.
-- n_orders_outside_pilot: Orders of a merchant that is not in the pilot.
-- budget_eur_per_week: Most to be spent in a week, from the merchant's own row; null = no limit there.
-- budget_use: Value of today's orders over that budget.
-- expected_cost_eur: Expected cost over the 12 weeks with the policies.
-- expected_cost_without_order_eur: The same if nothing is ever ordered.
-- fill_rate: Expected units served over units demanded with the policies.
-- fill_rate_without_order: The same if nothing is ever ordered.
-- wape: Error of the forecast of 12 weeks ago over units sold; null = none could be judged.
-- n_exceptions: Exceptions to look at today.
-- at_stake_eur: Money at stake in them.
WITH totals AS (
    SELECT
        date,
        merchant_id,
        sum(n_series)::BIGINT AS n_series,
        sum(sales_units)::BIGINT AS sales_units,
        sum(returned_units) / nullif(sum(sales_units), 0) AS return_rate,
        exact_sum(gmv_eur) AS gmv_eur,
        exact_sum(net_revenue_eur) AS net_revenue_eur,
        sum(n_stock_out_weeks) / nullif(sum(n_series_weeks), 0) AS stock_out_share,
        sum(n_stocked_out)::BIGINT AS n_stocked_out,
        sum(on_hand_units) / nullif(exact_sum(demand_units_per_week), 0) AS weeks_of_cover,
        exact_sum(stock_value_eur) AS stock_value_eur,
        exact_sum(overstock_value_eur) AS overstock_value_eur,
        sum(n_orders)::BIGINT AS n_orders,
        exact_sum(order_value_eur) AS order_value_eur,
        sum(n_orders_released)::BIGINT AS n_orders_released,
        exact_sum(released_value_eur) AS released_value_eur,
        sum(n_orders_held)::BIGINT AS n_orders_held,
        sum(n_orders_outside_pilot)::BIGINT AS n_orders_outside_pilot,
        exact_sum(expected_cost_eur) AS expected_cost_eur,
        exact_sum(expected_cost_without_order_eur) AS expected_cost_without_order_eur,
        exact_sum(fill_rate * expected_demand_units) / nullif(exact_sum(expected_demand_units), 0) AS fill_rate,
        exact_sum(fill_rate_without_order * expected_demand_units) / nullif(exact_sum(expected_demand_units), 0) AS fill_rate_without_order
    FROM kpis_by_category
    GROUP BY date, merchant_id
),
accuracy AS (
    SELECT merchant_id, exact_sum(absolute_error_units) / nullif(sum(actual_units), 0) AS wape
    FROM accuracy_history
    WHERE cutoff = (SELECT max(cutoff) FROM accuracy_history)
    GROUP BY merchant_id
),
unusual AS (
    SELECT merchant_id, count(*) AS n_exceptions, exact_sum(at_stake_eur) AS at_stake_eur FROM exceptions GROUP BY merchant_id
)
SELECT
    t.date,
    t.merchant_id,
    m.name,
    t.n_series,
    t.sales_units,
    t.return_rate,
    t.gmv_eur,
    t.net_revenue_eur,
    t.stock_out_share,
    t.n_stocked_out,
    t.weeks_of_cover,
    t.stock_value_eur,
    t.overstock_value_eur,
    t.n_orders,
    t.order_value_eur,
    t.n_orders_released,
    t.released_value_eur,
    t.n_orders_held,
    t.n_orders_outside_pilot,
    m.budget_eur_per_week,
    t.order_value_eur / nullif(m.budget_eur_per_week, 0) AS budget_use,
    t.expected_cost_eur,
    t.expected_cost_without_order_eur,
    t.fill_rate,
    t.fill_rate_without_order,
    q.wape,
    coalesce(u.n_exceptions, 0) AS n_exceptions,
    coalesce(u.at_stake_eur, 0) AS at_stake_eur
FROM totals AS t
LEFT JOIN merchants AS m USING (merchant_id)
LEFT JOIN accuracy AS q USING (merchant_id)
LEFT JOIN unusual AS u USING (merchant_id)
ORDER BY t.merchant_id
