"""Who forecasts a segment: past forecasts of the models and of their challengers, judged side by side, and what follows from it."""

from ml.champions.crown import crown_champions, forecast_segments_again
from ml.champions.decision import decide_champions, sample_losses
from ml.champions.held_out import judge_held_out
from ml.champions.promotions import record_promotions

__all__ = ["crown_champions", "decide_champions", "forecast_segments_again", "judge_held_out", "record_promotions", "sample_losses"]
