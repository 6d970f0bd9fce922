"""What forecasts from a cutoff on that did not before: who or what promoted it, and on which figures."""

from datetime import date
from typing import Any

import polars as pl

from domain.forecast_tables import ALL_SEGMENTS, Champions, ModelCards
from domain.governance_tables import ModelPromotions
from ml.champions.decision import STANDING


def record_promotions(champions: pl.DataFrame, card: pl.DataFrame, before: tuple[pl.DataFrame, pl.DataFrame] | None, *, cutoff: date) -> pl.DataFrame:
    """Rows for the models, trained anew at every cutoff, and for each segment whose forecaster is another than the week before.

    Args:
        champions: `forecast_tables.Champions` of the cutoff.
        card: `forecast_tables.ModelCards` of the cutoff.
        before: Both of the week before; `None` = it was not computed, the models then forecast every segment.
        cutoff: Monday of the week.

    Returns:
        `governance_tables.ModelPromotions`, sorted by segment.
    """
    earlier, earlier_card = before or (Champions.create_empty(), ModelCards.create_empty())
    rows = [_of_models(row, earlier_card) for row in card.iter_rows(named=True)]
    was = dict(earlier.filter("is_champion").select("segment", "candidate").iter_rows())
    now = {row["segment"]: row for row in champions.filter("is_champion").iter_rows(named=True)}
    changed = [segment for segment, row in now.items() if row["candidate"] != was.get(segment, STANDING)]
    rows += [_of_segment(now[segment], replaced=was.get(segment, STANDING)) for segment in changed]
    frame = pl.DataFrame([{"cutoff": cutoff} | row for row in rows], schema=ModelPromotions.create_empty().schema)
    return ModelPromotions.validate(frame.sort("segment"))


def _of_models(card: dict[str, Any], earlier: pl.DataFrame) -> dict[str, Any]:
    return {
        "segment": ALL_SEGMENTS,
        "promoted": card["model_version"],
        "replaced": earlier["model_version"][0] if earlier.height else None,
        "promoted_by": "weekly training",
        "scaled_loss": card["held_out_scaled_crps"],
        "improvement": None,
        "p_value": None,
        "n_series": card["n_held_out_series"],
        "evidence_hash": card["training_data_hash"],
    }


def _of_segment(row: dict[str, Any], *, replaced: str) -> dict[str, Any]:
    return {
        "segment": row["segment"],
        "promoted": row["candidate"],
        "replaced": replaced,
        "promoted_by": f"rule of the settings `champions`: {row['reason']}",
        "scaled_loss": row["scaled_loss"],
        "improvement": row["improvement"],
        "p_value": row["p_value"],
        "n_series": row["n_series"],
        "evidence_hash": row["held_out_hash"],
    }
