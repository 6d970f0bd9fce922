"""What drifts: input, forecasts and decisions against their own past."""
