"""Contracts of the tables that look back at past forecasts and say who forecasts next; the other stage tables: `stage_tables.py`."""

import dataframely as dy

from domain.table_columns import key, share, units

CANDIDATES = (
    "lightgbm",
    "seasonal_naive",
    "moving_average",
    "seasonal_moving_average",
    "last_52_weeks",
    "croston_tsb",
    "exponential_smoothing",
    "theta",
)
"""Forecasters that compete for a segment: the standing champion, then its challengers."""
ALL_SEGMENTS, ALL_WEEKS = "", 0
"""Rows over all demand segments, and over all weeks ahead."""


class LaunchCounts(dy.Schema):
    """Features: how often articles of a group sold how many units in a week of their launch; sums that shards add up exactly."""

    kind = dy.String(primary_key=True, nullable=False, min_length=1, description="What the group's articles share.")
    group_id = dy.String(primary_key=True, nullable=False, description="The values they share; empty = the whole market.")
    counted = dy.String(primary_key=True, nullable=False, regex="^(weeks|analogues)$", description="weeks that sold so much, or the articles launched.")
    sales_units = dy.Int64(primary_key=True, nullable=False, min=0, description="Units sold in the week; 0 where articles are counted.")
    n_counted = dy.Int64(nullable=False, min=1, description="How many.")


class WeekDependence(dy.Schema):
    """Forecast: how far the errors of one series' weeks go together, per segment: what held-out forecasts showed, else the default."""

    segment = dy.String(primary_key=True, nullable=False, description="Demand segment; empty = every segment without a row of its own.")
    common_share = dy.Float64(nullable=False, min=0.0, max=1.0, description="Share of weekly demand's variance that is common to all weeks [g].")
    autocorrelation = dy.Float64(nullable=False, min=-1.0, max=1.0, description="Week-to-week autocorrelation of the rest [ρ].")
    basis = dy.String(
        nullable=False, description="segment = fitted to it, all_segments = to all of them together, default = too few held-out series for either."
    )
    n_series = units("Held-out forecasts of 12 known weeks.")
    observed_variance_ratio = dy.Float64(
        nullable=True, min=0.0, description="Observed variance of the normals' 12-week sums over that of independent weeks; null = not fitted."
    )
    fitted_variance_ratio = dy.Float64(nullable=False, min=0.0, description="The same of g and ρ.")


class HeldOut(dy.Schema):
    """Forecast: what came of the models' forecast of 12 weeks ago and of its challengers, per series, in the weeks whose demand is known."""

    merchant_id = key("Who sells.")
    article_id = key("What is sold.")
    cutoff = dy.Date(nullable=False, description="Cutoff of the forecasts.")
    segment = dy.String(nullable=False, description="Demand segment at that cutoff.")
    n_weeks = units("Weeks that could be judged.")
    actual_units = units("Units demanded in them.")
    scale_units = dy.Float64(nullable=True, min=0.0, description="Mean |change| from week to week up to the cutoff; null = no two weeks known.")
    pit_below = dy.List(
        dy.Float64(nullable=True), nullable=False, description="Per week 1 … 12: probability of less than what came, by the models' forecast; null = not known."
    )
    pit_upto = dy.List(dy.Float64(nullable=True), nullable=False, description="Per week: probability of at most what came.")
    locals().update(
        {
            f"{candidate}_loss_units": dy.Float64(
                nullable=True, min=0.0, description=f"Pinball loss of {candidate}: mean over levels, sum over weeks; null = not a candidate."
            )
            for candidate in CANDIDATES
        }
    )


class Champions(dy.Schema):
    """Forecast: who forecasts each segment and why: the models and their challengers on held-out weeks."""

    segment = dy.String(primary_key=True, nullable=False, description="Demand segment.")
    candidate = dy.String(primary_key=True, nullable=False, description="Forecaster.")
    is_champion = dy.Bool(nullable=False, description="Whether it forecasts the segment.")
    scaled_loss = dy.Float64(nullable=False, min=0.0, description="Pinball loss per week over each series' scale, mean over series and cutoffs.")
    improvement = dy.Float64(nullable=False, description="Share by which the scaled loss is below the models'; negative = worse.")
    p_value = dy.Float64(
        nullable=True, min=0.0, max=1.0, description="Of no improvement: paired t-test over series, times the number of challengers; null = the models."
    )
    loss_units = dy.Float64(nullable=False, min=0.0, description="Σ pinball loss.")
    reason = dy.String(nullable=False, description="Why it is the champion or not.")
    n_series = units("Series compared.")
    n_cutoffs = units("Cutoffs compared.")
    first_cutoff = dy.Date(nullable=False, description="First of the cutoffs.")
    last_cutoff = dy.Date(nullable=False, description="Last of the cutoffs.")
    held_out_hash = dy.String(nullable=False, description="Hash of the losses compared.")


class ModelCards(dy.Schema):
    """Forecast: which version of the models a cutoff was forecast with, what it learnt from, and how the version of 12 weeks ago fared."""

    cutoff = dy.Date(primary_key=True, nullable=False, description="Cutoff of the models.")
    model_version = dy.String(nullable=False, description="Hash of the models; none = too little history to train any.")
    code_version = dy.String(nullable=False, description="Hash of the code that trains.")
    settings_hash = dy.String(nullable=False, description="Hash of the settings that count in training.")
    training_data_hash = dy.String(nullable=False, description="Hash of the training samples of all shards.")
    n_training_rows = units("Rows learnt from.")
    feature_names = dy.List(dy.String(nullable=False), nullable=False, description="Features, in the models' order.")
    n_boosters = units("LightGBM models.")
    is_calibrated_on_held_out_weeks = dy.Bool(nullable=False, description="Whether history was long enough to hold weeks out for calibration.")
    held_out_cutoff = dy.Date(nullable=True, description="Cutoff of the version whose figures follow; null = none was judged.")
    n_held_out_series = units("Series judged.")
    held_out_scaled_crps = dy.Float64(nullable=True, min=0.0, description="Twice the mean pinball loss over mean demand; null = nothing demanded.")
    best_challenger = dy.String(nullable=True, description="Simple forecaster with the least loss on the same weeks.")
    best_challenger_scaled_crps = dy.Float64(nullable=True, min=0.0, description="Its scaled CRPS.")
    segments_of_challengers = dy.List(dy.String(nullable=False), nullable=False, description="Segments that a challenger forecasts, with its name.")


class ForecastTallies(dy.Schema):
    """Evaluation: the forecast of 12 weeks ago against what came, sums by segment and week ahead; whole numbers, so that shards add up exactly."""

    cutoff = dy.Date(nullable=False, description="Cutoff of the forecast that is judged.")
    segment = dy.String(primary_key=True, nullable=False, description="Demand segment.")
    horizon_week = dy.Int64(primary_key=True, nullable=False, min=1, description="Weeks ahead.")
    n_cells = units("Series × weeks with known demand.")
    actual_units = units("Units demanded in them.")
    loss_parts = units("Σ pinball loss, mean over levels, in 1/1560 of a unit.")
    absolute_error_units = units("Σ |actual − median|.")
    mean_error_milliunits = dy.Int64(nullable=False, description="Σ (expected − actual), in thousandths of a unit.")
    below_parts = dy.List(dy.Int64(nullable=False), nullable=False, description="Per level: cells whose randomised PIT is at or below it, in millionths.")


class NewestWeekTallies(dy.Schema):
    """Evaluation: the forecast of a week ago against the week that came, sums by segment in whole numbers, beside the simplest forecast there is."""

    cutoff = dy.Date(nullable=False, description="Cutoff of the forecast that is judged.")
    segment = dy.String(primary_key=True, nullable=False, description="Demand segment.")
    n_cells = units("Series with known demand.")
    actual_units = units("Units they demanded.")
    loss_parts = units("Σ pinball loss, mean over levels, in 1/1560 of a unit.")
    absolute_error_units = units("Σ |actual − median|.")
    mean_error_milliunits = dy.Int64(nullable=False, description="Σ (expected − actual), in thousandths of a unit.")
    below_parts = dy.List(dy.Int64(nullable=False), nullable=False, description="Per level: series whose randomised PIT is at or below it, in millionths.")
    baseline_error_milliunits = units("Σ |actual − mean of the 8 weeks before|, in thousandths of a unit.")


class Calibration(dy.Schema):
    """Evaluation: does the forecast hold as often as it says? Per segment and week ahead, against the thresholds of the settings."""

    segment = dy.String(primary_key=True, nullable=False, description="Demand segment; empty = all.")
    horizon_week = dy.Int64(primary_key=True, nullable=False, min=0, description="Weeks ahead; 0 = all.")
    cutoff = dy.Date(nullable=False, description="Cutoff of the forecast that is judged.")
    n_cells = units("Series × weeks judged.")
    calibration_error = share("Mean over 39 levels of |coverage − level| [ECE].")
    coverage_80 = share("Share inside the 80 % interval.")
    scaled_crps = dy.Float64(nullable=True, min=0.0, description="Twice the mean pinball loss over mean demand; null = nothing demanded.")
    wape = dy.Float64(nullable=True, min=0.0, description="Σ |actual − median| / Σ actual.")
    bias = dy.Float64(nullable=True, description="Σ (expected − actual) / Σ actual; positive = over-forecast.")
    level_coverage = dy.List(dy.Float64(nullable=False), nullable=False, description="Share at or below each of the 39 levels.")
    is_calibrated = dy.Bool(nullable=True, description="Verdict; null = too few cells, or a single week of a segment.")
    faults = dy.String(nullable=False, description="What is beyond its threshold; empty = nothing.")
