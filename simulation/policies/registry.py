"""Every policy by name. Adding one: its file here, and a line below. `recorded` needs a record, so whoever has one makes it."""

from collections.abc import Mapping

from simulation.policies.base_stock import BaseStockPolicy
from simulation.policies.classical import ClassicalPolicy
from simulation.policies.extended import ExtendedPolicy
from simulation.policies.look_ahead import LookAheadPolicy
from simulation.policies.newsvendor import NewsvendorPolicy
from simulation.policies.order_nothing import OrderNothingPolicy
from simulation.policies.protocol import Policy
from simulation.policies.reorder_up_to import ReorderUpToPolicy

POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        ExtendedPolicy(),
        LookAheadPolicy(),
        ClassicalPolicy(),
        ReorderUpToPolicy(),
        BaseStockPolicy(),
        NewsvendorPolicy(),
        OrderNothingPolicy(),
    )
}
"""Policies that can be simulated; the conformance suite runs over all of them."""
