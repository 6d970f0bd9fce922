"""The exceptions of a day by the money at stake. A SKU may appear with several reasons."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import polars as pl

from domain.settings import Settings
from domain.stage_tables import Exceptions
from quality.exceptions import orders, records, supply
from quality.exceptions.as_read import as_read
from quality.exceptions.exception_rows import SERIES_KEY

_VECTOR_COLUMNS = [
    "on_hand_units",
    "inbound_units",
    "demand_quantiles_units",
    "sales_history_units",
    "unit_price_eur",
    "unit_cost_eur",
    "unit_value_eur",
    "return_rate",
    "lead_time_weeks",
    "pack_size_units",
    "segment",
]


class Skus(NamedTuple):
    """SKUs of a day."""

    policies: pl.DataFrame
    """Rows of `stage_tables.Policies`."""
    vectors: pl.DataFrame
    """Rows of `stage_tables.SkuVectors`."""

    def joined(self) -> pl.DataFrame:
        """The policies with what exceptions read of the vectors."""
        return self.policies.join(self.vectors.select(*SERIES_KEY, *_VECTOR_COLUMNS), on=SERIES_KEY, how="left")


def rank_exceptions(
    policies: pl.DataFrame,
    vectors: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    *,
    decision_date: date,
    settings: Settings,
    market: Skus | None = None,
) -> pl.DataFrame:
    """All exceptions of a day, most money first.

    Args:
        policies: `stage_tables.Policies` of the day.
        vectors: `stage_tables.SkuVectors` of the same SKUs.
        tables: `stock_levels`, `inbound_shipments`, `articles`, `merchants`, `readings` (of the source and of the day) and `constraint_prices` of the
            day; what is dated on or after the day is not looked at.
        decision_date: The day.
        settings: For lead times and caps.
        market: Every SKU of the day, for causes that are a merchant's: of several shards one tells them, the others get none here; `None` = the SKUs
            given are all.

    Returns:
        `stage_tables.Exceptions`, without those where nothing is at stake; what was not decided and how something was read is said even so.
    """
    skus = Skus(policies, vectors).joined()
    everybody = skus if market is None else market.joined()
    merchants, readings = tables["merchants"], tables["readings"]
    found = [
        supply.gap_before_arrival(skus, merchants, settings=settings),
        supply.overdue(skus, tables["inbound_shipments"], readings, decision_date=decision_date),
        supply.without_date(skus, tables["inbound_shipments"]),
        supply.lead_time_differs(everybody, readings),
        supply.without_lead_time(everybody, merchants, settings=settings),
        orders.cut_by_a_limit(skus),
        orders.held_at_cap(skus, merchants, settings=settings),
        orders.budget_exceeded(tables["constraint_prices"]),
        orders.longer_than_horizon(skus),
        orders.price_below_cost(skus),
        records.without_stock_record(skus, tables["stock_levels"], decision_date=decision_date),
        records.stock_below_zero(skus, tables["stock_levels"], decision_date=decision_date),
        records.without_history(skus),
        records.demand_level_shift(skus),
        records.life_ended_with_stock(skus, tables["articles"], decision_date=decision_date),
    ]
    with_money = pl.concat(found).filter(pl.col("at_stake_eur") > 0)
    rows = pl.concat([with_money, orders.not_decided(skus), as_read(skus, readings)]).with_columns(date=pl.lit(decision_date))
    order = ["at_stake_eur", *SERIES_KEY, "reason"]
    return Exceptions.validate(rows.select(Exceptions.column_names()).sort(order, descending=[True, False, False, False]))
