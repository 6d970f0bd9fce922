"""The search of one SKU's best parameters, compiled: the machine of `search_machine.py` and the score of each candidate in one loop."""

from simulation.kernels import kernel
from simulation.kernels.objectives import ObjectiveTerms, note_incumbent, score_or_lose
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.kernels.path_costs import new_workspace
from simulation.kernels.search_machine import SearchBox, bar, best_score, distinct, learn, new_search, on_grid, propose
from simulation.kernels.weekly_simulation import PathBlocks, SkuTerms


@kernel
def search(
    form: PolicyForm, box: SearchBox, starts: IntArray, budget: int, objective: ObjectiveTerms, paths: PathBlocks, terms: SkuTerms
) -> tuple[IntArray, float, int]:
    """The best parameters found within the budget, their score, and how many candidates were looked at.

    Args:
        form: The policy.
        box: Where to look.
        starts: `(n_starts, n_parameters)`; those outside the box or between the points of its grid are moved there.
        budget: Most candidates.
        objective: What is minimised.
        paths: The futures on which candidates compete.
        terms: The SKU.
    """
    starts = distinct(on_grid(box, starts))
    state, room, n_done = new_search(box, starts.shape[0]), new_workspace(paths), 0
    while n_done < budget and propose(box, starts, state):
        to_beat = bar(state)
        score = score_or_lose(form, state.candidate, objective, paths, terms, room, to_beat)
        if score < to_beat:
            note_incumbent(objective, score, paths.n_paths, room)
        learn(box, starts, state, score)
        n_done += 1
    return state.best, best_score(state), n_done
