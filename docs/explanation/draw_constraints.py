"""The picture of the limits' page: `python -m docs.explanation.draw_constraints`. Object API of matplotlib; the same code gives the same figures."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.constraints import Merchant, simulated_merchant, situated, whole_orders_first
from simulation.constraints.allocate import Allocation, allocate
from simulation.constraints.problem import totals_of

PICTURE = Path(__file__).parent.parent / "images" / "constraints.png"
N_SKUS = 140
SHARES = np.linspace(0.05, 1.0, 20)
_TANGENTS = (1, 5, 11)


def draw(path: Path) -> None:
    """Cost of a budget, and the price of a euro, over budgets of 5 to 100 % of what would be ordered without one."""
    merchant = simulated_merchant(N_SKUS)
    problems = [situated(merchant, "budget", share=share) for share in SHARES]
    found = [allocate(problem.choices, problem.limits) for problem in problems]
    free = float(problems[0].choices.cost_eur[:, 0].sum())
    whole = [totals_of(problem.choices, problem.limits, whole_orders_first(problem.choices, problem.limits.budget_eur)).cost_eur - free for problem in problems]
    figure = Figure(figsize=(9.0, 3.4), dpi=90, layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_costs(left, merchant, found, whole)
    right.plot(SHARES * merchant.total_eur / 1e3, [one.prices.budget for one in found], marker=".", color="tab:red")
    right.set(xlabel="budget, thousand EUR", ylabel="EUR saved by one more euro", title="the price of the budget", ylim=(0, None))
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _draw_costs(axes: Axes, merchant: Merchant, found: list[Allocation], whole: list[float]) -> None:
    budgets = SHARES * merchant.total_eur
    costs = np.array([one.cost_of_limits_eur for one in found])
    axes.plot(budgets / 1e3, np.array(whole) / 1e3, color="tab:gray", linestyle=":", label="whole orders or none")
    axes.plot(budgets / 1e3, costs / 1e3, marker=".", label="orders found")
    axes.plot(budgets / 1e3, (costs - [one.gap_to_bound_eur for one in found]) / 1e3, linewidth=0.8, color="black", linestyle="--", label="bound")
    for place in _TANGENTS:
        run = np.array([-0.12, 0.12]) * merchant.total_eur
        axes.plot((budgets[place] + run) / 1e3, (costs[place] - found[place].prices.budget * run) / 1e3, color="tab:red", linewidth=1)
    axes.set(xlabel="budget, thousand EUR", ylabel="thousand EUR", title="what a budget costs; slope = price", xlim=(0, None))
    axes.legend(frameon=False, fontsize="small")


if __name__ == "__main__":
    draw(PICTURE)
