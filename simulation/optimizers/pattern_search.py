"""Integer pattern search: coordinate polls with a step that halves, from the best of several starts (Hooke & Jeeves 1961).

Costs over integer parameters are staircases: gradients and simplexes see plateaus, a poll of whole steps does not.
In the lab this came within 0.7 % of the exhaustive grid after 100 evaluations (P75), where SHGO needed seconds.
"""

import math

import numpy as np

from domain.errors import UsageError
from simulation.optimizers.protocol import Candidate, FloatArray, IntArray, SearchSpace

Theta = tuple[int, ...]


class PatternSearch:
    """Ask/tell pattern search; deterministic, and never scores a candidate twice.

    It scores all starts, then walks from the best: poll ± one step along each coordinate and once along the last
    successful move; go to the best improvement, else halve the step. When a walk ends at step 1, the next best start
    begins another, until the budget is spent.

    Args:
        space: Integer box and grid.
        starts: `(n_starts, n_parameters)`, clipped to the box; at least one.
        budget: Most candidates to score.

    Raises:
        UsageError: There is no start, or the budget is below 1.
    """

    def __init__(self, space: SearchSpace, starts: IntArray, *, budget: int) -> None:
        if starts.shape[0] == 0 or budget < 1:
            raise UsageError("a search needs a start and a budget", got=f"{starts.shape[0]} starts, budget {budget}", wanted="at least one of each")
        self._lower, self._upper = space.lower.tolist(), space.clip(space.upper).tolist()
        self._pitch, self._first_step = space.pitch.tolist(), space.first_step.tolist()
        self._budget = budget
        self._scores: dict[Theta, float] = {}
        self._starts: list[Theta] = list(dict.fromkeys(tuple(row) for row in space.clip(starts).tolist()))
        self._n_parameters = starts.shape[1]
        self._asked = self._starts[:budget]
        self._center = Candidate(math.inf, self._starts[0])
        self._centers: set[Theta] = set()
        self._move: Theta | None = None
        self._step: list[int] = []
        self._waiting: list[Candidate] = []

    @property
    def best(self) -> Candidate:
        """The best candidate told so far."""
        return min(Candidate(score, theta) for theta, score in self._scores.items())

    @property
    def n_evaluations(self) -> int:
        """Candidates told so far."""
        return len(self._scores)

    def ask(self) -> IntArray:
        """Candidates to score `(n_candidates, n_parameters)`, none asked before; no rows = finished."""
        return np.array(self._asked, dtype=np.int64).reshape(len(self._asked), self._n_parameters)

    def tell(self, scores: FloatArray) -> None:
        """Scores of the candidates last asked, in their order; decides what to ask next."""
        is_first = not self._scores
        self._scores.update(zip(self._asked, scores.tolist(), strict=True))
        if is_first:
            self._waiting = sorted((Candidate(self._scores[start], start) for start in self._asked), reverse=True)
            self._begin_walk()
        self._asked = []
        while not self._asked and len(self._scores) < self._budget:
            poll = self._poll()
            self._asked = self._unscored(poll)
            if not self._asked and not self._advance(poll):
                break

    def _unscored(self, poll: list[Theta]) -> list[Theta]:
        """Points of the poll that still need a score, as far as the budget goes."""
        return [theta for theta in poll if theta not in self._scores][: self._budget - len(self._scores)]

    def _begin_walk(self) -> None:
        self._center, self._move, self._step = self._waiting.pop(), None, list(self._first_step)
        self._centers.add(self._center.theta)

    def _poll(self) -> list[Theta]:
        """The centre's neighbours at the present step, and the last move once more."""
        center, points = self._center.theta, []
        if self._move is not None:
            moved = zip(center, self._move, self._lower, self._upper, strict=True)
            points.append(tuple(min(max(value + move, low), high) for value, move, low, high in moved))
        for i, (value, step) in enumerate(zip(center, self._step, strict=True)):
            reach = step * self._pitch[i]
            neighbors = (min(value + reach, self._upper[i]), max(value - reach, self._lower[i]))
            points += [(*center[:i], neighbor, *center[i + 1 :]) for neighbor in neighbors]
        return [point for point in dict.fromkeys(points) if point != center]

    def _advance(self, poll: list[Theta]) -> bool:
        """After a poll that is scored: move, halve the step, or begin another walk. False = nothing left to do."""
        best = min((Candidate(self._scores[theta], theta) for theta in poll), default=self._center)
        is_better = best.score < self._center.score
        if is_better and best.theta not in self._centers:
            self._move = tuple(after - before for before, after in zip(self._center.theta, best.theta, strict=True))
            self._center = best
            self._centers.add(best.theta)
        elif not is_better and any(step > 1 for step in self._step):
            self._move, self._step = None, [max(step // 2, 1) for step in self._step]
        elif self._waiting:  # this walk is at its end, or has come upon the track of an earlier one
            self._begin_walk()
        else:
            return False
        return True
