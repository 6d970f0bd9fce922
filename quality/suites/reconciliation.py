"""Do the tables agree with each other? The stock's balance, sales beside the weekly series, stock-outs that are no zeros.

Balance of an article between its last counts of two weeks that follow each other, [stock] = on hand, summed over warehouses:

    remainder = stock now − stock before − received − returned + sold

Movements count by their day, to the day of the counts: a merchant may count on Fridays, and what moves on a Saturday then belongs to the next count. Weeks without a count, counts of which one warehouse is missing,
and levels that are not known leave a gap, nothing else.
"""

from domain.settings import SuiteSettings
from quality.suites.expectation import Expectation, day_of, week_of

BALANCE_TABLES = ("raw/sales_transactions", "raw/returns", "raw/inbound_shipments")
"""What moves stock; `weekly_sales` has no days."""
_WEEKS = 26
_SERIES = "hash(merchant_id, article_id)"
_COUNTS = f"""
WITH daily AS (
    SELECT {_SERIES} AS series, {week_of("date")} AS week, date AS day, any_value(merchant_id) AS merchant_id, any_value(article_id) AS article_id,
           sum(on_hand_units)::BIGINT AS stock_units, count(*) AS n_counts, count(on_hand_units) AS n_known
    FROM raw_stock_levels
    WHERE date > (SELECT max(date) FROM raw_stock_levels) - {7 * (_WEEKS + 1)}
    GROUP BY series, week, day
)
SELECT series, week, max(day) AS day, any_value(merchant_id) AS merchant_id, any_value(article_id) AS article_id,
       arg_max(stock_units, day) AS stock_units, arg_max(n_counts, day) AS n_counts, arg_max(n_known, day) AS n_known
FROM daily GROUP BY series, week
"""  # noqa: S608
_MOVED = f"""
WITH movement AS (
    SELECT {_SERIES} AS series, {day_of("occurred_at")} AS day, quantity_units AS sold_units, 0 AS returned_units, 0 AS received_units
    FROM raw_sales_transactions WHERE occurred_at >= (SELECT min(day) FROM suite_counts)
    UNION ALL
    SELECT {_SERIES}, {day_of("returned_at")}, 0, quantity_units, 0 FROM raw_returns WHERE returned_at >= (SELECT min(day) FROM suite_counts)
    UNION ALL
    SELECT {_SERIES}, {day_of("received_at")}, 0, 0, quantity_units FROM raw_inbound_shipments WHERE received_at >= (SELECT min(day) FROM suite_counts)
)
SELECT series, CASE WHEN movement.day <= count.day THEN week ELSE week + 1 END AS week_of_count,
       sum(sold_units)::BIGINT AS sold_units, sum(returned_units)::BIGINT AS returned_units, sum(received_units)::BIGINT AS received_units
FROM (SELECT *, {week_of("day")} AS week FROM movement) AS movement JOIN suite_counts AS count USING (series, week)
GROUP BY series, week_of_count
"""  # noqa: S608
_BALANCE = """
WITH balanced AS (
    SELECT now.merchant_id, now.article_id, before.day AS day_before, now.day, before.stock_units AS stock_before_units, now.stock_units,
           coalesce(sold_units, 0) AS sold_units, coalesce(returned_units, 0) AS returned_units, coalesce(received_units, 0) AS received_units
    FROM suite_counts AS now
    JOIN suite_counts AS before ON before.series = now.series AND before.week = now.week - 1
    LEFT JOIN suite_moved AS moved ON moved.series = now.series AND moved.week_of_count = now.week
    WHERE now.n_counts = before.n_counts AND now.n_known = now.n_counts AND before.n_known = before.n_counts
)
SELECT *, stock_units - stock_before_units - received_units - returned_units + sold_units AS remainder_units FROM balanced
"""
STOCK_BALANCE = {"suite_counts": _COUNTS, "suite_moved": _MOVED, "suite_balance": _BALANCE}
"""Tables to prepare, in order: the last count of each week; what moved from one to the next; `suite_balance` has a row per article and week that can be balanced."""
_IN_BREACH = "SELECT * FROM suite_balance WHERE remainder_units <> 0"
_NEWEST = "day > (SELECT max(day) FROM suite_balance) - 7"


_RECENT_WEEKS = 8
_FEW = 0.05
_EXPECTED_COUNTS = f"""
SELECT before.merchant_id, before.article_id, before.week + 1 AS week_number, DATE '1970-01-05' + (7 * (before.week + 1))::INTEGER AS week, now.series IS NULL AS is_missing
FROM suite_counts AS before
JOIN suite_counts AS earlier ON earlier.series = before.series AND earlier.week = before.week - 1
LEFT JOIN suite_counts AS now ON now.series = before.series AND now.week = before.week + 1
WHERE before.stock_units > 0 AND before.week + 1 BETWEEN (SELECT {week_of("max(day) + 1")} - {_RECENT_WEEKS} FROM suite_counts) AND (SELECT {week_of("max(day) + 1")} - 1 FROM suite_counts)
"""  # noqa: S608
COUNTS_GO_ON = Expectation(
    "weekly counts go on",
    f"Share of the series counted in two weeks, with stock left, that are not counted in the next, in the worst of the last {_RECENT_WEEKS} complete weeks: a part of the delivery is missing.",
    is_blocking=False,
    breaches=f"SELECT merchant_id, article_id, week FROM ({_EXPECTED_COUNTS}) WHERE is_missing",  # noqa: S608
    figure="SELECT max(share) AS value FROM ("  # noqa: S608
    f"SELECT count(*) FILTER (is_missing) / count(*) AS share FROM ({_EXPECTED_COUNTS}) GROUP BY week_number)",
    at_most=_FEW,
    needs=BALANCE_TABLES,
)
"""Needs what the balance needs, as its counts are prepared together with it."""


def stock_balances(settings: SuiteSettings) -> tuple[Expectation, ...]:
    """What of the stock's changes no sale, return or arrival explains, over half a year and in the newest week; nothing can be balanced without transactions."""
    shares = {
        "stock balances over half a year": ("true", f"Over the last {_WEEKS} weeks"),
        "stock balances in the newest week": (_NEWEST, "In the newest week with counts"),
    }
    return tuple(
        Expectation(
            name,
            f"{words}, the change of stock is what was received and returned less what was sold: unexplained units over units moved, article by article.",
            is_blocking=False,
            breaches=f"SELECT * FROM ({_IN_BREACH}) WHERE {condition}",  # noqa: S608
            worst_first="abs(remainder_units) DESC, merchant_id, article_id, day",
            figure=f"SELECT CASE WHEN (SELECT count(*) FROM raw_sales_transactions) > 0 THEN sum(abs(remainder_units)) / nullif(sum(greatest("  # noqa: S608
            f"sold_units + returned_units + received_units, abs(remainder_units))), 0) END AS value FROM suite_balance WHERE {condition}",
            at_most=settings.largest_unexplained_share,
            needs=BALANCE_TABLES,
        )
        for name, (condition, words) in shares.items()
    )


SOLD_WEEKS_ADD_UP = Expectation(
    "sales add up to the source's",
    "In the four newest weeks of each series, the units sold are the sum of the source's transactions (weeks read as unknown aside).",
    is_blocking=True,
    breaches=f"""
WITH recent AS (SELECT *, {week_of("week")} AS week_number FROM {{batch}} WHERE week > (SELECT max(week) FROM {{batch}}) - 28 AND sales_units IS NOT NULL),
     sold AS (
        SELECT merchant_id, article_id, {week_of(day_of("occurred_at"))} AS week_number, sum(quantity_units) AS source_units
        FROM raw_sales_transactions WHERE occurred_at >= (SELECT min(week) FROM recent) GROUP BY ALL
     )
SELECT recent.merchant_id, recent.article_id, recent.week, recent.sales_units, coalesce(sold.source_units, 0) AS source_units
FROM recent LEFT JOIN sold USING (merchant_id, article_id, week_number)
WHERE recent.sales_units <> coalesce(sold.source_units, 0) AND (SELECT count(*) FROM raw_sales_transactions) > 0
""",  # noqa: S608
    needs=("raw/sales_transactions",),
)

STOCK_OUTS_ARE_NO_ZEROS = Expectation(
    "stock-outs are lost sales, not zeros",
    "A week without a sale whose last stock count is zero says nothing about demand: it is marked as censored and its sales as unknown, never as a zero (last 13 weeks).",
    is_blocking=True,
    breaches=f"""
WITH recent AS (SELECT *, {week_of("week")} AS week_number FROM {{batch}} WHERE week > (SELECT max(week) FROM {{batch}}) - 91),
     counted AS (
        SELECT merchant_id, article_id, warehouse_id, {week_of("date")} AS week_number, arg_max(on_hand_units, date) AS stock_units
        FROM raw_stock_levels
        WHERE on_hand_units IS NOT NULL AND date >= (SELECT min(week) FROM recent) AND date < (SELECT max(week) FROM recent) + 7
        GROUP BY ALL
     ),
     empty AS (SELECT merchant_id, article_id, week_number FROM counted GROUP BY ALL HAVING sum(stock_units) = 0)
SELECT recent.* EXCLUDE (week_number) FROM recent JOIN empty USING (merchant_id, article_id, week_number)
WHERE NOT recent.is_censored OR recent.sales_units = 0
""",  # noqa: S608
    needs=("raw/stock_levels",),
)
