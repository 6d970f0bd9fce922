"""Where raw tables come from: the data contract's folder, the synthetic market, converters of public data sets."""
