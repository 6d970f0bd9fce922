"""From a settled order to the day's decision: is today an order day, is the order urgent, or does it wait for the next order day?"""

from datetime import date
from typing import Any, NamedTuple

from domain.calendar import ONE_DAY, days_after
from domain.feature_vector import FeatureVector
from domain.order_calendar import first_order_day, is_order_day
from domain.settings import InventorySettings, Settings
from domain.stage_tables import DECIDED, NEXT_ORDER_DAY, NOT_DECIDED
from simulation.settle import Settled


class Decision(NamedTuple):
    """What is decided for today. Meanings: `domain.stage_tables.Policies`."""

    decision: str
    decision_reason: str
    next_order_date: date | None
    planned_order_units: int
    order_now_units: int

    def as_columns(self) -> dict[str, Any]:
        """By column."""
        return self._asdict()


def decision_of(vector: FeatureVector, settings: Settings, settled: Settled) -> Decision:
    """Today's order where today is an order day or the order is urgent, else a preview of the next order day."""
    inventory = settings.inventory
    following = first_order_day(vector.date + ONE_DAY, inventory, last_order=vector.last_order_date)
    if is_order_day(vector.date, inventory, last_order=vector.last_order_date):
        return Decision(DECIDED, "", following, 0, settled.order_units)
    when = f"the next order day is {following}" if following else "there is no further order day in the calendar"
    if settled.is_urgent and not _was_ordered_since(vector, inventory):
        reason = f"urgent, {when}: an order today prevents about {settled.prevented_units:,.0f} lost units"
        return Decision(DECIDED, reason, following, 0, settled.order_units)
    return Decision(NEXT_ORDER_DAY, when, following, settled.order_units, 0)


def _was_ordered_since(vector: FeatureVector, inventory: InventorySettings) -> bool:
    """Whether the article was ordered on or after its last order day: what that order did not prevent, one more of the same week does not."""
    last = vector.last_order_date
    return last is not None and not any(is_order_day(day, inventory, last_order=None) for day in days_after(last, vector.date))


def no_decision(reason: str) -> Decision:
    """Of a SKU that nothing can be decided for."""
    return Decision(NOT_DECIDED, reason, None, 0, 0)
