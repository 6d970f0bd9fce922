-- Which articles run out first? Weeks that the stock lasts at the expected demand, and what is on its way.
SELECT
    merchant_id,
    article_id,
    category,
    on_hand_units,
    in_transit_units,
    round(weeks_of_cover, 1) AS weeks_of_cover,
    round(weeks_of_cover_with_transit, 1) AS weeks_of_cover_with_transit,
    order_now_units
FROM stock_cover
WHERE demand_units_per_week > 0
ORDER BY weeks_of_cover, merchant_id, article_id
LIMIT 20;
