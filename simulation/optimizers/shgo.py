"""SciPy's SHGO, the published method's optimiser (method §6): simplicial homology, then local searches.

Its local searches see plateaus where parameters are whole numbers, so the parameters with few values (t₀ and t_limit) are
enumerated outside it, with an equal share of the budget each. It swallows StopIteration; the budget ends it with an
exception of our own.
"""

import itertools
from functools import partial

import numpy as np
from scipy import optimize

from simulation.optimizers.library_search import LibrarySearch, Score, n_pitches, to_grid
from simulation.optimizers.protocol import FloatArray, IntArray, SearchSpace

_FEW = 12
"""A parameter with at most this many values is enumerated."""

_SHARES = 3
"""Values looked at of each such parameter: the first ones of those that its starts have, then the ends of its range."""


_MOST_POINTS = 128
"""Sampled points per search: their triangulation soon costs more than the simulations."""


def _run(space: SearchSpace, starts: IntArray, budget: int, score: Score) -> None:
    """One search of the other parameters per combination of the enumerated ones."""
    pitches = n_pitches(space)
    outer = [i for i in range(pitches.size) if pitches[i] < _FEW]
    inner = [i for i in range(pitches.size) if pitches[i] >= _FEW] or outer
    outer = [i for i in outer if i not in inner]
    combinations = list(itertools.product(*(_values(i, space, starts) for i in outer)))
    for values in combinations:
        _search_inner(space, inner, dict(zip(outer, values, strict=True)), max(budget // len(combinations), 8), score)


def _values(i: int, space: SearchSpace, starts: IntArray) -> list[int]:
    seen = dict.fromkeys([*space.clip(starts)[::-1, i].tolist(), int(space.clip(space.upper)[i]), int(space.lower[i])])
    return list(seen)[:_SHARES]


def _search_inner(space: SearchSpace, inner: list[int], fixed: dict[int, int], budget: int, score: Score) -> None:
    pitches = n_pitches(space)[inner]

    def objective(steps: FloatArray) -> float:
        candidate = to_grid(space, np.zeros((1, space.lower.size)))
        candidate[0, inner] = space.lower[inner] + np.floor(np.asarray(steps) + 0.5).astype(np.int64) * space.pitch[inner]
        for i, value in fixed.items():
            candidate[0, i] = value
        return float(score(candidate)[0])

    bounds = optimize.Bounds(np.full(pitches.size, -0.49), pitches + 0.49)
    n_points = min(max(budget // 2, 2), _MOST_POINTS)
    optimize.shgo(
        objective,
        bounds,
        n=n_points,
        sampling_method="sobol",
        minimizer_kwargs={"method": "Nelder-Mead", "options": {"maxfev": max(budget // 10, 1)}},
        options={"maxfev": budget},
    )


Shgo = partial(LibrarySearch, _run)
"""The optimiser: `Shgo(space, starts, budget=…)`."""
