"""Forecasts of past cutoffs against what happened, beside simple forecasters that must be beaten."""

from ml.evaluation.figures import Tally, figures_by, pooled_figures
from ml.evaluation.walk_forward import evaluate_cutoffs, forecasters_of

__all__ = ["Tally", "evaluate_cutoffs", "figures_by", "forecasters_of", "pooled_figures"]
