"""How the forecast that was decided with fared: calibration and accuracy by segment and week ahead, and whether it may be trusted."""

from ml.monitoring.calibration import judge_calibration
from ml.monitoring.gate import refused_segments, release_forecast
from ml.monitoring.newest_week import tally_newest_week
from ml.monitoring.tallies import tally_forecast

__all__ = ["judge_calibration", "refused_segments", "release_forecast", "tally_forecast", "tally_newest_week"]
