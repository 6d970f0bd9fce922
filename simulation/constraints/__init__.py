"""Constraints that tie a merchant's SKUs together on one decision day: budget, inbound capacity, minimum order values, fill-rate floors.

Above the kernel: each SKU is here a curve of a few possible orders, simulated once; see docs/explanation/constraints.md.
`limit_orders` is the door; the numbered steps are `curves` → `problem` → `dual` (prices) → `primal` (orders) → `words`.
"""

from simulation.constraints.curves import order_curves
from simulation.constraints.limit_orders import LimitedOrders, limit_orders
from simulation.constraints.reevaluate import apply_limits

__all__ = ["LimitedOrders", "apply_limits", "limit_orders", "order_curves"]
