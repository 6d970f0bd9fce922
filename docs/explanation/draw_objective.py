"""The picture of the objective's page: `python -m docs.explanation.draw_objective`. Object API of matplotlib; the same code gives the same figures."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.sku import example_vector
from domain.settings import Settings
from simulation.costs import objective_values
from simulation.kpis import path_costs
from simulation.optimize import situation_of
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.tuning import tune

PICTURE = Path(__file__).parent.parent / "images" / "objective.png"
SKU, SEED = 3, 1
OBJECTIVES = ("mean", "p75", "cvar90")
_COLORS = ("tab:blue", "tab:red", "tab:green")
_SMALL, _LARGE = 0, 80
"""Two of today's orders whose costs are compared, units."""


def simulated_costs() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Today's orders, and the path costs of each on fresh paths `(n_orders, n_paths)`; later orders as the look-ahead policy's."""
    vector, settings, policy = example_vector(SKU), Settings(), POLICIES["look_ahead"]
    situation = situation_of(vector, settings, seed=SEED)
    orders = np.arange(0, 241, 4)
    row = tune(policy, situation, settings).theta[1]
    fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=SEED)
    candidates = np.column_stack((orders, np.full(orders.size, row)))
    return orders, path_costs(policy.form(situation), candidates, fresh, situation.terms)


def draw(path: Path) -> None:
    """Path costs of two orders, and three objectives over orders."""
    orders, costs = simulated_costs()
    figure = Figure(figsize=(9.0, 3.4), dpi=90, layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_distributions(left, orders, costs)
    _draw_objectives(right, orders, costs)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _draw_distributions(axes: Axes, orders: npt.NDArray[np.int64], costs: npt.NDArray[np.float32]) -> None:
    for units, color in ((_SMALL, "tab:gray"), (_LARGE, "tab:purple")):
        sorted_costs = np.sort(costs[np.searchsorted(orders, units)])
        axes.plot(sorted_costs, np.arange(1, sorted_costs.size + 1) / sorted_costs.size, color=color, label=f"order {units} units today")
        axes.plot(objective_values(sorted_costs[None, :], "p75"), [0.75], marker="o", color=color)
    axes.axhline(0.75, color="black", linewidth=0.8, linestyle=":")
    axes.set(
        xlabel="EUR in 12 weeks",
        ylabel="share of paths that cost less",
        title="a policy is a distribution of costs",
        xlim=(0, np.quantile(costs[np.searchsorted(orders, _SMALL)], 0.995)),
        ylim=(0, 1),
    )
    axes.legend(frameon=False, fontsize="small", loc="lower right")


def _draw_objectives(axes: Axes, orders: npt.NDArray[np.int64], costs: npt.NDArray[np.float32]) -> None:
    for objective, color in zip(OBJECTIVES, _COLORS, strict=True):
        values = objective_values(costs, objective)
        best = int(np.argmin(values))
        axes.plot(orders, values, color=color, label=f"{objective}: least at {orders[best]}")
        axes.plot(orders[best], values[best], marker="o", color=color)
    axes.set(xlabel="units ordered today", ylabel="EUR in 12 weeks", title="the objective decides the order", ylim=(0, None))
    axes.legend(frameon=False, fontsize="small")


if __name__ == "__main__":
    draw(PICTURE)
