"""Who forecasts a segment: past forecasts of the models and of their challengers, judged side by side, and what follows from it."""

from ml.champions.held_out import judge_held_out

__all__ = ["judge_held_out"]
