-- Where the expected cost of the newest decision day comes from: one row per merchant, category and cost term.
-- date: Decision day.
-- merchant_id [key]: Who pays.
-- category [key]: Product category; "not known" where the source has none.
-- term [key]: holding, inbound, outbound, returns, lost_sales, overstock or fixed_order.
-- expected_cost_eur: Expected cost over the 12 weeks with the policies.
WITH terms AS (
    UNPIVOT (
        SELECT
            p.date,
            p.merchant_id,
            coalesce(a.category, 'not known') AS category,
            expected_holding_cost_eur AS holding,
            expected_inbound_cost_eur AS inbound,
            expected_outbound_cost_eur AS outbound,
            expected_returns_cost_eur AS returns,
            expected_lost_sales_cost_eur AS lost_sales,
            expected_overstock_cost_eur AS overstock,
            expected_fixed_order_cost_eur AS fixed_order
        FROM policies AS p
        LEFT JOIN articles AS a USING (merchant_id, article_id)
    ) ON holding, inbound, outbound, returns, lost_sales, overstock, fixed_order
    INTO NAME term VALUE cost_eur
)
SELECT date, merchant_id, category, term, exact_sum(cost_eur) AS expected_cost_eur
FROM terms
GROUP BY date, merchant_id, category, term
ORDER BY merchant_id, category, term
