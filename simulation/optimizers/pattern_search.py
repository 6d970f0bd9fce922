"""The structured search by ask and tell: the machine of `kernels/search_machine.py`, one candidate at a time.

`optimize.tune` runs the same machine compiled, scores included; the conformance suite compares the two.
"""

import math

import numpy as np

from domain.errors import UsageError
from simulation.kernels.search_machine import distinct, learn, new_search, propose
from simulation.optimizers.protocol import Candidate, FloatArray, IntArray, SearchSpace


class PatternSearch:
    """Deterministic pattern search that ends with its budget.

    A candidate the machine comes back to is answered from memory, so none is asked twice; it counts against the budget all the same.

    Args:
        space: Integer box, grid and directions.
        starts: `(n_starts, n_parameters)`, clipped to the box; at least one.
        budget: Most candidates to look at.

    Raises:
        UsageError: There is no start, or the budget is below 1.
    """

    def __init__(self, space: SearchSpace, starts: IntArray, *, budget: int) -> None:
        if starts.shape[0] == 0 or budget < 1:
            raise UsageError("a search needs a start and a budget", got=f"{starts.shape[0]} starts, budget {budget}", wanted="at least one of each")
        self._box, self._starts, self._budget = space.box(), distinct(space.clip(starts)), budget
        self._state = new_search(self._box, len(self._starts))
        self._scores: dict[tuple[int, ...], float] = {}
        self._best = Candidate(math.inf, tuple(self._starts[0].tolist()))
        self._n_looked_at = 0
        self._asked = np.empty((0, starts.shape[1]), np.int64)
        self._go_on()

    @property
    def best(self) -> Candidate:
        """The best candidate told so far; of equal ones the first."""
        return self._best

    @property
    def n_evaluations(self) -> int:
        """Candidates told so far."""
        return len(self._scores)

    def ask(self) -> IntArray:
        """One candidate to score `(1, n_parameters)`; no rows = finished."""
        return self._asked

    def tell(self, scores: FloatArray) -> None:
        """Its score; decides what to ask next."""
        self._scores[tuple(self._asked[0].tolist())] = float(scores[0])
        self._learn(tuple(self._asked[0].tolist()))
        self._go_on()

    def _go_on(self) -> None:
        """Let the machine propose until it proposes something new."""
        self._asked = self._asked[:0]
        while self._n_looked_at < self._budget and propose(self._box, self._starts, self._state):
            theta = tuple(self._state.candidate.tolist())
            if theta not in self._scores:
                self._asked = self._state.candidate[None, :].copy()
                return
            self._learn(theta)

    def _learn(self, theta: tuple[int, ...]) -> None:
        self._n_looked_at += 1
        score = self._scores[theta]
        if score < self._best.score:
            self._best = Candidate(score, theta)
        learn(self._box, self._starts, self._state, score)
