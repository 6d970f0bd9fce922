"""The data contract: the tables a source may hold, their columns, units and rules.

Rules are applied twice: `filter` at the raw edge (bad rows become rejects, named by rule), `validate` afterwards
(any failure stops the run). A column marked `optional` may be absent; every non-key column may be null unless
its contract says otherwise. What the stages write is declared in `stage_tables.py`.
"""

from collections.abc import Mapping
from typing import get_args

import dataframely as dy
import polars as pl

from domain.calendar import time_zones
from domain.settings import PolicyName

OPTIONAL = {"optional": True}
"""Metadata of a column that a source may leave out (it is then all null)."""
ONE_OF = "one_of"
"""Metadata of a text column that takes certain names only: a function that lists them."""
LARGEST_UNITS = 1_000_000_000
"""No row counts more pieces than this: what is larger is a barcode, and sums of many rows stay far from 2⁶³."""
LARGEST_TERM_UNITS = 9_999_999
"""Largest order term: with eight digits it is a barcode."""
LARGEST_UNIT_AMOUNT_EUR = 9_999_999.0
"""Largest price, cost or rate of a unit: with eight digits it is a barcode."""
LARGEST_AMOUNT_EUR = 1e12
"""Largest budget or minimum order value."""


def _id(description: str, *, primary_key: bool = True) -> dy.String:
    return dy.String(primary_key=primary_key, nullable=False, min_length=1, description=description)


def _optional_text(description: str) -> dy.String:
    return dy.String(nullable=True, description=description, metadata=OPTIONAL)


def _money(description: str, *, maximum: float = LARGEST_UNIT_AMOUNT_EUR) -> dy.Float64:
    return dy.Float64(nullable=True, min=0.0, max=maximum, allow_inf=False, allow_nan=False, description=description, metadata=OPTIONAL)


def _optional_number(description: str, *, minimum: float = 0.0, maximum: float | None = None) -> dy.Float64:
    return dy.Float64(nullable=True, min=minimum, max=maximum, allow_inf=False, allow_nan=False, description=description, metadata=OPTIONAL)


def _optional_units(description: str, *, minimum: int = 0, maximum: int = LARGEST_TERM_UNITS) -> dy.Int64:
    return dy.Int64(nullable=True, min=minimum, max=maximum, description=description, metadata=OPTIONAL)


def _instant(description: str, *, nullable: bool = False) -> dy.Datetime:
    return dy.Datetime(nullable=nullable, time_unit="us", time_zone="UTC", description=description)


class SalesTransactions(dy.Schema):
    """One line per sale. A week without lines is a week of zero sales."""

    transaction_id = _id("Identifier of the sale; unique per merchant and article.")
    occurred_at = _instant("When the sale happened (a naive timestamp is read as UTC); kept as the merchant's clock showed it.")
    merchant_id = _id("Who sells.")
    article_id = _id("What is sold: one size and colour.")
    warehouse_id = _optional_text("Where it left from.")
    quantity_units = dy.Int64(nullable=False, min=1, max=LARGEST_UNITS, description="Units sold; returns are a table of their own.")
    unit_price_eur = _money("Price paid per unit; 0 = not known.")


class WeeklySales(dy.Schema):
    """Sales already added up by week, instead of transactions. A missing week is unknown, not zero."""

    merchant_id = _id("Who sells.")
    article_id = _id("What is sold: one size and colour.")
    week = dy.Date(primary_key=True, nullable=False, description="Monday of the week.")
    sales_units = dy.Int64(nullable=True, min=0, max=LARGEST_UNITS, description="Units sold in the week; null = not known.")
    available_share = _optional_number("Share of the week in stock; null = not known, read as in stock; 0 = demand unknown.", maximum=1.0)
    unit_price_eur = _money("Mean price per unit in the week; 0 = not known.")
    promotion = _optional_number("Strength of the week's promotion: 0 none, 1 full.", maximum=1.0)

    @dy.rule()
    def week_is_monday(cls) -> pl.Expr:
        """A week is named by its Monday."""
        return pl.col("week").dt.weekday() == 1


class Returns(dy.Schema):
    """One line per return. Without this table nothing is returned."""

    return_id = _id("Identifier of the return.")
    returned_at = _instant("When the goods came back.")
    merchant_id = _id("Who sold.")
    article_id = _id("What came back.")
    quantity_units = dy.Int64(nullable=False, min=1, max=LARGEST_UNITS, description="Units returned.")
    transaction_id = _optional_text("The sale it belongs to.")
    sold_at = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC", description="When it had been sold.", metadata=OPTIONAL)


class StockLevels(dy.Schema):
    """Stock at the end of a day. Without this table stock is assumed to be zero and no week is censored."""

    merchant_id = _id("Whose stock.", primary_key=False)
    article_id = _id("Which article.", primary_key=False)
    warehouse_id = dy.String(nullable=True, description="Where; summed over by the single-location engine.", metadata=OPTIONAL)
    date = dy.Date(nullable=False, description="Day at whose end the stock was counted.")
    on_hand_units = dy.Int64(
        nullable=True,
        min=-LARGEST_UNITS,
        max=LARGEST_UNITS,
        description="Units on hand at the end of the day; below zero = sold before it was booked in; null = counted, but not known. Lots of one article, warehouse and day add up.",
    )

    @dy.rule()
    def row_key(cls) -> pl.Expr:
        """A row per article, warehouse and day; no warehouse counts as one."""
        return pl.struct(ROW_KEYS["stock_levels"]).is_unique()


class InboundShipments(dy.Schema):
    """Replenishment orders on their way or received."""

    shipment_id = _id("Identifier of the shipment.")
    merchant_id = _id("Who ordered.")
    article_id = _id("Which article.")
    warehouse_id = _optional_text("Where it goes.")
    ordered_at = _instant("When it was ordered.", nullable=True)
    expected_at = _instant("When it is expected.", nullable=True)
    received_at = _instant("When it arrived; null = in transit.", nullable=True)
    quantity_units = dy.Int64(nullable=False, min=0, max=LARGEST_UNITS, description="Units ordered.")


class Articles(dy.Schema):
    """What is known of an article: attributes, life cycle, price, packaging."""

    merchant_id = _id("Who sells it.")
    article_id = _id("Which article.")
    category = _optional_text("Product category.")
    brand = _optional_text("Brand.")
    season = _optional_text("Season it belongs to.")
    launch_date = dy.Date(nullable=True, description="First day on sale.", metadata=OPTIONAL)
    end_of_life_date = dy.Date(nullable=True, description="Last day on sale.", metadata=OPTIONAL)
    unit_price_eur = _money("List price per unit; 0 = not known, the price paid then counts.")
    unit_cost_eur = _money("Purchase cost per unit; 0 = not known, as an empty cell.")
    minimum_order_quantity_units = _optional_units("Smallest order the supplier accepts; 0 = not maintained, the merchant's then counts.", minimum=1)
    pack_size_units = _optional_units("Orders come in multiples of this; 0 = not maintained, the merchant's then counts.", minimum=1)
    service_class = _optional_text("Service class, e.g. A, B, C.")
    supplier_id = _optional_text("Who supplies it; null = not known, no minimum order value then holds.")
    lead_time_weeks = _optional_number("Mean full weeks between order and receipt [L]; null = the merchant's, and what its shipments show.", maximum=52.0)


class Merchants(dy.Schema):
    """One line per merchant: its name and the inventory settings that differ from the platform's."""

    merchant_id = _id("Who.")
    name = _optional_text("Display name.")
    time_zone = dy.String(
        nullable=True,
        check=lambda name: name.is_in(time_zones()),
        description="Whose clock says what day and week it is, an IANA name such as America/Los_Angeles; null = the platform's setting.",
        metadata={**OPTIONAL, ONE_OF: time_zones},
    )
    review_period_weeks = _optional_units("Weeks between two order decisions [R].", minimum=1, maximum=12)
    order_weekdays = _optional_text('Days on which orders are placed: "monday, thursday"; null = the platform\'s.')
    order_dates = _optional_text('Dates on which orders are placed, instead of weekdays: "2026-10-05, 2026-11-02"; null = none.')
    smallest_benefit_eur = _money("What an order must save at least against ordering nothing today; null = the fixed order cost, else 1 EUR.")
    lead_time_weeks = _optional_number(
        "Mean full weeks between order and receipt [L]; 0 = not maintained, the platform's default then counts (a lead time of 0 is set in the settings file).",
        maximum=52.0,
    )
    lead_time_cv = _optional_number("Standard deviation of the lead time over its mean; 0 = deterministic.", maximum=5.0)
    policy = dy.String(nullable=True, regex=f"^({'|'.join(get_args(PolicyName))})$", description="Replenishment policy.", metadata=OPTIONAL)
    trigger = dy.String(nullable=True, regex="^(position|on_hand)$", description="What the reorder point is compared with.", metadata=OPTIONAL)
    objective = dy.String(nullable=True, regex="^(mean|p[1-9][0-9]?|cvar[1-9][0-9]?)$", description="What is minimised over the paths.", metadata=OPTIONAL)
    discount = _optional_number("Weight of a week's cost relative to the week before.", minimum=0.5, maximum=1.0)
    inbound_share_before_demand = _optional_number("Share of a week's arrivals and returns that is on hand before its demand.", maximum=1.0)
    minimum_order_quantity_units = _optional_units("Smallest order, where the article has none of its own; 0 = not maintained.", minimum=1)
    pack_size_units = _optional_units("Order multiple, where the article has none of its own; 0 = not maintained.", minimum=1)
    maximum_order_quantity_units = _optional_units("Largest order of an article; null = no limit.", minimum=1)
    storage_capacity_units = _optional_units("Most units of an article on hand and on order after an order; null = no limit.", minimum=1)
    minimum_fill_rate = _optional_number("Least share of demand served, on average over the paths; null = none.", maximum=1.0)
    budget_eur_per_week = _money("Most to be spent on orders in an ISO week, earlier orders of the week counted; null = no limit.", maximum=LARGEST_AMOUNT_EUR)
    inbound_capacity_units_per_week = _optional_units(
        "Most units that may arrive in the week in which an order of today is due; null = no limit.", maximum=LARGEST_UNITS
    )
    minimum_order_value_eur = _money("What a supplier must be ordered for on a day, or nothing at all; null = no minimum.", maximum=LARGEST_AMOUNT_EUR)
    fill_rate_floors = _optional_text('Least fill rate by service class, over the class\'s demand: "A=0.95, B=0.9"; null = none.')
    terminal_markdown_share = _optional_number("Share of unit cost lost on each unit left at the horizon.", maximum=1.0)
    initial_order_latest_week = _optional_units("Latest week, counted from now, in which the kick-start order may be placed.", maximum=11)


class CostRates(dy.Schema):
    """Cost rates of a merchant, or of one of its articles (which then wins)."""

    merchant_id = _id("Who pays.", primary_key=False)
    article_id = dy.String(nullable=True, description="Which article; null = all of the merchant's.", metadata=OPTIONAL)
    holding_rate_eur_per_unit_week = _money("Storage and capital per unit on hand at a week's end [h].")
    inbound_rate_eur_per_unit = _money("Receiving cost per unit ordered.")
    outbound_rate_eur_per_unit = _money("Shipping cost per unit sold.")
    return_handling_rate_eur_per_unit = _money("Handling cost per unit returned.")
    fixed_order_cost_eur = _money("Cost of placing one order [K].")

    @dy.rule()
    def row_key(cls) -> pl.Expr:
        """A row per merchant and one per article with rates of its own."""
        return pl.struct(ROW_KEYS["cost_rates"]).is_unique()


class ExternalSignals(dy.Schema):
    """Weather, competitor prices, events: used only where they were known before the cutoff."""

    week = dy.Date(nullable=False, description="Monday of the week the value is about.")
    merchant_id = dy.String(nullable=True, description="Whom it concerns; null = everybody.", metadata=OPTIONAL)
    name = _id("What is measured.", primary_key=False)
    value = dy.Float64(nullable=True, allow_inf=False, allow_nan=False, description="The value.")
    known_from = dy.Date(nullable=True, description="First day on which it was known.")

    @dy.rule()
    def row_key(cls) -> pl.Expr:
        """A row per week and signal, for everybody or for one merchant."""
        return pl.struct(ROW_KEYS["external_signals"]).is_unique()


RAW_TABLES: Mapping[str, type[dy.Schema]] = {
    "sales_transactions": SalesTransactions,
    "weekly_sales": WeeklySales,
    "returns": Returns,
    "stock_levels": StockLevels,
    "inbound_shipments": InboundShipments,
    "articles": Articles,
    "merchants": Merchants,
    "cost_rates": CostRates,
    "external_signals": ExternalSignals,
}
"""Every table of the contract by name, in the order in which they are read."""

ROW_KEYS: Mapping[str, tuple[str, ...]] = {
    "sales_transactions": ("merchant_id", "article_id", "transaction_id"),
    "weekly_sales": ("merchant_id", "article_id", "week"),
    "returns": ("merchant_id", "article_id", "return_id"),
    "stock_levels": ("merchant_id", "article_id", "warehouse_id", "date"),
    "inbound_shipments": ("merchant_id", "article_id", "shipment_id"),
    "articles": ("merchant_id", "article_id"),
    "merchants": ("merchant_id",),
    "cost_rates": ("merchant_id", "article_id"),
    "external_signals": ("week", "merchant_id", "name"),
}
"""Columns that identify a row. Nullable ones (a warehouse, an article) count as a value of their own."""

SALES_TABLES = ("sales_transactions", "weekly_sales")
"""Exactly one of these must be present."""


ADDED_UP: Mapping[str, str] = {"stock_levels": "on_hand_units"}
"""Tables whose rows of one key are parts of a whole (lots of one article), with the column that adds up."""


def refusable_cells(table: str) -> frozenset[str]:
    """Columns whose bad value costs the cell and not the row: null is a meaning they have, and no key holds them."""
    cells = {name for name, column in RAW_TABLES[table].columns().items() if column.nullable and (column.metadata or {}).get("optional")}
    return frozenset((cells | {ADDED_UP.get(table, "")}) - {*ROW_KEYS[table], ""})


def required_columns(schema: type[dy.Schema]) -> list[str]:
    """Columns a source must have."""
    return [name for name, column in schema.columns().items() if not (column.metadata or {}).get("optional")]
