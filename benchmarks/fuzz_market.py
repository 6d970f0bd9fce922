"""The small market that `replenish bench fuzz` spoils: four articles, forty weeks, every table of the contract but weekly sales."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

LAST_DAY = date(2026, 9, 27)
"""A Sunday: the decision is for the Monday after it."""
N_DAYS = 280
ARTICLES = {"BOLT": (20, 4.0), "CUP": (12, 9.0), "DISH": (8, 15.0), "FORK": (30, 3.0)}
"""Units a week and price by article."""


def write_market(folder: Path) -> None:
    """Write the market's tables as CSV, the same each time."""
    folder.mkdir(parents=True)
    for name, (header, rows) in _tables().items():
        (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _tables() -> dict[str, tuple[str, list[str]]]:
    last = LAST_DAY.isoformat()
    weekly, prices = ({name: values[place] for name, values in ARTICLES.items()} for place in (0, 1))
    stock = [f"shop,{name},{day},{2 * weekly[name]}" for day in ((LAST_DAY - timedelta(weeks=1)).isoformat(), last) for name in ARTICLES]
    return {
        "sales_transactions": ("transaction_id,occurred_at,merchant_id,article_id,quantity_units,unit_price_eur", _sales()),
        "returns": ("return_id,returned_at,merchant_id,article_id,quantity_units", [f"R{n},2026-08-{n + 1:02d}T10:00:00,shop,CUP,1" for n in range(8)]),
        "stock_levels": ("merchant_id,article_id,date,on_hand_units", stock),
        "inbound_shipments": (
            "shipment_id,merchant_id,article_id,ordered_at,expected_at,received_at,quantity_units",
            [f"S{n},shop,{name},2026-0{5 + n}-01,2026-0{5 + n}-22,2026-0{5 + n}-22,{4 * weekly[name]}" for n in range(3) for name in ARTICLES],
        ),
        "articles": (
            "merchant_id,article_id,category,unit_price_eur,unit_cost_eur,minimum_order_quantity_units,pack_size_units",
            [f"shop,{name},kitchen,{price},{0.45 * price:.2f},6,2" for name, price in prices.items()],
        ),
        "merchants": ("merchant_id,name,lead_time_weeks,lead_time_cv,review_period_weeks", ["shop,The shop,3,0.2,1"]),
        "cost_rates": ("merchant_id,article_id,holding_rate_eur_per_unit_week,inbound_rate_eur_per_unit,fixed_order_cost_eur", ["shop,,0.01,0.05,2"]),
    }


def _sales() -> list[str]:
    draws = np.random.default_rng(20_260_927)
    rows, first = [], LAST_DAY - timedelta(days=N_DAYS - 1)
    for name, (weekly, price) in ARTICLES.items():
        for day, units in enumerate(draws.poisson(weekly / 7, N_DAYS)):
            if units:
                rows.append(f"{(first + timedelta(days=day)).isoformat()}T10:{len(rows) % 60:02d}:00,shop,{name},{units},{price}")
    return [f"T{number:05d},{row}" for number, row in enumerate(sorted(rows))]
