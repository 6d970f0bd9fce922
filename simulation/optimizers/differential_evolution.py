"""SciPy's differential evolution (Storn & Price 1997): a population, no assumption about the landscape, a thousand evaluations and more."""

from functools import partial

import numpy as np
from scipy import optimize

from simulation.optimizers.library_search import LibrarySearch, Score, n_pitches, to_grid
from simulation.optimizers.protocol import FloatArray, IntArray, SearchSpace

_POPULATION = 15
"""Individuals per parameter."""


def _run(space: SearchSpace, starts: IntArray, budget: int, score: Score) -> None:
    """Evolve a population that holds the starts, generation by generation, until the budget ends it."""
    del starts
    pitches = n_pitches(space)

    def objective(population: FloatArray) -> FloatArray:
        return score(to_grid(space, np.atleast_2d(population.T)))

    bounds = optimize.Bounds(np.full(pitches.size, -0.49), pitches + 0.49)
    generations = max(2 * budget // (_POPULATION * pitches.size), 1)
    optimize.differential_evolution(
        objective,  # type: ignore[arg-type]  # of a whole population, as `vectorized` wants it
        bounds,
        maxiter=generations,
        popsize=_POPULATION,
        tol=0,
        atol=0,
        vectorized=True,
        updating="deferred",
        polish=False,
        init="sobol",
        rng=1,
    )


DifferentialEvolution = partial(LibrarySearch, _run)
"""The optimiser: `DifferentialEvolution(space, starts, budget=…)`."""
