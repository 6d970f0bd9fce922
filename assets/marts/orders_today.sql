-- What to order today, largest value first: the list to work through.
-- merchant_id: Who orders.
-- article_id: What is ordered.
-- category: Product category, where known.
-- order_now_units: Units to order today, after MOQ, pack size and budget.
-- order_now_value_eur: Value of the order.
-- order_before_budget_units: Units to order if money were no limit.
-- on_hand_units: Stock at the end of the day before.
-- in_transit_units: Units on their way.
-- expected_demand_units: Expected demand over the 12 weeks.
-- fill_rate: Expected units served over units demanded, with the policy.
-- fill_rate_without_order: The same if nothing is ever ordered.
-- expected_saving_eur: Expected cost without orders less expected cost with the policy.
-- segment: Demand segment.
SELECT
    p.merchant_id,
    p.article_id,
    a.category,
    p.order_now_units,
    p.order_now_value_eur,
    p.order_before_budget_units,
    v.on_hand_units,
    list_sum(v.inbound_units)::BIGINT AS in_transit_units,
    p.expected_demand_units,
    p.fill_rate,
    p.fill_rate_without_order,
    p.expected_cost_without_order_eur - p.expected_cost_eur AS expected_saving_eur,
    v.segment
FROM policies AS p
JOIN sku_vectors AS v USING (merchant_id, article_id)
LEFT JOIN articles AS a USING (merchant_id, article_id)
WHERE p.order_now_units > 0
ORDER BY p.order_now_value_eur DESC, p.merchant_id, p.article_id
