"""Forecast plus policy → futures → cost → best policy. Two doors: `optimize.optimize_policy` and `batch.optimize_vectors`."""
