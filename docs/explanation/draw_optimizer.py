"""The picture of the optimiser's page: `python -m docs.explanation.draw_optimizer`. Object API of matplotlib; the same code gives the same figures."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.families import scenario
from benchmarks.sku import example_vector
from domain.settings import Settings
from simulation.costs import plain_objective
from simulation.kernels.objectives import score_all
from simulation.optimize import situation_of
from simulation.optimizers.differential_evolution import DifferentialEvolution
from simulation.optimizers.pattern_search import PatternSearch
from simulation.optimizers.protocol import FloatArray, IntArray, Optimizer
from simulation.optimizers.shgo import Shgo
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES

PICTURE = Path(__file__).parent.parent / "images" / "optimizer.png"
SKU, SEED, BUDGET, N_COMPARED = 3, 1, 1_000, 14
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"pattern search": PatternSearch, "differential evolution": DifferentialEvolution, "SHGO": Shgo}
_POINT, _QUANTITY = 2, 3
"""Places of s and Q in θ."""
_TICKS = (50, 100, 200, 500, BUDGET)


class Trace(NamedTuple):
    """Everything an optimiser looked at, in its order."""

    theta: IntArray
    score: FloatArray


def scores(situation: Situation, candidates: IntArray) -> FloatArray:
    """Each candidate's P75 on the SKU's paths, EUR."""
    form, blocks = POLICIES["extended"].form(situation), situation.paths.blocks
    found: FloatArray = score_all(form, candidates, plain_objective("p75", situation.paths.n_paths), blocks, situation.terms)
    return found


def trace(situation: Situation, make: Callable[..., Optimizer]) -> Trace:
    """One search of the five parameters by ask and tell."""
    policy = POLICIES["extended"]
    optimizer, asked, told = make(policy.search_space(situation), policy.starts(situation), budget=BUDGET), [], []
    while (candidates := optimizer.ask()).shape[0]:
        asked.append(candidates.copy())
        told.append(scores(situation, candidates))
        optimizer.tell(told[-1])
    return Trace(np.concatenate(asked), np.concatenate(told))


def draw(path: Path) -> None:
    """The landscape of one SKU with what was looked at, and three optimisers at equal budgets."""
    figure = Figure(figsize=(9.0, 3.6), dpi=90, layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_landscape(left, situation_of(example_vector(SKU), Settings(), seed=SEED))
    _draw_progress(right)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _draw_landscape(axes: Axes, situation: Situation) -> None:
    found = trace(situation, PatternSearch)
    best = found.theta[np.argmin(found.score)]
    points, quantities = np.arange(0, 2 * best[_POINT] + 20, 2), np.arange(0, 2 * best[_QUANTITY] + 20, 2)
    grid = np.tile(best, (points.size * quantities.size, 1))
    grid[:, _POINT], grid[:, _QUANTITY] = (axis.ravel() for axis in np.meshgrid(points, quantities))
    excess = scores(situation, grid).reshape(quantities.size, points.size) / found.score.min() - 1
    shown = axes.contourf(points, quantities, 100 * excess, levels=[0, 1, 2, 5, 10, 20, 50, 100], cmap="Blues_r", extend="both")
    axes.figure.colorbar(shown, ax=axes, label="% above the best found")
    axes.plot(found.theta[:, _POINT], found.theta[:, _QUANTITY], marker=".", markersize=2, linestyle="none", color="tab:orange")
    axes.plot(best[_POINT], best[_QUANTITY], marker="*", markersize=11, color="tab:red")
    axes.set(xlabel="reorder point s, units", ylabel="order quantity Q, units", xlim=(0, points[-1]), ylim=(0, quantities[-1]))
    axes.set_title(f"P75 over (s, Q), and {found.score.size} candidates", fontsize="medium")


def _draw_progress(axes: Axes) -> None:
    traces = {name: [trace(_compared(number), make).score for number in range(N_COMPARED)] for name, make in OPTIMIZERS.items()}
    least = sum(min(score[k].min() for score in traces.values()) for k in range(N_COMPARED))
    n_evaluations = np.arange(1, BUDGET + 1)
    for name, found in traces.items():
        gap = sum(_best_so_far(score) for score in found) / least - 1
        axes.plot(n_evaluations, 100 * gap, label=name)
    axes.set(
        xlabel="candidates scored per SKU", ylabel="% above the best that any found", xscale="log", yscale="log", xlim=(_TICKS[0], BUDGET), ylim=(0.02, 20)
    )
    axes.set_xticks(_TICKS, labels=[str(tick) for tick in _TICKS])
    axes.minorticks_off()
    axes.set_yticks((0.1, 1, 10), labels=("0.1", "1", "10"))
    axes.set_title(f"{N_COMPARED} SKUs, sums of costs", fontsize="medium")
    axes.legend(frameon=False, fontsize="small")


def _compared(number: int) -> Situation:
    made = scenario(number)
    return situation_of(made.vector, Settings().for_merchant(made.vector.merchant_id, made.inventory), seed=SEED)


def _best_so_far(score: FloatArray) -> npt.NDArray[np.float64]:
    """After each candidate `(BUDGET,)`; a search that ended early stays where it was."""
    best = np.minimum.accumulate(score[:BUDGET])
    return np.concatenate((best, np.full(BUDGET - best.size, best[-1])))


if __name__ == "__main__":
    draw(PICTURE)
