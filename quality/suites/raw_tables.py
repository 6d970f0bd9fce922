"""What is usual for the raw tables: the practitioner's thresholds. A breach warns; the contract, which blocks, is generated from the schemas.

Missing values, spellings, timestamps, agreement between tables. A column that a source does not deliver at all is not missing: its default is printed by the run.
"""

from collections.abc import Mapping, Sequence

from domain.calendar import EARLIEST_DATE
from domain.settings import SuiteSettings
from quality.suites.expectation import Expectation, day_of, rows_where, share_of_rows, view_name, week_of
from quality.suites.reconciliation import COUNTS_GO_ON, STOCK_BALANCE, stock_balances

_FEW, _HARDLY_ANY = 0.05, 0.01
"""Shares of rows that may be unusual: where business does such things, and where only a mistake does."""
_SALE_AFTER_END_DAYS = 84
_PRICE_FACTOR = 20
_FEED_LAG_DAYS = 7
_LATELY_DAYS, _NEWS_DAYS = 28, 56

_FILLED: Mapping[str, tuple[str, ...]] = {
    "raw/sales_transactions": ("unit_price_eur",),
    "raw/weekly_sales": ("sales_units", "unit_price_eur"),
    "raw/returns": ("transaction_id", "sold_at"),
    "raw/stock_levels": ("on_hand_units",),
    "raw/inbound_shipments": ("ordered_at", "expected_at"),
    "raw/articles": ("category", "launch_date", "unit_price_eur", "unit_cost_eur"),
    "raw/external_signals": ("value", "known_from"),
}
"""Columns whose nulls are gaps. In all others a null has a meaning of its own (in transit, no end, the platform's default)."""
_OBSERVED: Mapping[str, tuple[str, ...]] = {
    "raw/sales_transactions": ("occurred_at",),
    "raw/weekly_sales": ("week",),
    "raw/returns": ("returned_at", "sold_at"),
    "raw/stock_levels": ("date",),
    "raw/inbound_shipments": ("ordered_at", "received_at"),
}
"""Columns that date what has happened."""
_SPELLED_ALIKE: Mapping[str, tuple[str, ...]] = {"raw/articles": ("category", "brand", "season", "service_class", "supplier_id"), "raw/merchants": ("name",)}
_WITH_ARTICLES = ("raw/sales_transactions", "raw/weekly_sales", "raw/returns", "raw/stock_levels", "raw/inbound_shipments")


def usual_of_raw(table: str, settings: SuiteSettings) -> tuple[Expectation, ...]:
    """What is usual for a raw table, and the dates that none may have."""
    return (
        *(_date_is_possible(column) for column in _OBSERVED.get(table, ())),
        *(_filled(column, settings, dated_by=next(iter(_OBSERVED.get(table, ())), None)) for column in _FILLED.get(table, ())),
        *(_spelled_one_way(column) for column in _SPELLED_ALIKE.get(table, ())),
        *([_ids_without_blanks(("merchant_id", "article_id"))] if table in (*_WITH_ARTICLES, "raw/articles") else []),
        *([_articles_are_known()] if table in _WITH_ARTICLES else []),
        *_OF_ONE_TABLE.get(table, ()),
        *((COUNTS_GO_ON, *stock_balances(settings)) if table == "raw/stock_levels" else ()),
    )


def prepared_of_raw(table: str) -> Mapping[str, str]:
    """Tables that a raw table's expectations need computed."""
    return STOCK_BALANCE if table == "raw/stock_levels" else {}


def _date_is_possible(column: str) -> Expectation:
    """The raw edge rejects such rows; one that is here came around it."""
    return Expectation(
        f"{column} is possible",
        f"Nothing happened before {EARLIEST_DATE} or after today (UTC).",
        is_blocking=True,
        breaches=rows_where(f"{column} < DATE '{EARLIEST_DATE}' OR {column} >= current_date + 1"),
    )


def _filled(column: str, settings: SuiteSettings, *, dated_by: str | None) -> Expectation:
    delivered = f"(SELECT count({column}) > 0 FROM {{batch}})"  # noqa: S608
    share = share_of_rows(f"{column} IS NULL", among=delivered)
    lately = share_of_rows(f"{column} IS NULL", among=f"{delivered} AND {_lately(dated_by)}") if dated_by else share
    return Expectation(
        f"{column} is seldom missing",
        f"Share of rows without {column}, where the source delivers it at all{'; of all rows, or of the newest four weeks where it is more' if dated_by else ''}.",
        is_blocking=False,
        breaches=rows_where(f"{column} IS NULL"),
        figure=f"SELECT greatest(({share}), ({lately})) AS value" if dated_by else share,
        at_most=settings.largest_missing_share,
    )


def _lately(column: str) -> str:
    """Condition: dated in the newest four weeks, so that what began to go wrong is not hidden by years that were right."""
    return f"{column} > (SELECT max({column}) FROM {{batch}}) - to_days({_LATELY_DAYS})"  # noqa: S608


def _spelled_one_way(column: str) -> Expectation:
    return Expectation(
        f"{column} is spelled one way",
        f"No two values of {column} differ only in case or blanks: they would be two groups where there is one.",
        is_blocking=False,
        breaches=f"SELECT lower(trim({column})) AS meant, string_agg(DISTINCT {column}, ' · ' ORDER BY {column}) AS spellings, count(*) AS n_rows "  # noqa: S608
        f"FROM {{batch}} WHERE {column} IS NOT NULL GROUP BY meant HAVING count(DISTINCT {column}) > 1",
    )


def _ids_without_blanks(columns: Sequence[str]) -> Expectation:
    condition = " OR ".join(f"{column} <> trim({column})" for column in columns)
    return Expectation(
        "ids have no blanks around them", "An id with a blank is another id: its rows would be nobody's.", is_blocking=False, breaches=rows_where(condition)
    )


def _articles_are_known() -> Expectation:
    article = (
        f"EXISTS (SELECT 1 FROM {view_name('raw/articles')} AS known WHERE known.merchant_id = judged.merchant_id AND known.article_id = judged.article_id)"  # noqa: S608
    )
    unknown = f"SELECT judged.* FROM {{batch}} AS judged WHERE NOT {article} AND (SELECT count(*) FROM raw_articles) > 0"  # noqa: S608
    return Expectation(
        "articles are in the list of articles",
        "Share of rows whose article the table of articles does not have, where there is such a table: category, price and terms are then unknown.",
        is_blocking=False,
        breaches=unknown,
        figure=f"SELECT (SELECT count(*) FROM ({unknown})) / nullif((SELECT count(*) FROM {{batch}}), 0) AS value",  # noqa: S608
        at_most=_FEW,
        needs=("raw/articles",),
    )


def _seldom(name: str, description: str, condition: str, *, at_most: float, among: str = "true") -> Expectation:
    figure = share_of_rows(condition, among=among)
    return Expectation(name, description, is_blocking=False, breaches=rows_where(f"({condition}) AND ({among})"), figure=figure, at_most=at_most)


_SALE_WEEK = week_of(day_of("occurred_at"))
_WEEKS_WITHOUT_SALE = f"""
SELECT 1 - count(DISTINCT {_SALE_WEEK}) / (max({_SALE_WEEK}) - min({_SALE_WEEK}) + 1) AS value
FROM {{batch}} WHERE occurred_at > (SELECT max(occurred_at) FROM {{batch}}) - to_days({_NEWS_DAYS})
"""  # noqa: S608
_SOLD_ARTICLES = """
SELECT judged.*, known.launch_date, known.end_of_life_date, known.unit_price_eur AS list_price_eur FROM {batch} AS judged
JOIN raw_articles AS known ON known.merchant_id = judged.merchant_id AND known.article_id = judged.article_id WHERE
"""
_SALE_DAY = day_of("judged.occurred_at")
_OUTSIDE_LIFE = f"{_SOLD_ARTICLES} {_SALE_DAY} < known.launch_date OR {_SALE_DAY} > known.end_of_life_date + {_SALE_AFTER_END_DAYS}"
_LATELY_SOLD = f"judged.occurred_at > (SELECT max(occurred_at) FROM {{batch}}) - to_days({_LATELY_DAYS})"  # noqa: S608
_PRICE_OF_ANOTHER_UNIT = (
    f"{_SOLD_ARTICLES} {_LATELY_SOLD} "
    f"AND (judged.unit_price_eur > {_PRICE_FACTOR} * known.unit_price_eur OR judged.unit_price_eur < known.unit_price_eur / {_PRICE_FACTOR})"
)
_PRICE_SHARE = f"SELECT (SELECT count(*) FROM ({_PRICE_OF_ANOTHER_UNIT})) / nullif((SELECT count(*) FROM {{batch}} AS judged WHERE {_LATELY_SOLD}), 0) AS value"  # noqa: S608
_RECENTLY = "(SELECT max(occurred_at) - to_days(91) FROM raw_sales_transactions)"
_SOLD_RECENTLY = f"SELECT DISTINCT merchant_id, article_id FROM raw_sales_transactions WHERE occurred_at > {_RECENTLY}"  # noqa: S608
_UNCOUNTED = f"""
SELECT sold.* FROM ({_SOLD_RECENTLY}) AS sold
ANTI JOIN (SELECT DISTINCT merchant_id, article_id FROM {{batch}} WHERE date > {_RECENTLY}) AS counted USING (merchant_id, article_id)
WHERE (SELECT count(*) FROM {{batch}}) > 0
"""  # noqa: S608
_UNCOUNTED_SHARE = f"SELECT (SELECT count(*) FROM ({_UNCOUNTED})) / nullif((SELECT count(*) FROM ({_SOLD_RECENTLY})), 0) AS value"  # noqa: S608
_FEED_LAG = f"SELECT (SELECT max({day_of('occurred_at')}) FROM raw_sales_transactions) - max(date) AS value FROM {{batch}}"  # noqa: S608
_WEEK_GAPS = """
SELECT 1 - sum(n_rows) / sum(n_weeks) AS value
FROM (SELECT count(*) AS n_rows, date_diff('week', min(week), max(week)) + 1 AS n_weeks FROM {batch} GROUP BY merchant_id, article_id)
"""


def _share_found(breaches: str) -> str:
    return f"SELECT (SELECT count(*) FROM ({breaches})) / nullif((SELECT count(*) FROM {{batch}}), 0) AS value"  # noqa: S608


_OF_ONE_TABLE: Mapping[str, tuple[Expectation, ...]] = {
    "raw/sales_transactions": (
        Expectation(
            "no week is without a sale",
            "Share of the newest eight weeks in which nobody sold anything: everybody was closed, or a delivery is missing.",
            is_blocking=False,
            figure=_WEEKS_WITHOUT_SALE,
            at_most=0.0,
        ),
        Expectation(
            "sold while on sale",
            f"Share of sales before the article's launch or more than {_SALE_AFTER_END_DAYS} days after its end.",
            is_blocking=False,
            breaches=_OUTSIDE_LIFE,
            figure=_share_found(_OUTSIDE_LIFE),
            at_most=_FEW,
            needs=("raw/articles",),
        ),
        Expectation(
            "prices are in the unit of the list",
            f"Share of the sales of the newest four weeks at more than {_PRICE_FACTOR} times, or less than 1/{_PRICE_FACTOR} of, the article's list price.",
            is_blocking=False,
            breaches=_PRICE_OF_ANOTHER_UNIT,
            figure=_PRICE_SHARE,
            at_most=_HARDLY_ANY,
            needs=("raw/articles",),
        ),
    ),
    "raw/weekly_sales": (
        Expectation(
            "series have few gaps",
            "Share of weeks, first to last of a series, without a row: they are unknown, not zero.",
            is_blocking=False,
            figure=_WEEK_GAPS,
            at_most=_FEW,
        ),
        _seldom(
            "nothing is sold where nothing was available",
            "Share of weeks with sales although the article was not available at all.",
            "available_share = 0 AND sales_units > 0",
            at_most=0.0,
        ),
    ),
    "raw/returns": (
        _seldom(
            "returned after the sale",
            "Share of returns dated before their sale.",
            f"{day_of('returned_at')} < {day_of('sold_at')}",
            at_most=_HARDLY_ANY,
            among="sold_at IS NOT NULL",
        ),
    ),
    "raw/stock_levels": (
        Expectation(
            "the stock feed is current",
            "Days from the newest stock count to the newest sale.",
            is_blocking=False,
            figure=_FEED_LAG,
            at_most=_FEED_LAG_DAYS,
            needs=("raw/sales_transactions",),
        ),
        Expectation(
            "what sells is counted",
            "Share of the series sold in the last 13 weeks that nobody counted in them: there, a stock-out would be read as a zero.",
            is_blocking=False,
            breaches=_UNCOUNTED,
            figure=_UNCOUNTED_SHARE,
            at_most=_FEW,
            needs=("raw/sales_transactions",),
        ),
    ),
    "raw/inbound_shipments": (
        _seldom("expected after the order", "Share of shipments expected before they were ordered.", "expected_at < ordered_at", at_most=_HARDLY_ANY),
        _seldom("received after the order", "Share of shipments received before they were ordered.", "received_at < ordered_at", at_most=_HARDLY_ANY),
        _seldom("something was ordered", "Share of shipments of zero units.", "quantity_units = 0", at_most=_FEW),
    ),
    "raw/articles": (
        _seldom("launched before the end of life", "Share of articles that end before they begin.", "end_of_life_date < launch_date", at_most=0.0),
        _seldom(
            "sold above cost",
            "Share of articles whose cost exceeds their price: a lost sale then counts nothing.",
            "unit_cost_eur > unit_price_eur",
            at_most=_FEW,
        ),
    ),
}
