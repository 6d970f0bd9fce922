-- How does each merchant stand today: orders, service with and without them, money at stake?
SELECT
    merchant_id,
    n_orders,
    order_value_eur,
    round(budget_use, 2) AS budget_use,
    round(fill_rate, 3) AS fill_rate,
    round(fill_rate_without_order, 3) AS fill_rate_without_order,
    at_stake_eur
FROM kpis_by_merchant
ORDER BY at_stake_eur DESC;
