"""Which forecaster a segment is forecast by: the models, unless a challenger was clearly and significantly better on held-out weeks.

The loss of a series is its mean pinball loss per week over its scale, so large series do not decide alone; a challenger must not be worse
in units either. Significance is that of a one-sided paired t-test over series (each series' mean over its cutoffs: its cutoffs are not
independent), times the number of challengers (Bonferroni). A month or a promotion hits all series alike, which no test over series sees: so several cutoffs are asked for.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import ttest_rel

from domain.forecast_tables import CANDIDATES, Champions, HeldOut
from domain.randomness import stable_hash
from domain.settings import ChampionSettings
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]

STANDING = CANDIDATES[0]
MOST_ROWS = 100_000
"""Held-out forecasts per segment that are compared, drawn by key: bounded memory, and far more than significance needs."""
_LOSSES = [f"{candidate}_loss_units" for candidate in CANDIDATES]
_COLUMNS = [*SERIES_KEY, "cutoff", "segment", "n_weeks", "scale_units", *_LOSSES]


def sample_losses(held_out: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows that are compared: judged ones with a scale and all losses, at most `MOST_ROWS` per segment, whole series first drawn by key.

    Args:
        held_out: Rows of `forecast_tables.HeldOut` of shards or cutoffs, or earlier samples of such: the sample of samples is the sample of everything.
    """
    rows = pl.concat([HeldOut.create_empty().select(_COLUMNS), *(frame.select(_COLUMNS) for frame in held_out)])
    usable = rows.filter(pl.col("n_weeks") > 0, pl.col("scale_units") > 0).drop_nulls(_LOSSES)
    drawn = pl.Series("drawn", [stable_hash("champions", *key) for key in usable.select(SERIES_KEY).iter_rows()], dtype=pl.UInt64)
    ordered = usable.with_columns(drawn).sort("segment", "drawn", *SERIES_KEY, "cutoff")
    return ordered.group_by("segment", maintain_order=True).head(MOST_ROWS).select(_COLUMNS)


def decide_champions(held_out: Sequence[pl.DataFrame], settings: ChampionSettings) -> pl.DataFrame:
    """A row per segment and candidate, with its figures and whether it is the segment's champion.

    Args:
        held_out: As for `sample_losses`; may be empty, then nothing is decided and the models stand.
        settings: What a challenger must reach.

    Returns:
        `forecast_tables.Champions`, sorted by segment, candidates in their order. Segments without a row are forecast by the models.
    """
    sample = sample_losses(held_out)
    rows = [row for (segment,), own in sample.group_by("segment", maintain_order=True) for row in _of_segment(str(segment), own, settings)]
    return Champions.validate(pl.DataFrame(rows, schema=Champions.create_empty().schema))


def champions_by_segment(champions: pl.DataFrame) -> dict[str, str]:
    """The challenger of each segment that is not forecast by the models."""
    return dict(champions.filter(pl.col("is_champion"), pl.col("candidate") != STANDING).select("segment", "candidate").iter_rows())


def _of_segment(segment: str, rows: pl.DataFrame, settings: ChampionSettings) -> list[dict[str, Any]]:
    losses, n_cutoffs = _series_losses(rows), rows["cutoff"].n_unique()
    in_units = rows.select(pl.col(_LOSSES).sum()).row(0)
    means = losses.mean(axis=0)
    improvements = [1 - float(mean / means[0]) if means[0] > 0 else 0.0 for mean in means]
    p_values = [None, *(_p_value(losses[:, 0], losses[:, place]) for place in range(1, len(CANDIDATES)))]
    missing = _missing_evidence(len(losses), n_cutoffs, settings)
    reasons = [
        _why_not(improvement, p_value, units=units, standing_units=in_units[0], settings=settings) or missing
        for improvement, p_value, units in zip(improvements[1:], p_values[1:], in_units[1:], strict=True)
    ]
    winners = [place for place, reason in enumerate(reasons, start=1) if not reason]
    champion = min(winners, key=lambda place: means[place], default=0)
    same = {"segment": segment, "n_series": len(losses), "n_cutoffs": n_cutoffs, "first_cutoff": rows["cutoff"].min(), "last_cutoff": rows["cutoff"].max()}
    texts = ["the standing champion", *(reason or "better, and significantly so" for reason in reasons)]
    return [
        same
        | {
            "candidate": candidate,
            "scaled_loss": float(means[place]),
            "loss_units": float(in_units[place]),
            "improvement": improvements[place],
            "p_value": p_values[place],
            "is_champion": place == champion,
            "reason": texts[place],
            "held_out_hash": _hash(rows),
        }
        for place, candidate in enumerate(CANDIDATES)
    ]


def _series_losses(rows: pl.DataFrame) -> FloatArray:
    """Scaled loss per week `(n_series, n_candidates)`, a mean over each series' cutoffs."""
    scaled = [(pl.col(name) / pl.col("n_weeks") / pl.col("scale_units")).alias(name) for name in _LOSSES]
    ordered = rows.sort(*SERIES_KEY, "cutoff").with_columns(scaled)
    return ordered.group_by(SERIES_KEY, maintain_order=True).agg(pl.col(_LOSSES).mean()).select(_LOSSES).to_numpy()


def _p_value(standing: FloatArray, challenger: FloatArray) -> float:
    """Of no gain, one-sided, for all challengers together; 1 where nothing differs."""
    if len(standing) < 2 or np.ptp(standing - challenger) == 0:
        return 1.0
    return float(min(ttest_rel(standing, challenger, alternative="greater").pvalue * (len(CANDIDATES) - 1), 1.0))


def _missing_evidence(n_series: int, n_cutoffs: int, settings: ChampionSettings) -> str:
    if n_cutoffs < settings.fewest_cutoffs:
        return f"better, but only {n_cutoffs} of {settings.fewest_cutoffs} cutoffs judged"
    return f"better, but only {n_series} of {settings.fewest_series} series" if n_series < settings.fewest_series else ""


def _why_not(improvement: float, p_value: float | None, *, units: float, standing_units: float, settings: ChampionSettings) -> str:
    """Why a challenger does not replace the models, the figures alone; empty = they would allow it."""
    if improvement < settings.minimum_improvement:
        return f"not {settings.minimum_improvement:.0%} better"
    if p_value is None or p_value > settings.significance:
        return "better, but not significantly"
    return "better, but worse in units" if units > standing_units else ""


def _hash(rows: pl.DataFrame) -> str:
    """16 hex digits over what was compared."""
    text = rows.sort(*SERIES_KEY, "cutoff").write_csv()
    return hashlib.sha256(text.encode()).hexdigest()[:16]
