"""Every policy by name. Adding one: its file here, and a line below."""

from collections.abc import Mapping

from simulation.policies.base_stock import BaseStockPolicy
from simulation.policies.extended import ExtendedPolicy
from simulation.policies.look_ahead import LookAheadPolicy
from simulation.policies.order_nothing import OrderNothingPolicy
from simulation.policies.protocol import Policy

POLICIES: Mapping[str, Policy] = {policy.name: policy for policy in (ExtendedPolicy(), LookAheadPolicy(), BaseStockPolicy(), OrderNothingPolicy())}
"""Policies that can be simulated; the conformance suite runs over all of them."""
