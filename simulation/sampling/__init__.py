"""Quantiles and lead times in, sampled futures out."""
