"""Why today's order differs from yesterday's: the inputs of the decision are swapped from yesterday's to today's, cause after cause.

After each swap the SKU is optimised again; what the order moves by is the cause's contribution. The last swap leads to today's
inputs, so the contributions add up to the change. The order of the causes is fixed (`domain.stage_tables.CHANGE_CAUSES`);
what two causes do only together counts with the later one. Both days' orders should come of the same code: a change of the
code counts with the first cause after which the SKU is optimised again.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from domain.calendar import share_of_week_left
from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.stage_tables import CHANGE_CAUSES
from simulation.comparison import compare, first_orders
from simulation.optimize import decide_today, situation_of
from simulation.policies.registry import POLICIES
from simulation.recommendation import terms_of_row
from simulation.sampling.paths import sample_paths


class Inputs(NamedTuple):
    """What one day's decision is made from."""

    vector: FeatureVector
    settings: Settings
    """With the merchant's own in force."""


_PATH_KEY = ("date",)
_STOCK = ("on_hand_units", "inbound_units", "inbound_later_units", "returns_due_units", "last_order_date")
_FORECAST = ("demand_quantiles_units", "model", "segment", "demand_common_share", "demand_autocorrelation")
_LEAD_TIME = ("observed_lead_time_cv", "lead_time_weeks", "supplier_id")
_LEAD_TIME_SETTINGS = ("lead_time_weeks", "lead_time_cv")
_NO_INPUT = ("vector_hash",)


def trace_order_change(before: Inputs, after: Inputs, *, order_before_units: int, order_after_units: int) -> dict[str, int]:
    """Contribution of each cause to the change of the order before any budget, units, by cause.

    Args:
        before: The day before.
        after: Today.
        order_before_units: What was recommended the day before.
        order_after_units: What is recommended today.
    """
    inputs, order, contributions = before, order_before_units, {}
    for cause in CHANGE_CAUSES:
        swapped = _SWAPS[cause](inputs, after)
        order_then = order_after_units if _decide_alike(swapped, after) else _order_after_swap(order, inputs, swapped)
        contributions[cause], inputs, order = order_then - order, swapped, order_then
    return contributions


def _order_after_swap(order_units: int, inputs: Inputs, swapped: Inputs) -> int:
    return order_units if _decide_alike(swapped, inputs) else order_of(*swapped)


def order_of(vector: FeatureVector, settings: Settings) -> int:
    """What `optimize_policy` orders today, or plans for the next order day, without the figures around it."""
    decision = decide_today(vector, settings, seed=settings.seed)
    return decision.order_now_units + decision.planned_order_units


def keeping_difference(row: Mapping[str, Any], order_units: int, vector: FeatureVector, settings: Settings) -> tuple[float, float]:
    """What another order today would cost more than a policy row's, and the standard error, EUR, on the evaluation's fresh paths.

    Args:
        row: Of `stage_tables.Policies`.
        order_units: The other order.
        vector: The SKU on the row's day.
        settings: In force for its merchant.
    """
    situation, policy = situation_of(vector, settings, seed=row["seed"]), POLICIES[row["policy"]]
    fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=row["seed"])
    plans = first_orders(
        policy.form(situation),
        policy.parameters(terms_of_row(row), situation),
        (row["order_now_units"] + row["planned_order_units"], order_units),
        situation.terms,
    )
    figures = compare([plans], paths=fresh, terms=situation.terms, objective=settings.inventory.objective)
    return float(figures.difference_eur[1]), float(figures.standard_error_eur[1])


def _with_calendar(inputs: Inputs, after: Inputs) -> Inputs:
    """Yesterday's knowledge as of today: week 0 shorter by a day, or over and arrivals a week nearer."""
    old, new = inputs.vector, after.vector
    moved: dict[str, Any] = {"cutoff": new.cutoff}
    if new.cutoff != old.cutoff:
        moved["demand_quantiles_units"] = _a_week_on(old.demand_quantiles_units, last=old.demand_quantiles_units[-1])
        inbound = _a_week_on(old.inbound_units, last=0)
        inbound[0] += old.inbound_units[0]  # what is overdue is expected in week 0
        moved |= {"inbound_units": inbound, "returns_due_units": _a_week_on(old.returns_due_units, last=0.0)}
    elif np.array_equal(old.demand_quantiles_units[1:], new.demand_quantiles_units[1:]):  # the same forecast
        moved["demand_quantiles_units"] = new.demand_quantiles_units
    else:
        shorter = old.demand_quantiles_units.copy()
        shorter[0] = np.floor(shorter[0] * share_of_week_left(new.date) / share_of_week_left(old.date) + 0.5)
        moved["demand_quantiles_units"] = shorter
    return inputs._replace(vector=old._replace(**moved))


def _a_week_on(by_week: Any, *, last: Any) -> Any:
    shifted = np.roll(by_week, -1, axis=0)
    shifted[-1] = last
    return shifted


def _with_lead_time(inputs: Inputs, after: Inputs) -> Inputs:
    own = {name: getattr(after.settings.inventory, name) for name in _LEAD_TIME_SETTINGS}
    settings = inputs.settings.model_copy(update={"inventory": inputs.settings.inventory.model_copy(update=own)})
    return inputs._replace(vector=_with_fields(inputs.vector, after.vector, _LEAD_TIME), settings=settings)


def _with_fields(old: FeatureVector, new: FeatureVector, names: tuple[str, ...]) -> FeatureVector:
    return old._replace(**{name: getattr(new, name) for name in names})


_SWAPS: Mapping[str, Callable[[Inputs, Inputs], Inputs]] = {
    "calendar": _with_calendar,
    "chance": lambda inputs, after: inputs._replace(vector=_with_fields(inputs.vector, after.vector, _PATH_KEY)),
    "stock": lambda inputs, after: inputs._replace(vector=_with_fields(inputs.vector, after.vector, _STOCK)),
    "forecast": lambda inputs, after: inputs._replace(vector=_with_fields(inputs.vector, after.vector, _FORECAST)),
    "lead_time": _with_lead_time,
    "settings": lambda inputs, after: inputs._replace(settings=after.settings),
    "other": lambda _, after: after,
}
"""The inputs with one cause as of today."""


def _decide_alike(one: Inputs, other: Inputs) -> bool:
    """Whether the same order comes of both."""
    fields = (name for name in FeatureVector._fields if name not in _NO_INPUT)
    if not all(np.array_equal(getattr(one.vector, name), getattr(other.vector, name)) for name in fields):
        return False
    names = ("seed", "simulation", "optimizer", "inventory")
    return all(getattr(one.settings, name) == getattr(other.settings, name) for name in names)
