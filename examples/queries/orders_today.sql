-- What do I order today, and what does each order save?
SELECT merchant_id, article_id, order_now_units, order_now_value_eur, round(expected_saving_eur, 2) AS expected_saving_eur
FROM orders_today
LIMIT 20;
