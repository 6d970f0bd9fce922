"""A library's optimiser behind ask and tell: it runs in a thread of its own and waits there for each score.

Libraries call the objective; ours are called. The starts are asked first, so that no library search ends worse than them.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np

from domain.errors import UsageError
from simulation.optimizers.protocol import Candidate, FloatArray, IntArray, SearchSpace

Score = Callable[[IntArray], FloatArray]
Run = Callable[[SearchSpace, IntArray, int, Score], None]
"""Searches a space from starts with a budget, asking for scores `(n,)` of candidates `(n, n_parameters)`."""


class _BudgetSpentError(Exception):
    """Ends the library's search from inside its objective."""


class LibrarySearch:
    """Deterministic where the library is; never asks for a candidate twice, answers repeats from memory.

    Args:
        run: The library's search.
        space: Integer box and grid.
        starts: `(n_starts, n_parameters)`, clipped to the box; at least one.
        budget: Most candidates to score.

    Raises:
        UsageError: There is no start, or the budget is below 1.
    """

    def __init__(self, run: Run, space: SearchSpace, starts: IntArray, *, budget: int) -> None:
        if starts.shape[0] == 0 or budget < 1:
            raise UsageError("a search needs a start and a budget", got=f"{starts.shape[0]} starts, budget {budget}", wanted="at least one of each")
        self._space, self._budget = space, budget
        self._scores: dict[tuple[int, ...], float] = {}
        self._to_ask: SimpleQueue[IntArray] = SimpleQueue()
        self._told: SimpleQueue[None] = SimpleQueue()
        self._asked: IntArray | None = None
        self._thread = threading.Thread(target=self._search, args=(run, space.clip(starts)), daemon=True)

    @property
    def best(self) -> Candidate:
        """The best candidate told so far; of equal ones the smallest."""
        return min(Candidate(score, theta) for theta, score in self._scores.items())

    @property
    def n_evaluations(self) -> int:
        """Candidates told so far."""
        return len(self._scores)

    def ask(self) -> IntArray:
        """Candidates to score `(n_candidates, n_parameters)`, none asked before; no rows = finished."""
        if self._asked is None:
            if not self._thread.ident:
                self._thread.start()
            self._asked = self._to_ask.get()
        return self._asked

    def tell(self, scores: FloatArray) -> None:
        """Their scores; the library's search goes on."""
        self._scores.update(zip((tuple(row) for row in self.ask().tolist()), scores.tolist(), strict=True))
        self._asked = None
        self._told.put(None)

    def _search(self, run: Run, starts: IntArray) -> None:
        try:
            self._score(starts)
            if starts.shape[1]:
                run(self._space, starts, self._budget, self._score)
        except _BudgetSpentError:
            pass
        finally:
            self._to_ask.put(np.empty((0, starts.shape[1]), np.int64))

    def _score(self, candidates: IntArray) -> FloatArray:
        """In the library's thread: scores of the candidates, from memory where known."""
        thetas = [tuple(row) for row in self._space.clip(candidates).tolist()]
        unknown = [theta for theta in dict.fromkeys(thetas) if theta not in self._scores]
        affordable = unknown[: self._budget - len(self._scores)]
        if affordable:
            self._to_ask.put(np.array(affordable, dtype=np.int64).reshape(len(affordable), candidates.shape[1]))
            self._told.get()
        if len(affordable) < len(unknown) or len(self._scores) >= self._budget:
            raise _BudgetSpentError
        return np.array([self._scores[theta] for theta in thetas])


def to_grid(space: SearchSpace, steps: FloatArray) -> IntArray:
    """Parameters `(n, n_parameters)` from real numbers of pitches above the lower corner, rounded."""
    grid: IntArray = space.lower + np.floor(steps + 0.5).astype(np.int64) * space.pitch
    return grid


def n_pitches(space: SearchSpace) -> IntArray:
    """Pitches between the corners of the box."""
    steps: IntArray = (space.clip(space.upper) - space.lower) // np.maximum(space.pitch, 1)
    return steps
