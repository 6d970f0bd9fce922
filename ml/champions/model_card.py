"""The model card of a cutoff: which version forecasts, what it learnt from, how the one before fared, who forecasts which segment."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from domain.forecast_tables import CANDIDATES, HeldOut, ModelCards
from ml.champions.decision import STANDING, champions_by_segment
from ml.preprocessing.visible import SERIES_KEY

NO_MODEL = "none"
_LOSSES = [f"{candidate}_loss_units" for candidate in CANDIDATES]


def describe_models(
    models: pl.DataFrame, held_out: Sequence[pl.DataFrame], champions: pl.DataFrame, *, cutoff: date, versions: Mapping[str, str]
) -> pl.DataFrame:
    """One row about the models of a cutoff.

    Args:
        models: Rows of `train_models`; none where the history was too small to learn from.
        held_out: `forecast_tables.HeldOut` of all shards, judged at this cutoff.
        champions: `forecast_tables.Champions` of the cutoff.
        cutoff: Monday of the last week that was seen.
        versions: model_version, code_version, settings_hash, training_data_hash.

    Returns:
        `forecast_tables.ModelCards`.
    """
    parts = dict(models.group_by("part").len().sort("part").iter_rows()) if models.height else {}
    row = {
        "cutoff": cutoff,
        **versions,
        "n_training_rows": int(models["n_training_rows"].max() or 0) if models.height else 0,  # type: ignore[arg-type]
        "feature_names": models["feature_names"][0].to_list() if models.height else [],
        "n_boosters": parts.get("quantile", 0) + parts.get("mean", 0),
        "is_calibrated_on_held_out_weeks": bool(parts.get("calibration")),
        **_figures(held_out),
        "segments_of_challengers": [f"{segment}: {challenger}" for segment, challenger in sorted(champions_by_segment(champions).items())],
    }
    return ModelCards.validate(pl.DataFrame([row], schema=ModelCards.create_empty().schema))


def card_markdown(card: pl.DataFrame) -> str:
    """The card as a page."""
    row = card.row(0, named=True)
    judged = row["held_out_cutoff"]
    learnt = (
        f"{row['n_boosters']} boosters, {'calibrated on held-out weeks' if row['is_calibrated_on_held_out_weeks'] else 'too little history to hold weeks out'}"
    )
    lines = [
        f"### Demand models of {row['cutoff']}, version {row['model_version']}",
        "**Use.** Weekly demand of the next 12 weeks, 39 quantiles per series, as input of replenishment decisions. Not for daily demand, nor for prices.",
        f"**Learnt from** {row['n_training_rows']:,} rows drawn over all series (data {row['training_data_hash']}), {len(row['feature_names'])} features; {learnt}.",
        f"**Made by** code {row['code_version']} with settings {row['settings_hash']}.",
    ]
    if judged is None:
        lines.append("**Accuracy.** No forecast of 12 weeks ago to judge.")
    else:
        lines.append(
            f"**Accuracy of the version of {judged}** on {row['n_held_out_series']:,} series: scaled CRPS {row['held_out_scaled_crps']:.4f}; best simple forecaster "
            f"{row['best_challenger']} {row['best_challenger_scaled_crps']:.4f}."
            if row["held_out_scaled_crps"] is not None
            else f"**Accuracy of the version of {judged}**: nothing was demanded."
        )
    lines.append(f"**Segments forecast by a challenger:** {', '.join(row['segments_of_challengers']) or 'none'}.")
    lines.append(
        "**Limits.** Weeks without stock, unit errors and weeks without data are unknown to it; promotions count only where they are in the data before the cutoff."
    )
    return "\n\n".join(lines)


def _figures(held_out: Sequence[pl.DataFrame]) -> dict[str, object]:
    """Scaled CRPS of the models and of the best challenger; sums in the order of the series, so that shards cannot show."""
    columns = [*SERIES_KEY, "cutoff", "n_weeks", "actual_units", *_LOSSES]
    rows = pl.concat([HeldOut.create_empty().select(columns), *(frame.select(columns) for frame in held_out)]).filter(pl.col("n_weeks") > 0).sort(SERIES_KEY)
    units = int(rows["actual_units"].sum())
    scaled = {candidate: 2 * float(rows[column].to_numpy().sum()) / units for candidate, column in zip(CANDIDATES, _LOSSES, strict=True)} if units else {}
    challengers = {name: value for name, value in scaled.items() if name != STANDING}
    best = min(challengers, key=lambda name: challengers[name], default=None)
    return {
        "held_out_cutoff": rows["cutoff"].max(),
        "n_held_out_series": rows.height,
        "held_out_scaled_crps": scaled.get(STANDING),
        "best_challenger": best,
        "best_challenger_scaled_crps": challengers[best] if best else None,
    }
