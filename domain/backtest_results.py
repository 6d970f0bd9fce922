"""The contract of a backtest's rows: one per start date, contestant and series. Every table of the report is a sum over them."""

import dataframely as dy


def _euros(description: str) -> dy.Float64:
    return dy.Float64(nullable=False, allow_inf=False, allow_nan=False, description=description)


def _count(description: str) -> dy.Int64:
    return dy.Int64(nullable=False, min=0, description=description)


class BacktestResults(dy.Schema):
    """Backtest: what each contestant cost and served, by start date and series, on the same demand, deliveries and returns."""

    start_week = dy.Date(primary_key=True, nullable=False, description="Monday of the last observed week; the first decision falls at its end.")
    contestant = dy.String(primary_key=True, nullable=False, min_length=1, description="Policy, objective, forecaster and what was taken out.")
    merchant_id = dy.String(primary_key=True, nullable=False, description="Who sells.")
    article_id = dy.String(primary_key=True, nullable=False, description="What is sold.")
    n_weeks = _count("Weeks played.")
    holding_cost_eur = _euros("Storage and capital, over the weeks played.")
    inbound_cost_eur = _euros("Receiving.")
    outbound_cost_eur = _euros("Shipping.")
    returns_cost_eur = _euros("Return handling.")
    lost_sales_cost_eur = _euros("Margin lost on unmet demand.")
    overstock_cost_eur = _euros("Mark-down of stock left at the end, where the merchant charges one.")
    fixed_order_cost_eur = _euros("Of placing orders.")
    cost_eur = _euros("All terms together.")
    promised_cost_eur = dy.Float64(
        nullable=True, allow_inf=False, allow_nan=False, description="Expected at the start of the plan of the first decision; null = nothing was promised."
    )
    promised_demand_units = dy.Float64(nullable=True, min=0.0, description="Demand expected with it.")
    promised_sold_units = dy.Float64(nullable=True, min=0.0, description="Sales expected with it.")
    demand_units = _count("Units asked for.")
    sold_units = _count("Units sold.")
    ordered_units = _count("Units ordered.")
    n_orders = _count("Weeks with an order.")
    stock_out_weeks = _count("Weeks in which demand was lost.")
    mean_on_hand_units = dy.Float64(nullable=False, min=0.0, description="Mean stock at the ends of weeks.")
    left_units = _count("Stock at the end of the last week.")
    left_value_eur = _euros("Its value at unit cost (at unit price where the cost is not known).")
    gmv_eur = _euros("Price × units sold.")
    revenue_potential_eur = _euros("Price × units demanded: the weight of service figures.")
    inventory_value_eur = _euros("Mean stock at unit cost (at unit price where the cost is not known).")
    phase = dy.String(
        nullable=False, description="life-cycle (launched within half a year before, or ending within half a year after the start) or steady state."
    )
    abc_class = dy.String(nullable=False, description="A, B or C of its merchant, by price × units sold in the twelve weeks before the start.")
    demand_class = dy.String(nullable=False, description="The forecast's segment.")
    skill = dy.String(nullable=False, description="Third of merchants by the share of Sundays with stock in the year before: low, middle, high, or not known.")
    ends_soon = dy.Bool(nullable=False, description="Whether its life ends by four weeks after the game: what is left is then obsolete.")
