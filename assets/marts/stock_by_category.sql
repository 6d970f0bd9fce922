-- Stock cover, stock-outs and overstock of the newest decision day, by merchant and category.
-- date: Decision day.
-- merchant_id [key]: Whose stock.
-- category [key]: Product category; "not known" where the source has none.
-- n_series: Articles with a forecast.
-- n_stocked_out: Articles with nothing on hand.
-- stocked_out_share: Their share of the articles.
-- on_hand_units: Stock at the end of the day before.
-- in_transit_units: Units on their way.
-- expected_demand_units: Expected demand from the decision day to the end of the 12th week.
-- demand_units_per_week: The same per week.
-- weeks_of_cover: Stock over expected demand per week, all articles together; one article's surplus hides another's gap.
-- stock_value_eur: Stock at unit cost (at unit price where the cost is not known).
-- overstock_value_eur: Value of stock and transit beyond the expected demand of the 12 weeks, article by article.
WITH totals AS (
    SELECT
        date,
        merchant_id,
        category,
        count(*) AS n_series,
        count(*) FILTER (is_stocked_out) AS n_stocked_out,
        sum(on_hand_units)::BIGINT AS on_hand_units,
        sum(in_transit_units)::BIGINT AS in_transit_units,
        exact_sum(expected_demand_units) AS expected_demand_units,
        exact_sum(demand_units_per_week) AS demand_units_per_week,
        exact_sum(stock_value_eur) AS stock_value_eur,
        exact_sum(overstock_value_eur) AS overstock_value_eur
    FROM stock_cover
    GROUP BY date, merchant_id, category
)
SELECT
    date,
    merchant_id,
    category,
    n_series,
    n_stocked_out,
    n_stocked_out / n_series AS stocked_out_share,
    on_hand_units,
    in_transit_units,
    expected_demand_units,
    demand_units_per_week,
    on_hand_units / nullif(demand_units_per_week, 0) AS weeks_of_cover,
    stock_value_eur,
    overstock_value_eur
FROM totals
ORDER BY merchant_id, category
