-- What each limit of a merchant costs on the newest decision day, the one whose next unit saves most first within its kind.
-- date: Decision day.
-- merchant_id [key]: Whose limit.
-- name: Display name of the merchant; null = the source has none.
-- constraint [key]: budget, inbound_capacity, fill_rate_floor or minimum_order_value.
-- applies_to [key]: Service class or supplier; empty = all of the merchant's SKUs.
-- limit_amount: The limit: EUR, units, share or EUR.
-- used_before_amount: Used before today: ordered earlier in the week, or in transit for the same week.
-- used_amount: Used with today's orders; of a floor: the fill rate reached.
-- price_eur: What one more saves (a euro of budget, a unit of capacity), or one less (a euro of minimum, a percentage point of a floor).
-- is_binding: Whether the limit changes today's orders at the margin.
-- is_met: False where a floor gave way.
-- cost_of_limits_eur: What all the merchant's limits together cost.
-- gap_to_bound_eur: Most that any other orders within the limits could save.
-- message: The same in words.
SELECT
    c.date,
    c.merchant_id,
    m.name,
    c.constraint,
    c.applies_to,
    c.limit_amount,
    c.used_before_amount,
    c.used_amount,
    c.price_eur,
    c.price_eur > 0 AS is_binding,
    c.is_met,
    c.cost_of_limits_eur,
    c.gap_to_bound_eur,
    c.message
FROM constraint_prices AS c
LEFT JOIN merchants AS m USING (merchant_id)
ORDER BY c.constraint, c.price_eur DESC, c.merchant_id, c.applies_to
