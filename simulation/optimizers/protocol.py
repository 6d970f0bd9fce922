"""What an optimiser is: ask for candidates, be told their scores. Lower is better; ties go to the smaller candidate."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class SearchSpace(NamedTuple):
    """An integer box with a grid: value = lower + k · pitch ≤ upper, `(n_parameters,)` each."""

    lower: IntArray
    upper: IntArray
    pitch: IntArray
    first_step: IntArray
    """First step of a local search, in pitches ≥ 1."""

    def clip(self, candidates: IntArray) -> IntArray:
        """The nearest grid points at or below, inside the box."""
        steps = (np.clip(candidates, self.lower, self.upper) - self.lower) // np.maximum(self.pitch, 1)
        clipped: IntArray = self.lower + steps * self.pitch
        return clipped


class Candidate(NamedTuple):
    """A scored point; candidates compare by score, then by parameters: the smaller order wins a tie."""

    score: float
    theta: tuple[int, ...]


class Optimizer(Protocol):
    """Proposes candidates in batches until it has nothing more to ask, or its budget is spent."""

    def ask(self) -> IntArray:
        """Candidates to score `(n_candidates, n_parameters)`, none asked before; no rows = finished."""

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


def power_of_two_below(value: float) -> int:
    """Largest power of two not above `value`, at least 1: a first step that halves down to exactly 1."""
    return 1 << max(int(value).bit_length() - 1, 0)
