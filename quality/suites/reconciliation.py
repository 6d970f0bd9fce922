"""Do the tables agree with each other? The stock's balance, sales beside the weekly series, stock-outs that are no zeros.

Balance of an article between its last counts of two weeks that follow each other, [stock] = on hand, summed over warehouses:

    remainder = stock now − stock before − received − returned + sold

Movements count by their day, to the day of the counts: a merchant may count on Fridays. Weeks without a count, counts of which one warehouse is missing,
and levels that are not known leave a gap, nothing else.
"""

from domain.settings import SuiteSettings
from quality.suites.expectation import Expectation

BALANCE_TABLES = ("raw/sales_transactions", "raw/returns", "raw/inbound_shipments")
"""What moves stock; `weekly_sales` has no days."""
_WEEKS = 52
_COUNTS = f"""
WITH daily AS (
    SELECT merchant_id, article_id, date AS day, sum(on_hand_units) AS stock_units, count(*) AS n_counts, count(on_hand_units) AS n_known
    FROM raw_stock_levels
    WHERE date > (SELECT max(date) FROM raw_stock_levels) - {7 * (_WEEKS + 1)}
    GROUP BY merchant_id, article_id, date
)
SELECT merchant_id, article_id, date_trunc('week', day)::DATE AS week, max(day) AS day,
       arg_max(stock_units, day) AS stock_units, arg_max(n_counts, day) AS n_counts, arg_max(n_known, day) AS n_known
FROM daily GROUP BY merchant_id, article_id, date_trunc('week', day)
"""  # noqa: S608
_PAIRS = """
SELECT now.merchant_id, now.article_id, now.week, before.day AS day_before, now.day, before.stock_units AS stock_before_units, now.stock_units
FROM suite_counts AS now JOIN suite_counts AS before
  ON before.merchant_id = now.merchant_id AND before.article_id = now.article_id AND before.week = now.week - 7
WHERE now.n_counts = before.n_counts AND now.n_known = now.n_counts AND before.n_known = before.n_counts
"""
_MOVEMENTS = """
WITH first AS (SELECT min(day_before) AS day FROM suite_pairs)
SELECT merchant_id, article_id, day, sum(sold_units) AS sold_units, sum(returned_units) AS returned_units, sum(received_units) AS received_units
FROM (
    SELECT merchant_id, article_id, occurred_at::DATE AS day, quantity_units AS sold_units, 0 AS returned_units, 0 AS received_units
    FROM raw_sales_transactions WHERE occurred_at::DATE > (SELECT day FROM first)
    UNION ALL
    SELECT merchant_id, article_id, returned_at::DATE, 0, quantity_units, 0 FROM raw_returns WHERE returned_at::DATE > (SELECT day FROM first)
    UNION ALL
    SELECT merchant_id, article_id, received_at::DATE, 0, 0, quantity_units FROM raw_inbound_shipments WHERE received_at::DATE > (SELECT day FROM first)
)
GROUP BY merchant_id, article_id, day
"""
_BALANCE = """
WITH moved AS (
    SELECT pair.merchant_id, pair.article_id, pair.week, sum(sold_units) AS sold_units, sum(returned_units) AS returned_units, sum(received_units) AS received_units
    FROM suite_movements AS movement ASOF JOIN suite_pairs AS pair
      ON pair.merchant_id = movement.merchant_id AND pair.article_id = movement.article_id AND movement.day <= pair.day
    WHERE movement.day > pair.day_before
    GROUP BY pair.merchant_id, pair.article_id, pair.week
)
SELECT pair.*, coalesce(sold_units, 0) AS sold_units, coalesce(returned_units, 0) AS returned_units, coalesce(received_units, 0) AS received_units,
       stock_units - stock_before_units - coalesce(received_units, 0) - coalesce(returned_units, 0) + coalesce(sold_units, 0) AS remainder_units
FROM suite_pairs AS pair LEFT JOIN moved USING (merchant_id, article_id, week)
"""
STOCK_BALANCE = {"suite_counts": _COUNTS, "suite_pairs": _PAIRS, "suite_movements": _MOVEMENTS, "suite_balance": _BALANCE}
"""Tables to prepare, in order; `suite_balance` has a row per article and week that can be balanced."""
_IN_BREACH = "SELECT * FROM suite_balance WHERE remainder_units <> 0 ORDER BY abs(remainder_units) DESC"
_NEWEST = "week = (SELECT max(week) FROM suite_balance)"


def stock_balances(settings: SuiteSettings) -> tuple[Expectation, ...]:
    """What of the stock's changes no sale, return or arrival explains, over a year and in the newest week; nothing can be balanced without transactions."""
    shares = {
        "stock balances over a year": ("true", f"Over the last {_WEEKS} weeks"),
        "stock balances in the newest week": (_NEWEST, "In the newest week with counts"),
    }
    return tuple(
        Expectation(
            name,
            f"{words}, the change of stock is what was received and returned less what was sold: unexplained units over units moved, article by article.",
            is_blocking=False,
            breaches=f"SELECT * FROM ({_IN_BREACH}) WHERE {condition}",  # noqa: S608
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
    breaches="""
WITH recent AS (SELECT * FROM {batch} WHERE week > (SELECT max(week) FROM {batch}) - 28 AND sales_units IS NOT NULL),
     sold AS (
        SELECT merchant_id, article_id, date_trunc('week', occurred_at)::DATE AS week, sum(quantity_units) AS source_units
        FROM raw_sales_transactions WHERE occurred_at::DATE >= (SELECT min(week) FROM recent) GROUP BY ALL
     )
SELECT recent.merchant_id, recent.article_id, recent.week, recent.sales_units, coalesce(sold.source_units, 0) AS source_units
FROM recent LEFT JOIN sold ON sold.merchant_id = recent.merchant_id AND sold.article_id = recent.article_id AND sold.week = recent.week
WHERE recent.sales_units <> coalesce(sold.source_units, 0) AND (SELECT count(*) FROM raw_sales_transactions) > 0
""",
    needs=("raw/sales_transactions",),
)

STOCK_OUTS_ARE_NO_ZEROS = Expectation(
    "stock-outs are lost sales, not zeros",
    "A week without a sale whose last stock count is zero says nothing about demand: it is marked as censored and its sales as unknown, never as a zero.",
    is_blocking=True,
    breaches="""
WITH counted AS (
        SELECT merchant_id, article_id, warehouse_id, date_trunc('week', date)::DATE AS week, arg_max(on_hand_units, date) AS stock_units
        FROM raw_stock_levels WHERE on_hand_units IS NOT NULL AND date < (SELECT max(week) FROM {batch}) + 7 GROUP BY ALL
     ),
     empty AS (SELECT merchant_id, article_id, week FROM counted GROUP BY ALL HAVING sum(stock_units) = 0)
SELECT batch.* FROM {batch} AS batch JOIN empty ON empty.merchant_id = batch.merchant_id AND empty.article_id = batch.article_id AND empty.week = batch.week
WHERE NOT batch.is_censored OR batch.sales_units = 0
""",
    needs=("raw/stock_levels",),
)
