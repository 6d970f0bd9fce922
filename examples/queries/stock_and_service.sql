-- Where does stock lie idle, and where does it run out? Overstock against stock-outs by merchant and category.
SELECT
    merchant_id,
    category,
    round(stock_value_eur) AS stock_value_eur,
    round(overstock_value_eur) AS overstock_value_eur,
    round(weeks_of_cover, 1) AS weeks_of_cover,
    n_stocked_out,
    round(stock_out_share, 3) AS stock_out_share_of_last_year
FROM kpis_by_category
ORDER BY overstock_value_eur DESC, merchant_id, category;
