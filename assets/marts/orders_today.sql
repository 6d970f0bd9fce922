-- What to order on the newest decision day, largest value first: the list to work through.
-- date: Decision day.
-- merchant_id [key]: Who orders.
-- article_id [key]: What is ordered.
-- category: Product category; "not known" where the source has none.
-- segment: Demand segment.
-- order_now_units: Units to order today, after MOQ, pack size and budget.
-- order_now_value_eur: Value of the order.
-- order_before_budget_units: Units to order if money were no limit.
-- on_hand_units: Stock at the end of the day before.
-- in_transit_units: Units on their way.
-- weeks_of_cover: Weeks the stock lasts at the expected demand; null = no demand expected.
-- expected_demand_units: Expected demand from today to the end of the 12th week.
-- fill_rate: Expected units served over units demanded, with the policy.
-- fill_rate_without_order: The same if nothing is ever ordered.
-- expected_saving_eur: Expected cost without orders less expected cost with the policy.
SELECT
    p.date,
    p.merchant_id,
    p.article_id,
    s.category,
    s.segment,
    p.order_now_units,
    p.order_now_value_eur,
    p.order_before_budget_units,
    s.on_hand_units,
    s.in_transit_units,
    s.weeks_of_cover,
    p.expected_demand_units,
    p.fill_rate,
    p.fill_rate_without_order,
    p.expected_cost_without_order_eur - p.expected_cost_eur AS expected_saving_eur
FROM policies AS p
JOIN stock_cover AS s USING (merchant_id, article_id)
WHERE p.order_now_units > 0
ORDER BY p.order_now_value_eur DESC, p.merchant_id, p.article_id
