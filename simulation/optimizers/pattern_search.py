"""The structured search by ask and tell: the machine of `kernels/search_machine.py`, one candidate at a time.

`tuning.tune` runs the same machine compiled, scores included; the conformance suite compares the two.
"""

import math
from collections.abc import Callable, Hashable

import numpy as np

from domain.errors import UsageError
from simulation.kernels.search import SEEN_IN_A_ROW
from simulation.kernels.search_machine import bar, learn, propose
from simulation.kernels.search_state import distinct, new_search
from simulation.optimizers.protocol import Candidate, FloatArray, IntArray, SearchSpace


def _parameters(theta: IntArray) -> Hashable:
    return tuple(theta.tolist())


class PatternSearch:
    """Deterministic pattern search that ends with its budget, or once it finds nothing new.

    Args:
        space: Integer box, grid and directions.
        starts: `(n_starts, n_parameters)`, clipped to the box; at least one.
        budget: Most candidates to score.
        identity: What two candidates share that mean the same; such a candidate loses unasked.

    Raises:
        UsageError: There is no start, or the budget is below 1.
    """

    def __init__(self, space: SearchSpace, starts: IntArray, *, budget: int, identity: Callable[[IntArray], Hashable] = _parameters) -> None:
        if starts.shape[0] == 0 or budget < 1:
            raise UsageError("a search needs a start and a budget", got=f"{starts.shape[0]} starts, budget {budget}", wanted="at least one of each")
        self._box, self._starts, self._budget, self._identity = space.box(), distinct(space.clip(starts)), budget, identity
        self._state = new_search(self._box, len(self._starts))
        self._scores: dict[tuple[int, ...], float] = {}
        self._seen: set[Hashable] = set()
        self._best = Candidate(math.inf, tuple(self._starts[0].tolist()))
        self._n_scored, self._n_seen_in_a_row = 0, 0
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
        theta, score = tuple(self._asked[0].tolist()), float(scores[0])
        self._scores[theta] = score
        self._best = Candidate(score, theta) if score < self._best.score else self._best
        self._learn(score)
        self._go_on()

    def _go_on(self) -> None:
        """Let the machine propose until it proposes something new."""
        self._asked = self._asked[:0]
        while self._n_scored < self._budget and self._n_seen_in_a_row < SEEN_IN_A_ROW and propose(self._box, self._starts, self._state):
            key, theta = self._identity(self._state.candidate), tuple(self._state.candidate.tolist())
            if key in self._seen and bar(self._state) < math.inf:
                self._n_seen_in_a_row += 1
                learn(self._box, self._starts, self._state, math.inf)
            elif theta in self._scores:  # it is to stand as an incumbent
                self._learn(self._scores[theta])
            else:
                self._seen.add(key)
                self._asked = self._state.candidate[None, :].copy()
                return

    def _learn(self, score: float) -> None:
        self._n_scored, self._n_seen_in_a_row = self._n_scored + 1, 1
        learn(self._box, self._starts, self._state, score)
