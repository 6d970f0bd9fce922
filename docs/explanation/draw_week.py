"""The picture of the week's page: `python -m docs.explanation.draw_week`. Object API of matplotlib; the same code gives the same figures."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.sku import example_vector
from domain.settings import Settings
from simulation.kernels.order_plans import plan_orders
from simulation.kernels.path_costs import new_workspace
from simulation.kernels.weekly_simulation import by_week, simulate_block
from simulation.optimize import situation_of
from simulation.policies.registry import POLICIES

PICTURE = Path(__file__).parent.parent / "images" / "week.png"
SKU, SEED, PATH = 3, 1, 7
THETA = np.array([0, 20, 45, 30, 8], dtype=np.int64)
"""(t₀, Q₀, s, Q, t_limit): round numbers that show every event, not the best ones."""


class PathFlows(NamedTuple):
    """What happened on one path, units."""

    demand: npt.NDArray[np.float32]
    """`(12,)`"""
    sold: npt.NDArray[np.float32]
    ordered: npt.NDArray[np.float32]
    on_hand: npt.NDArray[np.float32]
    """`(13,)` at each epoch and after the last week."""
    position: npt.NDArray[np.float32]


def simulated_path() -> PathFlows:
    """One path of a made-up SKU, run through the kernel that the search uses."""
    situation = situation_of(example_vector(SKU), Settings(), seed=SEED)
    paths, terms, room = situation.paths.blocks, situation.terms, new_workspace(situation.paths.blocks)
    n_weeks = situation.n_weeks
    plan_orders(POLICIES["extended"].form(situation), THETA, terms.orders, room.plan)
    simulate_block(room.plan, 0, paths, terms, room.flows, room.cost[0])
    rows = ((room.flows.sold, n_weeks), (room.flows.ordered, n_weeks), (room.flows.on_hand, n_weeks + 1), (room.flows.position, n_weeks + 1))
    return PathFlows(paths.demand_units[0, :, PATH], *(by_week(flow, n)[:, PATH] for flow, n in rows))


def draw(path: Path) -> None:
    """Stock on top, demand and orders below, over the twelve weeks."""
    flows = simulated_path()
    figure = Figure(figsize=(9.0, 4.6), dpi=90, layout="constrained")
    stock, events = figure.subplots(2, 1, sharex=True)
    _draw_stock(stock, flows)
    _draw_events(events, flows)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _draw_stock(axes: Axes, flows: PathFlows) -> None:
    epochs = np.arange(flows.on_hand.size)
    axes.plot(epochs, flows.position, marker="o", markersize=4, linestyle="--", color="tab:gray", label="inventory position at the epoch")
    axes.plot(epochs, flows.on_hand, marker="o", markersize=4, color="tab:blue", label="on hand at the epoch")
    axes.axhline(THETA[2], color="tab:red", linewidth=1, linestyle=":", label=f"reorder point s = {THETA[2]}")
    axes.axvline(THETA[4], color="black", linewidth=1, linestyle=":", label=f"last order epoch = {THETA[4]}")
    axes.set(ylabel="units", ylim=(0, None), title="one path of one SKU: epoch j lies before week j")
    axes.legend(frameon=False, fontsize="small", loc="upper right")


def _draw_events(axes: Axes, flows: PathFlows) -> None:
    epochs = np.arange(flows.demand.size)
    axes.bar(epochs + 0.5, flows.sold, width=0.6, color="tab:blue", label="sold in the week")
    axes.bar(epochs + 0.5, flows.demand - flows.sold, width=0.6, bottom=flows.sold, color="tab:red", label="lost in the week")
    placed = flows.ordered > 0
    axes.bar(epochs[placed], flows.ordered[placed], width=0.12, color="black", label="ordered at the epoch")
    axes.set(xlabel="epoch, week between two epochs", ylabel="units", xticks=np.arange(flows.on_hand.size), ylim=(0, 1.15 * flows.demand.max()))
    axes.legend(frameon=False, fontsize="small", loc="upper right")


if __name__ == "__main__":
    draw(PICTURE)
