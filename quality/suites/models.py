"""Expectations of the tables that have no contract of columns because the model decides on them: features and boosters.

All block: a feature that is not a number, or a series forgotten, is a defect of the stage.
"""

from collections.abc import Mapping

from domain.stage_tables import HORIZON_WEEKS
from quality.suites.contracts import unique_key
from quality.suites.expectation import PART, Expectation, rows_where

_SERIES = ("merchant_id", "article_id")
KEYS: Mapping[str, tuple[str, ...]] = {
    "features/group_weeks": ("kind", "group_id", "week"),
    "features/training_sample": (*_SERIES, "origin", "horizon_week"),
    "features/inference_rows": (*_SERIES, "horizon_week"),
    "forecast/models": (),
}
"""Columns that identify a row."""


def _must(name: str, description: str, breach: str) -> Expectation:
    return Expectation(name, description, is_blocking=True, breaches=rows_where(breach))


_NUMBERS = f"* EXCLUDE (merchant_id, article_id, origin, horizon_week, {PART})"
_FEATURES = (
    _must("keys are filled", "Series, origin and week ahead are known.", "merchant_id IS NULL OR article_id IS NULL OR origin IS NULL OR horizon_week IS NULL"),
    _must(f"weeks ahead are 1 to {HORIZON_WEEKS}", "No other week is forecast.", f"horizon_week NOT BETWEEN 1 AND {HORIZON_WEEKS}"),
    Expectation(
        "features are finite",
        "Rows with an infinite feature; NaN is allowed: it says that a feature is not known.",
        is_blocking=True,
        breaches=rows_where(f"list_has_any([*COLUMNS({_NUMBERS})], ['infinity'::DOUBLE, '-infinity'::DOUBLE])"),
        figure=f"SELECT (SELECT count(*) FROM {{batch}}) - count(*) AS value FROM {{batch}} WHERE NOT coalesce(isinf(COLUMNS({_NUMBERS})), false)",  # noqa: S608
        at_most=0.0,
    ),
    _must("scales are positive", "What a series is divided by.", "scale_units <= 0 OR NOT isfinite(scale_units)"),
)
_OF_TABLE: Mapping[str, tuple[Expectation, ...]] = {
    "features/group_weeks": (
        _must("sums of somebody", "A group has members, and their sales are not negative.", "n_series < 1 OR sales_units < 0"),
        _must("keys are filled", "Kind, group and week are known.", "kind IS NULL OR group_id IS NULL OR week IS NULL"),
    ),
    "features/training_sample": (
        *_FEATURES,
        _must(
            "targets are known",
            "A row to learn from has a finite target that is not negative, and a weight.",
            "target IS NULL OR NOT isfinite(target) OR target < 0 OR NOT weight > 0",
        ),
    ),
    "features/inference_rows": (
        *_FEATURES,
        Expectation(
            "every week ahead of every series",
            f"{HORIZON_WEEKS} rows per series.",
            is_blocking=True,
            breaches=f"SELECT merchant_id, article_id, count(*) AS n_rows FROM {{batch}} GROUP BY merchant_id, article_id HAVING n_rows <> {HORIZON_WEEKS}",  # noqa: S608
        ),
    ),
    "forecast/models": (
        _must("parts are named", "Each row says what it is a part of.", "part IS NULL"),
        _must("levels are probabilities", "Quantile levels lie between 0 and 1.", "quantile_level NOT BETWEEN 0 AND 1"),
        _must("learnt from rows", "A model says how many rows it learnt from.", "n_training_rows < 0"),
    ),
}


def expectations_of_model_table(table: str) -> tuple[Expectation, ...]:
    """What is expected of a table of features or models."""
    key = KEYS[table]
    return (*([unique_key(key)] if key else []), *_OF_TABLE[table])
