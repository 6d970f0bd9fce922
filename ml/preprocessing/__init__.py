"""Joins, filters, aggregations: raw tables → a weekly time series a person can read. Runs per shard, scales out."""

from ml.preprocessing.merchant_profiles import default_profiles, estimate_merchant_profiles
from ml.preprocessing.weekly_demand import build_weekly_demand

__all__ = ["build_weekly_demand", "default_profiles", "estimate_merchant_profiles"]
