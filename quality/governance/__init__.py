"""What people and rules decide about the platform's answers: which orders are released, and what a quarter was worth."""

from quality.governance.releases import count_statuses, release_orders
from quality.governance.value import value_by_merchant

__all__ = ["count_statuses", "release_orders", "value_by_merchant"]
