-- What should I look at first, and how much money does each kind of exception hold?
SELECT reason, count(*) AS n_articles, round(sum(at_stake_eur), 2) AS at_stake_eur, any_value(suggested_action) AS for_example
FROM exceptions
GROUP BY reason
ORDER BY at_stake_eur DESC;
