# %% [markdown]
# # What the platform knows, in six pictures
#
# The cells open the analysts' DuckDB file read-only, ask one question each and plot the answer. They run as they are
# in VS Code, Jupyter (with Jupytext) and Spyder, and as a script that saves the pictures:
#
#     python examples/analysis.py --data data --out pictures
#
# What each table and column means: `SELECT * FROM data_dictionary`, or docs/reference/data_dictionary.md.

# %% Where the data is, and how a picture is shown
"""Plots from the analysts' DuckDB file: stock cover, a forecast, costs, accuracy, orders, history."""

import argparse
from pathlib import Path

import duckdb
import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

parser = argparse.ArgumentParser(description="Plot what the platform knows.")
parser.add_argument("--data", default="data", help="Data root of the platform.")
parser.add_argument("--out", help="Folder for the pictures; without it they are shown.")
arguments, _ = parser.parse_known_args()  # a notebook's kernel has arguments of its own
if arguments.out:
    mpl.use("Agg")
plt.rcParams |= {
    "text.parse_math": False,  # ids may hold a $
    "figure.dpi": 96,
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.92",
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": "small",
    "date.autoformatter.month": "%b %y",
}
BLUE, ORANGE, GRAY = "tab:blue", "tab:orange", "0.6"

connection = duckdb.connect(str(Path(arguments.data, "analytics", "replenish.duckdb")), read_only=True)


def ask(query: str, **parameters: object) -> pd.DataFrame:
    """Rows of a query; `$name` in it is a parameter."""
    return connection.execute(query, parameters).df()


def present(figure: Figure, name: str) -> None:
    """Save the picture, or show it."""
    if arguments.out:
        Path(arguments.out).mkdir(parents=True, exist_ok=True)
        figure.savefig(Path(arguments.out, f"analysis_{name}.png"))
        plt.close(figure)
    else:
        plt.show()


# %% [markdown]
# ## How long does the stock last?
# Too little on the left, too much on the right. An article with nothing on hand earns nothing; one with half a year of
# cover locks up money.

# %%
cover = ask("SELECT least(weeks_of_cover, 26) AS weeks, is_stocked_out FROM stock_cover WHERE weeks_of_cover IS NOT NULL")
overstock = ask("SELECT category, sum(overstock_value_eur) AS eur FROM stock_by_category GROUP BY category ORDER BY eur, category")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=(3, 2))
bins = list(range(27))
left.hist(
    [cover.weeks[cover.is_stocked_out], cover.weeks[~cover.is_stocked_out]], bins=bins, stacked=True, color=[ORANGE, BLUE], label=["stocked out", "in stock"]
)
left.set(title="Articles by weeks of cover", xlabel="weeks at the expected demand (26 = 26 or more)", ylabel="articles")
left.legend()
right.barh(overstock.category, overstock.eur / 1000, color=BLUE)
right.set(title="Stock beyond 12 weeks of demand", xlabel="thousand EUR")
present(figure, "stock_cover")

# %% [markdown]
# ## What is expected of a big article?
# A year of sales and the 12 weeks ahead. Weeks in which stock ran out are hollow: demand was at least that much.

# %%
largest = ask("SELECT merchant_id, article_id FROM stock_cover ORDER BY expected_demand_units DESC, merchant_id, article_id LIMIT 1")
article = {name: str(largest[name][0]) for name in ("merchant_id", "article_id")}
history = ask(
    """
    SELECT week, sales_units, is_censored FROM weekly_demand
    WHERE merchant_id = $merchant_id AND article_id = $article_id
    ORDER BY week DESC LIMIT 52
    """,
    **article,
)
forecast = ask("SELECT * FROM forecasts WHERE merchant_id = $merchant_id AND article_id = $article_id ORDER BY week", **article)

figure, axes = plt.subplots(figsize=(9, 3.2))
axes.plot(history.week, history.sales_units, color=GRAY, linewidth=1, zorder=1)
for is_censored, face, label in ((False, GRAY, "sales"), (True, "white", "sales, stock ran out")):
    some = history[history.is_censored == is_censored]
    axes.scatter(some.week, some.sales_units, s=14, facecolor=face, edgecolor="0.4", label=label, zorder=2)
for low, high, alpha, label in (("025", "975", 0.15, "95 %"), ("100", "900", 0.2, "80 %"), ("250", "750", 0.3, "50 %")):
    axes.fill_between(forecast.week, forecast[f"demand_q{low}"], forecast[f"demand_q{high}"], color=BLUE, alpha=alpha, linewidth=0, label=label)
axes.plot(forecast.week, forecast.demand_q500, color=BLUE, label="median")
axes.set(title=f"{article['merchant_id']} / {article['article_id']}: weekly demand", ylabel="units per week", ylim=(0, None))
axes.legend(ncols=3)
present(figure, "forecast_fan")

# %% [markdown]
# ## Where do the costs come from?
# Expected over the next 12 weeks, with the recommended policies.

# %%
costs = ask("SELECT merchant_id, term, sum(expected_cost_eur) AS eur FROM costs_by_term GROUP BY merchant_id, term ORDER BY merchant_id, term")
by_term = costs.pivot_table(index="merchant_id", columns="term", values="eur") / 1000
by_term = by_term.loc[by_term.sum(axis=1).sort_values().index[-12:], by_term.sum().sort_values(ascending=False).index]
by_term = by_term.loc[:, by_term.sum() > 0]

figure, axes = plt.subplots(figsize=(9, 3.2))
left_edge = pd.Series(0.0, index=by_term.index)
for term in by_term:
    axes.barh(by_term.index, by_term[term], left=left_edge, label=str(term).replace("_", " "))
    left_edge += by_term[term]
axes.set(title="Expected cost of the 12 weeks by merchant", xlabel="thousand EUR")
axes.legend()
present(figure, "costs")

# %% [markdown]
# ## Can the forecast be trusted?
# The error of every forecast that can be judged, by kind of demand, and how it grows with the horizon.

# %%
over_time = ask(
    """
    SELECT cutoff, segment, sum(absolute_error_units) / nullif(sum(actual_units), 0) AS wape
    FROM accuracy_history GROUP BY cutoff, segment ORDER BY cutoff, segment
    """
)
by_horizon = ask(
    """
    SELECT horizon_week, segment, sum(absolute_error_units) / nullif(sum(actual_units), 0) AS wape
    FROM accuracy_by_horizon GROUP BY horizon_week, segment ORDER BY horizon_week, segment
    """
)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for segment, rows in over_time.groupby("segment"):
    left.plot(rows.cutoff, 100 * rows.wape, marker="o", markersize=4, label=segment)
for _, rows in by_horizon.groupby("segment"):
    right.plot(rows.horizon_week, 100 * rows.wape, marker="o", markersize=4)
left.set(title="Forecast error by cutoff", ylabel="error, % of units sold (WAPE)", ylim=(0, None))
left.set_xlim(over_time.cutoff.min() - pd.Timedelta(weeks=6), over_time.cutoff.max() + pd.Timedelta(weeks=6))
left.legend(title="demand is")
right.set(title="The same by horizon, last 12 weeks", xlabel="weeks after the cutoff")
present(figure, "accuracy")

# %% [markdown]
# ## What is to be ordered?
# Today's orders by category, and how much of the expected demand is served with and without them.

# %%
orders = ask(
    """
    SELECT
        category,
        sum(order_value_eur) / 1000 AS keur,
        sum(fill_rate * expected_demand_units) / nullif(sum(expected_demand_units), 0) AS fill_rate,
        sum(fill_rate_without_order * expected_demand_units) / nullif(sum(expected_demand_units), 0) AS fill_rate_without_order
    FROM kpis_by_category GROUP BY category ORDER BY keur, category
    """
)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
left.barh(orders.category, orders.keur, color=BLUE)
left.set(title="Orders of today", xlabel="thousand EUR")
right.hlines(orders.category, 100 * orders.fill_rate_without_order, 100 * orders.fill_rate, color=GRAY)
right.scatter(100 * orders.fill_rate_without_order, orders.category, color=ORANGE, label="without orders", zorder=2)
right.scatter(100 * orders.fill_rate, orders.category, color=BLUE, label="with orders", zorder=2)
right.set(title="Demand served over 12 weeks", xlabel="expected fill rate, %", xlim=(0, 100))
right.legend(loc="lower left")
present(figure, "orders")

# %% [markdown]
# ## How did we get here?
# Sales and stock-outs of the last two years, week by week.

# %%
weeks = ask(
    """
    SELECT week, sum(gmv_eur) / 1000 AS keur, sum(n_stocked_out) / sum(n_series) AS stock_out_share
    FROM weekly_history GROUP BY week ORDER BY week DESC LIMIT 104
    """
)

figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 3.6), sharex=True)
top.fill_between(weeks.week, weeks.keur, color=BLUE, alpha=0.3, linewidth=0)
top.plot(weeks.week, weeks.keur, color=BLUE, linewidth=1)
top.set(title="Sales at the week's price", ylabel="thousand EUR", ylim=(0, None))
bottom.plot(weeks.week, 100 * weeks.stock_out_share, color=ORANGE, linewidth=1)
bottom.set(title="Articles whose stock ran out", ylabel="% of articles", ylim=(0, None))
present(figure, "history")

# %%
connection.close()
