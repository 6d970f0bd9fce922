-- How long the stock lasts: one row per article of the newest decision day.
-- date: Decision day.
-- merchant_id [key]: Whose stock.
-- article_id [key]: Which article.
-- category: Product category; "not known" where the source has none.
-- segment: Demand segment.
-- on_hand_units: Stock at the end of the day before.
-- in_transit_units: Units on their way, expected within 12 weeks.
-- expected_demand_units: Expected demand from the decision day to the end of the 12th week.
-- demand_units_per_week: The same per week.
-- weeks_of_cover: Weeks the stock lasts at the expected demand; null = no demand expected.
-- weeks_of_cover_with_transit: The same, with what is on its way.
-- is_stocked_out: Nothing on hand.
-- stock_value_eur: Stock at unit cost (at unit price where the cost is not known).
-- overstock_units: Stock and units on their way beyond the expected demand of the 12 weeks.
-- overstock_value_eur: Their value.
-- order_now_units: Units to order today.
WITH stock AS (
    SELECT
        p.date,
        p.merchant_id,
        p.article_id,
        coalesce(a.category, 'not known') AS category,
        v.segment,
        v.on_hand_units,
        list_sum(v.inbound_units)::BIGINT AS in_transit_units,
        p.expected_demand_units,
        p.expected_demand_units / (11 + (8 - isodow(p.date)) / 7) AS demand_units_per_week,
        v.unit_value_eur,
        p.order_now_units
    FROM policies AS p
    JOIN sku_vectors AS v USING (merchant_id, article_id)
    LEFT JOIN articles AS a USING (merchant_id, article_id)
)
SELECT
    date,
    merchant_id,
    article_id,
    category,
    segment,
    on_hand_units,
    in_transit_units,
    expected_demand_units,
    demand_units_per_week,
    on_hand_units / nullif(demand_units_per_week, 0) AS weeks_of_cover,
    (on_hand_units + in_transit_units) / nullif(demand_units_per_week, 0) AS weeks_of_cover_with_transit,
    on_hand_units = 0 AS is_stocked_out,
    on_hand_units * unit_value_eur AS stock_value_eur,
    greatest(on_hand_units + in_transit_units - expected_demand_units, 0) AS overstock_units,
    greatest(on_hand_units + in_transit_units - expected_demand_units, 0) * unit_value_eur AS overstock_value_eur,
    order_now_units
FROM stock
ORDER BY merchant_id, article_id
