"""Events → probabilistic forecasts: a weekly series a person can read, features, quantiles, and how good they were.

Knows nothing of orders, stock policy or orchestration; everything here is a pure function of frames and settings.
"""
