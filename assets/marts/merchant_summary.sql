-- One line per merchant for today: orders, expected cost and service with and without them, money at stake.
-- merchant_id: Who.
-- name: Display name, where known.
-- n_series: Articles with a forecast.
-- n_orders: Articles to order today.
-- order_value_eur: Value of today's orders.
-- expected_cost_eur: Expected cost over the 12 weeks with the policies.
-- expected_cost_without_order_eur: The same if nothing is ever ordered.
-- fill_rate: Expected units served over units demanded, weighted by demand, with the policies.
-- fill_rate_without_order: The same if nothing is ever ordered.
-- n_exceptions: Exceptions to look at.
-- at_stake_eur: Money at stake in them.
WITH today AS (
    SELECT
        merchant_id,
        count(*) AS n_series,
        count(*) FILTER (order_now_units > 0) AS n_orders,
        sum(order_now_value_eur) AS order_value_eur,
        sum(expected_cost_eur) AS expected_cost_eur,
        sum(expected_cost_without_order_eur) AS expected_cost_without_order_eur,
        sum(fill_rate * expected_demand_units) / nullif(sum(expected_demand_units), 0) AS fill_rate,
        sum(fill_rate_without_order * expected_demand_units) / nullif(sum(expected_demand_units), 0) AS fill_rate_without_order
    FROM policies
    GROUP BY merchant_id
),
unusual AS (
    SELECT merchant_id, count(*) AS n_exceptions, sum(at_stake_eur) AS at_stake_eur FROM exceptions GROUP BY merchant_id
)
SELECT
    t.merchant_id,
    m.name,
    t.n_series,
    t.n_orders,
    t.order_value_eur,
    t.expected_cost_eur,
    t.expected_cost_without_order_eur,
    t.fill_rate,
    t.fill_rate_without_order,
    coalesce(u.n_exceptions, 0) AS n_exceptions,
    coalesce(u.at_stake_eur, 0) AS at_stake_eur
FROM today AS t
LEFT JOIN merchants AS m USING (merchant_id)
LEFT JOIN unusual AS u USING (merchant_id)
ORDER BY t.order_value_eur DESC, t.merchant_id
