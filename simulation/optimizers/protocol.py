"""What an optimiser is: ask for candidates, be told their scores. Lower is better."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simulation.kernels.search_state import SearchBox, on_grid

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class SearchSpace(NamedTuple):
    """An integer box with a grid: value = lower + k · pitch ≤ upper, `(n_parameters,)` each; of many SKUs with a leading SKU axis."""

    lower: IntArray
    upper: IntArray
    pitch: IntArray
    first_step: IntArray
    """First step of a local search, in pitches, a power of two."""
    directions: IntArray | None = None
    """`(n_directions, n_parameters)` worth a step, in steps; `None` = each parameter up and down."""
    ridges: IntArray | None = None
    """`(n_ridges, 2)` pairs (i, j) of which (i + 1) · j is worth keeping while i moves; `None` = none."""
    islands: tuple[int, ...] = ()
    """How many starts, in their order, are explored together, and how many after them, …; empty = all are good already."""
    is_rugged: bool = False
    """Whether what is left of a budget after polling is worth spending on jumps of all scales."""

    def clip(self, candidates: IntArray) -> IntArray:
        """The nearest grid points at or below, inside the box."""
        clipped: IntArray = on_grid(self.box(), np.atleast_2d(candidates)).reshape(candidates.shape)
        return clipped

    def box(self) -> SearchBox:
        """The same for the compiled search; its upper corner is on the grid."""
        upper = self.lower + (self.upper - self.lower) // self.pitch * self.pitch
        directions = _up_and_down(self.lower.shape[-1]) if self.directions is None else self.directions
        ridges = np.zeros((0, 2), np.int64) if self.ridges is None else self.ridges
        return SearchBox(self.lower, upper, self.pitch, self.first_step, directions, ridges, np.cumsum((0, *self.islands)), self.is_rugged)


@cache
def _up_and_down(n_parameters: int) -> IntArray:
    single = np.eye(n_parameters, dtype=np.int64)
    return np.stack((single, -single), axis=1).reshape(2 * n_parameters, n_parameters)


class Candidate(NamedTuple):
    """A scored point; candidates compare by score, then by parameters."""

    score: float
    theta: tuple[int, ...]


class Optimizer(Protocol):
    """Proposes candidates in batches until it has nothing more to ask, or its budget is spent."""

    def ask(self) -> IntArray:
        """Candidates to score `(n_candidates, n_parameters)`; no rows = finished."""

    def tell(self, scores: FloatArray) -> None:
        """Scores of the candidates last asked, in their order."""

    @property
    def best(self) -> Candidate:
        """The best candidate told so far."""

    @property
    def n_evaluations(self) -> int:
        """Candidates told so far."""


def minimize(optimizer: Optimizer, score: Callable[[IntArray], FloatArray]) -> Candidate:
    """Let `optimizer` search until it is finished.

    Args:
        optimizer: A fresh one.
        score: Scores `(n_candidates,)` of candidates `(n_candidates, n_parameters)`.
    """
    while (candidates := optimizer.ask()).shape[0]:
        optimizer.tell(score(candidates))
    return optimizer.best


def powers_of_two_below(values: npt.ArrayLike) -> IntArray:
    """Largest power of two not above each value, at least 1: a first step that halves down to exactly 1."""
    _, exponents = np.frexp(np.maximum(np.floor(values), 1.0))
    return np.left_shift(np.int64(1), exponents.astype(np.int64) - 1)
