"""The picture of the paths' page: `python -m docs.explanation.draw_paths`. Object API of matplotlib; the same code gives the same figures."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.sku import example_vector
from domain.settings import Settings, SimulationSettings
from simulation.sampling.paths import Paths, sample_paths
from simulation.sampling.points import common_points

PICTURE = Path(__file__).parent.parent / "images" / "paths.png"
SKU, SEED, N_PATHS, N_SHOWN = 3, 1, 5_000, 40
N_POINTS = 128


def drawn_paths(simulation: SimulationSettings) -> Paths:
    """Futures of a made-up SKU."""
    return sample_paths(example_vector(SKU), Settings(simulation=simulation), n_paths=N_PATHS, purpose="evaluate", seed=SEED)


def draw(path: Path) -> None:
    """Points, paths and the spread of their totals."""
    together, alone = drawn_paths(SimulationSettings()), drawn_paths(SimulationSettings(copula_common_share=0.0, copula_autocorrelation=0.0))
    figure = Figure(figsize=(9.0, 3.4), dpi=90, layout="constrained")
    points, paths, totals = figure.subplots(1, 3)
    _draw_points(points)
    _draw_paths(paths, together.demand_units)
    _draw_totals(totals, together.demand_units.sum(axis=1), alone.demand_units.sum(axis=1))
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _draw_points(axes: Axes) -> None:
    sobol = common_points(N_POINTS)[:2, 0] / 2.0**32
    independent = np.random.Generator(np.random.Philox(key=SEED)).random((2, N_POINTS))
    axes.scatter(independent[0], independent[1], s=8, color="tab:gray", marker="x", linewidth=0.7, label="independent")
    axes.scatter(sobol[0], sobol[1], s=10, color="tab:blue", label="Sobol'")
    axes.set(xlabel="dimension 1", ylabel="dimension 2", title=f"{N_POINTS} points", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), ylim=(-0.03, 1.25))
    axes.legend(frameon=False, fontsize="small", loc="upper center", ncols=2, columnspacing=1, handletextpad=0)


def _draw_paths(axes: Axes, demand: npt.NDArray[np.int64]) -> None:
    weeks = np.arange(demand.shape[1])
    axes.plot(weeks, demand[:N_SHOWN].T, color="tab:blue", linewidth=0.5, alpha=0.5)
    for percent, style in ((10, ":"), (50, "-"), (90, ":")):
        axes.plot(weeks, np.percentile(demand, percent, axis=0), color="black", linewidth=1.5, linestyle=style, label=f"P{percent}")
    axes.set(xlabel="week", ylabel="units demanded", title=f"{N_SHOWN} of the paths", xticks=weeks[::2])
    axes.legend(frameon=False, fontsize="small")


def _draw_totals(axes: Axes, together: npt.NDArray[np.int64], alone: npt.NDArray[np.int64]) -> None:
    bins = np.linspace(0, max(together.max(), alone.max()), 41).tolist()
    for totals, label, color in ((alone, "independent weeks", "tab:gray"), (together, "dependent weeks", "tab:blue")):
        axes.hist(totals, bins=bins, histtype="step", color=color, density=True, label=f"{label}, sd {totals.std():.0f}")
    axes.set(xlabel="units in 12 weeks", title="the total is less certain", yticks=(), ylim=(0, 1.35 * axes.get_ylim()[1]))
    axes.legend(frameon=False, fontsize="small")


if __name__ == "__main__":
    draw(PICTURE)
