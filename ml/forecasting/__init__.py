"""Features → 39 quantiles of weekly demand for every series, none missing."""

from ml.forecasting.forecast import forecast_demand
from ml.forecasting.newcomers import forecast_newcomers
from ml.forecasting.training import train_models

__all__ = ["forecast_demand", "forecast_newcomers", "train_models"]
