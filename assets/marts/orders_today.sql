-- What to order on the newest decision day, largest value first: the list to work through.
-- date: Decision day.
-- merchant_id [key]: Who orders.
-- article_id [key]: What is ordered.
-- name: Display name of the merchant, where known.
-- category: Product category; "not known" where the source has none.
-- supplier_id: Who supplies it; null = not known.
-- release_status: Whether it may be placed: released, approved, held, rejected or not_in_pilot; null = not on record.
-- released_units: Units that may be placed.
-- arrival_week: Monday of the week in which an order of today is expected.
-- segment: Demand segment.
-- order_now_units: Units to order today, after MOQ, pack size and budget.
-- order_now_value_eur: Value of the order.
-- order_before_budget_units: Units to order if money were no limit.
-- unit_cost_eur: Purchase cost per unit; 0 = not known.
-- pack_size_units: Orders come in multiples of this.
-- on_hand_units: Stock at the end of the day before.
-- in_transit_units: Units on their way.
-- weeks_of_cover: Weeks the stock lasts at the expected demand; null = no demand expected.
-- expected_demand_units: Expected demand from today to the end of the 12th week.
-- fill_rate: Expected units served over units demanded, with the policy.
-- fill_rate_without_order: The same if nothing is ever ordered.
-- expected_saving_eur: Expected cost without orders less expected cost with the policy.
-- not_today_difference_eur: What not ordering today would cost more, later orders as the policy decides; expected, before any budget.
-- not_today_standard_error_eur: Standard error of it: twice as much is a sure difference.
-- one_pack_less_difference_eur: The same for ordering a pack less; null = there is no smaller order than none.
-- one_pack_more_difference_eur: The same for ordering a pack more; null = there is no larger one.
-- cost_p75_eur: 75th percentile of cost over the 12 weeks, with the policy.
-- optimism: What is minimised, on fresh futures over those the policy was chosen on, less 1: how much better it looked than it is.
-- change_units: Units more than the day before; null = as many, or the day before is not known.
-- main_cause: What moved the order most since then; null = no change, or not traced.
WITH by_cause AS (
    UNPIVOT (
        SELECT merchant_id, article_id, calendar_units, chance_units, stock_units, forecast_units, lead_time_units, settings_units, other_units, constraints_units
        FROM order_changes
        WHERE calendar_units IS NOT NULL
    )
    ON calendar_units, chance_units, stock_units, forecast_units, lead_time_units, settings_units, other_units, constraints_units
    INTO NAME cause VALUE units
),
terms AS (
    SELECT DISTINCT
        merchant_id,
        settings_hash,
        (settings ->> '$.inventory.lead_time_weeks')::DOUBLE AS lead_time_weeks,
        (settings ->> '$.inventory.pack_size_units')::BIGINT AS pack_size_units
    FROM settings_in_force
),
causes AS (
    SELECT merchant_id, article_id, replace(replace(arg_max(cause, (abs(units), cause)), '_units', ''), '_', ' ') AS main_cause
    FROM by_cause
    GROUP BY merchant_id, article_id
)
SELECT
    p.date,
    p.merchant_id,
    p.article_id,
    m.name,
    s.category,
    a.supplier_id,
    r.status AS release_status,
    r.released_units,
    date_trunc('week', p.date + round(7 * coalesce(v.lead_time_weeks, t.lead_time_weeks))::INTEGER)::DATE AS arrival_week,
    s.segment,
    p.order_now_units,
    p.order_now_value_eur,
    p.order_before_budget_units,
    v.unit_cost_eur,
    coalesce(v.pack_size_units, t.pack_size_units) AS pack_size_units,
    s.on_hand_units,
    s.in_transit_units,
    s.weeks_of_cover,
    p.expected_demand_units,
    p.fill_rate,
    p.fill_rate_without_order,
    p.expected_cost_without_order_eur - p.expected_cost_eur AS expected_saving_eur,
    nothing_today.difference_eur AS not_today_difference_eur,
    nothing_today.standard_error_eur AS not_today_standard_error_eur,
    less.difference_eur AS one_pack_less_difference_eur,
    more.difference_eur AS one_pack_more_difference_eur,
    p.cost_p75_eur,
    p.objective_eur / nullif(p.objective_in_sample_eur, 0) - 1 AS optimism,
    c.order_now_units - c.order_day_before_units AS change_units,
    causes.main_cause
FROM policies AS p
JOIN stock_cover AS s USING (merchant_id, article_id)
JOIN sku_vectors AS v ON (v.merchant_id, v.article_id) = (p.merchant_id, p.article_id)
LEFT JOIN terms AS t ON (t.merchant_id, t.settings_hash) = (p.merchant_id, p.settings_hash)
LEFT JOIN merchants AS m ON m.merchant_id = p.merchant_id
LEFT JOIN articles AS a ON (a.merchant_id, a.article_id) = (p.merchant_id, p.article_id)
LEFT JOIN order_releases AS r ON (r.merchant_id, r.article_id) = (p.merchant_id, p.article_id)
LEFT JOIN alternatives AS nothing_today ON (nothing_today.merchant_id, nothing_today.article_id, nothing_today.alternative) = (p.merchant_id, p.article_id, 'nothing_today')
LEFT JOIN alternatives AS less ON (less.merchant_id, less.article_id, less.alternative) = (p.merchant_id, p.article_id, 'one_pack_less')
LEFT JOIN alternatives AS more ON (more.merchant_id, more.article_id, more.alternative) = (p.merchant_id, p.article_id, 'one_pack_more')
LEFT JOIN order_changes AS c ON (c.merchant_id, c.article_id) = (p.merchant_id, p.article_id)
LEFT JOIN causes ON (causes.merchant_id, causes.article_id) = (p.merchant_id, p.article_id)
WHERE p.order_now_units > 0
ORDER BY p.order_now_value_eur DESC, p.merchant_id, p.article_id
