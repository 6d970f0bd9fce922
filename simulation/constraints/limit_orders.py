"""The door: orders of one day within the limits of each merchant, and what each limit costs."""

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from domain.settings import Settings
from domain.stage_tables import ConstraintPrices
from simulation.constraints.allocate import allocate
from simulation.constraints.limits import problem_of
from simulation.constraints.words import describe_limits

_KEY = ["merchant_id", "article_id"]
_ORDERS = {"merchant_id": pl.String, "article_id": pl.String, "limited_units": pl.Int64}


class LimitedOrders(NamedTuple):
    """Of the merchants that have limits."""

    orders: pl.DataFrame
    """`merchant_id`, `article_id`, `limited_units`, sorted by key."""
    prices: pl.DataFrame
    """`stage_tables.ConstraintPrices`"""


def limit_orders(curves: pl.DataFrame, *, decision_date: date, merchants: pl.DataFrame, settings: Settings) -> LimitedOrders:
    """Choose an order for every SKU within its merchant's limits; merchants do not depend on each other.

    Args:
        curves: `stage_tables.OrderCurves` of one day: all SKUs of every merchant in it, whatever their shard.
        decision_date: The day.
        merchants: Contract table `merchants`.
        settings: The platform's; each merchant's own are put on top.
    """
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    orders, prices = [pl.DataFrame(schema=_ORDERS)], []
    for (merchant_id,), part in curves.sort(_KEY).partition_by("merchant_id", as_dict=True, maintain_order=True).items():
        inventory = settings.for_merchant(str(merchant_id), merchant_rows.get(merchant_id)).inventory
        situated = problem_of(part, inventory)
        found = allocate(situated.choices, situated.limits)
        units = situated.choices.units[np.arange(part.height), found.chosen].astype(np.int64)
        orders.append(part.select(*_KEY, limited_units=pl.Series(units)))
        prices += [{"date": decision_date, "merchant_id": merchant_id} | row for row in describe_limits(situated, found, inventory)]
    table = pl.DataFrame(prices, schema=ConstraintPrices.create_empty().schema).sort("merchant_id", "constraint", "applies_to")
    return LimitedOrders(pl.concat(orders), ConstraintPrices.validate(table))
