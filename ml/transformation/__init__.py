"""The weekly series → signal for the model: scaling, lags, seasons. Causal: an origin's features use weeks up to it."""

from ml.transformation.feature_rows import build_inference_rows
from ml.transformation.group_weeks import build_group_weeks, merge_group_weeks
from ml.transformation.training_sample import build_training_sample, merge_samples

__all__ = ["build_group_weeks", "build_inference_rows", "build_training_sample", "merge_group_weeks", "merge_samples"]
