"""Joins, filters, aggregations: raw tables → a weekly time series a person can read. Runs per shard, scales out."""

from ml.preprocessing.lead_times import count_lead_times
from ml.preprocessing.market_facts import MarketFacts, market_facts_of
from ml.preprocessing.merchant_profiles import default_profiles, estimate_merchant_profiles
from ml.preprocessing.unconstrained_demand import estimate_unconstrained_demand
from ml.preprocessing.unusual_weeks import with_flags, without_unit_errors
from ml.preprocessing.weekly_demand import build_weekly_demand

__all__ = [
    "MarketFacts",
    "build_weekly_demand",
    "count_lead_times",
    "default_profiles",
    "estimate_merchant_profiles",
    "estimate_unconstrained_demand",
    "market_facts_of",
    "with_flags",
    "without_unit_errors",
]
