-- Which articles run out first? Weeks that stock and open orders last at the expected demand.
WITH demand AS (
    SELECT merchant_id, article_id, avg(demand_mean_units) AS demand_units_per_week
    FROM forecasts
    GROUP BY merchant_id, article_id
)
SELECT
    v.merchant_id,
    v.article_id,
    v.on_hand_units,
    list_sum(v.inbound_units) AS in_transit_units,
    round((v.on_hand_units + list_sum(v.inbound_units)) / nullif(d.demand_units_per_week, 0), 1) AS weeks_of_cover,
    p.order_now_units
FROM sku_vectors AS v
JOIN demand AS d USING (merchant_id, article_id)
JOIN policies AS p USING (merchant_id, article_id)
ORDER BY weeks_of_cover NULLS LAST, v.merchant_id, v.article_id
LIMIT 20;
